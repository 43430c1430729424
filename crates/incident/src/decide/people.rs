//! Commands of people: open by hand, severities, acknowledge, assign, note, link, close, disposition.
//!
//! Each repeats harmlessly. Reasons and texts go to the body; codes and opaque person ids stay in the clear.

use jiff::Timestamp;
use ocsf::Severity;
use serde_json::{Value, json};

use super::{existing, text};
use crate::breach_severity::{BreachInputs, assess};
use crate::command::Refusal;
use crate::entry::{
    Acknowledged, Assigned, Closed, Dispositioned, Entry, Event, LinkReason, Linked, Noted, Opened, Origin, Seen,
    SeverityChange, SeveritySet, Verdict,
};
use crate::hash::id_of;
use crate::state::{Incident, State};

/// The longest title of an incident, in characters.
const TITLE_CHARS_MAX: usize = 200;

pub(super) struct Opening {
    pub(super) tenant: String,
    pub(super) reference: String,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) first_event: Timestamp,
    pub(super) by: String,
    pub(super) description: Option<String>,
}

pub(super) fn open(state: &State, wish: Opening, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    text("the reference", &wish.reference)?;
    text("the title", &wish.title)?;
    let body = match &wish.description {
        Some(description) => Some(json!({ "description": text("the description", description)? })),
        None => None,
    };
    let incident = id_of(&["incident", &wish.tenant, "manual", &wish.reference]);
    if state.incidents.contains_key(&incident) {
        return Ok(Vec::new());
    }
    let event = Opened {
        incident,
        number: state.next_number.get(&wish.tenant).copied().unwrap_or(1),
        tenant: wish.tenant,
        title: wish.title.chars().take(TITLE_CHARS_MAX).collect(),
        origin: Origin::Manual { by: wish.by, reference: wish.reference },
        seen: Seen {
            findings: Vec::new(),
            severity: wish.severity,
            confidence: None,
            first_event: wish.first_event,
            last_event: wish.first_event,
            discovered: now,
            keys: Vec::new(),
            signals: Vec::new(),
        },
    };
    Ok(vec![Event::Opened(event).to_parts(now, body)])
}

pub(super) fn set_technical(
    incident: &Incident,
    severity: Option<Severity>,
    by: String,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    if incident.technical_override == severity {
        return Ok(Vec::new());
    }
    let change = SeverityChange::Technical { severity };
    severity_entry(incident, change, by, reason, now)
}

pub(super) fn assess_breach(
    incident: &Incident,
    inputs: BreachInputs,
    by: String,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    if assess(&inputs).is_none() {
        return Err(Refusal::NothingToAssess);
    }
    if let Some(chosen) = &inputs.level_override
        && (chosen.approved_by == chosen.requested_by || chosen.approved_by.trim().is_empty())
    {
        return Err(Refusal::OverrideNeedsApprover);
    }
    if incident.breach.as_ref().is_some_and(|held| held.inputs == inputs) {
        return Ok(Vec::new());
    }
    severity_entry(incident, SeverityChange::Breach { inputs }, by, reason, now)
}

fn severity_entry(
    incident: &Incident,
    change: SeverityChange,
    by: String,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let body = json!({ "reason": text("the reason", reason)? });
    let event = SeveritySet { incident: incident.id.clone(), revision: incident.severity_revision + 1, change, by };
    Ok(vec![Event::SeveritySet(event).to_parts(now, Some(body))])
}

pub(super) fn acknowledge(incident: &Incident, by: String, now: Timestamp) -> Vec<Entry> {
    let held = incident.acknowledged.as_ref().is_some_and(|given| given.priority <= incident.urgency);
    if held {
        return Vec::new();
    }
    let event = Acknowledged { incident: incident.id.clone(), by, priority: incident.urgency };
    vec![Event::Acknowledged(event).to_parts(now, None)]
}

pub(super) fn assign(incident: &Incident, owner: Option<String>, by: String, now: Timestamp) -> Vec<Entry> {
    if incident.owner == owner {
        return Vec::new();
    }
    let event = Assigned { incident: incident.id.clone(), revision: incident.assign_revision + 1, owner, by };
    vec![Event::Assigned(event).to_parts(now, None)]
}

/// A note is the one thing that repeats: two equal notes are two notes. Closed incidents take notes too.
pub(super) fn note(incident: &Incident, words: &str, by: String, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    let body = json!({ "text": text("the note", words)? });
    let event = Noted { incident: incident.id.clone(), revision: incident.notes + 1, by };
    Ok(vec![Event::Noted(event).to_parts(now, Some(body))])
}

pub(super) fn link(
    incident: &Incident,
    other: &Incident,
    reason: LinkReason,
    by: String,
    now: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    if incident.id == other.id {
        return Err(Refusal::SelfLink);
    }
    Ok(link_event(incident, &other.id, reason, by).map(|event| event.to_parts(now, None)).into_iter().collect())
}

/// The link of two incidents, unless they are linked already. The smaller id goes first, so that a pair has one entry.
pub(super) fn link_event(incident: &Incident, other: &str, reason: LinkReason, by: String) -> Option<Event> {
    if incident.links.contains_key(other) {
        return None;
    }
    let own = incident.id.as_str();
    let (first, second) = if own < other { (own, other) } else { (other, own) };
    Some(Event::Linked(Linked { incident: first.to_owned(), other: second.to_owned(), reason, by }))
}

pub(super) struct Closing {
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    pub(super) by: String,
    pub(super) duplicate_of: Option<String>,
}

pub(super) fn close(state: &State, incident: &Incident, wish: Closing, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    let body: Value = json!({ "reason": text("the reason", &wish.reason)? });
    let mut entries = Vec::new();
    if wish.verdict == Verdict::Duplicate {
        let other =
            wish.duplicate_of.as_deref().filter(|other| *other != incident.id).ok_or(Refusal::DuplicateOfWhat)?;
        let other = existing(state, other)?;
        let link = link_event(incident, &other.id, LinkReason::Duplicate, wish.by.clone());
        entries.extend(link.map(|event| event.to_parts(now, None)));
    }
    let event = Closed { incident: incident.id.clone(), verdict: wish.verdict, by: wish.by };
    entries.push(Event::Closed(event).to_parts(now, Some(body)));
    Ok(entries)
}

pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) rule_id: Option<String>,
    pub(super) reason: String,
    pub(super) by: String,
}

/// A finding need not belong to an incident: triage of lone findings feeds the precision of rules as well.
pub(super) fn disposition(
    state: &State,
    finding: String,
    wish: Judgement,
    now: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let body = json!({ "reason": text("the reason", &wish.reason)? });
    let held = state.findings.get(&finding);
    if held.is_some_and(|record| record.verdict == Some(wish.verdict)) {
        return Ok(Vec::new());
    }
    let revision = held.map_or(0, |record| record.revision) + 1;
    let event = Dispositioned { finding, revision, verdict: wish.verdict, rule_id: wish.rule_id, by: wish.by };
    Ok(vec![Event::Dispositioned(event).to_parts(now, Some(body))])
}
