//! From an episode to a finding: it stands at the event that completed it, and names the events of its first window.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lake::{EventRow, Filter, Lake};
use ocsf::{Correlated, Finding, FindingClass, RuleRef, finding_uid};
use serde_json::Value;
use sigma::{Correlation, Episode, EventRef};

use super::hits::group_key;
use crate::exit::{Failure, OrFail as _};
use crate::translate::{self, RESOURCES_MAX};

/// The id of an episode: the correlation, its group and its first event. Late events that change the first one make another
/// finding, which names those it supersedes.
pub(crate) fn uid(tenant: &str, correlation: &Correlation, group: &[Option<String>], first: &EventRef) -> String {
    let key = format!("{} {} {}", group_key(group), first.time_us, first.uid);
    finding_uid(tenant, &correlation.id, &correlation.version, &key)
}

/// The listed events of an episode, in order of time.
pub(super) async fn events(lake: &Lake, episode: &Episode) -> Result<Vec<EventRow>, Failure> {
    let uids = uids(episode);
    let times = || episode.events.iter().chain([&episode.first, &episode.completed]).map(|event| event.time_us);
    // Ids are the sender's word, and somebody else's event may have the same: time tells them apart.
    let (from_us, to_us) = (times().min(), times().max().map(|last| last.saturating_add(1)));
    let filter = Filter { event_uids: uids, from_us, to_us, ..Filter::default() };
    lake.read_events(&filter, EVENTS_READ_MAX).await.or_fail("failed to read the events of a correlation")
}

/// An episode lists far fewer; events that share an id with one of them are read too.
const EVENTS_READ_MAX: usize = 1_000;

/// The ids of an episode's listed events.
pub(crate) fn uids(episode: &Episode) -> BTreeSet<String> {
    let listed = episode.events.iter().map(|event| event.uid.clone());
    listed.chain([episode.completed.uid.clone(), episode.first.uid.clone()]).collect()
}

pub(super) fn finding(
    uid: String,
    tenant: &str,
    correlation: &Correlation,
    episode: &Episode,
    events: &[EventRow],
    now: Timestamp,
) -> Finding {
    let completed = &episode.completed;
    let completes = |event: &&EventRow| event.event_uid == completed.uid && event.time_us == completed.time_us;
    let completing = events.iter().find(completes).cloned().unwrap_or_default();
    let actor = Some(completing.actor.clone()).filter(|actor| !actor.is_empty());
    let mut resources: Vec<String> = events.iter().flat_map(|event| event.resources.iter().cloned()).collect();
    resources.sort();
    resources.dedup();
    let containers = events.iter().flat_map(containers).collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>();
    resources.truncate(RESOURCES_MAX);
    Finding {
        uid,
        tenant: tenant.to_owned(),
        class: FindingClass::Detection,
        rule: RuleRef {
            id: correlation.id.clone(),
            title: correlation.title.clone(),
            version: correlation.version.clone(),
            surface: correlation.watertight.surface.clone().unwrap_or_else(|| "unknown".to_owned()),
        },
        severity: translate::severity(correlation.level),
        confidence: translate::confidence(correlation.status),
        time: instant(episode.completed.time_us),
        discovered: now,
        logsource: completing.logsource.clone(),
        event_uid: episode.completed.uid.clone(),
        event_uids: uids(episode).into_iter().collect(),
        group_keys: translate::group_keys(&correlation.watertight.group_by, actor.as_deref(), &containers),
        observables: translate::observed(
            completing.src_ip.as_deref(),
            completing.user_name.as_deref(),
            completing.user_agent.as_deref(),
            &resources,
        ),
        actor,
        resources,
        attack: correlation.attack.clone(),
        data: Vec::new(),
        linked_keys: Vec::new(),
        chain: Vec::new(),
        correlation: Some(correlated(tenant, correlation, episode)),
        anomaly: None,
    }
}

/// What the finding says of the stretch that it stands on.
pub(crate) fn correlated(tenant: &str, correlation: &Correlation, episode: &Episode) -> Correlated {
    Correlated {
        kind: correlation.kind.as_str().to_owned(),
        group: correlation.group_by.iter().cloned().zip(episode.group.iter().cloned()).collect(),
        first: instant(episode.first.time_us),
        timespan_seconds: u64::try_from(correlation.timespan_us / 1_000_000).unwrap_or(0),
        reached: episode.value.to_string(),
        events: episode.events_total,
        supersedes: episode.supersedes.iter().map(|first| uid(tenant, correlation, &episode.group, first)).collect(),
    }
}

/// What an event was done to, as findings group by it.
fn containers(event: &EventRow) -> Vec<String> {
    let raw: Value = serde_json::from_str(&event.raw).unwrap_or(Value::Null);
    translate::containers(&event.logsource, raw["service"].as_str(), &event.resources)
}

/// The lake holds the years 1 to 9999 only, so an event always has an instant.
pub(super) fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}
