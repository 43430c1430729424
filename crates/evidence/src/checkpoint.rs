//! Checkpoints (c2sp.org/tlog-checkpoint): origin, size and root of the log, in a signed note.
//! [`sign_next`] is the only way to sign one, and it wants the proof that the head before is a prefix of this one.

use crate::hash::{Hash, empty_root};
use crate::keys::LogKey;
use crate::note::{KeyKind, Note, NoteError, Verified, VerifierKey};
use crate::tree::{ProofError, verify_consistency};

/// Extension lines are allowed by the format, not used by us, and bounded.
const EXTENSION_LINES_MAX: usize = 16;

/// A tree head. As a value it says nothing about signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    pub extensions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("read the checkpoint: {0}")]
    Malformed(&'static str),
    #[error("read the checkpoint: it is of the log `{got}`, not `{want}`")]
    OtherLog { want: String, got: String },
    #[error("verify the checkpoint: the log `{0}` itself has not signed it")]
    NotSignedByLog(String),
    #[error(transparent)]
    Note(#[from] NoteError),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("sign the checkpoint: the key is named `{key}`, the log `{origin}`")]
    OtherLog { origin: String, key: String },
    #[error("sign the checkpoint: {0}; the log's files do not continue what was signed before, signing stops here")]
    Inconsistent(#[from] ProofError),
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// Reads the text of a note, which begins with origin, size and root.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let fault = CheckpointError::Malformed;
        let Some(body) = text.strip_suffix('\n') else { return Err(fault("it does not end with a newline")) };
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(fault("it has fewer than three lines"));
        };
        if origin.is_empty() {
            return Err(fault("its origin is empty"));
        }
        let size = parse_decimal(size).ok_or(fault("its size is no decimal number"))?;
        let root = Hash::from_base64(root).map_err(|_| fault("its root is not the base64 of 32 bytes"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if EXTENSION_LINES_MAX < extensions.len() || extensions.iter().any(String::is_empty) {
            return Err(fault("it has an empty extension line or more than 16"));
        }
        if size == 0 && root != empty_root() {
            return Err(fault("its size is 0 but its root is not that of the empty tree"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// Reads a signed checkpoint: the log's own key (named as the origin) must have signed it, and every known key's
    /// signature must hold.
    pub fn open(note: &[u8], known: &[VerifierKey]) -> Result<(Self, Vec<Verified>), CheckpointError> {
        let note = Note::parse(note)?;
        let checkpoint = Self::parse(note.text())?;
        let verified = note.verify(known)?;
        let by_log = |one: &Verified| one.key.kind() == KeyKind::Ed25519 && one.key.name() == checkpoint.origin;
        if !verified.iter().any(by_log) {
            return Err(CheckpointError::NotSignedByLog(checkpoint.origin));
        }
        Ok((checkpoint, verified))
    }

    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// Signs `next` after `previous`, the last checkpoint this log signed (`None` only for a new log). `consistency` must show
/// that `previous` is a prefix of `next`. All keys sign: one normally, the old and the new one while a key is rotated.
pub fn sign_next(
    keys: &[&LogKey],
    previous: Option<&Checkpoint>,
    next: &Checkpoint,
    consistency: &[Hash],
) -> Result<Note, SignError> {
    if let Some(previous) = previous {
        if previous.origin != next.origin {
            return Err(SignError::OtherLog { origin: next.origin.clone(), key: previous.origin.clone() });
        }
        // INVARIANT: two checkpoints signed by a log are always consistent, for a witness would refuse it forever after.
        verify_consistency(previous.size, next.size, previous.root, next.root, consistency)?;
    }
    let mut note = Note::unsigned(next.to_text())?;
    for key in keys {
        if key.name() != next.origin || key.verifier().kind() != KeyKind::Ed25519 {
            return Err(SignError::OtherLog { origin: next.origin.clone(), key: key.name().to_owned() });
        }
        key.sign(&mut note);
    }
    // Verify what was just written: a signature that does not hold must not leave the house.
    let known: Vec<VerifierKey> = keys.iter().map(|key| key.verifier()).collect();
    note.verify(&known)?;
    Ok(note)
}

/// Decimal without leading zeros, below 2^63.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number: &u64| canonical && i64::try_from(*number).is_ok())
}
