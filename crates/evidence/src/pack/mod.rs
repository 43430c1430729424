//! Packs: everything an auditor needs in one zip that verifies offline. Written front to back and durable before it gets its
//! name; a pack that could not be finished does not exist. Whatever it lists it has checked against the sealed entries first.

mod container;
mod manifest;
pub(crate) mod names;
mod populate;
mod readme;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use container::{COMMENT_START, DIGEST_HEX, digest_before_comment};
pub(crate) use manifest::seal_text;
pub use manifest::{MANIFEST_VERSION, Manifest, Member, PACK_FORMAT};
pub use populate::{Finding, Population};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::EntryError;
use crate::hash::Hash;
use crate::keys::LogKey;
use crate::note::{Note, NoteError, VerifierKey};
use crate::population::{QueryError, TreeHead};
use crate::sample;
use crate::store::{CHECKPOINT_FILE, CHECKPOINTS_DIRECTORY, StoreError, TileStore, VKEY_FILE};
use crate::tile::{Tile, TileKind, encode_hashes, push_entry};
use crate::tree::Nodes as _;
use container::Container;
use names::{ARTEFACTS_PREFIX, LOG_PREFIX, MANIFEST, OSCAL_PREFIX, PROOFS_PREFIX, README, SAMPLES_PREFIX, SEAL};

/// What the pack is about. Times are RFC 3339.
#[derive(Debug, Clone)]
pub struct PackHead<'a> {
    pub framework: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub made_at: &'a str,
}

#[derive(Debug)]
pub struct PackWriter<'a> {
    path: PathBuf,
    temporary: PathBuf,
    container: Container,
    store: &'a TileStore,
    keys: Vec<&'a LogKey>,
    note: Note,
    manifest: Manifest,
    /// Names given to members so far.
    taken: BTreeSet<String>,
    /// The ids of every listing in its order, to draw samples from.
    listed: BTreeMap<String, Vec<String>>,
}

/// A finished pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackSummary {
    pub path: PathBuf,
    pub bytes: u64,
    /// Over the file without the 64 digits of its archive comment, where it stands as well.
    pub sha256: Hash,
    pub members: usize,
    pub populations: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("write the pack `{path}`: {source}")]
    Io { path: String, source: io::Error },
    #[error("make the pack: the log has no checkpoint yet; sign one first")]
    NoCheckpoint,
    #[error("make the pack: no key was given to seal it with")]
    NoKey,
    #[error("make the pack: `{0}` is no plain name (letters, digits, `.`, `-`, `_`), or it is taken already")]
    Name(String),
    #[error("make the pack: there is no population `{0}` to draw from; list it first")]
    NoPopulation(String),
    #[error("make the pack: `{0}` is not JSON")]
    NotJson(String),
    #[error("make the pack: batch entry {0} has no `findings_root` and `findings_count`")]
    NotABatch(u64),
    #[error(
        "make the pack: batch entry {batch} sealed {sealed} findings, the {given} given are not all of them or others"
    )]
    IncompleteBatch { batch: u64, sealed: u64, given: u64 },
    #[error("make the pack: entry {index}: {source}")]
    Entry { index: u64, source: EntryError },
    #[error("make the pack: look up the rows of `{population}`: {detail}")]
    Rows { population: String, detail: String },
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<'a> PackWriter<'a> {
    /// Begins a pack of the log as its last checkpoint describes it. `witnesses` are named in it for the reader's convenience;
    /// which of them to trust is the reader's decision.
    pub fn create(
        path: &Path,
        store: &'a TileStore,
        keys: &[&'a LogKey],
        witnesses: &[VerifierKey],
        head: &PackHead<'_>,
    ) -> Result<Self, PackError> {
        if keys.is_empty() {
            return Err(PackError::NoKey);
        }
        let note = store.checkpoint_note()?.ok_or(PackError::NoCheckpoint)?;
        let mut known: Vec<VerifierKey> = keys.iter().map(|key| key.verifier()).collect();
        known.extend_from_slice(witnesses);
        let (checkpoint, _) = Checkpoint::open(note.to_string().as_bytes(), &known)?;
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let failed = |source| PackError::Io { path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(&temporary).map_err(failed)?;
        let manifest = Manifest {
            v: MANIFEST_VERSION,
            format: PACK_FORMAT.to_owned(),
            origin: checkpoint.origin.clone(),
            framework: head.framework.to_owned(),
            from: head.from.to_owned(),
            to: head.to.to_owned(),
            made_at: head.made_at.to_owned(),
            tree: TreeHead { size: checkpoint.size, root: checkpoint.root },
            members: Vec::new(),
        };
        let container = Container::new(file);
        let path = path.to_owned();
        let (taken, listed) = (BTreeSet::new(), BTreeMap::new());
        let mut pack = Self { path, temporary, container, store, keys: keys.to_vec(), note, manifest, taken, listed };
        pack.write_log(&known)?;
        Ok(pack)
    }

    /// A document, below `artefacts/`.
    pub fn artefact(&mut self, name: &str, bytes: &[u8]) -> Result<(), PackError> {
        self.add(&format!("{ARTEFACTS_PREFIX}{name}"), bytes)
    }

    /// An OSCAL document, below `oscal/`.
    pub fn oscal(&mut self, name: &str, json: &[u8]) -> Result<(), PackError> {
        if serde_json::from_slice::<serde::de::IgnoredAny>(json).is_err() {
            return Err(PackError::NotJson(name.to_owned()));
        }
        self.add(&format!("{OSCAL_PREFIX}{name}"), json)
    }

    /// The proof file of one entry, below `proofs/`. Proving the same entry again changes nothing.
    pub fn proof(&mut self, index: u64) -> Result<(), PackError> {
        let name = format!("{PROOFS_PREFIX}{index}.tlog-proof");
        if self.taken.contains(&name) {
            return Ok(());
        }
        let proof = self.store.tlog_proof(index, &self.note)?;
        self.add(&name, proof.to_string().as_bytes())
    }

    /// Draws `asked` rows of a population listed before, by a seed the auditor chose or was told.
    pub fn sample(&mut self, population: &str, seed: &str, asked: u64) -> Result<sample::Sample, PackError> {
        let Some(ids) = self.listed.get(population) else { return Err(PackError::NoPopulation(population.to_owned())) };
        let sample = sample::draw(population, seed, asked, ids.iter().map(String::as_str));
        let json = serde_json::to_vec_pretty(&sample).map_err(|error| self.io(error.into()))?;
        self.add(&format!("{SAMPLES_PREFIX}{population}.json"), &json)?;
        Ok(sample)
    }

    /// Writes README, manifest and seal, makes the file durable and gives it its name.
    pub fn finish(mut self) -> Result<PackSummary, PackError> {
        let populations: Vec<String> = self.listed.keys().cloned().collect();
        let readme = readme::text(&self.manifest, &populations);
        self.add(README, readme.as_bytes())?;
        self.manifest.members.sort_by(|a, b| a.name.cmp(&b.name));
        let failed = |source| PackError::Io { path: self.path.display().to_string(), source };
        let manifest = serde_json::to_vec_pretty(&self.manifest).map_err(|error| failed(error.into()))?;
        let seal = manifest::seal(&manifest, &self.manifest.origin, &self.keys)?;
        self.container.member(MANIFEST, &manifest).map_err(failed)?;
        self.container.member(SEAL, seal.to_string().as_bytes()).map_err(failed)?;
        let (file, sha256) = self.container.finish().map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        std::fs::rename(&self.temporary, &self.path).map_err(failed)?;
        sync_parent(&self.path).map_err(failed)?;
        Ok(PackSummary { path: self.path, bytes, sha256, members: self.manifest.members.len() + 2, populations })
    }

    fn write_log(&mut self, known: &[VerifierKey]) -> Result<(), PackError> {
        let size = self.manifest.tree.size;
        self.add(&format!("{LOG_PREFIX}{CHECKPOINT_FILE}"), self.note.to_string().as_bytes())?;
        let vkeys: String = known.iter().map(|key| format!("{key}\n")).collect();
        self.add(&format!("{LOG_PREFIX}{VKEY_FILE}"), vkeys.as_bytes())?;
        let archived = self.store.archived_checkpoints()?;
        for (older, note) in archived.iter().filter(|(older, _)| *older <= size) {
            self.add(&format!("{LOG_PREFIX}{CHECKPOINTS_DIRECTORY}/{older}"), note.to_string().as_bytes())?;
        }
        let mut reader = self.store.reader();
        for tile in Tile::of_tree(size) {
            let mut bytes = Vec::new();
            let first = tile.index * 256;
            for position in first..first + u64::from(tile.width) {
                match tile.kind {
                    TileKind::Entries => push_entry(&mut bytes, reader.entry(position)?),
                    TileKind::Hashes(level) => bytes.extend(encode_hashes(&[reader.node(8 * level, position)?])),
                }
            }
            let name = format!("{LOG_PREFIX}{}", tile.path());
            self.container.member(&name, &bytes).map_err(|source| self.io(source))?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), PackError> {
        self.take_name(name)?;
        let member = self.container.member(name, bytes).map_err(|source| self.io(source))?;
        self.manifest.members.push(member);
        Ok(())
    }

    fn take_name(&mut self, name: &str) -> Result<(), PackError> {
        let free = names::is_member_name(name) && self.taken.insert(name.to_owned());
        if free { Ok(()) } else { Err(PackError::Name(name.to_owned())) }
    }

    fn io(&self, source: io::Error) -> PackError {
        PackError::Io { path: self.path.display().to_string(), source }
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
