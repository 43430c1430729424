//! Outside logs as the judge of our rules: tests that other projects wrote for their rules, recorded attacks, ordinary
//! days. What is expected, and why not where it is not, stands in the data files below `labelled/`.
//!
//! The logs lie beside the checkout; without them the tests say so. Figures: `docs/detection-quality.md`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests stop at the first surprise and print their tables")]

#[path = "labelled/attack.rs"]
mod attack;
#[path = "labelled/bench.rs"]
mod bench;
mod common;
#[path = "labelled/shapes.rs"]
mod shapes;
#[path = "labelled/verdict.rs"]
mod verdict;

use std::fs;
use std::path::Path;

use serde_json::Value;

use bench::Bench;
use shapes::Log;
use verdict::{Case, Labels};

fn data(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labelled").join(name)).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(record: &Value, name: &str) -> String {
    record[name].as_str().unwrap_or_default().to_owned()
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_rule_tests_of_panther_are_answered_as_the_labels_say() {
    let Some(corpora) = common::corpora() else { return };
    let labels: Labels = toml::from_str(&data("panther.toml")).unwrap();
    let bench = Bench::with_test_values(&labels.placeholders);
    let tests = lines(&corpora.join("02-panther/panther_rule_tests.jsonl"));
    let cases: Vec<Case> = tests.iter().filter_map(panther).collect();
    println!("{} of {} cases are from logs that are read", cases.len(), tests.len());
    none(&verdict::judge(&labels, &bench, &cases));
}

fn panther(test: &Value) -> Option<Case> {
    let log = Log::of(&test["log_type"], &test["event"])?;
    let event = log.raw(&test["event"]);
    let expected = test["expected"].as_bool().unwrap();
    Some(Case { log, theirs: text(test, "rule_id"), name: text(test, "test_name"), expected, event })
}

#[test]
fn the_rule_tests_of_streamalert_are_answered_as_the_labels_say() {
    let Some(corpora) = common::corpora() else { return };
    let labels: Labels = toml::from_str(&data("streamalert.toml")).unwrap();
    let bench = Bench::with_test_values(&labels.placeholders);
    let tests = lines(&corpora.join("05-attack-data/streamalert_rule_tests.jsonl"));
    let cases: Vec<Case> = tests.iter().filter_map(streamalert).collect();
    println!("{} of {} cases are from logs that are read", cases.len(), tests.len());
    none(&verdict::judge(&labels, &bench, &cases));
}

/// One test file a rule; a test that triggers nothing is a quiet case of its file.
fn streamalert(test: &Value) -> Option<Case> {
    let name = match test["log"].as_str()? {
        "cloudtrail:events" => "AWS.CloudTrail",
        "cloudwatch:events" if test["event"]["detail-type"] == "GuardDuty Finding" => "AWS.GuardDuty",
        "cloudwatch:events" => "AWS.CloudTrail",
        _ => return None,
    };
    let log = Log::of(&Value::from(name), &Value::Null)?;
    let path = text(test, "case");
    let theirs = path.rsplit('/').next()?.split('.').next()?.to_owned();
    let expected = !test["trigger_rules"].as_array()?.is_empty();
    let event = test["event"]["Records"].get(0).unwrap_or(&test["event"]["detail"]).clone();
    Some(Case { log, theirs, name: text(test, "description"), expected, event })
}

#[test]
fn recorded_techniques_are_found() {
    let Some(corpora) = common::corpora() else { return };
    let expected: attack::Techniques = toml::from_str(&data("stratus.toml")).unwrap();
    none(&attack::techniques(&expected, &corpora.join("05-attack-data/stratus-detonation-logs")));
}

#[test]
fn a_recorded_hour_of_attacks_is_found_step_by_step() {
    let Some(corpora) = common::corpora() else { return };
    let expected: attack::Steps = toml::from_str(&data("invictus.toml")).unwrap();
    none(&attack::steps(&expected, &corpora.join("05-attack-data/invictus-aws")));
}

#[test]
fn ordinary_records_wake_nobody() {
    let Some(corpora) = common::corpora() else { return };
    let expected: attack::Ordinary = toml::from_str(&data("ordinary.toml")).unwrap();
    none(&attack::ordinary(&expected, &corpora.join("05-attack-data/opensearch_cloudtrail_benign.jsonl")));
}
