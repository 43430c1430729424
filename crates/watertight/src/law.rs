//! The law as the binary uses it: regimes from content, evaluated for given facts, and the obligations of an incident.
//!
//! `duty` judges; this file turns its answers into entries when something changed. An obligation that the facts no longer
//! support is marked so and stays visible: nothing is withdrawn silently.

use duty::{Facts, Law};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::cases;
use crate::config::Organisation;
use crate::content::{Content, hex};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::output;
use crate::store::Draft;

/// Loads every regime; names those that cannot be used.
pub(crate) fn load(content: &Content) -> Law {
    let files = content.below("regimes").filter(|(name, _)| name.ends_with(".toml"));
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let (law, errors) = Law::load(files);
    for error in errors {
        output::talk(error);
    }
    law
}

/// What one evaluation changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Assessed {
    pub(crate) incident: String,
    pub(crate) required: usize,
    pub(crate) changed: usize,
    pub(crate) no_longer: usize,
    pub(crate) pending: usize,
    pub(crate) review: usize,
}

/// Asks the law about an incident as its facts stand, and appends what changed.
pub(crate) async fn assess(
    instance: &mut Instance,
    law: &Law,
    incident: &str,
    now: Timestamp,
) -> Result<Assessed, Failure> {
    let facts = incident_facts(instance, incident).await?;
    let parsed =
        Facts::from_value(json!({"id": incident, "facts": facts})).or_usage("failed to read the incident's facts")?;
    let answer = law.evaluate(&parsed, now);
    let known = known_obligations(instance, incident).await?;
    let mut drafts = vec![evaluation(incident, &facts, &answer, now)];
    let mut assessed = Assessed {
        incident: incident.to_owned(),
        required: answer.required.len(),
        pending: answer.pending.len(),
        review: answer.review.len(),
        ..Assessed::default()
    };
    let mut seen = Vec::new();
    for (state, obligations) in
        [("required", &answer.required), ("suspended", &answer.suspended), ("satisfied", &answer.satisfied)]
    {
        for obligation in obligations {
            let clear = clear_part(incident, obligation, state)?;
            let id = clear["id"].as_str().unwrap_or_default().to_owned();
            if known.get(&id).is_none_or(|before| before["state"] != "fulfilled" && differs(before, &clear)) {
                assessed.changed += 1;
                drafts.push(following("obligation.set", incident, clear, known.get(&id), now));
            }
            seen.push(id);
        }
    }
    for (id, before) in known.iter().filter(|(id, before)| {
        !seen.contains(id) && before["state"] != "no_longer_required" && before["state"] != "fulfilled"
    }) {
        assessed.no_longer += 1;
        let clear = json!({"id": id, "incident": incident, "state": "no_longer_required", "was": before["state"]});
        drafts.push(following("obligation.unsupported", incident, clear, Some(before), now));
    }
    cases::append(instance, &drafts).await?;
    Ok(assessed)
}

/// The incident's facts, with what the organisation says of itself where nobody has said otherwise.
pub(crate) async fn incident_facts(instance: &Instance, incident: &str) -> Result<Value, Failure> {
    let cases = instance.store.cases().await;
    let found = cases.incidents.find(incident);
    let found = found.ok_or_else(|| Failure::usage(format!("there is no incident `{incident}`")))?;
    let mut facts = incident::breach_facts(found);
    if let Some(facts) = facts.as_object_mut() {
        fill_organisation(facts, &instance.config.organisation);
    }
    Ok(facts)
}

pub(crate) fn fill_organisation(facts: &mut Map<String, Value>, organisation: &Organisation) {
    let mut fill = |key: &str, value: Value| {
        facts.entry(key).or_insert(value);
    };
    if !organisation.role.is_empty() {
        fill("role", json!(organisation.role));
    }
    if let Some(sector) = &organisation.sector {
        fill("sector", json!(sector));
    }
    if let Some(establishment) = &organisation.establishment {
        fill("establishment", json!(establishment));
    }
}

async fn known_obligations(
    instance: &Instance,
    incident: &str,
) -> Result<std::collections::BTreeMap<String, Value>, Failure> {
    let documents = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    let ours = documents.into_iter().filter(|document| document["incident"] == incident);
    Ok(ours.filter_map(|document| Some((document["id"].as_str()?.to_owned(), document))).collect())
}

/// The clear part of an obligation: everything the answer says, under an id that stays the same while its date moves.
fn clear_part(incident: &str, obligation: &duty::Obligation, state: &str) -> Result<Value, Failure> {
    let mut clear = serde_json::to_value(obligation).or_fail("failed to print an obligation")?;
    let id = hash(&[incident, &obligation.rule_id, &obligation.recipient]);
    if let Some(fields) = clear.as_object_mut() {
        fields.insert("id".to_owned(), json!(id));
        fields.insert("incident".to_owned(), json!(incident));
        fields.insert("state".to_owned(), json!(state));
        // Overdue is a question of now, not a property of the duty.
        fields.remove("overdue");
    }
    Ok(clear)
}

/// Compares only what the new answer says; the document also holds bookkeeping of its own.
fn differs(before: &Value, clear: &Value) -> bool {
    clear.as_object().is_some_and(|fields| fields.iter().any(|(key, value)| before.get(key) != Some(value)))
}

/// The entry that says which law was asked about which facts, and how many answers there were of each kind.
fn evaluation(incident: &str, facts: &Value, answer: &duty::Answer, now: Timestamp) -> Draft {
    let clear = json!({
        "incident": incident,
        "facts_hash": hash(&[&facts.to_string()]),
        "law": answer.law,
        "as_of": answer.as_of,
        "required": answer.required.len(),
        "not_required": answer.not_required.len(),
        "pending": answer.pending,
        "review": answer.review,
    });
    draft("law.evaluated", incident, clear, now)
}

fn draft(kind: &str, incident: &str, clear: Value, now: Timestamp) -> Draft {
    let id = hash(&[kind, incident, &clear.to_string()]);
    Draft { id, kind: kind.to_owned(), at: now, subject: incident.to_owned(), clear, body: None }
}

/// An entry that changes a document. Its id names the version it follows: what comes back after it went is a new entry, while
/// saying the same thing twice is not.
fn following(kind: &str, incident: &str, clear: Value, before: Option<&Value>, now: Timestamp) -> Draft {
    let version = before.map_or_else(String::new, |before| before["last"]["position"].to_string());
    let id = hash(&[kind, incident, &clear.to_string(), &version]);
    Draft { id, kind: kind.to_owned(), at: now, subject: incident.to_owned(), clear, body: None }
}

/// SHA-256 over length-prefixed parts, first 16 bytes in hex.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(hasher.finalize().get(..16).unwrap_or_default())
}
