//! One file that is too large to be held in memory whole: several workers look at pieces of it, and nobody can tell.

mod common;

use std::fmt::Write as _;

use common::Place;

/// Above the size up to which a plain file is read whole (8 MiB).
const RECORDS: usize = 30_000;

const RULES: &str = "
title: Trail stopped
id: 7f1c2f5a-3f6e-4c55-9d1c-000000000001
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: StopLogging}, condition: s}
level: high
---
title: Seen through OCSF
id: 7f1c2f5a-3f6e-4c55-9d1c-000000000002
logsource: {product: ocsf, service: api_activity}
detection: {s: {api.operation: StopLogging, cloud.region: eu-west-1}, condition: s}
level: medium
";

fn record(number: usize) -> String {
    let name = if number % 997 == 3 { "StopLogging" } else { "DescribeInstances" };
    let region = if number.is_multiple_of(2) { "eu-west-1" } else { "us-east-1" };
    let padding = "x".repeat(150 + number % 90);
    format!(
        r#"{{"eventVersion":"1.11","eventTime":"2026-03-02T10:{:02}:{:02}Z","eventSource":"cloudtrail.amazonaws.com","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"198.51.100.7","requestParameters":{{"name":"trail-{number}","note":"{padding} \"}}]"}},"eventID":"7a1c2e4f-0000-4000-8000-{number:012}"}}"#,
        number / 60 % 60,
        number % 60
    )
}

/// The records as lines or as one list, two of them damaged.
fn write(place: &Place, name: &str, is_list: bool) {
    let mut text = String::from(if is_list { "{\"Records\":[" } else { "" });
    for number in 0..RECORDS {
        let separator = match (is_list, number) {
            (_, 0) => "",
            (true, _) => ",",
            (false, _) => "\n",
        };
        let record = match number {
            // No time: it is no event.
            11_111 => record(number).replace("eventTime", "eventTide"),
            // A list element, or a line, that is no object.
            22_222 => "7".to_owned(),
            _ => record(number),
        };
        write!(text, "{separator}{record}").expect("memory");
    }
    text.push_str(if is_list { "]}" } else { "\n" });
    place.write(name, text);
}

#[test]
fn workers_share_a_large_file_and_nobody_can_tell() {
    let place = Place::new();
    place.write("rules/rules.yml", RULES);
    write(&place, "logs/list.json", true);
    write(&place, "logs/lines.json", false);
    place.write("logs/small.json", record(3));
    let run = |threads: &str| {
        let ran =
            place.run(&["detect", "--no-builtin", "--rules", "rules", "--stats", "-", "--threads", threads, "logs"]);
        ran.exits(6)
    };
    let one = run("1");
    let rows = one.rows();
    let of = |title: &str| rows.iter().filter(|row| row["rule_title"] == title).count();
    assert_eq!((of("Trail stopped"), of("Seen through OCSF")), (31 + 31 + 1, 15 + 15));
    let place_of = |row: &serde_json::Value| {
        (row["file"].as_str().map(str::to_owned), row["record"].as_u64(), row["rule_title"] == "Seen through OCSF")
    };
    assert!(rows.iter().map(place_of).is_sorted(), "by file, then record, then rule");
    let named = rows.iter().find(|row| row["record"] == 25_925).expect("the finding behind both damaged records");
    assert_eq!(named["event_uid"], "7a1c2e4f-0000-4000-8000-000000025925");
    for threads in ["2", "3", "8"] {
        let several = run(threads);
        assert!(several.stdout == one.stdout, "{threads} threads print something else");
        let talk = |ran: &common::Ran| {
            let mut lines: Vec<String> =
                ran.stderr.lines().filter(|line| line.starts_with("rejected")).map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(talk(&several), talk(&one), "{threads} threads");
        assert_eq!(talk(&one).len(), 4);
    }
}
