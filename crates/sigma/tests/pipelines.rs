//! Pipelines by example: every file in `pipelines/` holds pipelines and rules, and the rules' own tests must pass after
//! them. What is refused is shown in `pipelines/refused/`, with the complaints beside it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use sigma::{Options, Pipeline, Program, RuleError};

/// The pipelines of a text and the rest of it, with every document in its line.
fn split(name: &str, text: &str) -> (Vec<Result<Pipeline, Vec<RuleError>>>, String) {
    let (mut pipelines, mut rules) = (Vec::new(), Vec::new());
    for document in text.split("---\n") {
        if document.lines().any(|line| line.starts_with("transformations:") || line.starts_with("priority:")) {
            pipelines.push(Pipeline::parse(name, document));
            rules.push("\n".repeat(document.lines().count()));
        } else {
            rules.push(document.to_owned());
        }
    }
    (pipelines, rules.join("---\n"))
}

fn paths(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    paths.sort();
    paths
}

#[test]
fn every_example_holds() {
    let mut tried = 0;
    for path in paths("") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (pipelines, rules) = split(&name, &fs::read_to_string(&path).unwrap());
        let pipelines: Vec<Pipeline> = pipelines.into_iter().map(|one| one.unwrap()).collect();
        assert!(!pipelines.is_empty());
        let loaded = sigma::load_with([(&name, rules)], &pipelines);
        assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
        for rule in &loaded.rules {
            let outcomes = sigma::test_rule(rule, &Options::default());
            assert!(1 < outcomes.len());
            tried += outcomes.len();
            assert!(outcomes.iter().all(sigma::TestOutcome::passed), "{name}: {outcomes:?}");
        }
    }
    assert!(18 < tried, "{tried}");
}

#[test]
fn what_is_not_supported_is_refused_with_its_place() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for path in paths("refused") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (pipelines, rules) = split(&name, &fs::read_to_string(&path).unwrap());
        let mut complaints = Vec::new();
        let mut good = Vec::new();
        for pipeline in pipelines {
            match pipeline {
                Ok(pipeline) => good.push(pipeline),
                Err(errors) => complaints.extend(errors),
            }
        }
        complaints.extend(sigma::load_with([(&name, rules)], &good).errors);
        let said: String = complaints.iter().map(|complaint| format!("{complaint}\n")).collect();
        assert!(!said.is_empty(), "{name} is accepted");
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&expected).unwrap_or_default(), "{name}");
    }
}

#[test]
fn correlations_go_through_pipelines() {
    let pipeline = "
transformations:
  - type: field_name_mapping
    mapping: {user: actor.name, ip: [src.v4, src.v6], bytes: size}
    rule_conditions: [{type: logsource, product: aws}]
  - type: rule_failure
    message: azure is not collected
    rule_conditions: [{type: logsource, product: azure}]
";
    let correlation = |name: &str, rule: &str| {
        format!(
            "title: {name}\nname: {name}\ncorrelation: {{type: value_sum, rules: [{rule}], group-by: [user, ip, who], timespan: 5m, condition: {{field: bytes, gte: 3}}, aliases: {{who: {{{rule}: user}}}}}}\n"
        )
    };
    let rule = |name: &str, product: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{product: {product}}}\ndetection: {{s: {{user: dana}}, condition: s}}\n"
        )
    };
    let pipeline = Pipeline::parse("names.yml", pipeline).unwrap();
    let files = [
        ("1.yml", rule("a", "aws")),
        ("2.yml", rule("z", "azure")),
        ("3.yml", rule("g", "gcp")),
        ("4.yml", correlation("of_aws", "a")),
        ("5.yml", correlation("of_azure", "z")),
        ("6.yml", correlation("of_gcp", "g")),
    ];
    let plain = sigma::load(files.iter().map(|(name, text)| (name, text)));
    let loaded = sigma::load_with(files.iter().map(|(name, text)| (name, text)), &[pipeline]);
    let groups: Vec<String> = loaded.correlations.iter().map(|own| own.group_by.join(" ")).collect();
    assert_eq!(groups, ["actor.name src.v4 src.v6 who", "user ip who"]);
    assert_eq!(loaded.correlations[0].aliases["who"]["a"], "actor.name");
    let failed: Vec<(&str, &str)> =
        loaded.errors.iter().map(|error| (error.file.as_str(), error.message.as_str())).collect();
    assert_eq!(failed, [("2.yml", "azure is not collected"), ("5.yml", "azure is not collected")]);
    assert_ne!(loaded.correlations[0].version, plain.correlations[0].version);
    assert_eq!(loaded.correlations[1].version, plain.correlations[2].version);
    let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    assert!(errors.is_empty(), "{}", errors[0]);
    let mut fields: Vec<&str> = program.fields().collect();
    fields.sort_unstable();
    assert_eq!(fields, ["actor.name", "bytes", "ip", "size", "src.v4", "src.v6", "user"]);
}

#[test]
fn what_pipelines_make_of_a_rule_has_an_end() {
    let rule = "title: t\nlogsource: {product: aws}\ndetection: {s: {user: aaaaaaaaaaaaaaaa}, condition: s}\n";
    let doubling = "  - {type: replace_string, regex: '(.+)', replacement: '\\1\\1'}\n".repeat(30);
    let names: Vec<String> = (0..101).map(|number| format!("f{number}")).collect();
    let (long, mapped) = ("b".repeat(60_000), vec!["b"; 100].join(", "));
    let many = format!(
        "  - {{type: map_string, mapping: {{aaaaaaaaaaaaaaaa: [{mapped}]}}}}\n  - {{type: map_string, mapping: {{b: {long}}}}}\n"
    );
    let chain =
        format!("  - {{type: field_name_mapping, mapping: {{user: [{}]}}}}\n", ["user"; 10].join(", ")).repeat(5);
    for (steps, said) in [
        (doubling, "a text would be longer than 65536 bytes"),
        (
            format!("  - {{type: replace_string, regex: a, replacement: '{}'}}\n", "$0".repeat(5_000)),
            "longer than 65536",
        ),
        (
            format!("  - {{type: field_name_mapping, mapping: {{user: [{}]}}}}\n", names.join(", ")),
            "more than 100 fields",
        ),
        (many, "would be larger than 4194304 bytes"),
        (chain, "the rule would have more than 10000 items"),
    ] {
        let pipeline = Pipeline::parse("p.yml", &format!("transformations:\n{steps}")).unwrap();
        let loaded = sigma::load_with([("r.yml", rule)], &[pipeline]);
        assert!(loaded.rules.is_empty(), "{said}");
        let error = loaded.errors[0].to_string();
        assert!(error.contains(said) && error.contains("r.yml:2") && error.contains("p.yml:"), "{error}");
    }
}
