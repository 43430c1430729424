//! What was touched, read from the events behind an incident's findings: object keys, database names, people's ids.
//!
//! Only acts that hand data out count: a policy that opens a bucket exposes nothing until somebody reads.

use std::collections::{BTreeMap, BTreeSet};

use lake::{EventRow, Filter};
use ocsf::Finding;
use serde_json::Value;

use crate::config::Objects;
use crate::correlation;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::utc_day::utc_day;

/// Events read for one incident; beyond this the answer says that it is a lower bound.
const EVENTS_MAX: usize = 1_000_000;
/// Event ids asked for in one query.
const UIDS_A_QUERY: usize = 5_000;

/// What an incident's events touched.
#[derive(Debug, Clone, Default)]
pub(super) struct Traces {
    /// Paths or patterns below the objects' root, with how often each was read.
    pub(super) objects: BTreeMap<String, u64>,
    /// People named in application logs, by service.
    pub(super) people: BTreeMap<String, BTreeSet<String>>,
    /// Log records that themselves hold the data (card numbers in a client log), by service.
    pub(super) texts: BTreeMap<String, Vec<String>>,
    /// Records a log counts without naming them.
    pub(super) unnamed_records: u64,
    /// Hosts whose bulk flows were followed back.
    pub(super) hosts: BTreeSet<String>,
    /// What was taken for granted, in words.
    pub(super) assumptions: Vec<String>,
    pub(super) events: usize,
    /// Ids that the findings name; an id may have no event any more.
    pub(super) event_uids: usize,
    /// What was left out, in words.
    pub(super) not_read: Vec<String>,
}

impl Traces {
    /// The S3 objects that an event read. A bucket alone is no object.
    fn note_objects(&mut self, event: &EventRow) {
        let keys = event.resources.iter().filter_map(|resource| resource.strip_prefix("arn:aws:s3:::"));
        for path in keys.filter(|path| path.contains('/')) {
            *self.objects.entry(glob::Pattern::escape(path)).or_default() += 1;
        }
    }
}

pub(super) async fn of_incident(instance: &Instance, incident: &str) -> Result<Traces, Failure> {
    let uids = event_uids(instance, incident).await?;
    let events = events_of(instance, &uids).await?;
    let mut traces = Traces { events: events.len(), event_uids: uids.len(), ..Traces::default() };
    if EVENTS_MAX <= events.len() {
        traces.not_read.push(format!("more than {EVENTS_MAX} events belong to the incident"));
    }
    for event in &events {
        match event.logsource.split_once('/').map(|(product, _)| product) {
            Some("aws") => aws(instance, event, &mut traces).await?,
            Some("azure") => azure(event, &mut traces),
            Some("application") => application(event, &instance.config.objects, &mut traces),
            _ => {}
        }
    }
    Ok(traces)
}

/// Ids of the events behind the findings of an incident. Only the days that it spans are read.
pub(crate) async fn event_uids(instance: &Instance, incident: &str) -> Result<BTreeSet<String>, Failure> {
    let (members, span): (BTreeSet<String>, _) = {
        let cases = instance.store.cases().await;
        let Some(found) = cases.incidents.find(incident) else { return Ok(BTreeSet::new()) };
        let findings = cases.incidents.findings.iter();
        let ours = findings.filter(|(_, record)| record.incident.as_deref() == Some(incident));
        (ours.map(|(uid, _)| uid.clone()).collect(), found.events)
    };
    if members.is_empty() {
        return Ok(BTreeSet::new());
    }
    let query = format!(
        "SELECT uid, event_uids, rule_id, json FROM findings WHERE day BETWEEN DATE '{}' AND DATE '{}'",
        utc_day(span.first),
        utc_day(span.last)
    );
    let (mut uids, mut stretches) = (BTreeSet::new(), Vec::new());
    let mut stream = instance.lake.sql_stream(&query).await.or_fail("failed to read findings")?;
    while let Some(rows) = stream.next().await.or_fail("failed to read findings")? {
        let text = |row: &[Value], i: usize| row.get(i).and_then(Value::as_str).unwrap_or_default().to_owned();
        for row in rows.iter().filter(|row| members.contains(&text(row, 0))) {
            let listed = row.get(1).and_then(Value::as_array).into_iter().flatten();
            uids.extend(listed.filter_map(|uid| Some(uid.as_str()?.to_owned())));
            let finding: Finding = serde_json::from_str(&text(row, 3)).or_fail("failed to read a finding")?;
            stretches.extend(finding.correlation.map(|stretch| (text(row, 2), stretch)));
        }
    }
    for (rule_id, stretch) in &stretches {
        uids.extend(correlation::stretch_event_uids(&instance.lake, rule_id, stretch).await?);
    }
    Ok(uids)
}

async fn events_of(instance: &Instance, uids: &BTreeSet<String>) -> Result<Vec<EventRow>, Failure> {
    let uids: Vec<&String> = uids.iter().collect();
    let mut events = Vec::new();
    for part in uids.chunks(UIDS_A_QUERY) {
        let filter = Filter { event_uids: part.iter().map(|uid| (*uid).clone()).collect(), ..Filter::default() };
        events.extend(instance.lake.read_events(&filter, EVENTS_MAX).await.or_fail("failed to read events")?);
    }
    Ok(events)
}

/// S3 operations that hand an object's bytes out.
const S3_READS: &[&str] = &["GetObject", "CopyObject", "SelectObjectContent", "REST.GET.OBJECT", "WEBSITE.GET.OBJECT"];
/// RDS calls that hand a database's bytes out.
const RDS_HANDOUTS: &[&str] = &["ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute", "StartExportTask"];

/// What a log record says in its own words: JSON inside a JSON string is read without its escapes.
fn text_of(raw: &Value, event: &EventRow) -> String {
    raw["message"].as_str().map_or_else(|| event.raw.clone(), str::to_owned)
}

/// A refused read hands nothing out.
fn succeeded(event: &EventRow) -> bool {
    event.status.as_deref() == Some("Success")
}

async fn aws(instance: &Instance, event: &EventRow, traces: &mut Traces) -> Result<(), Failure> {
    if S3_READS.contains(&event.operation.as_str()) && succeeded(event) {
        traces.note_objects(event);
    } else if RDS_HANDOUTS.contains(&event.operation.as_str()) {
        let raw: Value = serde_json::from_str(&event.raw).unwrap_or(Value::Null);
        let parameters = &raw["requestParameters"];
        let snapshot = ["dBSnapshotIdentifier", "dBClusterSnapshotIdentifier", "sourceArn"]
            .iter()
            .find_map(|name| parameters[name].as_str())
            .and_then(|name| name.rsplit(':').next());
        if let Some(snapshot) = snapshot {
            for database in databases_of(instance, snapshot).await? {
                *traces.objects.entry(format!("rds-{}/**/*", glob::Pattern::escape(&database))).or_default() += 1;
            }
        }
    } else if event.logsource == "aws/vpcflow" {
        gathered_by_host(instance, event, traces).await?;
    }
    Ok(())
}

/// A flow says how much left a host, not what. What the host's own role had read shortly before may have left with it.
async fn gathered_by_host(instance: &Instance, flow: &EventRow, traces: &mut Traces) -> Result<(), Failure> {
    let Some(host) = flow.raw.split_whitespace().find(|field| field.starts_with("i-")).map(str::to_owned) else {
        return Ok(());
    };
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || !traces.hosts.insert(host.clone()) {
        return Ok(());
    }
    let from_us = flow.time_us - GATHERING_US;
    let query = format!("SELECT DISTINCT actor FROM events WHERE actor LIKE 'aws:role-session:%/{host}'");
    let actors = instance.lake.sql(&query, ACTORS_A_HOST_MAX).await.or_fail("failed to look up a host's sessions")?;
    let actors: BTreeSet<String> =
        actors.objects().filter_map(|row| Some(row.get("actor")?.as_str()?.to_owned())).collect();
    if actors.is_empty() {
        return Ok(());
    }
    let filter = Filter { actors, from_us: Some(from_us), to_us: Some(flow.time_us), ..Filter::default() };
    let reads = instance.lake.read_events(&filter, EVENTS_MAX).await.or_fail("failed to read a host's events")?;
    for event in reads.iter().filter(|event| S3_READS.contains(&event.operation.as_str()) && succeeded(event)) {
        traces.note_objects(event);
    }
    traces
        .assumptions
        .push(format!("what {host} had read in the 6 hours before it sent the data out is taken to have left"));
    Ok(())
}

/// How long before a bulk flow its host may have gathered: 6 hours.
const GATHERING_US: i64 = 6 * 3600 * 1_000_000;
/// Role sessions one host has at a time; more is not one host.
const ACTORS_A_HOST_MAX: usize = 64;

/// Which instances a snapshot was taken of: the lake knows from the call that made it.
async fn databases_of(instance: &Instance, snapshot: &str) -> Result<BTreeSet<String>, Failure> {
    let query =
        "SELECT raw FROM events WHERE operation IN ('CreateDBSnapshot', 'CopyDBSnapshot', 'CreateDBClusterSnapshot')";
    let mut stream = instance.lake.sql_stream(query).await.or_fail("failed to look up a snapshot")?;
    let mut found = BTreeSet::new();
    while let Some(rows) = stream.next().await.or_fail("failed to look up a snapshot")? {
        for row in rows {
            let raw: Value = row
                .first()
                .and_then(Value::as_str)
                .and_then(|raw| serde_json::from_str(raw).ok())
                .unwrap_or(Value::Null);
            let parameters = &raw["requestParameters"];
            let names_it = ["dBSnapshotIdentifier", "targetDBSnapshotIdentifier", "dBClusterSnapshotIdentifier"]
                .iter()
                .any(|name| parameters[name].as_str() == Some(snapshot));
            let source =
                ["dBInstanceIdentifier", "dBClusterIdentifier"].iter().find_map(|name| parameters[name].as_str());
            found.extend(source.filter(|_| names_it).map(str::to_owned));
        }
    }
    Ok(found)
}

/// `…/SERVERS/<server>/DATABASES/<database>` → the extract of that database.
fn azure(event: &EventRow, traces: &mut Traces) {
    if !event.operation.to_ascii_uppercase().contains("EXPORT") {
        return;
    }
    for resource in &event.resources {
        let lower = resource.to_ascii_lowercase();
        let part = |name: &str| {
            lower.split(&format!("/{name}/")).nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned)
        };
        if let (Some(server), Some(database)) = (part("servers"), part("databases")) {
            *traces
                .objects
                .entry(format!("azuresql-{}/{}/**/*", glob::Pattern::escape(&server), glob::Pattern::escape(&database)))
                .or_default() += 1;
        }
    }
}

fn application(event: &EventRow, objects: &Objects, traces: &mut Traces) {
    let raw: Value = serde_json::from_str(&event.raw).unwrap_or(Value::Null);
    let service = raw["service"].as_str().unwrap_or_default().to_owned();
    let resource = &raw["resource"];
    let (kind, id) = (resource["type"].as_str().unwrap_or_default(), resource["id"].as_str().unwrap_or_default());
    if let Some(file) = objects.file.iter().find(|file| file.resource == kind) {
        *traces.objects.entry(file.path.replace("{id}", &glob::Pattern::escape(id))).or_default() += 1;
        return;
    }
    let named: Vec<&str> = match resource["owner_id"].as_str() {
        Some(owner) => vec![owner],
        None => Vec::new(),
    };
    let count = resource["count"].as_u64().unwrap_or(0);
    if named.is_empty() && 0 < count {
        // The log counts records that its text shows only in part: what it shows is a lower bound, the count an upper one.
        traces.unnamed_records += count;
        traces.texts.entry(service).or_default().push(text_of(&raw, event));
    } else if named.is_empty() {
        let who = raw["user"]["id"].as_str().map(str::to_owned);
        traces.people.entry(service.clone()).or_default().extend(who);
        traces.texts.entry(service).or_default().push(text_of(&raw, event));
    } else {
        traces.people.entry(service).or_default().extend(named.into_iter().map(str::to_owned));
    }
}
