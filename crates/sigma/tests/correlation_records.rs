//! Both stages of correlations together, from records to episodes, against a reference that reads groups and values from the
//! events themselves and looks at every window of the sorted list: missing fields, null, arrays, numbers as texts, aliases,
//! events that several rules match, in any order, twice, and with restarts in the middle of windows.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use sigma::{Change, CorrelationLimits, Correlator, Episode, Loaded, Matcher, Program};

const SECOND: i64 = 1_000_000;
const SPAN: i64 = 10 * SECOND;
const LATENESS: i64 = 20 * SECOND;

/// Two rules that name the user differently; an event may match both.
const RULES: &str = "
title: a
name: a
logsource: {product: application}
detection: {s: {a: true}, condition: s}
---
title: b
name: b
logsource: {product: application}
detection: {s: {b: true}, condition: s}
";

/// How a window is measured, told to the engine and to the reference.
struct Case {
    section: &'static str,
    reached: fn(&[&Occurrence]) -> Option<f64>,
}

/// What an event brings to one group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    time: i64,
    uid: String,
    rules: BTreeSet<usize>,
    values: Vec<String>,
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn number(count: usize) -> f64 {
    count as f64
}

fn at_least(needed: f64, value: f64) -> Option<f64> {
    (needed <= value).then_some(value)
}

fn numbers(window: &[&Occurrence]) -> Vec<f64> {
    window.iter().flat_map(|one| &one.values).filter_map(|value| value.parse().ok()).collect()
}

const CASES: &[Case] = &[
    Case { section: "type: event_count\n  condition: {gte: 3}", reached: |window| at_least(3.0, number(window.len())) },
    Case {
        section: "type: value_count\n  condition: {field: v, gte: 3}",
        reached: |window| {
            at_least(3.0, number(window.iter().flat_map(|one| &one.values).collect::<BTreeSet<_>>().len()))
        },
    },
    Case {
        section: "type: value_sum\n  condition: {field: v, gte: 4}",
        reached: |window| at_least(4.0, numbers(window).iter().sum()),
    },
    Case {
        section: "type: temporal",
        reached: |window| {
            let rules: BTreeSet<usize> = window.iter().flat_map(|one| one.rules.clone()).collect();
            at_least(2.0, number(rules.len()))
        },
    },
    Case {
        section: "type: temporal_ordered",
        reached: |window| {
            let ordered = window.iter().any(|one| {
                one.rules.contains(&0) && window.iter().any(|two| two.rules.contains(&1) && one.time <= two.time)
            });
            ordered.then_some(2.0)
        },
    },
];

fn load(case: &Case) -> Loaded {
    let correlation = format!(
        "title: c\ncorrelation:\n  {}\n  rules: [a, b]\n  group-by: [who, n.ip]\n  timespan: 10s\n  aliases: {{who: {{a: user, b: actor}}}}\n---{RULES}",
        case.section
    );
    let loaded = sigma::load([("c.yml", correlation)]);
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    loaded
}

/// The texts of a field, members of arrays each, null none; those that occur again left out if `once`.
fn texts(value: Option<&Value>, once: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let items = match value {
        Some(Value::Array(items)) => items.iter().collect(),
        other => other.into_iter().collect::<Vec<_>>(),
    };
    for item in items.into_iter().filter(|item| !item.is_null()) {
        let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
        if !once || !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// An event and when it comes: late by so much, perhaps twice, and what is done after it.
#[derive(Debug, Clone)]
struct Arrival {
    time: i64,
    uid: String,
    event: Value,
    delays: Vec<i64>,
    then: u8,
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let who = || prop::sample::select(vec![json!("dana"), json!("kim"), json!(["dana", "kim"]), Value::Null, json!(5)]);
    let ip = prop::sample::select(vec![
        json!({}),
        json!({"ip": "x"}),
        json!({"ip": ["x", "y", "x"]}),
        json!([{"ip": "y"}, {}]),
    ]);
    let value =
        prop::sample::select(vec![json!(1), json!("2.5"), json!([1, 1, 3]), json!("none"), json!([]), Value::Null]);
    let event = (any::<bool>(), any::<bool>(), proptest::option::of(who()), proptest::option::of(who()), ip, value);
    let one = (0..40_i64, event, prop::collection::vec(0..LATENESS, 1..3), any::<u8>());
    prop::collection::vec(one, 1..30).prop_map(|all| {
        type Fields = (bool, bool, Option<Value>, Option<Value>, Value, Value);
        let arrival =
            |(number, (second, (a, b, user, actor, n, v), delays, then)): (usize, (i64, Fields, Vec<i64>, u8))| {
                let mut event = json!({"a": a, "b": b, "n": n, "v": v});
                let fields = event.as_object_mut().unwrap();
                fields.extend(user.map(|user| ("user".to_owned(), user)));
                fields.extend(actor.map(|actor| ("actor".to_owned(), actor)));
                Arrival { time: second * SECOND, uid: format!("e{number}"), event, delays, then }
            };
        all.into_iter().enumerate().map(arrival).collect()
    })
}

type Group = Vec<Option<String>>;

/// What every group has, from the events alone.
fn occurrences(arrivals: &[Arrival], case: &Case) -> BTreeMap<Group, BTreeMap<(i64, String), Occurrence>> {
    let mut groups: BTreeMap<Group, BTreeMap<(i64, String), Occurrence>> = BTreeMap::new();
    let (needs_value, is_numeric) = (case.section.contains("field:"), case.section.contains("value_sum"));
    for arrival in arrivals {
        let mut values = if needs_value { texts(arrival.event.get("v"), !is_numeric) } else { Vec::new() };
        if is_numeric {
            values.retain(|value| value.parse::<f64>().is_ok());
        }
        if needs_value && values.is_empty() {
            continue;
        }
        let inner: Vec<Value> = match &arrival.event["n"] {
            Value::Array(items) => items.iter().filter_map(|item| item.get("ip").cloned()).collect(),
            object => object.get("ip").cloned().into_iter().collect(),
        };
        let ips = match inner.as_slice() {
            [one] => texts(Some(one), true),
            several => texts(Some(&json!(several)), true),
        };
        for (rule, (flag, field)) in [("a", "user"), ("b", "actor")].into_iter().enumerate() {
            let users = texts(arrival.event.get(field), true);
            let is_in_no_group = users.is_empty() && ips.is_empty();
            if arrival.event[flag] != json!(true) || is_in_no_group {
                continue;
            }
            let or_missing = |texts: &[String]| -> Vec<Option<String>> {
                if texts.is_empty() { vec![None] } else { texts.iter().cloned().map(Some).collect() }
            };
            for user in or_missing(&users) {
                for ip in or_missing(&ips) {
                    let group = groups.entry(vec![user.clone(), ip]).or_default();
                    let key = (arrival.time, arrival.uid.clone());
                    let occurrence = group.entry(key).or_insert_with(|| Occurrence {
                        time: arrival.time,
                        uid: arrival.uid.clone(),
                        rules: BTreeSet::new(),
                        values: values.clone(),
                    });
                    occurrence.rules.insert(rule);
                }
            }
        }
    }
    groups
}

/// An episode as both sides tell it: group, first, completed and last event, what was reached first and at most, and how
/// many events it has.
type Told = (Group, String, String, String, String, String, u64);

fn expected(arrivals: &[Arrival], case: &Case) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for (group, occurrences) in occurrences(arrivals, case) {
        let all: Vec<&Occurrence> = occurrences.values().collect();
        // (first, completed, last, value, peak, total) of the episodes of this group.
        let mut episodes: Vec<(usize, usize, usize, f64, f64)> = Vec::new();
        for end in (0..all.len()).filter(|end| all.get(end + 1).is_none_or(|next| all[*end].time < next.time)) {
            let since = all[end].time - SPAN;
            let start = all.iter().position(|one| since <= one.time).unwrap();
            let Some(value) = (case.reached)(&all[start..=end]) else { continue };
            match episodes.last_mut().filter(|open| since <= all[open.2].time) {
                Some(open) => (open.2, open.4) = (end, open.4.max(value)),
                None => episodes.push((start, end, end, value, value)),
            }
        }
        for (first, completed, last, value, peak) in episodes {
            let uid = |place: usize| all[place].uid.clone();
            let count = u64::try_from(last + 1 - first).unwrap();
            let shown = |value: f64| format!("{value:.4}");
            told.push((group.clone(), uid(first), uid(completed), uid(last), shown(value), shown(peak), count));
        }
    }
    told.sort();
    told
}

fn found(episodes: &[Episode]) -> Vec<Told> {
    let closed = episodes.iter().filter(|episode| episode.change == Change::Closed);
    let shown = |value: f64| format!("{value:.4}");
    let mut told: Vec<Told> = closed
        .map(|one| {
            let uid = |event: &sigma::EventRef| event.uid.clone();
            let group = one.group.clone();
            (
                group,
                uid(&one.first),
                uid(&one.completed),
                uid(&one.last),
                shown(one.value),
                shown(one.peak),
                one.events_total,
            )
        })
        .collect();
    told.sort();
    told
}

/// Everything through both stages, in order of arrival.
fn run(program: &Program, arrivals: &[Arrival]) -> Vec<Episode> {
    let limits = || CorrelationLimits { lateness_us: LATENESS, ..CorrelationLimits::default() };
    let mut schedule: Vec<(i64, &Arrival)> =
        arrivals.iter().flat_map(|one| one.delays.iter().map(move |delay| (one.time + delay, one))).collect();
    schedule.sort_by_key(|(when, _)| *when);
    let mut correlator = Correlator::new(program, limits());
    let mut matcher = Matcher::new(program);
    let source = program.log_source("application", "");
    let (mut episodes, mut hits, mut latest) = (Vec::new(), Vec::new(), i64::MIN);
    for (_, arrival) in schedule {
        let record = serde_json::to_vec(&arrival.event).unwrap();
        matcher.evaluate(source, &record).unwrap();
        matcher.hits(&record, arrival.time, &arrival.uid, &mut hits).unwrap();
        hits.drain(..).for_each(|hit| correlator.push(&hit));
        latest = latest.max(arrival.time);
        match arrival.then % 8 {
            0 => episodes.extend(correlator.evaluate()),
            1 => episodes.extend(correlator.watermark(latest)),
            2 => {
                let text = serde_json::to_string(&correlator.snapshot()).unwrap();
                let (restored, lost) = Correlator::restore(program, limits(), serde_json::from_str(&text).unwrap());
                assert!(lost.is_empty());
                correlator = restored;
            }
            _ => {}
        }
    }
    episodes.extend(correlator.finish());
    episodes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_become_the_episodes_that_the_events_mean(arrivals in arrivals()) {
        for case in CASES {
            let loaded = load(case);
            let (program, errors) =
                Program::compile_with(&loaded.rules, &loaded.correlations, &sigma::Options::default());
            prop_assert!(errors.is_empty(), "{}", errors[0]);
            prop_assert_eq!(found(&run(&program, &arrivals)), expected(&arrivals, case), "{}", case.section);
        }
    }
}
