//! Names and contents of the files a tiled log consists of (c2sp.org/tlog-tiles): hash tiles 256 wide, entry bundles with
//! a 16-bit length before each entry. Pure: paths and bytes, no files.

use crate::hash::{HASH_BYTES, Hash};

/// Hashes in a full tile: 2^8, so one tile spans eight levels of the tree.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u8 = 8;
/// 256 hashes of 32 bytes.
pub const TILE_BYTES: usize = 256 * HASH_BYTES;
/// The length prefix has 16 bits; what is larger belongs beside the log, with its hash inside.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// A full bundle of the largest entries: 256 × (2 + 65,535).
pub const BUNDLE_BYTES_MAX: usize = 256 * (2 + ENTRY_BYTES_MAX);
/// Tile levels of a tree of fewer than 2^64 leaves.
pub const TILE_LEVELS: u8 = 8;

/// What a tile file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of tile level `L`: leaves at 0, roots of full tiles of the level below above.
    Hashes(u8),
    Entries,
}

/// One file of the log. `width` is 256 for a full tile, less for a partial one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    pub kind: TileKind,
    pub index: u64,
    pub width: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("entry {position} of the bundle is cut off")]
    CutOff { position: usize },
    #[error("the bundle holds more than 256 entries")]
    TooMany,
}

impl Tile {
    pub fn new(kind: TileKind, index: u64, width: u16) -> Self {
        debug_assert!((1..=256).contains(&width), "a tile holds 1 to 256 hashes, not {width}");
        Self { kind, index, width }
    }

    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// The path below the log's prefix, `tile/0/x001/x234/067` or `tile/entries/000.p/73`.
    pub fn path(&self) -> String {
        let mut path = match self.kind {
            TileKind::Hashes(level) => format!("tile/{level}/{}", index_path(self.index)),
            TileKind::Entries => format!("tile/entries/{}", index_path(self.index)),
        };
        if !self.is_full() {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }

    /// The tile a path names; `None` for anything that [`Tile::path`] would not have written.
    pub fn from_path(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = if kind == "entries" { TileKind::Entries } else { TileKind::Hashes(level_from(kind)?) };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok().filter(|width| (1..256).contains(width))?),
            None => (rest, 256),
        };
        let tile = Self { kind, index: index_from(index)?, width };
        (tile.path() == path).then_some(tile)
    }

    /// Every tile that a tree of `size` entries needs: hash tiles of all levels and entry bundles, full ones first.
    pub fn of_tree(size: u64) -> impl Iterator<Item = Self> {
        let bundles = tiles_of_level(TileKind::Entries, size);
        let hashes = (0..TILE_LEVELS)
            .flat_map(move |level| tiles_of_level(TileKind::Hashes(level), size >> (TILE_HEIGHT * level)));
        bundles.chain(hashes)
    }
}

/// The full tiles and the partial one over `hashes` hashes.
fn tiles_of_level(kind: TileKind, hashes: u64) -> impl Iterator<Item = Tile> {
    let partial = u16::try_from(hashes % TILE_WIDTH).expect("below 256");
    let full = hashes / TILE_WIDTH;
    (0..full).map(move |index| Tile { kind, index, width: 256 }).chain((partial != 0).then_some(Tile {
        kind,
        index: full,
        width: partial,
    }))
}

/// The hashes of a tile file; `None` when its size is no multiple of 32 bytes or above 256 hashes.
pub fn decode_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    (rest.is_empty() && bytes.len() <= TILE_BYTES).then(|| hashes.iter().map(|hash| Hash(*hash)).collect())
}

pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Appends one entry to a bundle. The caller has checked the entry's size.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).expect("the caller refuses entries of 64 KiB and more");
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

/// The entries of a bundle, borrowed from it.
pub fn decode_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let cut_off = BundleError::CutOff { position: entries.len() };
        let Some((length, after)) = rest.split_first_chunk::<2>() else { return Err(cut_off) };
        let Some((entry, after)) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            return Err(cut_off);
        };
        if entries.len() == 256 {
            return Err(BundleError::TooMany);
        }
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

/// 1234067 becomes `x001/x234/067`: directories never collide with files.
fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest != 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

fn index_from(path: &str) -> Option<u64> {
    let mut index = 0_u64;
    for part in path.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        let value: u64 = digits.parse().ok().filter(|_| digits.len() == 3)?;
        index = index.checked_mul(1000)?.checked_add(value)?;
    }
    Some(index)
}

fn level_from(text: &str) -> Option<u8> {
    text.parse().ok().filter(|level| *level < TILE_LEVELS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |kind, index, width| Tile::new(kind, index, width).path();
        assert_eq!(path(TileKind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(TileKind::Hashes(1), 0, 17), "tile/1/000.p/17");
        assert_eq!(path(TileKind::Entries, 999, 256), "tile/entries/999");
        assert_eq!(path(TileKind::Entries, 1000, 1), "tile/entries/x001/000.p/1");
    }

    #[test]
    fn only_canonical_paths_are_tiles() {
        for wrong in [
            "tile/0/67",
            "tile/00/067",
            "tile/8/000",
            "tile/0/x000/067",
            "tile/0/067.p/0",
            "tile/0/067.p/256",
            "tile/0/067.p/07",
            "tile/0/001/067",
            "tile/entries/+01",
            "tile/0/x18446744073709551616/000",
            "tile/entries",
            "tile//000",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/../0/000",
            "tile/-1/000",
        ] {
            assert_eq!(Tile::from_path(wrong), None, "{wrong}");
        }
        for size in [1, 255, 256, 257, 70_000, 65_536, 16_777_216 + 5] {
            for tile in Tile::of_tree(size).take(400) {
                assert_eq!(Tile::from_path(&tile.path()), Some(tile));
            }
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_the_specification_counts() {
        let tiles: Vec<Tile> = Tile::of_tree(70_000).collect();
        let count = |kind, full| tiles.iter().filter(|tile| tile.kind == kind && tile.is_full() == full).count();
        assert_eq!((count(TileKind::Hashes(0), true), count(TileKind::Hashes(1), true)), (273, 1));
        let partial: Vec<(TileKind, u16)> =
            tiles.iter().filter(|tile| !tile.is_full()).map(|tile| (tile.kind, tile.width)).collect();
        assert_eq!(
            partial,
            [(TileKind::Entries, 112), (TileKind::Hashes(0), 112), (TileKind::Hashes(1), 17), (TileKind::Hashes(2), 1)]
        );
        assert_eq!(Tile::of_tree(0).count(), 0);
    }

    #[test]
    fn bundles_round_trip_and_torn_ones_are_refused() {
        let mut bundle = Vec::new();
        let entries: [&[u8]; 3] = [b"a", b"", &[7; ENTRY_BYTES_MAX]];
        entries.iter().for_each(|entry| push_entry(&mut bundle, entry));
        assert_eq!(decode_entries(&bundle).unwrap(), entries);
        assert_eq!(decode_entries(&bundle[..bundle.len() - 1]), Err(BundleError::CutOff { position: 2 }));
        assert_eq!(decode_entries(&bundle[..4]), Err(BundleError::CutOff { position: 1 }));
        let crowd = [0_u8; 2 * 257];
        assert_eq!(decode_entries(&crowd), Err(BundleError::TooMany));
    }
}
