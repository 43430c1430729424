//! Processing pipelines in pySigma's YAML: they fit rules written for one kind of log to another, by names of fields, log
//! sources, values and conditions. Applied once, when rules are loaded; what a rule matches is compiled later. What a
//! pipeline does to the text of a query has no meaning here and is refused.

mod apply;
mod conditions;
mod detections;
mod fields;
mod item;
mod read;
mod steps;
mod values;

use std::collections::BTreeMap;

use crate::error::RuleError;
use crate::language::ConditionExpr;
use crate::rule::Source;

pub(crate) use apply::apply;

/// One processing pipeline.
///
/// ```
/// let pipeline = sigma::Pipeline::parse("ecs.yml", "
/// name: names of our proxy
/// priority: 20
/// transformations:
///   - id: names
///     type: field_name_mapping
///     mapping: {c-uri: url.original, cs-user: [user.name, user.id]}
///     rule_conditions: [{type: logsource, category: proxy}]
/// ").unwrap();
/// let rule = "
/// title: upload
/// logsource: {category: proxy}
/// detection: {selection: {c-uri|contains: /upload}, condition: selection}
/// ";
/// let loaded = sigma::load_with([("upload.yml", rule)], &[pipeline]);
/// let (program, _) = sigma::Program::compile(&loaded.rules, &sigma::Options::default());
/// assert_eq!(program.fields().collect::<Vec<_>>(), ["url.original"]);
/// ```
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// What the author calls it; the file's name if not said.
    pub name: String,
    /// Pipelines of lower priority are applied first; of the same, in the order given.
    pub priority: i64,
    /// The name given to [`Pipeline::parse`].
    pub file: String,
    /// SHA-256 (hex) of its text.
    pub version: String,
    vars: BTreeMap<String, Vec<String>>,
    items: Vec<item::Item>,
    source: Source,
}

impl Pipeline {
    /// Reads a pipeline.
    ///
    /// # Errors
    /// What is not understood or not supported, each with its place: a pipeline is used whole or not at all.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<RuleError>> {
        read::read(file, text)
    }
}

/// Conditions that decide whether something is changed, and how they are linked.
#[derive(Debug, Clone)]
struct Gate<C> {
    /// With the names that an expression knows them by.
    conditions: Vec<(String, C)>,
    link: Link,
    is_negated: bool,
}

#[derive(Debug, Clone)]
enum Link {
    All,
    Any,
    Expression(ConditionExpr),
}

impl<C> Gate<C> {
    /// Without conditions it is always open.
    fn is_open(&self, holds: impl Fn(&C) -> bool) -> bool {
        if self.conditions.is_empty() {
            return true;
        }
        let is_open = match &self.link {
            Link::All => self.conditions.iter().all(|(_, condition)| holds(condition)),
            Link::Any => self.conditions.iter().any(|(_, condition)| holds(condition)),
            Link::Expression(expression) => {
                let known: Vec<(&str, bool)> =
                    self.conditions.iter().map(|(name, condition)| (name.as_str(), holds(condition))).collect();
                conditions::evaluate(expression, &known)
            }
        };
        is_open != self.is_negated
    }
}
