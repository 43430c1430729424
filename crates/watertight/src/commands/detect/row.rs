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

/// A finding as it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    finding_uid: String,
    rule_id: &'a str,
    rule_title: &'a str,
    level: &'static str,
    logsource: &'a str,
    time: Timestamp,
    event_uid: &'a str,
    actor: Option<&'a str>,
    observables: &'a [Observable],
    attack: &'a [String],
    file: &'a str,
    record: u64,
    correlation: Option<Value>,
}

/// What rules and correlations have alike.
struct Named<'a> {
    id: &'a str,
    title: &'a str,
    level: Option<Level>,
    attack: &'a [String],
}

/// One event matched a rule.
pub(super) fn of_rule<'a>(tenant: &str, rule: &'a Rule, at: &'a At) -> Row<'a> {
    let Rule { id, title, version, level, attack, .. } = rule;
    let named = Named { id, title, level: *level, attack };
    row(finding_uid(tenant, id, version, &at.event_uid), &named, at, None)
}

/// Events met a correlation; the finding stands at the one that completed it and has the id that the flow would give it.
pub(super) fn of_correlation<'a>(tenant: &str, rule: &'a Correlation, episode: &Episode, at: &'a At) -> Row<'a> {
    let mut correlated = json!(correlation::correlated(tenant, rule, episode));
    correlated["event_uids"] = json!(correlation::listed_uids(episode));
    let Correlation { id, title, level, attack, .. } = rule;
    let named = Named { id, title, level: *level, attack };
    let uid = correlation::finding_uid(tenant, rule, &episode.group, &episode.first);
    row(uid, &named, at, Some(correlated))
}

fn row<'a>(finding_uid: String, named: &Named<'a>, at: &'a At, correlation: Option<Value>) -> Row<'a> {
    Row {
        finding_uid,
        rule_id: named.id,
        rule_title: named.title,
        level: named.level.map_or("unknown", Level::as_str),
        logsource: &at.logsource,
        time: at.time,
        event_uid: &at.event_uid,
        actor: at.actor.as_deref(),
        observables: &at.observables,
        attack: named.attack,
        file: &at.file,
        record: at.record,
        correlation,
    }
}
