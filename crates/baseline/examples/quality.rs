//! What the project's baselines say about a simulated company: findings per baseline and 30 days, and events a second.
//!
//! ```text
//! cargo run --release -p baseline --example quality -- SEED DAYS [none|all] [places.csv]
//! ```
//!
//! Development uses seeds 1001 to 1003. Stories (`all`) are counted apart from look-alikes and background by their actors.
#![expect(clippy::print_stdout, reason = "a program whose output is the result")]

#[path = "../tests/common/company.rs"]
mod company;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Instant;

use baseline::{Baselines, Limits, Places};
use simulate::{GroundTruth, Options, Stories};

const FIRST_DAY: jiff::civil::Date = jiff::civil::date(2026, 1, 5);
/// Texts shown per baseline.
const SHOWN_MAX: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().as_deref().unwrap_or("1001").parse()?;
    let days = arguments.next().as_deref().unwrap_or("90").parse()?;
    let stories = arguments.next().as_deref().unwrap_or("none").parse::<Stories>()?;
    let places = arguments.next().map(std::fs::read_to_string).transpose()?;
    let places = places.as_deref().map(Places::parse).transpose()?;

    let options = Options { days, stories, ..Options::demo(seed, FIRST_DAY) };
    let (events, rejected, truth) = company::events(&options)?;
    println!("seed {seed}, {days} days, {} events, {rejected} rejected", events.len());

    let loaded = baseline::load(&company::content()?);
    for error in &loaded.errors {
        println!("{error}");
    }
    let mut baselines = Baselines::new(loaded, Limits::default(), places);
    let begun = Instant::now();
    let mut found = Vec::new();
    for event in &events {
        found.extend(baselines.observe(event));
    }
    let rate = f64::from(u32::try_from(events.len())?) / begun.elapsed().as_secs_f64();
    let snapshot = baselines.snapshot()?.len();
    println!("{rate:.0} events a second, snapshot {snapshot} bytes\n");
    report(&baselines, &found, &truth, days);
    Ok(())
}

fn report(baselines: &Baselines, found: &[baseline::Unusual], truth: &GroundTruth, days: u32) {
    let of_stories: BTreeSet<&str> =
        truth.stories.iter().flat_map(|story| &story.records).filter_map(|record| record.id.as_deref()).collect();
    let actors: BTreeMap<&str, &str> = truth
        .stories
        .iter()
        .flat_map(|story| story.actors.iter().map(|actor| (actor.as_str(), story.id.as_str())))
        .collect();
    let look_alike = |uid: &str, entity: &str| {
        let all = || truth.look_alikes.iter();
        let by_record = all().find(|one| {
            one.occurrences.iter().flat_map(|occurrence| &occurrence.records).any(|r| r.id.as_deref() == Some(uid))
        });
        by_record
            .or_else(|| all().find(|one| one.occurrences.iter().any(|o| o.actors.iter().any(|actor| actor == entity))))
            .map(|one| one.id.as_str())
    };
    let stats = baselines.stats();
    for (index, baseline) in baselines.baselines().iter().enumerate() {
        let mine: Vec<_> = found.iter().filter(|one| one.baseline == index).collect();
        let told: Vec<_> = mine
            .iter()
            .map(|one| {
                let story = actors.get(one.entity.as_str()).copied();
                let story = story.or_else(|| of_stories.contains(one.event_uid.as_str()).then_some("story"));
                (one, story)
            })
            .collect();
        let benign = told.iter().filter(|(_, story)| story.is_none()).count();
        // Nothing can be told while learning; what comes after is what a month costs.
        let month =
            f64::from(u32::try_from(benign).unwrap_or(u32::MAX)) * 30.0 / f64::from(days.saturating_sub(28).max(1));
        let Some(stat) = stats.baselines.get(index) else { continue };
        println!(
            "{} [{}] benign {benign} ({month:.2} per 30 days after learning), of stories {}; {} events, {} entities, {} bytes{}",
            baseline.file,
            baseline.level.as_str(),
            mine.len() - benign,
            stat.selected,
            stat.entities,
            stat.bytes,
            stat.waiting.map(|why| format!("; waits: {why}")).unwrap_or_default(),
        );
        for (one, story) in told.iter().take(SHOWN_MAX) {
            let label = story.or_else(|| look_alike(&one.event_uid, &one.entity)).unwrap_or("background");
            println!("    {} {} ({label}): {}", one.time, one.entity, one.text);
        }
    }
}
