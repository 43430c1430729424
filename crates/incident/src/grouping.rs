//! What a finding says about belonging together: hashed group keys, the dedup key, and which incident it fits.
//!
//! Judges times and keys only. Severity decides elsewhere whether a finding may open an incident.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ocsf::Finding;

use crate::config::Config;
use crate::hash::{id_of, keyed_id_of};
use crate::state::{Incident, SeenSpan, State};

/// Group keys of one finding that count; a finding that lists more is not more connected, only noisier.
pub(crate) const KEYS_PER_FINDING_MAX: usize = 32;

/// How an incident stands to a finding that shares a key with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Open and near enough in event time.
    Joins,
    /// Near enough, but closed.
    Closed,
    /// Near enough, but its span would become too long.
    TooLong,
}

/// The keys that an incident gets from the finding, hashed, each once. The tenant is in every hash.
///
/// A linked key is kept under another name than a group key: the two meet (a host's flow and the security group before the
/// host), but what two findings are merely linked to does not join them (two hosts behind one group).
pub(crate) fn kept_keys(config: &Config, finding: &Finding) -> BTreeSet<String> {
    let own = named(config, finding, GROUP, &finding.group_keys);
    own.chain(named(config, finding, LINKED, &finding.linked_keys)).collect()
}

/// The keys by which an incident is looked for.
pub(crate) fn sought_keys(config: &Config, finding: &Finding) -> BTreeSet<String> {
    let own = named(config, finding, GROUP, &finding.group_keys);
    let linked_to_own = named(config, finding, LINKED, &finding.group_keys);
    own.chain(linked_to_own).chain(named(config, finding, GROUP, &finding.linked_keys)).collect()
}

const GROUP: &str = "group_key";
const LINKED: &str = "linked_key";

fn named<'f>(
    config: &'f Config,
    finding: &'f Finding,
    kind: &'static str,
    keys: &'f [String],
) -> impl Iterator<Item = String> + 'f {
    let hashed = move |key: &String| keyed_id_of(&config.pepper, &[kind, &finding.tenant, key]);
    keys.iter().take(KEYS_PER_FINDING_MAX).map(hashed)
}

/// H(tenant, rule, surface, entity, window): repeats of one rule on one entity within one window are one signal.
pub(crate) fn dedup_key(config: &Config, finding: &Finding) -> String {
    let entity = finding.actor.as_deref().or_else(|| finding.resources.first().map(String::as_str)).unwrap_or_default();
    let window_seconds = config.dedup_window.as_secs().max(1);
    let bucket = finding.time.as_second().div_euclid(window_seconds).to_string();
    keyed_id_of(&config.pepper, &["dedup", &finding.tenant, &finding.rule.id, &finding.rule.surface, entity, &bucket])
}

/// The id of the incident that this finding would open.
pub(crate) fn incident_id(finding: &Finding) -> String {
    id_of(&["incident", &finding.tenant, "finding", &finding.uid])
}

/// Every incident of the tenant that shares a key with the finding near enough in time, by number.
pub(crate) fn fits<'state>(
    state: &'state State,
    finding: &Finding,
    keys: &BTreeSet<String>,
) -> Vec<(&'state Incident, Fit)> {
    let ids: BTreeSet<&String> = keys.iter().filter_map(|key| state.by_key.get(key)).flatten().collect();
    let mut found: Vec<(&Incident, Fit)> = ids
        .into_iter()
        .filter_map(|id| state.incidents.get(id))
        .filter(|incident| incident.tenant == finding.tenant)
        .filter_map(|incident| fit(&state.config, incident, finding.time, keys).map(|fit| (incident, fit)))
        .collect();
    found.sort_by_key(|(incident, _)| incident.number);
    found
}

fn fit(config: &Config, incident: &Incident, time: Timestamp, keys: &BTreeSet<String>) -> Option<Fit> {
    // The key itself must have been seen near this time: an address of three weeks ago connects nothing.
    let near = keys.iter().filter_map(|key| incident.keys.get(key)).any(|span| within(*span, time, config.join_window));
    if !near {
        return None;
    }
    if incident.closed.is_some() {
        return Some(Fit::Closed);
    }
    let first = incident.events.first.min(time);
    let last = incident.events.last.max(time);
    if config.span_max < last.duration_since(first) { Some(Fit::TooLong) } else { Some(Fit::Joins) }
}

fn within(span: SeenSpan, time: Timestamp, window: SignedDuration) -> bool {
    span.first.duration_since(time) <= window && time.duration_since(span.last) <= window
}
