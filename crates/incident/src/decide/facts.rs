//! Setting a fact: checked, versioned, and for awareness with a second person when it changes.
//!
//! Free text goes to the body and leaves a keyed digest in the clear.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::command::Refusal;
use crate::entry::{Entry, Event};
use crate::fact::{Asserter, Fact, FactKind, FactSetClear, FactValue, FactVersion, check};
use crate::hash::keyed_id_of;
use crate::state::{Incident, State};

pub(super) fn set(incident: &Incident, state: &State, fact: Fact, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    let kind = check(&fact, now)?;
    let (value, text) = match (kind, fact.value) {
        (FactKind::Text, FactValue::Known(Value::String(text))) => (FactValue::Unknown, Some(text)),
        (_, value) => (value, None),
    };
    let digest = text.as_ref().map(|text| keyed_id_of(&state.config.pepper, &[&incident.id, &fact.name, text]));
    let current = incident.fact(&fact.name);
    let repeated = current
        .is_some_and(|held| held.value == value && held.digest == digest && held.asserted_by == fact.asserted_by);
    if repeated {
        return Ok(Vec::new());
    }
    if let Some(held) = current
        && fact.name == "times.aware"
    {
        second_person(held, &fact.name, &fact.asserted_by, fact.approved_by.as_deref())?;
    }
    let event = FactSetClear {
        incident: incident.id.clone(),
        revision: current.map_or(0, |held| held.revision) + 1,
        name: fact.name,
        value,
        in_body: text.is_some(),
        digest,
        asserted_by: fact.asserted_by,
        approved_by: fact.approved_by,
        evidence: fact.evidence,
    };
    let body = text.map(|text| json!({ "text": text }));
    Ok(vec![Event::FactSet(event).to_parts(now, body)])
}

/// Moving the awareness time moves legal clocks, so it takes somebody who set neither the old nor the new one.
fn second_person(held: &FactVersion, name: &str, by: &Asserter, approver: Option<&str>) -> Result<(), Refusal> {
    let is = |asserter: &Asserter, person: &str| matches!(asserter, Asserter::Human(id) if id == person);
    let independent = approver.is_some_and(|person| !is(by, person) && !is(&held.asserted_by, person));
    if held.is_known() && !independent {
        return Err(Refusal::AwarenessNeedsApprover { name: name.to_owned() });
    }
    Ok(())
}
