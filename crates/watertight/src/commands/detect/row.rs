//! A finding of `detect` as the contract spells it (docs/cli.md), whether one event is enough for it or several are.

use jiff::Timestamp;
use ocsf::{Event, Observable, finding_uid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sigma::{Correlation, Episode, Level, Rule};

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

/// What rules and correlations have alike.
struct Named<'a> {
    id: &'a str,
    title: &'a str,
    level: Option<Level>,
    attack: &'a [String],
}

/// One event matched a rule.
pub(super) fn of_rule(tenant: &str, rule: &Rule, at: &At) -> Value {
    let Rule { id, title, version, level, attack, .. } = rule;
    let named = Named { id, title, level: *level, attack };
    row(&finding_uid(tenant, id, version, &at.event_uid), &named, at, &Value::Null)
}

/// Events met a correlation; the finding stands at the one that completed it and has the id that the flow would give it.
pub(super) fn of_correlation(tenant: &str, rule: &Correlation, episode: &Episode, at: &At) -> Value {
    let mut correlated = json!(correlation::correlated(tenant, rule, episode));
    correlated["event_uids"] = json!(correlation::listed_uids(episode));
    let Correlation { id, title, level, attack, .. } = rule;
    let named = Named { id, title, level: *level, attack };
    let uid = correlation::finding_uid(tenant, rule, &episode.group, &episode.first);
    row(&uid, &named, at, &correlated)
}

fn row(uid: &str, named: &Named<'_>, at: &At, correlated: &Value) -> Value {
    json!({
        "finding_uid": uid,
        "rule_id": named.id,
        "rule_title": named.title,
        "level": named.level.map_or("unknown", Level::as_str),
        "logsource": at.logsource,
        "time": at.time,
        "event_uid": at.event_uid,
        "actor": at.actor,
        "observables": at.observables,
        "attack": named.attack,
        "file": at.file,
        "record": at.record,
        "correlation": correlated,
    })
}
