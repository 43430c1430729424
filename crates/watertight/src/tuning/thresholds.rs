//! Other thresholds and windows for one correlation: what each would have found, missed and delayed.
//!
//! Neither bound nor window decides what a hit is, so the hits of one replay serve every candidate. A correlation over others
//! is tried with those as they are.

use std::collections::BTreeSet;

use serde::Serialize;
use sigma::{Change, Correlation, CorrelationLimits, Correlator, Hit, Options, Program, Rule};

use super::cost::{Cost, costs};
use crate::backtest::{Labels, Told, told};

/// The bound and the window are multiplied by these.
const THRESHOLD_FACTORS: [f64; 7] = [0.5, 0.7, 0.85, 1.25, 1.5, 2.0, 3.0];
const TIMESPAN_FACTORS: [(i64, i64); 4] = [(1, 4), (1, 2), (2, 1), (4, 1)];
/// A window is never tried shorter than this, nor longer than a month.
const TIMESPAN_US_MIN: i64 = 60 * 1_000_000;
const TIMESPAN_US_MAX: i64 = 31 * 86_400 * 1_000_000;

/// One way to set a correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    pub(crate) threshold: Option<u32>,
    pub(crate) timespan_us: i64,
}

/// What a candidate came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Trial {
    #[serde(skip)]
    pub(crate) candidate: Candidate,
    pub(crate) threshold: Option<u32>,
    pub(crate) timespan: String,
    #[serde(flatten)]
    pub(crate) cost: Cost,
}

/// A correlation and all that it is about, however deep, by position; itself first.
pub(crate) fn family(correlations: &[Correlation], number: usize) -> Vec<usize> {
    let mut family = vec![number];
    let mut next = 0;
    while let Some(own) = family.get(next).and_then(|number| correlations.get(*number)) {
        next += 1;
        for name in &own.rules {
            let is_meant = |other: &Correlation| *name == other.id || other.name.as_ref() == Some(name);
            let inner = correlations.iter().position(is_meant).filter(|inner| !family.contains(inner));
            family.extend(inner);
        }
    }
    family
}

/// Tries every candidate; the present setting is among them. `correlations` are a family: the first is tried, the others are
/// as they are. `hits` are theirs, and count correlations as if there were no more. `None` when it does not compile.
pub(crate) fn trials(
    correlations: &[Correlation],
    rules: &[Rule],
    options: &Options,
    hits: &[Hit],
    labels: &Labels,
) -> Option<Vec<Trial>> {
    let (tried, inner) = correlations.split_first()?;
    let is_fed_by = |rule: &&Rule| {
        let names = correlations.iter().flat_map(|own| &own.rules);
        names.into_iter().any(|name| *name == rule.id || rule.name.as_ref() == Some(name))
    };
    let feeders: Vec<Rule> = rules.iter().filter(is_fed_by).cloned().collect();
    let current = Candidate { threshold: whole_threshold(tried), timespan_us: tried.timespan_us };
    let candidates: Vec<Candidate> = candidates(current).into_iter().collect();
    let mut found = Vec::new();
    for candidate in &candidates {
        let variant = tried.variant(candidate.threshold, candidate.timespan_us);
        let all: Vec<Correlation> = std::iter::once(variant).chain(inner.iter().cloned()).collect();
        found.push(findings(&all, &feeders, options, hits)?);
    }
    let place = candidates.iter().position(|candidate| *candidate == current)?;
    let costs = costs(&tried.id, place, &found, labels);
    let trial = |(candidate, cost): (Candidate, Cost)| Trial {
        candidate,
        threshold: candidate.threshold,
        timespan: timespan_text(candidate.timespan_us),
        cost,
    };
    Some(candidates.into_iter().zip(costs).map(trial).collect())
}

/// What the first correlation would have told.
fn findings(correlations: &[Correlation], feeders: &[Rule], options: &Options, hits: &[Hit]) -> Option<Vec<Told>> {
    let (program, _) = Program::compile_with(feeders, correlations, options);
    if !program.has_correlation(0) {
        return None;
    }
    let limits = CorrelationLimits { lateness_us: 0, ..CorrelationLimits::default() };
    let mut correlator = Correlator::new(&program, limits);
    for hit in hits {
        correlator.push(hit);
    }
    let episodes = correlator.finish();
    let of_it = episodes.iter().filter(|episode| episode.correlation == 0 && episode.change == Change::Opened);
    Some(of_it.map(|episode| told(episode, 0)).collect())
}

/// What to change in the rule's file, ready to paste.
pub(crate) fn patch(correlation: &Correlation, chosen: Candidate) -> String {
    let mut text = format!(
        "# {}: `{}`\nid: {}\ncorrelation:\n  timespan: {}\n",
        correlation.file,
        correlation.title,
        correlation.id,
        timespan_text(chosen.timespan_us)
    );
    if let (Some((word, _)), Some(threshold)) = (correlation.threshold(), chosen.threshold) {
        text.push_str(&format!("  condition:\n    {word}: {threshold}\n"));
    }
    text
}

fn whole_threshold(correlation: &Correlation) -> Option<u32> {
    let (_, threshold) = correlation.threshold()?;
    (1..=THRESHOLD_MAX).find(|number| (f64::from(*number) - threshold).abs() < 0.5)
}

/// A bound beyond this (or one that is no whole number of things) is not moved.
const THRESHOLD_MAX: u32 = 1_000_000;

fn candidates(current: Candidate) -> BTreeSet<Candidate> {
    let mut thresholds = BTreeSet::from([current.threshold]);
    if let Some(threshold) = current.threshold {
        let scaled = THRESHOLD_FACTORS.iter().filter_map(|factor| rounded(f64::from(threshold) * factor));
        thresholds.extend(scaled.chain([threshold + 1, threshold.saturating_sub(1)]).filter(|t| 1 < *t).map(Some));
    }
    let mut timespans = BTreeSet::from([current.timespan_us]);
    let scaled = TIMESPAN_FACTORS.iter().map(|(times, parts)| current.timespan_us.saturating_mul(*times) / parts);
    timespans.extend(scaled.filter(|us| (TIMESPAN_US_MIN..=TIMESPAN_US_MAX).contains(us)));
    let both = thresholds.iter().flat_map(|threshold| timespans.iter().map(move |us| (threshold, us)));
    both.map(|(threshold, timespan_us)| Candidate { threshold: *threshold, timespan_us: *timespan_us }).collect()
}

/// The nearest whole number, as far as thresholds go.
fn rounded(value: f64) -> Option<u32> {
    let text = format!("{value:.0}");
    text.parse().ok().filter(|number| *number <= THRESHOLD_MAX)
}

/// `90m`, in the largest unit that says it exactly.
fn timespan_text(us: i64) -> String {
    let seconds = us / 1_000_000;
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds % length == 0 && length <= seconds {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_the_largest_unit() {
        for (seconds, text) in [(45, "45s"), (60, "1m"), (5_400, "90m"), (7_200, "2h"), (86_400, "1d")] {
            assert_eq!(timespan_text(seconds * 1_000_000), text);
        }
    }

    #[test]
    fn the_present_setting_is_tried_and_no_bound_falls_to_one() {
        let current = Candidate { threshold: Some(3), timespan_us: 3_600_000_000 };
        let tried = candidates(current);
        assert!(tried.contains(&current));
        let thresholds: BTreeSet<u32> = tried.iter().filter_map(|candidate| candidate.threshold).collect();
        assert_eq!(thresholds, BTreeSet::from([2, 3, 4, 6, 9]), "halves round to even");
        assert_eq!(candidates(Candidate { threshold: None, timespan_us: 60_000_000 }).len(), 3);
    }

    #[test]
    fn a_family_is_all_that_a_correlation_stands_on_and_a_ring_ends() {
        let correlation = |name: &str, over: &str| {
            format!(
                "title: {name}\nname: {name}\ncorrelation: {{type: event_count, rules: [{over}], group-by: [u], timespan: 1h, condition: {{gte: 2}}}}\n"
            )
        };
        let text = [("top", "middle, rule"), ("middle", "low"), ("low", "rule"), ("ring", "ring")]
            .map(|(name, over)| correlation(name, over))
            .join("---\n");
        let loaded = sigma::load([("x.yml", text)]);
        let names = |number| -> Vec<&str> {
            family(&loaded.correlations, number)
                .into_iter()
                .map(|one| loaded.correlations[one].title.as_str())
                .collect()
        };
        assert_eq!(names(0), ["top", "middle", "low"]);
        assert_eq!((names(2), names(3)), (vec!["low"], vec!["ring"]));
    }
}
