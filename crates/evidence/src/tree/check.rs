//! Checks proofs with nothing but hashes, following RFC 9162 §2.1.3.2 (inclusion) and §2.1.4.2 (consistency) step by step.
//! Shared by the log (before it answers) and by the verifier (which trusts nobody).

use super::PROOF_HASHES_MAX;
use crate::hash::{Hash, empty_root, node_hash};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("check the proof: entry {index} is not in a tree of {size} entries")]
    NotInTree { index: u64, size: u64 },
    #[error("check the proof: a tree of {from} entries cannot be a prefix of one of {to}")]
    NotAPrefix { from: u64, to: u64 },
    #[error("check the proof: it has {hashes} hashes, which does not fit the tree size")]
    WrongLength { hashes: usize },
    #[error("check the proof: it leads to root {got}, the signed root is {want}")]
    WrongRoot { got: Hash, want: Hash },
}

/// Does `leaf` stand at `index` in the tree of `size` leaves with this `root`?
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> Result<(), ProofError> {
    if size <= index {
        return Err(ProofError::NotInTree { index, size });
    }
    let wrong_length = ProofError::WrongLength { hashes: proof.len() };
    if PROOF_HASHES_MAX < proof.len() {
        return Err(wrong_length);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut got = leaf;
    for hash in proof {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            got = node_hash(hash, &got);
            climb_to_right_child(&mut node, &mut last);
        } else {
            got = node_hash(&got, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    same_root(got, root)
}

/// Is the tree of `from` leaves with `from_root` a prefix of the tree of `to` leaves with `to_root`?
/// An empty tree is a prefix of every tree; its proof is empty.
pub fn verify_consistency(
    from: u64,
    to: u64,
    from_root: Hash,
    to_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if to < from {
        return Err(ProofError::NotAPrefix { from, to });
    }
    let wrong_length = ProofError::WrongLength { hashes: proof.len() };
    let nothing_to_show = from == 0 || from == to;
    if nothing_to_show {
        if !proof.is_empty() {
            return Err(wrong_length);
        }
        return same_root(from_root, if from == 0 { empty_root() } else { to_root });
    }
    if PROOF_HASHES_MAX < proof.len() {
        return Err(wrong_length);
    }
    let mut hashes = proof.iter();
    let seed = if from.is_power_of_two() { Some(&from_root) } else { hashes.next() };
    let Some(&seed) = seed else { return Err(wrong_length) };
    let (mut node, mut last) = (from - 1, to - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (seed, seed);
    for hash in hashes {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            climb_to_right_child(&mut node, &mut last);
        } else {
            new = node_hash(&new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    same_root(old, from_root)?;
    same_root(new, to_root)
}

/// A left child at the right edge has no sibling on its level: go up to where it is a right child.
fn climb_to_right_child(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

fn same_root(got: Hash, want: Hash) -> Result<(), ProofError> {
    if got == want { Ok(()) } else { Err(ProofError::WrongRoot { got, want }) }
}
