//! The fold: every incident and every finding that belongs to one.
//!
//! Built by `apply` from clear parts only; read by `decide`, `due_timers` and the screens. It never changes by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ocsf::{Confidence, Severity};
use serde::Serialize;

use crate::config::Config;
use crate::entry::{LinkReason, Origin, Verdict};
use crate::fact::FactVersion;
use crate::{BreachAssessment, Priority};

/// Everything the decider knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub config: Config,
    pub incidents: BTreeMap<String, Incident>,
    /// By finding uid.
    pub findings: BTreeMap<String, FindingRecord>,
    /// Incidents by hashed group key, closed ones too.
    pub(crate) by_key: BTreeMap<String, BTreeSet<String>>,
    /// The next number by tenant.
    pub(crate) next_number: BTreeMap<String, u64>,
}

/// What is known of a finding without the lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FindingRecord {
    pub incident: Option<String>,
    pub verdict: Option<Verdict>,
    pub verdict_by: Option<String>,
    pub revision: u64,
}

/// OCSF status of an incident: 1 New, 2 In Progress, 5 Closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    New,
    InProgress,
    Closed,
}

impl Status {
    /// The OCSF `status_id`.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::New => 1,
            Self::InProgress => 2,
            Self::Closed => 5,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "in_progress",
            Self::Closed => "closed",
        }
    }
}

/// First and last event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SeenSpan {
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Repeats of one rule on one entity within one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signal {
    pub rule_id: String,
    pub rule_title: String,
    pub surface: String,
    pub severity: Severity,
    pub count: u64,
    pub span: SeenSpan,
}

/// Who has seen it, when, and how urgent it had been until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledgement {
    pub by: String,
    pub at: Timestamp,
    pub priority: Priority,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    pub id: String,
    pub tenant: String,
    pub number: u64,
    pub title: String,
    pub origin: Origin,
    pub opened_at: Timestamp,
    /// Of the events themselves.
    pub events: SeenSpan,
    /// When the earliest finding was stored. Awareness is neither: a person attests it as the fact `times.aware`.
    pub discovered: Timestamp,
    pub finding_count: u64,
    /// The highest of the findings.
    pub technical: Severity,
    /// A person's word in its place.
    pub technical_override: Option<Severity>,
    /// The highest of the findings; `None` for an incident opened by hand.
    pub confidence: Option<Confidence>,
    pub breach: Option<BreachAssessment>,
    pub severity_revision: u64,
    pub priority: Priority,
    /// The most urgent it has ever been; escalation follows this, so that a fall does not call anybody anew.
    pub urgency: Priority,
    /// When it reached `urgency`; escalation counts from here.
    pub urgency_since: Timestamp,
    pub acknowledged: Option<Acknowledgement>,
    pub owner: Option<String>,
    pub assign_revision: u64,
    /// Every version of every fact, oldest first.
    pub facts: BTreeMap<String, Vec<FactVersion>>,
    pub signals: BTreeMap<String, Signal>,
    pub links: BTreeMap<String, LinkReason>,
    pub notes: u64,
    /// Timer ids that fired.
    #[serde(skip)]
    pub fired: BTreeSet<String>,
    pub closed: Option<(Timestamp, Verdict, String)>,
    /// Entries applied so far; a command may say which it has seen.
    pub version: u64,
    /// Hashed group keys, for grouping only.
    #[serde(skip)]
    pub(crate) keys: BTreeMap<String, SeenSpan>,
}

impl Incident {
    /// The technical severity that counts.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.technical_override.unwrap_or(self.technical)
    }

    #[must_use]
    pub fn status(&self) -> Status {
        if self.closed.is_some() {
            Status::Closed
        } else if self.acknowledged.is_some() || self.owner.is_some() {
            Status::InProgress
        } else {
            Status::New
        }
    }

    /// The fact in force, if it was ever set.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&FactVersion> {
        self.facts.get(name).and_then(|versions| versions.last())
    }

    /// Free-text facts by name, with the entry whose body holds the text.
    pub fn narratives(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.iter().filter_map(|(name, versions)| {
            let latest = versions.last()?;
            latest.in_body.then_some((name.as_str(), latest.entry.as_str()))
        })
    }
}

impl State {
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, ..Self::default() }
    }

    /// Finds by id or by the number people say (`12` or `#12`). A number means the first tenant that has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Incident> {
        if let Some(incident) = self.incidents.get(name) {
            return Some(incident);
        }
        let number: u64 = name.trim_start_matches('#').parse().ok()?;
        self.incidents.values().find(|incident| incident.number == number)
    }

    /// The part of the state that decides about these findings: the incidents that share a key, and the findings.
    /// It is small, so `decide` may work on a copy with the same `apply` as everybody else.
    pub(crate) fn slice(&self, keys: &BTreeSet<String>, uids: &BTreeSet<String>, tenants: &BTreeSet<String>) -> Self {
        let mut part = Self::new(self.config.clone());
        let related: BTreeSet<&String> = keys.iter().filter_map(|key| self.by_key.get(key)).flatten().collect();
        for id in related {
            if let Some(incident) = self.incidents.get(id) {
                part.incidents.insert(id.clone(), incident.clone());
            }
        }
        for key in keys {
            if let Some(ids) = self.by_key.get(key) {
                part.by_key.insert(key.clone(), ids.clone());
            }
        }
        for uid in uids {
            if let Some(record) = self.findings.get(uid) {
                part.findings.insert(uid.clone(), record.clone());
            }
        }
        for tenant in tenants {
            if let Some(number) = self.next_number.get(tenant) {
                part.next_number.insert(tenant.clone(), *number);
            }
        }
        part
    }
}
