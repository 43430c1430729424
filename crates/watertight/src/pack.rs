//! An evidence pack of a period: populations with certificates, samples, proofs, and the log they are checked against.
//!
//! `evidence` writes and verifies packs; this file says which listings an auditor gets and looks the findings up.

use std::collections::BTreeMap;
use std::path::Path;

use evidence::pack::{Finding, PackHead, PackSummary, PackWriter, Population};
use evidence::population::{Query, Row};
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;

/// What is asked for. `to` is the last day, included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) framework: &'a str,
    pub(crate) from: Date,
    pub(crate) to: Date,
    pub(crate) out: &'a Path,
    pub(crate) sample_seed: &'a str,
    pub(crate) made_at: Timestamp,
}

/// Listings every framework gets: name, question, kinds of entries.
const LISTINGS: &[(&str, &str, &[&str])] = &[
    ("incidents", "every incident opened in the period", &["incident.opened"]),
    ("facts", "every fact stated about an incident in the period", &["incident.fact_set"]),
    (
        "obligations",
        "every obligation that arose or changed in the period",
        &["obligation.set", "obligation.unsupported", "obligation.progress", "obligation.fulfilled"],
    ),
    (
        "notices",
        "every notice drafted, approved or sent in the period",
        &["notice.drafted", "notice.approved", "notice.progress"],
    ),
    ("deliveries", "every message that a recipient's server took in the period", &["delivery.sent"]),
    ("failed-deliveries", "every message that will not arrive by its channel in the period", &["delivery.failed"]),
    ("holds", "every legal hold placed, widened or released in the period", &["hold.placed", "hold.released"]),
    (
        "retention",
        "every removal of old telemetry in the period, as ordered and as done",
        &["retention.ordered", "retention.done"],
    ),
    ("clock-corrections", "every time somebody said that the clock had been wrong", &["clock.corrected"]),
    ("law-evaluations", "every time the law was asked in the period", &["law.evaluated"]),
    ("erasures", "every key destroyed in the period", &["key.destroyed"]),
];

/// Rows an auditor looks at of each population, the usual draw for a per-event control.
const SAMPLE_ROWS: u64 = 25;

/// Writes the pack.
pub(crate) async fn pack(instance: &Instance, wish: &Wish<'_>) -> Result<PackSummary, Failure> {
    let findings = findings_by_batch(instance).await?;
    let (from, to) = (start_of(wish.from)?, start_of(wish.to.checked_add(1.day()).or_usage("--to is out of range")?)?);
    let doing = format!("failed to write the pack `{}`", wish.out.display());
    let made_at = wish.made_at.to_string();
    let head = PackHead { framework: wish.framework, from: &from, to: &to, made_at: &made_at };
    let sealer = &instance.sealer;
    let mut writer = PackWriter::create(wish.out, &sealer.tiles, &[&sealer.key], &[], &head).or_fail(&doing)?;
    for (name, text, kinds) in LISTINGS {
        let population = population(instance, name, text, kinds, &from, &to);
        writer.population(&population, |_| Value::Null).or_fail(&doing)?;
        let sample = writer.sample(name, wish.sample_seed, SAMPLE_ROWS).or_fail(&doing)?;
        for index in
            indices(instance, name, &sample.rows.iter().map(|drawn| drawn.id.as_str()).collect::<Vec<_>>()).await?
        {
            writer.proof(index).or_fail(&doing)?;
        }
    }
    let all = population(
        instance,
        "findings",
        "every finding of every batch sealed in the period",
        &["batch.sealed"],
        &from,
        &to,
    );
    writer.finding_set(&all, |batch| lookup(&findings, batch)).or_fail(&doing)?;
    writer.sample("findings", wish.sample_seed, SAMPLE_ROWS).or_fail(&doing)?;
    artefacts(instance, &mut writer, &doing).await?;
    writer.finish().or_fail(&doing)
}

fn population(instance: &Instance, name: &str, text: &str, kinds: &[&str], from: &str, to: &str) -> Population {
    let query = Query {
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        from: from.to_owned(),
        to: to.to_owned(),
        tenant: Some(instance.store.tenant().to_owned()),
    };
    Population { name: name.to_owned(), text: text.to_owned(), query, parameters: Map::new() }
}

fn start_of(day: Date) -> Result<String, Failure> {
    let start = day.to_zoned(TimeZone::UTC).or_usage(format!("`{day}` is out of range"))?;
    Ok(start.timestamp().to_string())
}

async fn indices(instance: &Instance, name: &str, ids: &[&str]) -> Result<Vec<u64>, Failure> {
    let mut indices = Vec::new();
    for id in ids {
        let stored = instance.store.entry_by_id(id).await.or_fail(format!("failed to look up a sample of `{name}`"))?;
        indices.extend(stored.map(|stored| stored.position));
    }
    Ok(indices)
}

/// Findings as the lake has them, by `source/seq`.
async fn findings_by_batch(instance: &Instance) -> Result<BTreeMap<String, Vec<Finding>>, Failure> {
    let query = "SELECT uid, source, seq, title, severity, surface, event_uid FROM findings";
    let mut stream = instance.lake.sql_stream(query).await.or_fail("failed to read findings")?;
    let mut by_batch: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    while let Some(rows) = stream.next().await.or_fail("failed to read findings")? {
        for row in rows {
            let cell = |i: usize| row.get(i).cloned().unwrap_or(Value::Null);
            let text = |i: usize| cell(i).as_str().unwrap_or_default().to_owned();
            let attributes = json!({"title": cell(3), "severity": cell(4), "surface": cell(5), "event_uid": cell(6)});
            by_batch.entry(format!("{}/{}", text(1), cell(2))).or_default().push(Finding { id: text(0), attributes });
        }
    }
    Ok(by_batch)
}

fn lookup(findings: &BTreeMap<String, Vec<Finding>>, batch: &Row) -> Result<Vec<Finding>, String> {
    let id = batch.clear.get("id").and_then(Value::as_str).ok_or("the batch entry has no id")?;
    Ok(findings.get(id).cloned().unwrap_or_default())
}

/// What a reader wants beside the listings: the incidents and obligations as they stand today.
async fn artefacts(instance: &Instance, writer: &mut PackWriter<'_>, doing: &str) -> Result<(), Failure> {
    for (kind, name) in [
        ("incident", "incidents-today.json"),
        ("obligation", "obligations-today.json"),
        ("notice", "notices-today.json"),
    ] {
        let documents = instance.store.documents(kind).await.or_fail("failed to read documents")?;
        let json = serde_json::to_vec_pretty(&documents).or_fail("failed to print documents")?;
        writer.artefact(name, &json).or_fail(doing)?;
    }
    Ok(())
}
