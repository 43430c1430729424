//! A correlation document as its users see it: identity, meaning, documentation and its own examples. What it counts
//! stays inside; it only comes to life in [`crate::Program::compile_with`].

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::example::CorrelationTest;
use super::read::GROUP_BY_MAX;
use crate::rule::{Ads, Level, Related, Source, Status, Watertight};

/// One Sigma correlation.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// The document's `id`; one without gets `unidentified-` and the start of its version.
    pub id: String,
    /// How other correlations refer to it, beside its id.
    pub name: Option<String>,
    /// One line for a list of findings.
    pub title: String,
    /// Severity as the author sees it, if given.
    pub level: Option<Level>,
    /// Maturity, if given.
    pub status: Option<Status>,
    /// All tags as written.
    pub tags: Vec<String>,
    /// ATT&CK technique ids from the tags.
    pub attack: Vec<String>,
    /// What the correlation is trying to catch.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// Known innocent causes.
    pub falsepositives: Vec<String>,
    /// Rules and correlations that this one came from or takes the place of.
    pub related: Vec<Related>,
    /// SHA-256 (hex) of the whole text of the file that the correlation came from; with the versions of the pipelines that
    /// changed it, as for rules.
    pub version: String,
    /// The name given to [`crate::load`].
    pub file: String,
    /// 1-based line where the document starts.
    pub line: usize,
    /// The `watertight:` mapping.
    pub watertight: Watertight,
    /// Alerting and detection strategy.
    pub ads: Ads,
    /// The correlation's own examples.
    pub tests: Vec<CorrelationTest>,
    /// Every other top-level attribute that Sigma does not define.
    pub custom: BTreeMap<String, serde_json::Value>,
    /// What is counted.
    pub kind: CorrelationKind,
    /// Ids or names of the rules and correlations it is about, in order.
    pub rules: Vec<String>,
    /// Fields, or aliases of fields, that events must share.
    pub group_by: Vec<String>,
    /// Alias → rule as referred to → field.
    pub aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// How long a window is at most, in microseconds.
    pub timespan_us: i64,
    /// Where windows begin.
    pub window: CorrelationWindow,
    /// Whether the rules it is about also report by themselves.
    pub generate: bool,
    pub(crate) condition: Condition,
    pub(crate) source: Source,
}

/// Where a window that ends at an event begins. None reaches further back than the timespan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationWindow {
    /// One timespan before its end: what Sigma means.
    #[default]
    Sliding,
    /// At the last multiple of the timespan since 1970.
    Tumbling,
    /// Where more than the gap had passed without an event of the group, or one timespan before its end.
    Session {
        /// The longest time between two events of a session, in microseconds.
        gap_us: i64,
    },
}

/// What a correlation counts in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationKind {
    /// Events.
    EventCount,
    /// Different values of a field.
    ValueCount,
    /// The sum of a field.
    ValueSum,
    /// The mean of a field.
    ValueAvg,
    /// A percentile of a field.
    ValuePercentile,
    /// The middle of a field.
    ValueMedian,
    /// Different rules.
    Temporal,
    /// Different rules, in the order given.
    TemporalOrdered,
}

impl CorrelationKind {
    pub(crate) const ALL: [Self; 8] = [
        Self::EventCount,
        Self::ValueCount,
        Self::ValueSum,
        Self::ValueAvg,
        Self::ValuePercentile,
        Self::ValueMedian,
        Self::Temporal,
        Self::TemporalOrdered,
    ];

    /// The word that Sigma uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventCount => "event_count",
            Self::ValueCount => "value_count",
            Self::ValueSum => "value_sum",
            Self::ValueAvg => "value_avg",
            Self::ValuePercentile => "value_percentile",
            Self::ValueMedian => "value_median",
            Self::Temporal => "temporal",
            Self::TemporalOrdered => "temporal_ordered",
        }
    }

    /// Whether it asks which rules there are rather than how much.
    #[must_use]
    pub fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    /// Whether it needs a field that holds numbers.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::ValueSum | Self::ValueAvg | Self::ValuePercentile | Self::ValueMedian)
    }
}

impl Correlation {
    /// Gives fields other names: those of `group-by`, where one may become several, of aliases and of what is counted.
    /// Names of aliases stay.
    pub(crate) fn rename_fields(&mut self, names: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<(), String> {
        let is_alias = |name: &str| self.aliases.contains_key(name);
        let single = |name: &mut String| match names(name).as_deref() {
            None => Ok(()),
            Some([new]) => {
                new.clone_into(name);
                Ok(())
            }
            Some(_) => Err(format!("`{name}` would become several fields, but only one can be counted or aliased")),
        };
        let renamed = |name: &String| if is_alias(name) { None } else { names(name) };
        self.group_by =
            self.group_by.iter().flat_map(|name| renamed(name).unwrap_or_else(|| vec![name.clone()])).collect();
        if GROUP_BY_MAX < self.group_by.len() {
            return Err(format!("`group-by` would have more than {GROUP_BY_MAX} fields"));
        }
        if let Condition::Bounds(_, subject) = &mut self.condition {
            subject.fields.iter_mut().filter(|field| !is_alias(field)).try_for_each(single)?;
        }
        self.aliases.values_mut().flat_map(BTreeMap::values_mut).try_for_each(single)
    }
}

impl fmt::Display for CorrelationKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
