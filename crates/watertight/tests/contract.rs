//! What scripts may rely on: exit codes, counts, keys, bytes. Each test is one promise of `docs/cli.md`.
//!
//! Only the program is run; inputs are made here or lie in `fixtures/`.

mod common;

use std::collections::BTreeSet;

use common::{PUT_BUCKET_POLICY, Place, bare, cloudtrail_file, config_text, damaged, keys, quiet_record};
use serde_json::{Value, json};

#[test]
fn findings_have_the_keys_of_the_contract_in_file_order() {
    let place = damaged();
    let findings = place.run(&["detect", "logs"]).exits(6).rows();
    let places: Vec<(&str, u64)> = findings
        .iter()
        .map(|row| (row["file"].as_str().expect("a file"), row["record"].as_u64().expect("an index")))
        .collect();
    assert_eq!(places, [("logs/a-whole.json", 1), ("logs/b-whole.json.gz", 1)]);
    for finding in &findings {
        let contract = [
            "finding_uid",
            "rule_id",
            "rule_title",
            "level",
            "logsource",
            "time",
            "event_uid",
            "actor",
            "observables",
            "attack",
            "file",
            "record",
            "correlation",
        ];
        assert_eq!(keys(finding), BTreeSet::from(contract));
        assert_eq!(finding["event_uid"], "7d646432-60b3-4304-a1f9-49fc9105a864");
        assert_eq!(finding["time"], "2026-03-02T13:06:44Z", "the event's time");
        assert_eq!(finding["logsource"], "aws/cloudtrail");
        assert_eq!(finding["level"], "high");
        assert!(
            finding["attack"]
                .as_array()
                .is_some_and(|all| all.iter().all(|one| one.as_str().is_some_and(|id| id.starts_with('T'))))
        );
        assert_eq!(finding["correlation"], Value::Null);
    }
    assert_eq!(
        findings[0]["finding_uid"], findings[1]["finding_uid"],
        "the same event gives the same id wherever it lies"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_threads() {
    let place = Place::new();
    place.run(&["simulate", "--days", "1", "--seed", "9", "--scale", "0.1", "--out", "company"]).ok();
    for command in ["detect", "normalize"] {
        let one = place.run(&[command, "--threads", "1", "company/telemetry"]).ok();
        assert!(1 < one.stdout.lines().count(), "{command} printed something to compare");
        for threads in ["1", "2", "5"] {
            let again = place.run(&[command, "--threads", threads, "company/telemetry"]).ok();
            assert!(again.stdout == one.stdout, "{command} --threads {threads} printed other bytes");
        }
    }
    let verdicts = place.run(&["classify", "company/objects"]).ok().stdout;
    assert!(place.run(&["classify", "company/objects"]).ok().stdout == verdicts);
    // The simulator is deterministic too, or no test above would mean much tomorrow.
    place.run(&["simulate", "--days", "1", "--seed", "9", "--scale", "0.1", "--out", "twin"]).ok();
    let (left, right) = (common::files_below(&place.path("company")), common::files_below(&place.path("twin")));
    assert!(left.values().eq(right.values()) && left.len() == right.len(), "the same seed makes the same company");
}

#[test]
fn exit_codes() {
    let place = damaged();
    let whole = "logs/a-whole.json";
    // 0: done, findings or not.
    place.run(&["detect", whole]).ok();
    // 1: asked for something that did not work (no rule of a content directory holds its own example).
    place.write("content/rules/aws/broken.yml", BROKEN_EXAMPLE);
    place.run(&["--content", "content", "rule", "test"]).exits(1);
    // 2: usage, a missing file, an unknown source, a broken configuration.
    place.run(&["detect"]).exits(2);
    place.run(&["detect", "no-such-file"]).exits(2);
    place.run(&["detect", "--logsource", "aws/nonsense", whole]).exits(2);
    place.run(&["detect", "--fail-level", "awful", whole]).exits(2);
    place.run(&["frobnicate"]).exits(2);
    place.run(&["incident", "list"]).exits(2);
    // 3: only when asked for, and only from that level on.
    place.run(&["detect", "--fail-level", "high", whole]).exits(3);
    place.run(&["detect", "--fail-level", "low", whole]).exits(3);
    place.run(&["detect", "--fail-level", "critical", whole]).ok();
    // 4: evidence that is none.
    place.write("forged/checkpoint", "watertight.example/x\n1\nAAAA\n\n— x AAAA\n");
    place.run(&["evidence", "verify", "forged"]).exits(4);
    // 6: finished, but some input was rejected; 3 where both hold.
    place.run(&["detect", "logs/d-lines.jsonl"]).exits(6);
    place.run(&["normalize", "logs/d-lines.jsonl"]).exits(6);
    place.run(&["detect", "--fail-level", "high", "logs"]).exits(3);
    place.run(&["detect", "--fail-level", "critical", "logs"]).exits(6);
}

/// Three rules that are only counted, one that also reports, and what they mean together.
const TOGETHER: &str = r#"
title: Failed login
name: failed_login
logsource: {product: application, service: json}
detection: {selection: {event: login, http.status: 401}, condition: selection}
level: low
---
title: Login
name: login
logsource: {product: application, service: json}
detection: {selection: {event: login, http.status: 200}, condition: selection}
level: low
---
title: Export
name: export
logsource: {product: application, service: json}
detection: {selection: {event: export.download}, condition: selection}
level: medium
---
title: Many failed logins
id: 6c1e7f2e-7a55-4f0e-9b58-0c5b1f1f0001
tags: [attack.t1110]
correlation: {type: event_count, rules: [failed_login], group-by: [client.ip], timespan: 5m, condition: {gte: 3}}
level: high
---
title: Login, then an export
id: 6c1e7f2e-7a55-4f0e-9b58-0c5b1f1f0002
correlation: {type: temporal_ordered, rules: [login, export], group-by: [user.id], timespan: 10m, generate: false}
level: medium
---
title: An export is also a finding of its own
id: 6c1e7f2e-7a55-4f0e-9b58-0c5b1f1f0003
correlation: {type: event_count, rules: [export], group-by: [user.id], timespan: 1h, condition: {gte: 100}, generate: true}
level: low
"#;

/// A line of an application's log.
fn line(time: &str, event: &str, user: &str, status: u16) -> String {
    let id = format!("{event}-{user}-{time}");
    json!({
        "timestamp": format!("2026-03-02T{time}Z"), "service": "checkout", "event": event, "event_id": id,
        "user": {"id": user, "role": "customer"}, "client": {"ip": "192.0.2.7"}, "http": {"status": status},
    })
    .to_string()
        + "\n"
}

/// Two files whose events belong together: the failed logins alternate between them, the login of `dana` lies in the file
/// that is read second.
fn two_files() -> Place {
    let place = Place::new();
    place.write("together.yml", TOGETHER);
    let left = [
        line("10:00:00", "login", "ann", 401),
        line("10:02:00", "login", "cem", 401),
        line("10:09:00", "export.download", "dana", 200),
        line("10:30:00", "export.download", "ann", 200),
    ];
    let right = [
        line("10:08:00", "login", "dana", 200),
        line("10:31:00", "login", "ann", 200),
        line("10:01:00", "login", "bo", 401),
        line("10:03:00", "login", "dana", 401),
    ];
    place.write("logs/a.jsonl", left.concat());
    place.write("logs/b.jsonl", right.concat());
    place
}

const ONLY_TOGETHER: [&str; 4] = ["detect", "--no-builtin", "--rules", "together.yml"];

fn detect_together(place: &Place, more: &[&str]) -> common::Ran {
    place.run(&[&ONLY_TOGETHER, more].concat())
}

/// Title, file and record of each finding.
fn told(rows: &[Value]) -> Vec<(&str, &str, u64)> {
    let place = |row: &'_ Value| row["record"].as_u64().expect("an index");
    rows.iter()
        .map(|row| (row["rule_title"].as_str().expect("a title"), row["file"].as_str().expect("a file"), place(row)))
        .collect()
}

#[test]
fn a_correlation_stands_at_its_completing_event_and_what_it_counts_stays_quiet() {
    let place = two_files();
    let rows = detect_together(&place, &["logs"]).ok().rows();
    let expected = [
        ("Many failed logins", "logs/a.jsonl", 1),
        ("Export", "logs/a.jsonl", 2),
        ("Login, then an export", "logs/a.jsonl", 2),
        ("Export", "logs/a.jsonl", 3),
    ];
    assert_eq!(told(&rows), expected, "no failed login by itself, and none of ann's export before her login");
    let logins = &rows[0];
    assert_eq!(keys(logins), keys(&rows[1]), "every finding has the same keys");
    assert_eq!(logins["event_uid"], "login-cem-10:02:00");
    assert_eq!((&logins["time"], &logins["level"]), (&"2026-03-02T10:02:00Z".into(), &"high".into()));
    assert_eq!(
        (&logins["rule_id"], &logins["attack"]),
        (&"6c1e7f2e-7a55-4f0e-9b58-0c5b1f1f0001".into(), &json!(["T1110"]))
    );
    assert_eq!((&logins["logsource"], &logins["actor"]), (&"application/json".into(), &"app:checkout:cem".into()));
    assert_eq!(logins["observables"][0], json!({"name": "src_endpoint.ip", "type_id": 2, "value": "192.0.2.7"}));
    assert_eq!(
        logins["correlation"],
        json!({
            "kind": "event_count", "group": [["client.ip", "192.0.2.7"]], "first": "2026-03-02T10:00:00Z",
            "timespan_seconds": 300, "reached": "3", "events": 3, "supersedes": [],
            "event_uids": ["login-ann-10:00:00", "login-bo-10:01:00", "login-cem-10:02:00"],
        })
    );
    let ordered = &rows[2]["correlation"];
    assert_eq!(ordered["event_uids"], json!(["export.download-dana-10:09:00", "login-dana-10:08:00"]));
    assert_eq!((&ordered["kind"], &ordered["group"]), (&"temporal_ordered".into(), &json!([["user.id", "dana"]])));
}

#[test]
fn correlations_give_the_same_bytes_whatever_the_threads_and_the_order_of_files_moves_lines_only() {
    let place = two_files();
    // A third of the events lies in a file of its own, as a copy: an event counts once wherever it is found.
    place.write("logs/c.jsonl", std::fs::read(place.path("logs/a.jsonl")).expect("read"));
    for number in 0..20 {
        place.write(&format!("logs/d{number:02}.jsonl"), line(&format!("11:{number:02}:00"), "login", "eve", 401));
    }
    let once = detect_together(&place, &["--threads", "1", "logs"]).ok();
    assert!(6 <= once.stdout.lines().count(), "{}", once.stdout);
    for threads in ["1", "2", "4"] {
        let again = detect_together(&place, &["--threads", threads, "logs"]).ok();
        assert!(again.stdout == once.stdout, "--threads {threads} printed other bytes");
    }
    let forward = detect_together(&place, &["logs/a.jsonl", "logs/b.jsonl", "logs/c.jsonl"]).ok();
    let backward = detect_together(&place, &["logs/c.jsonl", "logs/b.jsonl", "logs/a.jsonl"]).ok();
    assert_eq!(forward.sorted_lines(), backward.sorted_lines());
    assert!(forward.stdout != backward.stdout, "findings stand in the order of the files");
}

#[test]
fn findings_of_correlations_are_counted_and_chosen_like_others() {
    let place = two_files();
    let stats = |args: &[&str]| -> Value {
        let ran = detect_together(&place, &[&["--stats", "stats.json"], args, &["logs"]].concat()).ok();
        let bytes = std::fs::read(place.path("stats.json")).expect("stats were written");
        let stats: Value = serde_json::from_slice(&bytes).expect("stats are JSON");
        assert_eq!(stats["findings"], ran.stdout.lines().count());
        stats
    };
    let all = stats(&[]);
    assert_eq!((&all["findings"], &all["rules_loaded"], &all["events"]), (&4.into(), &6.into(), &8.into()));
    assert_eq!(stats(&["--from", "2026-03-02T10:00:01Z"])["findings"], 4, "10:01, 10:02 and 10:03 are three, too");
    assert_eq!(stats(&["--from", "2026-03-02T10:01:01Z"])["findings"], 3, "what lies outside is not counted");
    assert_eq!(stats(&["--to", "2026-03-02T10:02:00Z"])["findings"], 0);
    // Single findings are medium at most: only the correlation is high.
    detect_together(&place, &["--fail-level", "high", "logs"]).exits(3);
    detect_together(&place, &["--fail-level", "critical", "logs"]).ok();
    place.write("logs/z.jsonl", line("12:00:00", "login", "z", 200) + "{\"timestamp\":\n");
    detect_together(&place, &["--fail-level", "critical", "logs"]).exits(6);
    detect_together(&place, &["--fail-level", "high", "logs"]).exits(3);
}

#[test]
fn a_correlation_has_the_same_id_offline_and_in_the_flow() {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("app", "logs")], None));
    let export = |minute: u8, course: u8| {
        let time = format!("2026-03-02T10:{minute:02}:00Z");
        let event = json!({
            "timestamp": time, "service": "assessment", "event": "export.download", "event_id": format!("e-{minute}"),
            "user": {"id": "ta-7", "role": "ta"}, "client": {"ip": "192.0.2.10"}, "http": {"status": 200},
            "resource": {"type": "gradebook", "id": format!("course-{course}"), "count": 200},
        });
        format!("{event}\n")
    };
    place.write("logs/a.jsonl", [export(1, 1), export(9, 2), export(12, 2)].concat());
    place.write("logs/b.jsonl", [export(20, 3), export(30, 4)].concat());
    let of_correlations = |row: &Value| !row["correlation"].is_null();
    let offline: Vec<Value> = place.run(&["detect", "logs"]).ok().rows().into_iter().filter(of_correlations).collect();
    assert_eq!(offline.len(), 1, "{offline:?}");
    assert_eq!((&offline[0]["event_uid"], &offline[0]["record"]), (&"e-20".into(), &0.into()));
    place.run(&["ingest"]).ok();
    let stored = place.query(&format!(
        "SELECT uid, event_uid FROM findings WHERE rule_id = '{}'",
        offline[0]["rule_id"].as_str().expect("an id")
    ));
    assert_eq!(stored, [json!({"uid": offline[0]["finding_uid"], "event_uid": "e-20"})]);
}

#[test]
fn public_correlations_find_what_they_describe() {
    let corpus =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/01-sigma/suzaku-correlation");
    if !corpus.is_dir() {
        println!("skipped: corpora not present");
        return;
    }
    let place = Place::new();
    let failed = |number: usize| {
        let record = quiet_record(number).replace("DescribeInstances", "ConsoleLogin");
        let record = record.replace("ec2.amazonaws.com", "signin.amazonaws.com");
        record.replace("\"responseElements\":null", "\"responseElements\":{\"ConsoleLogin\":\"Failure\"}")
    };
    let denied =
        |number: usize| quiet_record(number).replace("\"readOnly\"", "\"errorCode\":\"AccessDenied\",\"readOnly\"");
    let records = |make: &dyn Fn(usize) -> String, numbers: std::ops::Range<usize>| {
        cloudtrail_file(&numbers.map(make).collect::<Vec<String>>())
    };
    place.write("logs/a.json", records(&failed, 1..3));
    place.write("logs/b.json", records(&failed, 3..4));
    place.write("logs/c.json", records(&denied, 10..19));
    let corpus = corpus.to_str().expect("a readable path");
    let detect = || place.run(&["detect", "--no-builtin", "--rules", corpus, "logs"]).ok().rows();
    let rows = detect();
    assert_eq!(told(&rows), [("Many Failed Logins", "logs/b.json", 0)], "nine refusals are not many");
    place.write("logs/d.json", records(&denied, 19..20));
    let rows = detect();
    assert_eq!(told(&rows)[1], ("Many AccessDenied Errors from Single Source", "logs/d.json", 0));
    assert_eq!(rows[1]["correlation"]["events"], 10);
}

const BROKEN_EXAMPLE: &str = "title: Broken\nid: 00000000-0000-4000-8000-00000000b0b0\nstatus: stable\ndescription: x\nlogsource:\n  product: aws\n  service: cloudtrail\n\
    detection:\n  selection:\n    eventName: PutBucketPolicy\n  condition: selection\nlevel: high\nwatertight:\n  surface: storage\n\
    tests:\n  - name: does not fire\n    fires: true\n    event: {\"eventName\": \"GetObject\"}\n";

#[test]
fn stdin_is_read_as_a_dash() {
    let place = damaged();
    let mut command = place.command(&["detect", "-"]);
    command.stdin(std::fs::File::open(place.path("logs/b-whole.json.gz")).expect("open"));
    let finding = common::run(command).ok().json();
    assert_eq!((&finding["file"], &finding["record"]), (&"-".into(), &1.into()));
}

#[test]
fn from_and_to_choose_by_event_time() {
    let place = damaged();
    let at = "2026-03-02T13:06:44Z";
    let count = |args: &[&str]| place.run(args).ok().rows().len();
    assert_eq!(count(&["detect", "--from", at, "logs/a-whole.json"]), 1, "from is included");
    assert_eq!(count(&["detect", "--to", at, "logs/a-whole.json"]), 0, "to is not");
}

#[test]
fn spans_are_byte_offsets_into_the_text() {
    let place = Place::new();
    let text = "Grüße, Zoë: card 4111 1111 1111 1111 paid\nmail ann@larkfield.example today\n";
    place.write("note.txt", text);
    place.write("notes.jsonl", format!("{}\n", json!({"id": "n-1", "text": text})));
    for (path, record_id) in [("note.txt", None), ("notes.jsonl", Some("n-1"))] {
        let spans = place.run(&["classify", "--spans", path]).ok();
        assert!(!spans.stdout.contains("4111") && !spans.stdout.contains("ann@"), "values are never printed unasked");
        let spans = spans.rows();
        let found: Vec<(&str, Option<&str>)> = spans
            .iter()
            .map(|span| {
                let offset = |key: &str| usize::try_from(span[key].as_u64().expect("an offset")).expect("a small file");
                (span["id"].as_str().expect("an id"), text.get(offset("start")..offset("end")))
            })
            .collect();
        assert_eq!(found, [("CREDIT_CARD", Some("4111 1111 1111 1111")), ("EMAIL", Some("ann@larkfield.example"))]);
        for span in &spans {
            let mut contract = BTreeSet::from(["path", "id", "start", "end", "line", "column", "score"]);
            contract.extend(record_id.map(|_| "record_id"));
            assert_eq!(keys(span), contract);
            assert_eq!(span.get("record_id").and_then(Value::as_str), record_id);
        }
    }
    let revealed = place.run(&["classify", "--spans", "--reveal", "note.txt"]).ok();
    assert!(revealed.stdout.contains("4111 1111 1111 1111"));
    let verdict = place.run(&["classify", "note.txt"]).ok().json();
    assert_eq!((&verdict["path"], &verdict["sensitivity"]), (&"note.txt".into(), &"restricted".into()));
    assert!(
        ["path", "format", "sensitivity", "subjects", "identifiers"].iter().all(|key| verdict.get(key).is_some()),
        "{verdict}"
    );
    assert!(
        verdict["subjects"]["distinct_at_least"].is_u64() && verdict["subjects"]["by_residency"].is_object(),
        "{verdict}"
    );
    for found in verdict["identifiers"].as_array().expect("a list") {
        assert!(
            ["id", "category", "count", "confidence", "columns"].iter().all(|key| found.get(key).is_some()),
            "{found}"
        );
    }
}

#[test]
fn duties_answer_in_input_order_with_the_keys_of_the_contract() {
    let place = Place::new();
    let facts = |id: &str, aware: &str| {
        json!({"id": id, "facts": {
            "role": "controller", "establishment": "FR", "elements": ["NAME", "DOB", "GRADES"], "subjects": {"FR": 900},
            "risk": {"gdpr": "risk"}, "encryption": {"encrypted": false}, "times": {"aware": aware},
        }})
    };
    let lines =
        format!("{}\n{}\n", facts("second", "2026-03-28T10:20:00+01:00"), facts("first", "2026-03-02T10:00:00+01:00"));
    place.write("facts.jsonl", &lines);
    let answers = place.run(&["duties", "--as-of", "2026-03-29", "facts.jsonl"]).ok().rows();
    let ids: Vec<&str> = answers.iter().map(|answer| answer["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["second", "first"]);
    for answer in &answers {
        for key in ["id", "required", "not_required", "pending", "review", "suspended", "satisfied", "not_in_force"] {
            assert!(answer.get(key).is_some(), "{key} is missing");
        }
        for owed in answer["required"].as_array().expect("a list") {
            for key in [
                "rule_id",
                "jurisdiction",
                "recipient",
                "due_by",
                "due_kind",
                "standard",
                "citation",
                "because",
                "content",
            ] {
                assert!(owed.get(key).is_some(), "{key} is missing in {owed}");
            }
        }
        for spared in answer["not_required"].as_array().expect("a list") {
            for key in ["rule_id", "jurisdiction", "recipient", "reason", "citation"] {
                assert!(spared[key].is_string(), "{key} is missing in {spared}");
            }
        }
    }
    // 72 hours over the night in which the clocks go forward: 10:20 becomes 11:20.
    let authority = &answers[0]["required"][0];
    assert_eq!((&authority["rule_id"], &authority["recipient"]), (&"EU-GDPR-33-1".into(), &"CNIL".into()));
    assert_eq!(authority["due_by"], "2026-03-31T11:20:00+02:00");
    place.write("bad.jsonl", "{\"id\":\"x\",\"facts\":{}}\n");
    let refused = place.run(&["duties", "bad.jsonl"]).exits(2);
    assert!(refused.stderr.contains("bad.jsonl") && refused.stderr.contains("line 1"), "{}", refused.stderr);
}

#[test]
fn the_clock_is_the_one_that_is_given() {
    let mut place = Place::new();
    place.write("watertight.toml", config_text(&[("cloudtrail", "logs")], None));
    place.write("logs/a.json", cloudtrail_file(&[PUT_BUCKET_POLICY.trim_end().to_owned()]));
    place.now = "2026-03-05T01:02:03Z".to_owned();
    place.run(&["ingest"]).ok();
    assert_eq!(place.run(&["incident", "list"]).ok().json()["opened_at"], "2026-03-05T01:02:03Z");
    assert!(place.log().iter().all(|entry| entry["at"] == "2026-03-05T01:02:03Z"));
    // A log of simulated time takes no real time: the same command without --now is refused, and nothing is written.
    let mut command = common::watertight();
    command.current_dir(place.path("")).args(["--config", "watertight.toml", "--data-dir", "data", "ingest"]);
    let refused = common::run(command).exits(2);
    assert!(refused.stderr.contains("simulated"), "{}", refused.stderr);
    place.now = "yesterday".to_owned();
    place.run(&["incident", "list"]).exits(2);
}

#[test]
fn a_setting_in_the_environment_counts_and_a_flag_beats_it() {
    let place = damaged();
    let mut command = common::watertight();
    command
        .current_dir(place.path(""))
        .env("WATERTIGHT_DATA_DIR", "elsewhere")
        .env("WATERTIGHT_NOW", common::NOW)
        .args(["state", "rebuild"]);
    common::run(command).ok();
    assert!(place.path("elsewhere/state.sqlite").exists());
    let mut command = place.command(&["state", "rebuild"]);
    command.env("WATERTIGHT_DATA_DIR", "third");
    common::run(command).ok();
    assert!(place.data().join("state.sqlite").exists() && !place.path("third").exists());
}

#[test]
fn a_typo_in_the_configuration_is_named() {
    let place = Place::new();
    place.write("watertight.toml", "tenant = \"larkfield\"\n[organisation]\nsektor = \"ecommerce\"\n");
    let refused = place.run(&["config", "check"]).exits(2);
    for told in ["watertight.toml", "sektor", "line 3"] {
        assert!(refused.stderr.contains(told), "`{told}` in: {}", refused.stderr);
    }
    place.run(&["ingest"]).exits(2);
    assert!(!place.data().exists(), "a command that cannot begin leaves nothing behind");
}

#[test]
fn query_reads_and_nothing_else() {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("cloudtrail", "logs")], None));
    place.write("logs/a.json", cloudtrail_file(&[quiet_record(1)]));
    place.run(&["ingest"]).ok();
    let outside = place.path("stolen.csv");
    let copy = format!("COPY events TO '{}'", outside.display());
    let external = format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{}'", place.config().display());
    let refused = [
        "DROP TABLE events",
        "DELETE FROM events",
        "INSERT INTO events SELECT * FROM events",
        "CREATE TABLE t AS SELECT 1",
        "UPDATE events SET actor = ''",
        "TRUNCATE TABLE events",
        "SET datafusion.execution.batch_size = 1",
        &copy,
        &external,
        "SELECT 1; DROP TABLE events",
    ];
    for sql in refused {
        place.run(&["query", sql]).exits(2);
    }
    assert!(!outside.exists());
    assert_eq!(place.query("SELECT count(*) AS n FROM events"), [json!({"n": 1})]);
    place.run(&["query", "SELECT nonsense FROM events"]).exits(2);
}

#[test]
fn a_second_writer_is_refused_while_readers_go_on() {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("cloudtrail", "logs")], None));
    place.write("logs/a.json", cloudtrail_file(&[quiet_record(1)]));
    place.run(&["ingest"]).ok();
    let lease = std::fs::File::options().write(true).open(place.data().join("lease")).expect("the lease is a file");
    lease.lock().expect("take the lease as another process would");
    let refused = place.run(&["ingest"]).exits(1);
    assert!(refused.stderr.contains("another watertight process"), "{}", refused.stderr);
    place.run(&["incident", "list"]).ok();
    place.query("SELECT count(*) AS n FROM events");
    drop(lease);
    place.run(&["ingest"]).ok();
}

#[test]
fn completions_and_manual_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let script = bare(&["completions", shell]).ok().stdout;
        assert!(script.contains("watertight") && script.contains("evidence"), "{shell}");
    }
    let page = bare(&["man"]).ok().stdout;
    assert!(page.contains(".TH watertight 1"));
    bare(&["completions", "tcl"]).exits(2);
    let help = bare(&["--help"]).ok().stdout;
    for noun in [
        "demo",
        "serve",
        "detect",
        "normalize",
        "classify",
        "scope",
        "duties",
        "rule",
        "content",
        "query",
        "lake",
        "source",
        "incident",
        "duty",
        "notice",
        "evidence",
        "simulate",
        "state",
        "doctor",
        "config",
    ] {
        assert!(help.contains(&format!("  {noun} ")), "`{noun}` is not in the help");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;
    let place = Place::new();
    place.run(&["simulate", "--days", "1", "--seed", "9", "--scale", "0.2", "--out", "company"]).ok();
    let mut child = place
        .command(&["normalize", "company/telemetry"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn known_sources_are_listed() {
    let ids = bare(&["source", "list", "--known"]).ok().rows();
    let ids: Vec<&str> = ids.iter().map(|row| row["id"].as_str().expect("an id")).collect();
    for id in
        ["aws/cloudtrail", "aws/vpcflow", "aws/s3access", "azure/activitylogs", "azure/signinlogs", "application/json"]
    {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
}

#[test]
fn a_compressed_table_is_classified_like_the_plain_one() {
    let place = Place::new();
    let table = "name,email,iban\nAna Lopez,ana@larkfield.example,DE89370400440532013000\nBo Chen,bo@larkfield.example,GB33BUKB20201555555555\n";
    place.write("people.csv", table);
    place.write("people.csv.gz", common::gzip(table.as_bytes()));
    let verdict = |name: &str| {
        let mut row = place.run(&["classify", name]).ok().json();
        row["path"] = serde_json::Value::Null;
        row
    };
    let plain = verdict("people.csv");
    assert!(plain["identifiers"].as_array().is_some_and(|found| !found.is_empty()), "{plain}");
    assert_eq!(verdict("people.csv.gz"), plain);
    // An archive is refused rather than cleared.
    place.write("people.zip", b"PK\x03\x04rest");
    assert_ne!(place.run(&["classify", "people.zip"]).code, Some(0));
}
