//! What the project's baselines say about a simulated company: findings per baseline and 30 days, and events a second.
//!
//! ```text
//! cargo run --release -p baseline --example quality -- SEED DAYS [none|all] [places.csv|derived]
//! ```
//!
//! `derived` makes a table of places from the countries that the telemetry itself names, one place a country.
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
    let table = arguments.next();

    let options = Options { days, stories, ..Options::demo(seed, FIRST_DAY) };
    let (events, rejected, truth) = company::events(&options)?;
    println!("seed {seed}, {days} days, {} events, {rejected} rejected", events.len());

    let table = match table.as_deref() {
        Some("derived") => Some(derived(&events)),
        Some(path) => Some(std::fs::read_to_string(path)?),
        None => None,
    };
    let places = table.as_deref().map(Places::parse).transpose()?;
    println!("{} places", places.as_ref().map_or(0, Places::len));
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

/// Each /24 is where its first event says it is; a system number for every /16.
fn derived(events: &[ocsf::Event]) -> String {
    const CAPITALS: [(&str, &str); 14] = [
        ("US", "40.7,-74.0"),
        ("IE", "53.3,-6.3"),
        ("DE", "52.5,13.4"),
        ("NL", "52.4,4.9"),
        ("RO", "44.4,26.1"),
        ("BR", "-15.8,-47.9"),
        ("VN", "21.0,105.8"),
        ("SG", "1.3,103.8"),
        ("FR", "48.9,2.4"),
        ("GB", "51.5,-0.1"),
        ("ES", "40.4,-3.7"),
        ("CA", "45.4,-75.7"),
        ("MX", "19.4,-99.1"),
        ("IT", "41.9,12.5"),
    ];
    let mut networks: BTreeMap<[u8; 3], &str> = BTreeMap::new();
    for end in events.iter().filter_map(|event| event.src_endpoint.as_ref()) {
        let country = end.location.as_ref().and_then(|location| location.country.as_deref());
        let address = end.ip.as_deref().and_then(|ip| ip.parse::<std::net::Ipv4Addr>().ok());
        if let (Some(country), Some(address)) = (country, address) {
            let [a, b, c, _] = address.octets();
            networks.entry([a, b, c]).or_insert(country);
        }
    }
    let mut csv = "cidr,country,asn,latitude,longitude\n".to_owned();
    for ([a, b, c], country) in networks {
        let place = CAPITALS.iter().find(|(code, _)| *code == country).map_or(",", |(_, place)| place);
        let system = 64_512 + u32::from(b);
        csv.push_str(&format!("{a}.{b}.{c}.0/24,{country},{system},{place}\n"));
    }
    csv
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
