//! Names of entities and values as fixed-size keys: SipHash-1-3 with the key of [`crate::Limits`].
//!
//! Keyed, so that a log writer cannot choose collisions; fixed, so that the same events give the same answers.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

/// Hashes with one key.
#[derive(Debug, Clone)]
pub(crate) struct Keyed(SipHasher13);

impl Keyed {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(key))
    }

    /// Of bytes.
    pub(crate) fn of(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.0;
        hasher.write(bytes);
        hasher.finish()
    }

    /// Of two parts that cannot be confused with two others.
    pub(crate) fn pair(&self, one: &[u8], other: &[u8]) -> u64 {
        let mut hasher = self.0;
        hasher.write(&u64::try_from(one.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.write(one);
        hasher.write(other);
        hasher.finish()
    }
}

/// The lower half of a hash, for sets that are small.
pub(crate) fn short(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}
