//! One value of a rule, put through its chain of modifiers: the questions, any of which may be answered yes.

use super::encode;
use super::modifiers::{Chain, Operator};
use super::{Complaint, Options, Shared};
use crate::language::{SigmaString, SigmaValue, SpecialChar, StringPart};
use crate::predicate::Test;
use crate::predicate::network::Network;
use crate::predicate::number::{Comparison, Number};
use crate::predicate::pattern::{Glob, Pattern, Piece, Shape};
use crate::predicate::regex::{Flags, Search};
use crate::predicate::time::Part;

/// How many values one `expand` may turn into, through all placeholders of the value.
const EXPANSIONS_MAX: usize = 10_000;

/// One question about a field. Texts are kept apart so that many of them can become one set or one search.
pub(super) enum Question {
    Whole(String, bool),
    Part(Shape, String, bool),
    /// A test and the key that makes equal tests meet.
    Other(String, Test),
}

pub(super) fn questions(
    shared: &mut Shared,
    chain: &Chain,
    value: &SigmaValue,
    options: &Options,
    near: &str,
) -> Result<Vec<Question>, Complaint> {
    if !chain.expand {
        return question(shared, chain, value, near);
    }
    let mut all = Vec::new();
    for text in expand(&spelled(value), options, near)? {
        all.extend(question(shared, chain, &SigmaValue::String(SigmaString::new(&text)), near)?);
    }
    Ok(all)
}

fn question(shared: &mut Shared, chain: &Chain, value: &SigmaValue, near: &str) -> Result<Vec<Question>, Complaint> {
    let other = |key: String, test: Test| Ok(vec![Question::Other(key, test)]);
    match chain.operator {
        Operator::Text(shape) => text_questions(chain, shape, value, near),
        Operator::Regex => {
            let pattern = spelled(value);
            let test = regex(chain, &pattern).map_err(|why| Complaint::new(near, why).help(REGEX_HELP))?;
            other(format!("re {}{}{} {pattern}", chain.ignore_case, chain.multi_line, chain.dot_matches_newline), test)
        }
        Operator::Cidr => {
            let text = spelled(value);
            let Some(network) = Network::parse(&text) else {
                return Err(Complaint::new(text.clone(), format!("`{text}` is not an address range"))
                    .help("write it like `10.0.0.0/8` or `2001:db8::/32`"));
            };
            other(format!("{network:?}"), Test::Network(network))
        }
        Operator::Compare(comparison) => {
            let limit = number(value, near)?;
            other(format!("{comparison:?} {limit:?}"), Test::Number(comparison, limit))
        }
        Operator::Time(part, comparison) => {
            let test = time(part, comparison, value, near)?;
            other(format!("{test:?}"), test)
        }
        Operator::Field(shape) => {
            let name = spelled(value);
            let is_plain = matches!(value, SigmaValue::String(text) if text.is_plain());
            let field = if is_plain { shared.fields.intern(&name) } else { None };
            let Some(other_field) = field else {
                return Err(Complaint::new(near, format!("`{name}` is not a field name")));
            };
            let is_cased = chain.is_cased;
            let test = Test::Field { other: other_field, shape, is_cased };
            other(format!("field {other_field} {shape:?} {is_cased}"), test)
        }
        // Compiled by its own function before any value is looked at.
        Operator::Exists => Ok(Vec::new()),
    }
}

const REGEX_HELP: &str = "patterns are those of the `regex` crate: no look-around and no back-references";

fn text_questions(chain: &Chain, shape: Shape, value: &SigmaValue, near: &str) -> Result<Vec<Question>, Complaint> {
    let is_plain_equality = shape == Shape::Whole && chain.encodings.is_empty();
    let one = |key: String, test: Test| Ok(vec![Question::Other(key, test)]);
    match value {
        SigmaValue::Null if is_plain_equality => one("null".to_owned(), Test::Null),
        SigmaValue::Null => Err(Complaint::new(near, "null has no text to compare")),
        SigmaValue::Bool(expected) if is_plain_equality => one(format!("bool {expected}"), Test::Bool(*expected)),
        SigmaValue::Integer(_) | SigmaValue::Float(_) if is_plain_equality => {
            let limit = number(value, near)?;
            one(format!("{:?} {limit:?}", Comparison::Equal), Test::Number(Comparison::Equal, limit))
        }
        SigmaValue::String(text) => string_questions(chain, shape, text, near),
        other => string_questions(chain, shape, &SigmaString::new(&other.to_string()), near),
    }
}

fn string_questions(chain: &Chain, shape: Shape, text: &SigmaString, near: &str) -> Result<Vec<Question>, Complaint> {
    if chain.encodings.is_empty() {
        return Ok(vec![pattern_question(pieces(text, chain.windash), shape, chain.is_cased)]);
    }
    let Some(plain) = text.as_plain() else {
        let message = format!("`{}` holds wildcards, which cannot be encoded", text.original);
        return Err(Complaint::new(near, message).help("escape a literal `*` or `?` with a backslash"));
    };
    let spellings = encode::spellings(&plain, &chain.encodings).map_err(|why| Complaint::new(near, why))?;
    let is_offset = chain.encodings.contains(&super::modifiers::Encoding::Base64Offset);
    // The offset spellings are cut at both ends, so they can only be parts of something.
    let shape = if is_offset { Shape::Contains } else { shape };
    let question = |text| pattern_question(vec![Piece::Text(text)], shape, chain.is_cased);
    Ok(spellings.into_iter().map(question).collect())
}

fn pattern_question(mut pieces: Vec<Piece>, shape: Shape, is_cased: bool) -> Question {
    if matches!(shape, Shape::Contains | Shape::EndsWith) {
        pieces.insert(0, Piece::Many);
    }
    if matches!(shape, Shape::Contains | Shape::StartsWith) {
        pieces.push(Piece::Many);
    }
    match Pattern::simplify(pieces, is_cased) {
        Pattern::Whole(text) => Question::Whole(text, is_cased),
        Pattern::Part(shape, text) => Question::Part(shape, text, is_cased),
        Pattern::Wild(pieces) => {
            let key = format!("glob {is_cased} {pieces:?}");
            Question::Other(key, Test::Glob(Box::new(Glob::new(pieces, is_cased))))
        }
    }
}

fn pieces(text: &SigmaString, windash: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in &text.parts {
        match part {
            StringPart::Plain(text) if windash => dashes(text, &mut pieces),
            StringPart::Plain(text) => pieces.push(Piece::Text(text.clone())),
            StringPart::Special(SpecialChar::WildcardMulti) => pieces.push(Piece::Many),
            StringPart::Special(SpecialChar::WildcardSingle) => pieces.push(Piece::One),
        }
    }
    pieces
}

/// A dash or slash that begins an option (not after a word character, and before one) may be any of the five.
fn dashes(text: &str, pieces: &mut Vec<Piece>) {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let characters: Vec<char> = text.chars().collect();
    let mut plain = String::new();
    for (at, character) in characters.iter().enumerate() {
        let is_dash = matches!(character, '-' | '/' | '\u{2013}' | '\u{2014}' | '\u{2015}');
        let after_word = at.checked_sub(1).and_then(|before| characters.get(before)).is_some_and(|one| is_word(*one));
        let before_word = characters.get(at + 1).is_some_and(|one| is_word(*one));
        if is_dash && !after_word && before_word {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Dash);
        } else {
            plain.push(*character);
        }
    }
    pieces.push(Piece::Text(plain));
}

fn regex(chain: &Chain, pattern: &str) -> Result<Test, String> {
    let flags = Flags {
        ignore_case: chain.ignore_case,
        multi_line: chain.multi_line,
        dot_matches_newline: chain.dot_matches_newline,
    };
    match Search::new(pattern, flags) {
        Ok(search) => Ok(Test::Regex(Box::new(search))),
        Err(why) => Err(format!("the regular expression cannot be used: {why}")),
    }
}

fn number(value: &SigmaValue, near: &str) -> Result<Number, Complaint> {
    let text = spelled(value);
    Number::parse(text.as_bytes()).ok_or_else(|| Complaint::new(near, format!("`{text}` is not a number")))
}

fn time(part: Part, comparison: Comparison, value: &SigmaValue, near: &str) -> Result<Test, Complaint> {
    match number(value, near)? {
        limit @ Number::Whole(_) => Ok(Test::Time(part, comparison, limit)),
        Number::Real(_) => Err(Complaint::new(near, "parts of a time are whole numbers")),
    }
}

/// The value as written in the rule, before wildcards and escapes are understood.
fn spelled(value: &SigmaValue) -> String {
    match value {
        SigmaValue::String(text) => text.original.clone(),
        other => other.to_string(),
    }
}

/// A keyword is a text even where YAML reads a number or a truth value.
pub(super) fn as_text(value: &SigmaValue) -> SigmaValue {
    match value {
        SigmaValue::String(_) | SigmaValue::Null => value.clone(),
        other => SigmaValue::String(SigmaString::new(&other.to_string())),
    }
}

/// Replaces each `%name%` by each of its values; `\%` is a percent sign.
fn expand(text: &str, options: &Options, near: &str) -> Result<Vec<String>, Complaint> {
    let mut spellings = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        let (before, from) = rest.split_at(at);
        append(&mut spellings, &[before.to_owned()]);
        if let Some(after) = from.strip_prefix("\\%") {
            append(&mut spellings, &["%".to_owned()]);
            rest = after;
            continue;
        }
        if let Some(after) = from.strip_prefix('\\') {
            append(&mut spellings, &["\\".to_owned()]);
            rest = after;
            continue;
        }
        let inside = from.strip_prefix('%').unwrap_or(from);
        let Some((name, after)) = inside.split_once('%') else {
            append(&mut spellings, &["%".to_owned()]);
            rest = inside;
            continue;
        };
        let Some(values) = options.placeholders.get(name) else {
            return Err(Complaint::new(format!("%{name}%"), format!("the placeholder `%{name}%` has no values"))
                .help(format!("give values for `{name}` in the configuration, or disable the rule")));
        };
        if EXPANSIONS_MAX < spellings.len().saturating_mul(values.len()) {
            return Err(Complaint::new(near, format!("the placeholders make more than {EXPANSIONS_MAX} values")));
        }
        append(&mut spellings, values);
        rest = after;
    }
    append(&mut spellings, &[rest.to_owned()]);
    Ok(spellings)
}

fn append(spellings: &mut Vec<String>, endings: &[String]) {
    *spellings = spellings.iter().flat_map(|start| endings.iter().map(move |end| format!("{start}{end}"))).collect();
}
