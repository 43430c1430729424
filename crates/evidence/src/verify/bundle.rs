//! One entry bundle and its tile of leaf hashes: read, hash, compare, and ask the populations. Bundles are independent of each
//! other, so they are checked on all cores; `log` puts the results in order.

use super::report::{Fault, FaultKind};
use super::source::Source;
use crate::entry::Entry;
use crate::hash::{Hash, leaf_hash};
use crate::population::{Headers, Matcher, Row, SealedFindings};
use crate::store::tile_root;
use crate::tile::{BUNDLE_BYTES_MAX, TILE_BYTES, TILE_WIDTH, Tile, TileKind, decode_entries, decode_hashes};

/// How a log's files are laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    pub(super) prefix: &'a str,
    pub(super) size: u64,
    /// In a pack every file is the one the size asks for; a living log may already have the full tile of a partial one.
    pub(super) exact: bool,
}

/// What a population expects to find in its listing.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) index: u64,
    pub(super) id: String,
    pub(super) at: String,
    pub(super) sealed: Option<Hash>,
    pub(super) findings: Option<SealedFindings>,
}

#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) index: u64,
    /// Entries it must have.
    pub(super) width: usize,
    /// Leaf hashes computed from the entries; any number of them.
    pub(super) from_entries: Option<Vec<Hash>>,
    /// Leaf hashes as the tile has them; always `width` of them.
    pub(super) from_tile: Option<Vec<Hash>>,
    /// The root over `from_entries` when they fill the bundle.
    pub(super) root: Option<Hash>,
    /// Per population, the entries that belong to it.
    pub(super) rows: Vec<Vec<Expected>>,
    pub(super) faults: Vec<Fault>,
}

pub(super) fn check(source: &Source, layout: Layout<'_>, index: u64, matchers: &[Matcher]) -> Bundle {
    let width = layout.width(0, index);
    let (from_entries, from_tile, root) = (None, None, None);
    let (rows, faults) = (vec![Vec::new(); matchers.len()], Vec::new());
    let mut bundle = Bundle { index, width, from_entries, from_tile, root, rows, faults };
    match layout.read(source, TileKind::Entries, index, BUNDLE_BYTES_MAX) {
        Ok((tile, bytes)) => bundle.hash_entries(layout, tile, &bytes, matchers),
        Err(fault) => bundle.faults.push(fault),
    }
    match layout.read_hashes(source, 0, index) {
        Ok(hashes) => bundle.from_tile = Some(hashes),
        Err(fault) => bundle.faults.push(fault),
    }
    bundle
}

impl Bundle {
    fn hash_entries(&mut self, layout: Layout<'_>, tile: Tile, bytes: &[u8], matchers: &[Matcher]) {
        let place = layout.name(tile);
        let mut entries = match decode_entries(bytes) {
            Ok(entries) => entries,
            Err(error) => {
                self.faults.push(Fault { kind: FaultKind::BundleDamaged, place, detail: error.to_string() });
                return;
            }
        };
        if usize::from(tile.width) != self.width {
            entries.truncate(self.width);
        }
        for (index, entry) in (self.index * TILE_WIDTH..).zip(&entries) {
            if matchers.is_empty() {
                break;
            }
            if let Err(detail) = self.ask(index, entry, matchers) {
                let place = format!("{place}, entry {index}");
                self.faults.push(Fault { kind: FaultKind::EntryUnreadable, place, detail });
            }
        }
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        self.root = (leaves.len() as u64 == TILE_WIDTH).then(|| tile_root(&leaves));
        self.from_entries = Some(leaves);
    }

    fn ask(&mut self, index: u64, bytes: &[u8], matchers: &[Matcher]) -> Result<(), String> {
        let headers = Headers::read(bytes).map_err(|error| error.to_string())?;
        for (matcher, rows) in matchers.iter().zip(&mut self.rows) {
            if matcher.matches(&headers).map_err(|error| error.to_string())? {
                let row = Row::new(index, Entry::from_bytes(bytes).map_err(|error| error.to_string())?);
                let (sealed, findings) = (row.sealed_digest(), row.sealed_findings());
                rows.push(Expected { index, id: row.id, at: row.at, sealed, findings });
            }
        }
        Ok(())
    }
}

impl Layout<'_> {
    pub(super) fn name(&self, tile: Tile) -> String {
        format!("{}{}", self.prefix, tile.path())
    }

    /// The hashes or entries that tile `index` of a level has in a tree of our size.
    pub(super) fn width(&self, level: u8, index: u64) -> usize {
        let hashes = self.size >> (8 * level);
        usize::try_from(hashes.saturating_sub(index * TILE_WIDTH).min(TILE_WIDTH)).expect("at most 256")
    }

    /// The tile the size asks for.
    pub(super) fn tile(&self, kind: TileKind, index: u64) -> Tile {
        let level = if let TileKind::Hashes(level) = kind { level } else { 0 };
        Tile::new(kind, index, u16::try_from(self.width(level, index)).expect("at most 256"))
    }

    /// The first hashes of a tile, as many as the size asks for.
    pub(super) fn read_hashes(&self, source: &Source, level: u8, index: u64) -> Result<Vec<Hash>, Fault> {
        let width = self.width(level, index);
        let (tile, bytes) = self.read(source, TileKind::Hashes(level), index, TILE_BYTES)?;
        let mut hashes = decode_hashes(&bytes).unwrap_or_default();
        if hashes.len() != usize::from(tile.width) {
            let detail = format!("it has {} bytes instead of {} hashes of 32 bytes", bytes.len(), tile.width);
            return Err(Fault { kind: FaultKind::TileChanged, place: self.name(tile), detail });
        }
        hashes.truncate(width);
        Ok(hashes)
    }

    fn read(&self, source: &Source, kind: TileKind, index: u64, bytes_max: usize) -> Result<(Tile, Vec<u8>), Fault> {
        let wanted = self.tile(kind, index);
        let full = Tile { width: 256, ..wanted };
        let replaced = !self.exact && !source.contains(&self.name(wanted)) && source.contains(&self.name(full));
        let tile = if replaced { full } else { wanted };
        let place = self.name(tile);
        if !source.contains(&place) {
            return Err(Fault {
                kind: FaultKind::Missing,
                place,
                detail: "the log needs this file, it is missing".to_owned(),
            });
        }
        let bytes = source.read(&place, bytes_max);
        bytes.map(|bytes| (tile, bytes)).map_err(|detail| Fault { kind: FaultKind::MemberChanged, place, detail })
    }
}
