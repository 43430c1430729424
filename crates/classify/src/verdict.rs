//! The answer about one object: what kinds of data it holds, how sure, how many people, where they live.
//!
//! Serialises to the line that `watertight classify` prints. Holds counts and names of columns, never a value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::identifier::{Identifier, Severity};

/// How much care the object needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    #[default]
    None,
    /// Only low-severity identifiers: addresses of machines, company numbers.
    Internal,
    /// Personal data.
    Confidential,
    /// Payment, health, student, government or secret data.
    Restricted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    pub(crate) fn of(score: f32) -> Self {
        match score {
            score if 0.84 <= score => Self::High,
            score if 0.65 <= score => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// One kind of data in the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierCount {
    pub id: String,
    pub category: String,
    /// Values found, not distinct values.
    pub count: u64,
    pub confidence: Confidence,
    /// Headers or key paths of the columns that hold it. Empty for text, and for records that are sensitive only as a
    /// combination (`STUDENT_GRADE_RECORD`, `ICD10_WITH_PERSON`): there no column is sensitive by itself.
    pub columns: Vec<String>,
    /// The law's element class, when a regime speaks of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub element: Option<String>,
}

/// How many people, at least, and where they live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectCount {
    pub distinct_at_least: u64,
    /// `US-CA`, `DE`, `unknown`.
    pub by_residency: BTreeMap<String, u64>,
}

/// The verdict on one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub format: String,
    pub sensitivity: Sensitivity,
    pub subjects: SubjectCount,
    pub identifiers: Vec<IdentifierCount>,
}

impl Verdict {
    /// The element classes of everything found with at least medium confidence.
    pub fn elements(&self) -> BTreeSet<String> {
        let sure = self.identifiers.iter().filter(|found| Confidence::Medium <= found.confidence);
        sure.filter_map(|found| found.element.clone()).collect()
    }

    /// The categories of everything found with at least medium confidence.
    pub fn categories(&self) -> BTreeSet<String> {
        let sure = self.identifiers.iter().filter(|found| Confidence::Medium <= found.confidence);
        sure.map(|found| found.category.clone()).collect()
    }
}

/// Collects what was found, by id.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    found: BTreeMap<String, (IdentifierCount, Severity)>,
}

impl Tally {
    pub(crate) fn add(&mut self, identifier: &Identifier, count: u64, score: f32, column: Option<&str>) {
        let confidence = Confidence::of(score);
        let (entry, _) = self.found.entry(identifier.id.to_string()).or_insert_with(|| {
            let empty = IdentifierCount {
                id: identifier.id.to_string(),
                category: identifier.category.clone(),
                count: 0,
                confidence,
                columns: Vec::new(),
                element: identifier.element.clone(),
            };
            (empty, identifier.severity)
        });
        entry.count += count;
        entry.confidence = entry.confidence.max(confidence);
        if let Some(column) = column
            && !entry.columns.iter().any(|known| known == column)
        {
            entry.columns.push(column.to_owned());
        }
    }

    pub(crate) fn holds(&self, id: &str) -> bool {
        self.found.contains_key(id)
    }

    pub(crate) fn verdict(self, format: &str, subjects: SubjectCount) -> Verdict {
        let level = |(found, severity): &(IdentifierCount, Severity)| match (severity, found.confidence) {
            (_, Confidence::Low) | (Severity::Low, _) => Sensitivity::Internal,
            (Severity::Medium, _) => Sensitivity::Confidential,
            (Severity::High | Severity::Critical, _) => Sensitivity::Restricted,
        };
        let sensitivity = self.found.values().map(level).max().unwrap_or_default();
        let identifiers = self.found.into_values().map(|(found, _)| found).collect();
        Verdict { format: format.to_owned(), sensitivity, subjects, identifiers }
    }
}
