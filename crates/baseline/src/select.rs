//! Which events a baseline is about: formats, operations, outcome, and conditions on fields.
//!
//! Patterns know `*` only and do not mind ASCII case. Content files hold few of them; nothing is compiled together.

use crate::document::{SelectDocument, Wanted};
use crate::facts::Facts;
use crate::field::Field;
use crate::places::Places;

/// A pattern longer than this is a mistake.
pub(crate) const PATTERN_BYTES_MAX: usize = 512;

/// Text with `*` for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Lowercase; the parts between stars.
    parts: Vec<String>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { parts: text.to_ascii_lowercase().split('*').map(str::to_owned).collect() }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|only| only.eq_ignore_ascii_case(text));
        };
        let text = text.as_bytes();
        let (first, last) = (first.as_bytes(), last.as_bytes());
        let Some((head, rest)) = text.split_at_checked(first.len()) else { return false };
        let Some((mut rest, tail)) = rest.len().checked_sub(last.len()).and_then(|at| rest.split_at_checked(at)) else {
            return false;
        };
        if !head.eq_ignore_ascii_case(first) || !tail.eq_ignore_ascii_case(last) {
            return false;
        }
        // The leftmost place for each part leaves the most room for the next.
        for part in middle.iter().map(String::as_bytes).filter(|part| !part.is_empty()) {
            let place = rest.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part));
            let Some(behind) = place.and_then(|place| rest.get(place + part.len()..)) else { return false };
            rest = behind;
        }
        true
    }
}

#[derive(Debug, Clone)]
struct Condition {
    field: Field,
    any_of: Vec<Pattern>,
}

impl Condition {
    fn holds(&self, facts: &Facts<'_>, places: Option<&Places>) -> bool {
        let value = facts.text(self.field, places);
        value.is_some_and(|value| self.any_of.iter().any(|pattern| pattern.matches(&value)))
    }
}

/// A compiled `select`.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    formats: Vec<String>,
    operations: Vec<Pattern>,
    status: Option<&'static str>,
    all_of: Vec<Condition>,
    none_of: Vec<Condition>,
}

impl Select {
    pub(crate) fn new(document: &SelectDocument) -> Self {
        let conditions = |map: &std::collections::BTreeMap<Field, crate::document::Texts>| {
            let of = |(field, texts): (&Field, &crate::document::Texts)| Condition {
                field: *field,
                any_of: texts.0.iter().map(|text| Pattern::new(text)).collect(),
            };
            map.iter().map(of).collect()
        };
        Self {
            formats: document.formats.0.clone(),
            operations: document.operations.0.iter().map(|text| Pattern::new(text)).collect(),
            status: match document.status {
                Wanted::Any => None,
                Wanted::Success => Some("Success"),
                Wanted::Failure => Some("Failure"),
            },
            all_of: conditions(&document.r#where),
            none_of: conditions(&document.unless),
        }
    }

    /// The formats, all of them spelled out.
    pub(crate) fn formats(&self) -> &[String] {
        &self.formats
    }

    /// Whether conditions ask for what only a table of places knows.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.all_of.iter().chain(&self.none_of).map(|condition| condition.field)
    }

    /// What an event of the first format with the wanted outcome would say, for examples that do not say it.
    pub(crate) fn default_status(&self) -> &'static str {
        self.status.unwrap_or("Success")
    }

    pub(crate) fn matches(&self, facts: &Facts<'_>, places: Option<&Places>) -> bool {
        let format = facts.carried(Field::Format).unwrap_or_default();
        if !self.formats.iter().any(|wanted| wanted == format) {
            return false;
        }
        if self.status.is_some_and(|wanted| facts.carried(Field::Status) != Some(wanted)) {
            return false;
        }
        let operation = facts.carried(Field::Operation).unwrap_or_default();
        let operation_fits = self.operations.is_empty() || self.operations.iter().any(|one| one.matches(operation));
        operation_fits
            && self.all_of.iter().all(|condition| condition.holds(facts, places))
            && !self.none_of.iter().any(|condition| condition.holds(facts, places))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars() {
        let cases = [
            ("GetObject", "getobject", true),
            ("GetObject", "GetObjects", false),
            ("REST.GET.*", "rest.get.object", true),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("ab*ba", "aba", false),
            ("*x*", "y", false),
            ("a**b", "aXb", true),
            ("*é*", "caf\u{e9}s", true),
            ("", "", true),
            ("", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }
}
