//! Baselines and events for tests, written as short as a test can read them.
#![allow(dead_code, reason = "each test file uses its own part")]

use baseline::{Baselines, Limits, Loaded, load};
use jiff::Timestamp;
use ocsf::{Account, Api, Class, Cloud, Endpoint, Event, Resource, Status};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2026-01-05T00:00:00Z.
pub(crate) const START: i64 = 1_767_571_200;

/// A content file with this entity, peer and measure.
pub(crate) fn file(number: u32, middle: &str) -> (String, String) {
    let text = format!(
        "title: Number {number}\n\
         id: 00000000-0000-4000-8000-{number:012}\n\
         status: test\n\
         description: For tests.\n\
         select:\n  formats: aws/cloudtrail\n\
         {middle}\n\
         level: low\n\
         watertight: {{surface: storage, group_by: [actor], owner: detection}}\n\
         ads: {{goal: a, strategy: b, blind_spots: c, validation: d, response: e}}\n\
         tests:\n\
         \x20 - {{name: fires, fires: true, events: []}}\n\
         \x20 - {{name: quiet, fires: false, events: []}}\n"
    );
    (format!("{number}.yml"), text)
}

pub(crate) const NETWORK: &str =
    "entity: actor\nmeasure: {type: new_value, value: network}\nlearning: 14d\nmin_observations: 5";
pub(crate) const NETWORK_OF_ROLE: &str =
    "entity: actor\npeer: role\nmeasure: {type: new_value, value: network}\nlearning: 14d\nmin_observations: 5";
pub(crate) const HOURLY: &str = "entity: actor\nmeasure: {type: volume, of: count, per: 1h, rhythm: day, at_least: 20}\n\
                          learning: 14d\nmin_observations: 5";
pub(crate) const DISTINCT: &str = "entity: actor\npeer: role\nmeasure: {type: volume, of: distinct, value: resource, per: 1d, \
                            rhythm: week, at_least: 10, newcomers: true}\nlearning: 14d\nmin_observations: 5";
pub(crate) const RARE: &str = "entity: actor\npeer: account\nmeasure: {type: rarity, value: operation, share_percent: 20, \
                        members_min: 3}\nlearning: 14d\nmin_observations: 5";
pub(crate) const DORMANT: &str =
    "entity: actor\nmeasure: {type: dormant, silence: 30d}\nlearning: 14d\nmin_observations: 5";
pub(crate) const TRAVEL: &str = "entity: actor\nmeasure: {type: impossible_travel, speed_kmh: 900, distance_km: 500}\n\
                          learning: 14d\nmin_observations: 5";

pub(crate) fn loaded(middles: &[&str]) -> Loaded {
    let files: Vec<(String, String)> = middles.iter().zip(1..).map(|(middle, number)| file(number, middle)).collect();
    let loaded = load(&files);
    assert_eq!(loaded.errors, []);
    loaded
}

pub(crate) fn baselines(middles: &[&str], entities_max: usize) -> Baselines {
    let limits = Limits { entities_max, peers_max: entities_max, recent_uids_max: 64, ..Limits::default() };
    Baselines::new(loaded(middles), limits, None)
}

/// A successful call; the uid is the time and a number.
pub(crate) fn call(at: i64, number: u64, actor: &str, ip: &str, operation: &str, resource: &str) -> Event {
    let time = Timestamp::from_second(at).expect("times of tests are in range");
    let mut event = Event::new("aws/cloudtrail", Class::ApiActivity, time, b"");
    event.metadata.uid = format!("{at}-{number}").into();
    event.status = Status::Success;
    event.actor_key = Some(actor.to_owned());
    event.api = Some(Box::new(Api { operation: operation.to_owned(), ..Api::default() }));
    event.src_endpoint = Some(Endpoint { ip: Some(ip.to_owned()), ..Endpoint::default() });
    event.cloud = Some(Cloud {
        provider: "AWS",
        region: Some("us-east-1".to_owned()),
        zone: None,
        account: Some(Account::aws("111122223333".to_owned())),
    });
    event.resources = vec![Resource { uid: Some(resource.to_owned()), ..Resource::default() }];
    event
}

/// What was said, in short.
pub(crate) fn said(baselines: &mut Baselines, events: &[Event]) -> Vec<String> {
    let found = events.iter().flat_map(|event| baselines.observe(event));
    found.map(|one| format!("{} {}: {}", one.baseline, one.entity, one.text)).collect()
}
