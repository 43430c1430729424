//! Typed constructors for the facts that are set most, so that a caller cannot misspell a name or a code.
//!
//! Each returns a `Fact` that says who asserts it; evidence is added with `Fact::with_evidence`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Asserter, Fact, FactValue};

/// How many, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Exactly(u64),
    Between(u64, u64),
    Unknown,
}

/// The GDPR risk scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GdprRisk {
    Unlikely,
    Risk,
    High,
}

/// The harm scale of US state law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsHarm {
    Likely,
    Unlikely,
    Undetermined,
}

impl Fact {
    /// Any fact by name; checked when it is set.
    #[must_use]
    pub fn new(name: &str, value: FactValue, asserted_by: Asserter) -> Self {
        Self { name: name.to_owned(), value, asserted_by, approved_by: None, evidence: Vec::new() }
    }

    /// A known value.
    #[must_use]
    pub fn known(name: &str, value: Value, asserted_by: Asserter) -> Self {
        Self::new(name, FactValue::Known(value), asserted_by)
    }

    /// Reads a value as a person types it: `null` or `"unknown"` is unknown, `[a, b]` of two integers is a range.
    #[must_use]
    pub fn from_json(name: &str, value: &Value, asserted_by: Asserter) -> Self {
        let is_count = super::fact_kind(name) == Some(super::FactKind::Count);
        let value = match value {
            Value::Null => FactValue::Unknown,
            Value::String(text) if text == "unknown" => FactValue::Unknown,
            Value::Array(items) if is_count => {
                match (items.len(), items.first().and_then(Value::as_u64), items.last().and_then(Value::as_u64)) {
                    (2, Some(min), Some(max)) => FactValue::Range(min, max),
                    _ => FactValue::Known(value.clone()),
                }
            }
            other => FactValue::Known(other.clone()),
        };
        Self::new(name, value, asserted_by)
    }

    #[must_use]
    pub fn with_evidence(mut self, ids: &[&str]) -> Self {
        self.evidence = ids.iter().map(|id| (*id).to_owned()).collect();
        self
    }

    /// The second person, needed to change an attested awareness time.
    #[must_use]
    pub fn approved_by(mut self, person: &str) -> Self {
        self.approved_by = Some(person.to_owned());
        self
    }
}

/// Legal roles of the reporting person in this incident.
#[must_use]
pub fn role(roles: &[&str], by: Asserter) -> Fact {
    Fact::known("role", json!(roles), by)
}

/// Data elements by the codes of the law model (`NAME`, `SSN`, `CARD_WITH_CODE`).
#[must_use]
pub fn elements(codes: &[&str], by: Asserter) -> Fact {
    Fact::known("elements", json!(codes), by)
}

/// Distinct people living at `residence` (`DE`, `US-CA`).
#[must_use]
pub fn subjects(residence: &str, count: Count, by: Asserter) -> Fact {
    Fact::new(&format!("subjects.{residence}"), count_value(count), by)
}

/// Records (rows, files), which are not people.
#[must_use]
pub fn records(count: Count, by: Asserter) -> Fact {
    Fact::new("records", count_value(count), by)
}

/// Business customers whose data were processed.
#[must_use]
pub fn customers(ids: &[&str], by: Asserter) -> Fact {
    Fact::known("customers", json!(ids), by)
}

#[must_use]
pub fn encrypted(yes: bool, by: Asserter) -> Fact {
    Fact::known("encryption.encrypted", json!(yes), by)
}

#[must_use]
pub fn key_compromised(yes: bool, by: Asserter) -> Fact {
    Fact::known("encryption.key_compromised", json!(yes), by)
}

#[must_use]
pub fn gdpr_risk(risk: GdprRisk, by: Asserter) -> Fact {
    let code = match risk {
        GdprRisk::Unlikely => "unlikely",
        GdprRisk::Risk => "risk",
        GdprRisk::High => "high",
    };
    Fact::known("risk.gdpr", json!(code), by)
}

#[must_use]
pub fn us_harm(harm: UsHarm, by: Asserter) -> Fact {
    let code = match harm {
        UsHarm::Likely => "likely",
        UsHarm::Unlikely => "unlikely",
        UsHarm::Undetermined => "undetermined",
    };
    Fact::known("risk.us_harm", json!(code), by)
}

/// When a person became aware. Only a person can say so, hence no `Asserter`.
#[must_use]
pub fn aware(at: Timestamp, person: &str) -> Fact {
    Fact::known("times.aware", json!(at.to_string()), Asserter::Human(person.to_owned()))
}

/// Another clock event (`discovered`, `determined`).
#[must_use]
pub fn clock(event: &str, at: Timestamp, by: Asserter) -> Fact {
    Fact::known(&format!("times.{event}"), json!(at.to_string()), by)
}

/// A text for notices, by content element (`nature`, `measures_taken_or_proposed`).
#[must_use]
pub fn narrative(element: &str, text: &str, by: Asserter) -> Fact {
    Fact::known(&format!("narrative.{element}"), json!(text), by)
}

fn count_value(count: Count) -> FactValue {
    match count {
        Count::Exactly(number) => FactValue::Known(json!(number)),
        Count::Between(min, max) => FactValue::Range(min, max),
        Count::Unknown => FactValue::Unknown,
    }
}
