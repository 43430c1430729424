//! `decide`: what a command means for the cases as they stand, as entries for the log. It changes nothing itself.
//!
//! Deciding a second time after its own entries were applied yields no entries: the ids of findings, facts and timers
//! make every command idempotent. To add a command, copy the neighbour, list it here.

mod facts;
mod findings;
mod people;
mod ticks;

use jiff::Timestamp;

use crate::command::{Command, Refusal};
use crate::entry::Entry;
use crate::state::{Incident, State};

/// The longest free text in one entry's body.
const TEXT_BYTES_MAX: usize = 32 * 1024;
/// An entry of the sealed log stays below 64 KiB; the rest is left for what the log adds.
const ENTRY_BYTES_MAX: usize = 60 * 1024;

/// Judges one command at `now`.
pub fn decide(state: &State, command: Command, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    // Findings are bounded by construction: the flow must never stop at a large batch.
    let bounded = matches!(command, Command::Findings(_) | Command::Triaged { .. } | Command::Relate(_));
    let entries = judge(state, command, now)?;
    // Lists and codes of one command add up; the log would refuse the line later and with less to say.
    let size = |entry: &Entry| serde_json::to_string(entry).map_or(usize::MAX, |line| line.len());
    if !bounded && entries.iter().any(|entry| ENTRY_BYTES_MAX < size(entry)) {
        return Err(Refusal::TooLong { what: "the command, with all its lists", max: ENTRY_BYTES_MAX });
    }
    Ok(entries)
}

fn judge(state: &State, command: Command, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    match command {
        Command::Findings(batch) => findings::decide(state, &batch, &[], now),
        Command::Triaged { findings, held_back } => findings::decide(state, &findings, &held_back, now),
        Command::Relate(findings) => findings::relate(state, &findings, now),
        Command::Open { tenant, reference, title, severity, first_event, by, description } => {
            let wish = people::Opening { tenant, reference, title, severity, first_event, by, description };
            people::open(state, wish, now)
        }
        Command::SetFact { incident, fact, expected } => {
            facts::set(changeable(state, &incident, expected)?, state, fact, now)
        }
        Command::SetTechnicalSeverity { incident, severity, by, reason, expected } => {
            people::set_technical(changeable(state, &incident, expected)?, severity, by, &reason, now)
        }
        Command::AssessBreach { incident, inputs, by, reason, expected } => {
            people::assess_breach(changeable(state, &incident, expected)?, *inputs, by, &reason, now)
        }
        Command::Acknowledge { incident, by } => Ok(people::acknowledge(changeable(state, &incident, None)?, by, now)),
        Command::Assign { incident, owner, by, expected } => {
            Ok(people::assign(changeable(state, &incident, expected)?, owner, by, now))
        }
        Command::Note { incident, text, by } => people::note(existing(state, &incident)?, &text, by, now),
        Command::Link { incident, other, reason, by } => {
            people::link(existing(state, &incident)?, existing(state, &other)?, reason, by, now)
        }
        Command::Close { incident, verdict, reason, by, duplicate_of, expected } => {
            let wish = people::Closing { verdict, reason, by, duplicate_of };
            people::close(state, changeable(state, &incident, expected)?, wish, now)
        }
        Command::Disposition { finding, verdict, rule_id, reason, by } => {
            let wish = people::Judgement { verdict, rule_id, reason, by };
            people::disposition(state, finding, wish, now)
        }
        Command::Tick => Ok(ticks::decide(state, now)),
    }
}

fn existing<'state>(state: &'state State, id: &str) -> Result<&'state Incident, Refusal> {
    state.incidents.get(id).ok_or_else(|| Refusal::NoSuchIncident(id.to_owned()))
}

fn changeable<'state>(state: &'state State, id: &str, expected: Option<u64>) -> Result<&'state Incident, Refusal> {
    let incident = existing(state, id)?;
    if let Some(expected) = expected
        && expected != incident.version
    {
        return Err(Refusal::Conflict { incident: id.to_owned(), expected, actual: incident.version });
    }
    if incident.closed.is_some() {
        return Err(Refusal::IncidentClosed { incident: id.to_owned() });
    }
    Ok(incident)
}

/// Free text with its bounds checked.
fn text<'text>(what: &'static str, text: &'text str) -> Result<&'text str, Refusal> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(Refusal::TooLong { what, max: TEXT_BYTES_MAX });
    }
    if text.trim().is_empty() {
        return Err(Refusal::Empty { what });
    }
    Ok(text)
}
