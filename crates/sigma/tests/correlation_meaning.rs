//! What each part of the language of correlations means, by example: every file in `correlations/` holds correlations
//! and rules; the correlations' own tests must pass. Adding a case means adding lines there. The same examples run on
//! another engine, rsigma-eval 0.23: where it answers differently is listed with the reason for ours.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CorrelationConfig, CorrelationEngine};
use serde_json::Value;
use sigma::{CorrelationTest, Loaded, Options};

/// (file, example, why ours is right).
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("aliases", "in the same direction", "as for `temporal`: one rule alone fires there"),
    ("count_of_episodes", "one long burst is one", "what is counted are bursts, not every event that prolongs one"),
    ("event_count_of_several_rules", "an event that matches both is one event", "the specification counts events"),
    ("fractions", "above", "the specification allows \"an integer or float threshold\"; there the rule is refused"),
    ("fractions", "exactly", "as above"),
    ("group_by", "each member of an array is a group", "an array has the values of its members, as in detections"),
    ("group_by", "events that have none of the fields share nothing", "nothing shared is not a value that is shared"),
    ("range", "five in the same second", "events of one instant are in a window together, whatever their order"),
    ("rules_from_condition", "with one long before", "as in pySigma, the condition can stand in for `rules`"),
    ("rules_from_condition", "without", "as above"),
    ("temporal", "by two users", "without a condition all rules must match, not any one of them"),
    ("temporal", "one is missing", "as above"),
    ("temporal", "too far apart", "as above"),
    ("value_count", "an array has the values of its members", "as for groups"),
    ("value_count", "an event without the field does not count", "null is no value"),
    ("value_median", "between the middle two", "an array has the values of its members"),
    ("value_percentile", "interpolated between the ninth and tenth of ten", "there the bound is not looked at"),
    ("value_sum", "all numbers of an array", "as for `value_median`"),
];

/// When the other engine's examples start: a full hour of the clock, as ours do.
const START_S: i64 = 3_600_000;

fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/correlations");
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn load(name: &str, text: &str) -> Loaded {
    let loaded = sigma::load([(name, text)]);
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    loaded
}

#[test]
fn every_example_holds() {
    let mut tried = 0;
    let mut failures = Vec::new();
    for (name, text) in files() {
        let loaded = load(&name, &text);
        for (number, correlation) in loaded.correlations.iter().enumerate() {
            let outcomes = sigma::test_correlation(number, &loaded.rules, &loaded.correlations, &Options::default());
            assert_eq!(outcomes.len(), correlation.tests.len());
            tried += outcomes.len();
            let shows = |fires: bool| outcomes.iter().any(|outcome| outcome.expected == fires);
            assert!(outcomes.is_empty() || shows(true) && shows(false), "{name} must have examples of both kinds");
            for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
                failures.push(format!("{name}: {outcome:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(70 < tried, "only {tried} examples were found");
}

#[test]
fn differences_to_another_engine_are_known() {
    let mut found = BTreeSet::new();
    let mut compared = 0;
    for (name, text) in files() {
        for correlation in &load(&name, &text).correlations {
            for test in &correlation.tests {
                compared += 1;
                if theirs(&text, &correlation.title, test) != Some(test.fires) {
                    found.insert((name.clone(), test.name.clone()));
                }
            }
        }
    }
    assert!(70 < compared);
    let known: BTreeSet<(String, String)> =
        DIFFERENCES.iter().map(|(file, example, _)| ((*file).to_owned(), (*example).to_owned())).collect();
    assert_eq!(found, known);
}

/// Whether the other engine fires, given the events in order of time. `None` if it does not take the rules.
fn theirs(text: &str, title: &str, test: &CorrelationTest) -> Option<bool> {
    let mut collection = rsigma_parser::parse_sigma_yaml(text).unwrap();
    // It tells detections from each other by id.
    for (number, rule) in collection.rules.iter_mut().enumerate() {
        rule.id = Some(format!("rule-{number}"));
    }
    for (number, correlation) in collection.correlations.iter_mut().enumerate() {
        correlation.id = Some(format!("correlation-{number}"));
    }
    let mut engine = CorrelationEngine::new(CorrelationConfig::default());
    let is_complete = collection.errors.is_empty() && engine.add_collection(&collection).is_ok();
    if !is_complete {
        return None;
    }
    let mut events = test.unrolled().unwrap();
    events.sort_by_key(|(time, _)| *time);
    let mut fires = false;
    for (time, event) in events {
        let event = Value::Object(event);
        let results = engine.process_event_at(&JsonEvent::borrow(&event), START_S + time / 1_000_000);
        fires |= results.iter().any(|result| result.as_correlation().is_some() && result.header.rule_title == title);
    }
    Some(fires)
}
