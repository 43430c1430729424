//! How a document stands to others, by their ids: Sigma's `related`. Told to users; it changes nothing about what is
//! loaded or what matches.

use serde::{Deserialize, Serialize};

use crate::language;

/// A reference to another rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// The other rule's id.
    pub id: String,
    /// What it is to this one.
    #[serde(rename = "type")]
    pub relation: Relation,
}

/// What the other rule is to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// This one was derived from it; both may be in use.
    Derived,
    /// This one takes its place.
    Obsolete,
    /// It was merged into this one.
    Merged,
    /// This one had its id before.
    Renamed,
    /// They look for similar things.
    Similar,
    /// They belong together in a correlation.
    Correlation,
}

impl From<language::Related> for Related {
    fn from(other: language::Related) -> Self {
        use language::RelationType;
        let relation = match other.relation_type {
            RelationType::Derived => Relation::Derived,
            RelationType::Obsolete => Relation::Obsolete,
            RelationType::Merged => Relation::Merged,
            RelationType::Renamed => Relation::Renamed,
            RelationType::Similar => Relation::Similar,
            RelationType::Correlation => Relation::Correlation,
        };
        Self { id: other.id, relation }
    }
}
