//! What no run of the program shows: that findings are the same however little fits into memory.

use sigma::{CorrelationLimits, Matcher};

use super::correlate::{self, Found};
use super::gathered::{EventInTime, Gathered, Line};
use super::row::{self, At};
use crate::commands::offline::Room;
use crate::config::Config;
use crate::rules::{self, RuleSet};

/// The exports report by themselves, the logins do not. An inner correlation stays quiet, too.
const RULES: &str = "
title: Failed login
name: failed
logsource: {product: application, service: json}
detection: {selection: {event: login, ok: false}, condition: selection}
level: low
---
title: Export
name: export
logsource: {product: application, service: json}
detection: {selection: {event: export}, condition: selection}
level: medium
---
title: Guessing
name: guessing
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 1m, condition: {gte: 3}}
level: medium
---
title: Guessing, then an export
correlation: {type: temporal_ordered, rules: [guessing, export], group-by: [user], timespan: 5m, generate: true}
level: high
---
title: Exports
correlation: {type: value_sum, rules: [export], group-by: [user], timespan: 10m, condition: {field: rows, gt: 100}, generate: true}
level: high
";

fn rule_set() -> RuleSet {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rules.yml");
    std::fs::write(&path, RULES).unwrap();
    let rules = rules::load(None, &[path], &Config::default()).unwrap();
    assert!(rules.errors.is_empty(), "{:?}", rules.errors);
    rules
}

/// 1,000 events in four files, some at the same second, some in two files.
fn events() -> Vec<(usize, u64, serde_json::Value)> {
    let mut events = Vec::new();
    for n in 0..1000_u64 {
        let name = if n % 5 == 4 { "export" } else { "login" };
        let event = serde_json::json!({
            "event": name, "ok": false, "user": format!("user-{}", n * 7 % 12), "rows": n % 40,
            "second": n / 3 * 7, "id": format!("e-{n}"),
        });
        let file = usize::try_from(n % 4).unwrap();
        events.push((file, n / 4, event.clone()));
        if n % 49 == 0 {
            events.push(((file + 1) % 4, 1000 + n, event));
        }
    }
    events
}

fn gather(rules: &RuleSet, room: Room, events: &[(usize, u64, serde_json::Value)]) -> Gathered {
    let gathered = Gathered::new(room);
    let mut matcher = Matcher::new(&rules.program);
    let source = rules.program.log_source("application", "json");
    let mut hits = Vec::new();
    for (file, record, event) in events {
        let second = event["second"].as_i64().unwrap();
        let at = At {
            file: format!("file-{file}"),
            record: *record,
            logsource: "application/json".to_owned(),
            time: jiff::Timestamp::from_second(second).unwrap(),
            event_uid: event["id"].as_str().unwrap().to_owned(),
            actor: None,
            observables: Vec::new(),
        };
        let json = serde_json::to_vec(event).unwrap();
        for &rank in matcher.evaluate(source, &json).unwrap() {
            if rules.program.reports_alone(rank) {
                let text = serde_json::to_string(&row::of_rule("t", &rules.rules[rank], &at)).unwrap();
                gathered.line(Line { file: *file, record: *record, rank, text }).unwrap();
            }
        }
        let losses = matcher.hits(&json, second * 1_000_000, &at.event_uid, &mut hits).unwrap();
        gathered.event(EventInTime { time_us: second * 1_000_000, file: *file, at }, &mut hits, losses).unwrap();
    }
    gathered
}

fn printed(rules: &RuleSet, room: Room, events: &[(usize, u64, serde_json::Value)]) -> (Vec<String>, Found) {
    printed_within(CorrelationLimits::default(), rules, gather(rules, room, events))
}

fn printed_within(limits: CorrelationLimits, rules: &RuleSet, gathered: Gathered) -> (Vec<String>, Found) {
    let mut lines = Vec::new();
    let found = correlate::finish(gathered.into_kept(), rules, "t", limits, |line| {
        lines.push(line.to_owned());
        Ok(())
    });
    (lines, found.unwrap())
}

#[test]
fn what_is_written_out_and_merged_again_gives_the_same_findings() {
    let rules = rule_set();
    let mut events = events();
    let (lines, found) = printed(&rules, Room::default(), &events);
    let count = |title: &str| lines.iter().filter(|line| line.contains(&format!("\"rule_title\":\"{title}\""))).count();
    assert!(5 < count("Guessing, then an export") && 5 < count("Exports"), "{found:?}");
    assert_eq!((count("Failed login"), count("Export")), (0, 204), "those that are only counted stay quiet");
    assert_eq!(found.findings, lines.len() as u64 - 204);
    assert_eq!((found.highest, found.warnings.len()), (ocsf::Severity::High, 0));
    for room in [Room { items: 10, bytes: usize::MAX }, Room { items: usize::MAX, bytes: 2_000 }] {
        assert!(printed(&rules, room, &events) == (lines.clone(), found.clone()), "{room:?}");
    }
    // The order in which workers bring events means nothing.
    events.reverse();
    events.rotate_left(317);
    for items in [10, usize::MAX] {
        assert!(
            printed(&rules, Room { items, bytes: usize::MAX }, &events) == (lines.clone(), found.clone()),
            "{items} items"
        );
    }
}

#[test]
fn a_finding_stands_at_its_completing_event_after_the_findings_of_that_event() {
    let rules = rule_set();
    let (lines, _) = printed(&rules, Room::default(), &events());
    let rows: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<(&str, u64)> =
        rows.iter().map(|row| (row["file"].as_str().unwrap(), row["record"].as_u64().unwrap())).collect();
    assert!(places.is_sorted());
    for (before, row) in rows.iter().zip(rows.iter().skip(1)) {
        let correlation = &row["correlation"];
        if correlation.is_null() {
            assert!(before["correlation"].is_null() || before["record"] != row["record"]);
            continue;
        }
        let uids = correlation["event_uids"].as_array().unwrap();
        assert!(uids.contains(&row["event_uid"]), "{row}");
        assert!(correlation["first"].as_str() <= row["time"].as_str(), "{row}");
    }
}

#[test]
fn what_did_not_fit_is_said_once() {
    let rules = rule_set();
    let limits = CorrelationLimits { hits_per_group_max: 2, ..CorrelationLimits::default() };
    let (_, found) = printed_within(limits, &rules, gather(&rules, Room::default(), &events()));
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    assert!(found.warnings[0].contains("`Exports`"), "{:?}", found.warnings);
}

#[test]
fn an_event_with_more_values_than_a_correlation_takes_is_said() {
    let rules = rule_set();
    let users: Vec<String> = (0..100).map(|n| format!("user-{n}")).collect();
    let event = serde_json::json!({"event": "export", "user": users, "rows": 101, "second": 5, "id": "e"});
    let (lines, found) = printed(&rules, Room::default(), &[(0, 0, event)]);
    assert_eq!((lines.len(), found.findings), (65, 64), "the export itself and one finding for each user that is kept");
    assert!(found.warnings.iter().all(|warning| warning.starts_with("note: ")) && !found.warnings.is_empty());
}
