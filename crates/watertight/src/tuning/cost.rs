//! What one way to set something would have cost: findings, true and false ones, things missed, time to the finding.
//! Whether it is better than what is, is judged here too; what was changed to get it, the caller knows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::backtest::{Label, Labels, Told, delay};
use crate::dispositions::{Spread, lower_bound, share, spread};

/// What one setting came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cost {
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
    /// True things that another setting finds and this one does not.
    pub(crate) missed: BTreeSet<String>,
    /// From the first event that any setting counts of a true thing, to the finding.
    pub(crate) seconds_to_finding: Option<Spread>,
}

/// One cost for each setting, of which `current` is in use; each setting is what it would have told.
pub(crate) fn costs(rule_id: &str, current: usize, settings: &[Vec<Told>], labels: &Labels) -> Vec<Cost> {
    let labelled: Vec<Vec<(&Told, Label)>> =
        settings.iter().map(|found| found.iter().map(|told| (told, labels.of(rule_id, told))).collect()).collect();
    // What is true, and the first event of it that anybody counts.
    let mut truths: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (told, label) in labelled.iter().flatten() {
        let Label::True(shown) = label else { continue };
        for truth in shown {
            let first = truths.entry(truth).or_insert(told.first);
            *first = (*first).min(told.first);
        }
    }
    labelled.iter().enumerate().map(|(number, found)| cost(number == current, found, &truths)).collect()
}

fn cost(is_current: bool, found: &[(&Told, Label)], truths: &BTreeMap<&str, Timestamp>) -> Cost {
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
    Cost {
        is_current,
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

/// The setting to propose, by position: of those that miss nothing the present one finds, the most surely precise; then the
/// one with the fewest findings, then the one that is soonest. `None` when nothing is better than what is.
pub(crate) fn best(costs: &[Cost]) -> Option<usize> {
    let current = costs.iter().find(|cost| cost.is_current)?;
    let value = |cost: &Cost| cost.precision_at_least.unwrap_or(0.0);
    let (place, best) =
        costs.iter().enumerate().filter(|(_, cost)| is_no_worse(cost, current)).max_by(|(_, a), (_, b)| {
            let by_delay = || delay_of(b).cmp(&delay_of(a));
            value(a).total_cmp(&value(b)).then(b.findings.cmp(&a.findings)).then_with(by_delay)
        })?;
    let is_better = value(current) < value(best) || (best.wrong < current.wrong && value(current) <= value(best));
    is_better.then_some(place)
}

fn delay_of(cost: &Cost) -> Option<i64> {
    cost.seconds_to_finding.as_ref().map(|spread| spread.median)
}

/// Misses nothing more, and asks nobody to look at more unless something true is gained by it.
fn is_no_worse(cost: &Cost, current: &Cost) -> bool {
    let gains = cost.missed.len() < current.missed.len();
    let is_quiet = cost.findings <= current.findings && cost.unlabelled <= current.unlabelled;
    cost.missed.is_subset(&current.missed) && cost.wrong <= current.wrong && (gains || is_quiet)
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

    /// A setting that shows these things, one finding each, and tells so many false and unlabelled findings.
    fn tried(is_current: bool, shows: &[&str], wrong: usize, unlabelled: usize) -> Cost {
        let told = told(9);
        let right = shows.iter().map(|thing| Label::True(BTreeSet::from([(*thing).to_owned()])));
        let labels = right
            .chain(std::iter::repeat_n(Label::False, wrong))
            .chain(std::iter::repeat_n(Label::Unlabelled, unlabelled));
        let found: Vec<(&Told, Label)> = labels.map(|label| (&told, label)).collect();
        let truths = BTreeMap::from([("theft", told.first), ("other", told.first)]);
        cost(is_current, &found, &truths)
    }

    #[test]
    fn of_two_that_are_as_good_the_sooner_one_is_proposed() {
        let with = |median| {
            let seconds_to_finding = Some(Spread { median, p95: median });
            Cost { seconds_to_finding, ..tried(false, &["theft"], 0, 0) }
        };
        let now = || tried(true, &["theft"], 1, 0);
        assert_eq!(best(&[now(), with(600), with(780)]), Some(1));
        assert_eq!(best(&[now(), with(780), with(600)]), Some(2));
    }

    #[test]
    fn one_true_thing_told_in_pieces_is_no_improvement() {
        let (whole, pieces) = (tried(true, &["theft"], 1, 0), tried(false, &["theft"; 8], 1, 0));
        assert_eq!((whole.precision, whole.precision_at_least), (pieces.precision, pieces.precision_at_least));
        assert_eq!((pieces.right, pieces.findings), (8, 9), "findings are counted as they are");
        assert!(best(&[whole, pieces]).is_none());
    }

    #[test]
    fn more_to_look_at_is_proposed_only_for_something_true() {
        let proposed = |other: Cost| best(&[tried(true, &["theft"], 2, 1), other]);
        assert_eq!(proposed(tried(false, &["theft"], 1, 2)), None, "more that nobody has judged");
        assert_eq!(proposed(tried(false, &["theft"; 4], 1, 1)), None, "more findings");
        assert_eq!(proposed(tried(false, &["theft"], 1, 1)), Some(1), "one false finding less");
        assert_eq!(proposed(tried(false, &["theft", "other"], 2, 4)), Some(1), "one that was missed");
        assert_eq!(proposed(tried(false, &["other"], 0, 0)), None, "what was found is missed");
    }
}
