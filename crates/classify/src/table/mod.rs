//! Tables: each value under its header, one verdict per column, one person per row as far as its keys tell.
//!
//! `csv` and `jsonl` read formats; callers that have rows already (Parquet, SQL) feed `TableScanner` directly.

mod column;
mod csv;
mod jsonl;
mod person;

use std::collections::HashMap;

use crate::Classifier;
use crate::subjects::SubjectSet;
use crate::verdict::{Tally, Verdict};
use column::Column;
pub use jsonl::{LINE_BYTES_MAX, RecordSpan};
use person::PersonColumns;

/// Columns of one table. A JSONL file whose keys are values could otherwise grow without end.
pub const COLUMNS_MAX: usize = 4096;
/// Bytes of one cell that are looked at.
pub const CELL_BYTES_MAX: usize = 1024 * 1024;

/// How to scan an object.
#[derive(Clone, Debug)]
pub struct Options {
    /// Salt of the subject keys: the same over all objects whose subjects will be united.
    pub salt: [u8; 32],
    /// Rows or lines to look at; all when absent.
    pub rows_max: Option<u64>,
    /// Keys the subject set may hold.
    pub subject_keys_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { salt: [0; 32], rows_max: None, subject_keys_max: crate::subjects::SUBJECT_KEYS_MAX }
    }
}

/// What one object holds.
#[derive(Clone, Debug)]
pub struct Scan {
    pub verdict: Verdict,
    pub subjects: SubjectSet,
    /// Rows, lines or documents read.
    pub records: u64,
    /// Records that could not be read as what they claim to be; their bytes were scanned as text.
    pub malformed: u64,
    /// True when `rows_max` ended the scan early: counts are of the sample.
    pub sampled: bool,
}

/// Why an object could not be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("read the object: {0}")]
    Read(#[from] std::io::Error),
    #[error("read CSV record {record}: {reason}; give the format as text to scan it unparsed")]
    Csv { record: u64, reason: String },
}

/// Scans rows given one at a time.
#[derive(Debug)]
pub struct TableScanner<'c> {
    classifier: &'c Classifier,
    options: Options,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    persons: PersonColumns,
    subjects: SubjectSet,
    named_only: SubjectSet,
    records: u64,
    malformed: u64,
    sampled: bool,
}

impl<'c> TableScanner<'c> {
    pub fn new(classifier: &'c Classifier, options: &Options) -> Self {
        Self {
            classifier,
            options: options.clone(),
            columns: Vec::new(),
            by_name: HashMap::new(),
            persons: PersonColumns::default(),
            subjects: SubjectSet::with_limit(options.subject_keys_max),
            named_only: SubjectSet::with_limit(options.subject_keys_max),
            records: 0,
            malformed: 0,
            sampled: false,
        }
    }

    /// The place of a column, made on first sight; nothing when the table has too many.
    pub fn column(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.by_name.get(name) {
            return Some(*place);
        }
        if COLUMNS_MAX <= self.columns.len() {
            return None;
        }
        let column = Column::new(self.classifier, name);
        self.persons.learn(self.columns.len(), self.classifier, name, column.label());
        self.columns.push(column);
        self.by_name.insert(name.to_owned(), self.columns.len() - 1);
        Some(self.columns.len() - 1)
    }

    /// One row as (column, value) pairs; absent and empty values are the same.
    pub fn row(&mut self, cells: &[(usize, &str)]) {
        self.records += 1;
        let mut keys = Vec::new();
        for (place, value) in cells {
            let Some(column) = self.columns.get_mut(*place) else { continue };
            let value = within_limit(value.trim());
            if !value.is_empty() {
                column.note(self.classifier, value, |kind, start, end| {
                    if let Some(part) = value.get(start..end) {
                        keys.push((*place, kind.to_owned(), part.to_owned()));
                    }
                });
            }
        }
        let record = self.persons.read(&self.options.salt, cells, &keys);
        self.subjects.note(&record.keys, record.residency.as_deref());
        if record.keys.is_empty()
            && let Some(name) = record.name
        {
            self.named_only.note(&[name], record.residency.as_deref());
        }
    }

    /// True when the sample is complete and the caller may stop reading.
    pub fn is_full(&mut self) -> bool {
        let full = self.options.rows_max.is_some_and(|max| max <= self.records);
        self.sampled |= full;
        full
    }

    fn malformed(&mut self) {
        self.malformed += 1;
    }

    /// The verdict over all rows seen.
    pub fn finish(self, format: &str) -> Scan {
        let mut tally = Tally::default();
        column::decide(self.classifier, &self.columns, &mut tally);
        let subjects = if self.subjects.is_empty() { self.named_only } else { self.subjects };
        let counts = subjects.counts();
        Scan {
            verdict: tally.verdict(format, counts),
            subjects,
            records: self.records,
            malformed: self.malformed,
            sampled: self.sampled,
        }
    }
}

/// The value, cut at the limit and a character border.
fn within_limit(value: &str) -> &str {
    let mut end = value.len().min(CELL_BYTES_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or(value)
}
