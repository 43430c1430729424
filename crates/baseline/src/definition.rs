//! A baseline that can be used: checked, with defaults filled in.
//!
//! What findings need to carry is public; how it judges is the crate's own business.

use serde::{Deserialize, Serialize};

use crate::document::{ExampleDocument, Rhythm};
use crate::field::Field;
use crate::select::Select;

/// How much somebody should mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Informational,
    Low,
    Medium,
    High,
}

impl Level {
    /// As written in content.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// How far a baseline is trusted, in Sigma's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Stable,
    Test,
    Experimental,
    Deprecated,
}

/// The alerting and detection strategy, section by section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ads {
    pub goal: Vec<String>,
    pub strategy: Vec<String>,
    pub blind_spots: Vec<String>,
    pub validation: Vec<String>,
    pub response: Vec<String>,
}

/// One baseline.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The name given to [`crate::load`].
    pub file: String,
    pub id: String,
    pub title: String,
    pub description: String,
    pub status: Status,
    pub level: Level,
    pub author: Option<String>,
    pub date: Option<String>,
    /// ATT&CK and other tags, as written.
    pub tags: Vec<String>,
    pub falsepositives: Vec<String>,
    pub surface: String,
    pub group_by: Vec<String>,
    pub owner: String,
    pub ads: Ads,
    /// Changes with every change of the file; 16 hexadecimal digits.
    pub version: String,
    /// Whose normal is learned.
    pub entity: Field,
    /// With whom it is compared.
    pub peer: Option<Field>,
    pub(crate) select: Select,
    pub(crate) measure: Measure,
    /// Seconds from an entity's first event until it may be unusual.
    pub(crate) learning: u32,
    pub(crate) observations_min: u32,
    /// Of all that decides what is learned: who keeps it keeps the state.
    pub(crate) shape: u64,
    pub(crate) tests: Vec<ExampleDocument>,
}

impl Baseline {
    /// Whether it can say nothing without a table of places. It then waits and is listed as waiting.
    #[must_use]
    pub fn needs_places(&self) -> bool {
        let travels = matches!(self.measure, Measure::Travel { .. });
        let value = match &self.measure {
            Measure::NewValue { value, .. } | Measure::Rarity { value, .. } => Some(*value),
            _ => None,
        };
        let asks_asn = [value, Some(self.entity), self.peer].contains(&Some(Field::Asn));
        travels || asks_asn || self.select.fields().any(|field| field == Field::Asn)
    }

    /// Formats it listens to.
    #[must_use]
    pub fn formats(&self) -> &[String] {
        self.select.formats()
    }

    /// How many examples it carries.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.tests.len()
    }
}

/// When a value is known and when it is no surprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueRules {
    /// Seconds between two sightings after which a value is known.
    pub(crate) known_after: u32,
    /// Seconds without a sighting after which it is new again.
    pub(crate) forget_after: u32,
    /// Values new within 30 days from which on a new one is a habit and no surprise.
    pub(crate) habit: u32,
    pub(crate) values_max: usize,
    pub(crate) learning: u32,
}

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Count,
    Bytes,
    Rows,
    Distinct(Field),
}

/// Amounts per bucket and how far they may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VolumeRules {
    pub(crate) of: Quantity,
    pub(crate) bucket: u32,
    pub(crate) rhythm: Rhythm,
    /// Below it nothing is unusual.
    pub(crate) at_least: u64,
    pub(crate) deviations: i32,
    pub(crate) factor: u64,
    pub(crate) peak_percent: u64,
    /// Whether buckets without events count as zero.
    pub(crate) zeros: bool,
    pub(crate) newcomers: bool,
    pub(crate) learning: u32,
    pub(crate) observations_min: u32,
}

/// How unusualness is measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Measure {
    NewValue { value: Field, rules: ValueRules, newcomers: bool },
    Rarity { value: Field, rules: ValueRules, share_percent: u64, members_min: u64 },
    Volume(VolumeRules),
    Travel { speed_kmh: u32, distance_km: u32, rules: ValueRules },
    Dormant { silence: u32 },
}
