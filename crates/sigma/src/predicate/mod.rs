//! What can be asked of one field: the tests that a rule's values compile to. A test sees one value at a time; the
//! matcher asks it of every value that a field has, and any that answers yes is enough.

pub(crate) mod network;
pub(crate) mod number;
pub(crate) mod pattern;
pub(crate) mod regex;
pub(crate) mod time;

use std::borrow::Cow;

use aho_corasick::AhoCorasick;

use crate::error::RecordError;
use crate::expression::{self, Texts};
use crate::fields::NodeId;
use crate::record::{Kind, Value, text};
use network::Network;
use number::{Comparison, Number};
use pattern::{Glob, Needle};
use regex::Search;
use time::Part;

/// One question about one field.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) field: NodeId,
    pub(crate) test: Test,
}

#[derive(Debug)]
pub(crate) enum Test {
    /// The field is there, whatever its value.
    Exists,
    /// The field is absent or null.
    Null,
    /// The text is one of these.
    OneOf { literals: Vec<Box<[u8]>>, is_cased: bool },
    /// The text holds, starts or ends with this.
    Text(Box<Needle>),
    /// The text holds one of several.
    Substrings { search: Box<AhoCorasick>, texts: Vec<String>, is_cased: bool },
    /// The text fits a pattern with wildcards.
    Glob(Box<Glob>),
    /// A regular expression is found in the text.
    Regex(Box<Search>),
    /// The text is an address inside the network.
    Network(Network),
    /// The value, or the text read as a number, compares so.
    Number(Comparison, Number),
    /// The value is this boolean, or the text spells it.
    Bool(bool),
    /// Part of a point in time.
    Time(Part, Comparison, Number),
    /// Some value of the other field relates to some value of this one.
    Field { other: NodeId, shape: pattern::Shape, is_cased: bool },
    /// So many of the field's members satisfy an expression that is about one member at a time.
    Members(Box<Members>),
}

/// A question about the members of a list, each by itself.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) quantifier: Quantifier,
    /// What is asked of one member: its predicates see only values inside it.
    pub(crate) body: expression::NodeId,
    /// The fields that `body` asks about, at any depth.
    pub(crate) fields: Vec<NodeId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    /// All, and there is one.
    All,
    AllOrEmpty,
    None,
}

impl Quantifier {
    /// The answer of one member that decides for all of them, and what it decides.
    pub(crate) fn decisive(self) -> (bool, bool) {
        match self {
            Self::Any => (true, true),
            Self::None => (true, false),
            Self::All | Self::AllOrEmpty => (false, false),
        }
    }

    /// What holds when no member decided.
    pub(crate) fn otherwise(self, is_empty: bool) -> bool {
        match self {
            Self::Any => false,
            Self::All => !is_empty,
            Self::AllOrEmpty | Self::None => true,
        }
    }
}

/// A record and the space for decoding its texts.
pub(crate) struct Reader<'r> {
    pub(crate) record: &'r [u8],
    pub(crate) has_escapes: bool,
    pub(crate) buffers: &'r mut Buffers,
}

#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) text: Vec<u8>,
    pub(crate) folded: Vec<u8>,
}

impl Test {
    /// Whether one value satisfies the test. [`Test::Exists`], [`Test::Null`], [`Test::Field`] and [`Test::Members`]
    /// are about more than one value and are answered by the matcher.
    pub(crate) fn holds(&self, value: &Value, reader: &mut Reader<'_>) -> Result<bool, RecordError> {
        let Buffers { text: decoded, folded } = &mut *reader.buffers;
        let Some(text) = text::of(value, reader.record, reader.has_escapes, decoded)? else { return Ok(false) };
        Ok(match self {
            Self::Exists | Self::Null | Self::Field { .. } | Self::Members(_) => false,
            Self::OneOf { literals, is_cased: true } => literals.iter().any(|literal| **literal == *text),
            Self::OneOf { literals, is_cased: false } => is_one_of(literals, text, folded),
            Self::Text(needle) => needle.is_found(text, folded),
            Self::Substrings { search, is_cased: true, .. } => search.is_match(text),
            Self::Substrings { search, is_cased: false, .. } => search.is_match(fold(text, folded)),
            Self::Glob(glob) => glob.fits(text, folded),
            Self::Regex(search) => search.finds(text),
            Self::Network(network) => network.holds(text),
            Self::Number(comparison, limit) => match value.kind {
                Kind::Number | Kind::Text => Number::parse(text).is_some_and(|number| comparison.holds(number, *limit)),
                _ => false,
            },
            Self::Bool(expected) => is_bool(value.kind, text, *expected),
            Self::Time(part, comparison, limit) => match value.kind {
                Kind::Number | Kind::Text => {
                    part.of(text).is_some_and(|part| comparison.holds(Number::Whole(part), *limit))
                }
                _ => false,
            },
        })
    }

    /// Texts in lower case, one of which the folded text of some value is when the test holds.
    pub(crate) fn needs_whole(&self) -> Option<Texts> {
        let Self::OneOf { literals, .. } = self else { return None };
        let mut folded = Vec::new();
        Some(literals.iter().map(|literal| fold(literal, &mut folded).into()).collect())
    }

    /// Texts in lower case, one of which the folded text of some value holds when the test holds.
    pub(crate) fn needs_part(&self) -> Option<Texts> {
        let (parts, is_cased): (Vec<&[u8]>, bool) = match self {
            Self::OneOf { literals, is_cased } => (literals.iter().map(|literal| &**literal).collect(), *is_cased),
            Self::Text(needle) => (vec![needle.text()], needle.is_cased()),
            Self::Substrings { texts, is_cased, .. } => (texts.iter().map(String::as_bytes).collect(), *is_cased),
            Self::Glob(glob) => (vec![glob.longest_text()?], glob.is_cased()),
            Self::Regex(search) => (vec![search.required()?], true),
            _ => return None,
        };
        // Beyond ASCII, how a letter folds can depend on its neighbours, so that a part of a text and the text as a
        // whole may fold differently. That matters where the test itself does not compare folded texts.
        let is_certain = |part: &&[u8]| !part.is_empty() && (part.is_ascii() || !is_cased);
        let mut folded = Vec::new();
        parts.iter().all(is_certain).then(|| parts.iter().map(|part| fold(part, &mut folded).into()).collect())
    }

    /// How long the question takes, roughly, to put cheap ones first.
    pub(crate) fn cost(&self) -> u8 {
        match self {
            Self::Exists | Self::Null => 1,
            Self::OneOf { .. } | Self::Bool(_) => 2,
            Self::Number(..) | Self::Text(_) => 3,
            Self::Network(_) | Self::Time(..) | Self::Substrings { .. } | Self::Field { .. } => 4,
            Self::Glob(_) => 5,
            Self::Regex(_) => 6,
            Self::Members(_) => 8,
        }
    }
}

fn is_one_of(literals: &[Box<[u8]>], text: &[u8], folded: &mut Vec<u8>) -> bool {
    if text.is_ascii() {
        // Literals are in lower case; one with other characters cannot equal an ASCII text.
        return literals.iter().any(|literal| literal.eq_ignore_ascii_case(text));
    }
    let folded = fold(text, folded);
    literals.iter().any(|literal| **literal == *folded)
}

fn is_bool(kind: Kind, text: &[u8], expected: bool) -> bool {
    match kind {
        Kind::True => expected,
        Kind::False => !expected,
        Kind::Text => text.eq_ignore_ascii_case(if expected { b"true" } else { b"false" }),
        _ => false,
    }
}

/// The text in lower case, by Unicode's rules.
pub(crate) fn fold<'a>(text: &[u8], folded: &'a mut Vec<u8>) -> &'a [u8] {
    folded.clear();
    if text.is_ascii() {
        folded.extend_from_slice(text);
        folded.make_ascii_lowercase();
    } else {
        folded.extend_from_slice(lower(&String::from_utf8_lossy(text)).as_bytes());
    }
    folded
}

/// Lower case as both rules and records are folded: letter by letter, so that a part of a text folds as it does in the
/// whole. The final sigma is a sigma.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    let letters = text.chars().map(|letter| if letter == 'ς' { 'σ' } else { letter });
    Cow::Owned(letters.flat_map(char::to_lowercase).collect())
}
