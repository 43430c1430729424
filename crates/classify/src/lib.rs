//! Finds personal, payment, health, student and secret data in text and tables; counts subjects and residency.
//!
//! Stands beside the path between events and incidents: the binary hands it readers and puts its verdicts into the data map.
//! It opens no files, knows no incidents and no law beyond the element class that an identifier's data file names.

mod anchor;
mod check;
mod context;
mod defaults;
mod email;
mod examples;
mod format;
mod identifier;
mod program;
mod region;
mod scan;
mod signature;
mod stream;
mod subjects;
mod table;
mod verdict;

pub use defaults::IDENTIFIER_FILES;
pub use examples::ExampleFailure;
pub use format::Format;
pub use identifier::{Anchor, ContextMode, Detector, IDENTIFIERS_MAX, Identifier, IdentifierError, Severity};
pub use scan::{SCORE_MIN, Span};
pub use subjects::{SUBJECT_KEYS_MAX, SubjectKey, SubjectSet};
pub use table::{CELL_BYTES_MAX, COLUMNS_MAX, LINE_BYTES_MAX, Options, RecordSpan, Scan, ScanError, TableScanner};
pub use verdict::{Confidence, IdentifierCount, Sensitivity, SubjectCount, Verdict};

use check::Check;

/// Compiled identifiers, ready to scan. Cheap to share between threads by reference.
#[derive(Debug)]
pub struct Classifier {
    identifiers: Vec<Identifier>,
    checks: Vec<Option<Check>>,
    program: program::Program,
    keywords: context::Keywords,
    anchors: Vec<anchor::AroundLiteral>,
    /// Identifiers that are found in a way of their own: detector, identifier, score.
    special: Vec<(Detector, u16, f32)>,
    /// Identifiers that never match without a context word.
    needs_word: context::IdSet,
}

impl Classifier {
    /// Compiles data files given as (name, text). Good identifiers are used; bad ones are listed.
    pub fn new<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> (Self, Vec<IdentifierError>) {
        let (library, mut errors) = identifier::read(files);
        let (program, pattern_errors) = program::Program::compile(&library.identifiers);
        let (anchors, anchor_errors) = anchor::compile(&library.identifiers);
        errors.extend(pattern_errors.into_iter().chain(anchor_errors));
        let keywords = context::Keywords::compile(&library.identifiers, &library.exclude_everywhere);
        let checks = scan::checks_of(&library.identifiers);
        let special = (0_u16..)
            .zip(&library.identifiers)
            .filter(|(_, found)| matches!(found.detector, Detector::Email | Detector::Signature))
            .map(|(index, found)| (found.detector, index, found.score))
            .collect();
        let mut needs_word = context::IdSet::default();
        let required = |found: &Identifier| found.context == ContextMode::Required;
        (0_u16..)
            .zip(&library.identifiers)
            .filter(|(_, found)| required(found))
            .for_each(|(index, _)| needs_word.insert(index));
        (Self { needs_word, identifiers: library.identifiers, checks, program, keywords, anchors, special }, errors)
    }

    /// What is loaded, in file order.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// The identifier of that id; the first when several patterns share it.
    pub fn identifier(&self, id: &str) -> Option<&Identifier> {
        self.identifiers.iter().find(|identifier| &*identifier.id == id)
    }
}
