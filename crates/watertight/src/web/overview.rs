//! The overview: from records to notices, the clocks that run, the incidents, the sources and the sealed log.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use askama::Template as _;
use axum::extract::State;
use axum::response::Html;
use jiff::Timestamp;
use serde_json::Value;

use super::shown::{self, Pace};
use super::{Page, Site};
use crate::store::{NoticeState, ObligationState, SourceSums};

#[derive(askama::Template)]
#[template(path = "overview.html")]
struct Overview {
    tenant: String,
    version: &'static str,
    simulated: bool,
    now: String,
    now_shown: String,
    funnel: Vec<Step>,
    obligations: Vec<Obligation>,
    more_obligations: usize,
    incidents: Vec<Incident>,
    sources: Vec<Source>,
    sum: String,
    log: Log,
}

/// The nearest clocks; the incident pages and the API have all of them.
const CLOCKS_SHOWN: usize = 10;

struct Step {
    label: &'static str,
    count: String,
    note: String,
    href: &'static str,
}

pub(super) struct Obligation {
    pub(super) due: String,
    pub(super) left: String,
    pub(super) pace: &'static str,
    pub(super) recipient: String,
    pub(super) rule_id: String,
    pub(super) citation: String,
    pub(super) because: String,
    pub(super) incident: String,
    pub(super) number: String,
    pub(super) state: String,
}

struct Incident {
    id: String,
    number: String,
    title: String,
    surfaces: String,
    severity: String,
    breach: String,
    subjects: String,
    findings: String,
    first_event: String,
    status: String,
}

struct Source {
    name: String,
    records: String,
    rejected: String,
    findings: String,
    last_event: String,
}

struct Log {
    size: String,
    root: String,
    origin: String,
}

pub(super) async fn page(State(site): State<Site>) -> Page {
    let now = site.clock.now();
    let sums = site.store.source_sums().await?;
    let read = SourceSums::total(&sums);
    let mut incidents = site.store.documents("incident").await?;
    // What needs somebody first: open before closed, grave before light, new before old.
    incidents.sort_by_key(|incident| {
        (!incident["closed"].is_null(), Reverse(incident["severity_id"].as_u64()), Reverse(incident["number"].as_u64()))
    });
    let duties = site.store.documents("obligation").await?;
    let evaluations = site.store.documents("evaluation").await?;
    let notices = site.store.documents("notice").await?;
    let exposures = site.store.documents("exposure").await?;
    let exposure_of: BTreeMap<&str, &Value> = exposures.iter().filter_map(|e| Some((e["id"].as_str()?, e))).collect();
    let numbers: BTreeMap<&str, &Value> =
        incidents.iter().filter_map(|i| Some((i["id"].as_str()?, &i["number"]))).collect();
    let view = Overview {
        tenant: site.store.tenant().to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        simulated: site.clock.is_simulated(),
        now: now.to_string(),
        now_shown: shown::time(&Value::String(now.to_string())),
        funnel: funnel(&read, &incidents, &duties, &evaluations, &notices),
        more_obligations: duties.len().saturating_sub(CLOCKS_SHOWN),
        obligations: obligations(&duties, &numbers, now).into_iter().take(CLOCKS_SHOWN).collect(),
        incidents: incidents.iter().map(|document| incident(document, &exposure_of)).collect(),
        sources: sums.into_iter().map(source).collect(),
        sum: sum_line(&read),
        log: log(&site).await?,
    };
    Ok(Html(view.render()?))
}

fn total(documents: &[Value], field: &str) -> u64 {
    documents.iter().filter_map(|document| document[field].as_u64()).sum()
}

fn funnel(
    read: &SourceSums,
    incidents: &[Value],
    duties: &[Value],
    evaluations: &[Value],
    notices: &[Value],
) -> Vec<Step> {
    let questions = total(evaluations, "pending") + total(evaluations, "review");
    let step = |label, n, note: String, href| Step { label, count: shown::count(n), note, href };
    let len = |documents: &[Value]| documents.len() as u64;
    let sent = notices.iter().filter(|notice| NoticeState::of(notice) == Some(NoticeState::Sent)).count();
    vec![
        step("records read", read.records, format!("{} rejected and kept", read.rejected), "/api/v1/batches"),
        step("findings", read.findings, findings_note(read), "/api/v1/overview"),
        step("incidents", len(incidents), "findings that belong together".to_owned(), "/api/v1/incidents"),
        step("obligations", len(duties), format!("{questions} questions of law open"), "/api/v1/obligations"),
        step("notices", len(notices), format!("{sent} sent"), "/api/v1/notices"),
    ]
}

/// A first week is quiet by policy, and the page says so.
fn findings_note(read: &SourceSums) -> String {
    let counted = |count: u64, what: &str| (0 < count).then(|| format!("{} {what}", shown::count(count)));
    let notes = [counted(read.held_back, "held back in a first week"), counted(read.suppressed, "answered for")];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    if notes.is_empty() { "rules and data seen".to_owned() } else { notes.join(", ") }
}

/// Dated duties first, the nearest on top; those without a date after them.
pub(super) fn obligations(duties: &[Value], numbers: &BTreeMap<&str, &Value>, now: Timestamp) -> Vec<Obligation> {
    let due_of = |duty: &Value| duty["due_by"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let mut sorted: Vec<&Value> =
        duties.iter().filter(|duty| ObligationState::of(duty).is_some_and(ObligationState::is_open)).collect();
    sorted.sort_by_key(|duty| (due_of(duty).is_none(), due_of(duty), duty["id"].to_string()));
    sorted
        .into_iter()
        .map(|duty| {
            let due = due_of(duty);
            let incident = shown::text(&duty["incident"]);
            Obligation {
                due: due.map_or_else(|| shown::text(&duty["standard"]), |_| shown::time(&duty["due_by"])),
                left: shown::left(due, now),
                pace: Pace::of(due, now).as_str(),
                recipient: shown::text(&duty["recipient"]),
                rule_id: shown::text(&duty["rule_id"]),
                citation: shown::text(&duty["citation"]),
                because: shown::text(&duty["because"]),
                number: numbers.get(incident.as_str()).map_or_else(String::new, |number| shown::text(number)),
                incident,
                state: shown::text(&duty["state"]),
            }
        })
        .collect()
}

fn incident(document: &Value, exposure_of: &BTreeMap<&str, &Value>) -> Incident {
    let exposure = document["id"].as_str().and_then(|id| exposure_of.get(id));
    let mut surfaces: Vec<String> =
        document["signals"].as_array().into_iter().flatten().map(|signal| shown::text(&signal["surface"])).collect();
    surfaces.sort();
    surfaces.dedup();
    Incident {
        id: shown::text(&document["id"]),
        number: shown::text(&document["number"]),
        title: shown::text(&document["title"]),
        surfaces: surfaces.join(" · "),
        severity: shown::text(&document["severity"]),
        breach: shown::text(&document["breach"]["level"]),
        subjects: exposure.map_or_else(|| "unknown".to_owned(), |exposure| people(exposure)),
        findings: shown::count(document["finding_count"].as_u64().unwrap_or(0)),
        first_event: shown::time(&document["first_event"]),
        status: shown::text(&document["status"]),
    }
}

/// As many as were counted; `at least` where the telemetry counts more records than it names.
fn people(exposure: &Value) -> String {
    match (exposure["subjects"].as_u64(), exposure["subjects_at_most"].as_u64()) {
        (Some(counted), Some(most)) => format!("{} to {}", shown::count(counted), shown::count(most)),
        (Some(0) | None, None) => "none counted".to_owned(),
        (Some(counted), None) => shown::count(counted),
        (None, Some(most)) => format!("up to {}", shown::count(most)),
    }
}

fn source(sum: SourceSums) -> Source {
    Source {
        name: sum.source,
        records: shown::count(sum.records),
        rejected: shown::count(sum.rejected),
        findings: shown::count(sum.findings),
        last_event: sum.last_event.map_or_else(|| "-".to_owned(), |last| shown::time(&Value::String(last))),
    }
}

fn sum_line(read: &SourceSums) -> String {
    format!("{} = {} + {}", shown::count(read.records), shown::count(read.events), shown::count(read.rejected))
}

async fn log(site: &Site) -> Result<Log, super::WebError> {
    let text = tokio::fs::read(site.log_dir.join(evidence::store::CHECKPOINT_FILE)).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines();
    let origin = lines.next().unwrap_or("no checkpoint yet").to_owned();
    let size = lines.next().unwrap_or("0").to_owned();
    let root = lines.next().unwrap_or("-").to_owned();
    Ok(Log { size, root, origin })
}
