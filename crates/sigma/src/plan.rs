//! The rules for one log, arranged so that most records touch few of them: a rule whose match needs a certain text in a
//! certain field is only looked at when that text is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::fields::NodeId;
use crate::predicate::fold;
use crate::program::{Compiled, CompiledRule, LogSourceId};
use crate::table::{Key, Table};

#[derive(Debug)]
pub(crate) struct Plan {
    /// Positions in [`Compiled::rules`] of rules that no single text decides.
    pub(crate) always: Vec<u32>,
    pub(crate) dispatch: Vec<Dispatch>,
}

/// For one field: text → rules that may match.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(crate) field: NodeId,
    /// Lower-case texts, numbering `rules`.
    texts: Table,
    rules: Vec<Vec<u32>>,
    /// Texts longer than this are not in the table. Folding them, such as user agents, would cost most of the time.
    bytes_max: usize,
}

impl Plan {
    pub(crate) fn new(compiled: &Compiled, source: LogSourceId) -> Self {
        let applying: Vec<(u32, &CompiledRule)> =
            (0..).zip(&compiled.rules).filter(|(_, rule)| rule.applies(source)).collect();
        // The field that tells most rules apart is the best to look at: `eventName` rather than `eventSource`.
        let mut texts: BTreeMap<NodeId, BTreeSet<&[u8]>> = BTreeMap::new();
        for (_, rule) in &applying {
            for (field, literals) in &rule.witnesses {
                texts.entry(*field).or_default().extend(literals.iter().map(|literal| &**literal));
            }
        }
        let variety = |field: &NodeId| texts.get(field).map_or(0, BTreeSet::len);
        let mut always = Vec::new();
        let mut dispatch: BTreeMap<NodeId, Dispatch> = BTreeMap::new();
        for (number, rule) in &applying {
            let best = rule.witnesses.iter().max_by_key(|(field, _)| (variety(field), std::cmp::Reverse(**field)));
            let Some((field, literals)) = best else {
                always.push(*number);
                continue;
            };
            let table = dispatch.entry(*field).or_insert_with(|| Dispatch::new(*field));
            literals.iter().for_each(|literal| table.add(literal, *number));
        }
        Self { always, dispatch: dispatch.into_values().collect() }
    }
}

impl Dispatch {
    fn new(field: NodeId) -> Self {
        Self { field, texts: Table::default(), rules: Vec::new(), bytes_max: 0 }
    }

    fn add(&mut self, text: &[u8], rule: u32) {
        let next = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let number = self.texts.find(Key::of(text)).unwrap_or(next);
        if number == next {
            self.texts.insert(text, number);
            self.rules.push(Vec::new());
            self.bytes_max = self.bytes_max.max(text.len());
        }
        if let Some(rules) = self.rules.get_mut(number as usize) {
            rules.push(rule);
        }
    }

    /// The rules that may match when the field has this text.
    #[inline]
    pub(crate) fn rules(&self, text: &[u8], folded: &mut Vec<u8>) -> &[u32] {
        // Folding changes the length only beyond ASCII, and then by less than three times.
        if 3 * self.bytes_max < text.len() {
            return &[];
        }
        let number = if text.is_ascii() {
            self.texts.find_ignoring_case(Key::of(text))
        } else {
            self.texts.find(Key::of(fold(text, folded)))
        };
        number.and_then(|number| self.rules.get(number as usize)).map(Vec::as_slice).unwrap_or_default()
    }
}
