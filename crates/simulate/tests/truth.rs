//! The answers are right: subjects recounted from the data files, stories and look-alikes all there, logs really off.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Memory, Read, run, time};
use serde_json::Value;
use simulate::{ExposedObject, Options, Stories, StoryId, generate};

/// Residence by person id, read from every data file that says where people live.
fn register(memory: &Memory) -> BTreeMap<String, String> {
    let mut register = BTreeMap::new();
    for path in memory.files.keys().filter(|p| p.starts_with("objects/")) {
        for row in rows(memory, path) {
            let Some(id) = person(&row) else { continue };
            let country = row.get("country").or(row.get("home_country"));
            let state = row.get("state").or(row.get("home_state"));
            let Some(country) = country.or_else(|| row.get("ship_to.country")) else { continue };
            let state = state.or_else(|| row.get("ship_to.state")).filter(|s| !s.is_empty());
            let residence = state.map_or_else(|| country.clone(), |s| format!("{country}-{s}"));
            let before = register.insert(id.clone(), residence.clone());
            assert!(before.is_none_or(|b| b == residence), "{id} lives in two places");
        }
    }
    register
}

/// Rows of a CSV or JSONL file as flat maps.
fn rows(memory: &Memory, path: &str) -> Vec<BTreeMap<String, String>> {
    let text = memory.text(path);
    if path.ends_with(".jsonl") {
        return text.lines().map(|l| flat(&serde_json::from_str(l).unwrap())).collect();
    }
    if !path.ends_with(".csv") {
        return Vec::new();
    }
    let mut lines = text.lines();
    let header = fields(lines.next().unwrap());
    lines.map(|line| header.iter().cloned().zip(fields(line)).collect()).collect()
}

/// Fields of one CSV line; quotes as RFC 4180 has them.
fn fields(line: &str) -> Vec<String> {
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    all.push(field);
    all
}

fn flat(value: &Value) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (key, value) in value.as_object().unwrap() {
        match value {
            Value::String(s) => drop(map.insert(key.clone(), s.clone())),
            Value::Object(inner) => {
                for (k, v) in inner {
                    map.insert(format!("{key}.{k}"), v.as_str().unwrap_or_default().to_owned());
                }
            }
            _ => {}
        }
    }
    map
}

fn person(row: &BTreeMap<String, String>) -> Option<String> {
    row.get("customer_id").or(row.get("student_id")).cloned()
}

fn people(memory: &Memory, object: &ExposedObject) -> BTreeSet<String> {
    assert_eq!(u64::try_from(memory.files[&object.path].len()).unwrap(), object.bytes, "{}", object.path);
    let all: BTreeSet<String> = rows(memory, &object.path).iter().filter_map(person).collect();
    match &object.rows {
        None => all,
        Some(ids) => {
            let ids: BTreeSet<String> = ids.iter().cloned().collect();
            assert!(ids.is_subset(&all), "{} lacks rows", object.path);
            ids
        }
    }
}

#[test]
fn subjects_and_residency_are_those_of_the_files() {
    for seed in [1, 2, 77] {
        let (truth, memory) = run(seed, 7, 0.05, Stories::All);
        let register = register(&memory);
        for story in &truth.stories {
            let subjects: BTreeSet<String> = story.exposure.objects.iter().flat_map(|o| people(&memory, o)).collect();
            let mut residency: BTreeMap<String, u64> = BTreeMap::new();
            for id in &subjects {
                *residency.entry(register[id].clone()).or_default() += 1;
            }
            assert!(!subjects.is_empty(), "{} exposes nobody", story.id);
            assert_eq!(u64::try_from(subjects.len()).unwrap(), story.exposure.subjects, "{} of seed {seed}", story.id);
            assert_eq!(residency, story.exposure.residency, "{} of seed {seed}", story.id);
            assert!(!story.obligations.is_empty(), "{} has no duty", story.id);
        }
    }
}

#[test]
fn all_stories_and_look_alikes_happen_in_a_week() {
    for seed in [4, 5, 6] {
        let (truth, _) = run(seed, 7, 0.05, Stories::All);
        let ids: BTreeSet<&str> = truth.stories.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, StoryId::ALL.iter().map(|s| s.as_str()).collect());
        for s in &truth.stories {
            assert!(s.start <= s.deed && s.deed <= s.end, "{}: {} {} {}", s.id, s.start, s.deed, s.end);
            assert!(s.records.iter().any(|r| s.deed <= r.time), "{} has no record of its deed", s.id);
            assert!(!s.actors.is_empty() && !s.resources.is_empty() && !s.attack.is_empty());
        }
        assert!(truth.look_alikes.len() >= 20);
        for l in &truth.look_alikes {
            assert!(!l.occurrences.is_empty(), "{} did not happen under seed {seed}", l.id);
            assert!(l.occurrences.iter().all(|o| !o.records.is_empty() && !o.actors.is_empty()), "{}", l.id);
        }
    }
}

#[test]
fn stories_vary_with_the_seed_and_stand_alone() {
    let whole = |seed| run(seed, 7, 0.05, Stories::All).0.stories;
    let (one, two) = (whole(21), whole(22));
    for story in &one {
        let other = two.iter().find(|s| s.id == story.id).unwrap();
        assert_ne!((&story.deed, &story.exposure), (&other.deed, &other.exposure), "{}", story.id);
    }
    let only = run(21, 7, 0.05, Stories::Only(vec![StoryId::EgressOpened])).0.stories;
    let same = one.iter().find(|s| s.id == "egress-opened").unwrap();
    assert_eq!(only.len(), 1);
    assert_eq!((&only[0].deed, &only[0].exposure, &only[0].actors), (&same.deed, &same.exposure, &same.actors));
    assert!(run(21, 1, 0.05, Stories::None).0.stories.is_empty());
}

#[test]
fn each_story_has_more_than_one_form() {
    let mut variants: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for seed in 100..112 {
        for story in run(seed, 1, 0.01, Stories::All).0.stories {
            variants.entry(story.id).or_default().insert(story.variant);
        }
    }
    for (story, forms) in variants {
        assert!(forms.len() > 1, "{story} is always {forms:?}");
    }
}

#[test]
fn a_switched_off_log_is_silent() {
    let mut variants = BTreeSet::new();
    for seed in 0..12 {
        if variants.len() == 3 {
            break;
        }
        let (truth, memory) = run(seed, 2, 0.6, Stories::Only(vec![StoryId::LoggingOff]));
        let story = &truth.stories[0];
        let off: jiff::Timestamp = story.records[2].time.parse().unwrap();
        let until = off.saturating_add(jiff::SignedDuration::from_hours(2)).unwrap();
        let flows = story.variant == "flow logs deleted";
        let seen = |from: jiff::Timestamp, to: jiff::Timestamp| count(&memory, flows, from, to);
        assert_eq!(seen(off, until), 0, "seed {seed}: {}", story.variant);
        let midnight: jiff::Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let later = until.saturating_add(jiff::SignedDuration::from_hours(48)).unwrap();
        assert!(seen(midnight, off) + seen(until, later) > 0, "it is on before or after");
        variants.insert(story.variant.clone());
    }
    assert_eq!(variants.len(), 3, "every way of switching off occurs: {variants:?}");
}

/// Flow records of the data VPC, or S3 data events of the data account, in a span.
fn count(memory: &Memory, flows: bool, from: jiff::Timestamp, to: jiff::Timestamp) -> usize {
    let part = if flows { "/vpcflow/AWSLogs/444455556666/" } else { "/cloudtrail/AWSLogs/444455556666/" };
    let mut found = 0;
    for path in memory.telemetry().filter(|p| p.contains(part)) {
        let in_span = |r: &Read| (from..to).contains(&time(path, r)) && (flows || r.json()["eventCategory"] == "Data");
        found += memory.records(path).iter().filter(|r| in_span(r)).count();
    }
    found
}

#[test]
fn only_the_checkout_story_logs_card_numbers() {
    let (truth, memory) = run(13, 7, 0.5, Stories::All);
    let story = truth.stories.iter().find(|s| s.id == "checkout-card-log").unwrap();
    let labelled: BTreeSet<&str> = story.records.iter().filter_map(|r| r.id.as_deref()).collect();
    let (mut cards, mut orders) = (0, 0);
    for path in memory.telemetry().filter(|p| p.contains("/application/")) {
        for record in memory.records(path) {
            let record = record.json();
            let message = record["message"].as_str().unwrap_or_default().replace(' ', "");
            let numbers = message.split(|c: char| !c.is_ascii_digit()).filter(|n| (15..=16).contains(&n.len()));
            for number in numbers {
                let valid = luhn(number);
                let expected = labelled.contains(record["event_id"].as_str().unwrap());
                assert_eq!(valid, expected, "{message}");
                if valid { cards += 1 } else { orders += 1 }
            }
        }
    }
    assert!(cards >= story.records.len() && orders > 100, "{cards} cards, {orders} order numbers");
}

fn luhn(number: &str) -> bool {
    let digit = |(i, b): (usize, u8)| {
        let d = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
        if d > 9 { d - 9 } else { d }
    };
    number.bytes().rev().enumerate().map(digit).sum::<u32>().is_multiple_of(10)
}

#[test]
fn options_out_of_range_are_refused() {
    let start = jiff::civil::date(2026, 3, 2);
    for (days, scale) in [(0, 1.0), (100_000, 1.0), (1, 0.0), (1, -1.0), (1, f64::NAN), (1, f64::INFINITY), (1, 1e9)] {
        let options = Options { seed: 1, days, start, scale, stories: Stories::None };
        assert!(generate(&options, &mut Memory::default()).is_err(), "{days} days at {scale}");
    }
}
