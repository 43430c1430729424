//! The right edge of a growing tree: the roots of its complete subtrees, at most 64 of them.
//! Enough to append and to know the root; not enough to prove anything.

use crate::hash::{Hash, empty_root, node_hash};

/// A compact range starting at leaf 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One root per set bit of `size`, largest subtree first.
    peaks: Vec<Hash>,
}

impl Frontier {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Appends a complete subtree of 2^`level` leaves.
    ///
    /// # Panics
    /// When the tree's size is not a multiple of 2^`level`: the subtree would not be a node of the tree.
    pub fn push_subtree(&mut self, level: u8, root: Hash) {
        let leaves = 1_u64 << level;
        // INVARIANT: subtrees sit at multiples of their own size.
        assert!(self.size.is_multiple_of(leaves), "a subtree of 2^{level} leaves cannot follow leaf {}", self.size);
        let mut merged = root;
        let mut at = self.size >> level;
        while at & 1 == 1 {
            let left = self.peaks.pop().expect("one peak per set bit of the size");
            merged = node_hash(&left, &merged);
            at >>= 1;
        }
        self.peaks.push(merged);
        self.size += leaves;
    }

    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(&smallest) = peaks.next() else { return empty_root() };
        peaks.fold(smallest, |right, left| node_hash(left, &right))
    }
}
