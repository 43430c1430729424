//! Recomputes the whole tree from the entries' bytes and compares every tile on the way. Memory stays small: one window of
//! bundles, the right edge of each level, and what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::blame::{Blame, Mismatch};
use super::bundle::{self, Bundle, Expected, Layout};
use super::report::{FaultKind, Report};
use super::source::Source;
use crate::hash::Hash;
use crate::population::Matcher;
use crate::store::tile_root;
use crate::tile::{TILE_HEIGHT, TILE_LEVELS, TILE_WIDTH, Tile, TileKind};
use crate::tree::Frontier;

/// Bundles checked by one thread before results are put in order.
const WINDOW_BUNDLES: usize = 32;
/// Bundles whose differences are kept to explain them; 2 × 8 KiB each.
const MISMATCHES_MAX: usize = 512;

/// What to find out while reading.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Sizes at which the root is wanted, to compare with other checkpoints.
    pub(super) sizes: BTreeSet<u64>,
    /// Entries whose leaf hash is wanted, to check proofs.
    pub(super) leaves: BTreeSet<u64>,
    pub(super) matchers: Vec<Matcher>,
}

#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Roots at the sizes asked for, as far as entries or tiles allowed to compute them.
    pub(super) roots: BTreeMap<u64, Hash>,
    pub(super) leaves: BTreeMap<u64, Hash>,
    /// Per matcher, what its listing must hold.
    pub(super) rows: Vec<Vec<Expected>>,
    /// The root over everything; none when a bundle and its tile are both gone.
    pub(super) root: Option<Hash>,
    pub(super) entries: u64,
}

pub(super) fn check(source: &Source, layout: Layout<'_>, questions: &Questions, report: &mut Report) -> Answers {
    let present = bundles_present(source, layout, report);
    let mut pass = Pass::new(source, layout, questions);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let mut next = 0;
    for window in present.chunks(WINDOW_BUNDLES * threads) {
        for bundle in check_window(source, layout, window, threads, &questions.matchers) {
            pass.gap(next, bundle.index, report);
            next = bundle.index + 1;
            pass.take(bundle, report);
        }
    }
    pass.gap(next, layout.size.div_ceil(TILE_WIDTH), report);
    pass.finish(report)
}

/// The bundles below the size of which at least one file is there, in order.
fn bundles_present(source: &Source, layout: Layout<'_>, report: &mut Report) -> Vec<u64> {
    let mut present = BTreeSet::new();
    for name in source.names_below(layout.prefix) {
        if !name.starts_with("tile/") {
            continue;
        }
        let place = || format!("{}{name}", layout.prefix);
        let Some(tile) = Tile::from_path(name) else {
            report.fault(FaultKind::Unexpected, place(), "it is no file of a tiled log");
            continue;
        };
        let level = if let TileKind::Hashes(level) = tile.kind { level } else { 0 };
        let within = layout.width(level, tile.index) != 0;
        if layout.exact && (!within || tile != layout.tile(tile.kind, tile.index)) {
            report.fault(FaultKind::Unexpected, place(), format!("a log of {} entries has no such tile", layout.size));
        }
        if within && level == 0 {
            present.insert(tile.index);
        }
    }
    present.into_iter().collect()
}

fn check_window(
    source: &Source,
    layout: Layout<'_>,
    window: &[u64],
    threads: usize,
    matchers: &[Matcher],
) -> Vec<Bundle> {
    let share = window.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let work = |part: &[u64]| -> Vec<Bundle> {
            part.iter().map(|index| bundle::check(source, layout, *index, matchers)).collect()
        };
        let handles: Vec<_> = window.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("checking a bundle does not panic")).collect()
    })
}

/// The tree recomputed so far, and what it answered on the way.
#[derive(Debug, Clone, Default)]
struct Tree {
    frontier: Frontier,
    roots: BTreeMap<u64, Hash>,
    leaves: BTreeMap<u64, Hash>,
}

impl Tree {
    /// Appends a bundle's leaves; `root` is over a full bundle, which then goes in whole unless something inside was asked for.
    fn extend(&mut self, leaves: &[Hash], root: Option<Hash>, questions: &Questions) {
        let start = self.frontier.size();
        let end = start + leaves.len() as u64;
        let asked_inside = questions.sizes.range(start + 1..end).next().is_some()
            || questions.leaves.range(start..end).next().is_some();
        match root.filter(|_| !asked_inside) {
            Some(root) => self.frontier.push_subtree(TILE_HEIGHT, root),
            None => leaves.iter().for_each(|leaf| self.push(*leaf, questions)),
        }
        if questions.sizes.contains(&end) {
            self.roots.insert(end, self.frontier.root());
        }
    }

    fn push(&mut self, leaf: Hash, questions: &Questions) {
        let index = self.frontier.size();
        if questions.leaves.contains(&index) {
            self.leaves.insert(index, leaf);
        }
        self.frontier.push(leaf);
        if questions.sizes.contains(&(index + 1)) {
            self.roots.insert(index + 1, self.frontier.root());
        }
    }
}

/// The leaves of a bundle to go on with.
struct Decided {
    believed: Vec<Hash>,
    /// The root over them, when they fill a bundle.
    root: Option<Hash>,
    /// The leaves as the entries give them, where it is undecided whether entries or tile are as they were sealed.
    entries: Option<Vec<Hash>>,
}

struct Pass<'a> {
    source: &'a Source,
    layout: Layout<'a>,
    questions: &'a Questions,
    answers: Answers,
    /// The tree as the better of entries and tiles gives it.
    believed: Tree,
    /// The tree as entries give it, from the first bundle on where that is undecided.
    from_entries: Option<Tree>,
    broken: bool,
    /// Per tile level, the hashes of the tile that is being filled.
    levels: Vec<Vec<Hash>>,
    /// The tile of level 1 that says what the bundles being read should hash to.
    above: Option<(u64, Vec<Hash>)>,
    mismatches: Vec<Mismatch>,
    mismatches_omitted: u64,
}

impl<'a> Pass<'a> {
    fn new(source: &'a Source, layout: Layout<'a>, questions: &'a Questions) -> Self {
        Self {
            source,
            layout,
            questions,
            answers: Answers { rows: vec![Vec::new(); questions.matchers.len()], ..Answers::default() },
            believed: Tree::default(),
            from_entries: None,
            broken: false,
            levels: vec![Vec::new(); usize::from(TILE_LEVELS)],
            above: None,
            mismatches: Vec::new(),
            mismatches_omitted: 0,
        }
    }

    /// Bundles of which neither entries nor hashes are there.
    fn gap(&mut self, from: u64, to: u64, report: &mut Report) {
        if from == to {
            return;
        }
        let (first, last) = (from * TILE_WIDTH, (to * TILE_WIDTH).min(self.layout.size) - 1);
        let place = self.layout.name(self.layout.tile(TileKind::Entries, from));
        let detail = format!("entries {first} to {last} and their hashes are missing");
        report.fault(FaultKind::Missing, place, detail);
        self.broken = true;
    }

    fn take(&mut self, mut bundle: Bundle, report: &mut Report) {
        report.absorb(std::mem::take(&mut bundle.faults));
        for (all, rows) in self.answers.rows.iter_mut().zip(std::mem::take(&mut bundle.rows)) {
            all.extend(rows);
        }
        self.answers.entries += bundle.from_entries.as_ref().map_or(0, |leaves| leaves.len() as u64);
        let decided = self.decide(bundle);
        let Some(Decided { believed, root, entries }) = decided else {
            self.broken = true;
            return;
        };
        if self.broken {
            return;
        }
        if entries.is_some() && self.from_entries.is_none() {
            self.from_entries = Some(self.believed.clone());
        }
        self.believed.extend(&believed, root, self.questions);
        if let Some(tree) = &mut self.from_entries {
            let (leaves, root) = entries.as_ref().map_or((&believed, root), |entries| (entries, None));
            tree.extend(leaves, root, self.questions);
        }
        if let Some(root) = root {
            self.climb(1, root, report);
        }
    }

    /// The leaves to go on with. Differences are remembered and explained later.
    fn decide(&mut self, bundle: Bundle) -> Option<Decided> {
        let Bundle { index, width, from_entries, from_tile, root, .. } = bundle;
        let root_of = |leaves: &[Hash]| (leaves.len() as u64 == TILE_WIDTH).then(|| tile_root(leaves));
        let (from_entries, from_tile) = match (from_entries, from_tile) {
            (Some(entries), Some(tile)) if entries == tile => {
                return Some(Decided { believed: tile, root, entries: None });
            }
            (Some(entries), Some(tile)) => (entries, tile),
            (Some(leaves), None) | (None, Some(leaves)) => {
                let root = root_of(&leaves);
                return (leaves.len() == width).then_some(Decided { believed: leaves, root, entries: None });
            }
            (None, None) => return None,
        };
        let sealed = self.sealed_above(index);
        let is_sealed = |leaves: &[Hash]| root_of(leaves).is_some_and(|root| Some(root) == sealed);
        let blame = if is_sealed(&from_entries) {
            Blame::Tile
        } else if is_sealed(&from_tile) {
            Blame::Entries
        } else {
            Blame::Undecided
        };
        let believed = if blame == Blame::Tile { from_entries.clone() } else { from_tile.clone() };
        let undecided = blame == Blame::Undecided && from_entries.len() == width;
        let entries = undecided.then(|| from_entries.clone());
        if self.mismatches.len() < MISMATCHES_MAX {
            self.mismatches.push(Mismatch { bundle: index, blame, from_entries, from_tile });
        } else {
            self.mismatches_omitted += 1;
        }
        Some(Decided { root: root_of(&believed), believed, entries })
    }

    /// What the level above says a full bundle hashes to. Only asked when a bundle and its tile differ.
    fn sealed_above(&mut self, bundle: u64) -> Option<Hash> {
        let tile = bundle / TILE_WIDTH;
        if self.above.as_ref().is_none_or(|(cached, _)| *cached != tile) && self.layout.width(1, tile) != 0 {
            let hashes = self.layout.read_hashes(self.source, 1, tile).unwrap_or_default();
            self.above = Some((tile, hashes));
        }
        let position = usize::try_from(bundle % TILE_WIDTH).expect("below 256");
        self.above.as_ref().filter(|(cached, _)| *cached == tile)?.1.get(position).copied()
    }

    fn climb(&mut self, level: u8, hash: Hash, report: &mut Report) {
        if TILE_LEVELS <= level {
            return;
        }
        let row = &mut self.levels[usize::from(level)];
        row.push(hash);
        if row.len() as u64 == TILE_WIDTH {
            let full = std::mem::take(row);
            let tile = (self.believed.frontier.size() >> (TILE_HEIGHT * level)) / TILE_WIDTH - 1;
            self.compare(level, tile, &full, report);
            self.climb(level + 1, tile_root(&full), report);
        }
    }

    fn compare(&self, level: u8, index: u64, computed: &[Hash], report: &mut Report) {
        let place = self.layout.name(self.layout.tile(TileKind::Hashes(level), index));
        let stored = match self.layout.read_hashes(self.source, level, index) {
            Ok(stored) => stored,
            Err(fault) => return report.absorb(vec![fault]),
        };
        for (position, (stored, computed)) in (0_u64..).zip(stored.iter().zip(computed)) {
            if stored != computed {
                let below = Tile::new(TileKind::Hashes(level - 1), index * TILE_WIDTH + position, 256);
                let detail = format!("hash {position} is not the root of {}", self.layout.name(below));
                report.fault(FaultKind::TileChanged, &place, detail);
            }
        }
    }

    fn finish(mut self, report: &mut Report) -> Answers {
        for level in 1..TILE_LEVELS {
            let partial = std::mem::take(&mut self.levels[usize::from(level)]);
            let hashes = self.layout.size >> (TILE_HEIGHT * level);
            if !self.broken && !partial.is_empty() {
                self.compare(level, hashes / TILE_WIDTH, &partial, report);
            }
        }
        self.explain(report);
        self.answers
    }

    /// Where only the signed root can tell entries from tile, it does.
    fn explain(&mut self, report: &mut Report) {
        let signed = report.root;
        let gives_signed = |tree: &Tree| Some(tree.frontier.root()) == signed;
        let from_entries = self.from_entries.take().filter(gives_signed);
        let decided = if self.broken {
            Blame::Undecided
        } else if gives_signed(&self.believed) {
            Blame::Entries
        } else if from_entries.is_some() {
            Blame::Tile
        } else {
            Blame::Undecided
        };
        let tree =
            if decided == Blame::Tile { from_entries.unwrap_or_default() } else { std::mem::take(&mut self.believed) };
        self.answers.root = (!self.broken).then(|| tree.frontier.root());
        (self.answers.roots, self.answers.leaves) = (tree.roots, tree.leaves);
        for mismatch in &mut self.mismatches {
            if mismatch.blame == Blame::Undecided {
                mismatch.blame = decided;
            }
        }
        super::blame::explain(&self.mismatches, self.layout, report);
        if self.mismatches_omitted != 0 {
            let detail = format!("{} more bundles differ from their tiles", self.mismatches_omitted);
            report.fault(FaultKind::EntryChanged, format!("{}tile/entries", self.layout.prefix), detail);
        }
    }
}
