//! Which values an entity (or a peer group) has shown, each with its first and last sighting; at most so many.
//!
//! A value is *known* when it was first seen while the entity was being learned, or at two times at least `known_after`
//! apart. Until then it is on probation: told once, and unknown to peers. So nobody teaches a value within a day. First
//! and last are a minimum and a maximum, which makes the outcome the same for events in any order.

use serde::{Deserialize, Serialize};

use crate::definition::ValueRules;
use crate::event_times::timestamp;
use crate::unusual::History;

/// Bytes of examples that are kept for explanations.
const SHOWN_BYTES_MAX: usize = 72;
/// Longest single example.
const SHOWN_VALUE_CHARS_MAX: usize = 24;
/// The span in which new values are counted to see whether they are a habit.
const HABIT_SECONDS: u32 = 30 * 86_400;
const SETTLING_SECONDS: u32 = 86_400;
/// Stands between examples.
const BETWEEN: char = '\u{1f}';

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    hash: u32,
    first: u32,
    last: u32,
}

/// What one entity has shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Values {
    /// First and last event, in seconds; 0 and 0 before the first.
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) observations: u32,
    /// Sorted by hash.
    seen: Vec<Seen>,
    /// It has shown more values than are kept. Nothing about it is a surprise any more.
    diverse: bool,
    shown: String,
}

/// What a value was to an entity before this sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    Known,
    /// Seen before, not long enough.
    Probation,
    New,
    /// New, but new values are usual for this entity.
    Habit,
}

impl Values {
    /// Takes a sighting in and says what the value was before.
    pub(crate) fn see(&mut self, hash: u32, shown: &str, at: u32, rules: &ValueRules) -> Sighting {
        self.count(at);
        let known_if_before = self.first.saturating_add(rules.learning);
        match self.seen.binary_search_by_key(&hash, |seen| seen.hash) {
            Ok(place) => {
                let Some(seen) = self.seen.get_mut(place) else { return Sighting::Known };
                if rules.forget_after < at.saturating_sub(seen.last) {
                    *seen = Seen { hash, first: at, last: at };
                    return self.surprise(hash, at, rules);
                }
                seen.first = seen.first.min(at);
                seen.last = seen.last.max(at);
                let known = seen.first < known_if_before || rules.known_after <= seen.last - seen.first;
                if known { Sighting::Known } else { Sighting::Probation }
            }
            Err(_) => {
                // Before, not after: a list that never exceeds its bound never doubles its memory beyond it.
                if rules.values_max <= self.seen.len() {
                    self.drop_oldest();
                }
                let place = self.seen.partition_point(|seen| seen.hash < hash);
                self.seen.insert(place, Seen { hash, first: at, last: at });
                let surprise = self.surprise(hash, at, rules);
                self.show(shown);
                surprise
            }
        }
    }

    /// Whether a value is known at a time, without taking anything in.
    pub(crate) fn knows(&self, hash: u32, at: u32, rules: &ValueRules) -> bool {
        let Ok(place) = self.seen.binary_search_by_key(&hash, |seen| seen.hash) else { return false };
        self.seen.get(place).is_some_and(|seen| {
            let learned = seen.first < self.first.saturating_add(rules.learning);
            let fresh = at.saturating_sub(seen.last) <= rules.forget_after;
            fresh && (learned || rules.known_after <= seen.last - seen.first)
        })
    }

    /// Whether it was watched long enough before a time for a surprise to mean something.
    pub(crate) fn is_learned(&self, at: u32, learning: u32, observations_min: u32) -> bool {
        self.observations != 0 && learning <= at.saturating_sub(self.first) && observations_min < self.observations
    }

    pub(crate) fn is_diverse(&self) -> bool {
        self.diverse
    }

    /// What there is before the next sighting.
    pub(crate) fn history(&self) -> History {
        History {
            observations: u64::from(self.observations),
            since: timestamp(self.first),
            values: self.shown.split(BETWEEN).filter(|text| !text.is_empty()).map(str::to_owned).collect(),
            highest: None,
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.seen.capacity() * size_of::<Seen>() + self.shown.capacity()
    }

    pub(crate) fn is_sound(&self, values_max: usize) -> bool {
        let sorted = self.seen.is_sorted_by(|one, other| one.hash < other.hash);
        let timely = self.seen.iter().all(|seen| seen.first <= seen.last) && self.first <= self.last;
        self.seen.len() <= values_max && self.shown.len() <= SHOWN_BYTES_MAX && sorted && timely
    }

    fn count(&mut self, at: u32) {
        self.first = if self.observations == 0 { at } else { self.first.min(at) };
        self.last = self.last.max(at);
        self.observations = self.observations.saturating_add(1);
    }

    fn surprise(&self, hash: u32, at: u32, rules: &ValueRules) -> Sighting {
        // The first day's values are not news, they are where it starts.
        let settled = self.first.saturating_add(SETTLING_SECONDS);
        let recent = |seen: &&Seen| {
            seen.hash != hash
                && settled < seen.first
                && at.saturating_sub(seen.first) < HABIT_SECONDS
                && seen.first <= at
        };
        let news = u32::try_from(self.seen.iter().filter(recent).count()).unwrap_or(u32::MAX);
        if self.diverse || rules.habit <= news { Sighting::Habit } else { Sighting::New }
    }

    fn drop_oldest(&mut self) {
        self.diverse = true;
        let oldest =
            self.seen.iter().enumerate().min_by_key(|(_, seen)| (seen.last, seen.hash)).map(|(place, _)| place);
        if let Some(place) = oldest {
            self.seen.remove(place);
        }
    }

    fn show(&mut self, value: &str) {
        let short: String = value.chars().take(SHOWN_VALUE_CHARS_MAX).filter(|letter| !letter.is_control()).collect();
        if self.shown.len() + short.len() < SHOWN_BYTES_MAX {
            if !self.shown.is_empty() {
                self.shown.push(BETWEEN);
            }
            self.shown.push_str(&short);
            self.shown.shrink_to_fit();
        }
    }
}
