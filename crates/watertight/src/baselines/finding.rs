//! From something unusual to a finding, with the history that makes it unusual.

use ::baseline::{Baseline, Expected, Unusual};
use jiff::Timestamp;
use ocsf::{Anomaly, Confidence, Event, Finding, RuleRef, Severity};
use sigma::GroupKey;

use crate::translate::{self, Judged};

pub(super) fn of(baseline: &Baseline, unusual: &Unusual, event: &Event, tenant: &str, now: Timestamp) -> Finding {
    // An amount is told once a bucket, whichever of its events completes it.
    let key = match unusual.bucket {
        Some(bucket) => format!("{} {bucket}", unusual.entity),
        None => unusual.event_uid.clone(),
    };
    let judged = Judged {
        rule: RuleRef {
            id: baseline.id.clone(),
            title: baseline.title.clone(),
            version: baseline.version.clone(),
            surface: baseline.surface.clone(),
        },
        severity: Severity::from_level(baseline.level.as_str()),
        confidence: confidence(baseline.status),
        group_by: &group_by(baseline),
        attack: techniques(&baseline.tags),
    };
    Finding { anomaly: Some(anomaly(unusual)), ..translate::finding_on(judged, event, tenant, &key, now) }
}

fn anomaly(unusual: &Unusual) -> Anomaly {
    let expected = match unusual.expected {
        Expected::Known => "one of the values seen before".to_owned(),
        Expected::Between(from, to) => format!("{from} to {to}"),
        Expected::ShareAbove(percent) => format!("done by more than {percent} % of the peers"),
    };
    Anomaly {
        entity: unusual.entity.clone(),
        peer: unusual.peer.clone(),
        observed: unusual.value.clone().unwrap_or_else(|| unusual.observed.to_string()),
        expected,
        observations: unusual.history.observations,
        since: unusual.history.since,
        text: unusual.text.clone(),
    }
}

/// The words are checked when a baseline is loaded.
fn group_by(baseline: &Baseline) -> Vec<GroupKey> {
    let key = |word: &String| match word.as_str() {
        "actor" => Some(GroupKey::Actor),
        "resource" => Some(GroupKey::Resource),
        _ => None,
    };
    baseline.group_by.iter().filter_map(key).collect()
}

fn confidence(status: ::baseline::Status) -> Confidence {
    match status {
        ::baseline::Status::Stable => Confidence::High,
        ::baseline::Status::Test => Confidence::Medium,
        ::baseline::Status::Experimental | ::baseline::Status::Deprecated => Confidence::Low,
    }
}

/// `attack.t1078.004` → `T1078.004`.
fn techniques(tags: &[String]) -> Vec<String> {
    let technique = |tag: &String| {
        let name = tag.strip_prefix("attack.t")?;
        name.starts_with(|first: char| first.is_ascii_digit()).then(|| format!("T{name}"))
    };
    tags.iter().filter_map(technique).collect()
}
