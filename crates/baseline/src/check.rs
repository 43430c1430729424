//! Runs the examples that baselines carry, each from nothing, through the same code as real events.

use jiff::Timestamp;

use crate::baselines::Baselines;
use crate::definition::Baseline;
use crate::document::ExampleDocument;
use crate::facts::Facts;
use crate::field::Field;
use crate::limits::Limits;
use crate::load::Loaded;
use crate::places::Places;
use crate::unusual::Unusual;

/// An example never stands for more events than this.
const EXAMPLE_EVENTS_MAX: usize = 200_000;
/// Start of every example, 2026-01-05T00:00:00Z, a Monday.
const START_SECONDS: i64 = 1_767_571_200;

/// What one example showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub file: String,
    /// Id of the baseline.
    pub id: String,
    pub name: String,
    /// Whether it should have fired.
    pub fires: bool,
    pub passed: bool,
    /// Why it did not pass; what was said when it did.
    pub details: String,
}

/// Runs all examples of all baselines.
#[must_use]
pub fn check(loaded: &Loaded) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for baseline in &loaded.baselines {
        for example in &baseline.tests {
            let (passed, details) = match run(baseline, example) {
                Ok(found) => verdict(example, &found),
                Err(problem) => (false, problem),
            };
            let (file, id, name) = (baseline.file.clone(), baseline.id.clone(), example.name.clone());
            outcomes.push(Outcome { file, id, name, fires: example.fires, passed, details });
        }
    }
    outcomes
}

fn verdict(example: &ExampleDocument, found: &[Unusual]) -> (bool, String) {
    let said: Vec<&str> = found.iter().map(|unusual| unusual.text.as_str()).collect();
    let said = said.join(" | ");
    let as_many = example.findings.is_none_or(|wanted| wanted == found.len());
    let as_worded = example.says.as_ref().is_none_or(|wanted| said.contains(wanted));
    let passed = example.fires != found.is_empty() && as_many && as_worded;
    if found.is_empty() { (passed, "nothing was unusual".to_owned()) } else { (passed, said) }
}

fn run(baseline: &Baseline, example: &ExampleDocument) -> Result<Vec<Unusual>, String> {
    let places = example.places.as_deref().map(Places::parse).transpose().map_err(|error| error.to_string())?;
    let alone = Loaded { baselines: vec![baseline.clone()], errors: Vec::new() };
    let limits = Limits { entities_max: 10_000, peers_max: 1_000, ..Limits::default() };
    let mut baselines = Baselines::new(alone, limits, places);
    let mut found = Vec::new();
    let mut events = 0_usize;
    for timed in &example.events {
        for number in 0..timed.times {
            events += 1;
            if EXAMPLE_EVENTS_MAX < events {
                return Err(format!("an example has at most {EXAMPLE_EVENTS_MAX} events"));
            }
            let every = i64::from(timed.every.map_or(0, |span| span.0));
            let at = START_SECONDS + i64::from(timed.at.0) + every * i64::from(number);
            let time = Timestamp::from_second(at).map_err(|error| error.to_string())?;
            let texts: Vec<(Field, String)> = timed
                .event
                .fields
                .iter()
                .map(|(field, text)| (*field, text.replace("{n}", &(number + 1).to_string())))
                .collect();
            if let Some((field, _)) = texts.iter().find(|(field, _)| field.carried().is_none()) {
                return Err(format!("`{}` follows from other fields; an example cannot set it", field.noun()));
            }
            let uid = events.to_string();
            let mut facts = Facts::new(&uid, time);
            facts.set(Field::Format, baseline.formats().first().map(String::as_str));
            facts.set(Field::Status, Some(baseline.select.default_status()));
            (facts.bytes, facts.rows) = (timed.event.bytes, timed.event.rows);
            texts.iter().for_each(|(field, text)| facts.set(*field, Some(text)));
            found.extend(baselines.observe_facts(&facts));
        }
    }
    Ok(found)
}
