//! The shipped templates: each one's own examples, and each complete draft as a person will read it.
//!
//! Golden files stand in `tests/golden`; `UPDATE_GOLDEN=1` writes them anew, and the diff is read as that person.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use notice::{DraftInput, Library, OrgProfile, check_templates, draft};

fn content() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/templates")
}

#[test]
fn every_template_passes_its_own_examples() {
    let report = check_templates(&content());
    assert!(report.faults.is_empty(), "{}", report.faults.join("\n"));
    assert!(12 <= report.templates && 2 * report.templates <= report.examples, "{report:?}");
}

#[test]
fn every_example_reads_as_the_golden_file_says() {
    let (library, errors) = Library::load(&content());
    assert!(errors.is_empty(), "{errors:?}");
    let mut differing = Vec::new();
    for template in library.iter() {
        let mut seen = String::new();
        for example in &template.examples {
            let input = DraftInput {
                obligation: example.obligation.clone(),
                facts: example.facts.clone(),
                org: serde_json::from_value::<OrgProfile>(example.org.clone()).unwrap(),
                today: example.today,
                content: example.content.clone(),
            };
            let draft = draft(template, &input).unwrap();
            let gaps: Vec<String> =
                draft.gaps.iter().map(|gap| format!("gap {}: {} ({})", gap.element, gap.what, gap.who)).collect();
            let faults: Vec<String> = draft.format_faults.iter().map(|fault| format!("fault: {fault}")).collect();
            seen += &format!(
                "=== {} ===\nSubject: {}\n\n{}\n{}\n\n",
                example.name,
                draft.subject,
                draft.body_text,
                [gaps, faults].concat().join("\n")
            );
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/golden/{}.{}.txt", template.id, template.language));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::File::create(&path)
                .and_then(|mut file| std::io::Write::write_all(&mut file, seen.as_bytes()))
                .unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        if golden != seen {
            differing.push(path.display().to_string());
        }
    }
    assert!(differing.is_empty(), "drafts changed; read the diff after UPDATE_GOLDEN=1: {differing:#?}");
}

#[test]
fn every_rule_finds_its_template_and_versions_fall_back() {
    let (library, _) = Library::load(&content());
    let table = [
        ("EU-GDPR-33-1", "eu-gdpr-33-1-authority"),
        ("EU-GDPR-34", "eu-gdpr-34-individuals"),
        ("EU-GDPR-33-2", "eu-gdpr-33-2-controller"),
        ("US-CA-IND-v2", "us-ca-individuals"),
        ("US-CA-IND-v1", "us-ca-individuals"),
        ("US-CA-AG-v2", "us-ca-ag-form"),
        ("US-NY-2D-VENDOR", "us-ny-2d-agency"),
        ("US-NY-2D-CPO", "us-ny-2d-cpo"),
        ("US-NY-2D-PARENTS", "us-ny-2d-parents"),
        ("US-TX-IND", "us-tx-individuals"),
        ("US-TX-AG-v2", "us-tx-ag-form"),
        ("CONTRACT-DPA-TYPICAL", "contract-dpa"),
        ("CONTRACT-EDU-NDPA", "contract-edu-ndpa"),
    ];
    for (rule, id) in table {
        let found: Vec<&str> = library.for_rule(rule, "en").iter().map(|template| template.id.as_str()).collect();
        assert_eq!(found, [id], "{rule}");
    }
    assert!(library.for_rule("US-ZZ-NONE", "en").is_empty());
    assert_eq!(library.fallback("fi").unwrap().id, "plain-notice");
    assert_eq!(library.for_rule("US-TX-IND", "fi")[0].language, "en", "no Finnish template: English, visibly");
}

/// The demands of the shipped regimes, read as plain TOML: a template that has no place for a demanded element would
/// leave a gap that nobody can fill.
#[test]
fn every_element_that_a_regime_demands_has_a_place_in_the_template() {
    let regimes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/regimes");
    let (library, _) = Library::load(&content());
    let (mut checked, mut missing) = (0, Vec::new());
    for entry in std::fs::read_dir(&regimes).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let file: serde_json::Value = toml::from_str(&text).unwrap();
        for rule in file["rule"].as_array().into_iter().flatten() {
            let id = rule["id"].as_str().unwrap_or_default();
            let content = &file["content"][rule["content"].as_str().unwrap_or_default()];
            for template in library.for_rule(id, "en") {
                checked += 1;
                for element in demanded(content) {
                    if !template.elements.contains_key(&element) {
                        missing.push(format!("{id}: {} has no place for {element}", template.id));
                    }
                }
            }
        }
    }
    assert!(12 <= checked, "{checked} rules have a template");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

fn demanded(content: &serde_json::Value) -> Vec<String> {
    let strings = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut all = strings(&content["must"]);
    for condition in content["must_if"].as_array().into_iter().flatten() {
        all.extend(strings(&condition["items"]));
    }
    for variant in content["variant"].as_array().into_iter().flatten() {
        all.extend(strings(&variant["must"]));
    }
    all
}
