//! Timers that are due become `incident.escalated` entries, each once.
//!
//! The binary pages people from the entry; nothing is sent here.

use jiff::Timestamp;

use crate::entry::{Entry, Escalated, Event};
use crate::state::State;
use crate::timers::due_timers;

pub(super) fn decide(state: &State, now: Timestamp) -> Vec<Entry> {
    due_timers(state, now)
        .into_iter()
        .map(|timer| {
            let event =
                Escalated { incident: timer.incident, timer: timer.id, kind: timer.kind, to: timer.to, due: timer.due };
            Event::Escalated(event).to_parts(now, None)
        })
        .collect()
}
