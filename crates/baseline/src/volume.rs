//! Amounts per hour, day or other bucket of one entity, and the range that its own history lets expect.
//!
//! Per slot of the rhythm (hour of the week, hour of the day, day of the week) a decayed mean and mean deviation on the
//! logarithmic scale, twelve bytes a slot, only for slots that ever had something. Two buckets are open at a time: the
//! newest with events and the one before it, so events up to one bucket late count and the order within does not matter.
//!
//! An unusual bucket teaches no more than the upper end of what was expected, so its size cannot become normal at once.

use serde::{Deserialize, Serialize};

use crate::definition::VolumeRules;
use crate::distinct::Distinct;
use crate::document::{Rhythm, Span};
use crate::event_times::timestamp;
use crate::scale;
use crate::unusual::{Highest, History};

/// After so many silent turns a slot has forgotten: what is left of it is below a step.
const SILENT_TURNS_MAX: u32 = 64;
/// Steps that the peak loses per day: half of it in 85 days.
const PEAK_STEPS_PER_DAY: i32 = 3;
/// Late events in a row until an entity's newest bucket is given up.
const LATE_RUN_MAX: u8 = 64;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Open {
    /// Number of the bucket since 1970; 0 is none.
    bucket: u32,
    told: bool,
    /// The step at which this bucket stands in its peer group's histogram, 0 if it does not.
    with_peers: u16,
    sum: u64,
    distinct: Option<Box<Distinct>>,
}

impl Open {
    fn total(&self) -> u64 {
        self.distinct.as_ref().map_or(self.sum, |distinct| distinct.count())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    slot: u8,
    /// Turns taken in, silent ones too, up to 255.
    turns: u8,
    mean: u16,
    deviation: u16,
    last_turn: u32,
}

/// What one entity did per bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) buckets: u32,
    peak: u16,
    peak_bucket: u32,
    /// Late events since the last one in time.
    late_run: u8,
    /// The newest and the one before.
    open: [Open; 2],
    slots: Vec<Slot>,
}

/// What is added to a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    Sum(u64),
    Different(u64),
}

/// What adding to a bucket led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Added {
    /// The bucket's total so far.
    pub(crate) total: u64,
    pub(crate) bucket: u32,
}

impl Volume {
    /// Takes an amount in. `None` for an event too late to count.
    pub(crate) fn add(&mut self, at: u32, amount: Amount, rules: &VolumeRules) -> Option<Added> {
        let bucket = (at / rules.bucket).max(1);
        self.first = if self.last == 0 { at } else { self.first.min(at) };
        self.last = self.last.max(at);
        if bucket + 1 < self.open[0].bucket && self.is_stuck() {
            self.open = <[Open; 2]>::default();
        }
        let newest = self.open[0].bucket;
        if newest < bucket {
            self.close(1, rules);
            if newest + 1 < bucket {
                self.close(0, rules);
            }
            let before = std::mem::replace(&mut self.open[0], Open { bucket, ..Open::default() });
            self.open[1] = before;
        }
        let place = match self.open[0].bucket - bucket {
            0 => 0,
            1 => 1,
            _ => return None,
        };
        self.late_run = 0;
        let open = &mut self.open[place];
        open.bucket = bucket;
        match amount {
            Amount::Sum(more) => open.sum = open.sum.saturating_add(more),
            Amount::Different(hash) => open.distinct.get_or_insert_default().insert(hash),
        }
        Some(Added { total: open.total(), bucket })
    }

    /// The range to expect in a bucket, both ends included.
    pub(crate) fn expected(&self, bucket: u32, rules: &VolumeRules) -> (u64, u64) {
        let (low, band) = self.band(bucket, rules);
        let age_days =
            i32::try_from(u64::from(bucket.saturating_sub(self.peak_bucket)) * u64::from(rules.bucket) / 86_400);
        let decayed = i32::from(self.peak) - age_days.unwrap_or(i32::MAX).saturating_mul(PEAK_STEPS_PER_DAY);
        let peak = scale::amount(decayed.max(0));
        let share = u64::try_from(u128::from(peak) * u128::from(rules.peak_percent) / 100).unwrap_or(u64::MAX);
        (low, band.max(share).max(rules.at_least))
    }

    /// True the first time it is asked for a bucket.
    pub(crate) fn tell(&mut self, bucket: u32) -> bool {
        let open = self.open.iter_mut().find(|open| open.bucket == bucket && !open.told);
        open.is_some_and(|open| {
            open.told = true;
            true
        })
    }

    /// The step at which an open bucket stands with its peers, for the caller to set.
    pub(crate) fn with_peers(&mut self, bucket: u32) -> Option<&mut u16> {
        self.open.iter_mut().find(|open| open.bucket == bucket).map(|open| &mut open.with_peers)
    }

    pub(crate) fn is_learned(&self, at: u32, rules: &VolumeRules) -> bool {
        rules.learning <= at.saturating_sub(self.first) && rules.observations_min <= self.buckets
    }

    pub(crate) fn history(&self, rules: &VolumeRules) -> History {
        let highest = (self.peak_bucket != 0).then(|| Highest {
            amount: scale::amount(i32::from(self.peak)),
            at: timestamp(self.peak_bucket.saturating_mul(rules.bucket)),
        });
        History { observations: u64::from(self.buckets), since: timestamp(self.first), values: Vec::new(), highest }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let distinct = |open: &Open| open.distinct.as_ref().map_or(0, |set| size_of::<Distinct>() + set.heap_bytes());
        self.slots.capacity() * size_of::<Slot>() + self.open.iter().map(distinct).sum::<usize>()
    }

    pub(crate) fn is_sound(&self, rules: &VolumeRules) -> bool {
        let per_turn = usize::try_from(slots_per_turn(rules)).unwrap_or(0);
        let sorted = self.slots.is_sorted_by(|one, other| one.slot < other.slot);
        let sets = self.open.iter().filter_map(|open| open.distinct.as_ref()).all(|set| set.is_sound());
        let order = self.open[1].bucket == 0 || self.open[1].bucket + 1 == self.open[0].bucket;
        self.slots.len() <= per_turn && sorted && sets && order && self.first <= self.last
    }

    /// So many late events in a row that rather the newest bucket is wrong, set by an event from the future.
    fn is_stuck(&mut self) -> bool {
        self.late_run = self.late_run.saturating_add(1);
        LATE_RUN_MAX <= self.late_run
    }

    /// Takes an open bucket into the history.
    fn close(&mut self, place: usize, rules: &VolumeRules) {
        let open = std::mem::take(&mut self.open[place]);
        if open.bucket == 0 || open.total() == 0 {
            return;
        }
        let mut taught = scale::steps(open.total());
        if self.is_learned(open.bucket.saturating_mul(rules.bucket), rules) {
            taught = taught.min(scale::steps(self.expected(open.bucket, rules).1));
        }
        self.buckets = self.buckets.saturating_add(1);
        self.learn(open.bucket, taught, rules);
        let age_days = u64::from(open.bucket.saturating_sub(self.peak_bucket)) * u64::from(rules.bucket) / 86_400;
        let lost = i32::try_from(age_days).unwrap_or(i32::MAX).saturating_mul(PEAK_STEPS_PER_DAY);
        if i32::from(self.peak).saturating_sub(lost) <= taught {
            self.peak = u16::try_from(taught).unwrap_or(u16::MAX);
            self.peak_bucket = open.bucket;
        }
    }

    fn learn(&mut self, bucket: u32, taught: i32, rules: &VolumeRules) {
        let (slot, turn) = place(bucket, rules);
        let index = match self.slots.binary_search_by_key(&slot, |known| known.slot) {
            Ok(index) => index,
            Err(index) => {
                // Silent turns since the entity was first seen count as well.
                let turns_since = bucket.saturating_sub(self.first / rules.bucket) / slots_per_turn(rules);
                let last_turn = if rules.zeros { turn.saturating_sub(turns_since) } else { turn };
                self.slots.insert(index, Slot { slot, turns: 0, mean: 0, deviation: 0, last_turn });
                index
            }
        };
        let Some(known) = self.slots.get_mut(index) else { return };
        let fresh = known.turns == 0;
        if rules.zeros {
            let silent = turn.saturating_sub(known.last_turn).saturating_sub(u32::from(!fresh));
            known.be_silent(silent, rules.rhythm);
        }
        known.take(taught, rules.rhythm);
        known.last_turn = known.last_turn.max(turn);
    }

    /// Low and high end of a slot and its neighbours: an hour more or less is summer time or a slow job.
    fn band(&self, bucket: u32, rules: &VolumeRules) -> (u64, u64) {
        let has_neighbours = rules.rhythm != Rhythm::None && rules.bucket < Span::DAY;
        let around = if has_neighbours { 1 } else { 0 };
        let mut high = 0;
        for near in bucket.saturating_sub(around)..=bucket.saturating_add(around) {
            high = high.max(self.slot_range(near, rules).1);
        }
        (self.slot_range(bucket, rules).0, high)
    }

    fn slot_range(&self, bucket: u32, rules: &VolumeRules) -> (u64, u64) {
        let (slot, turn) = place(bucket, rules);
        let found = self.slots.binary_search_by_key(&slot, |known| known.slot);
        let Some(mut known) = found.ok().and_then(|index| self.slots.get(index).copied()) else { return (0, 0) };
        if rules.zeros {
            // With one slot, the bucket before this one is still open and not silent.
            let open = if slots_per_turn(rules) == 1 { 2 } else { 1 };
            known.be_silent(turn.saturating_sub(known.last_turn).saturating_sub(open), rules.rhythm);
        }
        let (mean, reach) = (i32::from(known.mean), rules.deviations * i32::from(known.deviation));
        let high = scale::amount(mean + reach).max(scale::amount(mean).saturating_mul(rules.factor));
        (scale::amount(mean - reach), high)
    }
}

impl Slot {
    fn be_silent(&mut self, turns: u32, rhythm: Rhythm) {
        for _ in 0..turns.min(SILENT_TURNS_MAX) {
            self.take(0, rhythm);
        }
    }

    /// One turn: the first ones weigh alike, later ones as the memory of the rhythm says.
    fn take(&mut self, taught: i32, rhythm: Rhythm) {
        let memory = match rhythm {
            Rhythm::Week => 8,
            Rhythm::Day => 16,
            Rhythm::None => 32,
        };
        self.turns = self.turns.saturating_add(1);
        let weight = i32::from(self.turns).min(memory);
        let (mean, deviation) = (i32::from(self.mean), i32::from(self.deviation));
        let away = (taught - mean).abs();
        let moved = |from: i32, to: i32| u16::try_from(from + (to - from) / weight).unwrap_or(u16::MAX);
        self.mean = moved(mean, taught);
        // The first turn has nothing to be away from.
        self.deviation = if self.turns == 1 { 0 } else { moved(deviation, away) };
    }
}

pub(crate) fn slots_per_turn(rules: &VolumeRules) -> u32 {
    match rules.rhythm {
        Rhythm::None => 1,
        Rhythm::Day => (Span::DAY / rules.bucket).max(1),
        Rhythm::Week => (7 * Span::DAY / rules.bucket).max(1),
    }
}

/// The slot of a bucket and how many turns of the rhythm came before.
fn place(bucket: u32, rules: &VolumeRules) -> (u8, u32) {
    let per_turn = slots_per_turn(rules);
    (u8::try_from(bucket % per_turn).unwrap_or(u8::MAX), bucket / per_turn)
}
