//! What must not be counted: an event seen before, and one that claims to be from the future.
//!
//! Batches are applied once by the caller's order of transactions (see [`crate::Baselines::note_applied`]); remembering
//! recent uids catches copies within and across neighbouring batches.

use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasherDefault;

use crate::table::Same;

/// Seconds by which clocks of sources may be ahead.
const AHEAD_SECONDS_MAX: u32 = 86_400;

/// Remembers recent events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    max: usize,
    order: VecDeque<u64>,
    known: HashSet<u64, BuildHasherDefault<Same>>,
    not_after: Option<u32>,
    pub(crate) duplicates: u64,
    pub(crate) from_the_future: u64,
}

impl Guard {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    pub(crate) fn set_now(&mut self, now: u32) {
        self.not_after = Some(now.saturating_add(AHEAD_SECONDS_MAX));
    }

    /// Whether an event counts; it is remembered if so.
    pub(crate) fn admits(&mut self, uid: u64, at: u32) -> bool {
        if self.not_after.is_some_and(|limit| limit < at) {
            self.from_the_future += 1;
            return false;
        }
        if !self.known.insert(uid) {
            self.duplicates += 1;
            return false;
        }
        self.order.push_back(uid);
        if self.max < self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    /// Oldest first.
    pub(crate) fn recent(&self) -> Vec<u64> {
        self.order.iter().copied().collect()
    }

    pub(crate) fn load(&mut self, recent: &[u64]) {
        let skipped = recent.len().saturating_sub(self.max);
        self.order = recent.iter().skip(skipped).copied().collect();
        self.known = self.order.iter().copied().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_once_while_it_is_remembered() {
        let mut guard = Guard::new(2);
        let admitted: Vec<bool> = [1, 2, 1, 2, 3, 1].into_iter().map(|uid| guard.admits(uid, 0)).collect();
        assert_eq!(admitted, [true, true, false, false, true, true]);
        assert_eq!(guard.duplicates, 2);
    }

    #[test]
    fn the_future_begins_a_day_after_now() {
        let mut guard = Guard::new(9);
        assert!(guard.admits(1, u32::MAX), "nobody said what time it is");
        guard.set_now(1_000_000);
        assert!(guard.admits(2, 1_086_400));
        assert!(!guard.admits(3, 1_086_401));
        assert_eq!(guard.from_the_future, 1);
    }
}
