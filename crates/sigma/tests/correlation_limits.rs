//! Correlations under attack: memory stays within the limits, what is lost is counted, and nothing stops the process.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use sigma::{Change, CorrelationLimits, Correlator, Episode, Hit, Matcher, Options, Program};

const SECOND: i64 = 1_000_000;
const COUNT: &str = "{type: event_count, rules: [a], group-by: [g], timespan: 1m, condition: {gte: 3}}";
const SUM: &str = "{type: value_sum, rules: [a], group-by: [g], timespan: 1m, condition: {field: v, gt: 1000}}";
const DISTINCT: &str = "{type: value_count, rules: [a], group-by: [g], timespan: 1m, condition: {field: v, gte: 3}}";

fn program(sections: &[&str]) -> Program {
    let mut text = "title: a\nname: a\ndetection: {s: {a: 1}, condition: s}\n".to_owned();
    for (number, section) in sections.iter().enumerate() {
        text.push_str(&format!("---\ntitle: t{number}\nname: t{number}\nid: t{number}\ncorrelation: {section}\n"));
    }
    let loaded = sigma::load([("limits.yml", text)]);
    let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    assert!(errors.is_empty() && loaded.errors.is_empty(), "{errors:?} {:?}", loaded.errors);
    program
}

fn hit(time_us: i64, uid: &str, group: &str) -> Hit {
    let group = vec![Some(group.to_owned())];
    Hit { correlation: 0, rule: 0, time_us, uid: uid.to_owned(), group, values: Vec::new() }
}

fn small() -> CorrelationLimits {
    CorrelationLimits {
        lateness_us: 10 * SECOND,
        groups_max: 1_000,
        hits_max: 5_000,
        hits_per_group_max: 1_000,
        events_listed_max: 5,
    }
}

fn opened(episodes: &[Episode]) -> usize {
    episodes.iter().filter(|episode| episode.change == Change::Opened).count()
}

#[test]
fn millions_of_groups_stay_within_the_limit() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    const GROUPS: usize = 300_000;
    for number in 0..GROUPS {
        correlator.push(&hit(i64::try_from(number).unwrap(), "e", &number.to_string()));
        assert!(correlator.stats().groups <= small().groups_max);
    }
    let losses = correlator.losses()[0];
    let kept = correlator.stats().groups;
    assert_eq!(usize::try_from(losses.groups_evicted).unwrap() + kept, GROUPS);
    assert_eq!(losses.groups_evicted, losses.hits_evicted);
    assert_eq!(correlator.finish(), []);
    assert_eq!(correlator.stats(), sigma::CorrelatorStats::default());
}

#[test]
fn the_quietest_groups_go_first() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    correlator.push(&hit(0, "1", "victim"));
    for number in 0..3_000 {
        correlator.push(&hit(SECOND + number, "e", &number.to_string()));
        if number % 100 == 0 {
            correlator.push(&hit(SECOND + number, "again", "victim"));
        }
    }
    let episodes = correlator.evaluate();
    assert_eq!(opened(&episodes), 1, "a group with news is kept");
    assert!(!correlator.losses()[0].is_none());
}

#[test]
fn a_hot_group_is_trimmed_and_stays_one_episode() {
    let limits = small();
    let mut correlator = Correlator::new(&program(&[COUNT]), limits);
    let mut episodes = Vec::new();
    const HITS: i64 = 100_000;
    for number in 0..HITS {
        correlator.push(&hit(number * 1_000, &number.to_string(), "hot"));
        assert!(correlator.stats().hits <= limits.hits_per_group_max);
        if number % 500 == 0 {
            episodes.extend(correlator.evaluate());
        }
    }
    episodes.extend(correlator.finish());
    let changes: Vec<Change> = episodes.iter().map(|episode| episode.change).collect();
    assert_eq!(changes, [Change::Opened, Change::Closed]);
    assert_eq!(episodes[1].first.uid, "0");
    assert_eq!(episodes[1].last.uid, (HITS - 1).to_string());
    assert_eq!(episodes[1].events_total, u64::try_from(HITS).unwrap());
    assert!(0 < correlator.losses()[0].hits_evicted);
    assert_eq!(correlator.losses()[0].episodes_evicted, 0);
}

#[test]
fn an_instant_with_more_hits_than_fit_is_trimmed_too() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    for number in 0..20_000 {
        correlator.push(&hit(0, &number.to_string(), "g"));
    }
    let episodes = correlator.finish();
    assert_eq!(opened(&episodes), 1);
    assert!(correlator.stats().hits <= small().hits_per_group_max);
}

#[test]
fn listed_events_are_bounded_and_the_number_is_told() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    (0..50).for_each(|number| correlator.push(&hit(number, &number.to_string(), "g")));
    let episodes = correlator.evaluate();
    // The window that fits first has three events.
    assert_eq!((episodes[0].events.len(), episodes[0].events_total), (3, 50));
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    (0..50).for_each(|number| correlator.push(&hit(0, &number.to_string(), "g")));
    let episodes = correlator.evaluate();
    assert_eq!((episodes[0].events.len(), episodes[0].events_total), (5, 50));
}

#[test]
fn the_same_event_is_one_event() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    for _ in 0..1_000 {
        correlator.push(&hit(0, "e", "g"));
        assert_eq!(correlator.evaluate(), []);
    }
    assert_eq!(correlator.stats().hits, 1);
    // The id names an event at its time: another time is another event.
    (1..3).for_each(|second| correlator.push(&hit(second, "e", "g")));
    assert_eq!(opened(&correlator.evaluate()), 1);
}

#[test]
fn what_is_too_late_is_counted() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    assert_eq!(correlator.watermark(100 * SECOND), []);
    correlator.push(&hit(90 * SECOND, "in time", "g"));
    correlator.push(&hit(90 * SECOND - 1, "late", "g"));
    // A watermark does not go back.
    assert_eq!(correlator.watermark(0), []);
    correlator.push(&hit(0, "late", "g"));
    assert_eq!(correlator.losses()[0].too_late, 2);
    assert_eq!(correlator.stats().hits, 1);
}

#[test]
fn every_time_is_survived() {
    let times = [i64::MIN, i64::MIN / 4, -SECOND, -1, 0, 1, SECOND, i64::MAX / 4, i64::MAX];
    for limits in [
        small(),
        CorrelationLimits { lateness_us: i64::MAX, ..small() },
        CorrelationLimits { lateness_us: 0, ..small() },
    ] {
        let mut correlator = Correlator::new(&program(&[COUNT]), limits);
        for time in times {
            for uid in ["1", "2", "3"] {
                correlator.push(&hit(time, uid, "g"));
            }
            assert!(opened(&correlator.evaluate()) <= 1);
        }
        for time in times {
            let _told = correlator.watermark(time);
        }
        let _told = correlator.finish();
        assert_eq!(correlator.stats(), sigma::CorrelatorStats::default());
    }
}

#[test]
fn before_1970_is_a_time() {
    let mut correlator = Correlator::new(&program(&[COUNT]), small());
    (-3..0).for_each(|second| correlator.push(&hit(second * SECOND, "e", "g")));
    let episodes = correlator.finish();
    assert_eq!(episodes.iter().map(|one| one.first.time_us).collect::<Vec<_>>(), [-3 * SECOND; 2]);
}

#[test]
fn huge_values_are_bounded_and_do_not_wrap() {
    let mut correlator = Correlator::new(&program(&[SUM]), small());
    let huge = ["1e308", "-1e308", &"9".repeat(400), "-1e308", "1e308", "18446744073709551615", "NaN", "", "x"];
    for (number, value) in huge.iter().enumerate() {
        correlator.push(&Hit { values: vec![(*value).to_owned()], ..hit(0, &number.to_string(), "g") });
    }
    let episodes = correlator.evaluate();
    // 1e308 twice and minus that twice cancel out; 400 nines count as the largest number.
    assert_eq!(opened(&episodes), 1);
    assert!(9e23 < episodes[0].value && episodes[0].value < 2e24);
}

#[test]
fn values_count_against_the_limits() {
    let mut correlator = Correlator::new(&program(&[DISTINCT]), small());
    for number in 0..1_000 {
        let values = (0..200).map(|value| format!("{number}-{value}")).collect();
        correlator.push(&Hit { values, ..hit(number, &number.to_string(), "g") });
        assert!(correlator.stats().hits <= small().hits_per_group_max);
    }
    assert!(0 < correlator.losses()[0].hits_evicted);
}

#[test]
fn hits_that_mean_nothing_are_passed_over() {
    let mut correlator = Correlator::new(&program(&[SUM]), small());
    correlator.push(&Hit { correlation: 7, ..hit(0, "e", "g") });
    correlator.push(&Hit { rule: 255, values: vec!["1".to_owned()], ..hit(0, "e", "g") });
    correlator.push(&Hit { group: vec![], values: vec!["1".to_owned()], ..hit(0, "e", "g") });
    correlator.push(&hit(0, "no value", "g"));
    assert_eq!(correlator.finish(), []);
}

#[test]
fn an_event_in_many_groups_is_cut_and_counted() {
    let text = "title: a\nname: a\ndetection: {s: {a: 1}, condition: s}\n---\ntitle: t\ncorrelation: {type: value_count, rules: [a], group-by: [g, h], timespan: 1m, condition: {field: v, gte: 3}}\n";
    let loaded = sigma::load([("t.yml", text)]);
    let (program, _) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    let list = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let mut take = |record: String| {
        let mut hits = Vec::new();
        matcher.evaluate(source, record.as_bytes()).unwrap();
        let losses = matcher.hits(record.as_bytes(), 0, "e", &mut hits).unwrap();
        (hits, losses)
    };
    let (hits, losses) =
        take(format!("{{\"a\":1,\"g\":[{}],\"h\":[{}],\"v\":[{}]}}", list(1_000), list(1_000), list(1_000)));
    assert_eq!(
        (hits.len(), hits[0].values.len()),
        (sigma::correlation::HIT_GROUPS_MAX, sigma::correlation::HIT_VALUES_MAX)
    );
    assert_eq!((losses.groups_cut, losses.values_cut), (1, 1));
    let (hits, losses) = take("{\"a\":1,\"v\":1}".to_owned());
    assert_eq!((hits.len(), losses.without_group), (0, 1));
    let (hits, losses) = take("{\"a\":1,\"g\":1}".to_owned());
    assert_eq!((hits.len(), losses.without_value), (0, 1));
    let (hits, losses) = take("{\"a\":2,\"g\":1}".to_owned());
    assert_eq!((hits.len(), losses), (0, sigma::HitLosses::default()));
    let (hits, _) = take(format!("{{\"a\":1,\"g\":\"{}\",\"h\":{{\"x\":[1, 2]}},\"v\":\"\"}}", "é".repeat(100_000)));
    assert!(hits[0].group[0].as_ref().unwrap().len() <= sigma::correlation::HIT_VALUE_BYTES_MAX);
    assert_eq!(hits[0].group[1].as_deref(), Some("{\"x\":[1,2]}"));
    let text = serde_json::to_string(&hits).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Hit>>(&text).unwrap(), hits);
}

#[test]
fn a_snapshot_of_changed_correlations_says_what_is_lost() {
    let before = program(&[COUNT, SUM]);
    let mut correlator = Correlator::new(&before, small());
    correlator.push(&hit(0, "e", "g"));
    correlator.push(&Hit { correlation: 1, values: vec!["1".to_owned()], ..hit(0, "e", "g") });
    let snapshot = correlator.snapshot();
    let (same, lost) = Correlator::restore(&before, small(), snapshot.clone());
    assert_eq!((same.stats().hits, lost), (2 + 1, vec![]));
    // The version is that of the file's text, so any change of it starts its windows anew.
    let (other, lost) = Correlator::restore(&program(&[SUM]), small(), snapshot);
    assert_eq!((other.stats().hits, lost), (0, vec!["t0".to_owned(), "t1".to_owned()]));
}
