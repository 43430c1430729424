//! What is kept, what may go, and what must never come back: holds, retention, erasure, the clock, and the bytes of a record.

mod common;

use std::fs;

use common::{Place, cloudtrail_file, config_text, copy_dir};
use serde_json::{Value, json};

/// A trail is stopped: one finding of high severity, an incident by itself.
fn stopped_trail() -> String {
    let record = json!({
        "eventVersion": "1.11", "eventTime": "2026-03-02T10:00:00Z", "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging", "awsRegion": "eu-central-1", "sourceIPAddress": "198.51.100.9", "userAgent": "aws-cli/2",
        "eventID": "11111111-2222-4333-8444-555555555555", "eventType": "AwsApiCall", "readOnly": false,
        "recipientAccountId": "111122223333", "requestParameters": {"name": "org-trail"}, "responseElements": null,
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "ana",
            "arn": "arn:aws:iam::111122223333:user/ana", "principalId": "AIDAEXAMPLE"},
    });
    record.to_string()
}

fn with_an_incident() -> Place {
    let place = Place::new();
    let mut records: Vec<String> = (0..5).map(common::quiet_record).collect();
    records.push(stopped_trail());
    place.write("logs/a.json", cloudtrail_file(&records));
    place.write("watertight.toml", config_text(&[("trail", "logs")], None));
    place.run(&["ingest"]).ok();
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1, "the stopped trail is an incident");
    place
}

fn kinds(place: &Place) -> Vec<String> {
    place.log().iter().filter_map(|entry| Some(entry["kind"].as_str()?.to_owned())).collect()
}

#[test]
fn retention_keeps_the_events_of_an_open_incident_and_tells_the_log() {
    let mut place = with_an_incident();
    let events = || place.query("SELECT event_uid FROM events").len();
    assert_eq!(events(), 6);
    assert!(kinds(&place).contains(&"hold.placed".to_owned()));
    let released = place.run(&["lake", "release", "incident-1", "--by", "P-1"]).exits(2);
    assert!(released.stderr.contains("close"), "{}", released.stderr);

    // A year later everything is old; the incident's own event stays.
    place.now = "2027-03-02T10:00:00Z".to_owned();
    place.run(&["lake", "retain", "--keep-days", "90"]).ok();
    let left = place.query("SELECT event_uid FROM events");
    assert_eq!(left, [json!({"event_uid": "11111111-2222-4333-8444-555555555555"})]);

    place.run(&["incident", "close", "1", "--verdict", "benign", "--reason", "planned", "--by", "P-1"]).ok();
    place.run(&["lake", "release", "incident-1", "--by", "P-1"]).ok();
    place.now = "2027-03-03T10:00:00Z".to_owned();
    place.run(&["lake", "retain", "--keep-days", "90"]).ok();
    assert_eq!(place.query("SELECT event_uid FROM events").len(), 0);
    let kinds = kinds(&place);
    let count = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
    assert_eq!((count("hold.placed"), count("hold.released")), (1, 1));
    assert_eq!((count("retention.ordered"), count("retention.done")), (2, 2));
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn less_than_ninety_days_is_refused() {
    let place = with_an_incident();
    place.run(&["lake", "retain", "--keep-days", "89"]).exits(2);
}

#[test]
fn a_restored_backup_does_not_bring_back_what_was_erased() {
    let place = with_an_incident();
    place.run(&["incident", "fact", "1", "narrative.nature", "Zoe Exampleperson was named.", "--by", "P-1"]).ok();
    place.run(&["incident", "close", "1", "--verdict", "benign", "--reason", "planned", "--by", "P-1"]).ok();
    place.run(&["lake", "release", "incident-1", "--by", "P-1"]).ok();
    let backup = place.path("backup");
    copy_dir(&place.data().join("keys"), &backup);
    place.run(&["evidence", "erase", "--incident", "1", "--by", "P-9", "--reason", "asked for"]).ok();
    let texts = || place.run(&["incident", "timeline", "1"]).ok().stdout;
    assert!(!texts().contains("Exampleperson"));

    // The disk failed, and the keys come back from before the erasure.
    fs::remove_dir_all(place.data().join("keys")).expect("the keys are removed");
    copy_dir(&backup, &place.data().join("keys"));
    assert!(texts().contains("Exampleperson"), "the restored key opens the text until somebody writes");
    place.run(&["ingest"]).ok();
    assert!(!texts().contains("Exampleperson"), "the first writer destroys the key again");
}

#[test]
fn a_clock_that_runs_backward_writes_nothing() {
    let mut place = with_an_incident();
    let before = place.log();
    let acknowledge = ["incident", "acknowledge", "1", "--by", "P-1"];
    place.now = "2026-03-01T00:00:00Z".to_owned();
    let refused = place.run(&acknowledge).exits(1);
    assert!(refused.stderr.contains("clock"), "{}", refused.stderr);
    assert_eq!(place.log(), before);
    // Looking back is allowed: nothing is written.
    place.run(&["duty", "check"]).ok();
    // If it was the earlier clock that was wrong, somebody says so, and writing goes on.
    place.run(&["state", "correct-clock", "--by", "P-1", "--reason", "the battery was empty"]).ok();
    place.run(&acknowledge).ok();
    assert!(kinds(&place).contains(&"clock.corrected".to_owned()));
    place.run(&["state", "correct-clock", "--by", "P-1", "--reason", "again"]).exits(2);
    place.run(&["evidence", "verify", "data/log"]).ok();
}

#[test]
fn a_hold_by_hand_beats_an_erasure_too() {
    let place = with_an_incident();
    place.run(&["lake", "hold", "subpoena-1", "--actor", "aws:user:111122223333/ana", "--reason", "court order"]).ok();
    place.run(&["incident", "close", "1", "--verdict", "benign", "--reason", "planned", "--by", "P-1"]).ok();
    place.run(&["lake", "release", "incident-1", "--by", "P-1"]).ok();
    let erase = ["evidence", "erase", "--incident", "1", "--by", "P-9", "--reason", "asked for"];
    let refused = place.run(&erase).exits(2);
    assert!(refused.stderr.contains("subpoena-1"), "{}", refused.stderr);
    place.run(&["lake", "release", "subpoena-1", "--by", "P-1"]).ok();
    place.run(&erase).ok();
    let clear = serde_json::to_string(&place.log()).expect("JSON prints");
    assert!(!clear.contains("111122223333/ana"), "whom a hold is about stands in the clear part of the log");
}

/// A visitor's browser may call itself anything, also something that is no UTF-8. Its request is an event all the same.
#[test]
fn a_record_that_is_no_utf8_is_kept_byte_for_byte() {
    let place = Place::new();
    let line = [
        b"7c1d5a90e3f84b26a7c05de91b3f6842d0e79c54a1b8f3620dce47951ab8f036 larkfield-assets [02/Mar/2026:10:00:00 +0000] 203.0.113.9 - 3E57427F3EXAMPLE REST.GET.OBJECT logo.png \
          \"GET /logo.png HTTP/1.1\" 200 - 512 512 7 6 \"-\" \"Wg"
            .as_slice(),
        b"\xff\xfe",
        b"et\" - aHostIdExample= - TLS_AES_128_GCM_SHA256 - larkfield-assets.s3.amazonaws.com TLSv1.3 - -",
    ]
    .concat();
    place.write("logs/access.log", [line.as_slice(), b"\n"].concat());
    place.write("watertight.toml", config_text(&[("s3access", "logs")], None));
    place.run(&["ingest"]).ok();
    let kept = place.query("SELECT encode(raw_bytes, 'hex') AS bytes, raw FROM events");
    let hex: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["bytes"], json!(hex));
    assert!(kept[0]["raw"].as_str().is_some_and(|raw| raw.contains("Wg\u{fffd}")), "{kept:?}");
}

#[test]
fn json_that_is_no_utf8_is_rejected_with_its_bytes() {
    let place = Place::new();
    let record = common::quiet_record(1);
    let (head, tail) = record.split_once("Boto3").expect("the record names its client");
    let record = [head.as_bytes(), b"Boto3\xff\xfe", tail.as_bytes()].concat();
    place.write("logs/a.json", [b"{\"Records\":[".as_slice(), &record, b"]}"].concat());
    place.write("watertight.toml", config_text(&[("trail", "logs")], None));
    place.run(&["ingest"]).exits(6);
    let hex: String = record.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(place.query("SELECT encode(raw, 'hex') AS bytes FROM rejected"), [json!({"bytes": hex})]);
}

#[test]
fn what_the_law_cannot_decide_is_shown_and_counts_from_its_time() {
    let mut place = with_an_incident();
    for (name, value) in [
        ("role", "[\"controller\"]"),
        ("subjects.DE", "40"),
        ("elements", "[\"NAME\",\"EMAIL\"]"),
        ("times.aware", "2026-03-02T12:00:00Z"),
        ("event.confidentiality", "true"),
    ] {
        place.run(&["incident", "fact", "1", name, value, "--by", "P-1"]).ok();
    }
    // Nobody asks: the next reading of the sources follows up the incident whose facts changed.
    place.run(&["ingest"]).ok();
    let rows = place.run(&["duty", "list"]).ok().rows();
    let pending: Vec<&Value> = rows.iter().filter(|row| row["state"] == "pending").collect();
    let about_risk = |row: &&&Value| row["because"].to_string().contains("risk");
    let question = pending.iter().find(about_risk).unwrap_or_else(|| panic!("no question about the risk: {rows:?}"));
    let fails_safe = question["fail_safe_at"].as_str().expect("a time from which it counts").to_owned();
    assert!(rows.iter().all(|row| row["state"] != "not_required"));
    let all = place.run(&["duty", "list", "--not-required"]).ok().rows();
    assert!(
        all.iter().any(|row| row["state"] == "not_required" && row["because"] != json!([])),
        "the reasons are shown"
    );

    let fails_safe: jiff::Timestamp = fails_safe.parse().expect("an instant");
    place.now = (fails_safe - jiff::SignedDuration::from_mins(1)).to_string();
    let early = place.run(&["duty", "check"]);
    assert!(!early.stdout.contains("\"pending\""), "{}", early.stdout);
    place.now = (fails_safe + jiff::SignedDuration::from_mins(1)).to_string();
    let late = place.run(&["duty", "check"]).exits(5);
    assert!(late.rows().iter().any(|row| row["state"] == "pending"), "{}", late.stdout);
}
