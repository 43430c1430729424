//! Which finding belongs to which incident; two severities; facts; escalation: all as a pure decider.
//!
//! Stands between findings and `duty`. `decide` judges and returns entries, `apply` folds entries into `State`; the
//! binary appends the entries to the sealed log in between. Nothing here stores, sends, reads a clock or knows any law.

mod apply;
mod breach_severity;
mod command;
mod config;
mod decide;
mod entry;
mod fact;
mod grouping;
mod hash;
mod incident_finding;
mod priority;
mod state;
mod suppression;
mod timers;

pub use apply::apply;
pub use breach_severity::{
    BreachAssessment, BreachInputs, BreachLevel, CircumstanceScore, DataCategory, DataContext, Identification,
    LevelOverride, Malice, Quarters, ThreeValued, assess,
};
pub use command::{Command, Refusal};
pub use config::{Config, EscalationStep};
pub use decide::decide;
pub use entry::{
    Acknowledged, Assigned, Closed, Dispositioned, Entry, Escalated, Event, FactSet, Joined, KeySeen, LinkReason,
    Linked, Noted, Opened, Origin, ReadError, Seen, SeverityChange, SeveritySet, SignalSeen, Verdict,
};
pub use fact::{
    Asserter, Fact, FactFault, FactKind, FactName, FactValue, FactVersion, breach_facts, fact_kind, notice_facts,
    setters,
};
pub use incident_finding::incident_finding;
pub use priority::Priority;
pub use state::{Acknowledgement, FindingRecord, Incident, SeenSpan, Signal, State, Status};
pub use suppression::{
    Condition, SUPPRESSION_DAYS_MAX, Suppression, SuppressionFault, SuppressionRequest, check_request,
};
pub use timers::{Timer, TimerKind, due_timers, timers};
