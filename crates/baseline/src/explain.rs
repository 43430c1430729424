//! Explanations: what was seen, what was expected, and on what history that rests, in one sentence.

use crate::definition::{Baseline, Measure, Quantity, VolumeRules};
use crate::document::{Rhythm, Span};
use crate::event_times::{date, seconds, timestamp};
use crate::field::Field;
use crate::unusual::History;
use crate::words;

/// Longest value that is repeated; hostile ones are endless.
const VALUE_CHARS_MAX: usize = 80;

/// `first country CN; before: US, IE (412 events since 2026-01-05)`.
pub(crate) fn new_value(baseline: &Baseline, value: &str, history: &History) -> String {
    let field = match &baseline.measure {
        Measure::NewValue { value, .. } => *value,
        _ => baseline.entity,
    };
    let group = baseline.peer.map_or_else(String::new, |peer| format!(", also for its {}", peer.noun()));
    let value = short(value);
    format!("{} {value} for the first time{group}; before: {}", field.noun(), before(history))
}

/// `ListUsers for the first time; 1 of 43 in its account did that in the last 30 to 60 days; before: …`.
pub(crate) fn rarity(group: &str, value: &str, (members, users): (u64, u64), history: &History) -> String {
    let (users, members) = (words::number(users), words::number(members));
    let value = short(value);
    format!(
        "{value} for the first time; {users} of {members} in its {group} did that in the last 30 to 60 days; \
         before: {}",
        before(history)
    )
}

/// `4,120 objects in this hour; expected 0 to 210 (28 days, same hour of the week; highest before: 260 on 2026-02-11)`.
pub(crate) fn volume(
    total: u64,
    (low, high): (u64, u64),
    history: &History,
    rules: &VolumeRules,
    at: u32,
    learned: bool,
) -> String {
    let amount = |value: u64| if rules.of == Quantity::Bytes { words::bytes(value) } else { words::number(value) };
    let what = match rules.of {
        Quantity::Bytes => String::new(),
        Quantity::Count => " events".to_owned(),
        Quantity::Rows => " rows".to_owned(),
        Quantity::Distinct(field) => format!(" different {}", different(field)),
    };
    let bucket = match rules.bucket {
        Span::DAY => "this day".to_owned(),
        Span::HOUR => "this hour".to_owned(),
        seconds => format!("{} from {}", words::span(u64::from(seconds)), clock(at - at % seconds)),
    };
    let range = format!("expected {} to {}", amount(low.min(high)), amount(high));
    if !learned {
        return format!("{}{what} in {bucket} so far; {range} (of its peers; it is new itself)", amount(total));
    }
    let same = match (rules.rhythm, rules.bucket) {
        (Rhythm::Week, Span::DAY) => ", same day of the week",
        (Rhythm::Week, _) => ", same hour of the week",
        (Rhythm::Day, seconds) if seconds != Span::DAY => ", same hour of the day",
        _ => "",
    };
    let days = words::span(u64::from(at.saturating_sub(seconds(history.since))));
    let highest = history.highest.map_or_else(String::new, |highest| {
        format!("; highest before: {} on {}", amount(highest.amount), date(highest.at))
    });
    format!("{}{what} in {bucket} so far; {range} ({days}{same}{highest})", amount(total))
}

/// `5,113 km from its last place within 40 minutes; …`.
pub(crate) fn travel(country: &str, distance_km: u32, seconds: u64, speed_max: u32) -> String {
    let distance = words::number(u64::from(distance_km));
    let within = words::span(seconds);
    format!(
        "in {} {distance} km away from where it was {within} before or after; expected at most {} km/h",
        short(country),
        words::number(u64::from(speed_max))
    )
}

/// `active after 97 days of silence; last seen 2026-02-11, 340 events since 2025-08-01`.
pub(crate) fn dormant(silent: u32, last: u32, history: &History) -> String {
    format!(
        "active after {} of silence; last seen {}, {} events since {}",
        words::span(u64::from(silent)),
        date(timestamp(last)),
        words::number(history.observations),
        date(history.since)
    )
}

fn before(history: &History) -> String {
    let values = if history.values.is_empty() { "nothing".to_owned() } else { history.values.join(", ") };
    format!("{values} ({} events since {})", words::number(history.observations), date(history.since))
}

fn different(field: Field) -> String {
    field.nouns()
}

fn clock(at: u32) -> String {
    let minutes = at / 60 % 1_440;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn short(value: &str) -> String {
    let cut: String = value.chars().filter(|letter| !letter.is_control()).take(VALUE_CHARS_MAX).collect();
    if cut.len() == value.len() { cut } else { format!("{cut}…") }
}
