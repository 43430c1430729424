//! Findings that stand on one event belong together, whoever made them: a rule, a baseline, a correlation over many such
//! events, or sensitive data seen in the record.

use std::collections::{BTreeMap, BTreeSet};

use lake::Lake;
use ocsf::Finding;

use crate::exit::Failure;
use crate::stored_findings::{self, quoted};

/// Events of one batch whose earlier findings are looked up.
const EVENTS_MAX: usize = 1_000;
/// Keys that one finding takes over: what it stands on is one stretch of deeds, not the whole log.
const KEYS_TAKEN_MAX: usize = 8;

/// Gives each finding the group keys of others on its events, those of earlier batches too.
pub(super) async fn share(lake: &Lake, findings: &mut [Finding]) -> Result<(), Failure> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    note(findings, &mut keys);
    // Only a correlation stands on events of other batches.
    let correlated = findings.iter().filter(|finding| finding.correlation.is_some());
    let events: BTreeSet<&String> = correlated.flat_map(|finding| &finding.event_uids).collect();
    let list: Vec<String> = events.into_iter().take(EVENTS_MAX).map(|uid| quoted(uid)).collect();
    if !list.is_empty() {
        note(&stored_findings::find(lake, &format!("event_uid IN ({})", list.join(","))).await?, &mut keys);
    }
    for finding in findings {
        let on_its_events: BTreeSet<&String> =
            finding.event_uids.iter().filter_map(|uid| keys.get(uid)).flatten().collect();
        let own: BTreeSet<String> = finding.group_keys.iter().cloned().collect();
        let others = on_its_events.into_iter().filter(|key| !own.contains(*key)).take(KEYS_TAKEN_MAX);
        finding.group_keys.extend(others.cloned());
    }
    Ok(())
}

fn note(findings: &[Finding], keys: &mut BTreeMap<String, BTreeSet<String>>) {
    for finding in findings {
        keys.entry(finding.event_uid.clone()).or_default().extend(finding.group_keys.iter().cloned());
    }
}
