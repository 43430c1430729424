//! Baselines through the whole path: what was learned survives restarts and deaths, no batch teaches twice, and what is
//! unusual is told once, with its history.

mod common;

use common::{Place, config_text};
use serde_json::{Value, json};

const TITLE: &str = "Role of a workload used from a network it never came from";
/// 2026-02-01T00:00:00Z.
const START: i64 = 1_769_904_000;

fn call(number: i64, hours: i64, address: &str) -> String {
    let time = START + hours * 3600;
    let time = jiff::Timestamp::from_second(time).expect("a time of this year");
    json!({
        "eventVersion": "1.11", "eventTime": time.to_string(), "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/i-0a", "accountId": "111122223333"},
        "awsRegion": "us-east-1", "sourceIPAddress": address, "requestParameters": {"bucketName": "larkfield-orders", "key": "a"},
        "eventID": format!("e-{number}-{hours}"), "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
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
