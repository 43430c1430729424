//! What a million entities cost per measure, how fast events are judged, and that ten million do not cost more.
//!
//! ```text
//! cargo run --release -p baseline --example memory -- [ENTITIES [NUMBER]]
//! ```
//!
//! NUMBER, 0 to 7, measures one kind alone; only then resident bytes are not memory that an earlier kind gave back.
//! Estimated bytes are those of `stats`; resident bytes are what the process has, where `/proc` tells it.
#![expect(clippy::print_stdout, reason = "a program whose output is the result")]

use std::error::Error;
use std::time::Instant;

use baseline::{Baselines, Limits, Places};
use jiff::Timestamp;
use ocsf::{Account, Api, Class, Cloud, Endpoint, Event, Resource, Status};

const DAY: i64 = 86_400;
/// 2026-01-05T00:00:00Z.
const START: i64 = 1_767_571_200;
/// Events per entity: three days a week for two weeks, at two hours of the day.
const ROUNDS: i64 = 12;

const MEASURES: [(&str, &str); 7] = [
    ("new_value", "entity: actor\nmeasure: {type: new_value, value: network}"),
    ("new_value with peer", "entity: actor\npeer: account\nmeasure: {type: new_value, value: network}"),
    ("rarity", "entity: actor\npeer: account\nmeasure: {type: rarity, value: operation, share_percent: 10}"),
    (
        "volume, count, hour of the day",
        "entity: actor\nmeasure: {type: volume, of: count, per: 1h, rhythm: day, at_least: 100}",
    ),
    (
        "volume, bytes, hour of the week",
        "entity: actor\nmeasure: {type: volume, of: bytes, per: 1h, rhythm: week, at_least: 100}",
    ),
    (
        "volume, distinct, day of the week",
        "entity: actor\nmeasure: {type: volume, of: distinct, value: resource, per: 1d, rhythm: week, at_least: 100}",
    ),
    ("impossible_travel", "entity: actor\nmeasure: {type: impossible_travel, speed_kmh: 900, distance_km: 500}"),
];
const DORMANT: (&str, &str) = ("dormant", "entity: actor\nmeasure: {type: dormant, silence: 60d}");

fn main() -> Result<(), Box<dyn Error>> {
    let entities: u64 = std::env::args().nth(1).as_deref().unwrap_or("1000000").parse()?;
    println!("{entities} entities, {ROUNDS} events each");
    println!(
        "measure | estimated bytes an entity | resident bytes an entity | snapshot bytes an entity | events a second"
    );
    let only: Option<usize> = std::env::args().nth(2).map(|number| number.parse()).transpose()?;
    for (number, (name, middle)) in MEASURES.into_iter().chain([DORMANT]).enumerate() {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        let mut baselines = make(middle, entities)?;
        let before = resident();
        let begun = Instant::now();
        let mut event = template();
        for round in 0..ROUNDS {
            for entity in 0..entities {
                shape(&mut event, entity, round);
                baselines.observe(&event);
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let grown = resident().saturating_sub(before);
        let estimated: usize = baselines.stats().baselines.iter().map(|one| one.bytes).sum();
        let snapshot = baselines.snapshot()?.len() as u64;
        let events = entities * ROUNDS.unsigned_abs();
        println!(
            "{name} | {} | {} | {} | {:.0}",
            estimated as u64 / entities,
            grown / entities,
            snapshot / entities,
            events as f64 / seconds
        );
    }
    if only.is_some() { Ok(()) } else { flood(entities) }
}

/// Ten times as many entities as there is room for.
fn flood(entities: u64) -> Result<(), Box<dyn Error>> {
    let mut baselines = make(MEASURES[0].1, entities)?;
    let mut event = template();
    let mut after_first = 0;
    for entity in 0..10 * entities {
        shape(&mut event, entity, 0);
        baselines.observe(&event);
        if entity + 1 == entities {
            after_first = resident();
        }
    }
    let stats = baselines.stats();
    let one = stats.baselines.first().ok_or("no baseline")?;
    println!(
        "flood: {} entities seen, {} kept, {} evicted; resident {} MB after the first {entities}, {} MB at the end",
        10 * entities,
        one.entities,
        one.evicted,
        after_first / 1_000_000,
        resident() / 1_000_000
    );
    Ok(())
}

fn make(middle: &str, entities: u64) -> Result<Baselines, Box<dyn Error>> {
    let text = format!(
        "title: T\nid: 00000000-0000-4000-8000-000000000001\nstatus: test\ndescription: D\n\
         select: {{formats: aws/cloudtrail}}\n{middle}\nlearning: 14d\nlevel: low\n\
         watertight: {{surface: storage, group_by: [actor], owner: detection}}\n\
         ads: {{goal: a, strategy: b, blind_spots: c, validation: d, response: e}}\n\
         tests: [{{name: a, fires: true, events: []}}, {{name: b, fires: false, events: []}}]\n"
    );
    let loaded = baseline::load(&[("t.yml".to_owned(), text)]);
    if let Some(error) = loaded.errors.first() {
        return Err(error.to_string().into());
    }
    let places = "cidr,country,latitude,longitude\n198.51.0.0/16,US,40.7,-74.0\n";
    let limits = Limits { entities_max: usize::try_from(entities)?, ..Limits::default() };
    Ok(Baselines::new(loaded, limits, Some(Places::parse(places)?)))
}

fn template() -> Event {
    let mut event = Event::new("aws/cloudtrail", Class::ApiActivity, Timestamp::UNIX_EPOCH, b"");
    event.status = Status::Success;
    event.cloud = Some(Cloud {
        provider: "AWS",
        region: None,
        zone: None,
        account: Some(Account::aws("111122223333".to_owned())),
    });
    event.api = Some(Box::new(Api { operation: String::new(), ..Api::default() }));
    event.src_endpoint = Some(Endpoint::default());
    event.resources = vec![Resource::default()];
    event.bytes = Some(40_000);
    event
}

/// The n-th event of an entity: three networks, six operations, two hours, always other objects.
fn shape(event: &mut Event, entity: u64, round: i64) {
    let (day, half) = (round / 2, round % 2);
    let at = START + (day / 3 * 7 + day % 3) * DAY + (9 + 5 * half) * 3_600;
    event.time = Timestamp::from_second(at).unwrap_or_default();
    event.metadata.uid = format!("{entity}-{round}").into();
    event.actor_key = Some(format!("aws:role-session:111122223333/role-{}/session-{entity}", entity % 1_000));
    if let Some(api) = &mut event.api {
        api.operation = format!("Operation{}", (entity + round.unsigned_abs()) % 6);
    }
    if let Some(source) = &mut event.src_endpoint {
        source.ip = Some(format!("198.51.{}.7", (entity + round.unsigned_abs()) % 3));
    }
    if let Some(resource) = event.resources.first_mut() {
        resource.uid = Some(format!("arn:aws:s3:::bucket/{round}"));
    }
}

/// Resident bytes, 0 where the system does not say.
fn resident() -> u64 {
    const PAGE_BYTES: u64 = 4_096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE_BYTES
}
