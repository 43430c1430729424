//! One column: what its header promises, what share of its values keep the promise, and the verdict from both.

use std::collections::{BTreeMap, HashSet};

use crate::Classifier;
use crate::check::{self, Check};
use crate::context::Label;
use crate::identifier::{ContextMode, Detector};
use crate::scan::{Hit, SCORE_MIN, arbitrate};
use crate::verdict::Tally;

/// Share of a hit's length in its value from which the value *is* the identifier and not a text that holds it.
const WHOLE_SHARE_PERCENT: usize = 70;
/// Share of values that have to match in a column whose header names the identifier.
const NAMED_SHARE_MIN: f64 = 0.3;
/// Share of values that have to match when the header says nothing: a checksum passes by chance one time in ten.
const UNNAMED_SHARE_MIN: f64 = 0.6;
/// The same for identifiers whose single values are too weak to report (`123-45-6789` without any word).
const WEAK_SHARE_MIN: f64 = 0.9;
/// Values of a free-text column looked at for names and addresses by shape.
const DISTINCT_TRACKED: usize = 64;

/// Counts of one column.
#[derive(Debug)]
pub(super) struct Column {
    name: String,
    label: Label,
    values: u64,
    whole: BTreeMap<u16, Count>,
    part: BTreeMap<u16, Count>,
    shaped: Vec<Shaped>,
    distinct: HashSet<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    values: u64,
    score: f32,
}

/// An identifier that the header names and that has a check for whole values.
#[derive(Debug)]
struct Shaped {
    identifier: u16,
    check: Option<Check>,
    passed: u64,
}

impl Column {
    pub(super) fn new(classifier: &Classifier, name: &str) -> Self {
        let label = classifier.keywords.label(name);
        let mut shaped: Vec<Shaped> = Vec::new();
        for (index, identifier) in (0_u16..).zip(&classifier.identifiers) {
            let by_header = identifier.column_check.is_some() || identifier.detector == Detector::Column;
            let known = shaped.iter().any(|other| {
                classifier.identifiers.get(usize::from(other.identifier)).is_some_and(|known| known.id == identifier.id)
            });
            if by_header && !known && label.names(index) && !label.excludes(index) {
                let check = identifier.column_check.as_deref().and_then(check::by_name);
                shaped.push(Shaped { identifier: index, check, passed: 0 });
            }
        }
        let (whole, part) = (BTreeMap::new(), BTreeMap::new());
        Self { name: name.to_owned(), label, values: 0, whole, part, shaped, distinct: HashSet::new() }
    }

    /// Counts one value. `key` hears of every match that tells persons apart.
    pub(super) fn note(&mut self, classifier: &Classifier, value: &str, mut key: impl FnMut(&str, usize, usize)) {
        self.values += 1;
        if self.distinct.len() < DISTINCT_TRACKED && !self.distinct.contains(value) {
            self.distinct.insert(value.to_owned());
        }
        for shaped in &mut self.shaped {
            shaped.passed += u64::from(shaped.check.is_none_or(|check| check(value)));
        }
        let mut hits = classifier.hits(value, Some(&self.label));
        let whole = |hit: &Hit| value.len() * WHOLE_SHARE_PERCENT <= (hit.end - hit.start) * 100;
        // Every reading of a whole value is counted; the column decides between them, not the single value.
        for hit in hits.iter().filter(|hit| whole(hit)) {
            count(&mut self.whole, hit);
        }
        hits.retain(|hit| SCORE_MIN <= hit.score);
        arbitrate(&mut hits);
        for hit in &hits {
            if !whole(hit) {
                count(&mut self.part, hit);
            }
            let kind =
                classifier.identifiers.get(usize::from(hit.identifier)).and_then(|found| found.subject.as_deref());
            if let Some(kind) = kind {
                key(kind, hit.start, hit.end);
            }
        }
    }

    /// What the header names.
    pub(super) fn label(&self) -> &Label {
        &self.label
    }

    fn share(&self, count: u64) -> f64 {
        let small = |value: u64| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
        small(count) / small(self.values.max(1))
    }
}

fn count(counts: &mut BTreeMap<u16, Count>, hit: &Hit) {
    let entry = counts.entry(hit.identifier).or_default();
    entry.values += 1;
    entry.score = entry.score.max(hit.score);
}

/// Puts the verdict of every column into the tally.
pub(super) fn decide(classifier: &Classifier, columns: &[Column], tally: &mut Tally) {
    for column in columns {
        if !decide_by_values(classifier, column, tally) {
            decide_by_shape(classifier, column, tally, Naming::Certain);
        }
    }
    // A bare `name` column holds persons only beside something else about persons.
    if PERSONAL.iter().any(|id| tally.holds(id)) {
        for column in columns {
            decide_by_shape(classifier, column, tally, Naming::Weak);
        }
    }
    decide_combinations(classifier, columns, tally);
}

/// What makes a table one about people.
const PERSONAL: &[&str] =
    &["EMAIL", "PHONE", "DOB", "ADDRESS", "PERSON", "US_SSN", "STUDENT_ID", "MEDICAL_RECORD", "CREDIT_CARD"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Certain,
    Weak,
}

/// Values that match whole decide first, then matches inside texts. True when the column was given an identifier.
fn decide_by_values(classifier: &Classifier, column: &Column, tally: &mut Tally) -> bool {
    let mut best: Option<(u16, Count, f64)> = None;
    for (index, count) in &column.whole {
        let Some(identifier) = classifier.identifiers.get(usize::from(*index)) else { continue };
        let named = column.label.names(*index);
        let share = column.share(count.values);
        let floor = match identifier.context {
            _ if named => NAMED_SHARE_MIN,
            ContextMode::None => 0.0,
            _ if count.score < SCORE_MIN => WEAK_SHARE_MIN,
            _ => UNNAMED_SHARE_MIN,
        };
        if share < floor {
            continue;
        }
        let rank = |share: f64, score: f32| (share * 10.0).round() / 10.0 + f64::from(score);
        if best.is_none_or(|(_, other, other_share)| rank(other_share, other.score) < rank(share, count.score)) {
            best = Some((*index, *count, share));
        }
    }
    for (index, count) in &column.part {
        if let Some(identifier) = classifier.identifiers.get(usize::from(*index)) {
            tally.add(identifier, count.values, count.score, Some(&column.name));
        }
    }
    let Some((index, count, share)) = best else { return !column.part.is_empty() };
    let Some(identifier) = classifier.identifiers.get(usize::from(index)) else { return false };
    // Nine values of ten that pass a check make the column surer than any one value.
    let sure = if 0.9 <= share && identifier.check.is_some() && SCORE_MIN <= count.score {
        count.score.max(0.9)
    } else {
        count.score
    };
    tally.add(identifier, count.values, sure, Some(&column.name));
    true
}

/// The header names an identifier without a pattern of its own (a person, an address) and the values have its shape.
fn decide_by_shape(classifier: &Classifier, column: &Column, tally: &mut Tally, naming: Naming) {
    for shaped in &column.shaped {
        let Some(identifier) = classifier.identifiers.get(usize::from(shaped.identifier)) else { continue };
        let certain = column.label.certainly_names(shaped.identifier);
        let wanted = certain == (naming == Naming::Certain);
        if identifier.detector == Detector::Column || !wanted || column.share(shaped.passed) < 0.5 {
            continue;
        }
        let score = if certain { 0.86 } else { 0.7 };
        tally.add(identifier, shaped.passed, score, Some(&column.name));
        return;
    }
}

/// Grades beside a student, diagnoses beside a patient: sensitive together, so no single column is blamed.
fn decide_combinations(classifier: &Classifier, columns: &[Column], tally: &mut Tally) {
    if !["PERSON", "STUDENT_ID", "EMAIL", "MEDICAL_RECORD", "US_SSN"].iter().any(|id| tally.holds(id)) {
        return;
    }
    for column in columns {
        for shaped in &column.shaped {
            let Some(identifier) = classifier.identifiers.get(usize::from(shaped.identifier)) else { continue };
            if identifier.detector == Detector::Column && 0.5 <= column.share(shaped.passed) && 0 < column.values {
                tally.add(identifier, shaped.passed, 0.8, None);
            }
        }
    }
}
