//! From correlation documents to a set that can be evaluated: references become rules, names become fields of the shared
//! program, and each inner correlation learns which outer ones wait for it. One that cannot be used is left out and
//! reported; so is every one that depends on it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::compiled::{Compiled, CorrelationSet, Count, Demand, Feed, Outer};
use super::condition::{Condition, Expression};
use super::document::{Correlation, CorrelationKind};
use crate::compile::Shared;
use crate::error::{RuleError, Severity};
use crate::fields::NodeId;
use crate::language;
use crate::rule::{Level, Place, Rule};

/// What a reference leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Target {
    Rule(usize),
    Correlation(usize),
}

/// Correlations that refer to each other deeper than this are refused.
const DEPTH_MAX: usize = 8;

/// Compiles all correlations against the rules that could be compiled.
pub(crate) fn resolve(
    correlations: &[Correlation],
    rules: &[Rule],
    usable: &HashSet<usize>,
    shared: &mut Shared,
) -> (CorrelationSet, Vec<RuleError>) {
    let mut resolver = Resolver {
        correlations,
        rules,
        usable,
        names: names(rules, correlations),
        states: vec![State::New; correlations.len()],
        sources: Vec::new(),
        set: CorrelationSet::new(correlations.len(), rules.len()),
        errors: Vec::new(),
    };
    if correlations.is_empty() {
        return (CorrelationSet::default(), Vec::new());
    }
    for number in 0..correlations.len() {
        resolver.visit(number, 0, shared);
    }
    resolver.decide_who_reports();
    (resolver.set, resolver.errors)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// Being resolved: meeting it again is a cycle.
    Open,
    Good(usize),
    Bad,
}

struct Resolver<'r> {
    correlations: &'r [Correlation],
    rules: &'r [Rule],
    usable: &'r HashSet<usize>,
    names: Names<'r>,
    states: Vec<State>,
    /// For every good correlation what it is about.
    sources: Vec<(usize, Vec<Target>)>,
    set: CorrelationSet,
    errors: Vec<RuleError>,
}

#[derive(Default)]
struct Names<'r> {
    ids: HashMap<&'r str, Vec<Target>>,
    names: HashMap<&'r str, Vec<Target>>,
    titles: HashMap<&'r str, Vec<Target>>,
}

fn names<'r>(rules: &'r [Rule], correlations: &'r [Correlation]) -> Names<'r> {
    let mut names = Names::default();
    let rules = rules.iter().enumerate().map(|(n, own)| (Target::Rule(n), &own.id, &own.name, &own.title));
    let correlations =
        correlations.iter().enumerate().map(|(n, own)| (Target::Correlation(n), &own.id, &own.name, &own.title));
    for (target, id, name, title) in rules.chain(correlations) {
        names.ids.entry(id).or_default().push(target);
        names.titles.entry(title).or_default().push(target);
        if let Some(name) = name {
            names.names.entry(name).or_default().push(target);
        }
    }
    names
}

/// A mistake, near the author's words.
struct Mistake {
    near: String,
    message: String,
    help: String,
}

fn mistake(near: &str, message: String, help: &str) -> Mistake {
    Mistake { near: near.to_owned(), message, help: help.to_owned() }
}

/// One correlation with its references found.
struct Found {
    /// Each different target once, in order of first appearance.
    sources: Vec<Target>,
    /// For every reference its source.
    sequence: Vec<usize>,
    /// Alias → source → field.
    aliases: BTreeMap<String, BTreeMap<usize, String>>,
}

impl Resolver<'_> {
    /// Resolves a correlation after those it is about. `None` if it cannot be used.
    fn visit(&mut self, number: usize, depth: usize, shared: &mut Shared) -> Option<usize> {
        match self.states.get(number)? {
            State::Good(depth) => return Some(*depth),
            State::Bad | State::Open => return None,
            State::New => {}
        }
        let correlation = self.correlations.get(number)?;
        self.set_state(number, State::Open);
        let resolved = self.one(number, correlation, depth, shared);
        match resolved {
            Ok(own_depth) => {
                self.set_state(number, State::Good(own_depth));
                Some(own_depth)
            }
            Err(mistake) => {
                self.set_state(number, State::Bad);
                let place = Place::inside(&correlation.source.document, "correlation", &mistake.near);
                self.errors.push(correlation.source.error(place, mistake.message, mistake.help));
                None
            }
        }
    }

    fn set_state(&mut self, number: usize, state: State) {
        if let Some(known) = self.states.get_mut(number) {
            *known = state;
        }
    }

    fn one(
        &mut self,
        number: usize,
        correlation: &Correlation,
        depth: usize,
        shared: &mut Shared,
    ) -> Result<usize, Mistake> {
        let found = self.find_all(correlation)?;
        let mut deepest = 0;
        for (source, reference) in found.sources.iter().zip(references(&found, correlation)) {
            if let Target::Correlation(inner) = source {
                let is_cycle = self.states.get(*inner) == Some(&State::Open);
                if is_cycle || DEPTH_MAX <= depth {
                    let help = "a correlation is about rules and about correlations that do not lead back to it";
                    return Err(mistake(reference, format!("`{reference}` leads back to this correlation"), help));
                }
                let inner_depth = self.visit(*inner, depth + 1, shared).ok_or_else(|| unusable(reference))?;
                deepest = deepest.max(inner_depth + 1);
                if DEPTH_MAX < deepest {
                    let message = format!("correlations are about correlations more than {DEPTH_MAX} deep");
                    return Err(mistake(reference, message, "leave out steps in between"));
                }
            } else if let Target::Rule(rule) = source
                && !self.usable.contains(rule)
            {
                return Err(unusable(reference));
            }
        }
        let wiring = self.wire(number, correlation, &found, shared)?;
        for (rule, feed) in wiring.feeds {
            if let Some(feeds) = self.set.feeds.get_mut(rule) {
                feeds.push(feed);
            }
        }
        for (inner, outer) in wiring.outers {
            if let Some(Some(inner)) = self.set.items.get_mut(inner) {
                inner.outers.push(outer);
            }
        }
        if let Some(item) = self.set.items.get_mut(number) {
            *item = Some(compiled(correlation, &found));
        }
        self.set.order.push(number);
        self.sources.push((number, found.sources));
        Ok(deepest)
    }

    fn find_all(&mut self, correlation: &Correlation) -> Result<Found, Mistake> {
        let mut found = Found { sources: Vec::new(), sequence: Vec::new(), aliases: BTreeMap::new() };
        for reference in &correlation.rules {
            let target = self.find(reference, correlation)?;
            let known = found.sources.iter().position(|source| *source == target);
            let source = known.unwrap_or_else(|| {
                found.sources.push(target);
                found.sources.len() - 1
            });
            found.sequence.push(source);
        }
        for (alias, fields) in &correlation.aliases {
            let mut by_source = BTreeMap::new();
            for (reference, field) in fields {
                let target = self.find(reference, correlation)?;
                let Some(source) = found.sources.iter().position(|source| *source == target) else {
                    let message = format!("the alias `{alias}` names `{reference}`, which is not in `rules`");
                    return Err(mistake(reference, message, "an alias names fields of the rules that are correlated"));
                };
                by_source.insert(source, field.clone());
            }
            found.aliases.insert(alias.clone(), by_source);
        }
        Ok(found)
    }

    /// By id, else by name (in the same file first), else by title.
    fn find(&mut self, reference: &str, correlation: &Correlation) -> Result<Target, Mistake> {
        if let Some(target) = self.names.ids.get(reference).and_then(|targets| targets.first()) {
            return Ok(*target);
        }
        let by_name = self.names.names.get(reference);
        let by_title = self.names.titles.get(reference);
        let Some(targets) = by_name.or(by_title) else {
            let help = "a rule is referred to by its `id` or `name`, and must be loaded too";
            return Err(mistake(reference, format!("no rule is called `{reference}`"), help));
        };
        let near: Vec<Target> =
            targets.iter().copied().filter(|target| self.file(*target) == Some(&correlation.file)).collect();
        let target = match (near.as_slice(), targets.as_slice()) {
            ([only], _) | ([], [only]) => *only,
            _ => {
                let message = format!("{} rules are called `{reference}`", targets.len());
                return Err(mistake(reference, message, "refer to the one that is meant by its id"));
            }
        };
        if by_name.is_none() {
            let place = Place::inside(&correlation.source.document, "correlation", reference);
            let message = format!("`{reference}` is the title of a rule");
            let help = "refer to rules by `id` or `name`: titles are for people and may change".to_owned();
            let warning = correlation.source.problem(Severity::Warning, place, message, Some(help));
            if !self.errors.contains(&warning) {
                self.errors.push(warning);
            }
        }
        Ok(target)
    }

    fn file(&self, target: Target) -> Option<&String> {
        match target {
            Target::Rule(rule) => self.rules.get(rule).map(|rule| &rule.file),
            Target::Correlation(number) => self.correlations.get(number).map(|own| &own.file),
        }
    }

    /// Where the values of the group and of what is counted come from, for every source.
    fn wire(
        &self,
        number: usize,
        correlation: &Correlation,
        found: &Found,
        shared: &mut Shared,
    ) -> Result<Wiring, Mistake> {
        let mut wiring = Wiring::default();
        let counted = match &correlation.condition {
            Condition::Bounds(_, subject) => subject.fields.as_slice(),
            Condition::EveryRule | Condition::Expression(_) => &[],
        };
        for (source, target) in found.sources.iter().enumerate() {
            let own = |name: &String| {
                let alias = found.aliases.get(name).and_then(|fields| fields.get(&source));
                alias.unwrap_or(name).clone()
            };
            let group: Vec<String> = correlation.group_by.iter().map(own).collect();
            let values: Vec<String> = counted.iter().map(own).collect();
            let rule = u8::try_from(source).unwrap_or(u8::MAX);
            match target {
                Target::Rule(index) => {
                    let group = intern(&group, shared)?;
                    let values = intern(&values, shared)?;
                    let correlation_number = u32::try_from(number).unwrap_or(u32::MAX);
                    let is_numeric = correlation.kind.is_numeric();
                    let feed = Feed { correlation: correlation_number, rule, group, values, is_numeric };
                    wiring.feeds.push((*index, feed));
                }
                Target::Correlation(inner) => {
                    let Some(inner_document) = self.correlations.get(*inner) else { continue };
                    let group = places(&group, inner_document, "group-by")?;
                    let values = places(&values, inner_document, "field:")?;
                    let is_each_moment = correlation.kind.is_temporal();
                    wiring.outers.push((*inner, Outer { correlation: number, rule, group, values, is_each_moment }));
                }
            }
        }
        Ok(wiring)
    }

    /// A rule that a correlation is about reports by itself only if some correlation says so.
    fn decide_who_reports(&mut self) {
        let mut kept: HashSet<Target> = HashSet::new();
        let mut silenced: HashMap<Target, usize> = HashMap::new();
        for (number, sources) in std::mem::take(&mut self.sources) {
            if self.correlations.get(number).is_some_and(|correlation| correlation.generate) {
                kept.extend(sources);
            } else {
                for source in sources {
                    silenced.entry(source).or_insert(number);
                }
            }
        }
        let mut silenced: Vec<(Target, usize)> =
            silenced.into_iter().filter(|(target, _)| !kept.contains(target)).collect();
        silenced.sort_unstable();
        for (target, by) in silenced {
            self.silence(target, by);
        }
    }

    fn silence(&mut self, target: Target, by: usize) {
        let (flags, number) = match target {
            Target::Rule(rule) => (&mut self.set.quiet_rules, rule),
            Target::Correlation(number) => (&mut self.set.quiet_correlations, number),
        };
        if let Some(flag) = flags.get_mut(number) {
            *flag = true;
        }
        let (Some(correlation), Target::Rule(rule)) = (self.correlations.get(by), target) else { return };
        let Some(rule) = self.rules.get(rule) else { return };
        let is_surprising = Some(Level::Medium) <= rule.level && rule.file != correlation.file;
        if is_surprising {
            let place = Place::of_key(&correlation.source.document, "correlation");
            let level = rule.level.map_or("", Level::as_str);
            let message = format!("`{}` (level {level}) no longer reports by itself", rule.title);
            let help = "write `generate: true` at the top of the document to keep its own findings".to_owned();
            self.errors.push(correlation.source.problem(Severity::Warning, place, message, Some(help)));
        }
    }
}

#[derive(Default)]
struct Wiring {
    feeds: Vec<(usize, Feed)>,
    outers: Vec<(usize, Outer)>,
}

/// For every source the words that refer to it.
fn references<'c>(found: &Found, correlation: &'c Correlation) -> Vec<&'c str> {
    let first = |source: usize| found.sequence.iter().position(|own| *own == source);
    (0..found.sources.len()).filter_map(|source| correlation.rules.get(first(source)?).map(String::as_str)).collect()
}

fn unusable(reference: &str) -> Mistake {
    let help = "repair that one first; its own message says how";
    mistake(reference, format!("`{reference}` cannot be used"), help)
}

fn intern(names: &[String], shared: &mut Shared) -> Result<Box<[NodeId]>, Mistake> {
    let one = |name: &String| {
        let field = language::literal_field(name).and_then(|name| shared.fields.intern(&name));
        field.ok_or_else(|| {
            let help = "name the field with dots between its steps, without positions in arrays";
            mistake(name, format!("`{name}` is not a field that can be looked up"), help)
        })
    };
    names.iter().map(one).collect()
}

/// Positions among what the inner correlation is grouped by: nothing else of it is known outside.
fn places(names: &[String], inner: &Correlation, near: &str) -> Result<Vec<usize>, Mistake> {
    let one = |name: &String| {
        inner.group_by.iter().position(|own| own == name).ok_or_else(|| {
            let message = format!("`{}` is not grouped by `{name}`", inner.title);
            let help = "add the field to the `group-by` of the inner correlation, or map it with `aliases`";
            mistake(near, message, help)
        })
    };
    names.iter().map(one).collect()
}

fn compiled(correlation: &Correlation, found: &Found) -> Compiled {
    let rule = |source: &usize| u8::try_from(*source).unwrap_or(u8::MAX);
    let required = match &correlation.condition {
        Condition::Expression(expression) => {
            let mut required = expression.required().unwrap_or_default();
            required.sort_unstable();
            required.iter().filter_map(|position| found.sequence.get(*position)).map(rule).collect()
        }
        Condition::EveryRule | Condition::Bounds(..) => found.sequence.iter().map(rule).collect(),
    };
    let count = match correlation.kind {
        CorrelationKind::EventCount => Count::Events,
        CorrelationKind::ValueCount => Count::Distinct,
        CorrelationKind::ValueSum => Count::Sum,
        CorrelationKind::ValueAvg => Count::Mean,
        CorrelationKind::ValueMedian => Count::Percentile(50),
        CorrelationKind::ValuePercentile => match &correlation.condition {
            Condition::Bounds(_, subject) => Count::Percentile(subject.percentile),
            Condition::EveryRule | Condition::Expression(_) => Count::Percentile(50),
        },
        CorrelationKind::Temporal => Count::Rules,
        CorrelationKind::TemporalOrdered => Count::Ordered(required),
    };
    let demand = match &correlation.condition {
        Condition::EveryRule => Demand::Every(found.sources.len()),
        Condition::Bounds(bounds, _) => Demand::Bounds(bounds.clone()),
        Condition::Expression(expression) => Demand::Expression(by_source(expression, &found.sequence)),
    };
    let name = (correlation.id.clone(), correlation.version.clone());
    let (timespan_us, window) = (correlation.timespan_us, correlation.window);
    Compiled { name, timespan_us, window, count, demand, outers: Vec::new() }
}

/// The expression with positions of references replaced by sources.
fn by_source(expression: &Expression, sequence: &[usize]) -> Expression {
    let all = |parts: &[Expression]| parts.iter().map(|part| by_source(part, sequence)).collect();
    match expression {
        Expression::Rule(position) => Expression::Rule(sequence.get(*position).copied().unwrap_or(*position)),
        Expression::Not(inner) => Expression::Not(Box::new(by_source(inner, sequence))),
        Expression::All(parts) => Expression::All(all(parts)),
        Expression::Some(needed, parts) => Expression::Some(*needed, all(parts)),
    }
}
