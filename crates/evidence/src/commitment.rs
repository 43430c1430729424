//! Salted commitments: the log holds SHA-256("watertight/commitment/v1" ‖ 0x00 ‖ salt ‖ body), never the body. Who has body
//! and salt can show what was sealed; who has neither learns nothing, not even by guessing names. Erasing destroys the salt.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hash::Hash;
use crate::keys::random_bytes;

/// 256 bits, so that guessing a salt is as hard as breaking the hash.
pub const SALT_BYTES: usize = 32;

const DOMAIN: &[u8] = b"watertight/commitment/v1\0";

/// The secret half of a commitment. It travels encrypted, in front of the body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub(crate) [u8; SALT_BYTES]);

/// The public half, as it stands in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commitment(pub Hash);

impl Salt {
    pub fn random() -> Result<Self, getrandom::Error> {
        Ok(Self(random_bytes()?))
    }

    /// For simulated logs and tests only: a predictable salt hides nothing.
    pub fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }
}

impl Commitment {
    pub fn new(salt: &Salt, body: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(salt.0);
        hasher.update(body);
        Self(Hash(hasher.finalize().into()))
    }

    pub fn opens_to(&self, salt: &Salt, body: &[u8]) -> bool {
        Self::new(salt, body) == *self
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_body_and_salt() {
        let salt = Salt::from_bytes([1; SALT_BYTES]);
        let commitment = Commitment::new(&salt, b"ada@larkfield.example");
        assert!(commitment.opens_to(&salt, b"ada@larkfield.example"));
        assert!(!commitment.opens_to(&salt, b"bob@larkfield.example"));
        assert!(!commitment.opens_to(&Salt::from_bytes([2; SALT_BYTES]), b"ada@larkfield.example"));
        assert_ne!(Salt::random().unwrap(), Salt::random().unwrap());
        assert_eq!(format!("{salt:?}"), "Salt(secret)");
    }
}
