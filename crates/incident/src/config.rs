//! What a company may set about grouping and escalation.
//!
//! Read by `decide` and `due_timers` only. `apply` never reads it: the fold of a log must not depend on today's settings.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use ocsf::Severity;
use serde::{Deserialize, Serialize};

use crate::Priority;

/// Who is called when nobody has acknowledged for so long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationStep {
    /// Counted from the moment the incident got its present priority.
    pub after: SignedDuration,
    /// A role (`on_call`, `incident_commander`, `privacy_officer`), resolved to people by the binary.
    pub to: String,
}

/// Settings of one tenant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How far apart in event time two findings that share a group key may be and still belong together.
    pub join_window: SignedDuration,
    /// The longest event-time span of one incident; later findings open a new one, linked to it.
    pub span_max: SignedDuration,
    /// The least technical severity that opens an incident. Findings below it join but never open.
    pub open_at: Severity,
    /// The bucket in which repeats of one rule on one entity count as one signal.
    pub dedup_window: SignedDuration,
    /// The internal rule: by then after discovery a person has attested awareness, or has closed the incident.
    pub assess_within: SignedDuration,
    /// Who is told when `assess_within` has passed.
    pub assess_role: String,
    /// Escalation chains by priority.
    pub chains: BTreeMap<Priority, Vec<EscalationStep>>,
    /// Secret mixed into the hashes of group keys, because user names and addresses must not be guessable from the clear
    /// part of an entry. Changing it only stops new findings from joining incidents opened before. Never serialised.
    #[serde(skip)]
    pub pepper: Vec<u8>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pepper is a secret and stays out of logs.
        formatter
            .debug_struct("Config")
            .field("join_window", &self.join_window)
            .field("span_max", &self.span_max)
            .field("open_at", &self.open_at)
            .field("dedup_window", &self.dedup_window)
            .field("assess_within", &self.assess_within)
            .field("chains", &self.chains)
            .finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            join_window: SignedDuration::from_hours(72),
            span_max: SignedDuration::from_hours(30 * 24),
            open_at: Severity::Medium,
            dedup_window: SignedDuration::from_hours(1),
            assess_within: SignedDuration::from_hours(24),
            assess_role: "privacy_officer".to_owned(),
            chains: default_chains(),
            pepper: Vec::new(),
        }
    }
}

fn default_chains() -> BTreeMap<Priority, Vec<EscalationStep>> {
    let step = |minutes: i64, to: &str| EscalationStep { after: SignedDuration::from_mins(minutes), to: to.to_owned() };
    BTreeMap::from([
        (Priority::P1, vec![step(0, "on_call"), step(15, "incident_commander"), step(30, "privacy_officer")]),
        (Priority::P2, vec![step(0, "on_call"), step(30, "incident_commander"), step(120, "privacy_officer")]),
        (Priority::P3, vec![step(0, "analyst"), step(4 * 60, "on_call"), step(24 * 60, "incident_commander")]),
        (Priority::P4, vec![step(0, "analyst")]),
    ])
}
