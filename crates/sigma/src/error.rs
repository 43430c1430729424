//! What can go wrong: a rule that cannot be used ([`RuleError`]) and a record that cannot be read ([`RecordError`]).
//! Both say whose mistake it is, where exactly, and what to do next. Nothing here decides what happens to the rule or record.

use std::fmt;

use thiserror::Error;

/// How bad a [`RuleError`] is: an error keeps the rule out of the program, a warning does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rule (or document) works, but not all of it means what its author may think.
    Warning,
    /// The rule (or document) is not used.
    Error,
}

/// A mistake in a rule file, printed with the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// Whether the rule is lost or merely doubtful.
    pub severity: Severity,
    /// The name that was given to [`crate::load`].
    pub file: String,
    /// 1-based line in the file.
    pub line: usize,
    /// 1-based column, counted in characters.
    pub column: usize,
    /// How many characters the mistake covers, at least 1.
    pub length: usize,
    /// The text of that line.
    pub excerpt: String,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let number = self.line.to_string();
        let gutter = number.len();
        writeln!(out, "{heading}: {}", shortened(&self.message))?;
        write!(out, "{:gutter$} ┌ {}:{}:{}", "", self.file, self.line, self.column)?;
        if !self.excerpt.trim().is_empty() {
            let (shown, indent, length) = self.around();
            write!(out, "\n{number}│ {shown}\n{:gutter$}│ {:indent$}{}", "", "", "^".repeat(length))?;
        }
        match &self.help {
            Some(help) => write!(out, "\n{:gutter$} = help: {help}", ""),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RuleError {}

/// Characters of a message that are shown: it may quote a whole condition.
const MESSAGE_CHARS_MAX: usize = 1_000;
/// Characters of a line that are shown, and how many of them before the mistake when the line is longer.
const LINE_CHARS_MAX: usize = 400;
const CHARS_BEFORE: usize = 100;

fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

impl RuleError {
    /// The line or what of it is near the mistake, where the mistake begins in that, and how long it is there.
    fn around(&self) -> (String, usize, usize) {
        let (before, length) = (self.column.saturating_sub(1), self.length.max(1));
        if self.excerpt.chars().nth(LINE_CHARS_MAX).is_none() {
            return (self.excerpt.clone(), before, length);
        }
        let skipped = before.saturating_sub(CHARS_BEFORE);
        let shown: String = self.excerpt.chars().skip(skipped).take(LINE_CHARS_MAX).collect();
        let left = shown.chars().count().saturating_sub(before - skipped);
        (shown, before - skipped, length.min(left).max(1))
    }
}

/// Why one record cannot be evaluated, and at which byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{reason} at byte {offset}")]
pub struct RecordError {
    /// What is wrong with the record.
    pub reason: RecordFault,
    /// 0-based offset of the byte where it was noticed.
    pub offset: usize,
}

/// The kinds of unreadable record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum RecordFault {
    /// Nothing but white space.
    #[error("the record is empty")]
    Empty,
    /// Larger than [`crate::RECORD_BYTES_MAX`].
    #[error("the record is larger than the limit")]
    TooLarge,
    /// Nested deeper than [`crate::DEPTH_MAX`].
    #[error("the record is nested deeper than the limit")]
    TooDeep,
    /// The bytes are not UTF-8.
    #[error("the record is not UTF-8")]
    NotUtf8,
    /// The outermost value is not an object.
    #[error("the record is not a JSON object")]
    NotAnObject,
    /// A string that never ends.
    #[error("a string is not closed")]
    OpenString,
    /// A raw control character inside a string.
    #[error("a string holds a raw control character")]
    ControlCharacter,
    /// A backslash sequence that JSON does not know.
    #[error("a string holds an invalid escape")]
    InvalidEscape,
    /// `{` or `[` that never closes.
    #[error("a bracket is not closed")]
    OpenBracket,
    /// A closing bracket of the wrong kind or without an opening one.
    #[error("a closing bracket does not match")]
    StrayBracket,
    /// Bytes after the end of the object.
    #[error("bytes follow the end of the object")]
    TrailingBytes,
    /// A key, colon, comma or value that JSON's grammar does not allow here.
    #[error("the record breaks JSON's grammar")]
    Grammar,
    /// Two lists, or the texts in them, too long to compare each member of one with each of the other.
    #[error("the record holds lists or texts too long to compare with each other")]
    TooManyComparisons,
}

impl RecordError {
    pub(crate) fn at(offset: usize, reason: RecordFault) -> Self {
        Self { reason, offset }
    }
}

#[cfg(test)]
mod tests {
    use super::{RuleError, Severity};

    #[test]
    fn a_long_line_is_shown_where_the_mistake_is() {
        let line = format!("{}wrong{}", "a".repeat(40_000), "b".repeat(40_000));
        let error = RuleError {
            severity: Severity::Error,
            file: "r.yml".to_owned(),
            line: 7,
            column: 40_001,
            length: 5,
            message: format!("`{line}` is wrong"),
            excerpt: line,
            help: None,
        };
        let said = error.to_string();
        assert!(said.len() < 2_000, "{} bytes", said.len());
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[2].find("wrong"), lines[3].find('^'));
        assert!(lines[3].ends_with(" ^^^^^") && lines[1].ends_with("r.yml:7:40001"), "{said}");
        let all = RuleError { length: 80_000, column: 1, ..error };
        assert!(all.to_string().len() < 3_000);
    }
}
