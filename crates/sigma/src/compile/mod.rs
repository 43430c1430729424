//! From rules to one program. Every rule becomes an expression over predicates; equal predicates and equal expressions
//! exist once, whichever rule they come from. A rule that cannot be compiled is left out and reported with its place.

mod condition;
mod encode;
mod item;
mod members;
mod modifiers;
mod value;

use std::collections::{BTreeMap, HashMap};

use crate::error::RuleError;
use crate::expression::{Expressions, NodeId};
use crate::fields::{self, Fields};
use crate::language::Detections;
use crate::predicate::{Predicate, Test};
use crate::rule::{Place, Rule, Source};

/// What the compiler needs to know beyond the rules.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values for `|expand`: `%name%` becomes any of these. A value may hold wildcards.
    pub placeholders: BTreeMap<String, Vec<String>>,
}

/// Everything that the rules share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) fields: Fields,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) expressions: Expressions,
    known: HashMap<(fields::NodeId, String), u32>,
}

/// A mistake inside a detection, with words of the author to look for.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) near: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Complaint {
    pub(crate) fn new(near: impl Into<String>, message: impl Into<String>) -> Self {
        Self { near: near.into(), message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { fields: Fields::new(), ..Self::default() }
    }

    /// The expression of one rule.
    pub(crate) fn rule(&mut self, rule: &Rule, options: &Options) -> Result<NodeId, Vec<RuleError>> {
        let mut conditions = vec![self.condition(&rule.detection, (&rule.source, "detection"), options)?];
        for filter in &rule.filters {
            conditions.push(self.condition(&filter.detection, (&filter.source, "filter"), options)?);
        }
        for added in &rule.added {
            conditions.push(self.condition(&added.detections, (&added.source, "detection"), options)?);
        }
        Ok(if let [only] = conditions.as_slice() { *only } else { self.expressions.all(conditions) })
    }

    /// One condition over its own detections. A filter's names are not those of the rule.
    fn condition(
        &mut self,
        detections: &Detections,
        (source, section): (&Source, &str),
        options: &Options,
    ) -> Result<NodeId, Vec<RuleError>> {
        let located = |complaint: Complaint| {
            let place = Place::inside(&source.document, section, &complaint.near);
            source.error(place, complaint.message, complaint.help)
        };
        condition::compile(self, detections, options)
            .map_err(|complaints| complaints.into_iter().map(located).collect())
    }

    /// The expression that asks `test` of `field`. `key` spells the test and makes equal ones meet.
    pub(crate) fn ask(&mut self, field: fields::NodeId, key: String, test: Test) -> NodeId {
        let cost = test.cost();
        let predicates = &mut self.predicates;
        let number = *self.known.entry((field, key)).or_insert_with(|| {
            predicates.push(Predicate { field, test });
            u32::try_from(predicates.len() - 1).unwrap_or(u32::MAX)
        });
        self.expressions.predicate(number, cost)
    }
}
