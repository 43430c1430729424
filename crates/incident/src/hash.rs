//! Deterministic ids: SHA-256 over length-prefixed parts.
//!
//! Every id in this crate comes from here, so that a replay writes the same entry. It knows nothing of what it hashes.

use sha2::{Digest as _, Sha256};

/// Hex of the first 16 bytes of SHA-256 over the parts, each with its length, so that ("ab","c") differs from ("a","bc").
pub(crate) fn id_of(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex16(&hasher.finalize())
}

/// Like `id_of`, with a secret in front: without it nobody can test guesses against the clear part of an entry.
pub(crate) fn keyed_id_of(pepper: &[u8], parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    hasher.update((pepper.len() as u64).to_be_bytes());
    hasher.update(pepper);
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex16(&hasher.finalize())
}

fn hex16(digest: &[u8]) -> String {
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
