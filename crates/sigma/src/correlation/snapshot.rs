//! A correlator's memory as plain data, so that a restart in the middle of a window changes nothing: keep a snapshot, and
//! after a restart push the hits that came since. Hits that are pushed twice change nothing either.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::correlator::Correlator;
use super::episode::{Episode, EventRef, Mark, Run};
use super::group::{Group, Told};
use super::key;
use super::limits::{CorrelationLimits, CorrelatorLosses};
use super::window::Entry;
use crate::program::Program;

/// Everything that a [`Correlator`] knows. Its parts are not for others to read; they may change with the version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelatorSnapshot {
    format: u32,
    horizon: i64,
    correlations: Vec<SavedCorrelation>,
    pending: Vec<Episode>,
}

/// The present format.
const FORMAT: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SavedCorrelation {
    id: String,
    version: String,
    losses: CorrelatorLosses,
    groups: Vec<SavedGroup>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SavedGroup {
    values: Vec<Option<String>>,
    entries: Vec<SavedEntry>,
    folded_until: i64,
    settled: Option<Run>,
    told: Vec<Told>,
    dirty_from: i64,
    lost: Vec<EventRef>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SavedEntry {
    time: i64,
    uid: String,
    part: u64,
    rules: u64,
    /// Digits: not every reader of JSON knows integers of 128 bits.
    values: Vec<String>,
    reached: Option<f64>,
}

impl Correlator {
    /// The present state. Best taken right after [`Correlator::evaluate`] or [`Correlator::watermark`].
    #[must_use]
    pub fn snapshot(&self) -> CorrelatorSnapshot {
        let items = &self.program.correlations.items;
        let mut correlations: Vec<SavedCorrelation> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for (number, item) in items.iter().enumerate() {
            let Some(item) = item else { continue };
            let (id, version) = item.name.clone();
            let losses = self.losses.get(number).copied().unwrap_or_default();
            places.insert(number, correlations.len());
            correlations.push(SavedCorrelation { id, version, losses, groups: Vec::new() });
        }
        for group in self.groups.iter().flatten() {
            let place = places.get(&group.correlation).copied();
            if let Some(saved) = place.and_then(|place| correlations.get_mut(place)) {
                saved.groups.push(save(group));
            }
        }
        let place = |episode: &Episode| places.get(&(episode.correlation as usize)).copied();
        let pending = self.pending.iter().filter_map(|episode| {
            let correlation = u32::try_from(place(episode)?).ok()?;
            Some(Episode { correlation, ..episode.clone() })
        });
        let pending = pending.collect();
        // Places in memory are an accident; what is kept is not.
        for correlation in &mut correlations {
            correlation.groups.sort_by(|one, other| one.values.cmp(&other.values));
        }
        CorrelatorSnapshot { format: FORMAT, horizon: self.horizon, correlations, pending }
    }

    /// Goes on from a snapshot. Correlations are found again by id and version, so other rules may have changed
    /// meanwhile. The second value names those whose windows are lost, because they changed or are gone.
    #[must_use]
    pub fn restore(program: &Program, limits: CorrelationLimits, snapshot: CorrelatorSnapshot) -> (Self, Vec<String>) {
        let mut correlator = Self::new(program, limits);
        let items = correlator.program.correlations.items.iter().enumerate();
        let known: HashMap<(String, String), usize> =
            items.filter_map(|(number, item)| Some((item.as_ref()?.name.clone(), number))).collect();
        let is_readable = snapshot.format == FORMAT;
        let numbers: Vec<Option<usize>> = snapshot
            .correlations
            .iter()
            .map(|saved| known.get(&(saved.id.clone(), saved.version.clone())).copied())
            .collect();
        let mut lost = Vec::new();
        for saved in snapshot.correlations {
            match known.get(&(saved.id.clone(), saved.version)).filter(|_| is_readable) {
                Some(number) => {
                    if let Some(losses) = correlator.losses.get_mut(*number) {
                        *losses = saved.losses;
                    }
                    saved.groups.into_iter().for_each(|group| correlator.load(*number, group));
                }
                None if saved.groups.is_empty() => {}
                None => lost.push(saved.id),
            }
        }
        if is_readable {
            correlator.horizon = snapshot.horizon;
            correlator.pending =
                snapshot.pending.into_iter().filter_map(|episode| renumbered(episode, &numbers)).collect();
        }
        (correlator, lost)
    }

    fn load(&mut self, correlation: usize, saved: SavedGroup) {
        let mut bytes = Vec::new();
        key::encode(correlation, &saved.values, &mut bytes);
        let mut group = Group::new(correlation, Arc::from(bytes));
        group.entries = saved.entries.into_iter().map(load_entry).collect();
        group.weight = group.entries.iter().map(Entry::weight).sum();
        group.folded_until = saved.folded_until;
        group.settled = saved.settled;
        group.told = saved.told;
        group.dirty_from = saved.dirty_from;
        group.seen_until = i64::MAX;
        group.lost = saved.lost.into_iter().map(Mark::from).collect();
        self.adopt(group);
    }
}

fn renumbered(episode: Episode, numbers: &[Option<usize>]) -> Option<Episode> {
    let number = numbers.get(episode.correlation as usize).copied()??;
    Some(Episode { correlation: u32::try_from(number).ok()?, ..episode })
}

fn save(group: &Group) -> SavedGroup {
    let entry = |entry: &Entry| SavedEntry {
        time: entry.time,
        uid: entry.uid.to_string(),
        part: entry.part,
        rules: entry.rules,
        values: entry.values.iter().map(ToString::to_string).collect(),
        reached: entry.reached,
    };
    SavedGroup {
        values: key::decode(&group.key),
        entries: group.entries.iter().map(entry).collect(),
        folded_until: group.folded_until,
        settled: group.settled.clone(),
        told: group.told.clone(),
        dirty_from: group.dirty_from,
        lost: group.lost.iter().map(Mark::shown).collect(),
    }
}

fn load_entry(saved: SavedEntry) -> Entry {
    Entry {
        time: saved.time,
        uid: saved.uid.into(),
        part: saved.part,
        rules: saved.rules,
        values: saved.values.iter().filter_map(|value| value.parse().ok()).collect(),
        reached: saved.reached,
    }
}
