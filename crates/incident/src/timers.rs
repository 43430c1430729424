//! Timers as values: who has to be called when, computed from the state.
//!
//! No thread sleeps here. The binary asks `due_timers` with its clock (also at start, so overdue ones fire) and hands
//! `Command::Tick` to `decide`, which writes one `incident.escalated` for each; the entry id makes it fire once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hash::id_of;
use crate::state::{Incident, State};

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// Nobody has acknowledged: the next step of the escalation chain.
    Acknowledge,
    /// The internal 24-hour rule: nobody has attested awareness nor closed the incident.
    AssessBreach,
}

/// Somebody is to be called at `due`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Unique within the incident; fires once.
    pub id: String,
    pub incident: String,
    pub kind: TimerKind,
    pub due: Timestamp,
    /// A role, resolved by the binary.
    pub to: String,
}

/// Every timer that has not fired, earliest first, whether due or not.
#[must_use]
pub fn timers(state: &State) -> Vec<Timer> {
    let mut list: Vec<Timer> = state.incidents.values().flat_map(|incident| timers_of(state, incident)).collect();
    list.sort_by(|left, right| (left.due, &left.incident, &left.id).cmp(&(right.due, &right.incident, &right.id)));
    list
}

/// Those of them that are due at `now`.
#[must_use]
pub fn due_timers(state: &State, now: Timestamp) -> Vec<Timer> {
    timers(state).into_iter().filter(|timer| timer.due <= now).collect()
}

fn timers_of(state: &State, incident: &Incident) -> Vec<Timer> {
    if incident.closed.is_some() {
        return Vec::new();
    }
    let mut list = acknowledge_timers(state, incident);
    list.extend(assess_timer(state, incident));
    list.retain(|timer| !incident.fired.contains(&timer.id));
    list
}

fn acknowledge_timers(state: &State, incident: &Incident) -> Vec<Timer> {
    // P1 is the smallest: an acknowledgement holds while the incident has not become more urgent since.
    let held = incident.acknowledged.as_ref().is_some_and(|given| given.priority <= incident.urgency);
    if held {
        return Vec::new();
    }
    let chain = state.config.chains.get(&incident.urgency).map(Vec::as_slice).unwrap_or_default();
    chain
        .iter()
        .enumerate()
        .map(|(step, rung)| Timer {
            // The priority is part of the id: a rise calls again from the first step.
            id: id_of(&["acknowledge", &format!("{:?}", incident.urgency), &step.to_string()]),
            incident: incident.id.clone(),
            kind: TimerKind::Acknowledge,
            due: later(incident.urgency_since, rung.after),
            to: rung.to.clone(),
        })
        .collect()
}

fn assess_timer(state: &State, incident: &Incident) -> Option<Timer> {
    let attested = incident.fact("times.aware").is_some_and(crate::fact::FactVersion::is_known);
    (!attested).then(|| Timer {
        id: id_of(&["assess_breach"]),
        incident: incident.id.clone(),
        kind: TimerKind::AssessBreach,
        due: later(incident.discovered, state.config.assess_within),
        to: state.config.assess_role.clone(),
    })
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
