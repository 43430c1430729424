//! Makes inclusion and consistency proofs (RFC 6962 §2.1.1, §2.1.2) from anything that can name the root of a complete
//! subtree. Whoever answers with such a proof verifies it first; see `store::TileStore::prove_inclusion`.

use std::error::Error;

use super::split;
use crate::hash::{Hash, empty_root, node_hash};

/// A reader of complete subtrees: `node(level, index)` is the root over leaves `index·2^level .. (index+1)·2^level`.
pub trait Nodes {
    type Error: Error + 'static;
    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

#[derive(Debug, thiserror::Error)]
pub enum ProveError<E: Error + 'static> {
    #[error("prove: entry {index} is not in a tree of {size} entries")]
    NotInTree { index: u64, size: u64 },
    #[error("prove: a tree of {from} entries is not a prefix of one of {to}")]
    NotAPrefix { from: u64, to: u64 },
    #[error(transparent)]
    Read(#[from] E),
}

/// The root of the first `size` leaves.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 { Ok(empty_root()) } else { range(nodes, 0, size) }
}

/// The hashes from the leaf's sibling up to the root's child.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if size <= index {
        return Err(ProveError::NotInTree { index, size });
    }
    let (mut low, mut high) = (0, size);
    let mut proof = Vec::new();
    while high - low != 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range(nodes, middle, high)?);
            high = middle;
        } else {
            proof.push(range(nodes, low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show the tree of `from` leaves to be a prefix of the tree of `to` leaves.
/// Empty when the sizes are equal or `from` is 0: there is nothing to show.
pub fn consistency<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if to < from {
        return Err(ProveError::NotAPrefix { from, to });
    }
    if from == 0 {
        return Ok(Vec::new());
    }
    let (mut low, mut high) = (0, to);
    // The old root itself is known to the verifier as long as the old tree is the leftmost subtree.
    let mut old_root_known = true;
    let mut proof = Vec::new();
    while from != high {
        let middle = low + split(high - low);
        if from <= middle {
            proof.push(range(nodes, middle, high)?);
            high = middle;
        } else {
            proof.push(range(nodes, low, middle)?);
            low = middle;
            old_root_known = false;
        }
    }
    if !old_root_known {
        proof.push(range(nodes, low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root over leaves `low..high`, where `low` is where RFC 6962 would start such a subtree.
fn range<N: Nodes>(nodes: &mut N, low: u64, high: u64) -> Result<Hash, N::Error> {
    let leaves = high - low;
    if leaves.is_power_of_two() {
        let level = u8::try_from(leaves.trailing_zeros()).expect("below 64");
        return nodes.node(level, low >> level);
    }
    let middle = low + split(leaves);
    let left = range(nodes, low, middle)?;
    let right = range(nodes, middle, high)?;
    Ok(node_hash(&left, &right))
}
