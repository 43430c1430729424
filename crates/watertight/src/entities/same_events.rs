//! Findings that stand on one event have to do with each other, whoever made them: a rule, a baseline, a correlation over many
//! such events, or sensitive data seen in the record. They meet, and they do not make two actors one.

use std::collections::{BTreeMap, BTreeSet};

use lake::Lake;
use ocsf::Finding;

use crate::exit::Failure;
use crate::stored_findings::{self, quoted_lists};
use crate::utc_day::utc_day;

/// Events of one batch whose earlier findings are looked up.
const EVENTS_MAX: usize = 1_000;
/// Keys that one finding is linked by: what it stands on is one stretch of deeds, not the whole log.
const KEYS_TAKEN_MAX: usize = 8;

/// Group keys by event. Ids are the sender's word: the log tells apart what has the same, and days those of earlier batches.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// Links each finding to the group keys of others on its events, those of earlier batches too.
pub(super) async fn share(lake: &Lake, findings: &mut [Finding]) -> Result<(), Failure> {
    let mut keys = Keys::new();
    findings.iter().for_each(|finding| note(finding, &mut keys));
    // Only a correlation stands on events of other batches.
    let correlated = findings.iter().filter(|finding| finding.correlation.is_some());
    let spans = correlated.clone().filter_map(|finding| Some((finding.correlation.as_ref()?.first, finding.time)));
    let events: BTreeSet<&str> = correlated.flat_map(|finding| &finding.event_uids).map(String::as_str).collect();
    if let (Some(first), Some(last)) = (spans.clone().map(|span| span.0).min(), spans.map(|span| span.1).max()) {
        let days = format!("day BETWEEN DATE '{}' AND DATE '{}'", utc_day(first), utc_day(last));
        for list in quoted_lists(events.into_iter().take(EVENTS_MAX)) {
            let stored = stored_findings::noticed(lake, &format!("event_uid IN ({list}) AND {days}")).await?;
            let counted = stored.iter().filter(|noticed| noticed.withheld.is_none());
            counted.for_each(|noticed| note(&noticed.finding, &mut keys));
        }
    }
    for finding in findings {
        let on_its_events = finding.event_uids.iter().filter_map(|uid| keys.get(&place(&finding.logsource, uid)));
        let own: BTreeSet<&String> = finding.group_keys.iter().chain(&finding.linked_keys).collect();
        let others: BTreeSet<String> = on_its_events.flatten().filter(|key| !own.contains(key)).cloned().collect();
        finding.linked_keys.extend(others.into_iter().take(KEYS_TAKEN_MAX));
    }
    Ok(())
}

fn note(finding: &Finding, keys: &mut Keys) {
    let place = place(&finding.logsource, &finding.event_uid);
    keys.entry(place).or_default().extend(finding.group_keys.iter().cloned());
}

fn place(logsource: &str, uid: &str) -> String {
    format!("{logsource} {uid}")
}
