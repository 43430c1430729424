//! Whether a step of a pipeline is meant for a rule, a detection item or a field. Nothing is changed here.

use std::collections::{BTreeMap, BTreeSet};

use super::item::{FieldCondition, Fields, ItemCondition, RuleCondition};
use crate::language::{self, ConditionExpr, Detection, DetectionItem, Quantifier, SelectorPattern, SigmaValue};
use crate::rule::{Level, LogSource, Rule};

/// What the steps so far left behind, for one rule.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) values: BTreeMap<String, String>,
    pub(super) applied: BTreeSet<String>,
}

impl State {
    fn holds(&self, key: &str, value: &str) -> bool {
        self.values.get(key).is_some_and(|known| known == value)
    }
}

/// What conditions can ask of a rule or correlation.
pub(super) struct Subject<'s> {
    /// `None` for a correlation.
    pub(super) rule: Option<&'s Rule>,
    /// The rule's own, or those of the rules that a correlation is about.
    pub(super) logsources: Vec<LogSource>,
    pub(super) level: Option<Level>,
    pub(super) tags: &'s [String],
    /// Texts by name of attribute.
    pub(super) attributes: BTreeMap<&'s str, String>,
}

impl RuleCondition {
    pub(super) fn holds(&self, subject: &Subject<'_>, state: &State) -> bool {
        match self {
            Self::LogSource(wanted) => subject.logsources.iter().any(|own| contains(wanted, own)),
            Self::ContainsField(field) => any_item(subject, &|item| item.field.name.as_ref() == Some(field)),
            Self::ContainsItem { field, value } => {
                any_item(subject, &|item| item.field.name.as_ref() == Some(field) && item.values.contains(value))
            }
            Self::Applied(id) => state.applied.contains(id),
            Self::State { key, value } => state.holds(key, value),
            Self::IsRule => subject.rule.is_some(),
            Self::IsCorrelation => subject.rule.is_none(),
            Self::Attribute { attribute, value } => {
                subject.attributes.get(attribute.as_str()).is_some_and(|own| own == value)
            }
            Self::Level { order, level } => subject.level.is_some_and(|own| order.contains(&own.cmp(level))),
            Self::Tag(tag) => subject.tags.contains(tag),
        }
    }
}

/// Whether the rule's log source says everything that is wanted.
fn contains(wanted: &LogSource, own: &LogSource) -> bool {
    let part = |wanted: &Option<String>, own: &Option<String>| match (wanted, own) {
        (None, _) => true,
        (Some(wanted), Some(own)) => wanted.eq_ignore_ascii_case(own),
        (Some(_), None) => false,
    };
    part(&wanted.category, &own.category) && part(&wanted.product, &own.product) && part(&wanted.service, &own.service)
}

fn any_item(subject: &Subject<'_>, is_meant: &dyn Fn(&DetectionItem) -> bool) -> bool {
    let Some(rule) = subject.rule else { return false };
    rule.detection.named.values().any(|detection| any_item_in(detection, is_meant))
}

fn any_item_in(detection: &Detection, is_meant: &dyn Fn(&DetectionItem) -> bool) -> bool {
    match detection {
        Detection::AllOf(items) => items.iter().any(is_meant),
        Detection::AnyOf(parts) | Detection::And(parts) => parts.iter().any(|part| any_item_in(part, is_meant)),
        Detection::ArrayMatch { body, .. } => any_item_in(body, is_meant),
        Detection::Conditional { named, .. } => named.values().any(|part| any_item_in(part, is_meant)),
        Detection::Keywords(_) => false,
    }
}

impl ItemCondition {
    pub(super) fn holds(&self, item: &DetectionItem, state: &State) -> bool {
        let values = |needs_all: bool, is_meant: &dyn Fn(&SigmaValue) -> bool| {
            if needs_all { item.values.iter().all(is_meant) } else { item.values.iter().any(is_meant) }
        };
        match self {
            Self::MatchString { replacer, needs_all, is_negated } => {
                let fits = |value: &SigmaValue| match value {
                    SigmaValue::String(text) => replacer.is_match_at_start(&text.original),
                    _ => false,
                };
                values(*needs_all, &fits) != *is_negated
            }
            Self::ContainsWildcard { needs_all } => {
                values(*needs_all, &|value| matches!(value, SigmaValue::String(text) if text.contains_wildcards()))
            }
            Self::IsNull { needs_all } => values(*needs_all, &|value| matches!(value, SigmaValue::Null)),
            Self::State { key, value } => state.holds(key, value),
        }
    }
}

impl FieldCondition {
    /// A keyword has no field, so it is in no list.
    pub(super) fn holds(&self, field: Option<&str>, state: &State) -> bool {
        match self {
            Self::Include(fields) => field.is_some_and(|field| fields.hold(field)),
            Self::Exclude(fields) => !field.is_some_and(|field| fields.hold(field)),
            Self::State { key, value } => state.holds(key, value),
        }
    }
}

impl Fields {
    fn hold(&self, field: &str) -> bool {
        match self {
            Self::Plain(names) => names.iter().any(|name| name == field),
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.is_match_at_start(field)),
        }
    }
}

/// An expression over the names of conditions.
pub(super) fn evaluate(expression: &ConditionExpr, known: &[(&str, bool)]) -> bool {
    match expression {
        ConditionExpr::Identifier(name) => known.iter().any(|(id, holds)| id == name && *holds),
        ConditionExpr::And(parts) => parts.iter().all(|part| evaluate(part, known)),
        ConditionExpr::Or(parts) => parts.iter().any(|part| evaluate(part, known)),
        ConditionExpr::Not(inner) => !evaluate(inner, known),
        ConditionExpr::Selector { quantifier, pattern } => {
            let is_meant = |id: &str| match pattern {
                SelectorPattern::Them => true,
                SelectorPattern::Pattern(pattern) => language::name_matches(pattern, id),
            };
            let meant: Vec<bool> = known.iter().filter(|(id, _)| is_meant(id)).map(|(_, holds)| *holds).collect();
            let holding = meant.iter().filter(|holds| **holds).map(|_| 1).sum::<u64>();
            match quantifier {
                Quantifier::Any => 0 < holding,
                Quantifier::All => !meant.contains(&false),
                Quantifier::Count(count) => *count <= holding,
            }
        }
    }
}
