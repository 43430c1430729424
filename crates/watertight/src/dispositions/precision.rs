//! Per rule: how many findings, what people said of them, and how fast they were found and seen.
//!
//! Precision is the share of *true* among *true and false*; its lower Wilson bound says what that is worth with so few cases.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Meaning, lower_bound, meaning, share, verdict_of, word};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::stored_findings::{FIRST_WEEK, SUPPRESSED, quoted};

/// Times kept for one rule's median; a rule with more findings has its first ones measured.
const TIMES_MAX: usize = 100_000;

/// What the findings of a rule came to.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RulePrecision {
    pub(crate) title: String,
    pub(crate) findings: u64,
    /// Nobody has said anything of these.
    pub(crate) undecided: u64,
    pub(crate) suppressed: u64,
    pub(crate) held_back: u64,
    pub(crate) verdicts: BTreeMap<String, u64>,
    #[serde(rename = "true")]
    pub(crate) right: u64,
    #[serde(rename = "false")]
    pub(crate) wrong: u64,
    pub(crate) precision: Option<f64>,
    /// Lower bound of the 95 % Wilson interval.
    pub(crate) precision_at_least: Option<f64>,
    /// Event time to discovery.
    pub(crate) discovered_after_seconds: Option<Spread>,
    /// First finding of an incident to its acknowledgement, for incidents with a finding of this rule.
    pub(crate) acknowledged_after_seconds: Option<Spread>,
    #[serde(skip)]
    discovered_after: Vec<i64>,
    #[serde(skip)]
    incidents: BTreeSet<String>,
}

/// The middle and the slow end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: i64,
    pub(crate) p95: i64,
}

/// By rule id; one rule or all. Superseded findings of correlations count as findings: somebody saw them.
pub(crate) async fn per_rule(
    instance: &Instance,
    rule: Option<&str>,
) -> Result<BTreeMap<String, RulePrecision>, Failure> {
    let condition = rule.map_or_else(String::new, |id| format!(" WHERE rule_id = {}", quoted(id)));
    let query = format!(
        "SELECT uid, rule_id, title, time, discovered_time, json LIKE '{FIRST_WEEK}' AS held, json LIKE '{SUPPRESSED}' AS hidden
         FROM findings{condition}"
    );
    let cases = instance.store.cases().await;
    let mut rules: BTreeMap<String, RulePrecision> = BTreeMap::new();
    let mut stream = instance.lake.sql_stream(&query).await.or_fail("failed to read stored findings")?;
    while let Some(rows) = stream.next().await.or_fail("failed to read stored findings")? {
        for row in &rows {
            let id = row.get(1).and_then(Value::as_str).unwrap_or_default();
            rules.entry(id.to_owned()).or_default().add(row, &cases.incidents);
        }
    }
    for rule in rules.values_mut() {
        rule.finish(&cases.incidents);
    }
    Ok(rules)
}

impl RulePrecision {
    fn add(&mut self, row: &[Value], state: &incident::State) {
        let text = |i: usize| row.get(i).and_then(Value::as_str).unwrap_or_default();
        let flag = |i: usize| row.get(i).and_then(Value::as_bool).unwrap_or_default();
        self.findings += 1;
        text(2).clone_into(&mut self.title);
        self.held_back += u64::from(flag(5));
        self.suppressed += u64::from(flag(6));
        if let (Ok(time), Ok(discovered)) = (text(3).parse::<Timestamp>(), text(4).parse::<Timestamp>())
            && self.discovered_after.len() < TIMES_MAX
        {
            self.discovered_after.push(discovered.duration_since(time).as_secs());
        }
        let record = state.findings.get(text(0));
        self.incidents.extend(record.and_then(|record| record.incident.clone()));
        let Some(verdict) = verdict_of(state, text(0)) else {
            self.undecided += 1;
            return;
        };
        *self.verdicts.entry(word(verdict)).or_default() += 1;
        match meaning(verdict) {
            Meaning::True => self.right += 1,
            Meaning::False => self.wrong += 1,
            Meaning::Neither => {}
        }
    }

    fn finish(&mut self, state: &incident::State) {
        let judged = self.right + self.wrong;
        self.precision = share(self.right, judged);
        self.precision_at_least = lower_bound(self.right, judged);
        self.discovered_after_seconds = spread(&mut self.discovered_after);
        let known = self.incidents.iter().filter_map(|id| state.incidents.get(id));
        let mut acknowledged: Vec<i64> = known
            .filter_map(|incident| {
                Some(incident.acknowledged.as_ref()?.at.duration_since(incident.discovered).as_secs())
            })
            .collect();
        self.acknowledged_after_seconds = spread(&mut acknowledged);
    }
}

/// Nearest-rank percentiles; `None` of nothing.
pub(crate) fn spread(values: &mut [i64]) -> Option<Spread> {
    values.sort_unstable();
    let rank = |percent: usize| values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(Spread { median: rank(50)?, p95: rank(95)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(spread(&mut []), None);
        assert_eq!(spread(&mut [7]), Some(Spread { median: 7, p95: 7 }));
        let mut hundred: Vec<i64> = (1..=100).rev().collect();
        assert_eq!(spread(&mut hundred), Some(Spread { median: 50, p95: 95 }));
    }
}
