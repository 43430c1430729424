//! The facts in force as one JSON object in the facts format, for `duty` and `notice`.
//!
//! Unknown stays absent (null for people by residence, as the format has it); a default is never written.

use serde_json::{Map, Value, json};

use super::names::is_for_notices;
use super::{FactValue, FactVersion};
use crate::Incident;

/// The object that `duty` reads: facts of the format, no texts.
#[must_use]
pub fn breach_facts(incident: &Incident) -> Value {
    let mut facts = Map::new();
    for (name, versions) in &incident.facts {
        let Some(latest) = versions.last().filter(|_| !is_for_notices(name)) else { continue };
        if let Some(value) = value_of(name, latest, &|_: &str| None) {
            put(&mut facts, name, value);
        }
    }
    Value::Object(facts)
}

/// The object that `notice` reads: everything, with free texts under `narrative`. `body_of` reads the text from the body
/// of an entry; `None` means that it was erased, and the text is absent then.
#[must_use]
pub fn notice_facts(incident: &Incident, body_of: impl Fn(&str) -> Option<String>) -> Value {
    let mut facts = Map::new();
    for (name, versions) in &incident.facts {
        let Some(latest) = versions.last() else { continue };
        if let Some(value) = value_of(name, latest, &body_of) {
            put(&mut facts, name, value);
        }
    }
    Value::Object(facts)
}

fn value_of(name: &str, version: &FactVersion, body_of: &impl Fn(&str) -> Option<String>) -> Option<Value> {
    if version.in_body {
        return body_of(&version.entry).map(Value::String);
    }
    match &version.value {
        FactValue::Known(value) => Some(value.clone()),
        FactValue::Range(min, max) => Some(json!([min, max])),
        // People of a known residence and unknown number differ from a residence nobody has thought of.
        FactValue::Unknown => name.starts_with("subjects.").then_some(Value::Null),
    }
}

fn put(facts: &mut Map<String, Value>, name: &str, value: Value) {
    let Some((family, member)) = name.split_once('.') else {
        facts.insert(name.to_owned(), value);
        return;
    };
    let group = facts.entry(family.to_owned()).or_insert_with(|| json!({}));
    if let Value::Object(members) = group {
        members.insert(member.to_owned(), value);
    }
}
