//! Reading the log back: tiles, bundles, the edge at a checkpoint, and what a dead writer left behind it.
//! A partial file may have been replaced by its full one; its first hashes are the same.

use std::collections::HashMap;

use super::edge::{Edge, tile_root};
use super::{StoreError, TileStore};
use crate::hash::{Hash, leaf_hash};
use crate::tile::{
    BUNDLE_BYTES_MAX, TILE_BYTES, TILE_HEIGHT, TILE_LEVELS, TILE_WIDTH, Tile, TileKind, decode_entries, decode_hashes,
    push_entry,
};
use crate::tree::{Frontier, Nodes};

/// Tiles kept while one proof or one pack is made: 64 × 8 KiB.
const CACHED_TILES_MAX: usize = 64;

/// A view of the store for reading many nodes or entries.
#[derive(Debug)]
pub struct TileReader<'a> {
    store: &'a TileStore,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
    /// The bundle read last, with the entries cut out.
    bundle: Option<(u64, Vec<Vec<u8>>)>,
}

impl<'a> TileReader<'a> {
    pub(super) fn new(store: &'a TileStore) -> Self {
        Self { store, tiles: HashMap::new(), bundle: None }
    }

    /// The bytes of entry `index`.
    pub fn entry(&mut self, index: u64) -> Result<&[u8], StoreError> {
        if self.store.size() <= index {
            return Err(StoreError::BeyondEnd { size: self.store.size(), wanted: index + 1 });
        }
        let bundle = index / TILE_WIDTH;
        if self.bundle.as_ref().is_none_or(|(cached, _)| *cached != bundle) {
            let width = (self.store.size() - bundle * TILE_WIDTH).min(TILE_WIDTH);
            self.bundle = Some((bundle, self.store.read_bundle(bundle, width)?));
        }
        let (_, entries) = self.bundle.as_ref().expect("filled above");
        let position = usize::try_from(index % TILE_WIDTH).expect("below 256");
        Ok(&entries[position])
    }

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], StoreError> {
        if CACHED_TILES_MAX <= self.tiles.len() && !self.tiles.contains_key(&(level, index)) {
            self.tiles.clear();
        }
        match self.tiles.entry((level, index)) {
            std::collections::hash_map::Entry::Occupied(cached) => Ok(cached.into_mut()),
            std::collections::hash_map::Entry::Vacant(free) => {
                let hashes = self.store.size() >> (TILE_HEIGHT * level);
                let width = (hashes - index * TILE_WIDTH).min(TILE_WIDTH);
                Ok(free.insert(self.store.read_hashes(level, index, width)?))
            }
        }
    }
}

impl Nodes for TileReader<'_> {
    type Error = StoreError;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, StoreError> {
        let (tile_level, height) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index << height;
        let tile = self.tile(tile_level, first / TILE_WIDTH)?;
        let start = usize::try_from(first % TILE_WIDTH).expect("below 256");
        let hashes =
            tile.get(start..start + (1 << height)).expect("the tree has this node, so the tile has its hashes");
        Ok(tile_root(hashes))
    }
}

impl TileStore {
    /// The first `width` hashes of a tile.
    pub(super) fn read_hashes(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, StoreError> {
        let tile = Self::tile_of(TileKind::Hashes(level), index, width);
        let bytes = self.read_either(tile, TILE_BYTES)?;
        let mut hashes = decode_hashes(&bytes).unwrap_or_default();
        let width = usize::from(tile.width);
        if hashes.len() < width {
            return Err(StoreError::Damaged { path: tile.path(), detail: "is cut off".to_owned() });
        }
        hashes.truncate(width);
        Ok(hashes)
    }

    /// The first `width` entries of a bundle.
    pub(super) fn read_bundle(&self, index: u64, width: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let tile = Self::tile_of(TileKind::Entries, index, width);
        let bytes = self.read_either(tile, BUNDLE_BYTES_MAX)?;
        let damaged = |detail: String| StoreError::Damaged { path: tile.path(), detail };
        let entries = decode_entries(&bytes).map_err(|error| damaged(error.to_string()))?;
        let entries = entries.get(..usize::from(tile.width)).ok_or_else(|| damaged("is cut off".to_owned()))?;
        Ok(entries.iter().map(|entry| entry.to_vec()).collect())
    }

    /// A tile's file, or the full file that replaced a partial one.
    fn read_either(&self, tile: Tile, bytes_max: usize) -> Result<Vec<u8>, StoreError> {
        let full = Tile { width: 256, ..tile };
        for candidate in [tile, full] {
            let path = candidate.path();
            let bytes = self.disk.read(&self.root.join(&path), bytes_max);
            if let Some(bytes) = bytes.map_err(|source| self.io("read", &path, source))? {
                return Ok(bytes);
            }
        }
        Err(StoreError::Missing(tile.path()))
    }

    /// The edge of the tree of `size` entries, from its partial tiles.
    pub(super) fn load_edge(&self, size: u64) -> Result<Edge, StoreError> {
        let mut edge = Edge::empty();
        for level in 0..TILE_LEVELS {
            let hashes = size >> (TILE_HEIGHT * level);
            if !hashes.is_multiple_of(TILE_WIDTH) {
                edge.levels[usize::from(level)] = self.read_hashes(level, hashes / TILE_WIDTH, hashes % TILE_WIDTH)?;
            }
        }
        let mut frontier = Frontier::new();
        for level in (0..TILE_LEVELS).rev() {
            for hash in &edge.levels[usize::from(level)] {
                frontier.push_subtree(TILE_HEIGHT * level, *hash);
            }
        }
        edge.frontier = frontier;
        let partial = size % TILE_WIDTH;
        let entries = if partial == 0 { Vec::new() } else { self.read_bundle(size / TILE_WIDTH, partial)? };
        for (entry, hash) in entries.iter().zip(&edge.levels[0]) {
            if leaf_hash(entry) != *hash {
                let path = Self::tile_of(TileKind::Entries, size / TILE_WIDTH, partial).path();
                return Err(StoreError::Damaged { path, detail: "does not match its tile of hashes".to_owned() });
            }
            push_entry(&mut edge.bundle, entry);
        }
        Ok(edge)
    }

    /// Entries on disk right after the edge, at most one bundle of them. A file that does not decode is not an entry: it was
    /// never confirmed to anyone, and the append that follows replaces it.
    pub(super) fn entries_after_edge(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let index = self.open_bundle();
        let have = usize::try_from(self.size() % TILE_WIDTH).expect("below 256");
        for width in self.widths_on_disk(index)? {
            let tile = Self::tile_of(TileKind::Entries, index, width);
            let path = self.root.join(tile.path());
            let bytes =
                self.disk.read(&path, BUNDLE_BYTES_MAX).map_err(|source| self.io("read", &tile.path(), source))?;
            let bytes = bytes.unwrap_or_default();
            let Ok(entries) = decode_entries(&bytes) else { continue };
            if entries.len() as u64 == width && have < entries.len() {
                return Ok(entries.into_iter().skip(have).map(<[u8]>::to_vec).collect());
            }
        }
        Ok(Vec::new())
    }

    /// The widths in which a bundle is on disk, widest first.
    fn widths_on_disk(&self, index: u64) -> Result<Vec<u64>, StoreError> {
        let full = Tile::new(TileKind::Entries, index, 256).path();
        let mut widths = Vec::new();
        if self.root.join(&full).is_file() {
            widths.push(TILE_WIDTH);
        }
        let partials = format!("{full}.p");
        let listing = match std::fs::read_dir(self.root.join(&partials)) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(widths),
            Err(error) => return Err(self.io("list", &partials, error)),
        };
        for file in listing {
            let file = file.map_err(|source| self.io("list", &partials, source))?;
            let width = file.file_name().to_str().and_then(|name| name.parse().ok());
            widths.extend(width.filter(|width| (1..TILE_WIDTH).contains(width)));
        }
        widths.sort_unstable_by(|a, b| b.cmp(a));
        Ok(widths)
    }
}
