//! Findings and a clock for the tests of this crate; nothing here judges.
#![allow(dead_code, clippy::unwrap_used, reason = "helpers of tests; each test binary uses its own part")]

use incident::{Command, Entry, Incident, State, apply, decide};
use jiff::Timestamp;
use ocsf::{Confidence, Finding, FindingClass, RuleRef, Severity};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Hours after a fixed Monday.
pub(crate) fn hour(hours: i64) -> Timestamp {
    Timestamp::from_second(at("2026-03-02T00:00:00Z").as_second() + hours * 3600).unwrap()
}

pub(crate) fn finding(uid: &str, time: Timestamp, severity: Severity, keys: &[&str]) -> Finding {
    Finding {
        uid: uid.to_owned(),
        tenant: "larkfield".to_owned(),
        class: FindingClass::Detection,
        rule: RuleRef {
            id: "s3-public".to_owned(),
            title: "Bucket policy opened to the world".to_owned(),
            version: "v1".to_owned(),
            surface: "storage".to_owned(),
        },
        severity,
        confidence: Confidence::Medium,
        time,
        discovered: time,
        logsource: "aws/cloudtrail".to_owned(),
        event_uid: format!("event-{uid}"),
        event_uids: vec![format!("event-{uid}")],
        actor: Some("aws:user:111122223333/alice".to_owned()),
        resources: vec!["arn:aws:s3:::larkfield-exports".to_owned()],
        group_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        observables: Vec::new(),
        attack: Vec::new(),
        data: Vec::new(),
        linked_keys: Vec::new(),
        chain: Vec::new(),
        correlation: None,
        anomaly: None,
    }
}

/// Decides and applies, as the binary does; returns the entries.
pub(crate) fn run(state: &mut State, command: Command, now: Timestamp) -> Vec<Entry> {
    let entries = decide(state, command, now).unwrap();
    for entry in &entries {
        apply(state, entry).unwrap();
    }
    entries
}

pub(crate) fn findings(state: &mut State, batch: &[Finding], now: Timestamp) -> Vec<String> {
    run(state, Command::Findings(batch.to_vec()), now).into_iter().map(|entry| entry.kind).collect()
}

pub(crate) fn only(state: &State) -> &Incident {
    assert_eq!(state.incidents.len(), 1);
    state.incidents.values().next().unwrap()
}

pub(crate) fn numbered(state: &State, number: u64) -> &Incident {
    state.incidents.values().find(|incident| incident.number == number).unwrap()
}
