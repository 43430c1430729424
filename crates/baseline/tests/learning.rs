//! What is learned, how fast, and what an attacker cannot teach.

mod common;

use common::{DAY, DISTINCT, DORMANT, HOUR, HOURLY, NETWORK, NETWORK_OF_ROLE, RARE, START, baselines, call, said};
use ocsf::Event;
use proptest::prelude::*;

/// A call every `step` seconds.
fn steady(from: i64, days: i64, step: i64, actor: &str, ip: &str) -> Vec<Event> {
    let count = days * DAY / step;
    (0..count).map(|n| call(from + n * step, 0, actor, ip, "GetObject", "arn:aws:s3:::b/k")).collect()
}

const ANN: &str = "aws:role-session:111122223333/dev/ann";
const BOB: &str = "aws:role-session:111122223333/dev/bob";

#[test]
fn a_value_told_once_is_not_known_within_a_day_but_after_one() {
    let mut state = baselines(&[NETWORK_OF_ROLE], 100);
    assert!(said(&mut state, &steady(START, 20, 6 * HOUR, ANN, "198.51.100.1")).is_empty());
    assert!(said(&mut state, &steady(START, 20, 6 * HOUR, BOB, "198.51.100.2")).is_empty());
    let day = START + 20 * DAY;
    let burst: Vec<Event> = (0..1_000).map(|n| call(day + n * 80, 1, ANN, "203.0.113.9", "x", "")).collect();
    assert_eq!(said(&mut state, &burst).len(), 1, "told once");
    let colleague = |at| vec![call(at, 2, BOB, "203.0.113.77", "x", "")];
    assert_eq!(said(&mut state.clone(), &colleague(day + 23 * HOUR)).len(), 1, "a thousand sightings taught nothing");
    assert_eq!(said(&mut state, &[call(day + 25 * HOUR, 3, ANN, "203.0.113.9", "x", "")]).len(), 0);
    assert_eq!(said(&mut state, &colleague(day + 26 * HOUR)).len(), 0, "known a day later");
}

#[test]
fn amounts_cannot_be_taught_within_a_day() {
    let mut state = baselines(&[HOURLY], 100);
    assert!(said(&mut state, &steady(START, 21, 6 * 60, ANN, "10.0.0.1")).is_empty());
    // A thousand an hour instead of ten, every hour of a day.
    let flood: Vec<Event> =
        (0..24_000).map(|n| call(START + 21 * DAY + n * 18 / 5, n as u64, ANN, "10.0.0.1", "x", "")).collect();
    assert_eq!(said(&mut state, &flood).len(), 24, "told in every hour, at the last as at the first");
}

#[test]
fn a_lasting_change_becomes_normal() {
    let mut state = baselines(&[HOURLY], 100);
    assert!(said(&mut state, &steady(START, 21, 6 * 60, ANN, "10.0.0.1")).is_empty());
    let weekly = |week: i64| steady(START + (21 + 7 * week) * DAY, 7, 40, ANN, "10.0.0.1");
    let told: Vec<usize> = (0..6).map(|week| said(&mut state, &weekly(week)).len()).collect();
    assert!(24 <= told[0], "ninety an hour instead of ten is told: {told:?}");
    assert_eq!(told[5], 0, "and after weeks it is usual: {told:?}");
}

#[test]
fn values_are_forgotten_after_half_a_year() {
    let mut state = baselines(&[NETWORK], 100);
    assert!(said(&mut state, &steady(START, 20, 6 * HOUR, ANN, "198.51.100.1")).is_empty());
    assert_eq!(said(&mut state, &[call(START + 20 * DAY, 1, ANN, "203.0.113.9", "x", "")]).len(), 1);
    assert_eq!(said(&mut state, &[call(START + 22 * DAY, 1, ANN, "203.0.113.9", "x", "")]).len(), 0);
    assert!(said(&mut state, &steady(START + 23 * DAY, 190, 6 * HOUR, ANN, "198.51.100.1")).is_empty());
    assert_eq!(said(&mut state, &[call(START + 213 * DAY, 1, ANN, "203.0.113.9", "x", "")]).len(), 1);
}

#[test]
fn explanations_name_what_was_before() {
    let mut state = baselines(&[NETWORK, HOURLY, DORMANT], 100);
    assert!(said(&mut state, &steady(START, 28, 10 * 60, ANN, "10.0.0.1")).is_empty());
    let mut burst: Vec<Event> = (0..60).map(|n| call(START + 28 * DAY + n, 1, ANN, "203.0.113.9", "x", "")).collect();
    burst.push(call(START + 70 * DAY, 1, ANN, "203.0.113.9", "x", ""));
    let told = said(&mut state, &burst);
    assert_eq!(
        told,
        [
            format!(
                "0 {ANN}: network 203.0.113.0/24 for the first time; before: private (4,032 events since 2026-01-05)"
            ),
            format!(
                "1 {ANN}: 21 events in this hour so far; expected 6 to 20 (28 days, same hour of the day; highest \
                 before: 6 on 2026-02-01)"
            ),
            format!("2 {ANN}: active after 41 days of silence; last seen 2026-02-02, 4,092 events since 2026-01-05"),
        ]
    );
}

#[test]
fn a_backfill_file_after_file_is_no_anomaly() {
    let mut state = baselines(&[&HOURLY.replace("at_least: 20", "at_least: 5"), NETWORK, DORMANT], 100);
    assert!(said(&mut state, &steady(START, 30, 6 * 60, ANN, "10.0.0.1")).is_empty());
    assert!(said(&mut state, &steady(START + 90, 30, 12 * 60, ANN, "10.0.0.2")).is_empty(), "the second region's file");
    let late: u64 = state.stats().baselines.iter().map(|one| one.late).sum();
    assert_eq!(late, 63, "then the actor's time went back to where the second file begins");
    let mut both = steady(START + 30 * DAY, 2, 6 * 60, ANN, "10.0.0.1");
    both.extend(steady(START + 30 * DAY + 90, 2, 12 * 60, ANN, "10.0.0.2"));
    both.sort_by_key(|event| event.time);
    assert!(said(&mut state, &both).is_empty(), "fifteen an hour after ten and five");
}

#[test]
fn copies_of_an_event_count_once() {
    let mut state = baselines(&[HOURLY], 100);
    let events = steady(START, 1, HOUR, ANN, "10.0.0.1");
    for event in &events {
        state.observe(event);
        state.observe(event);
    }
    let stats = state.stats();
    assert_eq!((stats.observed, stats.duplicates), (24, 24));
    assert!(!state.is_applied("trail", 7));
    assert!(state.note_applied("trail", 7));
    assert!(state.is_applied("trail", 7) && state.is_applied("trail", 6) && !state.is_applied("trail", 8));
}

/// Events of three actors over 40 days, in order of time.
fn history() -> impl Strategy<Value = Vec<Event>> {
    let one = (0..40 * 24_i64, 0..HOUR, 0..3_usize, 0..4_u8, 0..6_u8);
    proptest::collection::vec(one, 50..300).prop_map(|drawn| {
        let mut events: Vec<(i64, Event)> = Vec::new();
        for (number, (hour, second, actor, network, thing)) in drawn.into_iter().enumerate() {
            let at = START + hour * HOUR + second;
            let actor = ["aws:role-session:1/a/x", "aws:role-session:1/a/y", "aws:user:1/z"][actor];
            let (ip, operation) = (format!("198.51.{network}.7"), format!("Do{thing}"));
            let resource = format!("arn:aws:s3:::b/{thing}");
            events.push((at, call(at, number as u64, actor, &ip, &operation, &resource)));
        }
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, event)| event).collect()
    })
}

/// What baselines would say to a flood from everywhere, which shows all that they have learned.
fn learned(mut state: baseline::Baselines) -> Vec<String> {
    let mut probes = Vec::new();
    for actor in ["aws:role-session:1/a/x", "aws:role-session:1/a/y", "aws:user:1/z"] {
        for n in 0..400_i64 {
            let (ip, what) = (format!("203.0.{}.9", n % 9), format!("arn:aws:s3:::b/p{n}"));
            probes.push(call(START + 90 * DAY + n, n as u64, actor, &ip, "Probe", &what));
        }
    }
    let found = probes.iter().flat_map(|event| state.observe(event));
    // The values that explanations show are some of those seen, in the order of arrival; all else must be the same.
    found
        .map(|mut one| {
            one.history.values.sort_unstable();
            one.text.clear();
            format!("{one:?}")
        })
        .collect()
}

/// Counters, without the capacities that memory happens to have.
fn counters(state: &baseline::Baselines) -> baseline::Stats {
    let mut stats = state.stats();
    stats.baselines.iter_mut().for_each(|one| one.bytes = 0);
    stats
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_within_the_lateness_does_not_change_what_is_learned(
        events in history(),
        delays in proptest::collection::vec(0..HOUR, 300),
    ) {
        let middles = [NETWORK, HOURLY, RARE, DORMANT, DISTINCT];
        let mut in_order = baselines(&middles, 100);
        said(&mut in_order, &events);
        let mut late: Vec<(i64, &Event)> = events.iter().zip(&delays).map(|(event, delay)| (event.time.as_second() + delay, event)).collect();
        late.sort_by_key(|(arrival, _)| *arrival);
        let late: Vec<Event> = late.into_iter().map(|(_, event)| event.clone()).collect();
        let mut out_of_order = baselines(&middles, 100);
        said(&mut out_of_order, &late);
        let lost: u64 = out_of_order.stats().baselines.iter().map(|one| one.late).sum();
        prop_assert_eq!(lost, 0);
        prop_assert_eq!(learned(in_order), learned(out_of_order));
    }

    #[test]
    fn a_restart_changes_nothing(events in history(), share in 0..=100_usize) {
        let middles = [NETWORK, HOURLY, RARE, DORMANT, DISTINCT, NETWORK_OF_ROLE];
        let (before, after) = events.split_at(events.len() * share / 100);
        let mut running = baselines(&middles, 2);
        said(&mut running, before);
        running.note_applied("trail", 5);
        let bytes = running.snapshot().unwrap();
        let mut restarted = baselines(&middles, 2);
        let restored = restarted.restore(&bytes).unwrap();
        prop_assert_eq!(restored.kept.len(), middles.len());
        prop_assert_eq!(said(&mut running, after), said(&mut restarted, after));
        prop_assert_eq!(running.snapshot().unwrap(), restarted.snapshot().unwrap());
        prop_assert!(restarted.is_applied("trail", 5));
        prop_assert_eq!(counters(&running), counters(&restarted));
    }
}
