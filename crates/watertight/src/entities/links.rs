//! The links that lead from some entities back to who stands behind them, as the lake has them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lake::Lake;
use ocsf::{ChainStep, LinkKind};
use serde_json::Value;

use super::{DEPTH_MAX, hours_after, hours_before};
use crate::exit::{Failure, OrFail as _};
use crate::stored_findings::quoted_lists;
use crate::utc_day::utc_day;

/// Entities asked for in one step.
const ENTITIES_MAX: usize = 5_000;
/// Links read in one query; the newest first.
const LINKS_READ_MAX: usize = 20_000;
/// Of those who could have taken a session, so many of the latest are named.
const BEHIND_MAX: usize = 3;
/// The longest a role's session lasts (`MaxSessionDuration` of IAM), and a federated user's (`GetFederationToken`).
const SESSION_HOURS: i64 = 12;
const FEDERATED_HOURS: i64 = 36;
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
        let days = format!(
            "kind IN ('assumed','credentialed') AND day BETWEEN DATE '{}' AND DATE '{}'",
            utc_day(hours_before(first, CREDENTIAL_HOURS)),
            utc_day(hours_after(last, LATE_HOURS))
        );
        let conditions = [days.as_str(), "kind = 'runs'", "kind = 'guards'"];
        let mut links = Self::default();
        let (mut asked, mut wanted) = (BTreeSet::new(), entities);
        for _ in 0..DEPTH_MAX {
            let unasked: Vec<String> =
                wanted.iter().filter(|entity| asked.insert((*entity).clone())).take(ENTITIES_MAX).cloned().collect();
            let mut found = Vec::new();
            for list in quoted_lists(unasked.iter().map(String::as_str)) {
                for condition in conditions {
                    found.extend(steps(lake, condition, &list).await?);
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

    /// The links that hold for this entity at this time, each `from` once, by its latest word, and whether the two are one
    /// actor.
    pub(super) fn behind(&self, entity: &str, time: Timestamp) -> Vec<(ChainStep, bool)> {
        let known = self.by_to.get(entity).map(Vec::as_slice).unwrap_or_default();
        LinkKind::ALL.into_iter().flat_map(|kind| holding(known, kind, time)).collect()
    }
}

fn holding(known: &[ChainStep], kind: LinkKind, time: Timestamp) -> Vec<(ChainStep, bool)> {
    let is_federated = known.first().is_some_and(|step| step.to.starts_with("aws:federated-user:"));
    let since = match kind {
        LinkKind::Assumed if is_federated => hours_before(time, FEDERATED_HOURS),
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
    let mut steps: Vec<ChainStep> = latest.into_values().cloned().collect();
    steps.sort_by(|a, b| (b.time, &b.event_uid).cmp(&(a.time, &a.event_uid)));
    match kind {
        // An interface is of one machine, and the last call that named its groups named all of them.
        LinkKind::Runs => steps.truncate(1),
        LinkKind::Guards => {
            let last = steps.first().map(|step| step.time);
            steps.retain(|step| Some(step.time) == last);
        }
        LinkKind::Assumed => drop_second_names(&mut steps),
        LinkKind::Credentialed => {}
    }
    // Of several who took a session of this name, nobody can say who used it: they have to do with it, no more.
    let is_same_actor = kind.is_same_actor() && steps.len() == 1;
    steps.truncate(BEHIND_MAX);
    steps.into_iter().map(|step| (step, is_same_actor)).collect()
}

/// A session taken across accounts is told twice: in the taker's account by name, in the other by the taker's unique id.
fn drop_second_names(steps: &mut Vec<ChainStep>) {
    let named: Vec<Timestamp> = steps.iter().filter(|step| !is_unique_id(&step.from)).map(|step| step.time).collect();
    let is_near = |time: Timestamp| named.iter().any(|other| time.duration_since(*other).as_secs().abs() <= 2);
    steps.retain(|step| !is_unique_id(&step.from) || !is_near(step.time));
}

/// `AIDA…` and `AROA…` are how IAM numbers users and roles.
fn is_unique_id(entity: &str) -> bool {
    let name = entity.rsplit('/').next().unwrap_or_default();
    name.len() >= 16 && (name.starts_with("AIDA") || name.starts_with("AROA"))
}

/// The links of some kinds that lead to these entities: each pair once a day, by its latest word of the day.
async fn steps(lake: &Lake, condition: &str, list: &str) -> Result<Vec<ChainStep>, Failure> {
    let query = format!(
        "SELECT MAX(time) AS time, from_key, to_key, kind, LAST_VALUE(event_uid ORDER BY time) AS event_uid FROM links \
         WHERE to_key IN ({list}) AND {condition} GROUP BY from_key, to_key, kind, day \
         ORDER BY time DESC, from_key, to_key LIMIT {LINKS_READ_MAX}"
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
        links.behind("s", at(hour)).into_iter().map(|(step, _)| (step.from, step.event_uid)).collect()
    }

    #[test]
    fn a_session_ends_and_its_latest_taking_counts() {
        let steps = [step(1, "ann", LinkKind::Assumed), step(3, "ann", LinkKind::Assumed)];
        assert_eq!(behind(&steps, 4), [("ann".to_owned(), "e-3".to_owned())]);
        assert_eq!(behind(&steps, 16), [], "no session lasts that long");
        assert_eq!(behind(&steps, -2), [], "not taken yet");
    }

    #[test]
    fn of_several_who_took_a_session_none_is_its_actor() {
        let all = ["ann", "bob", "cyd", "dan"].map(|name| step(1, name, LinkKind::Assumed));
        let links = |steps: &[ChainStep]| Links { by_to: BTreeMap::from([("s".to_owned(), steps.to_vec())]) };
        let same = |steps: &[ChainStep]| -> Vec<bool> {
            links(steps).behind("s", at(2)).into_iter().map(|(_, is_same_actor)| is_same_actor).collect()
        };
        assert_eq!(same(&all[..1]), [true]);
        assert_eq!(same(&all[..2]), [false, false]);
        assert_eq!(same(&all), [false; 3], "hiding behind many names hides nobody");
    }

    #[test]
    fn a_machine_keeps_its_groups_until_they_are_replaced() {
        let steps = [step(-5_000, "sg-1", LinkKind::Guards), step(-5_000, "sg-2", LinkKind::Guards)];
        assert_eq!(behind(&steps, 2).len(), 2);
        let replaced = [&steps[..], &[step(-1, "sg-3", LinkKind::Guards)]].concat();
        assert_eq!(behind(&replaced, 2), [("sg-3".to_owned(), "e--1".to_owned())]);
        assert_eq!(behind(&replaced, -3).len(), 2, "before that");
        let moved = [step(-50, "i-a", LinkKind::Runs), step(-5, "i-b", LinkKind::Runs)];
        assert_eq!(behind(&moved, 2), [("i-b".to_owned(), "e--5".to_owned())]);
    }
}
