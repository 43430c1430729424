//! Evaluates records against a program: finds the values of fields when a rule first asks for them, answers each
//! question at most once per record, and reports which rules match. Keeps nothing from one record to the next.

use std::sync::Arc;

use crate::error::{RecordError, RecordFault};
use crate::expression::{Expression, NodeId};
use crate::fields::{self, EVERYTHING, Fields, ROOT, Slot};
use crate::predicate::pattern::Shape;
use crate::predicate::{Buffers, Reader, Test, fold};
use crate::program::{Compiled, LogSourceId, Plan, Program};
use crate::record::{Elements, Index, Kind, Members, Value, is_space, text};

/// Scratch space for evaluating records, one per thread.
#[derive(Debug)]
pub struct Matcher {
    compiled: Arc<Compiled>,
    plans: Vec<(LogSourceId, Arc<Plan>)>,
    state: State,
    matched: Vec<usize>,
}

/// What is known about the present record. Entries are valid if they carry the present record's stamp.
#[derive(Debug, Default)]
struct State {
    stamp: u32,
    index: Index,
    /// Per node of the field graph: the value that a top-level key of the record holds, and whether it was looked into.
    entrances: Vec<Entrance>,
    slots: Vec<Values>,
    answers: Vec<Answer>,
    decided: Vec<Answer>,
    candidates: Vec<u32>,
    seen: Vec<u32>,
    buffers: Buffers,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entrance {
    stamp: u32,
    opened: u32,
    value: Option<Value>,
}

#[derive(Debug, Clone, Default)]
struct Values {
    /// The record for which all values were collected.
    complete: u32,
    /// The record that `list` is about.
    stamp: u32,
    list: Vec<Value>,
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
        let compiled = Arc::clone(&program.compiled);
        let state = State {
            entrances: vec![Entrance::default(); compiled.shared.fields.nodes.len()],
            slots: vec![Values::default(); compiled.shared.fields.slots.len()],
            answers: vec![Answer::default(); compiled.shared.predicates.len()],
            decided: vec![Answer::default(); compiled.shared.expressions.nodes.len()],
            seen: vec![0; compiled.rules.len()],
            ..State::default()
        };
        Self { compiled, plans: Vec::new(), state, matched: Vec::new() }
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
        let plan = self.plan(source);
        let state = &mut self.state;
        state.next_record();
        let length = state.index.build(bytes)?;
        let record = bytes.get(..length).unwrap_or_default();
        let mut evaluation = Evaluation { compiled: &self.compiled, record, state };
        evaluation.read_top_level()?;
        evaluation.collect_candidates(&plan)?;
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

    fn plan(&mut self, source: LogSourceId) -> Arc<Plan> {
        if let Some((_, plan)) = self.plans.iter().find(|(known, _)| *known == source) {
            return Arc::clone(plan);
        }
        let plan = Arc::new(Plan::new(&self.compiled, source));
        self.plans.push((source, Arc::clone(&plan)));
        plan
    }
}

impl State {
    /// Makes everything known about the last record invalid by moving the stamp on.
    fn next_record(&mut self) {
        self.candidates.clear();
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            // After 2^32 records old stamps could be taken for new ones.
            self.entrances.fill(Entrance::default());
            self.slots.iter_mut().for_each(|values| (values.complete, values.stamp) = (0, 0));
            self.answers.fill(Answer::default());
            self.decided.fill(Answer::default());
            self.seen.fill(0);
            self.stamp = 1;
        }
    }
}

/// The evaluation of one record.
struct Evaluation<'e> {
    compiled: &'e Compiled,
    record: &'e [u8],
    state: &'e mut State,
}

impl Evaluation<'_> {
    /// Notes the values of the top-level keys that rules name. A key that occurs twice counts with its last value.
    fn read_top_level(&mut self) -> Result<(), RecordError> {
        let State { index, entrances, stamp, buffers, .. } = &mut *self.state;
        let Some(root) = self.compiled.shared.fields.nodes.get(ROOT as usize) else { return Ok(()) };
        let mut members = Members::of(self.record, index, 0);
        while let Some((start, end, value)) = members.step()? {
            let found = find_edge(&root.edges, self.record, start, end, index.has_escapes, &mut buffers.text)?;
            if let Some(entrance) = found.and_then(|(_, node)| entrances.get_mut(node as usize)) {
                *entrance = Entrance { stamp: *stamp, opened: 0, value: Some(value) };
            }
        }
        Ok(())
    }

    /// The rules worth deciding: those without a witness and those whose witness is in the record.
    fn collect_candidates(&mut self, plan: &Plan) -> Result<(), RecordError> {
        self.state.candidates.extend_from_slice(&plan.always);
        for dispatch in &plan.dispatch {
            self.complete(dispatch.slot)?;
            let State { index, slots, candidates, seen, stamp, buffers, .. } = &mut *self.state;
            let Buffers { text: decoded, folded } = buffers;
            let values = slots.get(dispatch.slot as usize).map(|values| values.list.as_slice()).unwrap_or_default();
            for value in values {
                let Some(text) = text::of(value, self.record, index.has_escapes, decoded)? else { continue };
                let Some(rules) = dispatch.rules.get(fold(text, folded)) else { continue };
                for rule in rules {
                    let Some(seen) = seen.get_mut(*rule as usize) else { continue };
                    if *seen != *stamp {
                        *seen = *stamp;
                        candidates.push(*rule);
                    }
                }
            }
        }
        Ok(())
    }

    fn decide(&mut self, node: NodeId) -> Result<bool, RecordError> {
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
    fn count(&mut self, children: &[NodeId], needed: u64, needs_all: bool) -> Result<bool, RecordError> {
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
        self.complete(predicate.slot)?;
        let is_yes = match &predicate.test {
            Test::Exists => !self.values(predicate.slot).is_empty(),
            Test::Null => {
                let values = self.values(predicate.slot);
                values.is_empty() || values.iter().any(|value| value.kind == Kind::Null)
            }
            Test::Field { other, shape, is_cased } => self.compare(predicate.slot, *other, *shape, *is_cased)?,
            test => self.any_value(predicate.slot, test)?,
        };
        if let Some(answer) = self.state.answers.get_mut(number as usize) {
            *answer = Answer { stamp: self.state.stamp, is_yes };
        }
        Ok(is_yes)
    }

    fn values(&self, slot: Slot) -> &[Value] {
        self.state.slots.get(slot as usize).map(|values| values.list.as_slice()).unwrap_or_default()
    }

    fn any_value(&mut self, slot: Slot, test: &Test) -> Result<bool, RecordError> {
        let State { index, slots, buffers, .. } = &mut *self.state;
        let mut reader = Reader { record: self.record, has_escapes: index.has_escapes, buffers };
        let values = slots.get(slot as usize).map(|values| values.list.as_slice()).unwrap_or_default();
        for value in values {
            if test.holds(value, &mut reader)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether some text of `slot` relates to some text of `other`.
    fn compare(&mut self, slot: Slot, other: Slot, shape: Shape, is_cased: bool) -> Result<bool, RecordError> {
        self.complete(other)?;
        let left = self.texts(slot, is_cased)?;
        let right = self.texts(other, is_cased)?;
        Ok(left.iter().any(|text| right.iter().any(|part| shape.relates(text, part))))
    }

    fn texts(&mut self, slot: Slot, is_cased: bool) -> Result<Vec<Vec<u8>>, RecordError> {
        let State { index, slots, buffers, .. } = &mut *self.state;
        let values = slots.get(slot as usize).map(|values| values.list.as_slice()).unwrap_or_default();
        let mut texts = Vec::new();
        for value in values {
            if let Some(text) = text::of(value, self.record, index.has_escapes, &mut buffers.text)? {
                texts.push(if is_cased { text.to_vec() } else { fold(text, &mut buffers.folded).to_vec() });
            }
        }
        Ok(texts)
    }

    /// Collects all values of a field, unless that was done.
    fn complete(&mut self, slot: Slot) -> Result<(), RecordError> {
        let stamp = self.state.stamp;
        let Some(values) = self.state.slots.get_mut(slot as usize) else { return Ok(()) };
        if values.complete == stamp {
            return Ok(());
        }
        values.complete = stamp;
        if values.stamp != stamp {
            values.stamp = stamp;
            values.list.clear();
        }
        let State { index, slots, entrances, buffers, .. } = &mut *self.state;
        let fields = &self.compiled.shared.fields;
        let mut collector = Collector { record: self.record, index, fields, slots, stamp, buffers };
        if slot == EVERYTHING {
            return collector.everything(0);
        }
        let Some(info) = fields.slots.get(slot as usize) else { return Ok(()) };
        for node in &info.entrances {
            let Some(entrance) = entrances.get_mut(*node as usize) else { continue };
            let is_new = entrance.stamp == stamp && entrance.opened != stamp;
            if let Some(value) = entrance.value.filter(|_| is_new) {
                entrance.opened = stamp;
                collector.collect(*node, &value)?;
            }
        }
        Ok(())
    }
}

/// Walks into values and files what it finds under the fields it belongs to.
struct Collector<'c> {
    record: &'c [u8],
    index: &'c Index,
    fields: &'c Fields,
    slots: &'c mut Vec<Values>,
    stamp: u32,
    buffers: &'c mut Buffers,
}

impl Collector<'_> {
    /// Files `value`, which stands at `node`, and everything below it that some rule names.
    fn collect(&mut self, node: fields::NodeId, value: &Value) -> Result<(), RecordError> {
        let fields = self.fields;
        let Some(place) = fields.nodes.get(node as usize) else { return Ok(()) };
        if value.kind == Kind::Array {
            let mut elements = Elements::of(self.record, self.index, value.container);
            let mut is_empty = true;
            while let Some(element) = elements.step()? {
                is_empty = false;
                self.collect(node, &element)?;
            }
            if let Some(slot) = place.slot.filter(|_| is_empty) {
                // An empty array is there, though nothing is in it.
                self.file(slot, value);
            }
            return Ok(());
        }
        if let Some(slot) = place.slot {
            self.file(slot, value);
        }
        if value.kind != Kind::Object || place.edges.is_empty() {
            return Ok(());
        }
        let mut members = Members::of(self.record, self.index, value.container);
        let mut seen = 0_u64;
        while let Some((start, end, member)) = members.step()? {
            let has_escapes = self.index.has_escapes;
            let found = find_edge(&place.edges, self.record, start, end, has_escapes, &mut self.buffers.text)?;
            let Some((edge, child)) = found else { continue };
            let bit = 1_u64.checked_shl(u32::try_from(edge).unwrap_or(u32::MAX)).unwrap_or(0);
            let may_repeat = bit == 0 || seen & bit != 0;
            if may_repeat {
                self.forget(child, value.start, member.start);
            }
            seen |= bit;
            self.collect(child, &member)?;
        }
        Ok(())
    }

    /// Drops what an earlier key of the same name in the same object held: the last one counts.
    fn forget(&mut self, node: fields::NodeId, from: u32, to: u32) {
        let below = self.fields.nodes.get(node as usize).map(|node| node.below.as_slice()).unwrap_or_default();
        for slot in below {
            if let Some(values) = self.slots.get_mut(*slot as usize).filter(|values| values.stamp == self.stamp) {
                values.list.retain(|value| value.start <= from || to <= value.start);
            }
        }
    }

    fn file(&mut self, slot: Slot, value: &Value) {
        let Some(values) = self.slots.get_mut(slot as usize) else { return };
        if values.stamp != self.stamp {
            values.stamp = self.stamp;
            values.list.clear();
        }
        values.list.push(*value);
    }

    /// Files every text, number and boolean of the record under [`EVERYTHING`].
    fn everything(&mut self, container: u32) -> Result<(), RecordError> {
        let mut members = Members::of(self.record, self.index, container);
        while let Some((_, _, value)) = members.step()? {
            self.everything_in(&value)?;
        }
        Ok(())
    }

    fn everything_in(&mut self, value: &Value) -> Result<(), RecordError> {
        match value.kind {
            Kind::Object => self.everything(value.container),
            Kind::Array => {
                let mut elements = Elements::of(self.record, self.index, value.container);
                while let Some(element) = elements.step()? {
                    self.everything_in(&element)?;
                }
                Ok(())
            }
            Kind::Null => Ok(()),
            Kind::Text | Kind::Number | Kind::True | Kind::False => {
                self.file(EVERYTHING, value);
                Ok(())
            }
        }
    }
}

/// The edge for the key at `record[start..end]`.
#[inline]
fn find_edge(
    edges: &fields::Edges,
    record: &[u8],
    start: usize,
    end: usize,
    has_escapes: bool,
    decoded: &mut Vec<u8>,
) -> Result<Option<(usize, fields::NodeId)>, RecordError> {
    let key = record.get(start..end).unwrap_or_default();
    if has_escapes && key.contains(&b'\\') {
        decoded.clear();
        let bad = |at| RecordError::at(start + at, RecordFault::InvalidEscape);
        text::unescape(key, decoded).map_err(bad)?;
        return Ok(edges.find(fields::first_word(decoded), decoded));
    }
    Ok(edges.find(fields::word_at(record, start, end), key))
}
