//! The Merkle tree of RFC 6962: growing it, proving from it, checking proofs.
//! `frontier` appends in O(log n), `build` makes proofs from any reader of nodes, `check` verifies them as RFC 9162 §2.1
//! describes, `memory` is the whole tree in RAM for small sets. No files here.

mod build;
mod check;
mod frontier;
mod memory;

pub use build::{Nodes, ProveError, consistency, inclusion, root};
pub use check::{ProofError, verify_consistency, verify_inclusion};
pub use frontier::Frontier;
pub use memory::MemoryTree;

/// Most hashes in any proof: one per level of a tree of fewer than 2^64 leaves, and one more for the old root's own subtree.
pub const PROOF_HASHES_MAX: usize = 65;

/// The largest power of two smaller than `n`: where RFC 6962 splits a tree of `n` leaves. `n` is at least 2.
fn split(n: u64) -> u64 {
    debug_assert!(2 <= n, "a single leaf is not split");
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}
