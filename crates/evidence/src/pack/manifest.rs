//! The manifest of a pack: what it is about and the SHA-256 of every member, sealed by the log's own key. Tiles are not listed:
//! the tree size says which must be there and the signed root says what is in them.

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, digest};
use crate::keys::LogKey;
use crate::note::{Note, NoteError};
use crate::population::TreeHead;

pub const MANIFEST_VERSION: u8 = 1;
pub const PACK_FORMAT: &str = "watertight/pack";
/// First line of the seal. No log has this origin, so a seal never passes as a checkpoint.
const SEAL_LINE: &str = "watertight/pack/v1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub v: u8,
    pub format: String,
    /// The log that everything is sealed in.
    pub origin: String,
    /// What the pack was made for: `soc2`, `iso27001`, `gdpr` or an incident.
    pub framework: String,
    pub from: String,
    pub to: String,
    pub made_at: String,
    pub tree: TreeHead,
    /// Every member but the manifest, its seal and the log's tiles, in the order of their names.
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub name: String,
    pub bytes: u64,
    pub sha256: Hash,
}

/// Signs the bytes of a manifest.
pub(crate) fn seal(manifest: &[u8], origin: &str, keys: &[&LogKey]) -> Result<Note, NoteError> {
    let mut note = Note::unsigned(seal_text(manifest, origin))?;
    keys.iter().for_each(|key| key.sign(&mut note));
    Ok(note)
}

/// What the log's key signs for a manifest.
pub(crate) fn seal_text(manifest: &[u8], origin: &str) -> String {
    format!("{SEAL_LINE}\n{origin}\nmanifest.json sha256 {}\n", digest(manifest))
}
