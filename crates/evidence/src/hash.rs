//! SHA-256 hashes of the log tree as RFC 6962 §2.1 defines them: a leaf is H(0x00 ‖ entry), a node H(0x01 ‖ left ‖ right).
//! Everything above builds on these two; the prefixes keep a node from ever passing as an entry.
//! Deliberately no other hash function: a log has one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Bytes of a SHA-256 hash.
pub const HASH_BYTES: usize = 32;

const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// A node or a leaf of the tree, or a root. Written as standard base64 everywhere people or files see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_BYTES]);

/// Text that is not the base64 of exactly 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a hash: `{text}` is not the base64 of 32 bytes")]
pub struct HashError {
    text: String,
}

/// The hash under which an entry stands in the tree.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([LEAF_PREFIX]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// The hash of two neighbouring subtrees.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut block = [0_u8; 1 + 2 * HASH_BYTES];
    block[0] = NODE_PREFIX;
    block[1..=HASH_BYTES].copy_from_slice(&left.0);
    block[1 + HASH_BYTES..].copy_from_slice(&right.0);
    Hash(Sha256::digest(block).into())
}

/// The root of the tree without entries: H of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The plain SHA-256 of some bytes, for files and members; never for leaves.
pub fn digest(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

impl Hash {
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        let too_long = text.len() > 64;
        let bytes = if too_long { Vec::new() } else { STANDARD.decode(text).unwrap_or_default() };
        let fixed: Option<[u8; HASH_BYTES]> = bytes.try_into().ok();
        fixed.map(Self).ok_or_else(|| HashError { text: text.chars().take(80).collect() })
    }

    pub fn to_hex(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(2 * HASH_BYTES), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
            hex
        })
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_base64(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trip_and_refusals() {
        let root = empty_root();
        // SHA-256 of the empty string, FIPS 180-4 examples.
        assert_eq!(root.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(root.to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Hash::from_base64(&root.to_string()).unwrap(), root);
        for wrong in
            ["", "AAAA", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"]
        {
            assert!(Hash::from_base64(wrong).is_err(), "{wrong}");
        }
    }
}
