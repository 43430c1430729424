//! A finding of `detect` as the contract spells it (docs/cli.md), whether one event is enough for it or several are.

use jiff::Timestamp;
use ocsf::{Event, Observable, finding_uid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sigma::{Correlation, Episode, Rule};

use crate::{correlation, translate};

/// The event that a finding stands at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct At {
    pub(super) file: String,
    pub(super) record: u64,
    pub(super) logsource: String,
    pub(super) time: Timestamp,
    pub(super) event_uid: String,
    pub(super) actor: Option<String>,
    pub(super) observables: Vec<Observable>,
}

impl At {
    pub(super) fn new(file: &str, record: u64, event: &Event) -> Self {
        let hot = event.hot();
        Self {
            file: file.to_owned(),
            record,
            logsource: hot.format.to_owned(),
            time: hot.time,
            event_uid: hot.uid.to_owned(),
            actor: hot.actor_key.map(str::to_owned),
            observables: translate::observables(event, &hot.resources),
        }
    }
}

/// One event matched a rule.
pub(super) fn of_rule(tenant: &str, rule: &Rule, at: &At) -> Value {
    json!({
        "finding_uid": finding_uid(tenant, &rule.id, &rule.version, &at.event_uid),
        "rule_id": rule.id,
        "rule_title": rule.title,
        "level": rule.level.map_or("unknown", sigma::Level::as_str),
        "logsource": at.logsource,
        "time": at.time,
        "event_uid": at.event_uid,
        "actor": at.actor,
        "observables": at.observables,
        "attack": rule.attack,
        "file": at.file,
        "record": at.record,
        "correlation": null,
    })
}

/// Events met a correlation; the finding stands at the one that completed it and has the id that the flow would give it.
pub(super) fn of_correlation(tenant: &str, rule: &Correlation, episode: &Episode, at: &At) -> Value {
    let mut correlated = json!(correlation::correlated(tenant, rule, episode));
    correlated["event_uids"] = json!(correlation::listed_uids(episode));
    json!({
        "finding_uid": correlation::finding_uid(tenant, rule, &episode.group, &episode.first),
        "rule_id": rule.id,
        "rule_title": rule.title,
        "level": rule.level.map_or("unknown", sigma::Level::as_str),
        "logsource": at.logsource,
        "time": at.time,
        "event_uid": at.event_uid,
        "actor": at.actor,
        "observables": at.observables,
        "attack": rule.attack,
        "file": at.file,
        "record": at.record,
        "correlation": correlated,
    })
}
