//! Turns what the parser says about a document into our own words, with the place in the author's text that it is about.
//! The parser works on values without positions, so the place is found by the author's own words.

use super::{Place, Source};
use crate::error::RuleError;
use crate::language;

/// Turns the parser's words into ours, with a place.
pub(crate) fn explain(source: &Source, problem: &str) -> RuleError {
    let document = &source.document;
    let between_quotes = problem.split('\'').nth(1).unwrap_or_default();
    if problem.starts_with("`not` is not a value modifier") {
        let place = Place::inside(document, "detection", "|not");
        let help = "negate in the condition: `selection and not filter`".to_owned();
        return source.error(place, "`not` is not a value modifier", help);
    }
    if problem.starts_with("Unknown modifier") {
        let place = Place::inside(document, "detection", &format!("|{between_quotes}"));
        let help = format!("the modifiers are {}", language::MODIFIERS);
        return source.error(place, format!("`{between_quotes}` is not a modifier"), help);
    }
    if problem.starts_with("Missing required field") {
        let section = if between_quotes == "condition" { "detection" } else { "title" };
        return source.error(Place::of_key(document, section), format!("`{between_quotes}` is missing"), None);
    }
    if problem.starts_with("Condition parse error") {
        return explain_condition(source, problem);
    }
    if let Some((line, column)) = yaml_position(problem) {
        let message = problem.strip_prefix("YAML parse error: ").unwrap_or(problem);
        return source.error(Place::at(document, line, column), format!("this is not valid YAML: {message}"), None);
    }
    let place = match problem.split_once(": '") {
        Some((before, _)) => Place::of_key(document, before.trim_start_matches("invalid ")),
        None => Place::start(document),
    };
    source.error(place, lower_first(problem), None)
}

fn explain_condition(source: &Source, problem: &str) -> RuleError {
    let key = Place::inside(&source.document, "detection", "condition:");
    let place = inside_condition(source, problem, key).unwrap_or(key);
    let last_line = problem.lines().last().unwrap_or_default().trim().trim_start_matches("= ");
    let is_aggregation = problem.contains("count(") || source.document.contains("| count");
    let help = if is_aggregation {
        "aggregations in conditions were removed from Sigma; write a correlation instead"
    } else {
        "a condition joins the names of detections with `and`, `or`, `not`, `1 of …` and `all of …`"
    };
    source.error(place, format!("the condition cannot be read: {last_line}"), help.to_owned())
}

/// The parser counts columns from the start of the condition, which stands behind its key if it is on one line.
fn inside_condition(source: &Source, problem: &str, key: Place) -> Option<Place> {
    let (line, rest) = problem.strip_prefix("Condition parse error at ")?.split_once(':')?;
    let column: usize = rest.split(':').next()?.parse().ok()?;
    let text: Vec<char> = source.document.lines().nth(key.line)?.chars().collect();
    let behind = key.column + key.length;
    let start = behind + text.iter().skip(behind).position(|character| !" '\"".contains(*character))?;
    let at = start + column.checked_sub(1)?;
    (line == "1" && at < text.len()).then_some(Place { line: key.line, column: at, length: 1 })
}

/// "… at line 7 column 3 …" → (7, 3).
fn yaml_position(problem: &str) -> Option<(usize, usize)> {
    let (_, rest) = problem.split_once("at line ")?;
    let mut numbers = rest.split(|character: char| !character.is_ascii_digit()).filter(|part| !part.is_empty());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
