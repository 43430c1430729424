//! Runs of records in order of time, correlations included: one technique a file, an hour of techniques one after the
//! other, and ordinary minutes in which nobody should be woken. What is expected stands in the data files beside this one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use sigma::Level;

use crate::bench::{self, Bench, Finding, Placeholders, WAKING};

const CLOUDTRAIL: (&str, &str) = ("aws", "cloudtrail");

/// By technique: what must report it, or why nothing does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Techniques {
    found: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    missed: BTreeMap<String, String>,
    /// What an installation that knows no more than its own accounts does not find yet.
    needs_to_be_told: BTreeSet<String>,
}

/// Techniques in order of time, each until the next begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steps {
    step: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    from: jiff::Timestamp,
    name: String,
    #[serde(default)]
    found: Vec<String>,
    missed: Option<String>,
}

/// How many findings of each rule are known, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ordinary {
    findings: BTreeMap<String, Known>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    count: usize,
    because: String,
}

pub(crate) fn techniques(expected: &Techniques, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut named: BTreeSet<&String> = expected.found.keys().chain(expected.missed.keys()).collect();
    let (mut count, mut waking) = (0, 0);
    let mut runs: Vec<(String, Vec<Value>)> =
        std::fs::read_dir(folder).unwrap().map(|entry| run(&entry.unwrap().path())).collect();
    runs.sort_by(|(one, _), (other, _)| one.cmp(other));
    let own = own_accounts(runs.iter().flat_map(|(_, records)| records));
    let (bench, fresh) = (Bench::with_test_values(&own), Bench::told_only(&own));
    for (name, records) in runs {
        if fresh.findings(CLOUDTRAIL, &records).is_empty() != expected.needs_to_be_told.contains(&name) {
            faults.push(format!("`{name}` needs to be told something, or no longer does"));
        }
        let findings = bench.findings(CLOUDTRAIL, &records);
        let highest = findings.iter().map(|finding| finding.level).max();
        count += usize::from(highest.is_some());
        waking += usize::from(highest.is_some_and(|level| WAKING <= level));
        println!("{name:<66} {}", shown(&findings));
        if !named.remove(&name) {
            faults.push(format!("`{name}` has no expectation"));
        }
        faults.extend(unmet(&name, expected.found.get(&name), expected.missed.get(&name), &findings, Level::Low));
    }
    let waiting = expected.needs_to_be_told.len();
    println!("{count} techniques found, {waking} of them at {WAKING} or above; {waiting} only by who is told more");
    faults.extend(named.into_iter().map(|name| format!("no records of `{name}`")));
    faults
}

pub(crate) fn steps(expected: &Steps, folder: &Path) -> Vec<String> {
    let records = in_order(crate::common::records(folder));
    let bench = Bench::with_test_values(&own_accounts(records.iter()));
    let findings = bench.findings(CLOUDTRAIL, &records);
    let mut faults = Vec::new();
    let (mut found, mut waking) = (0, 0);
    for (number, step) in expected.step.iter().enumerate() {
        let from = step.from.as_microsecond();
        let until = expected.step.get(number + 1).map_or(i64::MAX, |next| next.from.as_microsecond());
        let within = |finding: &&Finding| from <= finding.time_us && finding.time_us < until;
        let own: Vec<Finding> = findings.iter().filter(within).cloned().collect();
        println!("{} {:<44} {}", step.from, step.name, step.missed.clone().unwrap_or_else(|| shown(&own)));
        found += usize::from(!step.found.is_empty());
        let wakes = |finding: &Finding| step.found.contains(&finding.rule) && WAKING <= finding.level;
        waking += usize::from(own.iter().any(wakes));
        let wanted = Some(&step.found).filter(|found| !found.is_empty());
        // What a technique needs is built first, which is told at low level; that is not the technique found.
        faults.extend(unmet(&step.name, wanted, step.missed.as_ref(), &own, WAKING));
    }
    println!("{} steps, {found} found, {waking} of them at {WAKING} or above", expected.step.len());
    faults
}

pub(crate) fn ordinary(expected: &Ordinary, file: &Path) -> Vec<String> {
    let records = in_order(crate::common::records(file).into_iter().map(out_of_wrapper).collect());
    let [first, last] = [records.first(), records.last()].map(|record| bench::time_us(record.unwrap()));
    let findings = Bench::told_only(&Placeholders::new()).findings(CLOUDTRAIL, &records);
    println!("{} records of {} s: {}", records.len(), (last - first) / 1_000_000, shown(&findings));
    let mut faults = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &findings {
        *counts.entry(&finding.rule).or_default() += 1;
        if WAKING <= finding.level {
            faults.push(format!("{} at {}", finding.rule, finding.level));
        }
    }
    for (rule, known) in &expected.findings {
        println!("{rule}, {} times: {}", known.count, known.because);
        if counts.remove(rule.as_str()) != Some(known.count) {
            faults.push(format!("{rule} is not found {} times", known.count));
        }
    }
    faults.extend(counts.into_iter().map(|(rule, count)| format!("{rule}, {count} times, is not expected")));
    faults
}

/// The accounts that the records are from, as the only thing known.
fn own_accounts<'r>(records: impl Iterator<Item = &'r Value>) -> Placeholders {
    let accounts: BTreeSet<&str> =
        records.filter_map(|record| record.get("recipientAccountId")).filter_map(Value::as_str).collect();
    Placeholders::from([("known_accounts".to_owned(), accounts.into_iter().map(str::to_owned).collect())])
}

fn run(file: &Path) -> (String, Vec<Value>) {
    (file.file_stem().unwrap().to_str().unwrap().to_owned(), in_order(crate::common::records(file)))
}

fn in_order(mut records: Vec<Value>) -> Vec<Value> {
    records.sort_by_key(bench::time_us);
    records
}

/// Some records were stored as a search engine keeps them, below the names of their source.
fn out_of_wrapper(record: Value) -> Value {
    record.pointer("/aws/cloudtrail").cloned().unwrap_or(record)
}

fn unmet(
    name: &str,
    found: Option<&Vec<String>>,
    missed: Option<&String>,
    findings: &[Finding],
    counts_from: Level,
) -> Vec<String> {
    match (found, missed) {
        (Some(rules), None) => {
            let is_absent = |rule: &&String| !findings.iter().any(|finding| finding.rule == **rule);
            rules.iter().filter(is_absent).map(|rule| format!("`{name}` is not reported by {rule}")).collect()
        }
        (None, Some(_)) => {
            let is_found = findings.iter().any(|finding| counts_from <= finding.level);
            Vec::from_iter(is_found.then(|| format!("`{name}` is found after all: {}", shown(findings))))
        }
        _ => vec![format!("`{name}` must be either found or missed")],
    }
}

fn shown(findings: &[Finding]) -> String {
    let rules: BTreeSet<String> =
        findings.iter().map(|finding| format!("{} ({})", finding.rule, finding.level)).collect();
    if rules.is_empty() { "nothing".to_owned() } else { Vec::from_iter(rules).join(", ") }
}
