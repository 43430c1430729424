//! Correlations against a naive reference that has all events sorted and looks at every window by itself: whatever the
//! order in which hits come, how often, and how often the caller asks in between, the same episodes are left in the end.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sigma::{Change, CorrelationLimits, Correlator, Episode, EventRef, Hit, Program};

const SECOND: i64 = 1_000_000;
const SPAN: i64 = 10 * SECOND;
/// Hits come at most so much after a later one.
const LATENESS: i64 = 15 * SECOND;

/// An event as the reference sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    time: i64,
    uid: String,
    /// Tells episodes of inner groups apart.
    part: String,
    rule: u8,
    values: Vec<String>,
}

/// What a window has reached, if the condition holds.
type Reached = fn(&[Item]) -> Option<f64>;

/// What a correlation is and what it means, told twice: to the engine and to the reference.
struct Case {
    section: &'static str,
    reached: Reached,
}

fn rules_in(window: &[Item]) -> BTreeSet<u8> {
    window.iter().map(|item| item.rule).collect()
}

fn events(window: &[Item]) -> usize {
    window.iter().map(|item| (item.time, &item.uid, &item.part)).collect::<BTreeSet<_>>().len()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn number(count: usize) -> f64 {
    count as f64
}

/// One list of numbers for each event: those of its first rule.
fn numbers(window: &[Item]) -> Vec<f64> {
    let mut by_event: BTreeMap<(i64, &str), &Item> = BTreeMap::new();
    for item in window {
        let first = by_event.entry((item.time, &item.uid)).or_insert(item);
        if item.rule < first.rule {
            *first = item;
        }
    }
    by_event.values().flat_map(|item| item.values.iter().map(|text| text.parse::<f64>().unwrap())).collect()
}

fn percentile(window: &[Item], rank: f64) -> f64 {
    let mut sorted = numbers(window);
    sorted.sort_by(f64::total_cmp);
    let place = rank / 100.0 * number(sorted.len() - 1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}

/// Whether events of these rules can be picked so that none is before the one that it follows.
fn in_order(window: &[Item], sequence: &[u8], since: i64) -> bool {
    let Some((rule, rest)) = sequence.split_first() else { return true };
    window.iter().any(|item| item.rule == *rule && since <= item.time && in_order(window, rest, item.time))
}

fn is_about(expected: bool, value: f64) -> Option<f64> {
    expected.then_some(value)
}

const CASES: &[Case] = &[
    Case {
        section: "{type: event_count, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {gte: 3}}",
        reached: |window| is_about(3 <= events(window), number(events(window))),
    },
    Case {
        section: "{type: event_count, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {gt: 1, lte: 3}}",
        reached: |window| is_about((2..=3).contains(&events(window)), number(events(window))),
    },
    Case {
        section: "{type: event_count, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {eq: 2}}",
        reached: |window| is_about(events(window) == 2, 2.0),
    },
    Case {
        section: "{type: event_count, rules: [a, b, c], group-by: [g], timespan: 10s, window: tumbling, condition: {gte: 3}}",
        reached: |window| is_about(3 <= events(window), number(events(window))),
    },
    Case {
        section: "{type: value_sum, rules: [a, b, c], group-by: [g], timespan: 10s, window: tumbling, condition: {field: v, gt: 5}}",
        reached: |window| {
            let sum = numbers(window).iter().sum();
            is_about(5.0 < sum, sum)
        },
    },
    Case {
        section: "{type: event_count, rules: [a, b, c], group-by: [g], timespan: 10s, window: session, gap: 2s, condition: {gte: 3}}",
        reached: |window| is_about(3 <= events(window), number(events(window))),
    },
    Case {
        section: "{type: value_median, rules: [a, b, c], group-by: [g], timespan: 10s, window: session, gap: 2s, condition: {field: v, lte: 0.5}}",
        reached: |window| is_about(percentile(window, 50.0) <= 0.5, percentile(window, 50.0)),
    },
    Case {
        section: "{type: temporal_ordered, rules: [a, b, c], group-by: [g], timespan: 10s, window: session, gap: 3s}",
        reached: |window| is_about(in_order(window, &[0, 1, 2], i64::MIN), 3.0),
    },
    Case {
        section: "{type: value_count, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {field: v, gte: 3}}",
        reached: |window| {
            let count = window.iter().flat_map(|item| &item.values).collect::<BTreeSet<_>>().len();
            is_about(3 <= count, number(count))
        },
    },
    Case {
        section: "{type: value_sum, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {field: v, gt: 5}}",
        reached: |window| {
            let sum = numbers(window).iter().sum();
            is_about(5.0 < sum, sum)
        },
    },
    Case {
        section: "{type: value_avg, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {field: v, gte: 2.5}}",
        reached: |window| {
            let mean = numbers(window).iter().sum::<f64>() / number(numbers(window).len());
            is_about(2.5 <= mean, mean)
        },
    },
    Case {
        section: "{type: value_percentile, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {field: v, percentile: 90, gte: 3}}",
        reached: |window| is_about(2.999_999 <= percentile(window, 90.0), percentile(window, 90.0)),
    },
    Case {
        section: "{type: value_median, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {field: v, lte: 0.5}}",
        reached: |window| is_about(percentile(window, 50.0) <= 0.5, percentile(window, 50.0)),
    },
    Case {
        section: "{type: temporal, rules: [a, b, c], group-by: [g], timespan: 10s}",
        reached: |window| is_about(rules_in(window).len() == 3, 3.0),
    },
    Case {
        section: "{type: temporal, rules: [a, b, c], group-by: [g], timespan: 10s, condition: {gte: 2}}",
        reached: |window| is_about(2 <= rules_in(window).len(), number(rules_in(window).len())),
    },
    Case {
        section: "{type: temporal, rules: [a, b, c], group-by: [g], timespan: 10s, condition: a and (b or not c)}",
        reached: |window| {
            let rules = rules_in(window);
            let has = |rule: u8| rules.contains(&rule);
            is_about(has(0) && (has(1) || !has(2)), number(rules.len()))
        },
    },
    Case {
        section: "{type: temporal_ordered, rules: [a, b, c], group-by: [g], timespan: 10s}",
        reached: |window| is_about(in_order(window, &[0, 1, 2], i64::MIN), 3.0),
    },
    Case {
        section: "{type: temporal_ordered, rules: [a, b, c, a], group-by: [g], timespan: 10s}",
        reached: |window| is_about(in_order(window, &[0, 1, 2, 0], i64::MIN), 3.0),
    },
    Case {
        section: "{type: temporal_ordered, rules: [a, b, c], group-by: [g], timespan: 10s, condition: a and not b and c}",
        reached: |window| {
            let rules = rules_in(window);
            is_about(!rules.contains(&1) && in_order(window, &[0, 2], i64::MIN), number(rules.len()))
        },
    },
];

/// An episode without how it was told.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    group: Vec<Option<String>>,
    first: EventRef,
    completed: EventRef,
    last: EventRef,
    value: f64,
    peak: f64,
    total: usize,
}

/// The earliest time in the window that ends at `end`, as the section of the case says it.
fn beginning(section: &str, items: &BTreeSet<Item>, end: i64) -> i64 {
    if section.contains("tumbling") {
        return end.div_euclid(SPAN) * SPAN;
    }
    let Some((_, gap)) = section.split_once("gap: ") else { return end - SPAN };
    let gap = i64::from(gap.chars().next().unwrap().to_digit(10).unwrap()) * SECOND;
    let times: Vec<i64> = items.iter().map(|item| item.time).filter(|time| *time <= end).collect();
    let chain = times.iter().zip(times.iter().skip(1)).rev().find(|(before, after)| gap < *after - *before);
    chain.map_or(end - SPAN, |(_, after)| *after.max(&(end - SPAN)))
}

fn reference(
    items: &BTreeSet<Item>,
    group: &[Option<String>],
    section: &str,
    reached: Reached,
) -> (Vec<Told>, Vec<EventRef>) {
    let (mut episodes, mut moments): (Vec<Told>, Vec<EventRef>) = (Vec::new(), Vec::new());
    let times: BTreeSet<i64> = items.iter().map(|item| item.time).collect();
    for end in times {
        let since = beginning(section, items, end);
        let window: Vec<Item> = items.iter().filter(|item| since <= item.time && item.time <= end).cloned().collect();
        let Some(value) = reached(&window) else { continue };
        let mark = |item: &Item| EventRef { time_us: item.time, uid: item.uid.clone() };
        // In the order of the engine: by time, id, part.
        let last = mark(window.iter().max_by_key(|item| (item.time, &item.uid, &item.part)).unwrap());
        moments.push(last.clone());
        if let Some(open) = episodes.last_mut().filter(|open| since <= open.last.time_us) {
            let since = open.first.time_us;
            let inside: Vec<Item> =
                items.iter().filter(|item| since <= item.time && item.time <= end).cloned().collect();
            open.total = events(&inside);
            open.last = last;
            open.peak = open.peak.max(value);
            continue;
        }
        episodes.push(Told {
            group: group.to_vec(),
            first: mark(window.first().unwrap()),
            completed: last.clone(),
            last,
            value,
            peak: value,
            total: events(&window),
        });
    }
    (episodes, moments)
}

fn program(correlations: &[&str]) -> Program {
    let rule = |name: &str| format!("title: {name}\nname: {name}\ndetection: {{s: {{r: {name}}}, condition: s}}\n");
    let mut texts: Vec<String> = ["a", "b", "c"].map(rule).to_vec();
    for (number, section) in correlations.iter().enumerate() {
        texts.push(format!("title: t{number}\nname: t{number}\nlevel: high\ncorrelation: {section}\n"));
    }
    let loaded = sigma::load(texts.iter().enumerate().map(|(number, text)| (format!("{number}.yml"), text)));
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &sigma::Options::default());
    assert!(errors.iter().all(|error| error.severity == sigma::Severity::Warning), "{}", errors[0]);
    program
}

/// A hit, by how much its arrival is delayed, and whether it comes twice.
#[derive(Debug, Clone)]
struct Arrival {
    hit: Hit,
    delay: i64,
    twice: Option<i64>,
    ask: u8,
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let one = (
        0..60_i64,
        0..3_u8,
        0..2_u8,
        0..5_u8,
        0..8_u8,
        0..LATENESS,
        proptest::option::weighted(0.2, 0..LATENESS),
        any::<u8>(),
    );
    proptest::collection::vec(one, 1..40).prop_map(|all| {
        all.into_iter()
            .map(|(second, rule, group, value, uid, delay, twice, ask)| Arrival {
                hit: Hit {
                    correlation: 0,
                    rule,
                    // Ids repeat among events of the same second, so that rules meet at one event.
                    time_us: (second - 20) * SECOND,
                    uid: format!("e{uid}"),
                    group: vec![Some(format!("g{group}"))],
                    values: vec![format!("{}.5", i64::from(value) - 1)],
                },
                delay,
                twice,
                ask,
            })
            .collect()
    })
}

/// Pushes hits in the order of their delayed arrival, sometimes twice, and asks in between.
fn run(program: &Program, arrivals: &[Arrival]) -> (Vec<Episode>, Correlator) {
    let mut correlator = Correlator::new(program, limits());
    let mut schedule: Vec<(i64, &Arrival)> = Vec::new();
    for arrival in arrivals {
        schedule.push((arrival.hit.time_us + arrival.delay, arrival));
        schedule.extend(arrival.twice.map(|delay| (arrival.hit.time_us + delay, arrival)));
    }
    schedule.sort_by_key(|(when, _)| *when);
    let mut episodes = Vec::new();
    let mut latest = i64::MIN;
    for (number, (_, arrival)) in schedule.iter().enumerate() {
        correlator.push(&arrival.hit);
        latest = latest.max(arrival.hit.time_us);
        episodes.extend(ask(&mut correlator, arrival.ask, latest));
        if arrival.ask % 16 == 7 {
            correlator = restarted(program, &correlator);
            // What came since the last snapshot comes again.
            let recent = schedule.iter().take(number + 1).filter(|(_, one)| latest - LATENESS <= one.hit.time_us);
            recent.for_each(|(_, arrival)| correlator.push(&arrival.hit));
        }
    }
    episodes.extend(correlator.finish());
    (episodes, correlator)
}

fn ask(correlator: &mut Correlator, how: u8, latest: i64) -> Vec<Episode> {
    match how % 4 {
        0 => correlator.evaluate(),
        1 => correlator.watermark(latest),
        _ => Vec::new(),
    }
}

/// The same after a restart, from what was written down.
fn restarted(program: &Program, correlator: &Correlator) -> Correlator {
    let text = serde_json::to_string(&correlator.snapshot()).unwrap();
    let (restored, lost) = Correlator::restore(program, limits(), serde_json::from_str(&text).unwrap());
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(serde_json::to_string(&restored.snapshot()).unwrap(), text);
    restored
}

/// What a caller who believes every word knows in the end: the names of the episodes.
fn believed(episodes: &[Episode], correlation: u32) -> BTreeSet<(Vec<Option<String>>, EventRef)> {
    let mut known = BTreeSet::new();
    for episode in episodes.iter().filter(|episode| episode.correlation == correlation) {
        let name = (episode.group.clone(), episode.first.clone());
        for superseded in &episode.supersedes {
            assert!(known.remove(&(episode.group.clone(), superseded.clone())), "{superseded:?} was not told");
        }
        match episode.change {
            Change::Opened => assert!(known.insert(name), "opened twice"),
            Change::Revised => _ = known.insert(name),
            Change::Withdrawn => assert!(known.remove(&name), "was not there"),
            Change::Closed => assert!(known.contains(&name), "closed but not opened"),
        }
    }
    known
}

fn closed(episodes: &[Episode], correlation: u32) -> Vec<Told> {
    let own = episodes.iter().filter(|one| one.change == Change::Closed && one.correlation == correlation);
    let mut told: Vec<Told> = own
        .map(|one| Told {
            group: one.group.clone(),
            first: one.first.clone(),
            completed: one.completed.clone(),
            last: one.last.clone(),
            value: one.value,
            peak: one.peak,
            total: usize::try_from(one.events_total).unwrap(),
        })
        .collect();
    told.sort_by(|a, b| (&a.group, &a.first).cmp(&(&b.group, &b.first)));
    told
}

fn items(arrivals: &[Arrival]) -> BTreeMap<Vec<Option<String>>, BTreeSet<Item>> {
    let mut groups: BTreeMap<Vec<Option<String>>, BTreeSet<Item>> = BTreeMap::new();
    // The same event by the same rule has one value: the first that came, so make them equal beforehand.
    for Arrival { hit, .. } in arrivals {
        let item = Item {
            time: hit.time_us,
            uid: hit.uid.clone(),
            part: String::new(),
            rule: hit.rule,
            values: hit.values.clone(),
        };
        groups.entry(hit.group.clone()).or_default().insert(item);
    }
    groups
}

/// Events do not contradict themselves: one value for each id and time.
fn consistent(mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    let mut values: BTreeMap<(i64, String), Vec<String>> = BTreeMap::new();
    for Arrival { hit, .. } in &mut arrivals {
        hit.values = values.entry((hit.time_us, hit.uid.clone())).or_insert(hit.values.clone()).clone();
    }
    arrivals
}

fn limits() -> CorrelationLimits {
    CorrelationLimits { lateness_us: LATENESS, ..CorrelationLimits::default() }
}

fn check(told: &[Told], expected: &[Told], what: &str) {
    let near = |one: f64, other: f64| (one - other).abs() < 1e-5;
    let same = told.len() == expected.len()
        && told.iter().zip(expected).all(|(one, other)| {
            near(one.value, other.value)
                && near(one.peak, other.peak)
                && Told { value: 0.0, peak: 0.0, ..one.clone() } == Told { value: 0.0, peak: 0.0, ..other.clone() }
        });
    assert!(same, "{what}\ntold {told:#?}\nexpected {expected:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_type_agrees_in_every_order(arrivals in arrivals()) {
        let arrivals = consistent(arrivals);
        for case in CASES {
            let (episodes, correlator) = run(&program(&[case.section]), &arrivals);
            let mut expected = Vec::new();
            for (group, items) in &items(&arrivals) {
                expected.extend(reference(items, group, case.section, case.reached).0);
            }
            check(&closed(&episodes, 0), &expected, case.section);
            let names = expected.iter().map(|one| (one.group.clone(), one.first.clone())).collect();
            prop_assert_eq!(believed(&episodes, 0), names, "{}", case.section);
            prop_assert!(correlator.losses()[0].is_none());
            prop_assert_eq!(correlator.stats(), sigma::CorrelatorStats::default());
        }
    }
}

/// Windows with many events, asked for after every one of them; few come late.
fn busy() -> impl Strategy<Value = Vec<Arrival>> {
    let one = (0..200_i64, 0..3_u8, 0..100_u8, 0..5_u8, proptest::option::weighted(0.01, 0..LATENESS), 0..2_u8);
    proptest::collection::vec(one, 450..600).prop_map(|all| {
        let arrival = |(quarter, rule, uid, value, delay, ask): (i64, u8, u8, u8, Option<i64>, u8)| Arrival {
            hit: Hit {
                correlation: 0,
                rule,
                time_us: quarter * SECOND / 4 + i64::from(uid) * 2_000,
                uid: format!("e{uid}"),
                group: vec![Some("g".to_owned())],
                values: vec![format!("{}.5", i64::from(value) - 1)],
            },
            delay: delay.unwrap_or(0),
            twice: None,
            ask,
        };
        all.into_iter().map(arrival).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn busy_windows_agree(arrivals in busy()) {
        let arrivals = consistent(arrivals);
        for case in CASES {
            let (episodes, _) = run(&program(&[case.section]), &arrivals);
            let mut expected = Vec::new();
            for (group, items) in &items(&arrivals) {
                expected.extend(reference(items, group, case.section, case.reached).0);
            }
            check(&closed(&episodes, 0), &expected, case.section);
        }
    }
}

const INNER: &str =
    "{type: event_count, rules: [a, b, c], group-by: [g, h], timespan: 10s, condition: {gt: 1, lte: 3}}";
const OUTERS: [(&str, Reached); 2] = [
    ("{type: event_count, rules: [t0], group-by: [g], timespan: 10s, condition: {gte: 2}}", |window| {
        is_about(2 <= events(window), number(events(window)))
    }),
    ("{type: temporal_ordered, rules: [t0, c], group-by: [g], timespan: 10s}", |window| {
        is_about(in_order(window, &[0, 1], i64::MIN), 2.0)
    }),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn correlations_over_correlations_agree(arrivals in arrivals()) {
        for (place, (section, reached)) in OUTERS.iter().enumerate() {
            let is_temporal = place == 1;
            let program = program(&[INNER, section]);
            let mut correlator = Correlator::new(&program, limits());
            // The inner group has one field more, taken from the rule.
            let mut all = Vec::new();
            for arrival in &arrivals {
                let mut inner = arrival.clone();
                inner.hit.group.push(Some(format!("h{}", arrival.hit.rule % 2)));
                all.push(inner);
                if is_temporal && arrival.hit.rule == 2 {
                    let mut outer = arrival.clone();
                    (outer.hit.correlation, outer.hit.rule) = (1, 1);
                    all.push(outer);
                }
            }
            let mut schedule: Vec<&Arrival> = all.iter().collect();
            schedule.sort_by_key(|arrival| arrival.hit.time_us + arrival.delay);
            let mut episodes = Vec::new();
            let mut latest = i64::MIN;
            for arrival in schedule {
                correlator.push(&arrival.hit);
                latest = latest.max(arrival.hit.time_us);
                episodes.extend(ask(&mut correlator, arrival.ask, latest));
                if arrival.ask % 16 == 7 {
                    correlator = restarted(&program, &correlator);
                }
            }
            episodes.extend(correlator.finish());
            let mut outer_items: BTreeMap<Vec<Option<String>>, BTreeSet<Item>> = BTreeMap::new();
            let inner: Vec<Arrival> = all.iter().filter(|one| one.hit.correlation == 0).cloned().collect();
            for (group, items) in items(&inner) {
                let (told, moments) = reference(&items, &group, INNER, |window| {
                    is_about((2..=3).contains(&events(window)), number(events(window)))
                });
                let marks = if is_temporal { moments } else { told.iter().map(|one| one.completed.clone()).collect() };
                for mark in marks {
                    outer_items.entry(group[..1].to_vec()).or_default().insert(Item {
                        time: mark.time_us,
                        uid: mark.uid,
                        part: format!("{group:?}"),
                        rule: 0,
                        values: Vec::new(),
                    });
                }
            }
            let raw: Vec<Arrival> = all.iter().filter(|one| one.hit.correlation == 1).cloned().collect();
            for (group, items) in items(&raw) {
                outer_items.entry(group).or_default().extend(items.into_iter().map(|item| Item { values: Vec::new(), ..item }));
            }
            let mut expected = Vec::new();
            for (group, items) in &outer_items {
                expected.extend(reference(items, group, section, *reached).0);
            }
            check(&closed(&episodes, 1), &expected, section);
            let names = expected.iter().map(|one| (one.group.clone(), one.first.clone())).collect();
            prop_assert_eq!(believed(&episodes, 1), names, "{}", section);
        }
    }
}
