//! Answers questions about the members of a list, each by itself: what is asked of one member sees the values inside it and
//! no others. Nothing is remembered between members; the answer for the whole list is, as that of any other question.

use crate::error::RecordError;
use crate::expression::{self, Expression};
use crate::fields::NodeId;
use crate::matcher::Evaluation;
use crate::predicate::{Members, Predicate, Reader, Test};
use crate::record::{Kind, Value};

impl Evaluation<'_> {
    /// Whether enough members of the list at `field` satisfy what is asked.
    ///
    /// All values are sorted once, so that those of one member are found by search: a record of many members that are
    /// asked many things costs as much more as it is longer.
    #[cold]
    pub(crate) fn members(&mut self, field: NodeId, members: &Members) -> Result<bool, RecordError> {
        for asked in members.fields.iter().copied().chain([field]) {
            self.complete(asked)?;
            self.state.values.sort(asked);
        }
        let whole = self.state.values.of(field).to_vec();
        self.decide_members(members, &whole)
    }

    fn decide_members(&mut self, members: &Members, list: &[Value]) -> Result<bool, RecordError> {
        let (decisive, decided) = members.quantifier.decisive();
        let mut is_empty = true;
        for member in list.iter().filter(|value| is_member(value)) {
            is_empty = false;
            if self.decide_within(members.body, member)? == decisive {
                return Ok(decided);
            }
        }
        Ok(members.quantifier.otherwise(is_empty))
    }

    fn decide_within(&mut self, node: expression::NodeId, member: &Value) -> Result<bool, RecordError> {
        let compiled = self.compiled;
        match compiled.shared.expressions.get(node) {
            None => Ok(false),
            Some(Expression::Constant(value)) => Ok(*value),
            Some(Expression::Not(child)) => Ok(!self.decide_within(*child, member)?),
            Some(Expression::All(children)) => self.count_within(children, children.len() as u64, member),
            Some(Expression::Any(children)) => self.count_within(children, 1, member),
            Some(Expression::Some(count, children)) => self.count_within(children, *count, member),
            Some(Expression::Predicate(number)) => match compiled.shared.predicates.get(*number as usize) {
                Some(predicate) => self.answer_within(predicate, member),
                None => Ok(false),
            },
        }
    }

    fn count_within(
        &mut self,
        children: &[expression::NodeId],
        needed: u64,
        member: &Value,
    ) -> Result<bool, RecordError> {
        let mut holding = 0;
        for (left, child) in (1..=children.len() as u64).rev().zip(children) {
            if holding + left < needed {
                return Ok(false);
            }
            holding += u64::from(self.decide_within(*child, member)?);
            if needed <= holding {
                return Ok(true);
            }
        }
        Ok(needed <= holding)
    }

    fn answer_within(&mut self, predicate: &Predicate, member: &Value) -> Result<bool, RecordError> {
        if let Test::Members(inner) = &predicate.test {
            let list = self.state.values.inside(predicate.field, member).to_vec();
            return self.decide_members(inner, &list);
        }
        if let Test::Field { other, shape, is_cased } = &predicate.test {
            let mine = self.state.values.inside(predicate.field, member).to_vec();
            return self.relates(&mine, *other, *shape, *is_cased);
        }
        let state = &mut *self.state;
        let values = state.values.inside(predicate.field, member);
        match &predicate.test {
            Test::Exists => return Ok(!values.is_empty()),
            Test::Null => return Ok(values.is_empty() || values.iter().any(|value| value.kind == Kind::Null)),
            _ => {}
        }
        let has_escapes = state.index.has_escapes;
        let mut reader = Reader { record: self.record, has_escapes, buffers: &mut state.buffers };
        for value in values {
            if predicate.test.holds(value, &mut reader)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// An empty list stands among the values as itself, and null is nobody.
fn is_member(value: &Value) -> bool {
    !matches!(value.kind, Kind::Array | Kind::Null)
}
