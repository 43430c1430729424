//! Speed of detection on CloudTrail, one thread, as ratios to what reading alone costs and to other engines, in one run on
//! the same data. It prints a table for each data set and judges nothing.
//!
//! `--mb N` (default 256) of replicated recordings; `--rounds N` of which the fastest counts; `--program FILE --dir DIR`
//! measures the whole command too; `--simulated DIR` adds a data set; `--only TEXT` measures steps with this in their name.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod corpus;
mod engines;
mod program;
mod rules;
#[path = "../../../../xtask/src/bench/usage.rs"]
mod usage;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use libdeflater::Decompressor;

use corpus::Corpus;
use program::Whole;

/// How many rules: the public ones first.
const RULES: [usize; 4] = [57, 200, 400, 800];
/// Slow engines see the first files only.
const SAMPLE_BYTES: usize = 100_000_000;

/// Takes one inflated file and gives a number that shows what it found.
type Step<'s> = Box<dyn FnMut(&[u8]) -> usize + 's>;

struct Row {
    name: String,
    cpu_seconds: f64,
    bytes: usize,
    result: usize,
    remark: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1).cloned();
    let number = |name: &str, or: usize| value(name).map_or(or, |text| text.parse().unwrap());
    let Some(corpora) = corpora() else {
        println!("skipped: corpora not present");
        return;
    };
    let whole = value("--program").zip(value("--dir")).map(|(program, dir)| Whole::new(&program, &dir));
    let texts = rules::texts(&corpora, RULES[RULES.len() - 1]);
    if let Some(whole) = &whole {
        RULES.iter().for_each(|count| whole.write_rules(&texts, *count));
    }
    let bench = Bench { corpora: &corpora, texts, rounds: number("--rounds", 3), only: value("--only"), whole };
    bench.table(&Corpus::replicated(&corpora, number("--mb", 256) * 1_000_000));
    if let Some(folder) = value("--simulated") {
        bench.table(&Corpus::of_files("simulated company", Path::new(&folder)));
    }
}

struct Bench<'b> {
    corpora: &'b Path,
    texts: Vec<String>,
    rounds: usize,
    only: Option<String>,
    whole: Option<Whole>,
}

impl Bench<'_> {
    fn table(&self, corpus: &Corpus) {
        eprintln!(
            "{}: {} files, {:.1} MB, {:.1} MB packed",
            corpus.name,
            corpus.files.len(),
            mega(corpus.bytes),
            mega(corpus.packed_bytes())
        );
        let mut rows = Vec::new();
        let programs = RULES.map(|count| rules::compile(&self.texts, count));
        let unrouted = rules::compile_unrouted(self.corpora);
        let mut steps: Vec<(String, Step<'_>)> = vec![
            ("inflate".to_owned(), Box::new(|text: &[u8]| text.len())),
            (READING.to_owned(), Box::new(engines::sonic)),
        ];
        for (count, program) in RULES.iter().zip(&programs) {
            steps.push((engine(*count), Box::new(engines::ours(program))));
        }
        for (name, mut step) in steps {
            self.measure(corpus, &name, &mut step, &mut rows);
        }
        self.whole(corpus, &mut rows);
        let sample = corpus.sample(SAMPLE_BYTES);
        let slow: [(&str, Step<'_>); 4] = [
            ("engine, all public rules for all logs", Box::new(engines::ours(&unrouted))),
            ("inflate + serde_json Value", Box::new(engines::serde)),
            (OTHER, Box::new(engines::rsigma(&self.texts, RULES[0]))),
            ("sigma-rust 0.7, 57 rules", Box::new(engines::sigma_rust(&self.texts, RULES[0]))),
        ];
        for (name, mut step) in slow {
            self.measure(&sample, name, &mut step, &mut rows);
        }
        print_table(corpus, &rows);
    }

    fn measure(&self, corpus: &Corpus, name: &str, step: &mut Step<'_>, rows: &mut Vec<Row>) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only)) {
            return;
        }
        let runs = (0..self.rounds).map(|_| pass(corpus, step));
        let (cpu_seconds, result) = runs.min_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
        rows.push(Row { name: name.to_owned(), cpu_seconds, bytes: corpus.bytes, result, remark: String::new() });
    }

    fn whole(&self, corpus: &Corpus, rows: &mut Vec<Row>) {
        let Some(whole) = &self.whole else { return };
        whole.write_corpus(corpus);
        for (rules, threads) in RULES.iter().map(|count| (*count, 1)).chain([(RULES[0], 2)]) {
            let name = format!("`watertight detect`, {rules} rules, {threads} threads");
            if self.only.as_ref().is_some_and(|only| !name.contains(only)) {
                continue;
            }
            let runs: Vec<program::Run> = (0..self.rounds).map(|_| whole.run(rules, threads)).collect();
            let run = runs.iter().min_by(|one, other| one.cpu_seconds.total_cmp(&other.cpu_seconds)).unwrap();
            let wall = runs.iter().map(|run| run.wall_seconds).fold(f64::MAX, f64::min);
            let remark = format!("peak {:.0} MB, shortest {wall:.2} s on the clock", run.peak_mb);
            let (cpu_seconds, result) = (run.cpu_seconds, run.findings);
            rows.push(Row { name, cpu_seconds, bytes: corpus.bytes, result, remark });
        }
    }
}

const READING: &str = "inflate + sonic-rs Value";
const OTHER: &str = "rsigma-eval 0.23, 57 rules";

fn engine(rules: usize) -> String {
    format!("engine, {rules} rules")
}

fn print_table(corpus: &Corpus, rows: &[Row]) {
    let rate = |row: &Row| mega(row.bytes) / row.cpu_seconds;
    let of = |wanted: &str| rows.iter().find(|row| row.name == wanted).map(rate);
    let (reading, other) = (of(READING), of(OTHER));
    println!("\n{}, {:.0} MB; every row includes inflate\n", corpus.name, mega(corpus.bytes));
    println!(
        "| step, one thread unless said | CPU-s | MB / CPU-s | to inflate + sonic-rs | to rsigma-eval | cost to 57 rules | result | |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        let ratio = |base: Option<f64>| base.map_or("-".to_owned(), |base| format!("{:.2}", rate(row) / base));
        // The row with 57 rules of the same kind.
        let kind = row.name.split(',').next().unwrap_or_default();
        let few = rows.iter().find(|few| few.name.starts_with(kind) && few.name.contains("57 rules")).map(rate);
        let cost = few.map_or("-".to_owned(), |few| format!("{:.2}", few / rate(row)));
        let Row { name, cpu_seconds, result, remark, .. } = row;
        println!(
            "| {name} | {cpu_seconds:.3} | {:.0} | {} | {} | {cost} | {result} | {remark} |",
            rate(row),
            ratio(reading),
            ratio(other),
        );
    }
}

/// CPU seconds of this thread for one pass over all files, inflating each, and the sum of what `step` gives.
fn pass(corpus: &Corpus, step: &mut Step<'_>) -> (f64, usize) {
    let mut inflater = Decompressor::new();
    let mut text = vec![0; corpus.longest];
    let start = cpu_seconds();
    let mut result = 0;
    for file in &corpus.files {
        let length = inflater.gzip_decompress(file, &mut text).unwrap();
        result += black_box(step(&text[..length]));
    }
    (cpu_seconds() - start, result)
}

fn corpora() -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    start.ancestors().map(|folder| folder.join("shared/corpora")).find(|folder| folder.is_dir())
}

/// CPU time of this thread where the system tells it (Linux), else the time of day.
fn cpu_seconds() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|text| text.split_whitespace().next().and_then(|first| first.parse::<f64>().ok()));
    nanos.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64()), |nanos| nanos / 1e9)
}

#[expect(clippy::cast_precision_loss, reason = "for a table")]
fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
