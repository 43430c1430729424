//! Facts of a breach: named, versioned, each asserted by somebody with evidence. Unknown is a value.
//!
//! `names` knows which facts exist and of what type, `setters` builds them, `breach_facts` makes the object that `duty`
//! reads. What a fact means in law is not known here.

mod breach_facts;
mod names;
pub mod setters;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use breach_facts::{breach_facts, notice_facts};
pub use names::{FactFault, FactKind, FactName, fact_kind};

pub(crate) use names::check;

/// Who says so. Some facts (awareness first of all) may only be said by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "id", rename_all = "snake_case")]
pub enum Asserter {
    /// An opaque id of a person, never a name: it stays in the clear.
    Human(String),
    /// A part of the system (`scope`, `classify`).
    System(String),
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", content = "value", rename_all = "snake_case")]
pub enum FactValue {
    Known(Value),
    /// Somebody looked and does not know, or takes an earlier value back.
    Unknown,
    /// At least and at most.
    Range(u64, u64),
}

/// A fact as a person or a station asserts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Dotted, as in the facts format: `times.aware`, `subjects.US-CA`, `narrative.nature`.
    pub name: String,
    pub value: FactValue,
    pub asserted_by: Asserter,
    /// Needed when an attested awareness time is changed.
    #[serde(default)]
    pub approved_by: Option<String>,
    /// Ids of findings, entries or documents.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// The clear part of `incident.fact_set`. Free text sits in the body and leaves only its digest here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactSetClear {
    pub incident: String,
    pub name: String,
    /// Counts the versions of this fact from 1.
    pub revision: u64,
    pub value: FactValue,
    #[serde(default)]
    pub in_body: bool,
    /// Keyed digest of a text in the body, to tell a change from a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    pub asserted_by: Asserter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    pub evidence: Vec<String>,
}

/// One version of a fact in the state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactVersion {
    pub value: FactValue,
    /// The value is text in the body of `entry`.
    pub in_body: bool,
    pub digest: Option<String>,
    pub asserted_by: Asserter,
    pub approved_by: Option<String>,
    pub evidence: Vec<String>,
    pub at: Timestamp,
    /// The entry that set it.
    pub entry: String,
    pub revision: u64,
}

impl FactVersion {
    /// True unless the value is unknown.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.in_body || self.value != FactValue::Unknown
    }
}
