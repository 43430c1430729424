//! Which findings open no incident although they are kept: those somebody has answered for, and those of a first week.
//!
//! Stands between detection and the lake, so that the mark is stored with the finding and a replay reads it back. It hides
//! nothing: a withheld finding is stored, sealed with its batch and counted.

use std::collections::BTreeMap;

use incident::Suppression;
use jiff::{SignedDuration, Timestamp};
use ocsf::{Confidence, Finding, Severity};
use serde::{Deserialize, Serialize};

use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::{suppressions, translate};

/// Why a finding opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub(crate) enum Withheld {
    /// Somebody has answered for it; it joins nothing either.
    Suppression { suppression: String },
    /// Its source is new; it may join what is open.
    FirstWeek { until: Timestamp },
}

/// A finding with the mark it is stored with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noticed {
    #[serde(flatten)]
    pub(crate) finding: Finding,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) withheld: Option<Withheld>,
}

/// A source is new for so long, unless the configuration says otherwise.
const FIRST_WEEK_DAYS: u32 = 7;

/// What decides about the findings of one batch.
#[derive(Debug)]
pub(crate) struct Policy {
    suppressions: Vec<Suppression>,
    quiet_until: Option<Timestamp>,
}

impl Policy {
    /// The policy for a batch of `source` that is discovered `now`.
    pub(crate) async fn read(instance: &Instance, source: &str, now: Timestamp) -> Result<Self, Failure> {
        let suppressions = suppressions::in_force(&instance.store, now).await?;
        Ok(Self { suppressions, quiet_until: first_week_ends(instance, source, now).await? })
    }

    pub(crate) fn mark(&self, finding: Finding) -> Noticed {
        let suppression = self.suppressions.iter().find(|suppression| suppression.withholds(&finding));
        let withheld = match (suppression, self.quiet_until) {
            (Some(suppression), _) => Some(Withheld::Suppression { suppression: suppression.id.clone() }),
            (None, Some(until)) if finding.discovered < until && !is_loud(&finding) => {
                Some(Withheld::FirstWeek { until })
            }
            _ => None,
        };
        Noticed { finding, withheld }
    }
}

/// Heard even in a first week: grave, and of a rule whose status is stable (findings carry that as high confidence).
fn is_loud(finding: &Finding) -> bool {
    Severity::High <= finding.severity && finding.confidence == Confidence::High
}

/// How many days a first week has here. A log of simulated time is a demonstration or a test: nobody is woken by it.
pub(crate) fn first_week_days(instance: &Instance) -> u32 {
    let is_simulated = instance.sealer.key.name().ends_with("/simulated");
    let default = if is_simulated { 0 } else { FIRST_WEEK_DAYS };
    instance.config.detection.first_week_days.unwrap_or(default)
}

/// When the first week of a source is over, counted from the time its first batch was sealed; `None` when there is none.
pub(crate) async fn first_week_ends(
    instance: &Instance,
    source: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let days = first_week_days(instance);
    if days == 0 {
        return Ok(None);
    }
    // Batches are numbered from 1; the first one of all is the one in hand.
    let first = instance.store.document("batch", &format!("{source}/1")).await.or_fail("failed to read batches")?;
    let began = first.as_ref().and_then(|batch| batch["last"]["at"].as_str()?.parse().ok()).unwrap_or(now);
    Ok(began.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok())
}

impl Noticed {
    pub(crate) fn row(&self, source: &str) -> lake::FindingRow {
        let mut row = translate::finding_row(&self.finding, source);
        if self.withheld.is_some() {
            row.json = serde_json::to_string(self).unwrap_or(row.json);
        }
        row
    }
}

/// Splits a batch's findings for the decider: those that count, and those that may only join.
pub(crate) fn triage(noticed: Vec<Noticed>) -> incident::Command {
    let (mut findings, mut held_back) = (Vec::new(), Vec::new());
    for noticed in noticed {
        match noticed.withheld {
            None => findings.push(noticed.finding),
            Some(Withheld::FirstWeek { .. }) => held_back.push(noticed.finding),
            Some(Withheld::Suppression { .. }) => {}
        }
    }
    incident::Command::Triaged { findings, held_back }
}

/// How many findings of a batch were withheld, for its entry.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) held_back: u64,
    /// By suppression; at most [`suppressions::IN_FORCE_MAX`] of them.
    pub(crate) suppressed_by: BTreeMap<String, u64>,
}

impl Counts {
    pub(crate) fn of(noticed: &[Noticed]) -> Self {
        let mut counts = Self::default();
        for withheld in noticed.iter().filter_map(|noticed| noticed.withheld.as_ref()) {
            match withheld {
                Withheld::FirstWeek { .. } => counts.held_back += 1,
                Withheld::Suppression { suppression } => {
                    *counts.suppressed_by.entry(suppression.clone()).or_default() += 1;
                }
            }
        }
        counts
    }

    pub(crate) fn suppressed(&self) -> u64 {
        self.suppressed_by.values().sum()
    }
}
