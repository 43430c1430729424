//! What a correlator gives up when it is full: of one group the oldest events, of all groups those that were quiet for
//! longest. Everything that goes is counted.

use std::sync::Arc;

use super::correlator::{Correlator, item};
use super::limits::CorrelatorLosses;

/// Evicting stops when this many sixteenths of a limit are in use, so that it is rare.
const FILLED_AFTER_EVICTION: usize = 15;

impl Correlator {
    /// Drops the oldest eighth of a group that is full, after making final what it leads to.
    pub(super) fn trim(&mut self, slot: u32, correlation: usize) {
        let program = Arc::clone(&self.program);
        let Some(compiled) = item(&program.correlations, correlation) else { return };
        self.evaluate_group(slot, correlation);
        let target = self.limits.hits_per_group_max - self.limits.hits_per_group_max / 8;
        let Some(Some(group)) = self.groups.get_mut(slot as usize) else { return };
        let mut excess = group.weight.saturating_sub(target);
        let first_kept = group.entries.iter().find(|entry| {
            let is_kept = excess == 0;
            excess = excess.saturating_sub(entry.weight());
            is_kept
        });
        let until = first_kept.or(group.entries.last()).map_or(i64::MIN, |entry| entry.time);
        group.fold(until, compiled, &mut self.pending);
        let count = group.entries.len();
        let gone = group.forget(until);
        self.weight -= gone;
        let count = (count - group.entries.len()) as u64;
        self.lose(correlation, |losses| losses.hits_evicted += count);
    }

    /// Drops the groups that were quiet for longest.
    pub(super) fn evict(&mut self) {
        let mut by_age: Vec<(i64, u32)> = (0..)
            .zip(&self.groups)
            .filter_map(|(slot, group)| group.as_ref().map(|group| (group.latest(), slot)))
            .collect();
        by_age.sort_unstable();
        let filled = |limit: usize| limit / 16 * FILLED_AFTER_EVICTION;
        let (groups_max, weight_max) = (filled(self.limits.groups_max), filled(self.limits.hits_max));
        for (_, slot) in by_age {
            if self.places.len() <= groups_max && self.weight <= weight_max {
                break;
            }
            let Some(group) = self.remove(slot) else { continue };
            self.lose(group.correlation, |losses| {
                losses.groups_evicted += 1;
                losses.hits_evicted += group.entries.len() as u64;
                losses.episodes_evicted += group.told.len() as u64;
            });
        }
    }

    pub(super) fn lose(&mut self, correlation: usize, count: impl FnOnce(&mut CorrelatorLosses)) {
        if let Some(losses) = self.losses.get_mut(correlation) {
            count(losses);
        }
    }
}
