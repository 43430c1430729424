//! What is known about one group of one correlation: its events, where the condition holds, and the episodes that follow
//! from that. Knows nothing of other groups.

use super::compiled::Compiled;
use super::episode::{Change, Episode, Mark, Run};
use super::window::{self, Entry, Tail};

/// Nothing is to be looked at again.
const CLEAN: i64 = i64::MAX;

/// The events and episodes of one group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) correlation: usize,
    pub(super) key: std::sync::Arc<[u8]>,
    /// Sorted by time, id and part.
    pub(super) entries: Vec<Entry>,
    /// What the events take of the limits.
    pub(super) weight: usize,
    /// Windows that end before this are final: they are part of `settled` and never looked at again.
    pub(super) folded_until: i64,
    /// The episode that the final windows leave open.
    pub(super) settled: Option<Run>,
    /// Open episodes as they were told.
    pub(super) told: Vec<Told>,
    /// Windows that end here or later must be looked at again.
    pub(super) dirty_from: i64,
    /// The window that ends at the latest event.
    tail: Option<Box<Tail>>,
    /// `told` takes account of all windows that end up to here.
    pub(super) seen_until: i64,
    /// Moments that went away together with their events.
    pub(super) lost: Vec<Mark>,
    /// When the group is to be visited.
    pub(super) due: i64,
}

/// An episode that was told.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Told {
    pub(super) run: Run,
    /// The event at which outer correlations were told of it.
    pub(super) forwarded: Option<Mark>,
}

/// What evaluating a group gave.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) episodes: Vec<Episode>,
    /// Moments at which the condition holds now (true) or no longer.
    pub(super) moments: Vec<(Mark, bool)>,
    /// Episodes, by the event that completed them, that are there now (true) or no longer.
    pub(super) completions: Vec<(Mark, bool)>,
}

impl Group {
    pub(super) fn new(correlation: usize, key: std::sync::Arc<[u8]>) -> Self {
        Self {
            correlation,
            key,
            entries: Vec::new(),
            weight: 0,
            folded_until: i64::MIN,
            settled: None,
            told: Vec::new(),
            dirty_from: CLEAN,
            tail: None,
            seen_until: i64::MIN,
            lost: Vec::new(),
            due: i64::MAX,
        }
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty_from != CLEAN
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.told.is_empty() && self.settled.is_none()
    }

    /// The time of the latest event.
    pub(super) fn latest(&self) -> i64 {
        let last = self.entries.last().map(|entry| entry.time);
        last.or_else(|| self.told.last().map(|told| told.run.last.time)).unwrap_or(i64::MIN)
    }

    /// Where an event is, or where it belongs. Mostly events come in order, so the end is tried first.
    pub(super) fn place(&self, key: (i64, &str, u64)) -> Result<usize, usize> {
        match self.entries.last() {
            Some(last) if last.key() < key => Err(self.entries.len()),
            _ => self.entries.binary_search_by(|entry| entry.key().cmp(&key)),
        }
    }

    pub(super) fn touch(&mut self, time: i64) {
        self.dirty_from = self.dirty_from.min(time);
    }

    /// Takes an event out again. Gives the weight that is gone.
    pub(super) fn remove(&mut self, place: usize) -> usize {
        let entry = self.entries.remove(place);
        self.touch(entry.time);
        if entry.reached.is_some() {
            self.lost.push(entry.mark());
        }
        self.weight -= entry.weight();
        entry.weight()
    }

    /// Looks at what changed and says what follows.
    pub(super) fn evaluate(&mut self, compiled: &Compiled, listed_max: usize) -> Changes {
        let mut changes = Changes::default();
        if !self.is_dirty() {
            return changes;
        }
        let from = self.dirty_from.max(self.folded_until);
        self.dirty_from = CLEAN;
        let moments = &mut changes.moments;
        moments.extend(self.lost.drain(..).map(|mark| (mark, false)));
        let tail = self.tail.take().filter(|_| self.seen_until < from);
        self.tail = window::slide(compiled, &mut self.entries, from, tail, |entry, holds| {
            moments.push((entry.mark(), holds));
        });
        let runs = self.runs(compiled, from);
        self.seen_until = self.entries.last().map_or(i64::MIN, |entry| entry.time);
        self.tell(&runs, compiled, listed_max, &mut changes);
        changes
    }

    /// The episodes as of now, the settled one first. Windows that end before `from` are as they were.
    fn runs(&self, compiled: &Compiled, from: i64) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut open = self.settled.clone();
        let mut since = self.folded_until;
        // Mostly events come in order; then what was told goes on, and a busy group is not gone through each time.
        let only_goes_on = self.seen_until < from;
        if only_goes_on {
            runs.extend(self.told.iter().map(|told| told.run.clone()));
            open = runs.pop();
            since = from;
        }
        let from = self.entries.partition_point(|entry| entry.time < since);
        for end in from..self.entries.len() {
            runs.extend(self.extend(&mut open, end, compiled));
        }
        runs.extend(open);
        runs
    }

    /// Takes the window that ends at `end` into the open run. Gives the run that ends instead, if it cannot go on.
    fn extend(&self, open: &mut Option<Run>, end: usize, compiled: &Compiled) -> Option<Run> {
        let entry = self.entries.get(end)?;
        let reached = entry.reached?;
        let count = |since: i64| {
            let before = self.entries.partition_point(|entry| entry.time < since);
            (end + 1 - before.min(end + 1)) as u64
        };
        let goes_on = |run: &&mut Run| window::reaches(compiled, &self.entries, end, run.last.time);
        if let Some(run) = open.as_mut().filter(goes_on) {
            run.total += count(run.last.time.saturating_add(1));
            run.last = entry.mark();
            run.peak = run.peak.max(reached);
            return None;
        }
        let first = self.entries.get(window::first_of(compiled, &self.entries, end + 1, entry.time))?;
        let begun = Run {
            first: first.mark(),
            completed: entry.mark(),
            last: entry.mark(),
            value: reached,
            peak: reached,
            total: count(first.time),
        };
        open.replace(begun)
    }

    /// Compares with what was told before.
    fn tell(&mut self, runs: &[Run], compiled: &Compiled, listed_max: usize, changes: &mut Changes) {
        let span = compiled.timespan_us;
        let before = std::mem::take(&mut self.told);
        let (kept, gone): (Vec<Told>, Vec<Told>) =
            before.into_iter().partition(|told| runs.iter().any(|run| run.first == told.run.first));
        let mut replaced: Vec<(usize, Mark)> = Vec::new();
        for told in gone {
            changes.completions.extend(told.forwarded.map(|mark| (mark, false)));
            match runs.iter().position(|run| overlaps(run, &told.run, span)) {
                Some(run) => replaced.push((run, told.run.first)),
                None => changes.episodes.push(self.episode(&told.run, Change::Withdrawn)),
            }
        }
        for (number, run) in runs.iter().enumerate() {
            let earlier = kept.iter().find(|told| told.run.first == run.first);
            let supersedes: Vec<_> =
                replaced.iter().filter(|(by, _)| *by == number).map(|(_, first)| first.shown()).collect();
            if earlier.is_none() || !supersedes.is_empty() {
                let change = if supersedes.is_empty() { Change::Opened } else { Change::Revised };
                let events = self.listed(run, compiled, listed_max);
                changes.episodes.push(Episode { events, supersedes, ..self.episode(run, change) });
            }
            let forwarded = earlier.and_then(|told| told.forwarded.clone());
            if forwarded.as_ref() != Some(&run.completed) {
                changes.completions.extend(forwarded.map(|mark| (mark, false)));
                changes.completions.push((run.completed.clone(), true));
            }
            self.told.push(Told { run: run.clone(), forwarded: Some(run.completed.clone()) });
        }
    }

    /// The events of the window in which the run's condition first held.
    fn listed(&self, run: &Run, compiled: &Compiled, listed_max: usize) -> Vec<super::EventRef> {
        let until = self.entries.partition_point(|entry| entry.time <= run.completed.time);
        let from = window::first_of(compiled, &self.entries, until, run.completed.time);
        let mut marks: Vec<Mark> =
            self.entries.get(from..until).unwrap_or_default().iter().take(listed_max).map(Entry::mark).collect();
        marks.dedup();
        marks.iter().map(Mark::shown).collect()
    }

    fn episode(&self, run: &Run, change: Change) -> Episode {
        let correlation = u32::try_from(self.correlation).unwrap_or(u32::MAX);
        run.episode(change, correlation, super::key::decode(&self.key))
    }

    /// Makes everything before `until` final: nothing that happened earlier will be heard of any more.
    pub(super) fn fold(&mut self, until: i64, compiled: &Compiled, episodes: &mut Vec<Episode>) {
        if until <= self.folded_until {
            return;
        }
        let from = self.entries.partition_point(|entry| entry.time < self.folded_until);
        let to = self.entries.partition_point(|entry| entry.time < until);
        let mut open = self.settled.take();
        for end in from..to {
            if let Some(closed) = self.extend(&mut open, end, compiled) {
                self.close(&closed, episodes);
            }
        }
        match open {
            Some(run) if run.last.time.saturating_add(compiled.timespan_us) < until => self.close(&run, episodes),
            open => self.settled = open,
        }
        self.folded_until = until;
    }

    fn close(&mut self, run: &Run, episodes: &mut Vec<Episode>) {
        self.told.retain(|told| told.run.first != run.first);
        episodes.push(self.episode(run, Change::Closed));
    }

    /// Drops what no window that may still change can hold. Gives the weight that is gone.
    pub(super) fn forget(&mut self, before: i64) -> usize {
        let count = self.entries.partition_point(|entry| entry.time < before);
        self.tail = self.tail.take().and_then(|tail| tail.without(count));
        let gone: usize = self.entries.drain(..count).map(|entry| entry.weight()).sum();
        self.weight -= gone;
        gone
    }
}

fn overlaps(one: &Run, other: &Run, span: i64) -> bool {
    one.first.time <= other.last.time.saturating_add(span) && other.first.time <= one.last.time.saturating_add(span)
}
