//! Asking the law about an incident, and putting what changed into the log.
//!
//! An obligation that the facts no longer support is marked so and stays visible: nothing is withdrawn silently. What the law
//! could not decide, and what it said no to, is sealed with the answer; `questions` reads it back.

use std::collections::BTreeMap;

use duty::{Answer, Facts, Law, Obligation};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::questions::{QUESTIONS_ENTRY, unowed};
use super::{concerned, facts_hash, hash, incident_facts, set_hash};
use crate::cases;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::store::{Draft, ObligationState};

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
    let mut drafts = vec![evaluation(incident, &set_hash(law), &facts, &answer, now)?];
    let (set, unsupported) = changes(incident, &answer, &known, &facts, now)?;
    let assessed = Assessed {
        incident: incident.to_owned(),
        required: answer.required.len(),
        changed: set.len(),
        no_longer: unsupported.len(),
        pending: answer.pending.len(),
        review: answer.review.len(),
    };
    drafts.extend(set);
    drafts.extend(unsupported);
    cases::append(instance, &drafts).await?;
    Ok(assessed)
}

type Known = BTreeMap<String, Value>;

async fn known_obligations(instance: &Instance, incident: &str) -> Result<Known, Failure> {
    let documents = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    let ours = documents.into_iter().filter(|document| document["incident"] == incident);
    Ok(ours.filter_map(|document| Some((document["id"].as_str()?.to_owned(), document))).collect())
}

/// Obligations that are new or say something new, and those the facts no longer support.
fn changes(
    incident: &str,
    answer: &Answer,
    known: &Known,
    facts: &Value,
    now: Timestamp,
) -> Result<(Vec<Draft>, Vec<Draft>), Failure> {
    let (mut set, mut seen) = (Vec::new(), Vec::new());
    for (state, obligations) in [
        (ObligationState::Required, &answer.required),
        (ObligationState::Suspended, &answer.suspended),
        (ObligationState::Satisfied, &answer.satisfied),
    ] {
        for obligation in obligations {
            let (id, clear) = clear_part(incident, obligation, state)?;
            let before = known.get(&id);
            // Done for those who were known then; more people are another matter.
            let is_done = before.and_then(ObligationState::of) == Some(ObligationState::Fulfilled)
                && !before.is_some_and(|before| concerned(&clear, facts).outgrows(before));
            if !is_done && before.is_none_or(|before| differs(before, &clear)) {
                set.push(following("obligation.set", incident, clear, before, now));
            }
            seen.push(id);
        }
    }
    let ended = [Some(ObligationState::NoLongerRequired), Some(ObligationState::Fulfilled)];
    let gone = known.iter().filter(|(id, before)| !seen.contains(id) && !ended.contains(&ObligationState::of(before)));
    let unsupported = gone.map(|(id, before)| {
        let state = ObligationState::NoLongerRequired;
        let clear = json!({"id": id, "incident": incident, "state": state, "was": before["state"]});
        following("obligation.unsupported", incident, clear, Some(before), now)
    });
    Ok((set, unsupported.collect()))
}

/// The clear part of an obligation: everything the answer says, under an id that stays the same while its date moves.
fn clear_part(incident: &str, obligation: &Obligation, state: ObligationState) -> Result<(String, Value), Failure> {
    let mut clear = serde_json::to_value(obligation).or_fail("failed to print an obligation")?;
    let id = hash(&[incident, &obligation.rule_id, &obligation.recipient]);
    if let Some(fields) = clear.as_object_mut() {
        fields.insert("id".to_owned(), json!(id));
        fields.insert("incident".to_owned(), json!(incident));
        fields.insert("state".to_owned(), json!(state));
        // Overdue is a question of now, not a property of the duty.
        fields.remove("overdue");
    }
    Ok((id, clear))
}

/// Compares only what the new answer says; the document also holds bookkeeping of its own.
fn differs(before: &Value, clear: &Value) -> bool {
    clear.as_object().is_some_and(|fields| fields.iter().any(|(key, value)| before.get(key) != Some(value)))
}

/// The entry that says which law was asked about which facts and how many answers there were of each kind. The answers that
/// make no obligation are its body: with every duty undecided they would not fit into an entry.
fn evaluation(incident: &str, law_set: &str, facts: &Value, answer: &Answer, now: Timestamp) -> Result<Draft, Failure> {
    let next = answer.pending.iter().filter_map(|pending| pending.fail_safe_at.as_ref()?.parse::<Timestamp>().ok());
    let mut clear = json!({
        "id": incident,
        "incident": incident,
        "facts_hash": facts_hash(facts),
        "law_set": law_set,
        "law": law_stamps(answer),
        "as_of": answer.as_of,
        "required": answer.required.len(),
        "not_required": answer.not_required.len(),
        "pending": answer.pending.len(),
        "review": answer.review.len(),
        "next_fail_safe_at": next.min(),
    });
    let id = hash(&["law.evaluated", incident, &clear.to_string()]);
    clear[QUESTIONS_ENTRY] = json!(id);
    let body = serde_json::to_value(unowed(answer)).or_fail("failed to keep the law's answer")?;
    Ok(Draft { id, kind: "law.evaluated".to_owned(), at: now, subject: incident.to_owned(), clear, body: Some(body) })
}

/// Which text answered, one short line a regime: its version, whether a person reviewed it, and the start of its hash.
fn law_stamps(answer: &Answer) -> Map<String, Value> {
    let stamp = |law: &duty::LawStamp| {
        let sha256: String = law.sha256.chars().take(16).collect();
        format!("{} {} {sha256}", law.version, law.review_status)
    };
    answer.law.iter().map(|law| (law.regime.clone(), Value::String(stamp(law)))).collect()
}

/// An entry that changes a document. Its id names the version it follows: what comes back after it went is a new entry, while
/// saying the same thing twice is not.
fn following(kind: &str, incident: &str, clear: Value, before: Option<&Value>, now: Timestamp) -> Draft {
    let version = before.map_or_else(String::new, |before| before["last"]["position"].to_string());
    let id = hash(&[kind, incident, &clear.to_string(), &version]);
    Draft { id, kind: kind.to_owned(), at: now, subject: incident.to_owned(), clear, body: None }
}
