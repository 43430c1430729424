//! A whole tree in memory, for sets that are small by nature: the findings of a batch, a test.
//! The log itself lives in tiles (`store`).

use std::convert::Infallible;

use super::build::{Nodes, ProveError, consistency, inclusion, root};
use crate::hash::{Hash, node_hash};

#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    /// `levels[l]` holds the roots of all complete subtrees of 2^l leaves.
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(hash);
            let count = row.len();
            if !count.is_multiple_of(2) {
                return;
            }
            hash = node_hash(&row[count - 2], &row[count - 1]);
        }
    }

    pub fn root(&self, size: u64) -> Hash {
        root(&mut &*self, size).unwrap_or_else(|never| match never {})
    }

    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ProveError<Infallible>> {
        inclusion(&mut &*self, index, size)
    }

    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, ProveError<Infallible>> {
        consistency(&mut &*self, from, to)
    }
}

impl FromIterator<Hash> for MemoryTree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

impl Nodes for &MemoryTree {
    type Error = Infallible;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let index = usize::try_from(index).expect("an index within memory");
        Ok(self.levels[usize::from(level)][index])
    }
}
