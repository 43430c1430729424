//! Laws that hold for any sequence of commands: rebuilt equals live, deciding twice changes nothing, ids are unique.
//!
//! Sequences come from a seeded generator, so a failure names the seed that shows it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;

use common::{finding, hour};
use incident::{Asserter, Command, Entry, Event, Fact, State, Verdict, apply, decide, setters};
use ocsf::{Finding, Severity};
use serde_json::json;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn batch(dice: &mut Dice, step: i64) -> Vec<Finding> {
    let severities = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    (0..=dice.roll(6))
        .map(|_| {
            let uid = format!("f{}", dice.roll(400));
            // The content of a finding follows from its uid, as in life.
            let mut own = Dice(uid.bytes().map(u64::from).sum::<u64>() * 7919 + uid.len() as u64);
            let keys: Vec<String> = (0..own.roll(4)).map(|_| format!("k{}", own.roll(12))).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let severity = severities[usize::try_from(own.roll(5)).unwrap()];
            let hours = step * 5 + i64::try_from(own.roll(60)).unwrap() - 30;
            let mut made = finding(&uid, hour(hours), severity, &keys);
            if own.roll(5) == 0 {
                made.tenant = "campus".to_owned();
            }
            made
        })
        .collect()
}

fn command(dice: &mut Dice, state: &State, step: i64) -> Command {
    let count = state.incidents.len() as u64;
    let incident = if count == 0 {
        "none".to_owned()
    } else {
        state.incidents.keys().nth(usize::try_from(dice.roll(count)).unwrap()).unwrap().clone()
    };
    let person = || "p1".to_owned();
    match dice.roll(12) {
        0..=5 => Command::Findings(batch(dice, step)),
        6 => Command::SetFact {
            incident,
            fact: setters::encrypted(dice.roll(2) == 0, Asserter::Human("x".to_owned())),
            expected: None,
        },
        7 => Command::SetFact {
            incident,
            fact: Fact::from_json("subjects.US-CA", &json!([dice.roll(9), 9]), Asserter::Human("x".to_owned())),
            expected: None,
        },
        8 => Command::Acknowledge { incident, by: person() },
        9 => Command::Close {
            incident,
            verdict: Verdict::Benign,
            reason: "r".to_owned(),
            by: person(),
            duplicate_of: None,
            expected: None,
        },
        10 => Command::Disposition {
            finding: format!("f{}", dice.roll(400)),
            verdict: Verdict::TruePositive,
            rule_id: None,
            reason: "r".to_owned(),
            by: person(),
        },
        _ => Command::Tick,
    }
}

#[test]
fn rebuilt_equals_live_and_deciding_again_yields_nothing() {
    let mut opened = 0;
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut live = State::default();
        let mut log: Vec<Entry> = Vec::new();
        for step in 0..60 {
            let now = hour(step * 5 + 40);
            let wish = command(&mut dice, &live, step);
            let Ok(entries) = decide(&live, wish.clone(), now) else { continue };
            assert_eq!(decide(&live, wish.clone(), now).unwrap(), entries, "seed {seed}: deciding is a function");
            for entry in &entries {
                apply(&mut live, entry).unwrap();
            }
            log.extend(entries);
            if let Ok(again) = decide(&live, wish.clone(), now) {
                assert!(again.is_empty(), "seed {seed} step {step}: {wish:?} decided again: {again:?}");
            }
        }
        let ids: BTreeSet<&str> = log.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), log.len(), "seed {seed}: an entry id repeats");

        // Rebuilt from what the log keeps after every body was erased, through JSON and back.
        let mut rebuilt = State::default();
        for entry in &log {
            let mut kept: Entry = serde_json::from_str(&serde_json::to_string(entry).unwrap()).unwrap();
            kept.body = None;
            let event = Event::from_clear(&kept).unwrap().unwrap();
            assert_eq!(event.to_parts(kept.at, None), kept, "seed {seed}: parts round-trip");
            apply(&mut rebuilt, &kept).unwrap();
        }
        assert_eq!(rebuilt, live, "seed {seed}");
        opened += live.incidents.len();
    }
    assert!(100 < opened, "the generator opens incidents: {opened}");
}

#[test]
fn every_finding_above_the_threshold_has_exactly_one_home_in_whatever_order_a_batch_comes() {
    for seed in 0..200 {
        let mut dice = Dice(seed * 31 + 5);
        let mut list = batch(&mut dice, 0);
        list.extend(batch(&mut dice, 1));
        let decide_all = |list: Vec<Finding>| {
            let mut state = State::default();
            for entry in decide(&state, Command::Findings(list), hour(100)).unwrap() {
                apply(&mut state, &entry).unwrap();
            }
            state
        };
        let forward = decide_all(list.clone());
        list.reverse();
        assert_eq!(decide_all(list.clone()), forward, "seed {seed}: the order of arrival does not matter");
        let severe: BTreeSet<&str> = list
            .iter()
            .filter(|finding| Severity::Medium <= finding.severity)
            .map(|finding| finding.uid.as_str())
            .collect();
        for uid in severe {
            assert!(forward.findings[uid].incident.is_some(), "seed {seed}: {uid} has no home");
        }
        let counted: u64 = forward.incidents.values().map(|incident| incident.finding_count).sum();
        assert_eq!(counted, forward.findings.len() as u64);
    }
}

#[test]
fn entries_of_other_stations_change_nothing_and_broken_ones_are_named() {
    let mut state = State::default();
    let foreign = Entry {
        id: "x".to_owned(),
        kind: "approval.given".to_owned(),
        at: hour(0),
        subject: "n".to_owned(),
        clear: json!({}),
        body: None,
    };
    apply(&mut state, &foreign).unwrap();
    assert_eq!(state, State::default());
    for (kind, clear) in [
        ("incident.opened", json!({"incident": 7})),
        ("incident.joined", json!(null)),
        ("incident.closed", json!({"incident": "never-opened", "verdict": "benign", "by": "p"})),
    ] {
        let broken = Entry { kind: kind.to_owned(), clear, ..foreign.clone() };
        assert!(apply(&mut state, &broken).is_err(), "{kind}");
    }
}
