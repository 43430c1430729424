//! Content through its life: sealed when it is used, approved by two people, replaced while the system runs.

mod common;

use std::time::{Duration, Instant};

use common::own_rules::{LARGE, MANY, content, event, rules, write};
use common::{Place, config_text};
use serde_json::Value;

fn place(detection: &str) -> Place {
    let place = Place::new();
    content(&place, "one");
    let sources = config_text(&[("ledger", "logs")], None);
    place.write("watertight.toml", format!("{sources}\n[content]\ndir = \"content\"\n\n[detection]\n{detection}\n"));
    std::fs::create_dir_all(place.path("logs")).expect("make a source's directory");
    place
}

fn found(place: &Place, rule: &str) -> usize {
    place.query(&format!("SELECT uid FROM findings WHERE rule_id = '{rule}'")).len()
}

fn versions(place: &Place) -> Vec<Value> {
    place
        .log()
        .into_iter()
        .filter(|entry| entry["kind"] == "content.version")
        .map(|entry| entry["clear"].clone())
        .collect()
}

fn page(minute: u32) -> String {
    event("ledger.page", minute, "u-1", 1)
}

#[test]
fn each_content_that_is_used_is_sealed_once_with_what_changed() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[page(0)]);
    let first = place.run(&["ingest"]).ok();
    assert!(first.stderr.contains("nobody has approved it"), "{}", first.stderr);
    place.run(&["ingest"]).ok();
    let sealed = versions(&place);
    assert_eq!(sealed.len(), 1, "the same content is no news");
    assert_eq!((&sealed[0]["changes"]["added"]["count"], &sealed[0]["approved"]), (&4.into(), &false.into()));
    assert_eq!(place.log()[0]["kind"], "content.version", "before the first batch that is judged by it");

    place.write("content/rules/own/ledger.yml", rules("one").replace("gte: 1000", "gte: 2000"));
    place.run(&["ingest"]).ok();
    // And back again: the log tells the order of use, not only the set of versions.
    place.write("content/rules/own/ledger.yml", rules("one"));
    place.run(&["ingest"]).ok();
    let sealed = versions(&place);
    assert_eq!(sealed.len(), 3);
    assert_eq!(sealed[0]["batch_version"], sealed[2]["batch_version"]);
    assert_eq!(sealed[1]["changes"]["changed"]["count"], 4, "all rules of the file have its version");
    let history = place.run(&["rule", "history"]).ok().rows();
    assert_eq!(history.len(), 2);
    assert_eq!((&history[0]["state"], &history[1]["state"]), (&"in_use".into(), &"used".into()));
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn the_content_of_the_program_is_answered_for_by_its_release() {
    let place = Place::new();
    place.write("watertight.toml", config_text(&[("ledger", "logs")], None));
    write(&place, "logs/0.jsonl", &[page(0)]);
    let ran = place.run(&["ingest"]).ok();
    assert!(!ran.stderr.contains("nobody has approved"), "{}", ran.stderr);
    assert_eq!(versions(&place)[0]["approver"], "release");
    place.run(&["content", "propose", "--by", "P-1"]).exits(2);
}

#[test]
fn where_approval_is_required_unapproved_content_leaves_the_last_approved_one_in_use() {
    let place = place("require_approval = true\n");
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5000)]);
    let ran = place.run(&["ingest"]).ok();
    assert!(ran.stderr.contains("nobody has approved content"), "{}", ran.stderr);
    assert_eq!(found(&place, LARGE), 0, "what the program brought is used, which has no such rule");

    place.write("backtest.jsonl", "{}\n");
    let proposed = place.run(&["content", "propose", "--by", "P-1", "--backtest", "backtest.jsonl"]).ok().json();
    let id = proposed["id"].as_str().expect("a hash");
    let short: String = id.chars().take(12).collect();
    let again = place.run(&["content", "propose", "--by", "P-3"]).ok();
    assert!(again.stderr.contains("nothing new"), "{}", again.stderr);
    let few: String = id.chars().take(7).collect();
    for (name, by) in [(short.as_str(), "P-1"), (&short, "p-1"), ("0000", "P-2"), (&few, "P-2")] {
        place.run(&["content", "approve", name, "--by", by]).exits(2);
    }
    place.run(&["content", "approve", &short, "--by", "P-2"]).ok();
    let late = place.run(&["content", "propose", "--by", "P-2"]).exits(2);
    assert!(late.stderr.contains("approved before"), "{}", late.stderr);
    write(&place, "logs/1.jsonl", &[event("ledger.export", 1, "u-1", 5000)]);
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, LARGE), 1);

    // Somebody edits the directory: the approved set goes on, whatever lies there.
    place.write("content/rules/own/ledger.yml", rules("one").replace("ledger.export", "nothing"));
    write(&place, "logs/2.jsonl", &[event("ledger.export", 2, "u-1", 5000)]);
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, LARGE), 2);
    let last = versions(&place).pop().expect("a version");
    assert_eq!((&last["id"], &last["author"], &last["approver"]), (&id.into(), &"P-1".into(), &"P-2".into()));
}

#[test]
fn content_whose_examples_fail_is_not_proposed() {
    let place = place("");
    let broken =
        rules("one").replace("level: high\n", "level: high\ntests: [{name: no, fires: true, event: {event: x}}]\n");
    place.write("content/rules/own/ledger.yml", broken);
    let refused = place.run(&["content", "propose", "--by", "P-1"]).exits(2);
    assert!(refused.stderr.contains("examples"), "{}", refused.stderr);
}

#[test]
fn what_does_not_check_is_not_proposed() {
    let bare = "title: T\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0009\nlogsource: {product: application}\n";
    let uncompiled = format!("{bare}detection: {{selection: {{a|re: '('}}, condition: selection}}\n");
    let identifiers = "[[identifier]]\nid = 3\n";
    for (file, text) in [
        ("rules/own/no-examples.yaml", uncompiled.as_str()),
        ("pipelines/p.yml", "transformations: [{type: no_such_step}]\n"),
        ("baselines/b.yml", "nothing: known\n"),
        ("identifiers/i.toml", identifiers),
        ("regimes/r.toml", "nothing = 1\n"),
    ] {
        let place = place("");
        place.run(&["content", "check", "content"]).ok();
        place.write(&format!("content/{file}"), text);
        let checked = place.run(&["content", "check", "content"]);
        assert!(matches!(checked.code, Some(1 | 2)), "{file}: {:?} {}", checked.code, checked.stderr);
        place.run(&["content", "propose", "--by", "P-1"]).exits(2);
        assert!(place.log().iter().all(|entry| entry["kind"] != "content.proposed"), "{file}");
    }
}

#[test]
fn own_content_with_mistakes_is_used_without_them_and_the_entry_counts_them() {
    let place = place("");
    place.write("content/regimes/r.toml", "nothing = 1\n");
    place.write(
        "content/rules/own/b.yml",
        "title: T\nlogsource: {product: x}\ndetection: {s: {a|re: '('}, condition: s}\n",
    );
    write(&place, "logs/0.jsonl", &[page(0)]);
    let ran = place.run(&["ingest"]).ok();
    assert!(ran.stderr.contains("is used without what has mistakes: 1 in rules, 1 in regimes"), "{}", ran.stderr);
    let sealed = versions(&place).pop().expect("a version");
    assert_eq!(sealed["not_used"], serde_json::json!({"rules": 1, "baselines": 0, "regimes": 1}));
    assert_eq!(sealed["examples"]["not_loaded"], 1);
}

#[test]
fn a_pipeline_that_comes_changes_the_rules_and_is_told_by_its_file() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[page(0)]);
    place.run(&["ingest"]).ok();
    let pipeline = "transformations:\n  - {type: field_name_mapping, mapping: {event: event}}\n";
    place.write("content/pipelines/p.yml", pipeline);
    place.run(&["ingest"]).ok();
    let changes = versions(&place).pop().expect("a version")["changes"].clone();
    assert_eq!(changes["files"]["added"], serde_json::json!({"count": 1, "files": ["pipelines/p.yml"]}));
    assert_eq!(changes["changed"]["count"], 4, "what went through the pipeline");
}

#[test]
fn a_change_elsewhere_in_the_file_leaves_windows_open_and_tells_nothing_twice() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[page(0), page(5)]);
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, MANY), 0);
    // Another rule of the same file changes: the version of every rule in it does too.
    place.write("content/rules/own/ledger.yml", rules("one").replace("gte: 1000", "gte: 2000"));
    write(&place, "logs/1.jsonl", &[page(10)]);
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, MANY), 1, "two pages before the change and one after it are three");
    place.write("content/rules/own/ledger.yml", rules("another comment"));
    write(&place, "logs/2.jsonl", &[page(15)]);
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, MANY), 1, "what was told under the earlier version is not told again");
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1);
}

#[test]
fn a_changed_meaning_begins_a_window_anew() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[page(0), page(5)]);
    place.run(&["ingest"]).ok();
    place.write(
        "content/rules/own/ledger.yml",
        rules("one").replace("event: ledger.page", "event|startswith: ledger.pa"),
    );
    write(&place, "logs/1.jsonl", &[page(10)]);
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, MANY), 0, "hits of another rule are not counted with those of this one");
}

/// How long to wait for what must come; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads a snapshot copy: the running system holds the lease and readers need none.
fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_there() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn heard(place: &Place) -> String {
    std::fs::read_to_string(place.path("stderr.txt")).expect("read what it says")
}

#[test]
fn a_running_system_takes_changed_content_between_two_events_of_one_window() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[page(0)]);
    place.run(&["ingest"]).ok();
    let stderr = std::fs::File::create(place.path("stderr.txt")).expect("make a file");
    let mut serving = place.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(stderr).spawn().expect("start it");
    write(&place, "logs/1.jsonl", &[page(5)]);
    wait_for("the second page", || place.query("SELECT event_uid FROM events").len() == 2);

    // A mistake first: it is refused and what was used goes on.
    place.write("content/rules/own/ledger.yml", rules("one").replace("condition: selection", "condition: nobody"));
    wait_for("the refusal", || heard(&place).contains("is not taken: mistakes: "));
    assert!(!heard(&place).contains("error: error:"), "{}", heard(&place));
    assert_eq!(versions(&place).len(), 1, "content that does not compile is not used");
    place.write("content/rules/own/ledger.yml", rules("one").replace("gte: 1000", "gte: 10"));
    wait_for("the new content", || versions(&place).len() == 2);
    wait_for("what changed", || heard(&place).contains("0 rules added, 4 changed, 0 removed"));

    write(&place, "logs/2.jsonl", &[page(10), event("ledger.export", 11, "u-1", 20)]);
    wait_for("the finding of the changed rule", || found(&place, LARGE) == 1);
    assert_eq!(found(&place, MANY), 1, "the window went on through the change, and the episode was told once");
    serving.kill().expect("stop it");
    serving.wait().expect("it ends");
    place.run(&["ingest"]).ok();
    assert_eq!(found(&place, MANY), 1);
}
