//! Breach severity after ENISA (2013): SE = DPC × EI + CB, with inputs, arithmetic, overrides and flags shown.
//!
//! Decision support for people: it does not decide by itself whether anybody must be told. All terms are multiples of a
//! quarter, so the sum is exact integer arithmetic and nothing is ever rounded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// More people than this raises a flag outside the score (method, section on flags).
const MANY_PEOPLE: u64 = 100;
/// Closer than this to the edge of a level, the result is flagged for a second look: one quarter.
const NEAR_EDGE: Quarters = Quarters(1);

/// A multiple of 0.25.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quarters(pub u32);

impl fmt::Display for Quarters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:02}", self.0 / 4, (self.0 % 4) * 25)
    }
}

/// Kinds of personal data; the base of DPC is 1 to 4 in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCategory {
    Simple,
    Behavioural,
    Financial,
    Sensitive,
}

impl DataCategory {
    fn base(self) -> i32 {
        match self {
            Self::Simple => 1,
            Self::Behavioural => 2,
            Self::Financial => 3,
            Self::Sensitive => 4,
        }
    }
}

/// One category found in the data, with its contextual adjustment (−3 to +3) and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataContext {
    pub category: DataCategory,
    #[serde(default)]
    pub adjustment: i32,
    /// A code or a short phrase without personal data: it is kept in the clear.
    #[serde(default)]
    pub reason: String,
}

/// EI: how easily the data lead to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identification {
    Negligible,
    Limited,
    Significant,
    Maximum,
}

impl Identification {
    fn quarters(self) -> Quarters {
        match self {
            Self::Negligible => Quarters(1),
            Self::Limited => Quarters(2),
            Self::Significant => Quarters(3),
            Self::Maximum => Quarters(4),
        }
    }
}

/// One circumstance of CB: 0, 0.25 or 0.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CircumstanceScore {
    /// Confidentiality: no evidence of access. Integrity: recovered before use. Availability: no difficulty.
    None,
    /// Confidentiality: known recipients. Integrity: possibly used wrongly, recoverable. Availability: temporary.
    Partial,
    /// Confidentiality: unknown number or public. Integrity: not recoverable. Availability: permanent.
    Full,
}

impl CircumstanceScore {
    fn quarters(self) -> Quarters {
        match self {
            Self::None => Quarters(0),
            Self::Partial => Quarters(1),
            Self::Full => Quarters(2),
        }
    }
}

/// Malicious intent adds 0.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Malice {
    None,
    Intended,
}

impl Malice {
    fn quarters(self) -> Quarters {
        match self {
            Self::None => Quarters(0),
            Self::Intended => Quarters(2),
        }
    }
}

/// Yes, no, or not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreeValued {
    Yes,
    No,
    Unknown,
}

/// A person's own level in place of the computed one. Requester and approver are different people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelOverride {
    pub level: BreachLevel,
    pub requested_by: String,
    pub approved_by: String,
}

/// What the assessor says. The numbers of people may be a range; `None` is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachInputs {
    /// Every category found; the highest score counts. Credentials take the category of what they open.
    pub data: Vec<DataContext>,
    pub identification: Identification,
    pub confidentiality: CircumstanceScore,
    pub integrity: CircumstanceScore,
    pub availability: CircumstanceScore,
    pub malice: Malice,
    pub people_min: Option<u64>,
    pub people_max: Option<u64>,
    /// Encrypted with the key intact.
    pub unintelligible: ThreeValued,
    #[serde(default)]
    pub level_override: Option<LevelOverride>,
}

/// Bands of the method: below 2, below 3, below 4, from 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreachLevel {
    Low,
    Medium,
    High,
    VeryHigh,
}

/// The result with everything a reader needs to redo it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachAssessment {
    pub inputs: BreachInputs,
    pub dpc: u32,
    pub ei: Quarters,
    pub cb: Quarters,
    pub se: Quarters,
    /// From the arithmetic alone.
    pub computed_level: BreachLevel,
    /// What counts: the override's level if there is one.
    pub level: BreachLevel,
    /// `SE = DPC 4 × EI 1.00 + CB 1.00 (confidentiality 0.50 …) = 5.00`
    pub arithmetic: String,
    pub over_100_people: ThreeValued,
    pub unintelligible: ThreeValued,
    /// Within 0.25 of the edge of a level.
    pub near_edge: bool,
}

/// Computes SE. `None` when no category of data is given: then there is nothing to score yet.
#[must_use]
pub fn assess(inputs: &BreachInputs) -> Option<BreachAssessment> {
    let dpc = inputs.data.iter().map(category_score).max()?;
    let ei = inputs.identification.quarters();
    let parts = [
        ("confidentiality", inputs.confidentiality.quarters()),
        ("integrity", inputs.integrity.quarters()),
        ("availability", inputs.availability.quarters()),
        ("malicious intent", inputs.malice.quarters()),
    ];
    let cb = Quarters(parts.iter().map(|(_, quarters)| quarters.0).sum());
    let se = Quarters(dpc * ei.0 + cb.0);
    let listed: Vec<String> = parts.iter().map(|(name, quarters)| format!("{name} {quarters}")).collect();
    let computed_level = level_of(se);
    Some(BreachAssessment {
        dpc,
        ei,
        cb,
        se,
        computed_level,
        level: inputs.level_override.as_ref().map_or(computed_level, |chosen| chosen.level),
        arithmetic: format!("SE = DPC {dpc} × EI {ei} + CB {cb} ({}) = {se}", listed.join(", ")),
        over_100_people: over(inputs.people_min, inputs.people_max),
        unintelligible: inputs.unintelligible,
        near_edge: near_edge(se),
        inputs: inputs.clone(),
    })
}

fn category_score(context: &DataContext) -> u32 {
    let score = context.category.base().saturating_add(context.adjustment).clamp(1, 4);
    u32::try_from(score).unwrap_or(4)
}

fn level_of(se: Quarters) -> BreachLevel {
    match se.0 {
        0..8 => BreachLevel::Low,
        8..12 => BreachLevel::Medium,
        12..16 => BreachLevel::High,
        _ => BreachLevel::VeryHigh,
    }
}

fn near_edge(se: Quarters) -> bool {
    [8_u32, 12, 16].iter().any(|edge| se.0.abs_diff(*edge) <= NEAR_EDGE.0)
}

fn over(min: Option<u64>, max: Option<u64>) -> ThreeValued {
    if min.is_some_and(|count| MANY_PEOPLE < count) {
        ThreeValued::Yes
    } else if max.is_some_and(|count| count <= MANY_PEOPLE) {
        ThreeValued::No
    } else {
        ThreeValued::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(
        dpc: (DataCategory, i32),
        ei: Identification,
        cb: [CircumstanceScore; 3],
        malice: Malice,
    ) -> BreachInputs {
        BreachInputs {
            data: vec![DataContext { category: dpc.0, adjustment: dpc.1, reason: String::new() }],
            identification: ei,
            confidentiality: cb[0],
            integrity: cb[1],
            availability: cb[2],
            malice,
            people_min: None,
            people_max: None,
            unintelligible: ThreeValued::Unknown,
            level_override: None,
        }
    }

    #[test]
    fn worked_cases_of_the_method() {
        use CircumstanceScore::{Full, None as Zero, Partial};
        use DataCategory::{Sensitive, Simple};
        let table = [
            // Export URL, names and business e-mail, public, unknown number of recipients: 1 × 1 + 0.5.
            (inputs((Simple, 0), Identification::Maximum, [Full, Zero, Zero], Malice::None), "1.50", BreachLevel::Low),
            // The same file, no evidence that anybody fetched it.
            (inputs((Simple, 0), Identification::Maximum, [Zero, Zero, Zero], Malice::None), "1.00", BreachLevel::Low),
            // Encrypted laptop lost.
            (
                inputs((Simple, 0), Identification::Negligible, [Zero, Zero, Zero], Malice::None),
                "0.25",
                BreachLevel::Low,
            ),
            // CC instead of BCC, and the same on a mental-health list.
            (
                inputs((Simple, 0), Identification::Maximum, [Partial, Zero, Zero], Malice::None),
                "1.25",
                BreachLevel::Low,
            ),
            (
                inputs((Simple, 2), Identification::Maximum, [Partial, Zero, Zero], Malice::None),
                "3.25",
                BreachLevel::High,
            ),
            // Diagnoses exfiltrated.
            (
                inputs((Sensitive, 0), Identification::Maximum, [Full, Zero, Zero], Malice::Intended),
                "5.00",
                BreachLevel::VeryHigh,
            ),
            // Ransomware in a hospital, restored within a day.
            (
                inputs((Sensitive, 0), Identification::Significant, [Zero, Zero, Partial], Malice::Intended),
                "3.75",
                BreachLevel::High,
            ),
        ];
        for (given, se, level) in table {
            let result = assess(&given).unwrap();
            assert_eq!((result.se.to_string().as_str(), result.level), (se, level), "{}", result.arithmetic);
        }
    }

    #[test]
    fn highest_category_counts_and_adjustment_stays_within_one_to_four() {
        let mut given =
            inputs((DataCategory::Simple, 9), Identification::Maximum, [CircumstanceScore::None; 3], Malice::None);
        assert_eq!(assess(&given).unwrap().dpc, 4);
        given.data = vec![
            DataContext { category: DataCategory::Sensitive, adjustment: i32::MIN, reason: String::new() },
            DataContext { category: DataCategory::Behavioural, adjustment: 0, reason: String::new() },
        ];
        assert_eq!(assess(&given).unwrap().dpc, 2);
        given.data.clear();
        assert_eq!(assess(&given), None, "no category, no score");
    }

    #[test]
    fn flags_and_edges() {
        assert_eq!(over(Some(101), None), ThreeValued::Yes);
        assert_eq!(over(Some(100), Some(100)), ThreeValued::No);
        assert_eq!(over(Some(50), Some(200)), ThreeValued::Unknown);
        assert_eq!(over(None, None), ThreeValued::Unknown);
        for (quarters, near) in [(6, false), (7, true), (8, true), (9, true), (10, false), (16, true), (20, false)] {
            assert_eq!(near_edge(Quarters(quarters)), near, "{quarters}");
        }
    }
}
