//! Every bound of what is remembered, in one place. Log content is hostile; nothing here grows with what it claims.
//!
//! Bounds of what one entity may hold stand next to its state; these are the ones a deployment may choose.

/// Bounds for one [`crate::Baselines`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entities per baseline. Beyond it the least recently active one is forgotten and counted.
    pub entities_max: usize,
    /// Peer groups per baseline, with the same rule.
    pub peers_max: usize,
    /// Uids of recent events that are remembered, so that one event is not counted twice.
    pub recent_uids_max: usize,
    /// Sources whose last applied batch is remembered.
    pub sources_max: usize,
    /// Key of all hashes. Choose your own where log writers could know ours and search for collisions; a snapshot can
    /// only be restored with the key that it was taken with.
    pub hash_key: [u8; 16],
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entities_max: 200_000,
            peers_max: 20_000,
            recent_uids_max: 16_384,
            sources_max: 10_000,
            hash_key: *b"watertight-basis",
        }
    }
}
