//! Every format on every real sample of it: recognised, valid OCSF 1.8, and in agreement with what other products read there.
//!
//! `data/samples.tsv` says what each sample is. What does not agree, and why, is listed in `data/disagreements.tsv`; a
//! disagreement that is not listed fails, and so does a line that no longer disagrees. `cargo xtask conformance` prints the table.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::compare::{FIELDS, compare};
use common::samples::{Sample, Source, sources};
use common::schema::Schema;
use common::{corpora, read};
use ingest::Format;
use ocsf::Event;
use serde_json::Value;

/// What happened to one source.
#[derive(Default)]
struct Row {
    records: usize,
    events: usize,
    valid: usize,
    /// Samples taken for nothing, or for something else.
    missed: usize,
    /// Field: agreeing, compared.
    fields: BTreeMap<&'static str, (usize, usize)>,
}

#[test]
fn formats_agree_with_real_samples() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::load(&corpora, "1.8.0");
    let (sources, unnamed) = sources(&corpora);
    let mut found = BTreeMap::new();
    let mut rows = Vec::new();
    for source in &sources {
        assert!(source.format.is_none() || !source.samples.is_empty(), "{} has no samples", source.name);
        match source.format {
            Some(format) => rows.push((format, source, measure(&schema, format, source, &mut found))),
            None => stays_unknown(source, &mut found),
        }
    }
    print_table(&rows);
    let listed = listed();
    let covers = |listed: &str, key: &str| {
        let whole_source = listed.split_once("\t*\t");
        listed == key
            || whole_source.is_some_and(|(source, field)| {
                key.starts_with(source)
                    && key.ends_with(field)
                    && key.split('\t').next() == Some(source)
                    && key.rsplit('\t').next() == Some(field)
            })
    };
    let unlisted: Vec<_> = found.iter().filter(|(key, _)| !listed.iter().any(|line| covers(line, key))).collect();
    let stale: Vec<_> = listed.iter().filter(|line| !found.keys().any(|key| covers(line, key))).collect();
    if std::env::var_os("SHOW_DISAGREEMENTS").is_some() {
        unlisted.iter().for_each(|(key, what)| println!("UNLISTED\t{key}\t{what}"));
        stale.iter().for_each(|key| println!("STALE\t{key}"));
    }
    assert!(unnamed.is_empty(), "data/samples.tsv does not say what these are: {unnamed:#?}");
    assert!(unlisted.is_empty() && stale.is_empty(), "not listed: {unlisted:#?}\nno longer true: {stale:#?}");
}

/// Logs that nobody taught this crate must not be taken for something else.
fn stays_unknown(source: &Source, found: &mut BTreeMap<String, String>) {
    for sample in &source.samples {
        if let Some(taken) = read(&sample.bytes).format {
            let text = String::from_utf8_lossy(&sample.bytes).chars().take(300).collect::<String>();
            found.insert(format!("- {}\t{}\tunknown", source.name, sample.name), format!("{taken}: {text}"));
        }
    }
}

/// Keys of `data/disagreements.tsv`: source, sample (`*` for all of them that differ), field. The fourth column is the reason.
fn listed() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/disagreements.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let key = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        assert!(columns.len() == 4 && columns[3].len() > 10, "`{line}` has no source, sample, field and reason");
        columns[..3].join("\t")
    };
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(key).collect()
}

fn measure(schema: &Schema, format: Format, source: &Source, found: &mut BTreeMap<String, String>) -> Row {
    let mut row = Row::default();
    for sample in &source.samples {
        let mut say = |field: &str, what: String| {
            let what: String = what.chars().take(400).collect();
            found.insert(format!("{format} {}\t{}\t{field}", source.name, sample.name), what);
        };
        measure_sample(schema, format, sample, &mut row, &mut say);
    }
    row
}

fn measure_sample(schema: &Schema, format: Format, sample: &Sample, row: &mut Row, say: &mut impl FnMut(&str, String)) {
    let outcome = read(&sample.bytes);
    if outcome.format != Some(format) {
        row.records += 1;
        row.missed += 1;
        return say("recognised", format!("{:?} {}", outcome.format, String::from_utf8_lossy(&sample.bytes)));
    }
    row.records += outcome.events.len() + outcome.rejected.len();
    row.events += outcome.events.len();
    if !outcome.rejected.is_empty() {
        say("event", format!("{:?}", outcome.reasons()));
    }
    for event in &outcome.events {
        let faults = schema.faults(&serde_json::to_value(event).unwrap());
        if faults.is_empty() {
            row.valid += 1;
        } else {
            say("valid", format!("{faults:?}"));
        }
    }
    for (event, expected) in paired(&outcome.events, &sample.expected) {
        for compared in compare(event, expected) {
            let count = row.fields.entry(compared.field).or_default();
            count.1 += 1;
            if compared.agree() {
                count.0 += 1;
            } else {
                say(compared.field, format!("ours {:?}, theirs {:?}", compared.ours, compared.theirs));
            }
        }
    }
}

/// Events with what is expected of them: in order, and where only some lines have an expectation, by time, agent and status.
fn paired<'a>(events: &'a [Event], expected: &'a [Value]) -> Vec<(&'a Event, &'a Value)> {
    if events.len() == expected.len() {
        return events.iter().zip(expected).collect();
    }
    let mut left: Vec<&Event> = events.iter().collect();
    let fits = |event: &Event, ecs: &Value| {
        let time = ecs["@timestamp"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let agent = ecs.pointer("/user_agent/original").and_then(Value::as_str).filter(|agent| *agent != "-");
        let code = ecs.pointer("/http/response/status_code").and_then(Value::as_u64);
        time.is_some_and(|time| time.as_second() == event.time.as_second())
            && event.hot().user_agent == agent
            && event.hot().http_status.map(u64::from) == code
    };
    let mut out = Vec::new();
    for ecs in expected {
        if let Some(at) = left.iter().position(|event| fits(event, ecs)) {
            out.push((left.remove(at), ecs));
        }
    }
    out
}

fn print_table(rows: &[(Format, &Source, Row)]) {
    println!("| format | source | records | missed | events | valid | {} |", FIELDS.join(" | "));
    println!("|---|---|{}", "---:|".repeat(4 + FIELDS.len()));
    for (format, source, row) in rows {
        print_row(&format!("`{format}` | {}", source.name), row);
    }
    let mut whole = Row::default();
    for (_, _, row) in rows {
        whole.records += row.records;
        whole.missed += row.missed;
        whole.events += row.events;
        whole.valid += row.valid;
        for (field, (agreeing, compared)) in &row.fields {
            let sum = whole.fields.entry(field).or_default();
            *sum = (sum.0 + agreeing, sum.1 + compared);
        }
    }
    print_row("all | ", &whole);
}

fn print_row(name: &str, row: &Row) {
    let field = |name: &&str| {
        let counts = row.fields.get(*name);
        counts.map_or_else(|| "–".to_owned(), |(agreeing, compared)| format!("{agreeing} of {compared}"))
    };
    let fields: Vec<String> = FIELDS.iter().map(field).collect();
    let Row { records, missed, events, valid, .. } = row;
    println!("| {name} | {records} | {missed} | {events} | {valid} | {} |", fields.join(" | "));
}
