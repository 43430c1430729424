//! Other thresholds and windows for one correlation: what each would have found, missed and delayed.
//!
//! Neither bound nor window decides what a hit is, so the hits of one replay serve every candidate.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use sigma::{Change, Correlation, CorrelationLimits, Correlator, Hit, Options, Program, Rule};

use crate::backtest::{Label, Labels, Told, delay, told};
use crate::dispositions::{Spread, lower_bound, share, spread};

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
    pub(crate) is_current: bool,
    pub(crate) findings: u64,
    #[serde(rename = "true")]
    pub(crate) right: u64,
    #[serde(rename = "false")]
    pub(crate) wrong: u64,
    pub(crate) unlabelled: u64,
    /// Of the true things shown and the false findings: one thing told twice is not twice as right.
    pub(crate) precision: Option<f64>,
    /// Lower bound of its 95 % Wilson interval.
    pub(crate) precision_at_least: Option<f64>,
    /// True things that another candidate finds and this one does not.
    pub(crate) missed: BTreeSet<String>,
    /// From the first event that any candidate counts of a true thing, to the finding.
    pub(crate) seconds_to_finding: Option<Spread>,
}

/// Tries every candidate; the present setting is among them. `hits` are those of the correlation, as
/// if it were the only one. `None` when it
/// cannot be tried by itself: it counts other correlations, or does not compile.
pub(crate) fn trials(
    correlation: &Correlation,
    rules: &[Rule],
    options: &Options,
    hits: &[Hit],
    labels: &Labels,
) -> Option<Vec<Trial>> {
    let is_fed_by =
        |rule: &&Rule| correlation.rules.iter().any(|name| *name == rule.id || rule.name.as_ref() == Some(name));
    let feeders: Vec<Rule> = rules.iter().filter(is_fed_by).cloned().collect();
    let current = Candidate { threshold: whole_threshold(correlation), timespan_us: correlation.timespan_us };
    let mut found = Vec::new();
    for candidate in candidates(current) {
        found.push((candidate, findings(correlation, &feeders, options, hits, candidate)?));
    }
    Some(judge(correlation, current, &found, labels))
}

fn findings(
    correlation: &Correlation,
    feeders: &[Rule],
    options: &Options,
    hits: &[Hit],
    candidate: Candidate,
) -> Option<Vec<Told>> {
    let variant = correlation.variant(candidate.threshold, candidate.timespan_us);
    let (program, _) = Program::compile_with(feeders, &[variant], options);
    if !program.has_correlation(0) {
        return None;
    }
    let limits = CorrelationLimits { lateness_us: 0, ..CorrelationLimits::default() };
    let mut correlator = Correlator::new(&program, limits);
    for hit in hits {
        correlator.push(hit);
    }
    let episodes = correlator.finish();
    Some(episodes.iter().filter(|episode| episode.change == Change::Opened).map(|episode| told(episode, 0)).collect())
}

fn judge(
    correlation: &Correlation,
    current: Candidate,
    found: &[(Candidate, Vec<Told>)],
    labels: &Labels,
) -> Vec<Trial> {
    let labelled: Vec<(Candidate, Vec<(&Told, Label)>)> = found
        .iter()
        .map(|(candidate, told)| {
            (*candidate, told.iter().map(|told| (told, labels.of(&correlation.id, told))).collect())
        })
        .collect();
    // What is true, and the first event of it that anybody counts.
    let mut truths: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (told, label) in labelled.iter().flat_map(|(_, found)| found) {
        let Label::True(shown) = label else { continue };
        for truth in shown {
            let first = truths.entry(truth).or_insert(told.first);
            *first = (*first).min(told.first);
        }
    }
    labelled.iter().map(|(candidate, found)| trial(*candidate, current, found, &truths)).collect()
}

fn trial(
    candidate: Candidate,
    current: Candidate,
    found: &[(&Told, Label)],
    truths: &BTreeMap<&str, Timestamp>,
) -> Trial {
    let count = |wanted: fn(&Label) -> bool| found.iter().filter(|(_, label)| wanted(label)).count() as u64;
    let right = count(|label| matches!(label, Label::True(_)));
    let wrong = count(|label| *label == Label::False);
    let mut shown: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (told, label) in found {
        let Label::True(of) = label else { continue };
        for truth in of {
            let at = shown.entry(truth).or_insert(told.time);
            *at = (*at).min(told.time);
        }
    }
    let mut delays: Vec<i64> =
        shown.iter().filter_map(|(truth, at)| Some(delay(*truths.get(truth)?, *at).as_secs())).collect();
    let things = shown.len() as u64;
    Trial {
        candidate,
        threshold: candidate.threshold,
        timespan: timespan_text(candidate.timespan_us),
        is_current: candidate == current,
        findings: found.len() as u64,
        right,
        wrong,
        unlabelled: count(|label| *label == Label::Unlabelled),
        precision: share(things, things + wrong),
        precision_at_least: lower_bound(things, things + wrong),
        missed: truths.keys().filter(|truth| !shown.contains_key(*truth)).map(|truth| (*truth).to_owned()).collect(),
        seconds_to_finding: spread(&mut delays),
    }
}

/// The setting to propose: of those that miss nothing the present one finds, the most surely precise; then the fewest
/// findings. `None` when nothing is better than what is.
pub(crate) fn best(trials: &[Trial]) -> Option<&Trial> {
    let current = trials.iter().find(|trial| trial.is_current)?;
    let value = |trial: &Trial| trial.precision_at_least.unwrap_or(0.0);
    let best = trials
        .iter()
        .filter(|trial| is_no_worse(trial, current))
        .max_by(|a, b| value(a).total_cmp(&value(b)).then(b.findings.cmp(&a.findings)))?;
    let is_better = value(current) < value(best) || (best.wrong < current.wrong && value(current) <= value(best));
    is_better.then_some(best)
}

/// Misses nothing more, and asks nobody to look at more unless something true is gained by it.
fn is_no_worse(trial: &Trial, current: &Trial) -> bool {
    let gains = trial.missed.len() < current.missed.len();
    let is_quiet = trial.findings <= current.findings && trial.unlabelled <= current.unlabelled;
    trial.missed.is_subset(&current.missed) && trial.wrong <= current.wrong && (gains || is_quiet)
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

    fn told(uid: u32) -> Told {
        let at = Timestamp::from_second(i64::from(uid)).unwrap();
        Told {
            number: 0,
            time: at,
            first: at,
            event_uid: uid.to_string(),
            event_uids: BTreeSet::from([uid.to_string()]),
            who: String::new(),
            resources: Vec::new(),
        }
    }

    /// A trial that shows these things, one finding each, and tells so many false and unlabelled findings.
    fn tried(threshold: u32, shows: &[&str], wrong: usize, unlabelled: usize) -> Trial {
        let told = told(9);
        let right = shows.iter().map(|thing| Label::True(BTreeSet::from([(*thing).to_owned()])));
        let labels = right
            .chain(std::iter::repeat_n(Label::False, wrong))
            .chain(std::iter::repeat_n(Label::Unlabelled, unlabelled));
        let found: Vec<(&Told, Label)> = labels.map(|label| (&told, label)).collect();
        let candidate = |threshold| Candidate { threshold: Some(threshold), timespan_us: 3_600_000_000 };
        let truths = BTreeMap::from([("theft", told.first), ("other", told.first)]);
        trial(candidate(threshold), candidate(3), &found, &truths)
    }

    #[test]
    fn one_true_thing_told_in_pieces_is_no_improvement() {
        let (whole, pieces) = (tried(3, &["theft"], 1, 0), tried(2, &["theft"; 8], 1, 0));
        assert_eq!((whole.precision, whole.precision_at_least), (pieces.precision, pieces.precision_at_least));
        assert_eq!((pieces.right, pieces.findings), (8, 9), "findings are counted as they are");
        assert!(best(&[whole, pieces]).is_none());
    }

    #[test]
    fn more_to_look_at_is_proposed_only_for_something_true() {
        let proposed = |other: Trial| best(&[tried(3, &["theft"], 2, 1), other]).map(|trial| trial.threshold);
        assert_eq!(proposed(tried(2, &["theft"], 1, 2)), None, "more that nobody has judged");
        assert_eq!(proposed(tried(2, &["theft"; 4], 1, 1)), None, "more findings");
        assert_eq!(proposed(tried(2, &["theft"], 1, 1)), Some(Some(2)), "one false finding less");
        assert_eq!(proposed(tried(2, &["theft", "other"], 2, 4)), Some(Some(2)), "one that was missed");
        assert_eq!(proposed(tried(2, &["other"], 0, 0)), None, "what was found is missed");
    }

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
}
