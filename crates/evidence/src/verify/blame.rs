//! Explains differences between entries and sealed hashes in an auditor's words: this entry was changed, these were moved, that
//! one was removed, these two tiles were swapped. A sealed hash is found again wherever its entry went.

use std::collections::HashMap;

use super::bundle::Layout;
use super::report::{FaultKind, Report};
use crate::hash::Hash;
use crate::tile::{TILE_WIDTH, TileKind};

/// Which side of a difference is not what was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    Entries,
    Tile,
    Undecided,
}

/// A bundle whose entries and tile differ.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) bundle: u64,
    pub(super) blame: Blame,
    pub(super) from_entries: Vec<Hash>,
    pub(super) from_tile: Vec<Hash>,
}

/// What happened at one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    Changed,
    /// Holds what was sealed this many positions further on.
    Moved(i128),
    /// Nothing is there.
    Gone,
    /// Something is there beyond the end.
    Surplus,
}

pub(super) fn explain(mismatches: &[Mismatch], layout: Layout<'_>, report: &mut Report) {
    for mismatch in mismatches.iter().filter(|mismatch| mismatch.blame == Blame::Tile) {
        explain_tile(mismatch, mismatches, layout, report);
    }
    let entries: Vec<&Mismatch> = mismatches.iter().filter(|mismatch| mismatch.blame != Blame::Tile).collect();
    let sealed_at: HashMap<Hash, u64> = entries
        .iter()
        .flat_map(|mismatch| (mismatch.bundle * TILE_WIDTH..).zip(&mismatch.from_tile))
        .map(|(index, hash)| (*hash, index))
        .collect();
    let held: HashMap<Hash, ()> =
        entries.iter().flat_map(|mismatch| &mismatch.from_entries).map(|hash| (*hash, ())).collect();
    for mismatch in entries {
        if !explain_swap(mismatch, &sealed_at, layout, report) {
            explain_entries(mismatch, &sealed_at, &held, layout, report);
        }
    }
}

fn explain_tile(mismatch: &Mismatch, all: &[Mismatch], layout: Layout<'_>, report: &mut Report) {
    let place = layout.name(layout.tile(TileKind::Hashes(0), mismatch.bundle));
    if let Some(other) =
        all.iter().find(|other| other.bundle != mismatch.bundle && other.from_entries == mismatch.from_tile)
    {
        let other = layout.name(layout.tile(TileKind::Hashes(0), other.bundle));
        report.fault(FaultKind::TileSwapped, place, format!("it holds the hashes of {other}"));
        return;
    }
    let first = mismatch.bundle * TILE_WIDTH;
    for (index, (tile, entry)) in (first..).zip(mismatch.from_tile.iter().zip(&mismatch.from_entries)) {
        if tile != entry {
            let detail = format!("hash {} is not that of entry {index}, which is as it was sealed", index - first);
            report.fault(FaultKind::TileChanged, &place, detail);
        }
    }
}

/// A whole bundle that stands in another one's place.
fn explain_swap(mismatch: &Mismatch, sealed_at: &HashMap<Hash, u64>, layout: Layout<'_>, report: &mut Report) -> bool {
    let Some(start) = mismatch.from_entries.first().and_then(|hash| sealed_at.get(hash)) else { return false };
    let from_another = start.is_multiple_of(TILE_WIDTH) && *start != mismatch.bundle * TILE_WIDTH;
    let in_order = (*start..).zip(&mismatch.from_entries).all(|(index, hash)| sealed_at.get(hash) == Some(&index));
    if from_another && in_order && 1 < mismatch.from_entries.len() {
        let place = layout.name(layout.tile(TileKind::Entries, mismatch.bundle));
        let other = layout.name(layout.tile(TileKind::Entries, start / TILE_WIDTH));
        report.fault(FaultKind::TileSwapped, place, format!("it holds the entries of {other}"));
        return true;
    }
    false
}

fn explain_entries(
    mismatch: &Mismatch,
    sealed_at: &HashMap<Hash, u64>,
    held: &HashMap<Hash, ()>,
    layout: Layout<'_>,
    report: &mut Report,
) {
    let first = mismatch.bundle * TILE_WIDTH;
    let name = layout.name(layout.tile(TileKind::Entries, mismatch.bundle));
    let positions = mismatch.from_entries.len().max(mismatch.from_tile.len());
    let fates: Vec<Fate> = (0..positions).map(|position| fate(mismatch, position, first, sealed_at)).collect();
    let mut run_start = 0;
    for run in fates.chunk_by(|a, b| a == b) {
        let (from, to) = (first + run_start as u64, first + (run_start + run.len()) as u64 - 1);
        run_start += run.len();
        describe(run[0], from, to, mismatch.blame, &name, report);
    }
    for (position, sealed) in mismatch.from_tile.iter().enumerate() {
        let index = first + position as u64;
        let replaced = matches!(fates[position], Fate::Same | Fate::Changed);
        if !replaced && !held.contains_key(sealed) {
            let detail = format!("entry {index} was removed: nothing in the log hashes to what was sealed there");
            report.fault(FaultKind::EntryRemoved, format!("{name}, entry {index}"), detail);
        }
    }
}

fn fate(mismatch: &Mismatch, position: usize, first: u64, sealed_at: &HashMap<Hash, u64>) -> Fate {
    match (mismatch.from_entries.get(position), mismatch.from_tile.get(position)) {
        (Some(got), Some(sealed)) if got == sealed => Fate::Same,
        (Some(got), sealed) => match (sealed_at.get(got), sealed) {
            (Some(origin), Some(_)) => Fate::Moved(i128::from(*origin) - i128::from(first + position as u64)),
            (_, None) => Fate::Surplus,
            (None, Some(_)) => Fate::Changed,
        },
        (None, _) => Fate::Gone,
    }
}

fn describe(fate: Fate, from: u64, to: u64, blame: Blame, name: &str, report: &mut Report) {
    let place = if from == to { format!("{name}, entry {from}") } else { format!("{name}, entries {from} to {to}") };
    match fate {
        Fate::Same => {}
        Fate::Changed => {
            let what = if blame == Blame::Undecided {
                "it and its hash in the tile differ; one of them was changed"
            } else {
                "it was changed: it does not hash to what was sealed"
            };
            for index in from..=to {
                report.fault(FaultKind::EntryChanged, format!("{name}, entry {index}"), what);
            }
        }
        Fate::Moved(by) => {
            let (a, b) = (i128::from(from) + by, i128::from(to) + by);
            let detail = if a == b {
                format!("it holds what was sealed as entry {a}")
            } else {
                format!("they hold what was sealed as entries {a} to {b}")
            };
            report.fault(FaultKind::EntryMoved, place, detail);
        }
        Fate::Gone => report.fault(FaultKind::Truncated, place, "the bundle ends before it".to_owned()),
        Fate::Surplus => report.fault(FaultKind::EntryAdded, place, "the log was sealed without it".to_owned()),
    }
}
