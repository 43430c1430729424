//! `rule coverage`: what is watched for is told with what feeds it, and what is not is told too.

mod common;

use common::own_rules::{content, event, write};
use common::{Place, config_text};
use serde_json::{Value, json};

fn place() -> Place {
    let place = Place::new();
    content(&place, "one");
    place.write(
        "content/rules/own/buckets.yml",
        "title: Bucket given away\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0031\nstatus: test\ntags: [attack.t1537]\n\
         logsource: {product: aws, service: cloudtrail}\n\
         detection: {selection: {eventName: PutBucketPolicy}, condition: selection}\nlevel: high\nwatertight: {surface: storage}\n\
         tests:\n- name: given away\n  fires: true\n  event: {eventVersion: '1.11', eventTime: '2026-03-02T10:11:12Z', eventSource: s3.amazonaws.com, \
         eventName: PutBucketPolicy, awsRegion: us-east-1, eventID: e-1, eventType: AwsApiCall, recipientAccountId: '111122223333', \
         userIdentity: {type: IAMUser, arn: 'arn:aws:iam::111122223333:user/dana', accountId: '111122223333'}, \
         resources: [{type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::orders'}]}\n\
         - {name: listed, fires: false, event: {eventName: ListBuckets}}\n---\n\
         title: Ledger sent away\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0032\nstatus: test\ntags: [attack.t1537, attack.t1567.002]\n\
         logsource: {product: application, service: json}\n\
         detection: {selection: {event: ledger.export}, condition: selection}\nlevel: high\nwatertight: {surface: product_api}\n",
    );
    let sources = config_text(&[("ledger", "logs"), ("trail", "trail")], None);
    place.write("watertight.toml", format!("{sources}\n[content]\ndir = \"content\"\n"));
    for dir in ["logs", "trail"] {
        std::fs::create_dir_all(place.path(dir)).expect("make a source's directory");
    }
    place
}

fn of<'r>(rows: &'r [Value], kind: &str) -> Vec<&'r Value> {
    rows.iter().filter(|row| row["kind"] == kind).collect()
}

#[test]
fn what_is_fed_and_what_is_not_is_told() {
    let place = place();
    let before = place.run(&["rule", "coverage"]).ok();
    assert!(before.stderr.contains("no data yet"), "{}", before.stderr);
    assert!(of(&before.rows(), "technique").iter().all(|row| row["fed"] == 0));

    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    let told = place.run(&["rule", "coverage"]).ok();
    assert!(told.stderr.contains("source `trail` is configured and has given nothing"), "{}", told.stderr);
    let rows = told.rows();
    let technique = |id: &str, surface: Value| {
        let found = of(&rows, "technique").into_iter().find(|row| row["technique"] == id && row["surface"] == surface);
        found.cloned().unwrap_or_else(|| panic!("{id} on {surface} is not told"))
    };
    let fed = technique("T1537", json!("product_api"));
    assert_eq!((&fed["watchers"], &fed["fed"], &fed["fed_by"]), (&1.into(), &1.into(), &json!(["ledger"])), "{fed}");
    assert!(fed["last_finding"].as_str().is_some_and(|time| time.starts_with("2026-03-02T10:00:00")), "{fed}");
    let own = of_title(&fed, "Ledger sent away");
    assert_eq!((&own["kind"], &own["examples"], &own["last_passed"]), (&"rule".into(), &0.into(), &Value::Null));

    let unfed = technique("T1537", json!("storage"));
    assert_eq!((&unfed["watchers"], &unfed["fed"], &unfed["last_finding"]), (&1.into(), &0.into(), &Value::Null));
    let own = of_title(&unfed, "Bucket given away");
    assert_eq!((&own["examples_passed"], &own["last_passed"]), (&2.into(), &"given away".into()));
    assert!(of(&rows, "not_fed").iter().any(|row| row["title"] == "Bucket given away" && row["watcher"] == "rule"));
    assert!(of(&rows, "not_fed").iter().all(|row| row["title"] != "Ledger sent away"));

    // Baselines of the content are among those that watch.
    let baselines = of(&rows, "not_fed").into_iter().filter(|row| row["watcher"] == "baseline").count();
    assert!(5 < baselines, "{baselines}");
    // What nobody watches for is a row; a part of a technique counts for the whole.
    let gap = technique("T1657", Value::Null);
    assert_eq!((&gap["watchers"], &gap["covered_by"]), (&0.into(), &json!([])));
    assert!(!of(&rows, "technique").iter().any(|row| row["technique"] == "T1567.002" && row["surface"].is_null()));
}

fn of_title(row: &Value, title: &str) -> Value {
    let covered = row["covered_by"].as_array().expect("a list");
    covered.iter().find(|own| own["title"] == title).cloned().unwrap_or_else(|| panic!("{title} is not in {row}"))
}

#[test]
fn kinds_of_resource_without_a_watcher_are_told() {
    let place = place();
    write(&place, "logs/0.jsonl", &[event("ledger.page", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    let rows = place.run(&["rule", "coverage"]).ok().rows();
    let resource = |name: &str| {
        let found = of(&rows, "resource").into_iter().find(|row| row["resource"] == name);
        found.cloned().unwrap_or_else(|| panic!("{name} is not told: {:?}", of(&rows, "resource")))
    };
    let bucket = resource("AWS::S3::Bucket");
    assert_eq!(
        (&bucket["watchers"], &bucket["surfaces"], &bucket["events"]),
        (&1.into(), &json!({"storage": 1}), &0.into())
    );
    assert!(bucket["without"].as_array().is_some_and(|without| without.contains(&json!("product_api"))));
    let ledger = resource("ledger");
    assert_eq!((&ledger["watchers"], &ledger["events"]), (&0.into(), &1.into()), "{ledger}");
}

#[test]
fn the_layer_is_one_that_the_navigator_reads() {
    let place = place();
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    let layer = place.run(&["rule", "coverage", "--format", "navigator"]).ok().json();
    assert_eq!((&layer["domain"], &layer["versions"]["layer"]), (&"enterprise-attack".into(), &"4.5".into()));
    let techniques = layer["techniques"].as_array().expect("a list");
    let of = |id: &str| techniques.iter().find(|one| one["techniqueID"] == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(of("T1537")["score"], 1);
    assert_eq!((&of("T1657")["score"], &of("T1657")["comment"]), (&0.into(), &"nobody watches for it".into()));
    let ids: std::collections::BTreeSet<&str> =
        techniques.iter().filter_map(|one| one["techniqueID"].as_str()).collect();
    assert_eq!(ids.len(), techniques.len(), "a technique is there once");
    let refused = place.run(&["--format", "navigator", "rule", "list"]).exits(2);
    assert!(refused.stderr.contains("rule coverage"), "{}", refused.stderr);
    let people = place.run(&["--format", "human", "rule", "coverage"]).ok();
    assert!(people.stdout.contains("T1537") && people.stderr.contains("nobody watches for"), "{}", people.stdout);
}
