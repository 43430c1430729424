//! Correlations through the whole path: across batches, restarts, deaths in between and sources that come late, a stretch of
//! events is one finding, told once.

mod common;

use common::{Place, config_text};
use serde_json::{Value, json};

const RULE: &str = "One assistant exports the gradebooks of several courses";

/// One gradebook exported by an assistant.
fn export(minute: u32, course: &str) -> String {
    json!({
        "timestamp": format!("2026-03-02T10:{minute:02}:00Z"), "service": "assessment", "event": "export.download",
        "event_id": format!("e-{minute}-{course}"), "user": {"id": "ta-7", "role": "ta"},
        "client": {"ip": "192.0.2.10", "country": "US"}, "http": {"method": "GET", "path": "/v1/export", "status": 200},
        "resource": {"type": "gradebook", "id": course, "owner_id": "prof-1", "count": 30},
    })
    .to_string()
}

fn place(sources: &[(&str, &str)]) -> Place {
    let place = Place::new();
    place.write("watertight.toml", config_text(sources, None));
    for (_, path) in sources {
        std::fs::create_dir_all(place.path(path)).expect("make a source's directory");
    }
    place
}

fn add(place: &Place, file: &str, exports: &[(u32, &str)]) {
    let lines: Vec<String> = exports.iter().map(|(minute, course)| export(*minute, course)).collect();
    place.write(file, lines.join("\n") + "\n");
}

fn correlated(place: &Place) -> Vec<Value> {
    let rows =
        place.query(&format!("SELECT uid, event_uid, json FROM findings WHERE title = '{RULE}' ORDER BY time, uid"));
    rows.iter()
        .map(|row| {
            serde_json::from_str(row["json"].as_str().expect("a finding is kept as text")).expect("a finding is JSON")
        })
        .collect()
}

#[test]
fn a_stretch_across_restarts_is_one_finding_and_its_exposure_is_all_of_it() {
    let place = place(&[("campus", "logs")]);
    for (run, (minute, course)) in [(0, "algebra"), (9, "botany")].into_iter().enumerate() {
        add(&place, &format!("logs/{run}.jsonl"), &[(minute, course)]);
        assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 0, "two courses are nobody's business");
    }
    add(&place, "logs/2.jsonl", &[(20, "chemistry")]);
    assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 1);
    let found = correlated(&place);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["event_uid"], "e-20-chemistry", "it stands at the event that completed it");
    assert_eq!(found[0]["correlation"]["kind"], "value_count");
    assert_eq!(found[0]["correlation"]["group"], json!([["user.id", "ta-7"]]));
    assert_eq!(found[0]["event_uids"], json!(["e-0-algebra", "e-20-chemistry", "e-9-botany"]));

    // It goes on: nobody is told again, but what else was taken is measured and held without anybody asking.
    add(&place, "logs/3.jsonl", &[(40, "drama"), (55, "ethics")]);
    assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 0);
    assert_eq!(correlated(&place), found);
    let incidents = place.run(&["incident", "list"]).ok().rows();
    assert_eq!((incidents.len(), &incidents[0]["finding_count"]), (1, &1.into()));
    let measured: Vec<Value> = place
        .log()
        .into_iter()
        .filter(|entry| entry["kind"] == "exposure.measured")
        .map(|entry| entry["clear"]["events"].clone())
        .collect();
    assert_eq!(measured, [json!(3), json!(5)]);
    let held = place.log().into_iter().rfind(|entry| entry["kind"] == "hold.placed").expect("the events are held");
    assert_eq!(held["clear"]["event_uids"], 5);
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn dying_anywhere_in_the_batch_that_completes_it_tells_it_once() {
    for failpoint in [
        "flow.events_appended",
        "flow.hits_appended",
        "flow.findings_appended",
        "flow.log_appended",
        "flow.source_committed",
    ] {
        let place = place(&[("campus", "logs")]);
        add(&place, "logs/0.jsonl", &[(0, "algebra"), (9, "botany")]);
        place.run(&["ingest"]).ok();
        add(&place, "logs/1.jsonl", &[(20, "chemistry")]);
        place.run_to_failpoint(&format!("{failpoint}:1"), &["ingest"]).exits(None);
        place.run(&["ingest"]).ok();
        assert_eq!(correlated(&place).len(), 1, "after dying at {failpoint}");
        let sealed: u64 = place.log().iter().filter_map(|entry| entry["clear"]["findings_count"].as_u64()).sum();
        assert_eq!(sealed, 1, "the log commits to it once, after dying at {failpoint}");
        assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1);
        place
            .run(&[
                "evidence",
                "pack",
                "--framework",
                "soc2",
                "--from",
                "2026-03-02",
                "--to",
                "2026-03-04",
                "--out",
                "p.zip",
            ])
            .ok();
        place.run(&["evidence", "verify", "p.zip"]).ok();
    }
}

#[test]
fn sources_that_are_read_one_after_the_other_meet_in_one_window() {
    let place = place(&[("east", "east"), ("west", "west")]);
    add(&place, "east/0.jsonl", &[(0, "algebra"), (50, "drama")]);
    add(&place, "west/0.jsonl", &[(10, "botany")]);
    place.run(&["ingest"]).ok();
    let found = correlated(&place);
    assert_eq!(found.len(), 1, "two courses of one source and one of the other are three");
    assert_eq!(found[0]["event_uid"], "e-50-drama");
}

#[test]
fn an_earlier_event_that_comes_late_revises_and_pages_nobody_anew() {
    let place = place(&[("east", "east"), ("west", "west")]);
    add(&place, "east/0.jsonl", &[(20, "algebra"), (25, "botany"), (30, "chemistry")]);
    place.run(&["ingest"]).ok();
    let before = correlated(&place);
    assert_eq!(before.len(), 1);
    // The west is late: its event stands before all others.
    add(&place, "west/0.jsonl", &[(10, "drama")]);
    place.run(&["ingest"]).ok();
    let after = correlated(&place);
    assert_eq!(after.len(), 2, "what was reported stays, and what is true now stands beside it");
    let revised = after.iter().find(|finding| finding["uid"] != before[0]["uid"]).expect("another finding");
    assert_eq!(revised["correlation"]["supersedes"], json!([before[0]["uid"]]));
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1, "one incident, whatever came late");
}

#[test]
fn a_source_that_is_behind_in_a_later_run_is_not_too_late() {
    let place = place(&[("east", "east"), ("west", "west")]);
    add(&place, "east/0.jsonl", &[(0, "algebra")]);
    add(&place, "west/0.jsonl", &[(1, "algebra")]);
    place.run(&["ingest"]).ok();
    // In the next run the east is read first, and is hours ahead of what the west still has.
    let later = export(30, "algebra").replace("2026-03-02T10", "2026-03-02T15").replace("e-30", "e-15-30");
    place.write("east/1.jsonl", later + "\n");
    add(&place, "west/1.jsonl", &[(20, "botany"), (25, "chemistry"), (28, "drama")]);
    place.run(&["ingest"]).ok();
    assert_eq!(correlated(&place).len(), 1);
}

#[test]
fn a_record_from_the_future_does_not_switch_correlation_off() {
    let place = place(&[("campus", "logs")]);
    let future = export(0, "algebra").replace("2026-03-02T10", "2099-03-02T10").replace("ta-7", "ta-9");
    place.write("logs/0.jsonl", future + "\n");
    place.run(&["ingest"]).ok();
    add(&place, "logs/1.jsonl", &[(20, "botany"), (25, "chemistry"), (28, "drama")]);
    place.run(&["ingest"]).ok();
    assert_eq!(correlated(&place).len(), 1);
}

#[test]
fn a_second_stretch_is_told_although_single_events_lie_between() {
    let place = place(&[("campus", "logs")]);
    add(&place, "logs/0.jsonl", &[(0, "algebra"), (1, "botany"), (2, "chemistry")]);
    place.run(&["ingest"]).ok();
    assert_eq!(correlated(&place).len(), 1);
    // The own course every 50 minutes, then another burst.
    let at = |hour: u32, minute: u32, course: &str| {
        export(minute, course)
            .replace("2026-03-02T10", &format!("2026-03-02T{hour}"))
            .replace("\"event_id\":\"e-", &format!("\"event_id\":\"e-{hour}-"))
    };
    let quiet = [at(10, 50, "algebra"), at(11, 40, "algebra"), at(12, 30, "algebra"), at(13, 20, "algebra")];
    let burst = [at(14, 10, "drama"), at(14, 11, "ethics"), at(14, 12, "french")];
    place.write("logs/1.jsonl", [quiet.as_slice(), &burst].concat().join("\n") + "\n");
    place.run(&["ingest"]).ok();
    assert_eq!(correlated(&place).len(), 2);
}
