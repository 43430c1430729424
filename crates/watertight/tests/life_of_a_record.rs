//! One CloudTrail record, followed through every station by what it leaves there; and `docs/life-of-a-record.md`, held to the
//! code: at most ten files, each there, each still doing what its row says.
//!
//! Hashes are computed here by hand (RFC 6962), so that the log is not believed on its own word.

mod common;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{PUT_BUCKET_POLICY, Place, cloudtrail_file, config_text, gzip, quiet_record};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const EVENT_ID: &str = "7d646432-60b3-4304-a1f9-49fc9105a864";
/// `content/rules/aws/s3_bucket_policy_public.yml`
const RULE: &str = "94fba384-7e57-5ad0-af97-bc59362152d4";
const BUCKET: &str = "arn:aws:s3:::larkfield-customer-exports";
const ACTOR: &str =
    "aws:role-session:444455556666/AWSReservedSSO_PlatformAdmin_91195c7760e6c334/dana.reed@larkfield.example";
const MEMBER: &str = "logs/444455556666_CloudTrail_us-east-1_20260302T1310Z_aBcDeFgH.json.gz";

#[test]
fn a_record_leaves_its_trace_at_every_station() {
    let record = PUT_BUCKET_POLICY.trim_end();
    let mut records: Vec<String> = (0..17).map(quiet_record).collect();
    records.push(record.to_owned());
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("cloudtrail", "logs")], None));
    place.write(MEMBER, gzip(cloudtrail_file(&records).as_bytes()));

    let counts = place.run(&["ingest"]).ok().json();
    assert_eq!(
        (&counts["records"], &counts["events"], &counts["rejected"], &counts["findings"]),
        (&18.into(), &18.into(), &0.into(), &1.into())
    );

    the_lake_has_it_as_it_was(&place, record);
    let finding = the_finding_names_it(&place);
    let incident = the_incident_holds_the_finding(&place, &finding);
    let log = place.log();
    the_log_commits_to_it(&log, &records, &finding, &incident);
    for (index, entry) in log.iter().enumerate() {
        its_entry_is_proved(&place, index, entry, log.len());
    }
    let verified = place.run(&["evidence", "verify", "data/log"]).ok().json();
    assert_eq!((&verified["entries"], &verified["faults"]), (&(log.len()).into(), &Value::Array(Vec::new())));

    // Reading the same file again is no news.
    assert_eq!(place.run(&["ingest"]).ok().json()["records"], 0);
    assert_eq!(place.log(), log);
}

#[track_caller]
fn the_lake_has_it_as_it_was(place: &Place, record: &str) {
    let sql = format!("SELECT * FROM events WHERE event_uid = '{EVENT_ID}'");
    let rows = place.query(&sql);
    assert_eq!(rows.len(), 1, "stored once");
    let row = &rows[0];
    assert_eq!(row["raw"], record, "byte by byte what the file held");
    let told = ["source", "logsource", "operation", "actor", "src_ip", "account", "region", "day", "time", "status"]
        .map(|column| row[column].as_str().unwrap_or("-"));
    assert_eq!(
        told,
        [
            "cloudtrail",
            "aws/cloudtrail",
            "PutBucketPolicy",
            ACTOR,
            "198.51.100.51",
            "444455556666",
            "us-east-1",
            "2026-03-02",
            "2026-03-02T13:06:44Z",
            "Success"
        ]
    );
    assert_eq!((&row["seq"], &row["record"]), (&1.into(), &17.into()), "the 18th record of the first batch");
    assert!(row["resources"].as_array().is_some_and(|all| all.iter().any(|one| one == BUCKET)), "{}", row["resources"]);
}

#[track_caller]
fn the_finding_names_it(place: &Place) -> String {
    let rows = place.query("SELECT uid, rule_id, event_uid, actor, source, seq, surface FROM findings");
    assert_eq!(rows.len(), 1, "one finding, and none for the quiet records: {rows:?}");
    let told =
        ["rule_id", "event_uid", "actor", "source", "surface"].map(|column| rows[0][column].as_str().unwrap_or("-"));
    assert_eq!(told, [RULE, EVENT_ID, ACTOR, "cloudtrail", "storage"]);
    // Offline detection, which stores nothing, gives the finding the same id: it is a hash, not a number.
    let offline = place.run(&["detect", MEMBER]).ok().json();
    assert_eq!(offline["finding_uid"], rows[0]["uid"]);
    assert_eq!((&offline["record"], &offline["file"]), (&17.into(), &MEMBER.into()));
    rows[0]["uid"].as_str().expect("a finding has an id").to_owned()
}

#[track_caller]
fn the_incident_holds_the_finding(place: &Place, finding: &str) -> String {
    let incident = place.run(&["incident", "list"]).ok().json();
    assert_eq!(
        (&incident["number"], &incident["status"], &incident["finding_count"]),
        (&1.into(), &"new".into(), &1.into())
    );
    assert_eq!(
        (&incident["first_event"], &incident["opened_at"]),
        (&"2026-03-02T13:06:44Z".into(), &common::NOW.into())
    );
    let members = place.query("SELECT finding, incident FROM incident_findings");
    assert_eq!(members, [serde_json::json!({"finding": finding, "incident": incident["id"]})]);
    incident["id"].as_str().expect("an incident has an id").to_owned()
}

#[track_caller]
fn the_log_commits_to_it(log: &[Value], records: &[String], finding: &str, incident: &str) {
    let kinds: Vec<&str> = log.iter().map(|entry| entry["kind"].as_str().unwrap_or("-")).collect();
    // First by which content it is judged; then two of the record's own; the others follow up the incident that it opened.
    assert_eq!(
        kinds,
        ["content.version", "batch.sealed", "incident.opened", "hold.placed", "incident.fact_set", "exposure.measured"]
    );
    let batch = &log[1]["clear"];
    assert_eq!(batch["content_version"], log[0]["clear"]["batch_version"]);
    let digests: Vec<[u8; 32]> = records.iter().map(|record| leaf(&Sha256::digest(record))).collect();
    assert_eq!(
        batch["raw_root"],
        STANDARD.encode(root(&digests)),
        "the root over the records as they stood in the file"
    );
    assert_eq!((&batch["id"], &batch["findings_count"]), (&"cloudtrail/1".into(), &1.into()));
    let opened = &log[2]["clear"];
    assert_eq!(opened["incident"], incident);
    assert_eq!(opened["seen"]["findings"], serde_json::json!([finding]));
    let clear = serde_json::to_string(log).expect("JSON prints");
    for personal in ["dana.reed", "198.51.100.51", "larkfield-customer-exports"] {
        assert!(!clear.contains(personal), "`{personal}` stands in the clear part of the log");
    }
}

/// Checks the proof that the program prints by hand: entry → leaf → root → checkpoint.
#[track_caller]
fn its_entry_is_proved(place: &Place, index: usize, entry: &Value, size: usize) {
    let proof = place.run(&["evidence", "prove", entry["id"].as_str().expect("an entry has an id")]).ok().stdout;
    let (head, checkpoint) = proof.split_once("\n\n").expect("a blank line before the checkpoint");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
    assert_eq!(lines.next(), Some(format!("index {index}").as_str()));
    let bytes = serde_json::to_string(entry).expect("an entry is canonical JSON: keys sorted, no spaces");
    let path: Vec<Vec<u8>> = lines.map(|line| STANDARD.decode(line).expect("base64")).collect();
    let whole = climb(index, size, leaf(bytes.as_bytes()), &path);
    let mut note = checkpoint.lines();
    assert_eq!(note.next(), Some("watertight.example/larkfield/simulated"));
    assert_eq!(note.next(), Some(size.to_string().as_str()));
    assert_eq!(note.next(), Some(STANDARD.encode(whole).as_str()), "entry {index} is under the signed root");
}

fn leaf(bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

fn node(left: &[u8], right: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// From a leaf to the root along its audit path, as RFC 9162 section 2.1.3.2 has it.
fn climb(index: usize, size: usize, leaf: [u8; 32], path: &[Vec<u8>]) -> [u8; 32] {
    let (mut here, mut last, mut hash) = (index, size - 1, leaf);
    for other in path {
        if here % 2 == 1 || here == last {
            hash = node(other, &hash);
            while here % 2 == 0 && here != 0 {
                (here, last) = (here / 2, last / 2);
            }
        } else {
            hash = node(&hash, other);
        }
        (here, last) = (here / 2, last / 2);
    }
    assert_eq!(last, 0, "the path has as many hashes as the tree has levels");
    hash
}

/// RFC 6962 section 2.1, as it is written there.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [only] => *only,
        [] => Sha256::digest([]).into(),
        many => {
            let split = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(split);
            node(&root(left), &root(right))
        }
    }
}

/// What each file of the page does there, by the words of its code. A renamed function fails here until the page is read again.
const MARKERS: &[(&str, &str)] = &[
    ("crates/ingest/src/source/files.rs", "async fn next_batch("),
    ("crates/ingest/src/logfile.rs", "pub fn next(&mut self) -> Option<Item"),
    ("crates/watertight/src/flow/assign.rs", "pub(crate) async fn next("),
    ("crates/ingest/src/format/cloudtrail.rs", "fn normalize(raw: &[u8]) -> Result<Event"),
    ("crates/lake/src/append.rs", "pub(crate) async fn append"),
    ("crates/sigma/src/matcher.rs", "pub fn evaluate("),
    ("crates/watertight/src/translate.rs", "pub(crate) fn finding("),
    ("crates/incident/src/decide/", "pub fn decide("),
    ("crates/watertight/src/store/log.rs", "pub(crate) async fn append("),
    ("crates/watertight/src/seal.rs", "pub(crate) async fn seal("),
];

#[test]
fn the_page_names_ten_files_that_do_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/life-of-a-record.md")).expect("the page exists");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    let files: Vec<&str> = rows.iter().map(|row| row.split('`').nth(1).expect("a row names its file")).collect();
    assert!(files.len() <= 10, "{} files; a record may visit ten", files.len());
    let expected: Vec<&str> = MARKERS.iter().map(|(file, _)| *file).collect();
    assert_eq!(files, expected, "the page and this test name the same files in the same order");
    for (file, marker) in MARKERS {
        let path = root.join(file);
        let path = if path.is_dir() { path.join("mod.rs") } else { path };
        let code = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(marker.split('|').all(|word| code.contains(word)), "{file} does not hold `{marker}` any more");
    }
}

#[test]
fn the_flow_calls_the_stations_in_the_order_of_the_page() {
    let flow = include_str!("../src/flow.rs");
    let turn = flow.split("pub(crate) async fn turn(").nth(1).expect("flow.rs has `turn`");
    let turn = turn.split("\n}\n").next().expect("it ends");
    assert!(turn.lines().count() <= 60, "the flow fits on one screen");
    let calls = [
        "assign::next",
        "normalize",
        "append_events",
        "append_rejected",
        ".detect(",
        "append_hits",
        "noticed::findings",
        "append_findings",
        "incident::decide",
        "store.append(",
        ".seal(",
        "finish_batch",
        ".commit(",
    ];
    let mut from = 0;
    for call in calls {
        let rest = turn.get(from..).expect("within the function");
        from += rest.find(call).unwrap_or_else(|| panic!("`{call}` does not come after the call before it"));
    }
}
