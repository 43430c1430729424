//! Doubts about documents that work: what the parser's linter calls an error or a warning, shown like our own, and literals
//! that were probably meant as the names of fields. Nothing here keeps a rule from being used.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::Document;
use super::{Place, Rule};
use crate::error::{RuleError, Severity};
use crate::language::{self, Detection, DetectionItem, Modifier, SigmaValue};

/// Checks of the parser's linter whose findings are not shown, because we say the same better or mean something else.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("condition_references_unknown", "compiling refuses it"),
    ("deprecated_aggregation_syntax", "the condition is refused"),
    ("empty_value_list", "compiling refuses it"),
    ("incompatible_modifiers", "compiling refuses what has no meaning"),
    ("single_value_all_modifier", "compiling refuses it"),
    ("all_with_re", "`all` over several patterns has a meaning"),
    ("null_in_value_list", "null among texts has a meaning"),
    ("flattened_array_correlation", "any member of an array is enough; the language page says so"),
    ("invalid_id", "ids that are not UUIDs are allowed; ours are tested"),
    ("missing_level", "the level is optional"),
    ("missing_group_by", "reading the correlation says it"),
    ("missing_condition_field", "reading the correlation refuses it"),
    ("invalid_condition_operator", "reading the correlation refuses it"),
    ("condition_value_not_numeric", "the specification allows fractions, and texts for temporal types"),
    ("missing_correlation_condition", "temporal types need none; others are refused"),
    ("missing_correlation_rules", "the condition may name them; else it is refused"),
    ("exemplar_shape", "our examples are under `tests`"),
    ("exemplar_wrong_rule_kind", "our examples are under `tests`"),
];

/// What the linter says about one document.
pub(super) fn document(document: &Document) -> Vec<RuleError> {
    let text = &document.source.document;
    let shown = language::lint(&document.value).into_iter();
    shown
        .filter(|finding| !NOT_SHOWN.iter().any(|(check, _)| *check == finding.check))
        .map(|finding| {
            let is_word = |part: &&String| part.parse::<usize>().is_err();
            let mut words = finding.path.iter().filter(is_word);
            let place = match (words.next(), words.next_back()) {
                (Some(section), Some(word)) => Place::inside(text, section, word),
                (Some(key), None) => Place::of_key(text, key),
                _ => Place::start(text),
            };
            let message = format!("{} ({})", finding.message.replace('\'', "`"), finding.check);
            document.source.problem(Severity::Warning, place, message, finding.fix)
        })
        .collect()
}

/// Objects at the top of a log's records. A dotted name that begins with one of them is a field of that log.
const ROOTS: &[(&str, &[&str])] = &[
    (
        "aws",
        &[
            "additionalEventData",
            "requestParameters",
            "resources",
            "responseElements",
            "serviceEventDetails",
            "sessionContext",
            "tlsDetails",
            "userIdentity",
        ],
    ),
    ("azure", &["authorization", "claims", "identity", "initiatedBy", "properties", "targetResources"]),
    ("gcp", &["protoPayload", "resource"]),
    ("kubernetes", &["objectRef", "requestObject", "responseObject", "responseStatus", "user"]),
    ("okta", &["actor", "authenticationContext", "client", "debugContext", "outcome", "securityContext", "target"]),
];

/// The names of fields that rules ask for, by product and service.
type Names<'r> = BTreeMap<(String, String), BTreeSet<&'r str>>;

/// Texts that spell a field of the same log where a text was compared: `fieldref` was probably meant. Kinds of events have
/// dots too, so beside the names that rules ask for only those in camel case below a known object count.
pub(super) fn field_paths(rules: &[Rule], warnings: &mut Vec<RuleError>) {
    let mut names = Names::new();
    for rule in rules {
        let known = names.entry(log_of(rule)).or_default();
        each_item(rule, &mut |item| known.extend(item.field.name.as_deref().filter(|name| name.contains('.'))));
    }
    let mut found = Vec::new();
    for rule in rules {
        let log = log_of(rule);
        let Some(own) = names.get(&log) else { continue };
        let of_product = ROOTS.iter().find(|(product, _)| *product == log.0).map_or(&[][..], |(_, roots)| *roots);
        let roots: BTreeSet<&str> = own.iter().filter_map(|name| name.split('.').next()).collect();
        let is_field = |path: &str| {
            let root = path.split('.').next().unwrap_or_default();
            own.contains(path) || (is_camel_case(path) && (roots.contains(root) || of_product.contains(&root)))
        };
        each_item(rule, &mut |item| {
            let paths = item.values.iter().filter_map(|value| field_path(item, value));
            found.extend(paths.filter(|path| is_field(path)).map(|path| meant_as_field(rule, item, &path)));
        });
    }
    // Detections are in no order.
    found.sort_by(|one, other| (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column)));
    found.dedup();
    warnings.extend(found);
}

fn is_camel_case(path: &str) -> bool {
    path.as_bytes().windows(2).any(|pair| matches!(pair, [b'a'..=b'z', b'A'..=b'Z']))
}

fn log_of(rule: &Rule) -> (String, String) {
    let part = |name: &Option<String>| name.as_deref().unwrap_or_default().to_lowercase();
    (part(&rule.logsource.product), part(&rule.logsource.service))
}

fn meant_as_field(rule: &Rule, item: &DetectionItem, path: &str) -> RuleError {
    let document = &rule.source.document;
    // The same words may also be a key; behind a colon they are the value.
    let behind_colon = Place::find_after(document, 0, &format!(": {path}"));
    let place = behind_colon
        .map(|place| Place { column: place.column + 2, length: place.length - 2, ..place })
        .unwrap_or_else(|| Place::inside(document, "detection", path));
    let name = item.field.name.as_deref().unwrap_or_default();
    let message = format!("`{path}` is compared as a text, but looks like a field of this log");
    let relation = item.field.modifiers.first().filter(|modifier| **modifier != Modifier::All);
    let relation = relation.map(|modifier| format!("|{}", language::modifier_name(*modifier))).unwrap_or_default();
    let help = format!("to compare two fields write `{name}|fieldref{relation}: {path}`");
    rule.source.problem(Severity::Warning, place, message, Some(help))
}

/// The value as the name of a field, if it has the form of one: steps of letters and digits with dots between them.
fn field_path(item: &DetectionItem, value: &SigmaValue) -> Option<String> {
    let compares_texts = item.field.modifiers.iter().all(|modifier| {
        matches!(
            modifier,
            Modifier::Contains | Modifier::StartsWith | Modifier::EndsWith | Modifier::All | Modifier::Cased
        )
    });
    let SigmaValue::String(text) = value else { return None };
    let text = text.as_plain().filter(|_| compares_texts)?;
    let is_step = |step: &str| {
        step.starts_with(|first: char| first.is_ascii_alphabetic())
            && step.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    (text.contains('.') && text.split('.').all(is_step)).then_some(text)
}

fn each_item<'r>(rule: &'r Rule, see: &mut impl FnMut(&'r DetectionItem)) {
    for detection in rule.detection.named.values() {
        each_item_in(detection, see);
    }
}

fn each_item_in<'r>(detection: &'r Detection, see: &mut impl FnMut(&'r DetectionItem)) {
    match detection {
        Detection::AllOf(items) => items.iter().for_each(see),
        Detection::AnyOf(parts) | Detection::And(parts) => parts.iter().for_each(|part| each_item_in(part, see)),
        Detection::ArrayMatch { body, .. } => each_item_in(body, see),
        Detection::Conditional { named, .. } => named.values().for_each(|part| each_item_in(part, see)),
        Detection::Keywords(_) => {}
    }
}
