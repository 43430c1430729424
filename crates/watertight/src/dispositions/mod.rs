//! What people have said of findings, and what that says of the rules behind them.
//!
//! A verdict is an entry of the log, about one finding or about an incident when it is closed; the latter counts for each of
//! its findings that has none of its own. Everything here is worked out from the log and the lake; nothing is kept.

mod precision;
mod wilson;

use incident::{State, Verdict};

pub(crate) use precision::{RulePrecision, Spread, per_rule, spread};
pub(crate) use wilson::{lower_bound, share};

/// What a verdict says of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The rule was right.
    True,
    /// The rule cried for nothing: there was no such thing, or it was harmless.
    False,
    /// It says nothing of the rule: tests, duplicates, somebody else's matter, not enough known.
    Neither,
}

pub(crate) fn meaning(verdict: Verdict) -> Meaning {
    match verdict {
        Verdict::TruePositive | Verdict::SecurityRisk => Meaning::True,
        Verdict::FalsePositive | Verdict::Benign => Meaning::False,
        Verdict::Disregard
        | Verdict::Suspicious
        | Verdict::Test
        | Verdict::InsufficientData
        | Verdict::ManagedExternally
        | Verdict::Duplicate => Meaning::Neither,
    }
}

/// The verdict that counts for a finding: its own, else that of its closed incident.
pub(crate) fn verdict_of(state: &State, finding: &str) -> Option<Verdict> {
    let record = state.findings.get(finding)?;
    let of_incident = || {
        let incident = state.incidents.get(record.incident.as_ref()?)?;
        incident.closed.as_ref().map(|(_, verdict, _)| *verdict)
    };
    record.verdict.or_else(of_incident)
}

/// The word of a verdict, as it is said on the command line.
pub(crate) fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}
