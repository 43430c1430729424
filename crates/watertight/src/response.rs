//! What follows from an incident without anybody asking: its events are held, its exposure is measured, what was counted is
//! stated as facts, and the law is asked.
//!
//! Each step is left out while nothing has changed since it was last done, so running all of it again costs little, and a crash
//! between two is mended by the next run. What needs judgement (the risk, when we became aware, the text) waits for a person.

use duty::Law;
use incident::Incident;
use jiff::Timestamp;

use crate::cases;
use crate::exit::{Failure, OrFail as _};
use crate::exposure::Exposure;
use crate::instance::Instance;
use crate::law::{self, Assessed};
use crate::{exposure, holds, output};

/// Follows up every open incident that changed. Returns what the law said of each it was asked about.
///
/// # Errors
/// The first failure, after every other incident had its turn.
pub(crate) async fn follow_up(instance: &mut Instance, law: &Law, now: Timestamp) -> Result<Vec<Assessed>, Failure> {
    let (mut assessed, mut failed) = (Vec::new(), None);
    for incident in cases::open_incidents(&instance.store).await {
        match follow(instance, law, &incident, now).await {
            Ok(answer) => assessed.extend(answer),
            Err(failure) => {
                tracing::error!(incident, "failed to follow up: {failure}");
                failed.get_or_insert(failure);
            }
        }
    }
    failed.map_or(Ok(assessed), Err)
}

async fn follow(
    instance: &mut Instance,
    law: &Law,
    incident: &str,
    now: Timestamp,
) -> Result<Option<Assessed>, Failure> {
    if has_grown(instance, incident).await? {
        measure(instance, incident, now).await?;
    }
    if law_is_behind(instance, law, incident, now).await? {
        return law::assess(instance, law, incident, now).await.map(Some);
    }
    Ok(None)
}

/// Holds the events of an incident, measures what got out, and states what was counted.
pub(crate) async fn measure(instance: &mut Instance, incident: &str, now: Timestamp) -> Result<Exposure, Failure> {
    holds::hold_incident(instance, incident, now).await?;
    let measured = exposure::measure(instance, incident).await?;
    for name in exposure::state_facts(instance, &measured, now).await? {
        output::talk(exposure::stays(&name));
    }
    // Last, because it says that all of this was done for so many findings.
    exposure::record(instance, &measured, now).await?;
    Ok(measured)
}

/// A finding joined since the exposure was measured, or a correlation that belongs to it went on.
async fn has_grown(instance: &Instance, incident: &str) -> Result<bool, Failure> {
    let measured = instance.store.document("exposure", incident).await.or_fail("failed to read the exposure")?;
    let Some(measured) = measured else { return Ok(true) };
    let findings = instance.store.cases().await.incidents.find(incident).map(|found| found.finding_count);
    if findings != measured["findings"].as_u64() {
        return Ok(true);
    }
    let events = exposure::event_uids(instance, incident).await?.len();
    Ok(measured["event_uids"] != events)
}

/// The law was not asked since the facts or the law changed, or a question of it has run out of time.
async fn law_is_behind(instance: &Instance, law: &Law, incident: &str, now: Timestamp) -> Result<bool, Failure> {
    let found = instance.store.cases().await.incidents.find(incident).cloned();
    if !found.is_some_and(|found| somebody_is_concerned(&found)) {
        return Ok(false);
    }
    let evaluation =
        instance.store.document("evaluation", incident).await.or_fail("failed to read the law's answer")?;
    let Some(evaluation) = evaluation else { return Ok(true) };
    // What the organisation says of itself is among the facts, and it may have changed without the incident.
    let facts_hash = law::facts_hash(&law::incident_facts(instance, incident).await?);
    Ok(evaluation["facts_hash"] != facts_hash
        || evaluation["law_set"] != law::set_hash(law)
        || law::has_failed_safe(&evaluation, now)
        || was_asked_later_than(&evaluation, now))
}

/// A clock that was ahead let times run out that have not come yet.
fn was_asked_later_than(evaluation: &serde_json::Value, now: Timestamp) -> bool {
    evaluation["as_of"].as_str().and_then(|text| text.parse::<Timestamp>().ok()).is_some_and(|asked| now < asked)
}

/// No law can be asked before it is known, or said by a person, where anybody concerned lives.
fn somebody_is_concerned(found: &Incident) -> bool {
    found.facts.keys().any(|name| name == "subjects" || name.starts_with("subjects."))
}
