//! The engine against worked scenarios kept outside the repository, rule by rule: recipient, date, kind, standard.
//!
//! A disagreement fails unless `disagreements.toml` gives the legal reason for it. Only rules that a loaded
//! regime knows are compared; the table says how many are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should stop")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use duty::{Facts, Law, Obligation};
use serde_json::Value;

/// Long after every scenario: each grace has run out.
const AS_OF: &str = "2026-11-22T00:00:00Z";

#[derive(Default)]
struct Tally {
    agreed: usize,
    unknown_rules: BTreeSet<String>,
    faults: Vec<String>,
}

#[test]
fn scenarios_agree() {
    let Some(reference) = common::reference() else {
        println!("skipped: corpora not present");
        return;
    };
    let (law, errors) = common::load();
    assert!(errors.is_empty(), "{errors:?}");
    let accepted = accepted();
    let text = std::fs::read_to_string(reference.join("scenarios.jsonl")).unwrap();
    let (mut agreed, mut compared, mut unexplained) = (0, 0, Vec::new());
    let mut unknown = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let scenario: Value = serde_json::from_str(line).unwrap();
        let id = scenario["id"].as_str().unwrap().to_owned();
        let tally = compare(&law, &scenario);
        let state = if tally.faults.is_empty() { "agrees" } else { "DISAGREES" };
        println!(
            "{id} {state:9} {:2} entries, {} of rules not loaded   {}",
            tally.agreed,
            tally.unknown_rules.len(),
            scenario["title"].as_str().unwrap()
        );
        tally.faults.iter().for_each(|fault| println!("       {fault}"));
        agreed += usize::from(tally.faults.is_empty());
        compared += 1;
        unexplained
            .extend(tally.faults.iter().filter(|_| !accepted.contains_key(&id)).map(|fault| format!("{id}: {fault}")));
        unknown.extend(tally.unknown_rules);
    }
    println!("{agreed} of {compared} scenarios agree; rules in no regime: {unknown:?}");
    assert!(unexplained.is_empty(), "{} disagreements without a reason", unexplained.len());
}

fn compare(law: &Law, scenario: &Value) -> Tally {
    let mut tally = Tally::default();
    let facts = Facts::from_value(scenario.clone()).unwrap();
    let answer = law.evaluate(&facts, AS_OF.parse().unwrap());
    let expected = &scenario["expected"];
    let ours: Vec<&Obligation> = answer.required.iter().chain(&answer.suspended).collect();
    for entry in list(&expected["required"]) {
        if law.explain(text(entry, "rule_id")).is_none() {
            tally.unknown_rules.insert(text(entry, "rule_id").to_owned());
            continue;
        }
        match ours.iter().filter_map(|owed| disagreement(owed, entry)).min_by_key(Vec::len) {
            Some(faults) if faults.is_empty() => tally.agreed += 1,
            Some(faults) => tally.faults.push(format!("{}: {}", text(entry, "rule_id"), faults.join(", "))),
            None => tally.faults.push(format!("{} required, we say otherwise", text(entry, "rule_id"))),
        }
    }
    for entry in list(&expected["not_required"]) {
        not_required(law, &answer, entry, &mut tally);
    }
    let asked = list(&expected["review"]).into_iter().filter_map(|question| question.as_str());
    for rule in
        asked.filter_map(|question| question.split([':', ' ']).next()).filter(|word| law.explain(word).is_some())
    {
        if answer.review.iter().any(|review| review.rule_id == rule) {
            tally.agreed += 1;
        } else {
            tally.faults.push(format!("{rule} for review, we do not ask"));
        }
    }
    tally
}

fn not_required(law: &Law, answer: &duty::Answer, entry: &Value, tally: &mut Tally) {
    let (rule, jurisdiction, recipient) =
        (text(entry, "rule_id"), text(entry, "jurisdiction"), text(entry, "recipient"));
    if law.explain(rule).is_none() {
        tally.unknown_rules.insert(rule.to_owned());
        return;
    }
    let there = answer
        .not_required
        .iter()
        .any(|not| not.rule_id == rule && not.jurisdiction == jurisdiction && not.recipient == recipient);
    if there {
        tally.agreed += 1;
    } else {
        let ours = answer
            .not_required
            .iter()
            .find(|not| not.rule_id == rule)
            .map(|not| format!("{} {}", not.jurisdiction, not.recipient));
        tally.faults.push(format!("{rule} ({jurisdiction} {recipient}) not required, ours: {ours:?}"));
    }
}

/// What differs between our obligation and the expected one; `None` when it is another duty.
fn disagreement(owed: &Obligation, entry: &Value) -> Option<Vec<String>> {
    if owed.rule_id != text(entry, "rule_id") || owed.jurisdiction != text(entry, "jurisdiction") {
        return None;
    }
    let ours = serde_json::to_value(owed).unwrap();
    let keys = [
        "recipient",
        "due_by",
        "due_kind",
        "alt_due_by",
        "strict_due_by",
        "base_due_by",
        "relative_to",
        "service_months",
        "anchor",
    ];
    let mut faults: Vec<String> = keys
        .iter()
        .filter(|key| entry.get(**key).is_some() && entry[**key] != ours[**key])
        .map(|key| format!("{key} {} is {} here", entry[*key], ours[*key]))
        .collect();
    if entry.get("standard").is_some() && entry["standard"] != ours["standard"] {
        faults.push(format!("standard {} is {} here", entry["standard"], ours["standard"]));
    }
    Some(faults)
}

fn accepted() -> BTreeMap<String, String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disagreements.toml");
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    table.into_iter().map(|(id, reason)| (id, reason.as_str().expect("a legal reason").to_owned())).collect()
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map(|items| items.iter().collect()).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
