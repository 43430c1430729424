//! Runs as a whole: the same bytes twice, days and nights, volume by scale, memory by the day.

mod common;

use std::collections::BTreeMap;
use std::io;

use common::{Memory, run, time};
use jiff::civil::date;
use simulate::{DirSink, Options, Sink, Stories, generate};

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let (_, one) = run(31, 4, 0.2, Stories::All);
    let (_, again) = run(31, 4, 0.2, Stories::All);
    let (_, other) = run(32, 4, 0.2, Stories::All);
    assert!(one.files == again.files, "two runs of one seed differ");
    let differing = one.files.iter().filter(|(path, bytes)| other.files.get(*path) != Some(bytes)).count();
    assert!(differing * 10 > one.files.len() * 9, "only {differing} of {} files differ", one.files.len());
}

#[test]
fn a_directory_receives_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = DirSink::new(dir.path());
    let options = Options { seed: 31, days: 1, start: date(2026, 3, 2), scale: 0.2, stories: Stories::All };
    let truth = generate(&options, &mut sink).unwrap();
    let (_, memory) = run(31, 1, 0.2, Stories::All);
    assert_eq!(sink.files(), u64::try_from(memory.files.len()).unwrap());
    for (path, bytes) in &memory.files {
        assert_eq!(&std::fs::read(dir.path().join(path)).unwrap(), bytes, "{path}");
    }
    let written: simulate::GroundTruth = serde_json::from_slice(&memory.files["ground-truth.json"]).unwrap();
    assert_eq!(written, truth);
}

/// Records of a source by (is a weekday, hour in UTC).
fn by_hour(memory: &Memory, part: &str) -> BTreeMap<(bool, i8), usize> {
    let mut counts = BTreeMap::new();
    for path in memory.telemetry().filter(|p| p.contains(part)) {
        for record in memory.records(path) {
            let at = time(path, &record).to_zoned(jiff::tz::TimeZone::UTC);
            let weekday = at.weekday().to_monday_zero_offset() < 5;
            *counts.entry((weekday, at.hour())).or_default() += 1;
        }
    }
    counts
}

#[test]
fn people_keep_their_hours() {
    let (_, memory) = run(41, 7, 1.0, Stories::None);
    let total = |counts: &BTreeMap<(bool, i8), usize>, weekday: bool, hours: std::ops::Range<i8>| {
        counts.iter().filter(|((w, h), _)| *w == weekday && hours.contains(h)).map(|(_, n)| n).sum::<usize>()
    };
    let sign_ins = by_hour(&memory, "/signinlogs/");
    // Five days against two: an office works little at weekends and not at night.
    assert!(total(&sign_ins, false, 0..24) * 10 < total(&sign_ins, true, 0..24));
    assert!(total(&sign_ins, true, 3..7) * 20 < total(&sign_ins, true, 14..18));
    // Not the accounts: there agents and load tests are at work too.
    let shop = by_hour(&memory, "/application/checkout/");
    assert!(total(&shop, false, 0..24) * 5 > total(&shop, true, 0..24) * 2, "shoppers come at weekends too");
    let machines = by_hour(&memory, "/vpcflow/");
    assert!(total(&machines, true, 3..7) * 2 > total(&machines, true, 14..18), "programs hardly sleep");
}

#[test]
fn scale_multiplies_the_background_only() {
    let (one, _) = run(43, 2, 1.0, Stories::None);
    let (three, _) = run(43, 2, 3.0, Stories::None);
    let labelled = |t: &simulate::GroundTruth| {
        t.look_alikes.iter().flat_map(|l| &l.occurrences).map(|o| o.records.len()).sum::<usize>()
    };
    assert_eq!(labelled(&one), labelled(&three));
    let background = |t: &simulate::GroundTruth| t.records_total() - u64::try_from(labelled(t)).unwrap();
    let ratio = background(&three) * 100 / background(&one);
    assert!((280..=320).contains(&ratio), "three times the scale gives {ratio} % of the background");
}

#[test]
fn a_demo_week_has_the_size_that_was_promised() {
    let (truth, _) = run(1, 7, 1.0, Stories::All);
    assert!((60_000..=120_000).contains(&truth.records_total()), "{}", truth.records_total());
}

/// Keeps nothing but sizes, and checks that telemetry comes day by day.
#[derive(Default)]
struct Meter {
    largest: usize,
    last_day: String,
}

impl Sink for Meter {
    fn put(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        if let Some(day) = path.starts_with("telemetry/").then(|| day_of(path)).flatten() {
            self.largest = self.largest.max(content.len());
            assert!(self.last_day <= day, "`{path}` after {}", self.last_day);
            self.last_day = day;
        }
        Ok(())
    }
}

/// The date in a path, whichever way the vendor writes it.
fn day_of(path: &str) -> Option<String> {
    let digits: String = path.split("2026").nth(1)?.chars().filter(char::is_ascii_digit).take(4).collect();
    Some(digits)
}

#[test]
fn days_leave_memory_one_after_the_other() {
    let largest = |days| {
        let mut meter = Meter::default();
        let options = Options { seed: 3, days, start: date(2026, 3, 2), scale: 0.3, stories: Stories::None };
        generate(&options, &mut meter).unwrap();
        meter.largest
    };
    // What the sink receives at once does not grow with the length of the run.
    assert!(largest(24) < largest(8) * 3 / 2);
}
