//! Second stage: hits in any order become episodes. The caller brings hits and says how far time has come; this decides
//! nothing by itself, reads no clock, and keeps no more than its limits allow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::compiled::{Compiled, CorrelationSet, Count};
use super::episode::Episode;
use super::group::Group;
use super::hit::Hit;
use super::limits::{CorrelationLimits, CorrelatorLosses, CorrelatorStats};
use super::window::Entry;
use super::{key, measure};
use crate::program::{Compiled as CompiledProgram, Program};

/// Correlates hits: see the module's page for what the answers mean.
#[derive(Debug)]
pub struct Correlator {
    pub(super) program: Arc<CompiledProgram>,
    pub(super) limits: CorrelationLimits,
    /// What happens before this comes too late.
    pub(super) horizon: i64,
    pub(super) groups: Vec<Option<Group>>,
    free: Vec<u32>,
    pub(super) places: HashMap<Arc<[u8]>, u32>,
    /// By correlation: groups to evaluate.
    pub(super) dirty: Vec<Vec<u32>>,
    /// When to visit which groups. A group is visited when its own `due` says the same.
    due: BTreeMap<i64, Vec<u32>>,
    pub(super) weight: usize,
    pub(super) losses: Vec<CorrelatorLosses>,
    /// Told at the next occasion.
    pub(super) pending: Vec<Episode>,
    pub(super) scratch: Vec<u8>,
}

/// Visits are rounded up to this part of the timespan, so that a busy group is not visited for every event.
const VISITS_PER_TIMESPAN: i64 = 4;
/// Times are within 73,000 years of 1970, so that sums of two of them and a timespan are numbers.
const TIME_US_MAX: i64 = i64::MAX / 4;

impl Correlator {
    /// An empty correlator for the correlations of a program.
    #[must_use]
    pub fn new(program: &Program, limits: CorrelationLimits) -> Self {
        let program = Arc::clone(&program.compiled);
        let count = program.correlations.items.len();
        Self {
            program,
            limits,
            horizon: i64::MIN,
            groups: Vec::new(),
            free: Vec::new(),
            places: HashMap::new(),
            dirty: vec![Vec::new(); count],
            due: BTreeMap::new(),
            weight: 0,
            losses: vec![CorrelatorLosses::default(); count],
            pending: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Takes one hit. Giving the same hit again changes nothing; one that was needed no longer and is forgotten counts as
    /// too late.
    pub fn push(&mut self, hit: &Hit) {
        let correlation = hit.correlation as usize;
        let program = Arc::clone(&self.program);
        let Some(compiled) = item(&program.correlations, correlation) else { return };
        let Some(values) = values(&compiled.count, &hit.values) else { return };
        if !(-TIME_US_MAX..=TIME_US_MAX).contains(&hit.time_us) {
            return self.lose(correlation, |losses| losses.too_late += 1);
        }
        let entry = Entry {
            time: hit.time_us,
            uid: Arc::from(hit.uid.as_str()),
            part: 0,
            rules: 1_u64.checked_shl(u32::from(hit.rule)).unwrap_or(0),
            values,
            reached: None,
        };
        self.insert(correlation, &hit.group, entry);
    }

    /// What follows from the hits pushed since the last call. Deterministic: it does not depend on their order.
    #[must_use]
    pub fn evaluate(&mut self) -> Vec<Episode> {
        let program = Arc::clone(&self.program);
        for correlation in &program.correlations.order {
            let dirty = self.dirty.get_mut(*correlation).map(std::mem::take).unwrap_or_default();
            for slot in dirty {
                self.evaluate_group(slot, *correlation);
            }
        }
        let mut episodes = std::mem::take(&mut self.pending);
        episodes.sort_by(|one, other| {
            let key = |episode: &Episode| (episode.completed.time_us, episode.correlation);
            key(one).cmp(&key(other)).then_with(|| one.group.cmp(&other.group))
        });
        episodes
    }

    /// Time has come this far: hits may still come that are up to the lateness older, and none before. Evaluates, closes
    /// what cannot change any more and forgets what no window needs. A watermark never goes back.
    #[must_use]
    pub fn watermark(&mut self, us: i64) -> Vec<Episode> {
        let horizon = us.saturating_sub(self.limits.lateness_us);
        self.advance(horizon)
    }

    /// No more hits will come: evaluates and closes everything.
    #[must_use]
    pub fn finish(&mut self) -> Vec<Episode> {
        self.advance(i64::MAX)
    }

    fn advance(&mut self, horizon: i64) -> Vec<Episode> {
        let mut episodes = self.evaluate();
        self.horizon = self.horizon.max(horizon);
        while let Some(entry) = self.due.first_entry() {
            if self.horizon <= *entry.key() {
                break;
            }
            let (due, slots) = entry.remove_entry();
            for slot in slots {
                self.visit(slot, due);
            }
        }
        episodes.extend(self.evaluate());
        episodes
    }

    /// What each correlation lost so far, by position.
    #[must_use]
    pub fn losses(&self) -> &[CorrelatorLosses] {
        &self.losses
    }

    /// How much is kept at present.
    #[must_use]
    pub fn stats(&self) -> CorrelatorStats {
        let episodes = self.groups.iter().flatten().map(|group| group.told.len()).sum();
        CorrelatorStats { groups: self.places.len(), hits: self.weight, episodes }
    }

    pub(super) fn insert(&mut self, correlation: usize, group: &[Option<String>], entry: Entry) {
        let slot = self.slot(correlation, group);
        let Some(Some(group)) = self.groups.get_mut(slot as usize) else { return };
        let place = group.place(entry.key());
        let is_known = place
            .is_ok_and(|place| group.entries.get(place).is_some_and(|known| known.rules & entry.rules == entry.rules));
        if is_known {
            return;
        }
        // A full group makes room by giving up what is older; for what is oldest itself there is none.
        let is_full = self.limits.hits_per_group_max <= group.weight;
        if is_full && group.entries.first().is_some_and(|oldest| entry.time <= oldest.time) {
            return self.lose(correlation, |losses| losses.hits_evicted += 1);
        }
        if entry.time < self.horizon.max(group.folded_until) {
            self.lose(correlation, |losses| losses.too_late += 1);
            self.remove_if_empty(slot);
            return;
        }
        if !group.is_dirty()
            && let Some(dirty) = self.dirty.get_mut(correlation)
        {
            dirty.push(slot);
        }
        group.touch(entry.time);
        let before = group.entries.len();
        let weight_before = group.weight;
        match place {
            Ok(place) => {
                if let Some(known) = group.entries.get_mut(place) {
                    group.weight -= known.weight();
                    merge(known, &entry, item(&self.program.correlations, correlation));
                    group.weight += known.weight();
                }
            }
            Err(place) => {
                group.weight += entry.weight();
                group.entries.insert(place, entry);
            }
        }
        self.weight = self.weight - weight_before + group.weight;
        let is_over = self.limits.hits_per_group_max < group.weight;
        if before == 0 {
            self.schedule(slot);
        }
        if is_over {
            self.trim(slot, correlation);
        }
        if self.limits.hits_max < self.weight {
            self.evict();
        }
    }

    /// The place of a group, made if it is new.
    fn slot(&mut self, correlation: usize, group: &[Option<String>]) -> u32 {
        let mut bytes = std::mem::take(&mut self.scratch);
        key::encode(correlation, group, &mut bytes);
        if let Some(slot) = self.places.get(bytes.as_slice()) {
            let slot = *slot;
            self.scratch = bytes;
            return slot;
        }
        if self.limits.groups_max <= self.places.len() {
            self.evict();
        }
        let group = Group::new(correlation, Arc::from(bytes.as_slice()));
        self.scratch = bytes;
        self.place(group)
    }

    fn place(&mut self, group: Group) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.groups.push(None);
            u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX)
        });
        self.places.insert(Arc::clone(&group.key), slot);
        if let Some(free) = self.groups.get_mut(slot as usize) {
            *free = Some(group);
        }
        slot
    }

    /// Takes in a group that was kept.
    pub(super) fn adopt(&mut self, group: Group) {
        let (correlation, is_dirty) = (group.correlation, group.is_dirty());
        self.weight += group.weight;
        let slot = self.place(group);
        if is_dirty && let Some(dirty) = self.dirty.get_mut(correlation) {
            dirty.push(slot);
        }
        self.schedule(slot);
    }

    pub(super) fn evaluate_group(&mut self, slot: u32, correlation: usize) {
        let program = Arc::clone(&self.program);
        let Some(compiled) = item(&program.correlations, correlation) else { return };
        let Some(Some(group)) = self.groups.get_mut(slot as usize) else { return };
        // The place may have been given to another group since it was marked.
        if group.correlation != correlation {
            return;
        }
        let changes = group.evaluate(compiled, self.limits.events_listed_max);
        let key = Arc::clone(&group.key);
        self.remove_if_empty(slot);
        self.forward(compiled, &key, &changes);
        self.pending.extend(changes.episodes);
    }

    /// Closes and forgets what is due in a group.
    fn visit(&mut self, slot: u32, due: i64) {
        let program = Arc::clone(&self.program);
        let Some(Some(group)) = self.groups.get_mut(slot as usize) else { return };
        let Some(compiled) = item(&program.correlations, group.correlation) else { return };
        if group.due != due {
            return;
        }
        group.due = i64::MAX;
        group.fold(self.horizon, compiled, &mut self.pending);
        self.weight -= group.forget(self.horizon.saturating_sub(compiled.timespan_us));
        if !self.remove_if_empty(slot) {
            self.schedule(slot);
        }
    }

    /// Notes when the group is to be visited next: when its oldest event, or its oldest episode, is past.
    fn schedule(&mut self, slot: u32) {
        let Some(Some(group)) = self.groups.get_mut(slot as usize) else { return };
        let Some(compiled) = item(&self.program.correlations, group.correlation) else { return };
        let oldest = group.entries.first().map(|entry| entry.time);
        let oldest = oldest.or_else(|| group.told.iter().map(|told| told.run.last.time).min());
        let Some(oldest) = oldest else { return };
        let step = (compiled.timespan_us / VISITS_PER_TIMESPAN).max(1);
        let past = oldest.saturating_add(compiled.timespan_us).max(self.horizon);
        let due = past.div_euclid(step).saturating_add(1).saturating_mul(step);
        group.due = due;
        self.due.entry(due).or_default().push(slot);
    }

    fn remove_if_empty(&mut self, slot: u32) -> bool {
        let is_empty = matches!(self.groups.get(slot as usize), Some(Some(group)) if group.is_empty());
        if is_empty {
            self.remove(slot);
        }
        is_empty
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Group> {
        let group = self.groups.get_mut(slot as usize)?.take()?;
        self.places.remove(&group.key);
        self.free.push(slot);
        self.weight -= group.weight;
        Some(group)
    }
}

pub(super) fn item(set: &CorrelationSet, correlation: usize) -> Option<&Compiled> {
    set.items.get(correlation)?.as_ref()
}

/// What is kept of a hit's values. `None` if nothing of it can be counted.
pub(super) fn values(count: &Count, texts: &[String]) -> Option<Box<[i128]>> {
    let values: Box<[i128]> = match count {
        Count::Events | Count::Rules | Count::Ordered(_) => return Some(Box::default()),
        Count::Distinct => texts.iter().map(|text| key::digest(text.as_bytes())).collect(),
        Count::Sum | Count::Mean | Count::Percentile(_) => {
            texts.iter().filter_map(|text| measure::micros_of(text)).collect()
        }
    };
    (!values.is_empty()).then_some(values)
}

/// The same event by another rule: it is one event that matched both.
fn merge(known: &mut Entry, entry: &Entry, compiled: Option<&Compiled>) {
    let is_earlier_rule = entry.rules < (known.rules & known.rules.wrapping_neg());
    known.rules |= entry.rules;
    match compiled.map(|compiled| &compiled.count) {
        Some(Count::Distinct) => {
            let mut values = known.values.to_vec();
            values.extend(entry.values.iter().copied());
            values.sort_unstable();
            values.dedup();
            known.values = values.into();
        }
        // The number is that of the rule listed first, whichever came first.
        Some(Count::Sum | Count::Mean | Count::Percentile(_)) if is_earlier_rule => {
            known.values.clone_from(&entry.values)
        }
        _ => {}
    }
}
