//! The `condition` language: names of detections joined by `and`, `or`, `not`, `1 of`, `all of`. Several conditions in
//! a list are alternatives.

use std::collections::HashMap;

use super::{Complaint, Options, Shared, item, members};
use crate::expression::NodeId;
use crate::language::{ConditionExpr, Detection, Detections, Quantifier, SelectorPattern};

pub(super) fn compile(
    shared: &mut Shared,
    detections: &Detections,
    options: &Options,
) -> Result<NodeId, Vec<Complaint>> {
    let mut names: Vec<&String> = detections.named.keys().collect();
    names.sort();
    let mut named: HashMap<&str, NodeId> = HashMap::new();
    let mut complaints = Vec::new();
    for name in &names {
        let Some(detection) = detections.named.get(*name) else { continue };
        match compile_detection(shared, detection, options) {
            Ok(node) => {
                named.insert(name.as_str(), node);
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let scope = Scope::new(named);
    let mut alternatives = Vec::new();
    for condition in &detections.conditions {
        match scope.compile(shared, condition) {
            Ok(node) => alternatives.push(node),
            Err(complaint) => complaints.push(complaint),
        }
    }
    if complaints.is_empty() { Ok(shared.expressions.any(alternatives)) } else { Err(complaints) }
}

/// The detections that a condition is about, already compiled.
pub(super) struct Scope<'d> {
    /// In a fixed order, so that the same rule always compiles to the same program.
    names: Vec<&'d str>,
    named: HashMap<&'d str, NodeId>,
}

impl<'d> Scope<'d> {
    pub(super) fn new(named: HashMap<&'d str, NodeId>) -> Self {
        let mut names: Vec<&str> = named.keys().copied().collect();
        names.sort_unstable();
        Self { names, named }
    }

    pub(super) fn compile(&self, shared: &mut Shared, condition: &ConditionExpr) -> Result<NodeId, Complaint> {
        match condition {
            ConditionExpr::Identifier(name) => self.named.get(name.as_str()).copied().ok_or_else(|| self.unknown(name)),
            ConditionExpr::Not(inner) => {
                let inner = self.compile(shared, inner)?;
                Ok(shared.expressions.not(inner))
            }
            ConditionExpr::And(parts) => {
                let parts = self.compile_each(shared, parts)?;
                Ok(shared.expressions.all(parts))
            }
            ConditionExpr::Or(parts) => {
                let parts = self.compile_each(shared, parts)?;
                Ok(shared.expressions.any(parts))
            }
            ConditionExpr::Selector { quantifier, pattern } => {
                let selected = self.select(pattern)?;
                Ok(match quantifier {
                    Quantifier::Any => shared.expressions.any(selected),
                    Quantifier::All => shared.expressions.all(selected),
                    Quantifier::Count(count) => shared.expressions.some(*count, selected),
                })
            }
        }
    }

    fn compile_each(&self, shared: &mut Shared, parts: &[ConditionExpr]) -> Result<Vec<NodeId>, Complaint> {
        parts.iter().map(|part| self.compile(shared, part)).collect()
    }

    fn select(&self, pattern: &SelectorPattern) -> Result<Vec<NodeId>, Complaint> {
        let selected: Vec<NodeId> = self
            .names
            .iter()
            .filter(|name| pattern.matches_detection_name(name))
            .filter_map(|name| self.named.get(name).copied())
            .collect();
        if selected.is_empty() {
            let spelled = pattern.to_string();
            return Err(Complaint::new(format!("of {spelled}"), format!("no detection is named like `{spelled}`"))
                .help(self.known_names()));
        }
        Ok(selected)
    }

    fn unknown(&self, name: &str) -> Complaint {
        Complaint::new(name, format!("the condition names `{name}`, which is no detection of this rule"))
            .help(self.known_names())
    }

    fn known_names(&self) -> String {
        let quoted: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        format!("the rule's detections are {}", quoted.join(", "))
    }
}

fn compile_detection(shared: &mut Shared, detection: &Detection, options: &Options) -> Result<NodeId, Complaint> {
    match detection {
        Detection::AllOf(items) if items.is_empty() => {
            Err(Complaint::new("{}", "a detection without any field would match everything"))
        }
        Detection::AllOf(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| item::compile(shared, item, options)).collect();
            Ok(shared.expressions.all(items?))
        }
        Detection::AnyOf(parts) if parts.is_empty() => {
            Err(Complaint::new("[]", "an empty list of detections can never match"))
        }
        Detection::AnyOf(parts) => {
            let parts = compile_parts(shared, parts, options)?;
            Ok(shared.expressions.any(parts))
        }
        Detection::And(parts) => {
            let parts = compile_parts(shared, parts, options)?;
            Ok(shared.expressions.all(parts))
        }
        Detection::Keywords(values) => item::compile_keywords(shared, values),
        Detection::ArrayMatch { field, quantifier, body } => {
            members::compile(shared, (field, *quantifier), body, options)
        }
        Detection::Conditional { .. } => {
            Err(Complaint::new("condition:", "a condition inside a detection is not supported"))
        }
    }
}

fn compile_parts(shared: &mut Shared, parts: &[Detection], options: &Options) -> Result<Vec<NodeId>, Complaint> {
    parts.iter().map(|part| compile_detection(shared, part, options)).collect()
}
