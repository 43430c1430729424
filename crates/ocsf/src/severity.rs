//! Severity as OCSF counts it (`severity_id`), and how Sigma levels and vendor scales map to it.
//!
//! This is *technical* severity. How bad a breach is for people is a different axis and lives in `incident`.

use serde::{Deserialize, Serialize};

/// OCSF `severity_id`, ordered from least to most severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Unknown,
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The OCSF `severity_id`: 0 Unknown … 5 Critical.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
            Self::Critical => 5,
        }
    }

    /// The word, as Sigma's `level` and our output spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads a Sigma `level` or an OCSF caption; anything else is `Unknown`, never a guess.
    #[must_use]
    pub fn from_level(level: &str) -> Self {
        match level.to_ascii_lowercase().as_str() {
            "informational" | "info" => Self::Informational,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_round_trip_and_order() {
        for severity in [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical] {
            assert_eq!(Severity::from_level(severity.as_str()), severity);
        }
        assert!(Severity::Low < Severity::High);
        assert_eq!(Severity::from_level("catastrophic"), Severity::Unknown);
    }
}
