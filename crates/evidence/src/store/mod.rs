//! The log on disk: C2SP tiles under one directory, served as they are by any web server.
//! Whoever appends gives each entry its position first (the state store does, in its own transaction); a crash in between is
//! mended by appending the same bytes again. Checkpoints are signed last, over tiles that are durable.

mod disk;
mod edge;
mod read;
mod sign;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use disk::Disk;
pub(crate) use disk::TEMPORARY;
pub(crate) use edge::tile_root;
pub use read::TileReader;
pub use sign::{CHECKPOINTS_DIRECTORY, StoreSignError, VKEY_FILE};

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, Note};
use crate::proof::TlogProof;
use crate::tile::{ENTRY_BYTES_MAX, TILE_WIDTH, Tile, TileKind};
use crate::tree::{self, ProofError, ProveError, verify_consistency, verify_inclusion};
use edge::{Changes, Edge};

/// The name of the current checkpoint below the log's prefix.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// Entries made durable by one set of fsyncs when a caller appends more at once: 16 bundles.
const APPEND_CHUNK: usize = 4096;

/// One writer at a time: the sequencer that holds the lease. Readers beside it see the log as of the moment they opened it.
#[derive(Debug)]
pub struct TileStore {
    root: PathBuf,
    disk: Disk,
    edge: Edge,
    /// The checkpoint a reader opened at; what a writer signs later is none of its business.
    as_of: Option<Note>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{action} `{path}`: {source}")]
    Io { action: &'static str, path: String, source: std::io::Error },
    #[error("read the log: `{0}` is missing; restore the log's directory from its backup")]
    Missing(String),
    #[error("read the log: `{path}` {detail}; restore the log's directory from its backup")]
    Damaged { path: String, detail: String },
    #[error("append: entry {first} cannot follow a log of {size} entries; append what is between first")]
    Gap { first: u64, size: u64 },
    #[error("append: position {0} already holds other bytes; a sealed entry never changes")]
    Conflict(u64),
    #[error(
        "append: entry {index} has {bytes} bytes, an entry has 1 to 65,535; seal its hash and keep the rest beside the log"
    )]
    EntrySize { index: u64, bytes: usize },
    #[error("read the log: it has {size} entries, {wanted} were asked for")]
    BeyondEnd { size: u64, wanted: u64 },
    #[error("prove: {0}; the log's files contradict each other, nothing was answered")]
    OwnProof(#[from] ProofError),
}

impl TileStore {
    /// Opens the log in `root`, or begins one. Entries that were written but not yet covered by a checkpoint when the last
    /// writer died are taken up again through the same code as any append.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_on(root.into(), Disk::new())
    }

    /// Opens the log in `root` to read what its last checkpoint covers. Writes nothing, whatever a writer does meanwhile.
    pub fn open_to_read(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let mut store = Self { root: root.into(), disk: Disk::new(), edge: Edge::empty(), as_of: None };
        store.as_of = store.checkpoint_note()?;
        store.take_up_checkpoint()?;
        Ok(store)
    }

    fn take_up_checkpoint(&mut self) -> Result<(), StoreError> {
        let Some(checkpoint) = self.checkpoint()? else { return Ok(()) };
        self.edge = self.load_edge(checkpoint.size)?;
        let root = self.edge.frontier.root();
        if root == checkpoint.root {
            return Ok(());
        }
        let detail = format!("is over root {}, the tiles give {root}", checkpoint.root);
        Err(StoreError::Damaged { path: CHECKPOINT_FILE.to_owned(), detail })
    }

    fn open_on(root: PathBuf, disk: Disk) -> Result<Self, StoreError> {
        let mut store = Self { root, disk, edge: Edge::empty(), as_of: None };
        store.take_up_checkpoint()?;
        loop {
            let unsealed = store.entries_after_edge()?;
            if unsealed.is_empty() {
                return Ok(store);
            }
            store.append(store.size(), &unsealed)?;
        }
    }

    /// Appends entries whose positions begin at `first_index`. Entries already there are compared and must be the same bytes:
    /// appending again after a crash is harmless. Returns the new size; all of it is durable by then.
    pub fn append<B: AsRef<[u8]>>(&mut self, first_index: u64, entries: &[B]) -> Result<u64, StoreError> {
        if self.size() < first_index {
            return Err(StoreError::Gap { first: first_index, size: self.size() });
        }
        for (index, entry) in (first_index..).zip(entries) {
            let bytes = entry.as_ref().len();
            if bytes == 0 || ENTRY_BYTES_MAX < bytes {
                return Err(StoreError::EntrySize { index, bytes });
            }
        }
        let known = usize::try_from(self.size() - first_index).unwrap_or(usize::MAX).min(entries.len());
        let (known, new) = entries.split_at(known);
        self.compare(first_index, known)?;
        for chunk in new.chunks(APPEND_CHUNK) {
            self.append_new(chunk)?;
        }
        Ok(self.size())
    }

    fn compare<B: AsRef<[u8]>>(&self, first_index: u64, entries: &[B]) -> Result<(), StoreError> {
        let mut reader = self.reader();
        for (index, entry) in (first_index..).zip(entries) {
            if reader.entry(index)? != entry.as_ref() {
                return Err(StoreError::Conflict(index));
            }
        }
        Ok(())
    }

    fn append_new<B: AsRef<[u8]>>(&mut self, entries: &[B]) -> Result<(), StoreError> {
        let mut edge = self.edge.clone();
        let mut changes = Changes::default();
        for entry in entries {
            edge.push(entry.as_ref(), &mut changes);
        }
        edge.finish(&mut changes);
        let files: Vec<(PathBuf, Vec<u8>)> =
            changes.files.iter().map(|(tile, bytes)| (self.root.join(tile.path()), bytes.clone())).collect();
        let borrowed = files.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()));
        self.disk.write_all(borrowed).map_err(|source| self.io("write tiles below", "tile", source))?;
        // Only now is the memory moved on: after a failed write the same append can be tried again.
        self.edge = edge;
        for (tile, _) in changes.files.iter().filter(|(tile, _)| tile.is_full()) {
            let partials = format!("{}.p", tile.path());
            let removed = self.disk.remove_directory(&self.root.join(&partials));
            removed.map_err(|source| self.io("remove the replaced", &partials, source))?;
        }
        Ok(())
    }

    pub fn size(&self) -> u64 {
        self.edge.frontier.size()
    }

    /// The root over all entries, whether a checkpoint covers them already or not.
    pub fn root(&self) -> Hash {
        self.edge.frontier.root()
    }

    pub fn root_at(&self, size: u64) -> Result<Hash, StoreError> {
        self.within(size)?;
        tree::root(&mut self.reader(), size)
    }

    pub fn entry(&self, index: u64) -> Result<Vec<u8>, StoreError> {
        self.reader().entry(index).map(<[u8]>::to_vec)
    }

    /// Reads tiles and entries with a small cache, for whoever reads many.
    pub fn reader(&self) -> TileReader<'_> {
        TileReader::new(self)
    }

    /// The inclusion proof of entry `index` in the tree of `size` entries, verified before it is returned.
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.within(size)?;
        let mut reader = self.reader();
        let proof = tree::inclusion(&mut reader, index, size).map_err(|error| self.prove_error(error))?;
        let leaf = leaf_hash(reader.entry(index)?);
        let root = tree::root(&mut reader, size)?;
        verify_inclusion(leaf, index, size, root, &proof)?;
        Ok(proof)
    }

    /// The proof that the tree of `from` entries is a prefix of the tree of `to`, verified before it is returned.
    pub fn prove_consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        self.within(to)?;
        let mut reader = self.reader();
        let proof = tree::consistency(&mut reader, from, to).map_err(|error| self.prove_error(error))?;
        let (from_root, to_root) = (tree::root(&mut reader, from)?, tree::root(&mut reader, to)?);
        verify_consistency(from, to, from_root, to_root, &proof)?;
        Ok(proof)
    }

    /// The proof file of entry `index` under a signed checkpoint of this log.
    pub fn tlog_proof(&self, index: u64, checkpoint: &Note) -> Result<TlogProof, StoreError> {
        let head = Checkpoint::parse(checkpoint.text());
        let damaged = |detail: String| StoreError::Damaged { path: CHECKPOINT_FILE.to_owned(), detail };
        let head = head.map_err(|error| damaged(error.to_string()))?;
        let hashes = self.prove_inclusion(index, head.size)?;
        if self.root_at(head.size)? != head.root {
            return Err(damaged("is over another root than the tiles".to_owned()));
        }
        Ok(TlogProof { index, hashes, extra: None, checkpoint: checkpoint.to_string() })
    }

    /// The last checkpoint this directory holds, its signatures unchecked: they were checked when it was signed, and whoever
    /// signs the next one checks them again.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let Some(note) = self.checkpoint_note()? else { return Ok(None) };
        let damaged = |detail: String| StoreError::Damaged { path: CHECKPOINT_FILE.to_owned(), detail };
        Checkpoint::parse(note.text()).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// The signed note of the last checkpoint; for a reader, of the one it opened at.
    pub fn checkpoint_note(&self) -> Result<Option<Note>, StoreError> {
        if let Some(note) = &self.as_of {
            return Ok(Some(note.clone()));
        }
        let path = self.root.join(CHECKPOINT_FILE);
        let bytes = self.disk.read(&path, NOTE_BYTES_MAX).map_err(|source| self.io("read", CHECKPOINT_FILE, source))?;
        let damaged = |detail: String| StoreError::Damaged { path: CHECKPOINT_FILE.to_owned(), detail };
        bytes.map(|bytes| Note::parse(&bytes).map_err(|error| damaged(error.to_string()))).transpose()
    }

    pub fn directory(&self) -> &Path {
        &self.root
    }

    fn within(&self, size: u64) -> Result<(), StoreError> {
        if size <= self.size() { Ok(()) } else { Err(StoreError::BeyondEnd { size: self.size(), wanted: size }) }
    }

    fn prove_error(&self, error: ProveError<StoreError>) -> StoreError {
        match error {
            ProveError::Read(error) => error,
            ProveError::NotInTree { index, .. } => StoreError::BeyondEnd { size: self.size(), wanted: index + 1 },
            ProveError::NotAPrefix { from, .. } => StoreError::BeyondEnd { size: self.size(), wanted: from },
        }
    }

    fn io(&self, action: &'static str, name: &str, source: std::io::Error) -> StoreError {
        StoreError::Io { action, path: self.root.join(name).display().to_string(), source }
    }

    /// The index of the first bundle that is not full yet.
    fn open_bundle(&self) -> u64 {
        self.size() / TILE_WIDTH
    }

    fn tile_of(kind: TileKind, index: u64, width: u64) -> Tile {
        Tile::new(kind, index, u16::try_from(width).expect("at most 256"))
    }
}
