//! Links between entities: who stands behind whom, as single events tell it.
//!
//! Read out of events by `ingest`, stored by `lake`; the binary follows them from a finding to its actor. A link says
//! nothing about right or wrong.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How one entity stands behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// `from` took the session `to`: what the session does, `from` does.
    Assumed,
    /// The machine `from` acts as `to`: a network interface of it, a session of its role.
    Runs,
    /// `from` made or changed what `to` signs in with.
    Credentialed,
    /// The filter `from` (a security group) stands before `to`.
    Guards,
}

impl LinkKind {
    pub const ALL: [Self; 4] = [Self::Assumed, Self::Runs, Self::Credentialed, Self::Guards];

    /// The word stored in the lake.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::Runs => "runs",
            Self::Credentialed => "credentialed",
            Self::Guards => "guards",
        }
    }

    /// The kind of a stored word; `None` for one that nobody wrote.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Both ends are one actor. Otherwise the two only have to do with each other.
    #[must_use]
    pub fn is_same_actor(self) -> bool {
        matches!(self, Self::Assumed | Self::Runs)
    }
}

/// One event's word that `from` stands behind `to`. Both are entity keys or resource uids, as events spell them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    pub from: String,
    pub to: String,
    pub kind: LinkKind,
}

/// A link that leads from a finding to who stands behind it, with the event that says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainStep {
    pub time: Timestamp,
    pub from: String,
    pub to: String,
    pub kind: LinkKind,
    pub event_uid: String,
}
