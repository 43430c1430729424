//! What may be asked of the decider, and why it may refuse.
//!
//! Commands come from the flow (findings, ticks) and from people. Who may give which command is the binary's question;
//! what the separation of duties inside one case demands is answered here.

use ocsf::{Finding, Severity};

use crate::entry::{LinkReason, Verdict};
use crate::{BreachInputs, Fact, FactFault};

/// One wish. `expected` is the version of the incident that the person looked at; if it has moved on, the command is
/// refused and decided again by somebody who has seen the present state.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Findings of one batch, in any order.
    Findings(Vec<Finding>),
    /// The same, with findings that are held back: they join an incident that is open, and neither open one nor connect two.
    Triaged {
        findings: Vec<Finding>,
        held_back: Vec<Finding>,
    },
    /// Findings of earlier batches of which more was learned: whom their actors stand for. Their incidents are linked to
    /// others that fit now; nothing moves.
    Relate(Vec<Finding>),
    /// An incident that no rule found. The same `reference` of the same tenant opens it once.
    Open {
        tenant: String,
        reference: String,
        title: String,
        severity: Severity,
        first_event: jiff::Timestamp,
        by: String,
        description: Option<String>,
    },
    SetFact {
        incident: String,
        fact: Fact,
        expected: Option<u64>,
    },
    SetTechnicalSeverity {
        incident: String,
        severity: Option<Severity>,
        by: String,
        reason: String,
        expected: Option<u64>,
    },
    AssessBreach {
        incident: String,
        inputs: Box<BreachInputs>,
        by: String,
        reason: String,
        expected: Option<u64>,
    },
    Acknowledge {
        incident: String,
        by: String,
    },
    Assign {
        incident: String,
        owner: Option<String>,
        by: String,
        expected: Option<u64>,
    },
    Note {
        incident: String,
        text: String,
        by: String,
    },
    Link {
        incident: String,
        other: String,
        reason: LinkReason,
        by: String,
    },
    Close {
        incident: String,
        verdict: Verdict,
        reason: String,
        by: String,
        duplicate_of: Option<String>,
        expected: Option<u64>,
    },
    Disposition {
        finding: String,
        verdict: Verdict,
        rule_id: Option<String>,
        reason: String,
        by: String,
    },
    /// Fires the timers that are due.
    Tick,
}

/// Why nothing was decided. Lowercase fragments that fit after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("find incident `{0}`: there is none with this id")]
    NoSuchIncident(String),
    #[error("change incident `{incident}`: it is closed; new findings open a new one linked to it")]
    IncidentClosed { incident: String },
    #[error(
        "change incident `{incident}`: it is at version {actual}, you looked at {expected}; read it again and decide anew"
    )]
    Conflict { incident: String, expected: u64, actual: u64 },
    #[error("set the fact: {0}")]
    Fact(#[from] FactFault),
    #[error(
        "change `{name}`: an attested awareness time needs an approver who is neither its asserter nor the earlier one"
    )]
    AwarenessNeedsApprover { name: String },
    #[error("override the breach level: the approver must be another person than the requester")]
    OverrideNeedsApprover,
    #[error("assess the breach: name at least one category of data")]
    NothingToAssess,
    #[error("close as duplicate: say of which incident, and not of itself")]
    DuplicateOfWhat,
    #[error("link an incident with itself")]
    SelfLink,
    #[error("accept {what}: it is empty")]
    Empty { what: &'static str },
    #[error("accept {what}: longer than {max} bytes")]
    TooLong { what: &'static str, max: usize },
    #[error("fold a decision of its own: {0}")]
    Inconsistent(String),
}
