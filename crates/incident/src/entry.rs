//! Entries: what happened to a case, as lines of the sealed log.
//!
//! An `Entry` keeps *clear* fields (ids, kinds, times, codes) apart from the *body* (free text, names), because the log
//! encrypts bodies and may erase them. `State` is folded from the clear part alone. Nothing here decides or stores.

use jiff::Timestamp;
use ocsf::{Confidence, Severity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fact::FactSetClear;
use crate::hash::id_of;
use crate::{BreachInputs, Priority};

pub use crate::fact::FactSetClear as FactSet;

/// One line for the sealed log. `id` is a hash of what the entry is about, so writing it twice is noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub id: String,
    /// `incident.opened`, `incident.joined`, `incident.fact_set`, …
    pub kind: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The incident id, or the finding uid for `finding.…` entries.
    pub subject: String,
    /// Readable for ever.
    pub clear: Value,
    /// Encrypted by the log; absent when there is nothing personal, or after erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// The clear part with types.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Opened(Opened),
    Joined(Joined),
    Linked(Linked),
    FactSet(FactSetClear),
    SeveritySet(SeveritySet),
    Acknowledged(Acknowledged),
    Assigned(Assigned),
    Escalated(Escalated),
    Noted(Noted),
    Closed(Closed),
    Dispositioned(Dispositioned),
}

/// Why an entry could not be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("read entry `{id}`: the clear part is no `{kind}`: {reason}")]
    Clear { id: String, kind: String, reason: String },
    #[error("apply entry `{id}`: incident `{incident}` was never opened; the log is incomplete or out of order")]
    NoIncident { id: String, incident: String },
}

/// A group key (hashed) and the event times between which it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySeen {
    pub key: String,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Findings of one rule, surface and entity within one window: repeats count up instead of paging again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalSeen {
    pub dedup: String,
    pub rule_id: String,
    pub rule_title: String,
    pub surface: String,
    pub severity: Severity,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// What a group of findings brings to an incident. Event time and discovery time are both kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub findings: Vec<String>,
    pub severity: Severity,
    pub confidence: Option<Confidence>,
    pub first_event: Timestamp,
    pub last_event: Timestamp,
    pub discovered: Timestamp,
    pub keys: Vec<KeySeen>,
    pub signals: Vec<SignalSeen>,
}

/// What opened an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    Finding,
    /// A person, a customer, a vendor's report; `reference` makes opening it twice one incident.
    Manual {
        by: String,
        reference: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub incident: String,
    pub tenant: String,
    /// The number people say: counted per tenant.
    pub number: u64,
    pub title: String,
    pub origin: Origin,
    pub seen: Seen,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    pub incident: String,
    pub seen: Seen,
}

/// Why two incidents belong together. They are never merged silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkReason {
    /// One finding shares group keys with both.
    SharedFinding,
    /// The older one was closed when its keys were seen again.
    Recurrence,
    /// The older one had reached its longest span.
    Continuation,
    /// A person says so.
    Manual,
    /// A person closed one as a duplicate of the other.
    Duplicate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The smaller id of the pair.
    pub incident: String,
    pub other: String,
    pub reason: LinkReason,
    /// The finding or the person that links them.
    pub by: String,
}

/// Which of the two severities changed, and to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "axis")]
pub enum SeverityChange {
    /// A person's technical severity in place of the highest finding's; `None` withdraws it.
    Technical { severity: Option<Severity> },
    /// A new assessment of breach severity. The inputs are kept, the result is recomputed.
    Breach { inputs: BreachInputs },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeveritySet {
    pub incident: String,
    /// Counts the changes of this incident from 1.
    pub revision: u64,
    pub change: SeverityChange,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub incident: String,
    pub by: String,
    /// A later rise above this priority starts the calls again.
    pub priority: Priority,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub incident: String,
    pub revision: u64,
    pub owner: Option<String>,
    pub by: String,
}

/// A timer that fired: somebody is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    pub incident: String,
    pub timer: String,
    pub kind: crate::TimerKind,
    pub to: String,
    pub due: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    pub incident: String,
    /// Counts the notes of this incident from 1. The text is in the body.
    pub revision: u64,
    pub by: String,
}

/// OCSF verdicts that an incident or a finding can end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    FalsePositive,
    TruePositive,
    Disregard,
    Suspicious,
    Benign,
    Test,
    InsufficientData,
    SecurityRisk,
    ManagedExternally,
    Duplicate,
}

impl Verdict {
    /// The OCSF `verdict_id`.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::FalsePositive => 1,
            Self::TruePositive => 2,
            Self::Disregard => 3,
            Self::Suspicious => 4,
            Self::Benign => 5,
            Self::Test => 6,
            Self::InsufficientData => 7,
            Self::SecurityRisk => 8,
            Self::ManagedExternally => 9,
            Self::Duplicate => 10,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub incident: String,
    pub verdict: Verdict,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispositioned {
    pub finding: String,
    pub revision: u64,
    pub verdict: Verdict,
    /// The rule, so that precision can be folded per rule.
    pub rule_id: Option<String>,
    pub by: String,
}

impl Event {
    /// The kind as the log spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "incident.opened",
            Self::Joined(_) => "incident.joined",
            Self::Linked(_) => "incident.linked",
            Self::FactSet(_) => "incident.fact_set",
            Self::SeveritySet(_) => "incident.severity_set",
            Self::Acknowledged(_) => "incident.acknowledged",
            Self::Assigned(_) => "incident.assigned",
            Self::Escalated(_) => "incident.escalated",
            Self::Noted(_) => "incident.noted",
            Self::Closed(_) => "incident.closed",
            Self::Dispositioned(_) => "finding.dispositioned",
        }
    }

    /// Splits into the shape the log stores. The id depends on what the entry is about, never on JSON spelling.
    #[must_use]
    pub fn to_parts(&self, at: Timestamp, body: Option<Value>) -> Entry {
        let clear = match self {
            Self::Opened(event) => clear_json(event),
            Self::Joined(event) => clear_json(event),
            Self::Linked(event) => clear_json(event),
            Self::FactSet(event) => clear_json(event),
            Self::SeveritySet(event) => clear_json(event),
            Self::Acknowledged(event) => clear_json(event),
            Self::Assigned(event) => clear_json(event),
            Self::Escalated(event) => clear_json(event),
            Self::Noted(event) => clear_json(event),
            Self::Closed(event) => clear_json(event),
            Self::Dispositioned(event) => clear_json(event),
        };
        Entry { id: self.id(), kind: self.kind().to_owned(), at, subject: self.subject().to_owned(), clear, body }
    }

    /// Reads the clear part back. `Ok(None)` for kinds of other stations.
    pub fn from_clear(entry: &Entry) -> Result<Option<Self>, ReadError> {
        let clear = &entry.clear;
        let event = match entry.kind.as_str() {
            "incident.opened" => Opened::deserialize(clear).map(Self::Opened),
            "incident.joined" => Joined::deserialize(clear).map(Self::Joined),
            "incident.linked" => Linked::deserialize(clear).map(Self::Linked),
            "incident.fact_set" => FactSetClear::deserialize(clear).map(Self::FactSet),
            "incident.severity_set" => SeveritySet::deserialize(clear).map(Self::SeveritySet),
            "incident.acknowledged" => Acknowledged::deserialize(clear).map(Self::Acknowledged),
            "incident.assigned" => Assigned::deserialize(clear).map(Self::Assigned),
            "incident.escalated" => Escalated::deserialize(clear).map(Self::Escalated),
            "incident.noted" => Noted::deserialize(clear).map(Self::Noted),
            "incident.closed" => Closed::deserialize(clear).map(Self::Closed),
            "finding.dispositioned" => Dispositioned::deserialize(clear).map(Self::Dispositioned),
            _ => return Ok(None),
        };
        event.map(Some).map_err(|error| ReadError::Clear {
            id: entry.id.clone(),
            kind: entry.kind.clone(),
            reason: error.to_string(),
        })
    }

    /// The incident id, or the finding uid.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Opened(event) => &event.incident,
            Self::Joined(event) => &event.incident,
            Self::Linked(event) => &event.incident,
            Self::FactSet(event) => &event.incident,
            Self::SeveritySet(event) => &event.incident,
            Self::Acknowledged(event) => &event.incident,
            Self::Assigned(event) => &event.incident,
            Self::Escalated(event) => &event.incident,
            Self::Noted(event) => &event.incident,
            Self::Closed(event) => &event.incident,
            Self::Dispositioned(event) => &event.finding,
        }
    }

    fn id(&self) -> String {
        let (kind, subject) = (self.kind(), self.subject());
        let counted = |number: u64| id_of(&[kind, subject, &number.to_string()]);
        match self {
            Self::Opened(_) | Self::Closed(_) => id_of(&[kind, subject]),
            Self::Joined(event) => {
                let mut parts = vec![kind, subject];
                parts.extend(event.seen.findings.iter().map(String::as_str));
                // One without findings brings keys that were learned later.
                if event.seen.findings.is_empty() {
                    parts.push("keys");
                    parts.extend(event.seen.keys.iter().map(|seen| seen.key.as_str()));
                }
                id_of(&parts)
            }
            Self::Linked(event) => id_of(&[kind, subject, &event.other]),
            Self::FactSet(event) => id_of(&[kind, subject, &event.name, &event.revision.to_string()]),
            Self::SeveritySet(event) => counted(event.revision),
            // One acknowledgement for each priority: a rise needs a new one.
            Self::Acknowledged(event) => id_of(&[kind, subject, &format!("{:?}", event.priority)]),
            Self::Assigned(event) => counted(event.revision),
            Self::Escalated(event) => id_of(&[kind, subject, &event.timer]),
            Self::Noted(event) => counted(event.revision),
            Self::Dispositioned(event) => counted(event.revision),
        }
    }
}

fn clear_json<T: Serialize>(event: &T) -> Value {
    serde_json::to_value(event).expect("clear parts are structs of strings, numbers and times with string keys")
}
