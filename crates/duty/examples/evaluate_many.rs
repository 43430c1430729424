//! How long all regimes take for ten thousand facts, on one core. `cargo run --release -p duty --example evaluate_many`.
//!
//! A measurement, not a test: prints seconds and the number of answers.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement run by hand")]

use duty::{Facts, Law};
use serde_json::json;

const FACTS: usize = 10_000;
const STATES: [&str; 8] = ["US-CA", "US-NY", "US-TX", "US-FL", "DE", "FR", "BR", "UK"];

fn main() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/regimes");
    let files = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"));
    let files: Vec<_> =
        files.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect();
    let start = std::time::Instant::now();
    let (law, errors) = Law::load(files);
    println!("{} rules, {} faults, loaded in {:.3} s", law.rules().len(), errors.len(), start.elapsed().as_secs_f64());
    let as_of = "2026-11-22T00:00:00Z".parse().unwrap();
    let start = std::time::Instant::now();
    let (mut answers, mut bytes) = (0, 0);
    for number in 0..FACTS {
        let answer = law.evaluate(&Facts::from_value(facts(number)).unwrap(), as_of);
        answers += answer.required.len() + answer.not_required.len();
        bytes += serde_json::to_vec(&answer).unwrap().len();
    }
    println!("{FACTS} facts: {:.3} s, {answers} entries, {bytes} bytes", start.elapsed().as_secs_f64());
}

/// A breach in eight places, never twice the same.
fn facts(number: usize) -> serde_json::Value {
    let subjects: serde_json::Map<_, _> =
        STATES.iter().enumerate().map(|(i, state)| ((*state).to_owned(), json!((number * (i + 3)) % 1_500))).collect();
    json!({"id": format!("F{number}"), "facts": {
        "role": "owner", "establishment": "FR", "sector": "ecommerce", "elements": ["NAME", "SSN", "EMAIL"], "subjects": subjects,
        "risk": {"gdpr": "risk", "us_harm": "likely", "br_significant": true}, "encryption": {"encrypted": false},
        "times": {"discovered": "2026-03-02T09:00:00-05:00", "determined": "2026-03-06T09:00:00-05:00", "aware": "2026-03-02T15:00:00+01:00"}}})
}
