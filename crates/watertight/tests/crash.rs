//! Dying at every failpoint of the flow and at random moments: after a restart the state is that of a run that never died.
//!
//! The reference run is uninterrupted. Every other run starts from the same keys, because group keys are hashed with a secret
//! of the directory. `WATERTIGHT_TEST_FULL=1` makes it 50 kills over about 100,000 records instead of 10 over 20,000.

mod common;

use std::time::{Duration, Instant};

use common::{Place, Random, config_text, copy_dir, files_below};
use serde_json::Value;

/// Every place of `failpoint.rs` in the order the flow passes them.
fn failpoints() -> Vec<&'static str> {
    let list = include_str!("../src/failpoint.rs").split("const ALL: &[&str] = &[").nth(1);
    let list = list.and_then(|rest| rest.split("];").next()).expect("failpoint.rs lists them");
    let listed: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert!(8 <= listed.len(), "{listed:?}");
    listed
}

/// One source for each kind of telemetry, so that one run has many batches.
const SOURCES: &[(&str, &str)] = &[
    ("aws-cloudtrail", "company/telemetry/aws/cloudtrail"),
    ("aws-vpcflow", "company/telemetry/aws/vpcflow"),
    ("aws-s3access", "company/telemetry/aws/s3access"),
    ("azure", "company/telemetry/azure"),
    ("m365-audit", "company/telemetry/m365/audit"),
    ("applications", "company/telemetry/application"),
];

/// What a crash may not change. Everything but keys, salts and the checkpoint's signature.
#[derive(Debug, PartialEq)]
struct State {
    /// (source, seq, record, event id) of every event.
    events: Vec<String>,
    /// (source, seq, finding id, rule) of every finding.
    findings: Vec<String>,
    /// (source, seq, member, record, reason) of every rejected record.
    rejected: Vec<String>,
    /// The batches with their counts.
    batches: Vec<String>,
    /// Every incident, whole, as listed.
    incidents: String,
    /// (finding, incident).
    members: Vec<String>,
    /// (id, kind) of every entry, in the log's order.
    entries: Vec<(String, String)>,
}

/// Reads the state back, and on the way checks what must hold of any state: nothing twice, sums, proofs, projections.
#[track_caller]
fn state(place: &Place) -> State {
    let listed = |sql: &str| -> Vec<String> {
        let ran = place.run(&["query", "--limit", "1000000", sql]).ok();
        ran.sorted_lines().into_iter().map(str::to_owned).collect()
    };
    let entry = |entry: &Value| {
        let text =
            |key: &str| entry[key].as_str().unwrap_or_else(|| panic!("an entry without {key}: {entry}")).to_owned();
        (text("id"), text("kind"))
    };
    let state = State {
        events: listed("SELECT source, seq, record, event_uid FROM events"),
        findings: listed("SELECT source, seq, uid, rule_id FROM findings"),
        rejected: listed("SELECT source, seq, member, record, reason FROM rejected"),
        batches: listed("SELECT source, seq, records, events, rejected, findings FROM batches"),
        incidents: place.run(&["incident", "list"]).ok().stdout,
        members: listed("SELECT finding, incident FROM incident_findings"),
        entries: place.log().iter().map(entry).collect(),
    };
    let sums = place.query("SELECT sum(records) AS records, sum(events) AS events, sum(rejected) AS rejected, sum(findings) AS findings FROM batches");
    let sum = |key: &str| length(&sums[0][key]);
    assert_eq!(sum("records"), sum("events") + sum("rejected"));
    assert_eq!(
        (sum("events"), sum("rejected"), sum("findings")),
        (state.events.len(), state.rejected.len(), state.findings.len()),
        "the log's counts are those of the lake"
    );
    nothing_twice(place, &state);
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
    let log = place.data().join("log");
    let verified = place.run(&["evidence", "verify", log.to_str().expect("a UTF-8 path")]).ok().json();
    assert_eq!(
        verified["entries"].as_u64(),
        Some(state.entries.len() as u64),
        "the checkpoint covers every entry: {verified}"
    );
    state
}

#[track_caller]
fn length(count: &Value) -> usize {
    count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_else(|| panic!("{count} is no count"))
}

#[track_caller]
fn nothing_twice(place: &Place, state: &State) {
    let count = |sql: &str| length(&place.query(sql)[0]["n"]);
    assert_eq!(count("SELECT count(DISTINCT event_uid) AS n FROM events"), state.events.len(), "an event stands twice");
    assert_eq!(count("SELECT count(DISTINCT uid) AS n FROM findings"), state.findings.len(), "a finding stands twice");
    let mut ids: Vec<&str> = state.entries.iter().map(|(id, _)| id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), state.entries.len(), "an entry stands twice");
    for lines in [&state.rejected, &state.members, &state.batches] {
        let mut unique = lines.clone();
        unique.dedup();
        assert_eq!(&unique, lines, "a row stands twice");
    }
}

/// A company whose telemetry also has records nobody can read.
fn company(days: u32, seed: u64, scale: &str) -> Place {
    let place = Place::new();
    let out = place.path("company");
    let out = out.to_str().expect("a UTF-8 path");
    place
        .run(&["simulate", "--days", &days.to_string(), "--seed", &seed.to_string(), "--scale", scale, "--out", out])
        .ok();
    place.write("company/telemetry/m365/audit/damaged.jsonl", concat!(
        "{\"CreationTime\":\"2026-03-02T09:00:00\",\"Id\":\"5f0c1d6e-0000-4000-8000-000000000001\",\"Operation\":\"MailItemsAccessed\",\"Workload\":\"Exchange\",\"UserId\":\"ann@larkfield.example\",\"RecordType\":50}\n",
        "{\"CreationTime\":\"2026-03-02T09:00:01\",\"Id\":\n",
        "{\"CreationTime\":\"2026-03-02T09:00:02\",\"Id\":\"5f0c1d6e-0000-4000-8000-000000000002\",\"Operation\":\"FileDownloaded\",\"Workload\":\"SharePoint\",\"UserId\":\"ann@larkfield.example\",\"RecordType\":6}\n",
        "\u{0}\u{0}\u{0}\n",
        "not a record\n",
    ));
    place
}

/// A place that reads the same company with the same keys, and nothing in it yet.
fn fresh(company: &Place, keys: &std::path::Path, sources: &[(&str, &str)]) -> Place {
    let place = Place::new();
    let absolute: Vec<(&str, String)> =
        sources.iter().map(|(id, path)| (*id, company.path(path).display().to_string())).collect();
    let sources: Vec<(&str, &str)> = absolute.iter().map(|(id, path)| (*id, path.as_str())).collect();
    place.write("watertight.toml", config_text(&sources, None));
    copy_dir(keys, &place.data().join("keys"));
    place
}

/// Keys as the program makes them on first use.
fn keys() -> (Place, std::path::PathBuf) {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[], None));
    place.run(&["state", "rebuild"]).ok();
    let keys = place.data().join("keys");
    (place, keys)
}

/// Reads to the end. A run that meets the damaged records exits with 6, one that met them before its death with 0.
#[track_caller]
fn finish(place: &Place) {
    let ran = place.run(&["ingest"]);
    assert!(matches!(ran.code, Some(0 | 6)), "{:?}: {}", ran.code, ran.stderr);
}

#[test]
fn dying_at_every_failpoint_changes_nothing() {
    let company = company(1, 3, "0.1");
    let (_keys, keys) = keys();
    let reference = fresh(&company, &keys, SOURCES);
    finish(&reference);
    let expected = state(&reference);
    assert!(
        !expected.findings.is_empty() && !expected.rejected.is_empty() && SOURCES.len() <= expected.batches.len(),
        "a run worth dying in"
    );
    let batches = expected.batches.len();
    for failpoint in failpoints() {
        for visit in [1, batches / 2, batches] {
            let place = fresh(&company, &keys, SOURCES);
            place.run_to_failpoint(&format!("{failpoint}:{visit}"), &["ingest"]).exits(None);
            finish(&place);
            assert_eq!(state(&place), expected, "after dying at {failpoint}, visit {visit}");
            // A further run finds nothing to do and changes nothing.
            let before = files_below(&place.data().join("log"));
            place.run(&["ingest"]).ok();
            assert_eq!(files_below(&place.data().join("log")), before, "an idle run wrote to the log");
        }
    }
}

#[test]
fn dying_again_and_again_on_the_way_changes_nothing() {
    let company = company(1, 5, "0.1");
    let (_keys, keys) = keys();
    let reference = fresh(&company, &keys, SOURCES);
    finish(&reference);
    let expected = state(&reference);
    // Each restart dies one place further on, on the batch that the one before left unfinished.
    let place = fresh(&company, &keys, SOURCES);
    for failpoint in failpoints() {
        place.run_to_failpoint(&format!("{failpoint}:1"), &["ingest"]).exits(None);
    }
    finish(&place);
    assert_eq!(state(&place), expected);
}

/// Small application records, told apart by number.
fn lines(numbers: std::ops::Range<usize>) -> String {
    let line = |n: usize| {
        format!(
            "{{\"timestamp\":\"2026-03-02T{:02}:{:02}:{:02}.000Z\",\"service\":\"product-api\",\"env\":\"prod\",\"level\":\"info\",\"event\":\"http.request\",\"event_id\":\"e-{n:06}\"}}\n",
            n / 3600 % 24,
            n / 60 % 60,
            n % 60
        )
    };
    numbers.map(line).collect()
}

#[test]
fn dying_inside_a_file_that_makes_several_batches_changes_nothing() {
    // A batch holds 20,000 records at most, so this one file makes three.
    let company = Place::new();
    company.write("logs/product-api.jsonl", lines(0..45_000));
    let sources = [("applications", "logs")];
    let (_keys, keys) = keys();
    let reference = fresh(&company, &keys, &sources);
    finish(&reference);
    let expected = state(&reference);
    assert_eq!((expected.events.len(), expected.batches.len()), (45_000, 3));
    for failpoint in
        ["flow.batch_assigned:2", "flow.events_appended:3", "flow.log_appended:2", "flow.source_committed:1"]
    {
        let place = fresh(&company, &keys, &sources);
        place.run_to_failpoint(failpoint, &["ingest"]).exits(None);
        finish(&place);
        assert_eq!(state(&place), expected, "after dying at {failpoint}");
    }

    // What was written into the file while nobody ran belongs to the next batch, not to the one that is repeated.
    let place = fresh(&company, &keys, &sources);
    place.run_to_failpoint("flow.batch_assigned:3", &["ingest"]).exits(None);
    company.write("logs/product-api.jsonl", lines(0..45_010));
    finish(&place);
    let grown = state(&place);
    assert_eq!(grown.events.len(), 45_010);
    let batches = place.query("SELECT records FROM batches ORDER BY seq");
    let records: Vec<Option<u64>> = batches.iter().map(|batch| batch["records"].as_u64()).collect();
    assert_eq!(records, [Some(20_000), Some(20_000), Some(5_000), Some(10)]);
}

#[test]
fn kills_at_random_moments_change_nothing() {
    let full = std::env::var_os("WATERTIGHT_TEST_FULL").is_some_and(|value| value == "1");
    // (kills, days, scale): about 100,000 and 20,000 records.
    let (kills_wanted, days, scale, records_min) = if full { (50, 7, "1.0", 95_000) } else { (10, 2, "0.5", 18_000) };
    let company = company(days, 11, scale);
    let (_keys, keys) = keys();
    let reference = fresh(&company, &keys, SOURCES);
    let started = Instant::now();
    finish(&reference);
    let whole = started.elapsed();
    let expected = state(&reference);
    assert!(records_min <= expected.events.len(), "{} events are too few for this test", expected.events.len());
    let mut random = Random(0x77A7_E271_6874 ^ 11);
    let mut kills = 0;
    let mut runs = 0;
    while kills < kills_wanted {
        let place = fresh(&company, &keys, SOURCES);
        runs += 1;
        // At most this many deaths in one directory, so that several directories are tried.
        for _ in 0..5 {
            let mut child = place.start(&["ingest"]);
            std::thread::sleep(Duration::from_micros(
                random.below(u64::try_from(whole.as_micros()).expect("no run lasts that long")),
            ));
            let finished = child.try_wait().expect("look at the program").is_some();
            child.kill().expect("kill the program");
            child.wait().expect("bury the program");
            if finished {
                break;
            }
            kills += 1;
        }
        finish(&place);
        assert_eq!(state(&place), expected, "after {kills} kills in {runs} directories");
    }
    println!("{kills} kills in {runs} directories over {} events, {whole:?} uninterrupted", expected.events.len());
}
