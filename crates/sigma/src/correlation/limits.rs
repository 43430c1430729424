//! How much the second stage may keep, and what it reports when that was not enough.

use serde::{Deserialize, Serialize};

/// Limits of a [`super::Correlator`]. What does not fit is evicted, the stalest first, and counted in
/// [`CorrelatorLosses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrelationLimits {
    /// How far behind the watermark a hit may come.
    pub lateness_us: i64,
    /// Groups of all correlations together. A group with one hit takes about 400 bytes.
    pub groups_max: usize,
    /// Hits of all groups together, where a hit with values counts once more for each of them. A hit takes about 200 bytes,
    /// so the default comes to 800 MB at worst.
    pub hits_max: usize,
    /// Hits of one group, values included as above; so it also bounds the different values of a group.
    pub hits_per_group_max: usize,
    /// Events that are listed with an episode; their number is always told.
    pub events_listed_max: usize,
}

impl Default for CorrelationLimits {
    fn default() -> Self {
        Self {
            // Quarter of an hour: CloudTrail delivers most events within five minutes, and promises fifteen.
            lateness_us: 15 * 60 * 1_000_000,
            groups_max: 1_000_000,
            hits_max: 4_000_000,
            hits_per_group_max: 100_000,
            events_listed_max: 32,
        }
    }
}

/// What one correlation lost. All zero means that nothing was missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrelatorLosses {
    /// Hits that came later than allowed, or whose time is absurd, and were not counted.
    pub too_late: u64,
    /// Hits that were dropped before their time because of a limit.
    pub hits_evicted: u64,
    /// Groups that were dropped before their time because of a limit.
    pub groups_evicted: u64,
    /// Episodes that were going on in such groups: they may be reported a second time under another first event.
    pub episodes_evicted: u64,
}

/// How much is kept at present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrelatorStats {
    /// Groups of all correlations.
    pub groups: usize,
    /// Hits of all groups, values included.
    pub hits: usize,
    /// Episodes that are open.
    pub episodes: usize,
}

impl CorrelatorLosses {
    /// Whether nothing was lost.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
