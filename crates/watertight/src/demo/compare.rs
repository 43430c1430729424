//! What was found against what was true: each story, each look-alike, people counted against people exposed.
//!
//! Read at the very end. Its answer is printed; nothing of it flows back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use simulate::{GroundTruth, StoryTruth};

use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;

/// One finding as far as comparing needs it.
#[derive(Debug, Clone)]
struct Found {
    uid: String,
    title: String,
    severity: i64,
    event_uid: String,
    actor: String,
    resources: Vec<String>,
    time: Timestamp,
    incident: Option<String>,
}

/// A story and what became of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StoryFound {
    pub(crate) story: String,
    pub(crate) title: String,
    pub(crate) found: bool,
    pub(crate) findings: usize,
    pub(crate) rules: BTreeSet<String>,
    /// First finding minus the deed; negative when the preparation was noticed.
    pub(crate) seconds_after_deed: Option<i64>,
    pub(crate) incidents: BTreeSet<String>,
    pub(crate) subjects_true: u64,
    /// Subjects counted in the incident that holds most of the story.
    pub(crate) subjects_counted: Option<u64>,
    pub(crate) obligations_expected: BTreeSet<String>,
    pub(crate) obligations_found: BTreeSet<String>,
}

/// All of it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Compared {
    pub(crate) stories: Vec<StoryFound>,
    /// Findings on records of a look-alike, by look-alike.
    pub(crate) look_alikes_disturbed: BTreeMap<String, usize>,
    pub(crate) look_alikes: usize,
    /// High findings that belong to no story.
    pub(crate) false_high: usize,
    /// Incidents without a finding of any story.
    pub(crate) false_incidents: BTreeSet<String>,
}

pub(crate) async fn compare(instance: &Instance, truth: &GroundTruth) -> Result<Compared, Failure> {
    let findings = findings(instance).await?;
    let mut compared = Compared { look_alikes: truth.look_alikes.len(), ..Compared::default() };
    let mut explained: BTreeSet<&str> = BTreeSet::new();
    for story in &truth.stories {
        let of_story: Vec<&Found> = findings.iter().filter(|finding| belongs(finding, story)).collect();
        explained.extend(of_story.iter().map(|finding| finding.uid.as_str()));
        compared.stories.push(story_found(instance, story, &of_story).await?);
    }
    for look_alike in &truth.look_alikes {
        let records: BTreeSet<&str> =
            look_alike.occurrences.iter().flat_map(|o| &o.records).filter_map(|record| record.id.as_deref()).collect();
        let disturbed = findings
            .iter()
            .filter(|finding| records.contains(finding.event_uid.as_str()) && !explained.contains(finding.uid.as_str()))
            .count();
        if 0 < disturbed {
            compared.look_alikes_disturbed.insert(look_alike.id.clone(), disturbed);
        }
    }
    const HIGH: i64 = 4;
    compared.false_high = findings.iter().filter(|f| HIGH <= f.severity && !explained.contains(f.uid.as_str())).count();
    let with_story: BTreeSet<&str> =
        findings.iter().filter(|f| explained.contains(f.uid.as_str())).filter_map(|f| f.incident.as_deref()).collect();
    compared.false_incidents = findings
        .iter()
        .filter_map(|f| f.incident.as_deref().map(|incident| (incident, &f.title)))
        .filter(|(incident, _)| !with_story.contains(incident))
        .map(|(incident, title)| format!("{incident}: {title}"))
        .collect();
    Ok(compared)
}

/// A finding belongs to a story by its record's id; records without ids (flows) by actor or resource and time.
fn belongs(finding: &Found, story: &StoryTruth) -> bool {
    let by_id = story.records.iter().any(|record| record.id.as_deref() == Some(finding.event_uid.as_str()));
    let at = |text: &str| text.parse::<Timestamp>().ok();
    let within = at(&story.start).is_some_and(|start| start <= finding.time)
        && at(&story.end).is_some_and(|end| finding.time <= end);
    let named = story.actors.contains(&finding.actor)
        || story.resources.iter().any(|resource| finding.resources.iter().any(|found| is_within(found, resource)));
    by_id || (within && named)
}

/// The resource itself, or something in it: an object of the bucket, a rule of the server.
pub(crate) fn is_within(found: &str, resource: &str) -> bool {
    let (found, resource) = (found.to_ascii_lowercase(), resource.to_ascii_lowercase());
    found == resource || found.strip_prefix(&resource).is_some_and(|rest| rest.starts_with('/'))
}

async fn story_found(instance: &Instance, story: &StoryTruth, found: &[&Found]) -> Result<StoryFound, Failure> {
    let deed = story.deed.parse::<Timestamp>().ok();
    let first = found.iter().map(|finding| finding.time).min();
    let mut by_incident: BTreeMap<&str, usize> = BTreeMap::new();
    for incident in found.iter().filter_map(|finding| finding.incident.as_deref()) {
        *by_incident.entry(incident).or_default() += 1;
    }
    let main = by_incident.iter().max_by_key(|(_, count)| **count).map(|(incident, _)| (*incident).to_owned());
    let exposure = match &main {
        Some(incident) => instance.store.document("exposure", incident).await.or_fail("failed to read an exposure")?,
        None => None,
    };
    let obligations = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    let of_main = obligations.iter().filter(|o| main.as_deref() == o["incident"].as_str() && o["state"] == "required");
    Ok(StoryFound {
        story: story.id.clone(),
        title: story.title.clone(),
        found: !found.is_empty(),
        findings: found.len(),
        rules: found.iter().map(|finding| finding.title.clone()).collect(),
        seconds_after_deed: deed.zip(first).map(|(deed, first)| first.duration_since(deed).as_secs()),
        incidents: by_incident.keys().map(|incident| (*incident).to_owned()).collect(),
        subjects_true: story.exposure.subjects,
        subjects_counted: exposure.and_then(|exposure| exposure["subjects"].as_u64()),
        obligations_expected: story.obligations.iter().map(|duty| duty.regime.clone()).collect(),
        obligations_found: of_main.filter_map(|o| o["rule_id"].as_str().map(str::to_owned)).collect(),
    })
}

async fn findings(instance: &Instance) -> Result<Vec<Found>, Failure> {
    let members: BTreeMap<String, Option<String>> = {
        let cases = instance.store.cases().await;
        cases.incidents.findings.iter().map(|(uid, record)| (uid.clone(), record.incident.clone())).collect()
    };
    let query = "SELECT uid, title, severity, event_uid, actor, resources, time FROM findings";
    let mut stream = instance.lake.sql_stream(query).await.or_fail("failed to read findings")?;
    let mut found = Vec::new();
    while let Some(rows) = stream.next().await.or_fail("failed to read findings")? {
        for row in rows {
            let text = |i: usize| row.get(i).and_then(Value::as_str).unwrap_or_default().to_owned();
            let Ok(time) = text(6).parse::<Timestamp>() else { continue };
            let uid = text(0);
            found.push(Found {
                incident: members.get(&uid).cloned().flatten(),
                uid,
                title: text(1),
                severity: row.get(2).and_then(Value::as_i64).unwrap_or(0),
                event_uid: text(3),
                actor: text(4),
                resources: row
                    .get(5)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(|r| Some(r.as_str()?.to_owned()))
                    .collect(),
                time,
            });
        }
    }
    Ok(found)
}
