//! Priority: which of the two severities asks for more haste. A table and the more urgent of two rows, not a product.
//!
//! Confidence is shown beside it and never lowers it: an unsure finding of a critical leak still wakes somebody.

use ocsf::Severity;
use serde::{Deserialize, Serialize};

use crate::BreachLevel;

/// P1 is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    P1,
    P2,
    P3,
    P4,
}

/// The more urgent of what the technical and the breach severity ask for. An unassessed breach asks for nothing yet.
#[must_use]
pub(crate) fn priority(technical: Severity, breach: Option<BreachLevel>) -> Priority {
    let by_technical = match technical {
        Severity::Critical => Priority::P1,
        Severity::High => Priority::P2,
        Severity::Medium => Priority::P3,
        Severity::Low | Severity::Informational | Severity::Unknown => Priority::P4,
    };
    let by_breach = match breach {
        Some(BreachLevel::VeryHigh) => Priority::P1,
        Some(BreachLevel::High) => Priority::P2,
        Some(BreachLevel::Medium) => Priority::P3,
        Some(BreachLevel::Low) | None => Priority::P4,
    };
    by_technical.min(by_breach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_urgent_of_the_two_wins() {
        let table = [
            (Severity::Critical, None, Priority::P1),
            (Severity::Critical, Some(BreachLevel::Low), Priority::P1),
            (Severity::Low, Some(BreachLevel::VeryHigh), Priority::P1),
            (Severity::High, Some(BreachLevel::Medium), Priority::P2),
            (Severity::Medium, Some(BreachLevel::High), Priority::P2),
            (Severity::Medium, None, Priority::P3),
            (Severity::Unknown, Some(BreachLevel::Medium), Priority::P3),
            (Severity::Informational, Some(BreachLevel::Low), Priority::P4),
            (Severity::Unknown, None, Priority::P4),
        ];
        for (technical, breach, expected) in table {
            assert_eq!(priority(technical, breach), expected, "{technical:?} {breach:?}");
        }
    }
}
