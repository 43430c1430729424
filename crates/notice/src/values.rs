//! The values a template may see: looked up by dotted path, every string made harmless first.
//!
//! Facts come from logs and from people in a hurry. A value must not add a line to a header, a heading to a letter or a
//! gap that is none. Nothing is formatted here.

use serde_json::{Map, Value};

/// The longest value that enters a notice, in characters; longer ones are cut and say so.
const VALUE_CHARS_MAX: usize = 8000;

/// Finds `facts.times.aware`. `None` and null are both "not known".
pub(crate) fn lookup<'value>(root: &'value Value, path: &str) -> Option<&'value Value> {
    let mut here = root;
    for step in path.split('.') {
        here = here.as_object()?.get(step)?;
    }
    let empty = match here {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    (!empty).then_some(here)
}

/// A copy with every string (keys too) made harmless.
pub(crate) fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean_paragraphs(text)),
        Value::Array(items) => Value::Array(items.iter().map(cleaned).collect()),
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().map(|(key, value)| (clean_line(key), cleaned(value))).collect();
            Value::Object(members)
        }
        scalar => scalar.clone(),
    }
}

/// One line: control and direction-changing characters become spaces, runs of space become one.
pub(crate) fn clean_line(text: &str) -> String {
    flatten(&text.chars().take(VALUE_CHARS_MAX).collect::<String>())
}

fn flatten(text: &str) -> String {
    let flat: String = text.chars().map(|character| if is_hostile(character) { ' ' } else { character }).collect();
    flat.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Paragraphs: blank lines separate them, and none may start like a heading, a list or a quotation.
pub(crate) fn clean_paragraphs(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut cut: String = unified.chars().take(VALUE_CHARS_MAX).collect();
    if cut.len() < unified.len() {
        cut.push_str(" […]");
    }
    let mut paragraphs: Vec<String> = Vec::new();
    for paragraph in cut.split("\n\n") {
        let line = flatten(paragraph);
        let plain = without_marks(&line);
        if !plain.is_empty() {
            paragraphs.push(plain.to_owned());
        }
    }
    paragraphs.join("\n\n")
}

/// Without the marks that make a line a heading, a list item or a quotation. A mark is one only before a space: the `+`
/// of a telephone number and the `-` of a number stay.
fn without_marks(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let after = rest.trim_start_matches(['#', '>', '-', '*', '+', '=']);
        if after.len() == rest.len() || !(after.is_empty() || after.starts_with(' ')) {
            return rest;
        }
        rest = after.trim_start();
    }
}

/// Control characters, and the Unicode marks that reorder or hide text.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_null_and_empty_are_all_unknown() {
        let root = json!({"facts": {"a": null, "b": "", "c": [], "d": {}, "e": false, "f": 0, "g": " \n"}});
        for path in ["facts.a", "facts.b", "facts.c", "facts.d", "facts.g", "facts.x", "facts.e.y", "nothing", ""] {
            assert_eq!(lookup(&root, path), None, "{path}");
        }
        assert_eq!(lookup(&root, "facts.e"), Some(&json!(false)), "false is an answer");
        assert_eq!(lookup(&root, "facts.f"), Some(&json!(0)), "zero is an answer");
    }

    #[test]
    fn values_cannot_add_lines_headings_or_reorder_text() {
        let table = [
            ("a\r\nBcc: evil@example.org", "a Bcc: evil@example.org"),
            ("## What Happened", "What Happened"),
            ("one\n\n\n# two", "one\n\ntwo"),
            ("a\u{0}b\u{1b}[31m", "a b [31m"),
            ("abc\u{202e}fdp.exe", "abc fdp.exe"),
            ("- > # x", "x"),
            ("+33 1 00 00", "+33 1 00 00"),
            ("-5 degrees", "-5 degrees"),
            ("*** ## ", ""),
        ];
        for (given, expected) in table {
            assert_eq!(clean_paragraphs(given), expected, "{given:?}");
        }
        assert!(clean_paragraphs(&"x".repeat(9000)).ends_with("[…]"));
    }
}
