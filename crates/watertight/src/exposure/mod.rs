//! Scope: from an incident's findings to the objects and rows that got out, and from these to the people in them.
//!
//! `traces` reads what was touched from the events, `people` opens it and counts, `facts` turns the count into the facts
//! the law is asked with. What cannot be opened is named and makes the count a lower bound, never a guess.

mod customers;
mod facts;
mod people;
mod traces;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cases;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law;
use crate::store::Draft;

pub(crate) use facts::{state_facts, stays};
pub(crate) use traces::event_uids;

/// What got out.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Exposure {
    pub(crate) incident: String,
    /// Objects, tables and row sets, each with what was done to it.
    pub(crate) objects: Vec<ExposedObject>,
    /// Distinct people, by whatever key tells them apart.
    pub(crate) subjects: u64,
    /// At most so many, where the telemetry counts records it does not name.
    pub(crate) subjects_at_most: Option<u64>,
    pub(crate) residency: BTreeMap<String, u64>,
    /// Element classes of the law model.
    pub(crate) elements: BTreeSet<String>,
    /// Customers whose people are among the subjects.
    pub(crate) customers: BTreeSet<String>,
    /// What could not be opened and why; the counts are lower bounds while this is not empty.
    pub(crate) not_opened: Vec<String>,
    /// More people may be concerned than were counted.
    pub(crate) lower_bound: bool,
    /// What was taken for granted, in words.
    pub(crate) assumptions: Vec<String>,
    pub(crate) events: usize,
    /// Findings of the incident when this was measured, and the events they stand on.
    pub(crate) findings: u64,
    pub(crate) event_uids: usize,
}

/// One thing that got out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ExposedObject {
    pub(crate) uri: String,
    /// `None` for rows that were named in a log.
    pub(crate) path: Option<String>,
    pub(crate) records: u64,
    pub(crate) reads: u64,
}

/// Measures the exposure of an incident. Nothing is written.
pub(crate) async fn measure(instance: &Instance, incident: &str) -> Result<Exposure, Failure> {
    // Counted before reading: what joins meanwhile is measured the next time.
    let findings = instance.store.cases().await.incidents.find(incident).map_or(0, |found| found.finding_count);
    let traces = traces::of_incident(instance, incident).await?;
    let mut exposure = people::count(instance, &traces)?;
    exposure.incident = incident.to_owned();
    exposure.findings = findings;
    Ok(exposure)
}

/// The exposure of a list of objects, given as paths below the objects' root.
pub(crate) fn measure_objects(instance: &Instance, objects: &[String]) -> Result<Exposure, Failure> {
    let traces =
        traces::Traces { objects: objects.iter().map(|path| (path.clone(), 1)).collect(), ..traces::Traces::default() };
    people::count(instance, &traces)
}

/// Records the exposure in the log: counts in the clear, the list of objects in the incident's encrypted body.
pub(crate) async fn record(instance: &mut Instance, exposure: &Exposure, now: Timestamp) -> Result<(), Failure> {
    let clear = json!({
        "id": exposure.incident, "incident": exposure.incident, "objects": exposure.objects.len(), "subjects": exposure.subjects,
        "subjects_at_most": exposure.subjects_at_most, "residency": exposure.residency, "elements": exposure.elements,
        "customers": exposure.customers.len(), "not_opened": exposure.not_opened.len(), "events": exposure.events,
        "findings": exposure.findings, "event_uids": exposure.event_uids,
    });
    let before =
        instance.store.document("exposure", &exposure.incident).await.or_fail("failed to read the exposure")?;
    let version = before.map_or_else(String::new, |before| before["last"]["position"].to_string());
    let body: Value = serde_json::to_value(exposure).or_fail("failed to keep the exposure")?;
    let draft = Draft {
        id: law::hash(&["exposure.measured", &clear.to_string(), &version]),
        kind: "exposure.measured".to_owned(),
        at: now,
        subject: exposure.incident.clone(),
        clear,
        body: Some(body),
    };
    cases::append(instance, &[draft]).await?;
    Ok(())
}
