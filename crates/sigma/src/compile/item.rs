//! One line of a detection, `field|modifiers: values`, and keyword lists, as expressions.

use aho_corasick::AhoCorasick;

use super::modifiers::{Chain, Operator};
use super::value::{self, Question};
use super::{Complaint, Options, Shared};
use crate::expression::NodeId;
use crate::fields::{self, ROOT, STEPS_MAX};
use crate::language::{self, DetectionItem, Modifier, SigmaValue, modifier_name};
use crate::predicate::Test;
use crate::predicate::pattern::{Needle, Shape};

/// From this many parts on, one search for all of them beats one after the other.
const SUBSTRINGS_MIN: usize = 4;

pub(super) fn compile(shared: &mut Shared, item: &DetectionItem, options: &Options) -> Result<NodeId, Complaint> {
    let Some(name) = &item.field.name else {
        let chain = Chain::read(&item.field.modifiers)?;
        return keywords(shared, chain, &item.values, options, &spelled(item));
    };
    of_field(shared, item, name, options)
}

/// The item as a question about `name`, which is not always what the item itself calls its field.
pub(super) fn of_field(
    shared: &mut Shared,
    item: &DetectionItem,
    name: &str,
    options: &Options,
) -> Result<NodeId, Complaint> {
    let near = spelled(item);
    let chain = Chain::read(&item.field.modifiers)?;
    let field = intern(shared, name)?;
    if chain.operator == Operator::Exists {
        return exists(shared, field, &item.values, &near);
    }
    if item.values.is_empty() {
        return Err(Complaint::new(near, format!("`{name}` has an empty list of values and can never match")));
    }
    let joined = values(shared, field, &chain, &item.values, options, &near)?;
    if !chain.is_negated {
        return Ok(joined);
    }
    // `neq` is about a value that is there: an absent field differs from nothing.
    let present = shared.ask(field, "exists".to_owned(), Test::Exists);
    let differs = shared.expressions.not(joined);
    Ok(shared.expressions.all(vec![present, differs]))
}

/// A plain list of texts: any of them anywhere in the record.
pub(super) fn compile_keywords(shared: &mut Shared, list: &[SigmaValue]) -> Result<NodeId, Complaint> {
    let chain = Chain::read(&[])?;
    keywords(shared, chain, list, &Options::default(), "")
}

fn keywords(
    shared: &mut Shared,
    mut chain: Chain,
    list: &[SigmaValue],
    options: &Options,
    near: &str,
) -> Result<NodeId, Complaint> {
    match chain.operator {
        Operator::Text(Shape::Whole) => chain.operator = Operator::Text(Shape::Contains),
        Operator::Text(_) | Operator::Regex | Operator::Cidr => {}
        _ => return Err(Complaint::new(near, "keywords can only be texts, `re` or `cidr`")),
    }
    let has_null = list.iter().any(|value| matches!(value, SigmaValue::Null));
    if chain.is_negated || has_null || list.is_empty() {
        return Err(Complaint::new(near, "a keyword must be a text that can be found")
            .help("negate in the condition; ask for absent values by their field"));
    }
    let texts: Vec<SigmaValue> = list.iter().map(value::as_text).collect();
    values(shared, ROOT, &chain, &texts, options, near)
}

pub(super) fn intern(shared: &mut Shared, name: &str) -> Result<fields::NodeId, Complaint> {
    let plain = language::literal_field(name).ok_or_else(|| {
        Complaint::new(name, format!("`{name}` selects members of an array by position, which is not supported"))
            .help("a plain field name matches if any member of an array does")
    })?;
    shared
        .fields
        .intern(&plain)
        .ok_or_else(|| Complaint::new(name, format!("`{name}` has more than {STEPS_MAX} steps")))
}

fn exists(shared: &mut Shared, field: fields::NodeId, list: &[SigmaValue], near: &str) -> Result<NodeId, Complaint> {
    let expected = match list {
        [SigmaValue::Bool(expected)] => Some(*expected),
        [SigmaValue::String(text)] => match text.original.to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    };
    let Some(expected) = expected else {
        return Err(Complaint::new(near, "`exists` takes `true` or `false`"));
    };
    let present = shared.ask(field, "exists".to_owned(), Test::Exists);
    Ok(if expected { present } else { shared.expressions.not(present) })
}

fn values(
    shared: &mut Shared,
    field: fields::NodeId,
    chain: &Chain,
    list: &[SigmaValue],
    options: &Options,
    near: &str,
) -> Result<NodeId, Complaint> {
    if !chain.all {
        let mut questions = Vec::new();
        for value in list {
            questions.extend(value::questions(shared, chain, value, options, near)?);
        }
        return Ok(any(shared, field, questions));
    }
    if list.len() < 2 {
        return Err(Complaint::new(near, "`all` needs more than one value").help("leave `all` out"));
    }
    let mut parts = Vec::new();
    for value in list {
        let questions = value::questions(shared, chain, value, options, near)?;
        parts.push(any(shared, field, questions));
    }
    Ok(shared.expressions.all(parts))
}

/// One expression for alternatives about one field: whole texts become one set, many parts one search.
fn any(shared: &mut Shared, field: fields::NodeId, questions: Vec<Question>) -> NodeId {
    let mut nodes = Vec::new();
    let mut wholes: [Vec<String>; 2] = Default::default();
    let mut parts: [Vec<String>; 2] = Default::default();
    for question in questions {
        match question {
            Question::Whole(text, is_cased) => wholes[usize::from(is_cased)].push(text),
            Question::Part(Shape::Contains, text, is_cased) => parts[usize::from(is_cased)].push(text),
            Question::Part(shape, text, is_cased) => nodes.push(part(shared, field, shape, &text, is_cased)),
            Question::Other(key, test) => nodes.push(shared.ask(field, key, test)),
        }
    }
    for (number, mut texts) in wholes.into_iter().enumerate() {
        let is_cased = number == 1;
        texts.sort();
        texts.dedup();
        if !texts.is_empty() {
            let key = format!("one of {is_cased} {texts:?}");
            let literals = texts.into_iter().map(|text| text.into_bytes().into_boxed_slice()).collect();
            nodes.push(shared.ask(field, key, Test::OneOf { literals, is_cased }));
        }
    }
    for (number, mut texts) in parts.into_iter().enumerate() {
        let is_cased = number == 1;
        texts.sort();
        texts.dedup();
        match substrings(&texts) {
            Some(search) => {
                let key = format!("substrings {is_cased} {texts:?}");
                let test = Test::Substrings { search: Box::new(search), texts, is_cased };
                nodes.push(shared.ask(field, key, test));
            }
            None => nodes.extend(texts.iter().map(|text| part(shared, field, Shape::Contains, text, is_cased))),
        }
    }
    shared.expressions.any(nodes)
}

/// One search for many texts; `None` where separate ones are better, or if the automaton would be too large.
fn substrings(texts: &[String]) -> Option<AhoCorasick> {
    if texts.len() < SUBSTRINGS_MIN {
        return None;
    }
    AhoCorasick::new(texts).ok()
}

fn part(shared: &mut Shared, field: fields::NodeId, shape: Shape, text: &str, is_cased: bool) -> NodeId {
    let key = format!("{shape:?} {is_cased} {text:?}");
    shared.ask(field, key, Test::Text(Box::new(Needle::new(shape, text, is_cased))))
}

/// The item as its author wrote it, as far as the parser kept it.
fn spelled(item: &DetectionItem) -> String {
    let name = item.field.name.as_deref().unwrap_or_default();
    match item.field.modifiers.first() {
        Some(Modifier::Wide) => format!("{name}|"),
        Some(modifier) => format!("{name}|{}", modifier_name(*modifier)),
        None => format!("{name}:"),
    }
}
