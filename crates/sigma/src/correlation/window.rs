//! Slides a window over the events of one group, in event time, and says where the condition holds. A window ends at an
//! event and reaches back by the timespan, both ends included, or less far if it tumbles or is a session; events of the
//! same instant are in it together.

use std::collections::HashMap;
use std::sync::Arc;

use super::compiled::{Compiled, Count, Demand};
use super::document::CorrelationWindow;
use super::episode::Mark;
use super::measure::Measure;

/// One event of a group.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) time: i64,
    pub(super) uid: Arc<str>,
    /// 0 for events; tells episodes of different inner correlations and groups apart, which may stand at one event.
    pub(super) part: u64,
    /// A bit for every rule that it matched.
    pub(super) rules: u64,
    /// Numbers in millionths, or digests of the values to count.
    pub(super) values: Box<[i128]>,
    /// What the window that ends here has reached, if its condition holds. Only the last event of an instant ends one.
    pub(super) reached: Option<f64>,
}

impl Entry {
    pub(super) fn key(&self) -> (i64, &str, u64) {
        (self.time, &self.uid, self.part)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { time: self.time, uid: Arc::clone(&self.uid) }
    }

    /// How much of the limits it takes.
    pub(super) fn weight(&self) -> usize {
        1 + self.values.len()
    }
}

/// What is in the window that ends at the latest event, kept so that the next event need not count it again.
#[derive(Debug)]
pub(super) struct Tail {
    tally: Tally,
    /// Where the window starts.
    start: usize,
}

impl Tail {
    /// Windows of fewer events are counted again faster than they are kept.
    const EVENTS_MIN: usize = 64;

    /// So many events in front are gone. `None` if some of them are in the window.
    pub(super) fn without(mut self: Box<Self>, count: usize) -> Option<Box<Self>> {
        self.start = self.start.checked_sub(count)?;
        Some(self)
    }
}

/// Finds out anew where the condition holds, for windows that end at `from` or later. `changed` hears of each window
/// that fits now and did not before (true), or the other way round.
///
/// With a `tail` all events before `from` are as they were when it was made. Gives the new one, if it is worth keeping.
pub(super) fn slide(
    compiled: &Compiled,
    entries: &mut [Entry],
    from: i64,
    tail: Option<Box<Tail>>,
    mut changed: impl FnMut(&Entry, bool),
) -> Option<Box<Tail>> {
    let (mut tally, mut start, mut next) = begin(compiled, entries, from, tail);
    while let Some(time) = entries.get(next).map(|entry| entry.time) {
        let mut rules = 0;
        let before = next.checked_sub(1).and_then(|before| entries.get(before)).map(|entry| entry.time);
        while let Some(entry) = entries.get(next).filter(|entry| entry.time == time) {
            tally.add(entry);
            rules |= entry.rules;
            next += 1;
        }
        tally.arrive(time, rules);
        if time < from {
            continue;
        }
        let since = match compiled.window {
            CorrelationWindow::Session { gap_us }
                if before.is_some_and(|before| gap_us < time.saturating_sub(before)) =>
            {
                time
            }
            _ => bound(compiled, time),
        };
        while let Some(entry) = entries.get(start).filter(|entry| entry.time < since) {
            tally.remove(entry);
            start += 1;
        }
        let since = entries.get(start).map_or(since, |entry| entry.time.max(since));
        let reached = tally.reached(&compiled.demand, since).map(Measure::shown);
        note(entries, next, time, reached, &mut changed);
    }
    let is_worth_it = tally.goes_on() && Tail::EVENTS_MIN <= next - start;
    is_worth_it.then(|| Box::new(Tail { tally, start }))
}

/// The earliest time that a window which ends at `time` may hold, gaps aside.
fn bound(compiled: &Compiled, time: i64) -> i64 {
    let span = compiled.timespan_us.max(1);
    match compiled.window {
        CorrelationWindow::Sliding | CorrelationWindow::Session { .. } => time.saturating_sub(span),
        CorrelationWindow::Tumbling => time.saturating_sub(time.rem_euclid(span)),
    }
}

/// The number of the first event of the window that ends at `time`, of which all events before `until` are looked at.
pub(super) fn first_of(compiled: &Compiled, entries: &[Entry], until: usize, time: i64) -> usize {
    let since = bound(compiled, time);
    let start = entries.partition_point(|entry| entry.time < since).min(until);
    let CorrelationWindow::Session { gap_us } = compiled.window else { return start };
    let mut later = time;
    let mut first = until;
    for entry in entries.get(start..until).unwrap_or_default().iter().rev() {
        if gap_us < later.saturating_sub(entry.time) {
            break;
        }
        later = entry.time;
        first -= 1;
    }
    first
}

/// Whether the window that ends at the event `end` still holds what happened at `earlier`.
pub(super) fn reaches(compiled: &Compiled, entries: &[Entry], end: usize, earlier: i64) -> bool {
    let Some(time) = entries.get(end).map(|entry| entry.time) else { return false };
    if earlier < bound(compiled, time) {
        return false;
    }
    let CorrelationWindow::Session { gap_us } = compiled.window else { return true };
    let from = entries.partition_point(|entry| entry.time < earlier);
    let mut before = earlier;
    entries.get(from..=end).unwrap_or_default().iter().all(|entry| {
        let is_near = entry.time.saturating_sub(before) <= gap_us;
        before = entry.time;
        is_near
    })
}

/// What is known before the first event that is counted, where the window starts, and which event is next.
fn begin(compiled: &Compiled, entries: &[Entry], from: i64, tail: Option<Box<Tail>>) -> (Tally, usize, usize) {
    let until = entries.partition_point(|entry| entry.time < from);
    if let Some(tail) = tail {
        return (tail.tally, tail.start, until);
    }
    // What a later window needs of the events before `from` is what the window of the last of them holds.
    let start = match until.checked_sub(1).and_then(|last| entries.get(last)) {
        Some(last) => first_of(compiled, entries, until, last.time),
        None => until,
    };
    let start = start.max(entries.partition_point(|entry| entry.time < bound(compiled, from)));
    match Tally::new(&compiled.count, entries.get(start..).unwrap_or_default()) {
        // Events need not be looked at to be counted.
        Tally::Events(_) => (Tally::Events(until - start), start, until),
        tally => (tally, start, start),
    }
}

/// Writes the answer to the last entry of the instant, and takes back what others of it said before they were joined.
fn note(entries: &mut [Entry], next: usize, time: i64, reached: Option<f64>, changed: &mut impl FnMut(&Entry, bool)) {
    let mut is_last = true;
    for entry in entries.iter_mut().take(next).rev().take_while(|entry| entry.time == time) {
        let now = if is_last { reached } else { None };
        if now.is_some() != entry.reached.is_some() {
            changed(entry, now.is_some());
        }
        entry.reached = now;
        is_last = false;
    }
}

/// What is in the window at present.
#[derive(Debug)]
enum Tally {
    Events(usize),
    Distinct(HashMap<i128, u32>),
    Sum { sum: i128, count: u64, is_mean: bool },
    Ranked(Ranked),
    Rules(RuleCounts),
    Ordered { rules: RuleCounts, sequence: Arc<[u8]>, starts: Vec<Option<i64>> },
}

#[derive(Debug, Default)]
struct RuleCounts {
    counts: Vec<u32>,
    present: u64,
}

impl Tally {
    fn new(count: &Count, entries: &[Entry]) -> Self {
        match count {
            Count::Events => Self::Events(0),
            Count::Distinct => Self::Distinct(HashMap::new()),
            Count::Sum => Self::Sum { sum: 0, count: 0, is_mean: false },
            Count::Mean => Self::Sum { sum: 0, count: 0, is_mean: true },
            Count::Percentile(rank) => Self::Ranked(Ranked::new(*rank, entries)),
            Count::Rules => Self::Rules(RuleCounts::default()),
            Count::Ordered(sequence) => {
                let sequence = Arc::clone(sequence);
                Self::Ordered { rules: RuleCounts::default(), starts: vec![None; sequence.len()], sequence }
            }
        }
    }

    /// Whether events can be added that were not known at first, and whether it took work to come here.
    fn goes_on(&self) -> bool {
        !matches!(self, Self::Events(_) | Self::Ranked(_))
    }

    fn add(&mut self, entry: &Entry) {
        match self {
            Self::Events(count) => *count += 1,
            Self::Distinct(values) => entry.values.iter().for_each(|value| *values.entry(*value).or_insert(0) += 1),
            Self::Sum { sum, count, .. } => {
                for value in &entry.values {
                    *sum = sum.saturating_add(*value);
                    *count += 1;
                }
            }
            Self::Ranked(ranked) => entry.values.iter().for_each(|value| ranked.change(*value, true)),
            Self::Rules(rules) | Self::Ordered { rules, .. } => rules.add(entry.rules),
        }
    }

    fn remove(&mut self, entry: &Entry) {
        match self {
            Self::Events(count) => *count -= 1,
            Self::Distinct(values) => {
                for value in &entry.values {
                    if let Some(count) = values.get_mut(value) {
                        *count -= 1;
                        if *count == 0 {
                            values.remove(value);
                        }
                    }
                }
            }
            Self::Sum { sum, count, .. } => {
                for value in &entry.values {
                    *sum = sum.saturating_sub(*value);
                    *count -= 1;
                }
            }
            Self::Ranked(ranked) => entry.values.iter().for_each(|value| ranked.change(*value, false)),
            Self::Rules(rules) | Self::Ordered { rules, .. } => rules.remove(entry.rules),
        }
    }

    /// All events of an instant are in. For every step of an order: the latest beginning from which it can be reached.
    fn arrive(&mut self, time: i64, present: u64) {
        let Self::Ordered { sequence, starts, .. } = self else { return };
        let mut before = Some(time);
        for (rule, start) in sequence.iter().zip(starts) {
            if present & (1 << rule) != 0 {
                *start = (*start).max(before);
            }
            before = *start;
        }
    }

    /// What the window has reached, if that is what is asked for. `since` is its beginning.
    fn reached(&self, demand: &Demand, since: i64) -> Option<Measure> {
        let (measure, present) = match self {
            Self::Events(count) => (Measure::whole(*count), 0),
            Self::Distinct(values) => (Measure::whole(values.len()), 0),
            Self::Sum { sum, is_mean: false, .. } => (Measure { micros: *sum, per: 1 }, 0),
            Self::Sum { sum, count, is_mean: true } => (Measure { micros: *sum, per: (*count).max(1) }, 0),
            Self::Ranked(ranked) => (ranked.measure()?, 0),
            Self::Rules(rules) => (rules.measure(), rules.present),
            Self::Ordered { rules, starts, .. } => {
                let is_in_order = starts.last().copied().flatten().is_some_and(|start| since <= start);
                if !is_in_order {
                    return None;
                }
                (rules.measure(), rules.present)
            }
        };
        let holds = match demand {
            Demand::Every(rules) => present.count_ones() as usize == *rules,
            Demand::Bounds(bounds) => bounds.iter().all(|bound| bound.holds(measure)),
            Demand::Expression(expression) => expression.holds(&|rule| present & (1_u64 << rule) != 0),
        };
        holds.then_some(measure)
    }
}

impl RuleCounts {
    fn add(&mut self, rules: u64) {
        self.change(rules, |count| *count += 1);
    }

    fn remove(&mut self, rules: u64) {
        self.change(rules, |count| *count -= 1);
    }

    fn change(&mut self, mut rules: u64, change: impl Fn(&mut u32)) {
        while rules != 0 {
            let rule = rules.trailing_zeros() as usize;
            rules &= rules - 1;
            if self.counts.len() <= rule {
                self.counts.resize(rule + 1, 0);
            }
            if let Some(count) = self.counts.get_mut(rule) {
                change(count);
                let bit = 1 << rule;
                self.present = if *count == 0 { self.present & !bit } else { self.present | bit };
            }
        }
    }

    fn measure(&self) -> Measure {
        Measure::whole(self.present.count_ones() as usize)
    }
}

/// Numbers by rank: a Fenwick tree over the different numbers of a pass, so that a percentile costs log n.
#[derive(Debug)]
struct Ranked {
    percentile: u64,
    numbers: Vec<i128>,
    tree: Vec<u64>,
    count: u64,
}

impl Ranked {
    fn new(percentile: u32, entries: &[Entry]) -> Self {
        let mut numbers: Vec<i128> = entries.iter().flat_map(|entry| entry.values.iter().copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let tree = vec![0; numbers.len() + 1];
        Self { percentile: u64::from(percentile), numbers, tree, count: 0 }
    }

    fn change(&mut self, number: i128, is_added: bool) {
        let Ok(place) = self.numbers.binary_search(&number) else { return };
        let mut node = place + 1;
        while let Some(count) = self.tree.get_mut(node) {
            if is_added {
                *count += 1
            } else {
                *count -= 1
            }
            node += node & node.wrapping_neg();
        }
        if is_added { self.count += 1 } else { self.count -= 1 }
    }

    /// The number of which `before` are smaller, or equal and counted before it.
    fn at(&self, mut before: u64) -> Option<i128> {
        let mut place = 0;
        let mut step = self.tree.len().next_power_of_two();
        while 0 < step {
            if let Some(count) = self.tree.get(place + step).filter(|count| **count <= before) {
                before -= count;
                place += step;
            }
            step /= 2;
        }
        self.numbers.get(place).copied()
    }

    /// The percentile, interpolated between the two numbers next to it.
    fn measure(&self) -> Option<Measure> {
        const HUNDRED: u64 = 100;
        let rank = self.percentile * self.count.checked_sub(1)?;
        let (below, rest) = (rank / HUNDRED, rank % HUNDRED);
        let low = self.at(below)?;
        let high = if rest == 0 { low } else { self.at(below + 1)? };
        let micros = low * i128::from(HUNDRED) + (high - low) * i128::from(rest);
        Some(Measure { micros, per: HUNDRED })
    }
}
