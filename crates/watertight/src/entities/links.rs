//! The links that lead from some entities back to who stands behind them, as the lake has them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lake::Lake;
use ocsf::{ChainStep, LinkKind};
use serde_json::Value;

use super::{DEPTH_MAX, hours_after, hours_before};
use crate::exit::{Failure, OrFail as _};
use crate::stored_findings::quoted;

/// Entities asked for in one query.
const ENTITIES_A_QUERY: usize = 500;
/// Links read for the findings of one batch; the newest first.
const LINKS_READ_MAX: usize = 20_000;
/// A session that more people than this could have taken names none of them.
const BEHIND_MAX: usize = 3;
/// The longest a role's session lasts (`MaxSessionDuration` of IAM).
const SESSION_HOURS: i64 = 12;
/// A credential made for somebody counts for as long as findings join an incident by a key.
const CREDENTIAL_HOURS: i64 = 72;
/// Logs of two services may disagree on which came first.
const LATE_HOURS: i64 = 1;

/// What is known of who stands behind whom.
#[derive(Debug, Default)]
pub(super) struct Links {
    by_to: BTreeMap<String, Vec<ChainStep>>,
}

impl Links {
    /// Reads what stands behind these entities at some time between the two, step by step.
    pub(super) async fn read(
        lake: &Lake,
        entities: BTreeSet<String>,
        (first, last): (Timestamp, Timestamp),
    ) -> Result<Self, Failure> {
        // A session or a credential counts for hours: only the days around are looked through. What a machine has was
        // said when it was made, at any time.
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        let days = format!(
            "kind IN ('assumed','credentialed') AND day BETWEEN DATE '{}' AND DATE '{}'",
            day(hours_before(first, CREDENTIAL_HOURS)),
            day(hours_after(last, LATE_HOURS))
        );
        let conditions = [days.as_str(), "kind IN ('runs','guards')"];
        let mut links = Self::default();
        let (mut asked, mut wanted) = (BTreeSet::new(), entities);
        for _ in 0..DEPTH_MAX {
            let list: Vec<String> = wanted.iter().filter(|entity| asked.insert((*entity).clone())).cloned().collect();
            let mut found = Vec::new();
            for part in list.chunks(ENTITIES_A_QUERY) {
                for condition in conditions {
                    found.extend(steps(lake, condition, part).await?);
                }
            }
            if found.is_empty() {
                break;
            }
            wanted = found.iter().map(|step| step.from.clone()).collect();
            for step in found {
                links.by_to.entry(step.to.clone()).or_default().push(step);
            }
        }
        Ok(links)
    }

    /// The links that hold for this entity at this time, each `from` once, by its latest word.
    pub(super) fn behind(&self, entity: &str, time: Timestamp) -> Vec<ChainStep> {
        let known = self.by_to.get(entity).map(Vec::as_slice).unwrap_or_default();
        LinkKind::ALL.into_iter().flat_map(|kind| holding(known, kind, time)).collect()
    }
}

fn holding(known: &[ChainStep], kind: LinkKind, time: Timestamp) -> Vec<ChainStep> {
    let since = match kind {
        LinkKind::Assumed => hours_before(time, SESSION_HOURS),
        LinkKind::Credentialed => hours_before(time, CREDENTIAL_HOURS),
        // A machine keeps its interface and its groups until somebody changes them.
        LinkKind::Runs | LinkKind::Guards => Timestamp::MIN,
    };
    let until = hours_after(time, LATE_HOURS);
    let mut latest: BTreeMap<&str, &ChainStep> = BTreeMap::new();
    for step in known.iter().filter(|step| step.kind == kind && since <= step.time && step.time <= until) {
        let held = latest.entry(&step.from).or_insert(step);
        if (held.time, &held.event_uid) < (step.time, &step.event_uid) {
            *held = step;
        }
    }
    if BEHIND_MAX < latest.len() && kind.is_same_actor() {
        return Vec::new();
    }
    latest.into_values().cloned().collect()
}

/// The links of some kinds that lead to these entities, the newest.
async fn steps(lake: &Lake, condition: &str, entities: &[String]) -> Result<Vec<ChainStep>, Failure> {
    let list: Vec<String> = entities.iter().map(|entity| quoted(entity)).collect();
    let query = format!(
        "SELECT time, from_key, to_key, kind, event_uid FROM links WHERE to_key IN ({}) AND {condition} \
         ORDER BY time DESC, event_uid, from_key LIMIT {LINKS_READ_MAX}",
        list.join(",")
    );
    let rows = lake.sql(&query, LINKS_READ_MAX).await.or_fail("failed to look up links between entities")?;
    Ok(rows.rows.iter().filter_map(|row| step(row)).collect())
}

fn step(row: &[Value]) -> Option<ChainStep> {
    let text = |i: usize| row.get(i).and_then(Value::as_str);
    Some(ChainStep {
        time: text(0)?.parse().ok()?,
        from: text(1)?.to_owned(),
        to: text(2)?.to_owned(),
        kind: LinkKind::from_word(text(3)?)?,
        event_uid: text(4)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        hours_after("2026-03-02T00:00:00Z".parse().unwrap(), hour)
    }

    fn step(hour: i64, from: &str, kind: LinkKind) -> ChainStep {
        ChainStep { time: at(hour), from: from.to_owned(), to: "s".to_owned(), kind, event_uid: format!("e-{hour}") }
    }

    fn behind(steps: &[ChainStep], hour: i64) -> Vec<(String, String)> {
        let links = Links { by_to: BTreeMap::from([("s".to_owned(), steps.to_vec())]) };
        links.behind("s", at(hour)).into_iter().map(|step| (step.from, step.event_uid)).collect()
    }

    #[test]
    fn a_session_ends_and_its_latest_taking_counts() {
        let steps = [step(1, "ann", LinkKind::Assumed), step(3, "ann", LinkKind::Assumed)];
        assert_eq!(behind(&steps, 4), [("ann".to_owned(), "e-3".to_owned())]);
        assert_eq!(behind(&steps, 16), [], "no session lasts that long");
        assert_eq!(behind(&steps, -2), [], "not taken yet");
    }

    #[test]
    fn a_session_name_that_everybody_uses_names_nobody() {
        let all = ["ann", "bob", "cyd", "dan"].map(|name| step(1, name, LinkKind::Assumed));
        assert_eq!(behind(&all, 2), []);
        assert_eq!(behind(&all[..3], 2).len(), 3);
    }

    #[test]
    fn a_machine_keeps_its_groups() {
        let steps = [step(-5_000, "sg-1", LinkKind::Guards)];
        assert_eq!(behind(&steps, 2).len(), 1);
    }
}
