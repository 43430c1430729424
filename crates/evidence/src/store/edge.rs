//! The right edge of the log on its way to disk: partial tiles and the partial bundle, and which files an append changes.
//! Pure: it names files and their bytes, `store` writes them.

use crate::hash::{Hash, leaf_hash, node_hash};
use crate::tile::{TILE_HEIGHT, TILE_LEVELS, TILE_WIDTH, Tile, TileKind, encode_hashes, push_entry};
use crate::tree::Frontier;

#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) frontier: Frontier,
    /// Per tile level, the hashes of the partial tile at the right: always fewer than 256.
    pub(super) levels: Vec<Vec<Hash>>,
    /// The partial entry bundle at the right, encoded.
    pub(super) bundle: Vec<u8>,
}

/// The files an append makes, and the partial ones that its full tiles replace.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) files: Vec<(Tile, Vec<u8>)>,
    touched: [bool; TILE_LEVELS as usize],
}

impl Edge {
    pub(super) fn empty() -> Self {
        Self { frontier: Frontier::new(), levels: vec![Vec::new(); usize::from(TILE_LEVELS)], bundle: Vec::new() }
    }

    /// Appends one entry; full tiles it completes are added to `changes`.
    pub(super) fn push(&mut self, entry: &[u8], changes: &mut Changes) {
        let bundle_index = self.frontier.size() / TILE_WIDTH;
        let leaf = leaf_hash(entry);
        push_entry(&mut self.bundle, entry);
        self.frontier.push(leaf);
        if self.frontier.size().is_multiple_of(TILE_WIDTH) {
            let bundle = std::mem::take(&mut self.bundle);
            changes.files.push((Tile::new(TileKind::Entries, bundle_index, 256), bundle));
        }
        self.push_hash(0, leaf, changes);
    }

    fn push_hash(&mut self, level: u8, hash: Hash, changes: &mut Changes) {
        let row = &mut self.levels[usize::from(level)];
        row.push(hash);
        changes.touched[usize::from(level)] = true;
        if (row.len() as u64) < TILE_WIDTH {
            return;
        }
        let hashes = std::mem::take(row);
        let above = tile_root(&hashes);
        let hashes_before = (self.frontier.size() >> (TILE_HEIGHT * level)) - TILE_WIDTH;
        let tile = Tile::new(TileKind::Hashes(level), hashes_before / TILE_WIDTH, 256);
        changes.files.push((tile, encode_hashes(&hashes)));
        if level + 1 < TILE_LEVELS {
            self.push_hash(level + 1, above, changes);
        }
    }

    /// Adds the partial files that changed: a checkpoint of this size needs them.
    pub(super) fn finish(&self, changes: &mut Changes) {
        let size = self.frontier.size();
        if !self.bundle.is_empty() && changes.touched[0] {
            let width = u16::try_from(size % TILE_WIDTH).expect("below 256");
            changes.files.push((Tile::new(TileKind::Entries, size / TILE_WIDTH, width), self.bundle.clone()));
        }
        for level in 0..TILE_LEVELS {
            let row = &self.levels[usize::from(level)];
            if changes.touched[usize::from(level)] && !row.is_empty() {
                let width = u16::try_from(row.len()).expect("below 256");
                let index = (size >> (TILE_HEIGHT * level)) / TILE_WIDTH;
                changes.files.push((Tile::new(TileKind::Hashes(level), index, width), encode_hashes(row)));
            }
        }
    }
}

/// The root over the 256 hashes of a full tile.
pub(crate) fn tile_root(hashes: &[Hash]) -> Hash {
    debug_assert!(hashes.len().is_power_of_two(), "only complete subtrees have a root here");
    let mut row = hashes.to_vec();
    while 1 < row.len() {
        let half = row.len() / 2;
        for i in 0..half {
            row[i] = node_hash(&row[2 * i], &row[2 * i + 1]);
        }
        row.truncate(half);
    }
    row[0]
}
