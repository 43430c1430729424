//! Speed of detection on CloudTrail, as ratios to what reading alone costs and to another engine, one thread.
//! Real public records are repeated with other ids and times until `--mb` (default 256) are reached; the same seed gives
//! the same bytes. It prints one table and judges nothing.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use rsigma_eval::event::JsonEvent;
use sigma::{LogSource, Matcher, Options, Program};
use sonic_rs::JsonValueTrait as _;

/// Records per file, near the average of a busy account.
const RECORDS_PER_FILE: usize = 2_000;
const FEW_RULES: usize = 57;
const MANY_RULES: usize = 800;

#[derive(serde::Deserialize)]
struct RawFile<'t> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'t serde_json::value::RawValue>,
}

/// Takes one inflated file and gives a number that shows what it found.
type Step<'s> = &'s mut dyn FnMut(&[u8]) -> usize;

struct Corpus {
    /// gzip of `{"Records":[…]}`.
    files: Vec<Vec<u8>>,
    bytes: usize,
    records: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let megabytes: usize = value("--mb").map_or(256, |text| text.parse().unwrap());
    let rounds: usize = value("--rounds").map_or(3, |text| text.parse().unwrap());
    let only = value("--only");
    let Some(corpora) = corpora() else {
        println!("skipped: corpora not present");
        return;
    };
    let corpus = Corpus::build(&corpora.join("05-attack-data/invictus-aws"), megabytes * 1_000_000);
    let packed: usize = corpus.files.iter().map(Vec::len).sum();
    eprintln!(
        "{} files, {} records, {:.1} MB, {:.1} MB packed",
        corpus.files.len(),
        corpus.records,
        mega(corpus.bytes),
        mega(packed)
    );
    let texts = rule_texts(&corpora);
    let few = compile(&texts, FEW_RULES);
    let many = compile(&texts, MANY_RULES);
    eprintln!("few {:?}\nmany {:?}", few.stats(), many.stats());
    let unrouted = compile_unrouted(&corpora);
    eprintln!("unrouted {:?}", unrouted.stats());
    let other = other_engine(&texts, FEW_RULES);
    let steps: [(&str, Step<'_>); 8] = [
        ("inflate", &mut |text| text.len()),
        ("inflate + sonic-rs Value", &mut |text| sonic(text)),
        ("inflate + sigma, 57 rules", &mut ours(&few)),
        ("inflate + sigma, 800 rules", &mut ours(&many)),
        ("inflate + split + sigma, 57 rules", &mut ours_split(&few)),
        ("inflate + sigma, all public rules for all logs", &mut ours(&unrouted)),
        ("inflate + serde_json Value", &mut |text| serde(text)),
        ("inflate + rsigma-eval, 57 rules", &mut |text| theirs(&other, text)),
    ];
    let mut rows: Vec<(&str, f64, usize)> = Vec::new();
    for (name, step) in steps {
        if only.is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let mut best = f64::MAX;
        let mut result = 0;
        for _ in 0..rounds {
            let (seconds, found) = measure(&corpus, step);
            (best, result) = (best.min(seconds), found);
        }
        rows.push((name, best, result));
    }
    print_table(&corpus, &rows);
}

fn print_table(corpus: &Corpus, rows: &[(&str, f64, usize)]) {
    let cost = |wanted: &str| rows.iter().find(|(name, ..)| *name == wanted).map(|row| row.1);
    let reading = cost("inflate + sonic-rs Value");
    let other = cost("inflate + rsigma-eval, 57 rules");
    let few = cost("inflate + sigma, 57 rules");
    println!(
        "| step, one thread | CPU-s | MB / CPU-s | to inflate + sonic-rs | to rsigma-eval | cost to 57 rules | result |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, seconds, result) in rows {
        let ratio = |base: Option<f64>| base.map_or("-".to_owned(), |base| format!("{:.2}", base / seconds));
        let cost = few.map_or("-".to_owned(), |few| format!("{:.2}", seconds / few));
        println!(
            "| {name} | {seconds:.3} | {:.0} | {} | {} | {cost} | {result} |",
            mega(corpus.bytes) / seconds,
            ratio(reading),
            ratio(other),
        );
    }
}

/// CPU seconds of this thread for one pass over all files, inflating each, and the sum of what `step` gives.
fn measure(corpus: &Corpus, step: &mut dyn FnMut(&[u8]) -> usize) -> (f64, usize) {
    let mut inflater = Decompressor::new();
    let mut text = vec![0; corpus.bytes / corpus.files.len() * 2];
    let start = cpu_seconds();
    let mut result = 0;
    for file in &corpus.files {
        let length = inflater.gzip_decompress(file, &mut text).unwrap();
        result += black_box(step(&text[..length]));
    }
    (cpu_seconds() - start, result)
}

fn sonic(text: &[u8]) -> usize {
    let value: sonic_rs::Value = sonic_rs::from_slice(text).unwrap();
    value.get("Records").map_or(0, |records| usize::from(records.is_array()))
}

fn serde(text: &[u8]) -> usize {
    let value: serde_json::Value = serde_json::from_slice(text).unwrap();
    value["Records"].as_array().map_or(0, Vec::len)
}

/// Steps through the list without splitting it first.
fn ours(program: &Program) -> impl FnMut(&[u8]) -> usize {
    let mut matcher = Matcher::new(program);
    let source = program.log_source("aws", "cloudtrail");
    move |text| {
        let mut hits = 0;
        let mut rest = &text[text.iter().position(|byte| *byte == b'[').unwrap() + 1..];
        loop {
            let (matched, length) = matcher.evaluate_next(source, rest).unwrap();
            hits += matched.len();
            rest = match rest.get(length) {
                Some(b',') => &rest[length + 1..],
                _ => return hits,
            };
        }
    }
}

/// Cuts the list into records first, the cheap way: every CloudTrail record begins with the same key.
fn ours_split(program: &Program) -> impl FnMut(&[u8]) -> usize {
    let mut matcher = Matcher::new(program);
    let source = program.log_source("aws", "cloudtrail");
    let start = memchr::memmem::Finder::new(b"{\"eventVersion\":").into_owned();
    move |text| {
        let starts: Vec<usize> = start.find_iter(text).collect();
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([text.len() - 2]);
        let records = starts.iter().zip(ends);
        records.map(|(from, to)| matcher.evaluate(source, &text[*from..to]).unwrap().len()).sum()
    }
}

fn theirs(engine: &rsigma_eval::Engine, text: &[u8]) -> usize {
    let value: serde_json::Value = serde_json::from_slice(text).unwrap();
    let records = value["Records"].as_array().unwrap();
    records.iter().map(|record| engine.evaluate(&JsonEvent::borrow(record)).len()).sum()
}

fn other_engine(texts: &[String], count: usize) -> rsigma_eval::Engine {
    let rules: Vec<_> =
        texts.iter().take(count).flat_map(|text| rsigma_parser::parse_sigma_yaml(text).unwrap().rules).collect();
    let mut engine = rsigma_eval::Engine::new();
    assert!(engine.add_rules(&rules).is_empty());
    engine
}

/// Every public rule sees every record, whatever log it was written for: keywords, web and Windows rules too.
fn compile_unrouted(corpora: &Path) -> Program {
    let paths = ["01-sigma/rules/rules", "01-sigma/suzaku-aws"].iter().flat_map(|folder| files(&corpora.join(folder)));
    let texts: Vec<String> = paths.map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut loaded = sigma::load(texts.iter().map(|text| ("rule", text)));
    for rule in &mut loaded.rules {
        rule.logsource = LogSource::default();
    }
    Program::compile(&loaded.rules, &Options::default()).0
}

fn compile(texts: &[String], count: usize) -> Program {
    let loaded = sigma::load(texts.iter().take(count).map(|text| ("rule", text)));
    assert_eq!(loaded.rules.len(), count);
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(errors.is_empty(), "{}", errors[0]);
    program
}

/// All public rules for CloudTrail, then copies of them that look for other event names.
fn rule_texts(corpora: &Path) -> Vec<String> {
    let folders = ["01-sigma/rules/rules/cloud/aws", "01-sigma/suzaku-aws"];
    let paths = folders.iter().flat_map(|folder| files(&corpora.join(folder)));
    let mut texts: Vec<String> = Vec::new();
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")) {
        let text = fs::read_to_string(path).unwrap();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    for number in 0..MANY_RULES.saturating_sub(texts.len()) {
        let copy =
            texts[number].replace("eventName: ", "eventName: Other").replace("eventName:\n", "eventName|cased:\n");
        texts.push(copy);
    }
    texts
}

impl Corpus {
    fn build(folder: &Path, bytes_wanted: usize) -> Self {
        let mut originals: Vec<String> = Vec::new();
        for path in files(folder) {
            let text = fs::read_to_string(path).unwrap();
            // The text stays as the vendor wrote it, order of keys included.
            let file: RawFile<'_> = serde_json::from_str(&text).unwrap();
            originals.extend(file.records.iter().map(|record| record.get().to_owned()));
        }
        let mut corpus = Self { files: Vec::new(), bytes: 0, records: 0 };
        let mut random = Random(0x5EED);
        let mut records = originals.iter().cycle();
        while corpus.bytes < bytes_wanted {
            let varied: Vec<String> =
                records.by_ref().take(RECORDS_PER_FILE).map(|record| vary(record, &mut random)).collect();
            let text = format!("{{\"Records\":[{}]}}", varied.join(","));
            let mut compressor = Compressor::new(CompressionLvl::default());
            let mut packed = vec![0; compressor.gzip_compress_bound(text.len())];
            let length = compressor.gzip_compress(text.as_bytes(), &mut packed).unwrap();
            packed.truncate(length);
            corpus.bytes += text.len();
            corpus.records += varied.len();
            corpus.files.push(packed);
        }
        corpus
    }
}

/// Gives the record other ids and another time, so that it does not compress like a copy.
fn vary(record: &str, random: &mut Random) -> String {
    let mut bytes = record.as_bytes().to_vec();
    for key in ["\"eventID\":\"", "\"requestID\":\"", "\"eventTime\":\"20", "\"accessKeyId\":\"ASIA"] {
        let Some(at) = record.find(key) else { continue };
        for byte in bytes.iter_mut().skip(at + key.len()).take_while(|byte| **byte != b'"') {
            if byte.is_ascii_digit() {
                *byte = b'0' + random.below(10);
            } else if byte.is_ascii_lowercase() {
                *byte = b'a' + random.below(6);
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A 64-bit linear congruential generator (Knuth's MMIX constants): the same bytes on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u8) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from((self.0 >> 33) % u64::from(limit)).unwrap()
    }
}

fn corpora() -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    start.ancestors().map(|folder| folder.join("shared/corpora")).find(|folder| folder.is_dir())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// CPU time of this thread where the system tells it (Linux), else the time of day.
fn cpu_seconds() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let stat = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|text| text.split_whitespace().next().and_then(|first| first.parse::<f64>().ok()));
    nanos.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64()), |nanos| nanos / 1e9)
}

#[expect(clippy::cast_precision_loss, reason = "for a table")]
fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
