//! Log writers who mean harm: floods of names, empty names, times that are not true, damaged snapshots.

mod common;

use baseline::{Baselines, Limits, Places, RestoreError, load};
use common::{DAY, DISTINCT, DORMANT, HOUR, HOURLY, NETWORK, RARE, START, TRAVEL, baselines, call, file, loaded, said};
use ocsf::Event;
use proptest::prelude::*;

const ALL: [&str; 5] = [NETWORK, HOURLY, RARE, DORMANT, DISTINCT];

fn usual(days: i64) -> Vec<Event> {
    (0..days * 24).map(|n| call(START + n * HOUR, 0, "aws:user:1/ann", "198.51.100.1", "GetObject", "b")).collect()
}

/// 300,000 here; `examples/memory.rs` does the same with 10 million.
#[test]
fn a_flood_of_entities_stays_within_the_cap_and_does_not_push_out_regulars() {
    let mut state = baselines(&ALL, 1_000);
    said(&mut state, &usual(20));
    for n in 0..300_000_u64 {
        let actor = format!("aws:user:1/{n}");
        state.observe(&call(START + 20 * DAY + (n / 100) as i64, n, &actor, "203.0.113.9", "GetObject", &actor));
    }
    let stats = state.stats();
    for one in &stats.baselines {
        assert_eq!(one.entities, 1_000, "{}", one.title);
        assert!(one.evicted >= 300_000 - 1_000, "{}: evictions are counted", one.title);
        assert!(one.bytes < 4_000_000, "{}: {} bytes for 1,000 entities", one.title, one.bytes);
    }
    let told = said(&mut state, &[call(START + 21 * DAY, 1, "aws:user:1/ann", "203.0.113.9", "GetObject", "b")]);
    assert_eq!(told.len(), 1, "ann's history survived the flood: {told:?}");
}

#[test]
fn an_entity_with_endless_values_is_bounded_and_no_surprise() {
    let mut state = baselines(&[NETWORK, RARE], 100);
    said(&mut state, &usual(20));
    let flood: Vec<Event> = (0..50_000_u32)
        .map(|n| {
            let ip = std::net::Ipv4Addr::from(0x0b00_0000 + n * 256).to_string();
            call(START + 20 * DAY + i64::from(n), u64::from(n), "aws:user:1/ann", &ip, &format!("Op{n}"), "b")
        })
        .collect();
    let told = said(&mut state, &flood);
    assert!(told.len() <= 3, "new values every second are a habit: {told:?}");
    assert!(state.stats().baselines.iter().all(|one| one.bytes < 200_000));
}

#[test]
fn empty_and_odd_names_are_absences_not_entities() {
    let mut state = baselines(&ALL, 100);
    let mut nameless = call(START, 1, "", "not an address", "", "");
    assert!(state.observe(&nameless).is_empty());
    nameless.actor_key = None;
    nameless.metadata.uid = String::new().into();
    assert!(state.observe(&nameless).is_empty());
    assert!(state.stats().baselines.iter().all(|one| one.entities == 0 && one.nameless == 2));
    let odd = "\u{0}\u{202e}".repeat(100_000);
    assert!(said(&mut state, &[call(START, 2, &odd, "::ffff:0.0.0.0", &odd, &odd)]).is_empty());
}

#[test]
fn times_at_the_ends_of_time_do_not_break_anything() {
    let mut state = baselines(&ALL, 100);
    for (number, at) in [0, -62_135_596_800, 253_402_207_200, i64::from(u32::MAX), 1].into_iter().enumerate() {
        for repeat in 0..3 {
            let uid = (number * 10 + repeat) as u64;
            state.observe(&call(at, uid, "aws:user:1/ann", "198.51.100.1", "GetObject", "b"));
        }
    }
    let bytes = state.snapshot().unwrap();
    assert!(baselines(&ALL, 100).restore(&bytes).is_ok());
}

#[test]
fn one_event_from_the_future_ages_nobody_else_out() {
    let mut spoiled = baselines(&ALL, 100);
    let mut clean = spoiled.clone();
    for state in [&mut spoiled, &mut clean] {
        said(state, &usual(20));
    }
    spoiled.observe(&call(START + 20_000 * DAY, 1, "aws:user:1/mallory", "198.51.100.1", "GetObject", "b"));
    let probe: Vec<Event> = (0..200)
        .map(|n| call(START + 20 * DAY + n, n as u64, "aws:user:1/ann", "203.0.113.9", "ListUsers", &format!("o{n}")))
        .collect();
    let told = said(&mut clean, &probe);
    assert!(2 <= told.len());
    assert_eq!(said(&mut spoiled, &probe), told);
}

#[test]
fn with_the_present_time_the_future_is_refused() {
    let mut state = baselines(&[NETWORK], 100);
    state.set_now(jiff::Timestamp::from_second(START).unwrap());
    state.observe(&call(START + DAY - 1, 1, "aws:user:1/ann", "198.51.100.1", "x", "b"));
    state.observe(&call(START + 3 * DAY, 2, "aws:user:1/ann", "198.51.100.1", "x", "b"));
    let stats = state.stats();
    assert_eq!((stats.observed, stats.from_the_future), (1, 1));
}

#[test]
fn an_entity_recovers_from_its_own_event_from_the_future() {
    let mut state = baselines(&[HOURLY], 100);
    said(&mut state, &usual(20));
    state.observe(&call(START + 9_000 * DAY, 1, "aws:user:1/ann", "198.51.100.1", "x", "b"));
    let later = |day: i64, count: i64| -> Vec<Event> {
        (0..count).map(|n| call(START + day * DAY + n, 9, "aws:user:1/ann", "198.51.100.1", "x", "b")).collect()
    };
    said(&mut state, &later(20, 70));
    assert_eq!(said(&mut state, &later(21, 200)).len(), 1, "amounts count again after 64 late events");
}

#[test]
fn a_changed_file_loses_its_own_state_only() {
    let mut before = baselines(&[NETWORK, HOURLY], 100);
    said(&mut before, &usual(20));
    let bytes = before.snapshot().unwrap();
    let restore = |files: &[(String, String)]| {
        let mut after = Baselines::new(load(files), Limits { entities_max: 100, ..Limits::default() }, None);
        after.restore(&bytes).unwrap()
    };
    let (first, second) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
    let tightened = restore(&[file(1, NETWORK), file(2, &HOURLY.replace("at_least: 20", "at_least: 30"))]);
    assert_eq!(tightened.kept, [first, second], "thresholds are not what is learned");
    let other = restore(&[file(1, NETWORK), file(2, &HOURLY.replace("1h", "2h")), file(3, DORMANT)]);
    assert_eq!((other.kept, other.lost), (vec![first.to_owned()], vec![second.to_owned()]));
    assert_eq!(other.new, [second, "00000000-0000-4000-8000-000000000003"]);
    assert_eq!(restore(&[]).lost, [first, second]);
}

/// `snapshot-v1.bin` was written by the first version from `usual(20)`. Never write it anew: add the next version beside it.
#[test]
fn the_first_format_is_still_read() {
    let mut state = baselines(&ALL, 100);
    let restored = state.restore(include_bytes!("snapshot-v1.bin")).unwrap();
    assert_eq!(restored.kept.len(), ALL.len());
    assert_eq!(state.stats().observed, 480);
    let told = said(&mut state, &[call(START + 20 * DAY, 1, "aws:user:1/ann", "203.0.113.9", "GetObject", "b")]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn other_versions_and_keys_are_refused() {
    let mut state = baselines(&ALL, 100);
    said(&mut state, &usual(3));
    let mut bytes = state.snapshot().unwrap();
    let other_key = Limits { hash_key: *b"another key here", ..Limits::default() };
    assert_eq!(Baselines::new(loaded(&ALL), other_key, None).restore(&bytes), Err(RestoreError::Checksum));
    bytes[0] = 2;
    assert_eq!(baselines(&ALL, 100).restore(&bytes), Err(RestoreError::Version(2)));
    assert_eq!(baselines(&ALL, 100).restore(&[]), Err(RestoreError::TooShort));
    assert_eq!(baselines(&ALL, 100).restore(&[1, 2, 3]), Err(RestoreError::TooShort));
}

#[test]
fn a_table_that_appears_or_vanishes_is_no_matter() {
    let places = "cidr,country,latitude,longitude\n198.51.100.0/24,US,40.7,-74.0\n203.0.113.0/24,SG,1.3,103.8\n";
    let limits = || Limits { entities_max: 100, ..Limits::default() };
    let mut state = Baselines::new(loaded(&[TRAVEL]), limits(), Some(Places::parse(places).unwrap()));
    said(&mut state, &usual(20));
    let far = call(START + 20 * DAY - HOUR / 2, 1, "aws:user:1/ann", "203.0.113.9", "x", "b");
    let bytes = state.snapshot().unwrap();
    assert_eq!(said(&mut state, std::slice::from_ref(&far)).len(), 1);
    let mut without = Baselines::new(loaded(&[TRAVEL]), limits(), None);
    without.restore(&bytes).unwrap();
    assert!(said(&mut without, &[far]).is_empty());
    assert_eq!(without.stats().baselines[0].waiting, Some("needs a table of places"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_is_noticed(place in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<prop::sample::Index>()) {
        let mut state = baselines(&ALL, 100);
        said(&mut state, &usual(1));
        let bytes = state.snapshot().unwrap();
        let mut damaged = bytes.clone();
        damaged[place.index(bytes.len())] ^= flip;
        prop_assert!(baselines(&ALL, 100).restore(&damaged).is_err());
        prop_assert!(baselines(&ALL, 100).restore(&bytes[..cut.index(bytes.len())]).is_err());
    }
}
