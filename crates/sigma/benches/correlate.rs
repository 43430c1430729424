//! Cost of the second stage: hits per second through a correlator and bytes per group, one thread. Each row gives one
//! correlation `--hits` (default 1,000,000) made-up hits in batches, with a watermark after each batch. It prints one
//! table and judges nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::time::Instant;

use sigma::{Change, CorrelationLimits, Correlator, Hit, Options, Program};

const SECOND: i64 = 1_000_000;

struct Row {
    name: &'static str,
    section: &'static str,
    groups: u64,
    batch: usize,
    /// How far apart hits are.
    step_us: i64,
    /// Hits come up to so much later than they should.
    disorder_us: u64,
}

const COUNT: &str = "{type: event_count, rules: [a], group-by: [g], timespan: 5m, condition: {gte: 100}}";
const ROWS: &[Row] = &[
    Row {
        name: "event_count, 100,000 groups",
        section: COUNT,
        groups: 100_000,
        batch: 10_000,
        step_us: 500,
        disorder_us: 0,
    },
    Row {
        name: "event_count, 100,000 groups, a minute of disorder",
        section: COUNT,
        groups: 100_000,
        batch: 10_000,
        step_us: 500,
        disorder_us: 60_000_000,
    },
    Row {
        name: "event_count, 1,000,000 groups",
        section: COUNT,
        groups: 1_000_000,
        batch: 10_000,
        step_us: 500,
        disorder_us: 0,
    },
    Row {
        name: "event_count, 10 hot groups",
        section: COUNT,
        groups: 10,
        batch: 10_000,
        step_us: 5_000,
        disorder_us: 0,
    },
    Row {
        name: "event_count, 10 hot groups, one hit at a time",
        section: COUNT,
        groups: 10,
        batch: 1,
        step_us: 5_000,
        disorder_us: 0,
    },
    Row {
        name: "event_count, 1,000 groups, one hit at a time",
        section: COUNT,
        groups: 1_000,
        batch: 1,
        step_us: 5_000,
        disorder_us: 0,
    },
    Row {
        name: "value_count, 1,000 groups",
        section: "{type: value_count, rules: [a], group-by: [g], timespan: 5m, condition: {field: v, gte: 100}}",
        groups: 1_000,
        batch: 10_000,
        step_us: 5_000,
        disorder_us: 0,
    },
    Row {
        name: "value_count, 10 hot groups, one hit at a time",
        section: "{type: value_count, rules: [a], group-by: [g], timespan: 5m, condition: {field: v, gte: 100}}",
        groups: 10,
        batch: 1,
        step_us: 5_000,
        disorder_us: 0,
    },
    Row {
        name: "value_percentile, 1,000 groups",
        section: "{type: value_percentile, rules: [a], group-by: [g], timespan: 5m, condition: {field: v, percentile: 99, gte: 100}}",
        groups: 1_000,
        batch: 10_000,
        step_us: 5_000,
        disorder_us: 0,
    },
    Row {
        name: "temporal_ordered, 1,000 groups",
        section: "{type: temporal_ordered, rules: [a, b, c], group-by: [g], timespan: 5m}",
        groups: 1_000,
        batch: 10_000,
        step_us: 5_000,
        disorder_us: 0,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let hits: usize = value("--hits").map_or(1_000_000, |text| text.parse().unwrap());
    println!("| correlation, one thread | hits / s | episodes | groups kept | hits kept | bytes / group | lost |");
    println!("|---|---|---|---|---|---|---|");
    for row in ROWS {
        run(row, hits);
    }
}

fn run(row: &Row, count: usize) {
    let program = program(row.section);
    let mut correlator = Correlator::new(&program, CorrelationLimits::default());
    let before = resident_bytes();
    let mut random = Random(0x5EED);
    let (mut now, mut opened) = (0, 0);
    let mut seconds = 0.0;
    let mut pushed = 0;
    while pushed < count {
        let mut batch: Vec<Hit> =
            (0..row.batch).map(|number| hit(row, pushed + number, &mut random, &mut now)).collect();
        pushed += batch.len();
        let start = Instant::now();
        for hit in &batch {
            correlator.push(hit);
        }
        let episodes = correlator.watermark(now);
        seconds += start.elapsed().as_secs_f64();
        opened += episodes.iter().filter(|episode| episode.change == Change::Opened).count();
        batch.clear();
    }
    let stats = correlator.stats();
    let bytes = resident_bytes().saturating_sub(before) / stats.groups.max(1);
    let rate = float(count) / seconds;
    let lost = correlator.losses()[0];
    println!(
        "| {} | {rate:.0} | {opened} | {} | {} | {bytes} | {} |",
        row.name,
        stats.groups,
        stats.hits,
        lost.too_late + lost.hits_evicted
    );
}

fn hit(row: &Row, number: usize, random: &mut Random, now: &mut i64) -> Hit {
    *now += row.step_us;
    let delay = i64::try_from(random.below(row.disorder_us.max(1))).unwrap();
    Hit {
        correlation: 0,
        rule: u8::try_from(random.below(3)).unwrap() * u8::from(row.section.contains("ordered")),
        time_us: (*now - delay).max(-SECOND),
        uid: format!("{number:032x}"),
        group: vec![Some(format!("arn:aws:iam::111122223333:user/{}", random.below(row.groups)))],
        values: vec![random.below(200).to_string()],
    }
}

fn program(section: &str) -> Program {
    let rules = ["a", "b", "c"]
        .map(|name| format!("title: {name}\nname: {name}\ndetection: {{s: {{a: {name}}}, condition: s}}\n"));
    let correlation = format!("title: t\ncorrelation: {section}\n");
    let loaded = sigma::load(rules.iter().chain([&correlation]).map(|text| ("bench.yml", text)));
    let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    assert!(errors.is_empty() && loaded.errors.is_empty());
    program
}

/// A 64-bit linear congruential generator (Knuth's MMIX constants): the same hits on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Memory of this process where the system tells it (Linux), else zero.
fn resident_bytes() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = statm.and_then(|text| text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()));
    pages.unwrap_or(0) * PAGE
}

#[expect(clippy::cast_precision_loss, reason = "for a table")]
fn float(count: usize) -> f64 {
    count as f64
}
