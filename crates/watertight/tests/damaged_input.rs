//! In = out: whatever a file holds, records = events + rejected, and what cannot be read is named and kept with its bytes.
//!
//! The offline commands and `ingest` must count the same; the input is `common::damaged`.

mod common;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Place, cloudtrail_file, config_text, damaged, keys, quiet_record};
use serde_json::{Value, json};

#[test]
fn counts_add_up_on_damaged_input() {
    let place = damaged();
    let normalized = place.run(&["normalize", "--stats", "-", "--rejected", "rejected.jsonl", "logs"]).exits(6);
    let counted = stats(&normalized);
    sums_hold(&counted);
    let number = |key: &str| counted[key].as_u64().expect("a number");
    assert_eq!((number("files"), number("skipped")), (7, 3), "{counted}");
    assert_eq!((number("records"), number("events"), number("rejected")), (16, 11, 5), "{counted}");
    assert_eq!(normalized.rows().len() as u64, number("events"), "one line an event");

    // `detect` counts the same records the same way, whatever it finds.
    let detected = place.run(&["detect", "--stats", "stats.json", "logs"]).exits(6);
    let file = std::fs::read_to_string(place.path("stats.json")).expect("--stats FILE writes a file");
    let found: Value = serde_json::from_str(&file).expect("stats are JSON");
    for key in ["files", "skipped", "records", "events", "rejected", "bytes_read", "bytes_decoded"] {
        assert_eq!(found[key], counted[key], "{key}");
    }
    assert_eq!(found["findings"].as_u64(), Some(detected.rows().len() as u64));
    assert_eq!(
        keys(&found),
        BTreeSet::from([
            "files",
            "skipped",
            "bytes_read",
            "bytes_decoded",
            "records",
            "events",
            "rejected",
            "findings",
            "rules_loaded",
            "rules_failed",
            "seconds",
            "threads"
        ])
    );
}

/// The stats object that `--stats -` puts on stderr among the talk.
#[track_caller]
fn stats(ran: &common::Ran) -> Value {
    let line = ran
        .stderr
        .lines()
        .find(|line| line.starts_with("{\"files\""))
        .unwrap_or_else(|| panic!("no stats in {}", ran.stderr));
    serde_json::from_str(line).expect("stats are JSON")
}

#[track_caller]
fn sums_hold(stats: &Value) {
    let number = |key: &str| stats[key].as_u64().unwrap_or_else(|| panic!("no {key} in {stats}"));
    assert_eq!(number("records"), number("events") + number("rejected"), "{stats}");
}

#[test]
fn rejected_records_are_kept_with_their_place_and_bytes() {
    let place = damaged();
    place.run(&["normalize", "--rejected", "rejected.jsonl", "logs"]).exits(6);
    let text = std::fs::read_to_string(place.path("rejected.jsonl")).expect("the file is there");
    let mut seen: Vec<(String, u64, Vec<u8>)> = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(keys(&row), BTreeSet::from(["file", "record", "reason", "raw_base64"]));
        assert!(row["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
        let raw = STANDARD.decode(row["raw_base64"].as_str().expect("base64")).expect("base64");
        seen.push((row["file"].as_str().expect("a name").to_owned(), row["record"].as_u64().expect("a number"), raw));
    }
    seen.sort();
    let places: Vec<(&str, u64)> = seen.iter().map(|(file, record, _)| (file.as_str(), *record)).collect();
    assert_eq!(
        places,
        [
            ("logs/c-cut.json.gz", 2),
            ("logs/d-lines.jsonl", 1),
            ("logs/d-lines.jsonl", 3),
            ("logs/d-lines.jsonl", 4),
            ("logs/d-lines.jsonl", 6)
        ]
    );
    let raw: Vec<&[u8]> = seen.iter().skip(1).map(|(_, _, raw)| raw.trim_ascii_end()).collect();
    assert_eq!(raw, [b"{\"eventVersion\":".as_slice(), b"\0\0\0\0", b"not a record", b"{\"eventVersion\":\"1.11\"}"]);
    assert!(seen[0].2.starts_with(b"{\"eventVersion\":\"1.11\""), "the cut-off record's bytes are kept");
}

#[test]
fn rejections_are_named_on_stderr() {
    let place = damaged();
    let ran = place.run(&["detect", "logs"]).exits(6);
    for named in [
        "c-cut.json.gz record 2",
        "d-lines.jsonl record 1",
        "d-lines.jsonl record 3",
        "d-lines.jsonl record 4",
        "d-lines.jsonl record 6",
    ] {
        assert!(ran.stderr.contains(named), "{named} in {}", ran.stderr);
    }
}

#[test]
fn ingest_counts_damage_like_the_offline_commands() {
    let place = damaged();
    place.write("watertight.toml", config_text(&[("damaged", "logs")], None));
    let counts = place.run(&["ingest"]).exits(6).json();
    assert_eq!(counts, json!({"source": "damaged", "records": 16, "events": 11, "rejected": 5, "findings": 2}));
    let rejected = place.query("SELECT member, record FROM rejected ORDER BY member, record");
    let rejected: Vec<(&str, u64)> =
        rejected.iter().map(|row| (file_name(&row["member"]), row["record"].as_u64().expect("a number"))).collect();
    assert_eq!(
        rejected,
        [("c-cut.json.gz", 2), ("d-lines.jsonl", 1), ("d-lines.jsonl", 3), ("d-lines.jsonl", 4), ("d-lines.jsonl", 6)]
    );
    // Nothing changed in the files: nothing is counted again.
    let again = place.run(&["ingest"]).ok().json();
    assert_eq!((&again["records"], &again["rejected"]), (&0.into(), &0.into()));
    // The same copy of the leak in two files is one finding by id, and says so.
    let unique = place.query("SELECT count(DISTINCT uid) AS n FROM findings");
    assert_eq!(unique[0]["n"], 1);
}

fn file_name(path: &Value) -> &str {
    path.as_str().and_then(|path| path.rsplit('/').next()).unwrap_or("-")
}

#[test]
fn a_line_that_is_still_being_written_is_rejected_today_and_read_whole_tomorrow() {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("growing", "logs")], None));
    let (first, second) = (quiet_record(1), quiet_record(2));
    let (begun, _) = second.split_at(200);
    place.write("logs/a.jsonl", format!("{first}\n{begun}"));
    let counts = place.run(&["ingest"]).exits(6).json();
    assert_eq!((&counts["events"], &counts["rejected"]), (&1.into(), &1.into()));
    place.write("logs/a.jsonl", format!("{first}\n{second}\n"));
    let counts = place.run(&["ingest"]).ok().json();
    assert_eq!((&counts["events"], &counts["rejected"]), (&1.into(), &0.into()));
    assert_eq!(
        place.query("SELECT count(DISTINCT event_uid) AS n, count(*) AS m FROM events"),
        [json!({"n": 2, "m": 2})]
    );
    let kept = place.query("SELECT member, record FROM rejected");
    assert_eq!(kept.len(), 1, "that half a line was seen stays on record");
    place.run(&["ingest"]).ok();
    assert_eq!(place.query("SELECT count(*) AS n FROM events")[0]["n"], 2);
}

#[test]
fn a_file_that_cannot_be_opened_is_counted_by_ingest() {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("gone", "logs")], None));
    place.write("logs/a.json", cloudtrail_file(&[quiet_record(1)]));
    std::os::unix::fs::symlink(place.path("nowhere"), place.path("logs/b.json")).expect("make a link");
    let ran = place.run(&["ingest"]);
    // A dangling link is either named as rejected or refused by name; it is never passed over in silence.
    let named = ran.stderr.contains("b.json") || ran.json()["rejected"] == 1;
    assert!(named, "exit {:?}, stdout {}, stderr {}", ran.code, ran.stdout, ran.stderr);
}

#[test]
fn a_source_that_is_not_there_costs_no_other_source_its_records() {
    let place = Place::new();
    let sources = [("gone", "nowhere"), ("kept", "logs"), ("lost", "nowhere-else")];
    place.write("watertight.toml", config_text(&sources, None));
    place.write("logs/a.json", cloudtrail_file(&[quiet_record(1), quiet_record(2)]));
    let ran = place.run(&["ingest"]).exits(2);
    assert_eq!(ran.json(), json!({"source": "kept", "records": 2, "events": 2, "rejected": 0, "findings": 0}));
    for said in ["source `gone`", "source `lost`", "2 of 3 sources failed"] {
        assert!(ran.stderr.contains(said), "{said} in {}", ran.stderr);
    }
    assert_eq!(place.query("SELECT count(*) AS n FROM events")[0]["n"], 2);
    // Once they are there, each is read from its beginning, and nothing twice.
    place.write("nowhere/b.json", cloudtrail_file(&[quiet_record(3)]));
    place.write("nowhere-else/c.json", cloudtrail_file(&[quiet_record(4)]));
    let rows = place.run(&["ingest"]).ok().rows();
    let read: Vec<(&str, u64)> = rows
        .iter()
        .map(|row| (row["source"].as_str().expect("a name"), row["events"].as_u64().expect("a number")))
        .collect();
    assert_eq!(read, [("gone", 1), ("kept", 0), ("lost", 1)]);
}

#[test]
fn rejected_records_come_in_input_order_whoever_reads() {
    let place = Place::new();
    for file in 0..30 {
        // Files of very different length, so that workers overtake each other.
        let bad = (0..(30 - file) * 40).map(|line| format!("{{\"eventVersion\":\"1.11\",\"line\":{line}}}\n"));
        place.write(&format!("logs/{file:02}.jsonl"), quiet_record(1) + "\n" + &bad.collect::<String>());
    }
    let kept = |threads: &str| {
        place.run(&["normalize", "--rejected", "kept.jsonl", "--threads", threads, "logs"]).exits(6);
        std::fs::read_to_string(place.path("kept.jsonl")).expect("the file is there")
    };
    let one = kept("1");
    assert_eq!(one.lines().count(), (1..=30).sum::<usize>() * 40);
    for _ in 0..3 {
        assert!(kept("4") == one, "four workers keep the same");
    }
}

#[test]
fn a_file_that_two_arguments_name_is_read_once() {
    let place = Place::new();
    place.write("logs/a.json", cloudtrail_file(&[quiet_record(1)]));
    place.write("logs/b.json", cloudtrail_file(&[quiet_record(2), quiet_record(3)]));
    let paths = ["logs/b.json", "logs", "./logs/a.json", "logs/*.json"];
    for command in ["normalize", "detect"] {
        let counted = stats(&place.run(&[&[command, "--stats", "-"], paths.as_slice()].concat()).ok());
        assert_eq!((&counted["files"], &counted["events"]), (&2.into(), &3.into()), "{command} {counted}");
    }
    let first = place.run(&[&["normalize"], paths.as_slice()].concat()).ok().rows().remove(0);
    assert!(first["metadata"]["uid"].as_str().is_some_and(|uid| uid.ends_with("02")), "the first argument is first");
}

#[test]
fn both_commands_reject_a_record_whose_last_name_is_none() {
    let place = Place::new();
    let twice = |last: &str| quiet_record(1).replace("\"awsRegion\"", &format!("\"eventName\":{last},\"awsRegion\""));
    place.write("logs/a.json", cloudtrail_file(&[quiet_record(2), twice("null"), twice("\"Other\"")]));
    for command in ["normalize", "detect"] {
        let counted = stats(&place.run(&[command, "--stats", "-", "logs"]).exits(6));
        assert_eq!((&counted["events"], &counted["rejected"]), (&2.into(), &1.into()), "{command} {counted}");
    }
}
