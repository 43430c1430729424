//! Evaluates records against a program: finds the values of fields when a rule first asks for them, answers each
//! question at most once per record, and reports which rules match. Keeps nothing from one record to the next.

use std::sync::Arc;

use crate::correlation::{self, Hit, HitLosses};
use crate::error::{RecordError, RecordFault};
use crate::expression::{self, Expression};
use crate::fields::{NodeId, ROOT};
use crate::plan::Plan;
use crate::predicate::{Buffers, Reader, Test};
use crate::program::{Compiled, LogSourceId, Program};
use crate::record::{Index, Kind, is_space, text};
use crate::references::References;
use crate::table::{Key, Table};
use crate::values::{Collector, Values};

/// Scratch space for evaluating records, one per thread.
#[derive(Debug)]
pub struct Matcher {
    compiled: Arc<Compiled>,
    plans: Vec<(LogSourceId, Plan)>,
    /// Top-level keys that lead to fields or are watched.
    top_level: Table,
    watched: Vec<NodeId>,
    state: State,
    matched: Vec<usize>,
}

/// What is known about the present record. Entries are valid if they carry the present record's stamp.
#[derive(Debug, Default)]
pub(crate) struct State {
    stamp: u32,
    pub(crate) index: Index,
    pub(crate) values: Values,
    answers: Vec<Answer>,
    decided: Vec<Answer>,
    candidates: Vec<u32>,
    seen: Vec<u32>,
    pub(crate) references: References,
    pub(crate) buffers: Buffers,
}

#[derive(Debug, Clone, Copy, Default)]
struct Answer {
    stamp: u32,
    is_yes: bool,
}

impl Matcher {
    /// A matcher for one program.
    #[must_use]
    pub fn new(program: &Program) -> Self {
        Self::watching(program, &[])
    }

    /// As [`Matcher::new`]; besides, [`Matcher::watched`] tells the texts of these top-level members of each record, for
    /// callers who would otherwise look for them a second time.
    #[must_use]
    pub fn watching(program: &Program, members: &[&str]) -> Self {
        let compiled = Arc::clone(&program.compiled);
        let fields = &compiled.shared.fields.nodes;
        let mut top_level = fields.get(ROOT as usize).map(|root| root.edges.clone()).unwrap_or_default();
        let mut watched = Vec::new();
        for (free, member) in (fields.len()..).zip(members) {
            // A key that leads to a field keeps its place.
            top_level.insert(member.as_bytes(), NodeId::try_from(free).unwrap_or(NodeId::MAX));
            watched.extend(top_level.find(Key::of(member.as_bytes())));
        }
        let state = State {
            values: Values::new(fields.len() + members.len()),
            answers: vec![Answer::default(); compiled.shared.predicates.len()],
            decided: vec![Answer::default(); compiled.shared.expressions.nodes.len()],
            seen: vec![0; compiled.rules.len()],
            ..State::default()
        };
        Self { compiled, plans: Vec::new(), top_level, watched, state, matched: Vec::new() }
    }

    /// The rules that matched the record that was evaluated last, as [`Matcher::evaluate`] gives them.
    #[must_use]
    pub fn matched(&self) -> &[usize] {
        &self.matched
    }

    /// Forgets those matches that `keep` does not want, for [`Matcher::matched`] and [`Matcher::hits`].
    pub fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        self.matched.retain(|rule| keep(*rule));
    }

    /// The text of a watched member in the record that was evaluated last. `None` if it has no such member, or one that is
    /// no text, or is written with escapes. `record` must be that record.
    #[must_use]
    pub fn watched<'r>(&self, record: &'r [u8], member: usize) -> Option<&'r [u8]> {
        let value = self.state.values.noted(*self.watched.get(member)?, self.state.stamp)?;
        let text = value.bytes(record);
        let is_plain = value.kind == Kind::Text && !(self.state.index.has_escapes && text.contains(&b'\\'));
        is_plain.then_some(text)
    }

    /// The rules that match one record, as ascending positions in the slice that the program was compiled from.
    ///
    /// The record must be one JSON object and nothing else. Its strings, brackets and encoding are always checked
    /// whole; keys, commas, numbers and escapes are checked at the top level and in whatever the rules look into.
    ///
    /// # Errors
    /// The record cannot be read. It then counts as rejected, not as unmatched.
    pub fn evaluate(&mut self, source: LogSourceId, record: &[u8]) -> Result<&[usize], RecordError> {
        let (_, length) = self.evaluate_next(source, record)?;
        let after = record.get(length..).unwrap_or_default();
        if let Some(extra) = after.iter().position(|byte| !is_space(*byte)) {
            return Err(RecordError::at(length + extra, RecordFault::TrailingBytes));
        }
        Ok(&self.matched)
    }

    /// As [`Matcher::evaluate`] for the record at the start of `bytes`, after white space at most; also tells how many
    /// bytes it takes. With this a list of records needs no splitting beforehand, which would read every byte twice.
    ///
    /// # Errors
    /// The record cannot be read, and where it ends is then not known.
    pub fn evaluate_next(&mut self, source: LogSourceId, bytes: &[u8]) -> Result<(&[usize], usize), RecordError> {
        self.matched.clear();
        self.state.next_record();
        let length = self.state.index.build(bytes)?;
        let record = bytes.get(..length).unwrap_or_default();
        let number = self.plan_number(source);
        let Some((_, plan)) = self.plans.get(number) else { return Ok((&self.matched, length)) };
        let mut evaluation = Evaluation { compiled: &self.compiled, record, state: &mut self.state };
        evaluation.read_top_level(&self.top_level)?;
        evaluation.collect_candidates(plan)?;
        for position in 0..evaluation.state.candidates.len() {
            let Some(number) = evaluation.state.candidates.get(position).copied() else { continue };
            let Some(rule) = self.compiled.rules.get(number as usize) else { continue };
            if evaluation.decide(rule.root)? {
                self.matched.push(rule.index);
            }
        }
        self.matched.sort_unstable();
        Ok((&self.matched, length))
    }

    /// Adds the hits that the last record brings to correlations, and tells what of it could not be kept whole.
    ///
    /// `record` must be the record that was evaluated last, `uid` its id and `time_us` when it happened, in microseconds
    /// since 1970. Without correlations, or if no rule that they are about matched, this does nothing.
    ///
    /// # Errors
    /// The record cannot be read where a correlation groups or counts.
    pub fn hits(
        &mut self,
        record: &[u8],
        time_us: i64,
        uid: &str,
        hits: &mut Vec<Hit>,
    ) -> Result<HitLosses, RecordError> {
        let set = &self.compiled.correlations;
        let is_awaited = |rule: &usize| set.feeds.get(*rule).is_some_and(|feeds| !feeds.is_empty());
        if !self.matched.iter().any(is_awaited) {
            return Ok(HitLosses::default());
        }
        let mut evaluation = Evaluation { compiled: &self.compiled, record, state: &mut self.state };
        let mut texts = |field: NodeId, see: &mut dyn FnMut(&[u8])| evaluation.each_text(field, see);
        correlation::extract(set, &self.matched, (time_us, uid), &mut texts, hits)
    }

    fn plan_number(&mut self, source: LogSourceId) -> usize {
        if let Some(number) = self.plans.iter().position(|(known, _)| *known == source) {
            return number;
        }
        self.plans.push((source, Plan::new(&self.compiled, source)));
        self.plans.len() - 1
    }
}

impl State {
    /// Makes everything known about the last record invalid by moving the stamp on.
    fn next_record(&mut self) {
        self.candidates.clear();
        self.references.next_record();
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            // After 2^32 records old stamps could be taken for new ones.
            self.values.forget();
            self.answers.fill(Answer::default());
            self.decided.fill(Answer::default());
            self.seen.fill(0);
            self.stamp = 1;
        }
    }
}

/// The evaluation of one record.
pub(crate) struct Evaluation<'e> {
    pub(crate) compiled: &'e Compiled,
    pub(crate) record: &'e [u8],
    pub(crate) state: &'e mut State,
}

impl Evaluation<'_> {
    fn read_top_level(&mut self, keys: &Table) -> Result<(), RecordError> {
        let State { index, values, stamp, buffers, .. } = &mut *self.state;
        values.begin(*stamp, keys, self.record, index, &mut buffers.text)
    }

    /// The rules worth deciding: those without a witness and those whose witness is in the record.
    fn collect_candidates(&mut self, plan: &Plan) -> Result<(), RecordError> {
        self.state.candidates.extend_from_slice(&plan.always);
        for dispatch in &plan.dispatch {
            self.complete(dispatch.field)?;
            let State { index, values, candidates, seen, stamp, buffers, .. } = &mut *self.state;
            for value in values.of(dispatch.field) {
                let Some(text) = text::of(value, self.record, index.has_escapes, &mut buffers.text)? else { continue };
                dispatch.visit(text, &mut buffers.folded, |rule| {
                    if let Some(seen) = seen.get_mut(rule as usize).filter(|seen| **seen != *stamp) {
                        *seen = *stamp;
                        candidates.push(rule);
                    }
                });
            }
        }
        Ok(())
    }

    fn decide(&mut self, node: expression::NodeId) -> Result<bool, RecordError> {
        let Some(expression) = self.compiled.shared.expressions.get(node) else { return Ok(false) };
        match expression {
            Expression::Constant(value) => return Ok(*value),
            Expression::Predicate(number) => return self.answer(*number),
            Expression::Not(child) => return Ok(!self.decide(*child)?),
            Expression::All(_) | Expression::Any(_) | Expression::Some(..) => {}
        }
        let known = self.state.decided.get(node as usize).copied().unwrap_or_default();
        if known.stamp == self.state.stamp {
            return Ok(known.is_yes);
        }
        let is_yes = match expression {
            Expression::All(children) => self.count(children, children.len() as u64, true)?,
            Expression::Any(children) => self.count(children, 1, false)?,
            Expression::Some(count, children) => self.count(children, *count, false)?,
            _ => false,
        };
        if let Some(decided) = self.state.decided.get_mut(node as usize) {
            *decided = Answer { stamp: self.state.stamp, is_yes };
        }
        Ok(is_yes)
    }

    /// Whether at least `needed` children hold. With `needs_all`, the first that does not hold decides.
    fn count(&mut self, children: &[expression::NodeId], needed: u64, needs_all: bool) -> Result<bool, RecordError> {
        let mut holding = 0;
        for child in children {
            if self.decide(*child)? {
                holding += 1;
                if needed <= holding {
                    return Ok(true);
                }
            } else if needs_all {
                return Ok(false);
            }
        }
        Ok(needed <= holding)
    }

    fn answer(&mut self, number: u32) -> Result<bool, RecordError> {
        let known = self.state.answers.get(number as usize).copied().unwrap_or_default();
        if known.stamp == self.state.stamp {
            return Ok(known.is_yes);
        }
        let Some(predicate) = self.compiled.shared.predicates.get(number as usize) else { return Ok(false) };
        self.complete(predicate.field)?;
        let values = self.state.values.of(predicate.field);
        let is_yes = match &predicate.test {
            Test::Exists => !values.is_empty(),
            Test::Null => values.is_empty() || values.iter().any(|value| value.kind == Kind::Null),
            Test::Field { other, shape, is_cased } => {
                let values = values.to_vec();
                self.relates(&values, *other, *shape, *is_cased)?
            }
            Test::Members(members) => self.members(predicate.field, members)?,
            test => self.any_value(predicate.field, test)?,
        };
        if let Some(answer) = self.state.answers.get_mut(number as usize) {
            *answer = Answer { stamp: self.state.stamp, is_yes };
        }
        Ok(is_yes)
    }

    fn any_value(&mut self, field: NodeId, test: &Test) -> Result<bool, RecordError> {
        let State { index, values, buffers, .. } = &mut *self.state;
        let mut reader = Reader { record: self.record, has_escapes: index.has_escapes, buffers };
        for value in values.of(field) {
            if test.holds(value, &mut reader)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every text of a field. Null and nothing have none.
    #[cold]
    #[inline(never)]
    fn each_text(&mut self, field: NodeId, see: &mut dyn FnMut(&[u8])) -> Result<(), RecordError> {
        self.complete(field)?;
        let State { index, values, buffers, .. } = &mut *self.state;
        for value in values.of(field) {
            if let Some(text) = text::of(value, self.record, index.has_escapes, &mut buffers.text)? {
                see(text);
            }
        }
        Ok(())
    }

    /// Collects all values of a field, unless that was done.
    #[inline]
    pub(crate) fn complete(&mut self, field: NodeId) -> Result<(), RecordError> {
        let State { index, values, stamp, buffers, .. } = &mut *self.state;
        if values.is_complete(field, *stamp) {
            return Ok(());
        }
        let mut collector = Collector {
            record: self.record,
            index,
            fields: &self.compiled.shared.fields,
            stamp: *stamp,
            decoded: &mut buffers.text,
        };
        if field == ROOT { collector.everything(values) } else { collector.complete(values, field) }
    }
}
