//! Verdicts, suppressions and the first week through the whole path: nothing is lost, and what is quiet is counted.

mod common;

use common::own_rules::{ANY, LARGE, MANY, content, event, write};
use common::{Place, config_text};
use serde_json::{Value, json};

fn place(detection: &str) -> Place {
    let place = Place::new();
    content(&place, "one");
    let sources = config_text(&[("ledger", "logs")], None);
    place.write("watertight.toml", format!("{sources}\n[content]\ndir = \"content\"\n\n[detection]\n{detection}\n"));
    std::fs::create_dir_all(place.path("logs")).expect("make a source's directory");
    place
}

fn findings(place: &Place, more: &[&str]) -> Vec<Value> {
    place.run(&[&["finding", "list"], more].concat()).ok().rows()
}

fn precision(place: &Place, rule: &str) -> Value {
    let rows = place.run(&["rule", "list", "--precision"]).ok().rows();
    rows.into_iter().find(|row| row["id"] == rule).expect("the rule is listed")
}

fn actor_of(place: &Place) -> String {
    findings(place, &[])[0]["actor"].as_str().expect("the event names a user").to_owned()
}

#[test]
fn verdicts_become_precision_and_a_closed_incident_speaks_for_its_findings() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[0, 1, 2, 3].map(|minute| event("ledger.export", minute, "u-1", 5)));
    write(&place, "logs/1.jsonl", &[event("ledger.export", 9, "u-2", 5)]);
    place.run(&["ingest"]).ok();
    let of_u2 = findings(&place, &[]).into_iter().find(|row| row["event_uid"] == "ledger.export-u-2-9").expect("found");
    let uid = of_u2["finding_uid"].as_str().expect("an id");
    assert_eq!(
        (precision(&place, ANY)["findings"].clone(), precision(&place, ANY)["undecided"].clone()),
        (5.into(), 5.into())
    );

    let say = |verdict: &str| {
        place.run(&["finding", "disposition", uid, "--verdict", verdict, "--reason", "asked the team", "--by", "P-1"])
    };
    say("nonsense").exits(2);
    say("true_positive").ok();
    let size = place.log().len();
    say("true_positive").ok();
    assert_eq!(place.log().len(), size, "the same word twice is one entry");
    assert!(!place.log().iter().any(|entry| entry.to_string().contains("asked the team")), "reasons are encrypted");
    place.run(&["finding", "disposition", "0123", "--verdict", "benign", "--reason", "x", "--by", "P-1"]).exits(2);

    // Both people's exports are of one ledger service; close whatever incident the others are in.
    let home = |row: &Value| row["incident"].as_str().map(str::to_owned);
    let others: Vec<Value> = findings(&place, &[]).into_iter().filter(|row| row["finding_uid"] != uid).collect();
    let mut incidents: Vec<String> = others.iter().filter_map(home).collect();
    incidents.dedup();
    for incident in &incidents {
        place.run(&["incident", "acknowledge", incident, "--by", "P-1"]).ok();
        place
            .run(&["incident", "close", incident, "--verdict", "false_positive", "--reason", "backup", "--by", "P-1"])
            .ok();
    }
    let rule = precision(&place, ANY);
    assert_eq!((&rule["true"], &rule["false"], &rule["undecided"]), (&1.into(), &4.into(), &0.into()), "{rule}");
    assert_eq!(
        rule["verdicts"],
        json!({"false_positive": 4, "true_positive": 1}),
        "its own word goes before the incident's"
    );
    assert_eq!(rule["precision"], 0.2);
    let bound = rule["precision_at_least"].as_f64().expect("a bound");
    assert!((0.0362..0.0363).contains(&bound), "Wilson's lower bound of 1 in 5: {bound}");
    assert!(rule["discovered_after_seconds"]["median"].as_i64().is_some_and(|s| 70_000 < s), "{rule}");
    assert_eq!(rule["acknowledged_after_seconds"]["median"], 0, "the tests' clock stands still");
    assert_eq!(place.run(&["rule", "show", ANY]).ok().json()["precision"]["false"], 4);
    assert!(findings(&place, &["--undecided"]).is_empty());
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn a_suppression_takes_two_people_and_hides_nobody_else() {
    let mut place = place("");
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    let actor = actor_of(&place);
    let ask = |more: &[&str]| {
        let base =
            ["suppression", "request", "--rule", ANY, "--owner", "P-2", "--by", "P-1", "--reason", "nightly backup"];
        place.run(&[&base, more].concat())
    };
    ask(&["--days", "30"]).exits(2);
    ask(&["--actor", &actor]).exits(2);
    ask(&["--actor", &actor, "--days", "181"]).exits(2);
    let id = ask(&["--actor", &actor, "--days", "30"]).ok().json()["id"].as_str().expect("an id").to_owned();
    for same in ["P-1", "P-2"] {
        let refused = place.run(&["suppression", "approve", &id, "--by", same]).exits(2);
        assert!(refused.stderr.contains("another person"), "{}", refused.stderr);
    }

    // Merely asked for, it hides nothing.
    write(&place, "logs/1.jsonl", &[event("ledger.export", 1, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    assert_eq!(findings(&place, &["--suppressed"]).len(), 0);
    place.run(&["suppression", "approve", &id, "--by", "P-3"]).ok();
    assert!(!place.log().iter().any(|entry| entry.to_string().contains("u-1")), "whom it is about is encrypted");

    // The same person is quiet, another is not, and another rule about the same person is not.
    write(
        &place,
        "logs/2.jsonl",
        &[
            event("ledger.export", 2, "u-1", 5),
            event("ledger.export", 3, "u-3", 5),
            event("ledger.export", 4, "u-1", 5000),
        ],
    );
    assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 4, "all are stored and counted");
    let quiet = findings(&place, &["--suppressed"]);
    assert_eq!(quiet.len(), 2, "{quiet:?}");
    for row in &quiet {
        assert_eq!((&row["actor"], &row["rule_id"], &row["incident"]), (&json!(actor), &json!(ANY), &Value::Null));
    }
    let loud: Vec<Value> = findings(&place, &[]).into_iter().filter(|row| row["withheld"].is_null()).collect();
    assert!(loud.iter().all(|row| row["incident"].is_string()) && loud.iter().any(|row| row["rule_id"] == LARGE));
    let sealed = place.log().into_iter().rfind(|entry| entry["kind"] == "batch.sealed").expect("a batch");
    assert_eq!((&sealed["clear"]["findings_count"], &sealed["clear"]["suppressed"]), (&4.into(), &2.into()));
    assert_eq!(sealed["clear"]["suppressed_by"], json!({&id: 2}));
    let listed = place.run(&["suppression", "list"]).ok().json();
    assert_eq!((&listed["state"], &listed["findings"]), (&"in_force".into(), &2.into()));
    assert_eq!(place.query("SELECT uid FROM findings").len(), 6, "hits of suppressed findings stay visible");

    // Its end comes by itself.
    place.now = "2026-04-20T08:00:00Z".to_owned();
    write(&place, "logs/3.jsonl", &[event("ledger.export", 6, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    assert_eq!(findings(&place, &["--suppressed"]).len(), 2);
    assert_eq!(place.run(&["suppression", "list"]).ok().json()["state"], "expired");
    place.run(&["suppression", "approve", &id, "--by", "P-3"]).exits(2);
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn a_revoked_suppression_counts_no_more_and_people_must_be_known() {
    let place = place("[people.P-1]\n[people.P-2]\n[people.P-3]\napproves = true\n");
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    let actor = actor_of(&place);
    let ask = |by: &str| {
        place.run(&[
            "suppression",
            "request",
            "--rule",
            ANY,
            "--actor",
            &actor,
            "--days",
            "9",
            "--owner",
            "P-2",
            "--by",
            by,
            "--reason",
            "x",
        ])
    };
    ask("P-9").exits(2);
    let id = ask("P-1").ok().json()["id"].as_str().expect("an id").to_owned();
    place.run(&["suppression", "approve", &id, "--by", "P-2"]).exits(2);
    place.run(&["suppression", "approve", &id, "--by", "P-3"]).ok();
    place.run(&["suppression", "revoke", &id, "--by", "P-1", "--reason", "it moved"]).ok();
    write(&place, "logs/1.jsonl", &[event("ledger.export", 1, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    assert_eq!(findings(&place, &["--suppressed"]).len(), 0);
    assert_eq!(place.run(&["suppression", "list"]).ok().json()["state"], "revoked");
}

#[test]
fn what_was_revoked_is_asked_for_again_and_one_person_stays_one() {
    let place = place("");
    let ask = |rule: &str, by: &str| {
        let asked = ["suppression", "request", "--rule", rule, "--actor", "app:ledger/u-1", "--reason", "x"];
        place.run(&[&asked[..], &["--expires", "2026-03-20T00:00:00Z", "--owner", "P-2", "--by", by]].concat()).ok()
    };
    let first = ask(ANY, "P-1");
    assert!(!first.stderr.contains("no rule in use"), "{}", first.stderr);
    let id = first.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(ask(ANY, "P-1").json()["id"], id.as_str(), "the same is asked for once");
    for same in ["p-1", "p-2"] {
        place.run(&["suppression", "approve", &id, "--by", same]).exits(2);
    }
    let few: String = id.chars().take("sup-".len() + 7).collect();
    let refused = place.run(&["suppression", "approve", &few, "--by", "P-3"]).exits(2);
    assert!(refused.stderr.contains("8 digits"), "{}", refused.stderr);
    place.run(&["suppression", "approve", &id, "--by", "P-3"]).ok();
    place.run(&["suppression", "revoke", &id, "--by", "P-1", "--reason", "x"]).ok();
    let again = ask(ANY, "P-1").json()["id"].as_str().expect("an id").to_owned();
    assert_ne!(again, id);
    place.run(&["suppression", "approve", &again, "--by", "P-3"]).ok();
    let states: Vec<Value> =
        place.run(&["suppression", "list"]).ok().rows().iter().map(|row| row["state"].clone()).collect();
    assert!(states.contains(&"in_force".into()) && states.contains(&"revoked".into()), "{states:?}");
    let unknown = ask("no-such-rule", "P-1");
    assert!(unknown.stderr.contains("no rule in use has the id `no-such-rule`"), "{}", unknown.stderr);
}

#[test]
fn an_interrupted_batch_keeps_the_marks_it_was_stored_with() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    let actor = actor_of(&place);
    let asked = place.run(&[
        "suppression",
        "request",
        "--rule",
        ANY,
        "--actor",
        &actor,
        "--days",
        "9",
        "--owner",
        "P-2",
        "--by",
        "P-1",
        "--reason",
        "x",
    ]);
    let id = asked.ok().json()["id"].as_str().expect("an id").to_owned();
    write(&place, "logs/1.jsonl", &[event("ledger.export", 1, "u-1", 5)]);
    place.run_to_failpoint("flow.findings_appended:1", &["ingest"]).exits(None);
    // Approved at the very instant of the batch: what is stored already was not covered.
    place.run(&["suppression", "approve", &id, "--by", "P-3"]).ok();
    place.run(&["ingest"]).ok();
    assert_eq!(findings(&place, &["--suppressed"]).len(), 0);
    let sealed = place.log().into_iter().rfind(|entry| entry["kind"] == "batch.sealed").expect("a batch");
    assert_eq!(sealed["clear"]["suppressed"], Value::Null);
    assert_eq!(place.run(&["incident", "list"]).ok().rows()[0]["finding_count"], 2);
}

#[test]
fn a_first_week_is_quiet_and_loses_nothing() {
    let mut place = place("first_week_days = 7\n");
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 1);
    let listed = place.run(&["incident", "list"]).ok();
    assert!(listed.rows().is_empty(), "a medium finding of a rule under test wakes nobody");
    assert!(listed.stderr.contains("1 findings were held back"), "{}", listed.stderr);
    assert_eq!(findings(&place, &["--held-back"]).len(), 1);
    assert_eq!(precision(&place, ANY)["held_back"], 1);

    // A grave finding of a stable rule is heard, and what is held back beside it joins.
    place.now = "2026-03-05T08:00:00Z".to_owned();
    write(&place, "logs/1.jsonl", &[event("ledger.export", 5, "u-2", 5000)]);
    place.run(&["ingest"]).ok();
    let incidents = place.run(&["incident", "list"]).ok().rows();
    assert_eq!((incidents.len(), &incidents[0]["finding_count"]), (1, &2.into()));
    assert_eq!(findings(&place, &["--held-back"]).len(), 1, "the first one is still waiting for somebody");

    // A week after the first batch the same is heard, and what was held back is proposed for a look.
    place.now = "2026-03-10T08:00:00Z".to_owned();
    // From an address of its own, or it would join the incident of that strange address.
    write(&place, "logs/2.jsonl", &[event("ledger.export", 8, "u-3", 5).replace("192.0.2.10", "192.0.2.30")]);
    place.run(&["ingest"]).ok();
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 2);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.stdout.contains("first week of source `ledger` is over"), "{}", doctor.stdout);
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn simulated_time_has_no_first_week_unless_asked() {
    let place = place("");
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5)]);
    place.run(&["ingest"]).ok();
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1);
}

#[test]
fn a_backtest_tells_what_would_have_been_and_stores_nothing() {
    let place = place("");
    let exports = [0, 1, 2].map(|minute| event("ledger.export", minute, "u-1", 5));
    let pages = [10, 11, 12, 13].map(|minute| event("ledger.page", minute, "u-2", 1));
    write(&place, "logs/0.jsonl", &[exports.as_slice(), &pages].concat());
    place.run(&["ingest"]).ok();
    let (log, stored) = (place.log(), place.query("SELECT uid FROM findings").len());
    let backtest = |more: &[&str]| place.run(&[&["rule", "backtest"], more].concat()).ok();
    let of = |rows: &[Value], id: &str| rows.iter().find(|row| row["id"] == id).cloned().expect("the rule is told");

    let same = backtest(&[]);
    let any = of(&same.rows(), ANY);
    assert_eq!((&any["events"], &any["findings"], &any["distinct_actors"]), (&7.into(), &3.into(), &1.into()));
    assert_eq!(
        (&any["stored"], &any["new"], &any["gone"]),
        (&3.into(), &0.into(), &0.into()),
        "the rules are those in use"
    );
    let many = of(&same.rows(), MANY);
    assert_eq!((&many["findings"], &many["stored"], &many["events"]), (&1.into(), &1.into(), &4.into()));
    assert!(same.stderr.contains("MiB/s"), "{}", same.stderr);

    // A changed file takes the place of the content's: a higher bound, and a rule about something else.
    let changed = common::own_rules::rules("two").replace("gte: 3", "gte: 5").replace("gte: 1000", "gte: 2");
    place.write("changed.yml", changed);
    let rows = backtest(&["--rules", "changed.yml"]).rows();
    let many = of(&rows, MANY);
    assert_eq!((&many["findings"], &many["gone"]), (&0.into(), &1.into()));
    let large = of(&rows, LARGE);
    assert_eq!((&large["findings"], &large["new"]), (&3.into(), &3.into()));
    assert_eq!(rows.iter().filter(|row| row["id"] == ANY).count(), 1, "no rule is there twice");
    let rows = backtest(&["--from", "2026-03-02T10:01:00Z", "--to", "2026-03-02T10:02:00Z"]).rows();
    assert_eq!(of(&rows, ANY)["findings"], 1, "from is included and to is not");

    // Verdicts label what a backtest tells.
    let first = findings(&place, &["--rule", ANY]).remove(0);
    let uid = first["finding_uid"].as_str().expect("an id");
    place.run(&["finding", "disposition", uid, "--verdict", "benign", "--reason", "x", "--by", "P-1"]).ok();
    let any = of(&backtest(&[]).rows(), ANY);
    assert_eq!((&any["true"], &any["false"], &any["unlabelled"]), (&0.into(), &1.into(), &2.into()));
    assert_eq!(place.log().len(), log.len() + 1, "only the verdict was sealed");
    assert_eq!(place.query("SELECT uid FROM findings").len(), stored);
}

#[test]
fn flow_logs_with_columns_of_their_own_are_understood_again() {
    let place = place("");
    place.write(
        "content/rules/own/flow.yml",
        "title: Flow out\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0009\nstatus: test\nlogsource: {product: aws, service: vpcflow}\n\
         detection: {selection: {flow_direction: egress, bytes|gte: 1000}, condition: selection}\nlevel: medium\n",
    );
    let header = "version interface-id bytes srcaddr dstaddr flow-direction start end action log-status";
    let line = "5 eni-1 5000 192.0.2.1 198.51.100.2 egress 1772538644 1772538645 ACCEPT OK";
    write(&place, "logs/0.log", &[header.to_owned(), line.to_owned()]);
    assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 1);
    let told = place.run(&["rule", "backtest", "--no-builtin", "--rules", "content/rules/own/flow.yml"]).ok();
    let row = told.json();
    assert_eq!(
        (&row["events"], &row["findings"], &row["stored"]),
        (&1.into(), &1.into(), &1.into()),
        "{}",
        told.stderr
    );
    assert!(!told.stderr.contains("could not be read again"), "{}", told.stderr);
}

#[test]
fn tuning_proposes_with_its_cost_and_applies_nothing() {
    let place = place("");
    // Two clerks read three or four pages in an hour all day long; one takes eight at once.
    let mut events = Vec::new();
    for hour in 0..4 {
        events.extend([0, 10, 20].map(|minute| event("ledger.page", hour * 120 + minute, "clerk-1", 1)));
    }
    events.extend([600, 601, 602, 603, 604, 605, 606, 607].map(|minute| event("ledger.page", minute, "thief", 1)));
    events.extend([0, 1, 2].map(|minute| event("ledger.export", minute, "backup", 5)));
    write(&place, "logs/0.jsonl", &events);
    place.run(&["ingest"]).ok();
    place.run(&["rule", "tune"]).exits(2);
    for row in findings(&place, &[]) {
        let is_theft = row["event_uid"].as_str().is_some_and(|uid| uid.contains("thief"));
        let verdict = if is_theft { "true_positive" } else { "false_positive" };
        let uid = row["finding_uid"].as_str().expect("an id");
        place.run(&["finding", "disposition", uid, "--verdict", verdict, "--reason", "x", "--by", "P-1"]).ok();
    }
    let log = place.log().len();
    let rows = place.run(&["rule", "tune"]).ok().rows();
    let trials: Vec<&Value> = rows.iter().filter(|row| row["kind"] == "threshold").collect();
    let current = trials.iter().find(|row| row["is_current"] == true).expect("what is, is tried");
    assert_eq!(
        (&current["true"], &current["false"], &current["missed"]),
        (&1.into(), &4.into(), &json!([])),
        "{current}"
    );
    let proposed: Vec<&&Value> = trials.iter().filter(|row| row["proposed"] == true).collect();
    assert_eq!(proposed.len(), 1, "{trials:?}");
    assert_eq!(
        (&proposed[0]["true"], &proposed[0]["false"], &proposed[0]["missed"]),
        (&1.into(), &0.into(), &json!([]))
    );
    let patch = proposed[0]["patch"].as_str().expect("a patch");
    assert!(patch.contains(&format!("id: {MANY}")) && patch.contains("gte: "), "{patch}");
    // A bound that nobody reaches misses the theft, and says so; a higher one takes longer.
    let with =
        |threshold: u32| trials.iter().find(|row| row["threshold"] == threshold && row["timespan"] == "1h").copied();
    assert_eq!(with(9).expect("three times the bound is tried")["missed"].as_array().map(Vec::len), Some(1));
    let delay = |threshold: u32| with(threshold).and_then(|row| row["seconds_to_finding"]["median"].as_i64());
    assert_eq!((delay(3), delay(6)), (Some(120), Some(300)));

    let exclusion =
        rows.iter().find(|row| row["kind"] == "exclusion" && row["rule_id"] == ANY && row["field"] == "actor");
    let exclusion = exclusion.expect("the backup's three false exports are one actor's");
    assert_eq!(exclusion["false"], 3);
    assert!(
        exclusion["propose"].as_str().is_some_and(|text| text.starts_with("watertight suppression request --rule"))
    );
    assert_eq!(place.log().len(), log, "it proposes and applies nothing");
}

#[test]
fn a_backtest_evaluates_rules_that_see_events_as_ocsf() {
    let place = place("");
    place.write(
        "content/rules/own/refused.yml",
        "title: Refused\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0010\nname: refused\nstatus: test\n\
         logsource: {product: ocsf, category: network_activity}\n\
         detection: {selection: {action_id: 2, dst_endpoint.port: 22}, condition: selection}\nlevel: medium\n---\n\
         title: Often refused\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0011\nstatus: test\n\
         correlation: {type: event_count, rules: [refused], group-by: [dst_endpoint.ip], timespan: 1h, condition: {gte: 2}, \
         generate: true}\nlevel: high\n",
    );
    let flow = |source: u32, action: &str| {
        format!("2 111122223333 eni-1 192.0.2.{source} 10.0.0.2 1 22 6 1 1 1772446272 1772446332 {action} OK")
    };
    write(&place, "logs/0.log", &[flow(1, "REJECT"), flow(2, "ACCEPT"), flow(3, "REJECT")]);
    assert_eq!(place.run(&["ingest"]).ok().json()["findings"], 3);
    let told = place.run(&["rule", "backtest", "--no-builtin", "--rules", "content/rules/own/refused.yml"]).ok();
    let rows = told.rows();
    let of = |title: &str| rows.iter().find(|row| row["title"] == title).expect("the rule is told");
    let (alone, often) = (of("Refused"), of("Often refused"));
    for (row, events, findings) in [(alone, 3, 2), (often, 2, 1)] {
        assert_eq!(
            (&row["events"], &row["findings"], &row["stored"], &row["gone"]),
            (&events.into(), &findings.into(), &findings.into(), &0.into()),
            "{row} {}",
            told.stderr
        );
    }
}

#[test]
fn what_a_true_finding_shows_is_never_proposed_whenever_it_was() {
    let place = place("");
    let exports = [0, 1, 2].map(|minute| event("ledger.export", minute, "backup", 5));
    let stolen = event("ledger.export", 600, "backup", 5);
    write(&place, "logs/0.jsonl", &[exports.as_slice(), &[stolen]].concat());
    place.run(&["ingest"]).ok();
    for row in findings(&place, &["--rule", ANY]) {
        let is_theft = row["event_uid"] == "ledger.export-backup-600";
        let verdict = if is_theft { "true_positive" } else { "false_positive" };
        let uid = row["finding_uid"].as_str().expect("an id");
        place.run(&["finding", "disposition", uid, "--verdict", verdict, "--reason", "x", "--by", "P-1"]).ok();
    }
    let fields = |more: &[&str]| {
        let rows = place.run(&[&["rule", "tune", "--rule", ANY], more].concat()).ok().rows();
        let exclusions = rows.iter().filter(|row| row["kind"] == "exclusion");
        exclusions.map(|row| row["field"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&[]), [""; 0], "the thief works as the backup");
    assert_eq!(fields(&["--to", "2026-03-02T12:00:00Z"]), [""; 0], "and has done so after the period too");
}

const BURST: &str = "9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0021";
const OPENED: &str = "9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0022";

/// Calls everything true that the thief did, and everything else false.
fn judge(place: &Place, rule: &str) {
    for row in findings(place, &["--rule", rule]) {
        let is_theft = row["event_uid"].as_str().is_some_and(|uid| uid.contains("thief"));
        let verdict = if is_theft { "true_positive" } else { "false_positive" };
        let uid = row["finding_uid"].as_str().expect("an id");
        place.run(&["finding", "disposition", uid, "--verdict", verdict, "--reason", "x", "--by", "P-1"]).ok();
    }
}

#[test]
fn a_correlation_over_correlations_is_tuned_with_those_as_they_are() {
    let place = place("");
    place.write(
        "content/rules/own/bursts.yml",
        format!(
            "title: Ledger entry\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0023\nname: entry\nstatus: test\nlogsource: {{product: application, service: json}}\n\
             detection: {{selection: {{event: ledger.entry}}, condition: selection}}\nlevel: informational\n---\n\
             title: Burst\nid: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0024\nname: burst\nstatus: test\n\
             correlation: {{type: event_count, rules: [entry], group-by: [user.id], timespan: 5m, condition: {{gte: 3}}}}\nlevel: low\n---\n\
             title: Burst after burst\nid: {BURST}\nstatus: test\n\
             correlation: {{type: event_count, rules: [burst], group-by: [user.id], timespan: 4h, condition: {{gte: 2}}}}\nlevel: high\n"
        ),
    );
    // A clerk has two bursts in the morning, the thief has five; in between neither reads anything.
    let burst = |at: u32, user: &str| [0, 1, 2].map(|minute| event("ledger.entry", at + minute, user, 1));
    let clerk = [0, 60].map(|at| burst(at, "clerk")).concat();
    let thief = [0, 30, 60, 90, 120].map(|at| burst(at, "thief")).concat();
    write(&place, "logs/0.jsonl", &[clerk, thief].concat());
    place.run(&["ingest"]).ok();
    judge(&place, BURST);
    let rows = place.run(&["rule", "tune", "--rule", BURST]).ok().rows();
    let with = |threshold: u32| {
        let is_it = |row: &&Value| row["threshold"] == threshold && row["timespan"] == "4h";
        rows.iter().find(is_it).cloned().unwrap_or_else(|| panic!("{threshold} was not tried: {rows:?}"))
    };
    let (now, more) = (with(2), with(3));
    assert_eq!((&now["is_current"], &now["true"], &now["false"]), (&true.into(), &1.into(), &1.into()), "{now}");
    assert_eq!((&more["true"], &more["false"], &more["missed"]), (&1.into(), &0.into(), &json!([])), "{more}");
    let later = |row: &Value| row["seconds_to_finding"]["median"].as_i64().expect("it was found");
    assert_eq!(later(&more) - later(&now), 30 * 60, "one more burst is half an hour more");
    let proposed: Vec<&Value> = rows.iter().filter(|row| row["proposed"] == true).collect();
    assert!(
        proposed.len() == 1 && proposed[0]["patch"].as_str().is_some_and(|patch| patch.contains(BURST)),
        "{rows:?}"
    );
}

#[test]
fn numbers_of_a_baseline_are_tried_on_what_the_lake_holds() {
    let mut place = place("");
    // Events of a day that has not come teach nothing.
    place.now = "2026-03-10T08:00:00Z".to_owned();
    // Read like a file that ends in `.yml`.
    place.write(
        "content/baselines/ledger_opened.yaml",
        format!(
            "title: Opens far more ledgers than before\nid: {OPENED}\nstatus: test\ndescription: d\n\
             select: {{formats: application/json, operations: [ledger.open]}}\nentity: actor\n\
             measure: {{type: volume, of: count, per: 1h, rhythm: none, at_least: 5}}\nlearning: 1d\nmin_observations: 3\n\
             falsepositives: [x]\nlevel: high\nwatertight: {{surface: product_api, group_by: [actor], owner: detection}}\n\
             ads: {{goal: g, strategy: s, blind_spots: b, validation: v, response: r}}\ntests:\n\
             - {{name: many, fires: true, events: [{{at: 0s, times: 60, every: 1h, event: {{actor: x, operation: ledger.open}}}}, {{at: 61h, times: 20, every: 1m, event: {{actor: x, operation: ledger.open}}}}]}}\n\
             - {{name: few, fires: false, events: [{{at: 0s, times: 60, every: 1h, event: {{actor: x, operation: ledger.open}}}}]}}\n"
        ),
    );
    let opened = |day: u32, hour: u32, minute: u32, user: &str| {
        let text = event("ledger.open", minute, user, 1);
        let text =
            text.replace(&format!("2026-03-02T10:{minute:02}"), &format!("2026-03-{day:02}T{hour:02}:{minute:02}"));
        text.replace(&format!("ledger.open-{user}-"), &format!("ledger.open-{user}-{day}-{hour}-"))
    };
    let mut events = Vec::new();
    for user in ["clerk", "thief"] {
        for day in 2..6 {
            events.extend((8..16).map(|hour| opened(day, hour, 0, user)));
        }
    }
    // The clerk is busy once, the thief takes everything.
    events.extend((0..8).map(|minute| opened(6, 9, minute, "clerk")));
    events.extend((0..40).map(|minute| opened(6, 9, minute, "thief")));
    write(&place, "logs/0.jsonl", &events);
    place.run(&["ingest"]).ok();
    judge(&place, OPENED);
    let log = place.log().len();
    let rows = place.run(&["rule", "tune", "--rule", OPENED]).ok().rows();
    let rows: Vec<Value> = rows.into_iter().filter(|row| row["kind"] == "baseline").collect();
    let with = |key: &str, value: &str| {
        rows.iter().find(|row| row["key"] == key && row["value"] == value).unwrap_or_else(|| panic!("{key}: {rows:?}"))
    };
    let now = rows.iter().find(|row| row["is_current"] == true).expect("what is, is tried");
    assert_eq!((&now["true"], &now["false"], &now["unlabelled"]), (&1.into(), &1.into(), &0.into()), "{now}");
    let higher = with("at_least", "10");
    assert_eq!((&higher["true"], &higher["false"], &higher["missed"]), (&1.into(), &0.into(), &json!([])), "{higher}");
    let later = |row: &Value| row["seconds_to_finding"]["median"].as_i64().expect("it was found");
    assert_eq!(later(higher) - later(now), 5 * 60, "five more events, one a minute");
    let proposed: Vec<&Value> = rows.iter().filter(|row| row["proposed"] == true).collect();
    assert_eq!(proposed.len(), 1, "{rows:?}");
    let patch = proposed[0]["patch"].as_str().expect("a patch");
    assert!(patch.contains(&format!("id: {OPENED}")), "{patch}");
    assert!(rows.iter().filter(|row| row["proposed"] != true).all(|row| row.get("patch").is_none()));
    assert_eq!(place.log().len(), log, "it proposes and applies nothing");
}
