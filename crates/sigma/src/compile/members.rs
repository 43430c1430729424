//! Questions about the members of a list, each by itself: `field[any]`, `field[all]`, `field[none]`. What is asked inside
//! is compiled like any other detection, about fields below the list; that only values of one member count is the
//! matcher's part.

use std::collections::{BTreeSet, HashMap};

use super::condition::Scope;
use super::{Complaint, Options, Shared, item};
use crate::expression::{self, Expression};
use crate::fields;
use crate::language::{ArrayQuantifier, Detection, DetectionItem};
use crate::predicate::{Members, Quantifier, Test};

/// So many lists may stand inside each other in one question. Logs nest a handful.
const LISTS_MAX: usize = 8;

pub(super) fn compile(
    shared: &mut Shared,
    (list, quantifier): (&str, ArrayQuantifier),
    body: &Detection,
    options: &Options,
) -> Result<expression::NodeId, Complaint> {
    Block { shared, options, depth: 0 }.members(list, list, quantifier, body)
}

struct Block<'c> {
    shared: &'c mut Shared,
    options: &'c Options,
    depth: usize,
}

impl Block<'_> {
    /// `path` leads to the list from the root, `near` is what its author wrote.
    fn members(
        &mut self,
        path: &str,
        near: &str,
        quantifier: ArrayQuantifier,
        body: &Detection,
    ) -> Result<expression::NodeId, Complaint> {
        if self.depth == LISTS_MAX {
            return Err(Complaint::new(near, format!("more than {LISTS_MAX} lists are inside each other")));
        }
        let field = item::intern(self.shared, path)?;
        self.depth += 1;
        let body = self.detection(path, near, body)?;
        self.depth -= 1;
        let mut asked = BTreeSet::new();
        self.asked_by(body, &mut asked);
        let quantifier = match quantifier {
            ArrayQuantifier::Any => Quantifier::Any,
            ArrayQuantifier::All => Quantifier::All,
            ArrayQuantifier::AllOrEmpty => Quantifier::AllOrEmpty,
            ArrayQuantifier::None => Quantifier::None,
        };
        let key = format!("members {quantifier:?} {body}");
        let fields = asked.into_iter().collect();
        Ok(self.shared.ask(field, key, Test::Members(Box::new(Members { quantifier, body, fields }))))
    }

    fn detection(&mut self, path: &str, near: &str, detection: &Detection) -> Result<expression::NodeId, Complaint> {
        match detection {
            Detection::AllOf(items) if items.is_empty() => {
                Err(Complaint::new(near, "a question without any field would be true of every member"))
            }
            Detection::AllOf(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.item(path, item)).collect();
                Ok(self.shared.expressions.all(items?))
            }
            Detection::AnyOf(parts) if parts.is_empty() => {
                Err(Complaint::new(near, "an empty list of detections can never match"))
            }
            Detection::AnyOf(parts) => {
                let parts: Result<Vec<_>, _> = parts.iter().map(|part| self.detection(path, near, part)).collect();
                Ok(self.shared.expressions.any(parts?))
            }
            Detection::And(parts) => {
                let parts: Result<Vec<_>, _> = parts.iter().map(|part| self.detection(path, near, part)).collect();
                Ok(self.shared.expressions.all(parts?))
            }
            Detection::ArrayMatch { field, quantifier, body } => {
                self.members(&format!("{path}.{field}"), field, *quantifier, body)
            }
            Detection::Conditional { named, condition } => {
                let mut compiled = HashMap::new();
                let mut names: Vec<&String> = named.keys().collect();
                names.sort();
                for name in names {
                    let Some(part) = named.get(name) else { continue };
                    compiled.insert(name.as_str(), self.detection(path, name, part)?);
                }
                Scope::new(compiled).compile(self.shared, condition)
            }
            Detection::Keywords(_) => {
                Err(Complaint::new(near, "keywords are searched in whole records, not in members")
                    .help("ask the member itself: `field[any]|contains: text`"))
            }
        }
    }

    /// An item without a name asks the member itself. What `fieldref` names is looked up in the whole record.
    fn item(&mut self, path: &str, asked: &DetectionItem) -> Result<expression::NodeId, Complaint> {
        let name = asked.field.name.as_ref().map_or_else(|| path.to_owned(), |name| format!("{path}.{name}"));
        item::of_field(self.shared, asked, &name, self.options)
    }

    /// The fields of all predicates below `node`, those of lists inside included.
    fn asked_by(&self, node: expression::NodeId, fields: &mut BTreeSet<fields::NodeId>) {
        match self.shared.expressions.get(node) {
            Some(Expression::Predicate(number)) => {
                let Some(predicate) = self.shared.predicates.get(*number as usize) else { return };
                fields.insert(predicate.field);
                if let Test::Members(inner) = &predicate.test {
                    fields.extend(inner.fields.iter().copied());
                }
            }
            Some(Expression::Not(child)) => self.asked_by(*child, fields),
            Some(Expression::All(children) | Expression::Any(children) | Expression::Some(_, children)) => {
                children.iter().for_each(|child| self.asked_by(*child, fields));
            }
            Some(Expression::Constant(_)) | None => {}
        }
    }
}
