//! All baselines together: one call per event. The parent of `learner`; it decides who sees an event, not what it means.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ocsf::Event;

use crate::definition::Baseline;
use crate::event_times::seconds;
use crate::facts::Facts;
use crate::field::Field;
use crate::guard::Guard;
use crate::hash::Keyed;
use crate::learner::{Context, Learner, Memory};
use crate::limits::Limits;
use crate::load::Loaded;
use crate::places::Places;
use crate::table::Table;
use crate::unusual::Unusual;

/// Baselines with what they have learned.
#[derive(Debug, Clone)]
pub struct Baselines {
    pub(crate) baselines: Vec<Baseline>,
    pub(crate) learners: Vec<Learner>,
    pub(crate) limits: Limits,
    pub(crate) keyed: Keyed,
    pub(crate) guard: Guard,
    pub(crate) applied: BTreeMap<String, u64>,
    pub(crate) observed: u64,
    places: Option<Places>,
    by_format: BTreeMap<String, Vec<usize>>,
}

/// Counters of one baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineStats {
    pub id: String,
    pub title: String,
    /// Why it cannot say anything, if so.
    pub waiting: Option<&'static str>,
    pub entities: usize,
    pub peers: usize,
    /// Entities and peers that were forgotten because there were too many.
    pub evicted: u64,
    /// Events that it is about.
    pub selected: u64,
    /// Of these, events that do not name the entity or its peer group.
    pub nameless: u64,
    /// Of these, events too late to count as amounts.
    pub late: u64,
    pub unusual: u64,
    /// Bytes of memory, estimated from capacities.
    pub bytes: usize,
}

/// Counters of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Events that were counted.
    pub observed: u64,
    /// Events that were there before and were not counted again.
    pub duplicates: u64,
    /// Events more than a day after what [`Baselines::set_now`] said.
    pub from_the_future: u64,
    pub baselines: Vec<BaselineStats>,
}

impl Baselines {
    /// Baselines that have learned nothing yet.
    #[must_use]
    pub fn new(loaded: Loaded, limits: Limits, places: Option<Places>) -> Self {
        let mut by_format: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, baseline) in loaded.baselines.iter().enumerate() {
            for format in baseline.formats() {
                by_format.entry(format.clone()).or_default().push(index);
            }
        }
        Self {
            learners: loaded.baselines.iter().map(|one| Learner::new(&one.measure, &limits)).collect(),
            baselines: loaded.baselines,
            keyed: Keyed::new(&limits.hash_key),
            guard: Guard::new(limits.recent_uids_max),
            applied: BTreeMap::new(),
            observed: 0,
            limits,
            places,
            by_format,
        }
    }

    /// The baselines, in the order that [`Unusual::baseline`] counts.
    #[must_use]
    pub fn baselines(&self) -> &[Baseline] {
        &self.baselines
    }

    /// What time it is for the caller: from now on events more than a day later are not counted, so that a wrong clock
    /// or a hostile record spoils nothing. Without it every time is believed.
    pub fn set_now(&mut self, now: Timestamp) {
        self.guard.set_now(seconds(now));
    }

    /// Learns from an event and says how it was unusual, in the order of the baselines.
    pub fn observe(&mut self, event: &Event) -> Vec<Unusual> {
        if self.by_format.contains_key(event.format) { self.observe_facts(&Facts::of(event)) } else { Vec::new() }
    }

    pub(crate) fn observe_facts(&mut self, facts: &Facts<'_>) -> Vec<Unusual> {
        let format = facts.carried(Field::Format).unwrap_or_default();
        let Some(interested) = self.by_format.get(format) else { return Vec::new() };
        let uid = self.keyed.pair(format.as_bytes(), facts.uid.as_bytes());
        if !self.guard.admits(uid, seconds(facts.time)) {
            return Vec::new();
        }
        self.observed += 1;
        let mut found = Vec::new();
        for index in interested {
            let (Some(baseline), Some(learner)) = (self.baselines.get(*index), self.learners.get_mut(*index)) else {
                continue;
            };
            let places = self.places.as_ref();
            let waits = places.is_none() && baseline.needs_places();
            if !waits && baseline.select.matches(facts, places) {
                let context = Context { index: *index, baseline, places, keyed: &self.keyed };
                found.extend(learner.observe(context, facts));
            }
        }
        found
    }

    /// Remembers that a batch of a source has been observed. Sequences of one source only grow; the snapshot carries the
    /// last one, so after a restart the caller observes exactly the batches for which [`Self::is_applied`] is false.
    /// False when there are more sources than [`Limits::sources_max`] and this one cannot be remembered.
    pub fn note_applied(&mut self, source: &str, sequence: u64) -> bool {
        if let Some(last) = self.applied.get_mut(source) {
            *last = sequence.max(*last);
            return true;
        }
        let has_room = self.applied.len() < self.limits.sources_max;
        if has_room {
            self.applied.insert(source.to_owned(), sequence);
        }
        has_room
    }

    /// The last batch of every source that has been observed.
    pub fn applied(&self) -> impl Iterator<Item = (&str, u64)> {
        self.applied.iter().map(|(source, sequence)| (source.as_str(), *sequence))
    }

    /// Whether a batch of a source was observed before.
    #[must_use]
    pub fn is_applied(&self, source: &str, sequence: u64) -> bool {
        self.applied.get(source).is_some_and(|last| sequence <= *last)
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let waits = |baseline: &Baseline| {
            (self.places.is_none() && baseline.needs_places()).then_some("needs a table of places")
        };
        let one = |(baseline, learner): (&Baseline, &Learner)| {
            let (entities, peers, evicted, bytes) = sizes(&learner.memory);
            BaselineStats {
                id: baseline.id.clone(),
                title: baseline.title.clone(),
                waiting: waits(baseline),
                entities,
                peers,
                evicted,
                selected: learner.selected,
                nameless: learner.nameless,
                late: learner.late,
                unusual: learner.unusual,
                bytes,
            }
        };
        Stats {
            observed: self.observed,
            duplicates: self.guard.duplicates,
            from_the_future: self.guard.from_the_future,
            baselines: self.baselines.iter().zip(&self.learners).map(one).collect(),
        }
    }
}

/// Entities, peers, evictions, bytes.
fn sizes(memory: &Memory) -> (usize, usize, u64, usize) {
    fn table<T: Default>(table: &Table<T>, heap: impl Fn(&T) -> usize) -> (usize, u64, usize) {
        (table.len(), table.evicted(), table.own_bytes() + table.states().map(heap).sum::<usize>())
    }
    let values = |state: &crate::values::Values| state.heap_bytes();
    let nothing = (0, 0, 0);
    let (entities, peers) = match memory {
        Memory::Values { entities, peers } => (table(entities, values), table(peers, values)),
        Memory::Rarity { entities, peers } => (table(entities, values), table(peers, |group| group.heap_bytes())),
        Memory::Volume { entities, peers } => {
            (table(entities, |volume| volume.heap_bytes()), table(peers, |peer| peer.amounts.heap_bytes()))
        }
        Memory::Travel { entities } => (table(entities, |travel| travel.places.heap_bytes()), nothing),
        Memory::Dormant { entities } => (table(entities, |_| 0), nothing),
    };
    (entities.0, peers.0, entities.1 + peers.1, entities.2 + peers.2)
}
