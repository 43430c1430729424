//! The rules for one log, arranged so that most records touch few of them: a rule whose match needs a certain text in a
//! certain field is only looked at when that text is there. Whole texts are looked up in a table, parts of texts are all
//! searched for at once.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use crate::expression::Witnesses;
use crate::fields::{NodeId, ROOT};
use crate::predicate::fold;
use crate::program::{Compiled, CompiledRule, LogSourceId};
use crate::table::{Key, Table};

#[derive(Debug)]
pub(crate) struct Plan {
    /// Positions in [`Compiled::rules`] of rules that no single text decides.
    pub(crate) always: Vec<u32>,
    pub(crate) dispatch: Vec<Dispatch>,
}

/// For one field: texts → rules that may match.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(crate) field: NodeId,
    finder: Finder,
    /// By number of text.
    rules: Vec<Vec<u32>>,
}

#[derive(Debug)]
enum Finder {
    /// The field's text must be one of these. The number is the length of the longest: folding longer ones, such as
    /// user agents, would cost most of the time.
    Whole(Table, usize),
    /// The field's text must hold one of these.
    Part(Box<AhoCorasick>),
}

/// Texts in lower case and the rules that need them.
type Needs = BTreeMap<Box<[u8]>, Vec<u32>>;

impl Plan {
    pub(crate) fn new(compiled: &Compiled, source: LogSourceId) -> Self {
        let applying: Vec<(u32, &CompiledRule)> =
            (0..).zip(&compiled.rules).filter(|(_, rule)| rule.applies(source)).collect();
        // The field that tells most rules apart is the best to look at: `eventName` rather than `eventSource`.
        let mut variety: BTreeMap<NodeId, BTreeSet<&[u8]>> = BTreeMap::new();
        for (_, rule) in &applying {
            for (field, texts) in &rule.wholes {
                variety.entry(*field).or_default().extend(texts.iter().map(|text| &**text));
            }
        }
        let mut plan = Self { always: Vec::new(), dispatch: Vec::new() };
        let mut wholes: BTreeMap<NodeId, Needs> = BTreeMap::new();
        let mut parts: BTreeMap<NodeId, Needs> = BTreeMap::new();
        for (number, rule) in &applying {
            let most_varied = |field: &NodeId| variety.get(field).map_or(0, BTreeSet::len);
            if let Some(field) = best(&rule.wholes, most_varied) {
                need(&mut wholes, &rule.wholes, field, *number);
            } else if let Some(field) = best(&rule.parts, |field| shortest(&rule.parts, *field)) {
                need(&mut parts, &rule.parts, field, *number);
            } else {
                plan.always.push(*number);
            }
        }
        plan.dispatch.extend(wholes.into_iter().map(|(field, needs)| Dispatch::whole(field, needs)));
        for (field, needs) in parts {
            match Dispatch::part(field, &needs) {
                Some(dispatch) => plan.dispatch.push(dispatch),
                None => plan.always.extend(needs.into_values().flatten().collect::<BTreeSet<u32>>()),
            }
        }
        plan
    }
}

/// The field with the highest score; reading the whole record comes last, and of equals the first is taken.
fn best(witnesses: &Witnesses, score: impl Fn(&NodeId) -> usize) -> Option<NodeId> {
    let rank = |field: &&NodeId| (**field != ROOT, score(field), std::cmp::Reverse(**field));
    witnesses.keys().max_by_key(rank).copied()
}

/// A long text is rarer than a short one.
fn shortest(witnesses: &Witnesses, field: NodeId) -> usize {
    witnesses.get(&field).and_then(|texts| texts.iter().map(|text| text.len()).min()).unwrap_or(0)
}

fn need(all: &mut BTreeMap<NodeId, Needs>, witnesses: &Witnesses, field: NodeId, rule: u32) {
    let needs = all.entry(field).or_default();
    for text in witnesses.get(&field).into_iter().flatten() {
        needs.entry(text.clone()).or_default().push(rule);
    }
}

impl Dispatch {
    fn whole(field: NodeId, needs: Needs) -> Self {
        let mut table = Table::of_texts();
        let mut longest = 0;
        for (number, text) in (0..).zip(needs.keys()) {
            table.insert(text, number);
            longest = longest.max(text.len());
        }
        Self { field, finder: Finder::Whole(table, longest), rules: needs.into_values().collect() }
    }

    /// `None` if the automaton would be too large.
    fn part(field: NodeId, needs: &Needs) -> Option<Self> {
        let search = AhoCorasick::new(needs.keys()).ok()?;
        Some(Self { field, finder: Finder::Part(Box::new(search)), rules: needs.values().cloned().collect() })
    }

    /// Calls `candidate` for the rules that may match when the field has this text, some of them several times.
    #[inline]
    pub(crate) fn visit(&self, text: &[u8], folded: &mut Vec<u8>, mut candidate: impl FnMut(u32)) {
        match &self.finder {
            Finder::Whole(table, longest) => {
                // Folding changes the length only beyond ASCII, and then by no more than three times.
                if 3 * longest < text.len() {
                    return;
                }
                let number = if text.is_ascii() {
                    table.find_ignoring_case(Key::of(text))
                } else {
                    table.find(Key::of(fold(text, folded)))
                };
                self.of(number.map(|number| number as usize)).iter().for_each(|rule| candidate(*rule));
            }
            Finder::Part(search) => {
                for found in search.find_overlapping_iter(fold(text, folded)) {
                    self.of(Some(found.pattern().as_usize())).iter().for_each(|rule| candidate(*rule));
                }
            }
        }
    }

    fn of(&self, number: Option<usize>) -> &[u32] {
        number.and_then(|number| self.rules.get(number)).map(Vec::as_slice).unwrap_or_default()
    }
}
