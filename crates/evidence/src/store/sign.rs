//! Signing the store's head. Comes after the tiles are durable: a checkpoint over entries that a power cut could still lose
//! would commit the log to something it no longer has.

use super::{CHECKPOINT_FILE, StoreError, TileStore};
use crate::checkpoint::{Checkpoint, CheckpointError, SignError, parse_decimal, sign_next};
use crate::keys::LogKey;
use crate::note::{NOTE_BYTES_MAX, Note, NoteError, VerifierKey};

/// Checkpoints kept for comparison, one file per size.
pub const CHECKPOINTS_DIRECTORY: &str = "checkpoints";
/// The public keys of the log, one vkey a line.
pub const VKEY_FILE: &str = "vkey";

#[derive(Debug, thiserror::Error)]
pub enum StoreSignError {
    #[error("sign the checkpoint: no key was given")]
    NoKey,
    #[error(
        "sign the checkpoint: the log shrank from {signed} entries to {size}; restore its directory before signing again"
    )]
    Shrunk { signed: u64, size: u64 },
    #[error("keep the checkpoint: it is not the current one with more signatures")]
    NotCurrent,
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TileStore {
    /// Signs the store's current size and root and makes the checkpoint durable. `keys` is the log's key, or while it is
    /// rotated the old and the new one. Signing an unchanged head returns the checkpoint that is there, with its cosignatures.
    pub fn sign_checkpoint(&self, keys: &[&LogKey]) -> Result<Note, StoreSignError> {
        let Some(first) = keys.first() else { return Err(StoreSignError::NoKey) };
        let known: Vec<VerifierKey> = keys.iter().map(|key| key.verifier()).collect();
        let next = Checkpoint::new(first.name(), self.size(), self.root());
        self.publish_keys(&known)?;
        let previous = self.checkpoint_note()?;
        if let Some(note) = &previous {
            // The file must be ours: signing on top of a foreign checkpoint would be how a fork begins.
            let (signed, verified) = Checkpoint::open(note.to_string().as_bytes(), &known)?;
            if signed == next && verified.len() == known.len() {
                return Ok(note.clone());
            }
            if next.size < signed.size {
                return Err(StoreSignError::Shrunk { signed: signed.size, size: next.size });
            }
            let proof = self.prove_consistency(signed.size, next.size)?;
            let note = sign_next(keys, Some(&signed), &next, &proof)?;
            return self.keep(note);
        }
        self.keep(sign_next(keys, None, &next, &[])?)
    }

    /// Replaces the current checkpoint by the same one with cosignatures of witnesses added.
    pub fn keep_cosigned(&self, note: &Note, known: &[VerifierKey]) -> Result<(), StoreSignError> {
        let current = self.checkpoint_note()?;
        if current.is_none_or(|current| current.text() != note.text()) {
            return Err(StoreSignError::NotCurrent);
        }
        Checkpoint::open(note.to_string().as_bytes(), known)?;
        self.keep(note.clone())?;
        Ok(())
    }

    /// Copies the current checkpoint to `checkpoints/<size>`, where later verifications compare the log with it.
    pub fn archive_checkpoint(&self) -> Result<(), StoreError> {
        let (Some(note), Some(head)) = (self.checkpoint_note()?, self.checkpoint()?) else { return Ok(()) };
        self.write_note(&format!("{CHECKPOINTS_DIRECTORY}/{}", head.size), &note)
    }

    /// The archived checkpoints, smallest first, as (size, note).
    pub fn archived_checkpoints(&self) -> Result<Vec<(u64, Note)>, StoreError> {
        let directory = self.root.join(CHECKPOINTS_DIRECTORY);
        let failed = |source| self.io("list", CHECKPOINTS_DIRECTORY, source);
        let listing = match std::fs::read_dir(directory) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut archived = Vec::new();
        for file in listing {
            let name = file.map_err(failed)?.file_name();
            let Some(size) = name.to_str().and_then(parse_decimal) else { continue };
            let name = format!("{CHECKPOINTS_DIRECTORY}/{size}");
            let bytes = self.disk.read(&self.root.join(&name), NOTE_BYTES_MAX);
            let bytes = bytes.map_err(|source| self.io("read", &name, source))?.unwrap_or_default();
            let damaged = |error: NoteError| StoreError::Damaged { path: name.clone(), detail: error.to_string() };
            archived.push((size, Note::parse(&bytes).map_err(damaged)?));
        }
        archived.sort_by_key(|(size, _)| *size);
        Ok(archived)
    }

    /// Publishes the public keys beside the tiles, so that whoever finds the directory can read it. Old keys stay.
    fn publish_keys(&self, known: &[VerifierKey]) -> Result<(), StoreError> {
        let path = self.root.join(VKEY_FILE);
        let bytes = self.disk.read(&path, NOTE_BYTES_MAX).map_err(|source| self.io("read", VKEY_FILE, source))?;
        let mut text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
        let before = text.len();
        for key in known.iter().map(ToString::to_string) {
            if !text.lines().any(|line| line == key) {
                text.push_str(&key);
                text.push('\n');
            }
        }
        if text.len() == before {
            return Ok(());
        }
        self.disk.write(&path, text.as_bytes()).map_err(|source| self.io("write", VKEY_FILE, source))
    }

    fn keep(&self, note: Note) -> Result<Note, StoreSignError> {
        self.write_note(CHECKPOINT_FILE, &note)?;
        Ok(note)
    }

    fn write_note(&self, name: &str, note: &Note) -> Result<(), StoreError> {
        let written = self.disk.write(&self.root.join(name), note.to_string().as_bytes());
        written.map_err(|source| self.io("write", name, source))
    }
}
