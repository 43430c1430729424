//! What a verification says: how far the log can be trusted, what was checked, and every fault with its place.
//! A value for the caller to print; this crate prints nothing.

use serde::Serialize;

use crate::hash::Hash;

/// Faults kept in a report; further ones are counted.
pub const FAULTS_MAX: usize = 1000;

/// What stands behind the log beyond its own signature. Each level is stronger than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// Everything fits together and the log's key signed it. The owner could still have rewritten all of it.
    SelfConsistent,
    /// The log continues a checkpoint that the verifier already had.
    TrustedCheckpoint,
    /// A cosigner the verifier trusts signed this head with a time, but fewer cosigners than asked for.
    Timestamped,
    /// As many witnesses as the verifier asked for saw this head as the continuation of what they had seen before.
    Witnessed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    Log,
    Pack,
}

/// Where the key came from that the log's signature was checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// Given by whoever verifies.
    Given,
    /// Found beside the log: says nothing about whose log it is.
    Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    EntryChanged,
    EntryMoved,
    EntryRemoved,
    EntryAdded,
    EntryUnreadable,
    BundleDamaged,
    TileChanged,
    TileSwapped,
    RootMismatch,
    CheckpointInvalid,
    KeyUnknown,
    Fork,
    Truncated,
    Missing,
    Unexpected,
    ManifestInvalid,
    MemberChanged,
    RowRemoved,
    RowAdded,
    RowChanged,
    RowMoved,
    CertificateWrong,
    SampleWrong,
    ProofWrong,
    ContainerDamaged,
    LimitExceeded,
}

/// One thing that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// A file, and where it helps the entry or row in it.
    pub place: String,
    pub detail: String,
}

/// A cosignature by a witness that whoever verifies trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WitnessSeen {
    pub name: String,
    /// The witness's own clock, seconds since 1970.
    pub unix_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PopulationChecked {
    pub name: String,
    pub rows: u64,
    pub replayed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub subject: Subject,
    pub origin: Option<String>,
    pub size: u64,
    pub root: Option<Hash>,
    pub key: Option<KeySource>,
    /// The level that holds; none while there are faults.
    pub anchor: Option<Anchor>,
    pub witnesses: Vec<WitnessSeen>,
    /// Sizes of the trusted checkpoints that the log continues.
    pub continues: Vec<u64>,
    /// Entries whose hashes were computed from their bytes.
    pub entries: u64,
    pub files: u64,
    pub populations: Vec<PopulationChecked>,
    pub samples: u64,
    pub proofs: u64,
    pub faults: Vec<Fault>,
    pub faults_omitted: u64,
}

impl Report {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            origin: None,
            size: 0,
            root: None,
            key: None,
            anchor: None,
            witnesses: Vec::new(),
            continues: Vec::new(),
            entries: 0,
            files: 0,
            populations: Vec::new(),
            samples: 0,
            proofs: 0,
            faults: Vec::new(),
            faults_omitted: 0,
        }
    }

    /// Does everything hold?
    pub fn holds(&self) -> bool {
        self.faults.is_empty() && self.faults_omitted == 0
    }

    pub(super) fn fault(&mut self, kind: FaultKind, place: impl Into<String>, detail: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { kind, place: place.into(), detail: detail.into() });
        } else {
            self.faults_omitted += 1;
        }
    }

    pub(super) fn absorb(&mut self, faults: Vec<Fault>) {
        for Fault { kind, place, detail } in faults {
            self.fault(kind, place, detail);
        }
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SelfConsistent => "self-consistent",
            Self::TrustedCheckpoint => "consistent with a trusted checkpoint",
            Self::Timestamped => "timestamped",
            Self::Witnessed => "witnessed",
        })
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.detail)
    }
}
