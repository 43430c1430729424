//! Baselines through the whole path: what was learned survives restarts and deaths, no batch teaches twice, and what is
//! unusual is told once, with its history.

mod common;

use common::{Place, config_text};
use serde_json::{Value, json};

const TITLE: &str = "Role of a workload used from a network it never came from";
/// 2026-02-01T00:00:00Z.
const START: i64 = 1_769_904_000;

fn call(number: i64, hours: i64, address: &str) -> String {
    call_of("app", number, hours, address)
}

fn call_of(role: &str, number: i64, hours: i64, address: &str) -> String {
    let time = START + hours * 3600;
    let time = jiff::Timestamp::from_second(time).expect("a time of this year");
    json!({
        "eventVersion": "1.11", "eventTime": time.to_string(), "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/i-0a"), "accountId": "111122223333"},
        "awsRegion": "us-east-1", "sourceIPAddress": address, "requestParameters": {"bucketName": "larkfield-orders", "key": "a"},
        "eventID": format!("e-{role}-{number}-{hours}"), "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
    })
    .to_string()
}

/// Twenty-five days of one call in six hours, in files of five days.
fn habit(place: &Place, part: i64) {
    let lines: Vec<String> = (part * 20..part * 20 + 20).map(|n| call(n, n * 6, "10.0.1.5")).collect();
    place.write(&format!("logs/{part}.jsonl"), lines.join("\n") + "\n");
}

fn place() -> Place {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("trail", "logs")], None));
    place
}

fn told(place: &Place) -> Vec<Value> {
    let rows = place.query(&format!("SELECT json FROM findings WHERE title = '{TITLE}'"));
    rows.iter().map(|row| serde_json::from_str(row["json"].as_str().expect("text")).expect("a finding")).collect()
}

/// Events that the baseline was shown.
fn shown(place: &Place) -> Value {
    let rows = place.run(&["baseline", "list"]).ok().rows();
    rows.into_iter().find(|row| row["title"] == TITLE).expect("the baseline is there")["events"].clone()
}

#[test]
fn what_was_learned_over_restarts_tells_a_stranger_once_with_its_history() {
    let place = place();
    for part in 0..5 {
        habit(&place, part);
        assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 0);
    }
    assert_eq!(shown(&place), 100);
    let strange: Vec<String> = (0..5).map(|n| call(n, 26 * 24, "192.0.2.9")).collect();
    place.write("logs/9.jsonl", strange.join("\n") + "\n");
    place.run(&["ingest"]).ok();
    let found = told(&place);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["anomaly"]["observed"], "192.0.2.0/24");
    assert_eq!(found[0]["anomaly"]["observations"], 100);
    assert_eq!(found[0]["actor"], "aws:role-session:111122223333/app/i-0a");
    place.run(&["ingest"]).ok();
    assert_eq!(told(&place), found);
}

#[test]
fn dying_anywhere_teaches_every_batch_once() {
    let failpoints = ["flow.events_appended", "flow.links_appended", "flow.log_appended", "flow.source_committed"];
    for failpoint in failpoints {
        let place = place();
        for part in 0..5 {
            habit(&place, part);
            place.run_to_failpoint(&format!("{failpoint}:1"), &["ingest"]).exits(None);
            place.run(&["ingest"]).ok();
        }
        place.write("logs/9.jsonl", call(0, 26 * 24, "192.0.2.9") + "\n");
        place.run_to_failpoint(&format!("{failpoint}:1"), &["ingest"]).exits(None);
        place.run(&["ingest"]).ok();
        assert_eq!(shown(&place), 101, "after dying at {failpoint}");
        assert_eq!(told(&place).len(), 1, "after dying at {failpoint}");
    }
}

/// So many roles that what is learned about them is no longer written with every batch.
const ROLES: i64 = 6_000;
const WRITTEN_WITH_EVERY_BATCH_BYTES: usize = 1 << 20;

/// Ten days of many roles, learned and on disk.
fn large_place() -> Place {
    let place = place();
    let lines: Vec<String> = (0..ROLES).map(|n| call_of(&format!("app-{n}"), n, n * 240 / ROLES, "10.0.1.5")).collect();
    place.write("logs/0.jsonl", lines.join("\n") + "\n");
    place.run(&["ingest"]).ok();
    assert!(WRITTEN_WITH_EVERY_BATCH_BYTES < learned(&place).len(), "{} bytes", learned(&place).len());
    place
}

fn learned(place: &Place) -> Vec<u8> {
    std::fs::read(place.data().join("baselines.learned")).expect("the snapshot is there")
}

/// Three more sources with a batch each. Lines of the flow log mean nothing without their header.
fn three_batches(place: &Place) {
    let sources = [("trail", "logs"), ("one", "one"), ("two", "two"), ("three", "three")];
    place.write("watertight.toml", config_text(&sources, None));
    let calls = |day: i64| {
        let lines: Vec<String> =
            (0..60).map(|n| call_of(&format!("app-{}", n * day), n, day * 24 - n % 7, "192.0.2.9")).collect();
        lines.join("\n") + "\n"
    };
    place.write("one/0.jsonl", calls(26));
    place.write("three/0.jsonl", calls(27));
    let line = |n: i64| {
        let start = START + n * 3600;
        format!(
            "2 111122223333 eni-0{} 10.0.1.5 203.0.113.9 {} 9 443 50000 6 {start} {} ACCEPT OK\n",
            n % 5,
            n * 1_000,
            start + 60
        )
    };
    let header = "version account-id interface-id srcaddr dstaddr bytes packets srcport dstport protocol start end action log-status\n";
    place.write("two/0.log", header.to_owned() + &(0..200).map(line).collect::<String>());
}

/// Other content, and a batch after the restart.
fn go_on(place: &Place) -> (Vec<u8>, Vec<Value>, Vec<Value>) {
    let config = std::fs::read_to_string(place.config()).expect("the configuration");
    place.write("watertight.toml", config + "\n[placeholders]\nexport_storage = [\"nowhere\"]\n");
    place.write("logs/9.jsonl", call_of("app-1", 0, 28 * 24, "198.51.100.4") + "\n");
    place.run(&["ingest"]).ok();
    let findings = place.query("SELECT uid, title FROM findings ORDER BY uid");
    (learned(place), place.run(&["baseline", "list"]).ok().rows(), findings)
}

#[test]
fn dying_with_batches_that_are_in_no_snapshot_loses_no_learning() {
    let undisturbed = large_place();
    three_batches(&undisturbed);
    undisturbed.run(&["ingest"]).ok();
    let (expected, statistics, findings) = go_on(&undisturbed);
    let events = |rows: &[Value], surface: &str| {
        rows.iter().filter(|row| row["surface"] == surface).filter_map(|row| row["events"].as_i64()).sum::<i64>()
    };
    assert!(0 < events(&statistics, "network"), "{statistics:#?}");
    for failpoint in
        ["flow.events_appended:3", "flow.findings_appended:3", "flow.log_appended:3", "flow.source_committed:3"]
    {
        let place = large_place();
        let before = learned(&place);
        three_batches(&place);
        place.run_to_failpoint(failpoint, &["ingest"]).exits(None);
        assert_eq!(learned(&place), before, "what the batches taught is on disk already at {failpoint}");
        let (after, shown, told) = go_on(&place);
        assert_eq!(shown, statistics, "after dying at {failpoint}");
        assert_eq!(told, findings, "after dying at {failpoint}");
        assert_eq!(after, expected, "after dying at {failpoint}");
    }
}

#[test]
fn a_damaged_memory_is_said_and_learning_begins_again() {
    let place = place();
    habit(&place, 0);
    place.run(&["ingest"]).ok();
    place.write("data/baselines.learned", "no snapshot at all");
    habit(&place, 1);
    let ran = place.run(&["ingest"]).ok();
    assert!(ran.stderr.contains("cannot be used; they learn anew"), "{}", ran.stderr);
    assert_eq!(shown(&place), 20);
}
