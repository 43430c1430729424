//! An identifier as its data file states it: pattern, check, context words, severity, and the examples that prove it.
//!
//! Files are TOML under `content/identifiers/`, one family each. This module reads and validates them; it does not compile
//! patterns (see `program`) and does not run examples (see `examples`).

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::check;

/// Identifiers one classifier may hold: sets of them are 256 bits (see `context`).
pub const IDENTIFIERS_MAX: usize = 256;
/// Bytes of one pattern: long patterns make the shared automaton grow for every text.
const PATTERN_BYTES_MAX: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What the words around a value have to say before it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextMode {
    /// The value proves itself (strong checksum or fixed prefix).
    #[default]
    None,
    /// Context raises the score from `score` to `score_context`; an exclusion word that stands nearer removes the match.
    Boost,
    /// No context word within `distance`, no match.
    Required,
}

/// How the value is found in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detector {
    /// `pattern`, tried at every token start.
    #[default]
    Pattern,
    /// `pattern`, tried around every occurrence of `anchor`: for values that begin with anything.
    Anchor,
    /// Around every `@`.
    Email,
    /// A line of two to four capitalised words that closes a text.
    Signature,
    /// Only by column or key name: never in free text.
    Column,
}

/// A literal inside every value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    pub literal: String,
    /// Bytes of the value before the literal.
    pub behind: usize,
}

/// One kind of sensitive value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    #[serde(deserialize_with = "shared_text")]
    pub id: Arc<str>,
    pub name: String,
    pub category: String,
    pub severity: Severity,
    /// ISO country code, or `*`.
    pub region: String,
    /// The law's element class (SSN, CRED, FIN_ACCT …) this value belongs to; absent when no regime speaks of it.
    #[serde(default)]
    pub element: Option<String>,
    /// The kind of key by which this value tells one person from another (`email`, `ssn`, `student` …).
    #[serde(default)]
    pub subject: Option<String>,
    #[serde(default)]
    pub detector: Detector,
    #[serde(default)]
    pub pattern: String,
    /// A pattern in front of `pattern` that is not part of the value: `password = `.
    #[serde(default)]
    pub announce: Option<String>,
    /// With `detector = "anchor"`: the literal that is looked for, and the bytes of the value in front of it.
    #[serde(default)]
    pub anchor: Option<Anchor>,
    #[serde(default)]
    pub check: Option<String>,
    /// False when the match may be followed by further letters or digits.
    #[serde(default = "yes")]
    pub boundary: bool,
    /// True when `-`, `.` or `_` may glue the match to a longer token.
    #[serde(default)]
    pub glued: bool,
    #[serde(default)]
    pub context: ContextMode,
    #[serde(default = "default_distance")]
    pub distance: usize,
    #[serde(default)]
    pub words: Vec<String>,
    /// False when `words` only stand beside the value (`email` near a name) and name no column of it.
    #[serde(default = "yes")]
    pub words_name_columns: bool,
    /// Further words that count only as a column header or key.
    #[serde(default)]
    pub column_words: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The check that each value of a column named by `words` has to pass; absent: the pattern itself.
    #[serde(default)]
    pub column_check: Option<String>,
    #[serde(default = "default_score")]
    pub score: f32,
    #[serde(default = "default_score_context")]
    pub score_context: f32,
    /// Texts that must match; `«…»` around the value pins the exact span.
    pub examples: Vec<String>,
    /// Look-alikes that must stay quiet.
    pub counter_examples: Vec<String>,
}

fn shared_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(deserializer).map(Arc::from)
}
fn yes() -> bool {
    true
}
fn default_distance() -> usize {
    30
}
fn default_score() -> f32 {
    0.9
}
fn default_score_context() -> f32 {
    0.95
}

/// One data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Exclusion words for every identifier of every file whose context is not `none`.
    #[serde(default)]
    exclude_everywhere: Vec<String>,
    #[serde(default)]
    identifier: Vec<toml::Value>,
}

/// Why an identifier or its file was left out. The author's mistake: the file and the id say where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    #[error("read identifiers from `{file}`: {reason}")]
    File { file: String, reason: String },
    #[error("load identifier `{id}` from `{file}`: {reason}")]
    Identifier { file: String, id: String, reason: String },
    #[error("compile the pattern of `{id}`: {reason}")]
    Pattern { id: String, reason: String },
    #[error("load identifiers: the limit is {IDENTIFIERS_MAX}, split them over two classifiers")]
    TooMany,
}

/// What the files say together.
#[derive(Debug, Default)]
pub(crate) struct Library {
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) exclude_everywhere: Vec<String>,
}

/// Reads every file; the good identifiers and the list of bad ones.
pub(crate) fn read<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> (Library, Vec<IdentifierError>) {
    let mut library = Library::default();
    let mut errors = Vec::new();
    for (name, text) in files {
        read_file(name.as_ref(), text.as_ref(), &mut library, &mut errors);
    }
    if IDENTIFIERS_MAX < library.identifiers.len() {
        library.identifiers.truncate(IDENTIFIERS_MAX);
        errors.push(IdentifierError::TooMany);
    }
    (library, errors)
}

fn read_file(name: &str, text: &str, library: &mut Library, errors: &mut Vec<IdentifierError>) {
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            errors.push(IdentifierError::File { file: name.to_owned(), reason: error.to_string() });
            return;
        }
    };
    library.exclude_everywhere.extend(file.exclude_everywhere);
    for value in file.identifier {
        let id = value.get("id").and_then(toml::Value::as_str).unwrap_or("(no id)").to_owned();
        let problem = match value.try_into::<Identifier>() {
            Ok(identifier) => match problem_with(&identifier, library) {
                None => {
                    library.identifiers.push(identifier);
                    continue;
                }
                Some(problem) => problem,
            },
            Err(error) => error.to_string(),
        };
        errors.push(IdentifierError::Identifier { file: name.to_owned(), id, reason: problem });
    }
}

fn problem_with(identifier: &Identifier, library: &Library) -> Option<String> {
    if identifier.id.is_empty() {
        return Some("the id is empty".to_owned());
    }
    // One id may have several patterns (a telephone number with and without `+`), but means one thing.
    let other_meaning = |other: &Identifier| {
        other.id == identifier.id && (&other.category, &other.element) != (&identifier.category, &identifier.element)
    };
    if library.identifiers.iter().any(other_meaning) {
        return Some("the id is already taken with another category or element".to_owned());
    }
    if (identifier.detector == Detector::Anchor) != identifier.anchor.as_ref().is_some_and(|a| !a.literal.is_empty()) {
        return Some("an `anchor` goes with `detector = \"anchor\"`, and only with it".to_owned());
    }
    let patterned = matches!(identifier.detector, Detector::Pattern | Detector::Anchor);
    if patterned == identifier.pattern.is_empty() {
        return Some("a `pattern` goes with `detector = \"pattern\"` or `\"anchor\"`, and only with them".to_owned());
    }
    if PATTERN_BYTES_MAX < identifier.pattern.len() {
        return Some(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    for name in [&identifier.check, &identifier.column_check].into_iter().flatten() {
        if check::by_name(name).is_none() {
            return Some(format!("there is no check named `{name}`"));
        }
    }
    let scores = [identifier.score, identifier.score_context];
    if scores.iter().any(|score| !(0.0..=1.0).contains(score)) {
        return Some("scores lie between 0 and 1".to_owned());
    }
    if identifier.context == ContextMode::Required && identifier.words.is_empty() {
        return Some("`context = \"required\"` needs `words`".to_owned());
    }
    if identifier.detector != Detector::Column && identifier.examples.is_empty() {
        return Some("at least one example is needed".to_owned());
    }
    None
}
