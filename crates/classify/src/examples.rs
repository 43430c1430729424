//! Runs the examples that identifier files carry: each must match, each look-alike must stay quiet.

use crate::Classifier;
use crate::identifier::Identifier;

/// One example that does not do what its file says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("check `{id}` ({name}): {problem} in `{text}`")]
pub struct ExampleFailure {
    pub id: String,
    pub name: String,
    pub text: String,
    pub problem: String,
}

impl Classifier {
    /// Every example of every identifier; an empty list means the files keep their word.
    pub fn check_identifiers(&self) -> Vec<ExampleFailure> {
        let mut failures = Vec::new();
        for identifier in &self.identifiers {
            let quiet = identifier.counter_examples.iter().filter_map(|text| self.must_stay_quiet(identifier, text));
            let loud = identifier.examples.iter().filter_map(|text| self.must_match(identifier, text));
            failures.extend(loud.chain(quiet));
        }
        failures
    }

    fn must_match(&self, identifier: &Identifier, marked: &str) -> Option<ExampleFailure> {
        let text = marked.replace(['«', '»'], "");
        let spans = self.scan_text(&text);
        let expected = marked.find('«').zip(marked.find('»')).map(|(open, close)| (open, close - '«'.len_utf8()));
        let good = spans
            .iter()
            .any(|span| span.id == identifier.id && expected.is_none_or(|range| range == (span.start, span.end)));
        let seen: Vec<String> = spans.iter().map(|span| format!("{} {}..{}", span.id, span.start, span.end)).collect();
        let problem = match expected {
            Some((start, end)) => format!("expected a match at {start}..{end}, found [{}]", seen.join(", ")),
            None => format!("expected a match, found [{}]", seen.join(", ")),
        };
        (!good).then(|| failure(identifier, marked, problem))
    }

    fn must_stay_quiet(&self, identifier: &Identifier, text: &str) -> Option<ExampleFailure> {
        let spans = self.scan_text(text);
        let span = spans.iter().find(|span| span.id == identifier.id)?;
        Some(failure(identifier, text, format!("matched {}..{}, a look-alike", span.start, span.end)))
    }
}

fn failure(identifier: &Identifier, text: &str, problem: String) -> ExampleFailure {
    let (id, name) = (identifier.id.to_string(), identifier.name.clone());
    ExampleFailure { id, name, text: text.to_owned(), problem }
}
