//! Mistakes in regimes and facts are named: where, what, and what to write instead. Good files load beside bad ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should stop")]

mod common;

use duty::{Facts, Law};

const GOOD: &str = r#"schema = "watertight-law/1"
[jurisdiction]
code = "US-NY"
layer = "state"
tz = "America/New_York"
[[statute]]
id = "s"
title = "Statute"
status = "in_force"
[pi.data]
combo_any = ["SSN"]
event = "acquisition"
[[rule]]
id = "R"
kind = "notify"
role = ["owner"]
recipient = "residents"
trigger = { pi = "data" }
clock = { event = "discovery" }
deadline = { after = "clock", amount = 30, unit = "calendar_day" }
citations = ["s. 1"]
confidence = "verified"
"#;

fn fault(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let (law, errors) = Law::load([
        ("bad.toml".to_owned(), GOOD.replace(from, to)),
        ("good.toml".to_owned(), GOOD.replace("\"R\"", "\"G\"")),
    ]);
    assert!(law.explain("G").is_some(), "the good file loads beside the bad one");
    assert!(law.explain("R").is_none() || errors.is_empty(), "a bad file is left out whole");
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

#[test]
fn mistakes_are_placed_and_helped() {
    let table = [
        ("confidence = \"verified\"", "confidense = \"verified\"", "bad.toml:22", "did you mean `confidence`?"),
        ("pi = \"data\"", "pie = \"data\"", "bad.toml:18", "did you mean `pi`?"),
        ("pi = \"data\"", "pi = \"dato\"", "bad.toml:14", "did you mean `data`?"),
        ("unit = \"calendar_day\"", "unit = \"calender_day\"", "bad.toml:20", "did you mean `calendar_day`?"),
        ("amount = 30, ", "", "bad.toml:20", "`after` needs `amount`"),
        (
            "after = \"clock\", amount = 30, unit = \"calendar_day\"",
            "after = \"clock\", amount = 30, unit = \"calendar_day\", qualitative = \"x\"",
            "bad.toml:20",
            "2 forms",
        ),
        ("amount = 30", "amount = -30", "bad.toml:20", "between 0 and"),
        ("unit = \"calendar_day\"", "unit = \"business_day\"", "bad.toml:20", "need a `calendar`"),
        (
            "unit = \"calendar_day\"",
            "unit = \"business_day\", calendar = \"Mars\"",
            "bad.toml:14",
            "calendar `Mars` is in no loaded file",
        ),
        ("{ pi = \"data\" }", "{ requires = \"X\" }", "bad.toml:14", "required rule `X`"),
        ("{ pi = \"data\" }", "{ requires = \"R\" }", "bad.toml", "depends on itself"),
        ("{ pi = \"data\" }", "{ count = \"residents\", value = 3 }", "bad.toml:18", "`count` needs `op`"),
        ("{ pi = \"data\" }", "{ pi = \"data\", fact = \"x\", is = true }", "bad.toml:18", "2 things at once"),
        ("{ pi = \"data\" }", "{}", "bad.toml:18", "asks nothing"),
        ("{ pi = \"data\" }", "{ elements_any = [\"SNN\"] }", "bad.toml:14", "did you mean `SSN`?"),
        ("citations = [\"s. 1\"]", "citations = []", "bad.toml:14", "cites nothing"),
        ("clock = { event = \"discovery\" }\n", "", "bad.toml:14", "runs from `clock`"),
        ("America/New_York", "America/New_Yrok", "bad.toml:5", "time zone"),
        ("watertight-law/1", "watertight-law/9", "bad.toml:1", "watertight-law/1"),
        ("status = \"in_force\"", "status = \"in_farce\"", "bad.toml:9", "in_force"),
        ("schema = ", "schema == ", "bad.toml:1", ""),
    ];
    for (from, to, place, help) in table {
        let message = fault(from, to);
        assert!(message.contains(place) && message.contains(help), "{to}: {message}");
    }
}

#[test]
fn a_rule_written_twice_is_refused() {
    let (law, errors) = Law::load([("a.toml".to_owned(), GOOD.to_owned()), ("b.toml".to_owned(), GOOD.to_owned())]);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("written twice"), "{}", errors[0]);
    assert_eq!(law.rules().len(), 1);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let forward = common::files();
    let mut backward = common::files();
    backward.reverse();
    let ask = |files| {
        let (law, _) = Law::load(files);
        let facts = Facts::parse(r#"{"facts":{"role":"owner","elements":["NAME","SSN"],"subjects":{"US-CA":600,"DE":4,"BR":1},"risk":{"gdpr":"risk"},"times":{"discovered":"2026-03-02T09:00:00-08:00"}}}"#).unwrap();
        serde_json::to_string(&law.evaluate(&facts, "2026-04-01T00:00:00Z".parse().unwrap())).unwrap()
    };
    assert_eq!(ask(forward), ask(backward));
}

#[test]
fn worked_examples_of_the_schema_load() {
    let Some(reference) = common::reference() else {
        println!("skipped: corpora not present");
        return;
    };
    let mut files: Vec<(String, String)> = std::fs::read_dir(reference.join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.extend(common::files().into_iter().filter(|(name, _)| name == "calendars.toml" || name == "eu-members.toml"));
    let (law, errors) = Law::load(files);
    // The Vermont example shows one rule and names others that it does not hold.
    assert!(errors.iter().all(|error| error.file == "us-vt.toml"), "{errors:?}");
    assert!(
        law.explain("US-MA-SVC").is_some()
            && law.explain("EU-DORA-19-INIT").is_some()
            && law.explain("BR-LGPD-PROOF").is_some()
    );
}

#[test]
fn law_is_answered_as_it_was_known() {
    let versions = "[[statute.version]]\nid = \"v1\"\nvalid_from = 2020-01-01\nrecorded_at = 2026-03-01\n[[statute.version]]\nid = \"v2\"\nvalid_from = 2026-01-01\nrecorded_at = 2026-06-01\n[pi.data]";
    let text = GOOD
        .replace(
            "[pi.data]",
            &versions.replace("recorded_at = 2026-03-01", "valid_to = 2026-01-01\nrecorded_at = 2026-03-01"),
        )
        .replace("id = \"R\"", "id = \"R-v1\"\nversions = [\"v1\"]");
    let second = r#"
[[rule]]
id = "R-v2"
versions = ["v2"]
kind = "notify"
role = ["owner"]
recipient = "residents"
trigger = { pi = "data" }
deadline = { qualitative = "at_once" }
citations = ["s. 2"]
confidence = "verified"
"#;
    let (law, errors) = Law::load([("t.toml".to_owned(), text + second)]);
    assert!(errors.is_empty(), "{errors:?}");
    let facts = r#"{"role":"owner","elements":["SSN"],"subjects":{"US-NY":1},"times":{"discovered":"2026-02-01"}}"#;
    let facts = Facts::parse(facts).unwrap();
    let ask = |known: &str| {
        law.evaluate_as_known(&facts, "2026-12-01T00:00:00Z".parse().unwrap(), Some(known.parse().unwrap()))
    };
    // Known later: the second version answers, the first is superseded.
    let now = ask("2026-12-01T00:00:00Z");
    assert_eq!(now.required[0].rule_id, "R-v2");
    assert_eq!(now.not_in_force[0].rule_id, "R-v1");
    // Known in April: the change had not been recorded yet, and the first version had ended.
    let then = ask("2026-04-01T00:00:00Z");
    assert!(then.required.is_empty());
    assert!(then.not_in_force.iter().any(|absent| absent.rule_id == "R-v2" && absent.status == "not_recorded"));
    // Known before anything was recorded.
    assert_eq!(ask("2025-01-01T00:00:00Z").not_in_force.len(), 2);
}

fn facts_error(text: &str) -> String {
    Facts::parse(text).expect_err(text).to_string()
}

#[test]
fn facts_are_refused_by_key_and_helped() {
    let table = [
        (r#"{"facts":{"subjects":{}}}"#, "`role` is required"),
        (r#"{"facts":{"role":"owner"}}"#, "`subjects` is required"),
        (r#"{"id":"x"}"#, "`facts` is required"),
        (r#"{"facts":{"role":"owner","subjects":{},"encription":{}}}"#, "did you mean `encryption`?"),
        (r#"{"facts":{"role":"owner","subjects":{},"elements":["PASPORT"]}}"#, "did you mean `PASSPORT`?"),
        (r#"{"facts":{"role":"owner","subjects":{"US-TX":-1}}}"#, "`subjects.US-TX` is `-1`"),
        (r#"{"facts":{"role":"owner","subjects":{"US-TX":1.5}}}"#, "`subjects.US-TX` is `1.5`"),
        (r#"{"facts":{"role":"owner","subjects":{"US-TX":[300,200]}}}"#, "[min, max]"),
        (r#"{"facts":{"role":"owner","subjects":[]}}"#, "a list"),
        (r#"{"facts":{"role":"owner","subjects":{},"times":{"aware":"2026-03-02T10:00:00"}}}"#, "with its offset"),
        (r#"{"facts":{"role":"owner","subjects":{},"times":{"aware":"2026-02-30"}}}"#, "`times.aware`"),
        (r#"{"facts":{"role":7,"subjects":{}}}"#, "`role` is a number"),
        (r#"{"facts":{"role":"owner","subjects":{}}"#, "line 1"),
        (r"[]", "one JSON object"),
    ];
    for (text, expected) in table {
        let message = facts_error(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn keys_that_a_regime_invents_are_kept_and_noted() {
    let facts = Facts::parse(r#"{"role":"owner","subjects":{},"sworn_policy_on_file":true}"#).unwrap();
    assert!(facts.notes[0].contains("sworn_policy_on_file"));
}

#[test]
fn hostile_facts_are_bounded() {
    let long = format!(r#"{{"facts":{{"role":"owner","subjects":{{}},"x":"{}"}}}}"#, "a".repeat(duty::FACTS_BYTES_MAX));
    assert!(facts_error(&long).contains("bytes"));
    let deep = format!(r#"{{"facts":{{"role":"owner","subjects":{{}},"x":{}1{}}}}}"#, "[".repeat(500), "]".repeat(500));
    assert!(Facts::parse(&deep).is_err());
    let many: Vec<String> = (0..3_000).map(|n| format!("\"X{n}\":1")).collect();
    assert!(facts_error(&format!(r#"{{"role":"owner","subjects":{{{}}}}}"#, many.join(","))).contains("residences"));
}
