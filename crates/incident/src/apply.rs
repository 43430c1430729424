//! `apply`: one entry onto the state. The same code for live work and for rebuilding from the log.
//!
//! Reads the clear part only, so a state rebuilt after bodies were erased equals the live one. It judges nothing: a line
//! of the log has happened.

use jiff::Timestamp;

use crate::breach_severity::assess;
use crate::entry::{
    Acknowledged, Assigned, Closed, Dispositioned, Entry, Escalated, Event, Joined, Linked, Noted, Opened, ReadError,
    Seen, SeverityChange, SeveritySet,
};
use crate::fact::{FactSetClear, FactVersion};
use crate::priority::priority;
use crate::state::{Acknowledgement, Incident, SeenSpan, Signal, State};

/// Group keys one incident may hold; hostile logs could invent new ones without end. Further keys do not group.
const KEYS_PER_INCIDENT_MAX: usize = 4096;

/// Folds one entry in. Entries of other stations change nothing.
pub fn apply(state: &mut State, entry: &Entry) -> Result<(), ReadError> {
    let Some(event) = Event::from_clear(entry)? else { return Ok(()) };
    apply_event(state, Line { id: &entry.id, at: entry.at }, event)
}

/// Which line of the log it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'line> {
    pub(crate) id: &'line str,
    pub(crate) at: Timestamp,
}

/// The same for an event that is not JSON yet.
pub(crate) fn apply_event(state: &mut State, entry: Line<'_>, event: Event) -> Result<(), ReadError> {
    match event {
        Event::Opened(event) => opened(state, entry, event),
        Event::Joined(event) => joined(state, entry, &event)?,
        Event::Linked(event) => linked(state, entry, &event)?,
        Event::FactSet(event) => fact_set(incident_mut(state, entry, &event.incident)?, entry, &event),
        Event::SeveritySet(event) => severity_set(incident_mut(state, entry, &event.incident)?, entry.at, event),
        Event::Acknowledged(event) => acknowledged(incident_mut(state, entry, &event.incident)?, entry.at, event),
        Event::Assigned(event) => assigned(incident_mut(state, entry, &event.incident)?, event),
        Event::Escalated(event) => escalated(incident_mut(state, entry, &event.incident)?, event),
        Event::Noted(event) => noted(incident_mut(state, entry, &event.incident)?, &event),
        Event::Closed(event) => closed(incident_mut(state, entry, &event.incident)?, entry.at, event),
        Event::Dispositioned(event) => dispositioned(state, event),
    }
    Ok(())
}

fn incident_mut<'state>(
    state: &'state mut State,
    entry: Line<'_>,
    id: &str,
) -> Result<&'state mut Incident, ReadError> {
    let missing = || ReadError::NoIncident { id: entry.id.to_owned(), incident: id.to_owned() };
    let incident = state.incidents.get_mut(id).ok_or_else(missing)?;
    incident.version += 1;
    Ok(incident)
}

fn opened(state: &mut State, entry: Line<'_>, event: Opened) {
    let next = state.next_number.entry(event.tenant.clone()).or_insert(1);
    *next = (*next).max(event.number + 1);
    let incident = Incident {
        id: event.incident.clone(),
        tenant: event.tenant,
        number: event.number,
        title: event.title,
        origin: event.origin,
        opened_at: entry.at,
        events: SeenSpan { first: event.seen.first_event, last: event.seen.last_event },
        discovered: event.seen.discovered,
        finding_count: 0,
        technical: event.seen.severity,
        technical_override: None,
        confidence: None,
        breach: None,
        severity_revision: 0,
        priority: priority(event.seen.severity, None),
        urgency: priority(event.seen.severity, None),
        urgency_since: entry.at,
        acknowledged: None,
        owner: None,
        assign_revision: 0,
        facts: std::collections::BTreeMap::new(),
        signals: std::collections::BTreeMap::new(),
        links: std::collections::BTreeMap::new(),
        notes: 0,
        fired: std::collections::BTreeSet::new(),
        closed: None,
        version: 1,
        keys: std::collections::BTreeMap::new(),
    };
    state.incidents.insert(event.incident.clone(), incident);
    add_seen(state, &event.incident, &event.seen, entry.at);
}

fn joined(state: &mut State, entry: Line<'_>, event: &Joined) -> Result<(), ReadError> {
    incident_mut(state, entry, &event.incident)?;
    add_seen(state, &event.incident, &event.seen, entry.at);
    Ok(())
}

fn add_seen(state: &mut State, id: &str, seen: &Seen, at: Timestamp) {
    for uid in &seen.findings {
        state.findings.entry(uid.clone()).or_default().incident = Some(id.to_owned());
    }
    let Some(incident) = state.incidents.get_mut(id) else { return };
    incident.finding_count += seen.findings.len() as u64;
    incident.events.first = incident.events.first.min(seen.first_event);
    incident.events.last = incident.events.last.max(seen.last_event);
    incident.discovered = incident.discovered.min(seen.discovered);
    incident.technical = incident.technical.max(seen.severity);
    incident.confidence = incident.confidence.max(seen.confidence);
    for signal in &seen.signals {
        let held = incident.signals.entry(signal.dedup.clone()).or_insert_with(|| Signal {
            rule_id: signal.rule_id.clone(),
            rule_title: signal.rule_title.clone(),
            surface: signal.surface.clone(),
            severity: signal.severity,
            count: 0,
            span: SeenSpan { first: signal.first, last: signal.last },
        });
        held.count += signal.count;
        held.severity = held.severity.max(signal.severity);
        widen(&mut held.span, signal.first, signal.last);
    }
    for key in &seen.keys {
        if let Some(span) = incident.keys.get_mut(&key.key) {
            widen(span, key.first, key.last);
        } else if incident.keys.len() < KEYS_PER_INCIDENT_MAX {
            incident.keys.insert(key.key.clone(), SeenSpan { first: key.first, last: key.last });
            state.by_key.entry(key.key.clone()).or_default().insert(id.to_owned());
        }
    }
    reprioritise(incident, at);
}

fn widen(span: &mut SeenSpan, first: Timestamp, last: Timestamp) {
    span.first = span.first.min(first);
    span.last = span.last.max(last);
}

fn reprioritise(incident: &mut Incident, at: Timestamp) {
    let breach = incident.breach.as_ref().map(|assessment| assessment.level);
    incident.priority = priority(incident.severity(), breach);
    // P1 is the smallest. Only a rise above all that was restarts the clocks; a fall leaves them as they ran.
    if incident.priority < incident.urgency {
        incident.urgency = incident.priority;
        incident.urgency_since = at;
    }
}

fn linked(state: &mut State, entry: Line<'_>, event: &Linked) -> Result<(), ReadError> {
    incident_mut(state, entry, &event.incident)?.links.entry(event.other.clone()).or_insert(event.reason);
    incident_mut(state, entry, &event.other)?.links.entry(event.incident.clone()).or_insert(event.reason);
    Ok(())
}

fn fact_set(incident: &mut Incident, entry: Line<'_>, event: &FactSetClear) {
    incident.facts.entry(event.name.clone()).or_default().push(FactVersion {
        value: event.value.clone(),
        in_body: event.in_body,
        digest: event.digest.clone(),
        asserted_by: event.asserted_by.clone(),
        approved_by: event.approved_by.clone(),
        evidence: event.evidence.clone(),
        at: entry.at,
        entry: entry.id.to_owned(),
        revision: event.revision,
    });
}

fn severity_set(incident: &mut Incident, at: Timestamp, event: SeveritySet) {
    incident.severity_revision = event.revision;
    match event.change {
        SeverityChange::Technical { severity } => incident.technical_override = severity,
        SeverityChange::Breach { inputs } => incident.breach = assess(&inputs),
    }
    reprioritise(incident, at);
}

fn acknowledged(incident: &mut Incident, at: Timestamp, event: Acknowledged) {
    incident.acknowledged = Some(Acknowledgement { by: event.by, at, priority: event.priority });
}

fn assigned(incident: &mut Incident, event: Assigned) {
    incident.assign_revision = event.revision;
    incident.owner = event.owner;
}

fn escalated(incident: &mut Incident, event: Escalated) {
    incident.fired.insert(event.timer);
}

fn noted(incident: &mut Incident, event: &Noted) {
    incident.notes = event.revision;
}

fn closed(incident: &mut Incident, at: Timestamp, event: Closed) {
    incident.closed = Some((at, event.verdict, event.by));
}

fn dispositioned(state: &mut State, event: Dispositioned) {
    let record = state.findings.entry(event.finding).or_default();
    record.verdict = Some(event.verdict);
    record.verdict_by = Some(event.by);
    record.revision = event.revision;
}
