//! All rules as one program, and which of them apply to which log. A program never changes and can be shared between
//! threads; what changes while evaluating lives in [`crate::Matcher`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::compile::{Options, Shared};
use crate::correlation::{self, Correlation, CorrelationSet};
use crate::error::RuleError;
use crate::expression::{NodeId, Texts, Witnesses};
use crate::predicate::Test;
use crate::rule::{LogSource, Rule};

/// Compiled rules. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Program {
    pub(crate) compiled: Arc<Compiled>,
}

#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) shared: Shared,
    pub(crate) rules: Vec<CompiledRule>,
    pub(crate) correlations: CorrelationSet,
    /// Lower-case names of products, services and categories that rules mention.
    names: HashMap<String, u32>,
}

#[derive(Debug)]
pub(crate) struct CompiledRule {
    /// Position in the slice given to [`Program::compile`].
    pub(crate) index: usize,
    pub(crate) root: NodeId,
    product: Option<u32>,
    service: Option<u32>,
    category: Option<u32>,
    /// Fields of which one value must be in the set, whenever the rule matches.
    pub(crate) wholes: Witnesses,
    /// Fields of which one value must hold a text of the set, whenever the rule matches.
    pub(crate) parts: Witnesses,
}

/// A kind of log, as far as the rules of one program can tell it from others. It belongs to the program it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogSourceId {
    product: u32,
    service: u32,
    category: u32,
}

/// How large a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramStats {
    /// Rules that were compiled.
    pub rules: usize,
    /// Different fields they name.
    pub fields: usize,
    /// Different questions they ask.
    pub predicates: usize,
    /// Different expressions over these questions.
    pub expressions: usize,
}

/// The name that no rule mentions.
const UNMENTIONED: u32 = 0;
/// The caller does not say.
const UNKNOWN: u32 = u32::MAX;

impl Program {
    /// Compiles all rules into one program. Rules that cannot be compiled are left out and reported; the others keep
    /// their position in `rules` as their index.
    #[must_use]
    pub fn compile(rules: &[Rule], options: &Options) -> (Self, Vec<RuleError>) {
        Self::compile_with(rules, &[], options)
    }

    /// As [`Program::compile`], with correlations over these rules. A correlation keeps its position in `correlations`
    /// as its index. Beside errors there may be warnings about correlations that can be used.
    #[must_use]
    pub fn compile_with(rules: &[Rule], correlations: &[Correlation], options: &Options) -> (Self, Vec<RuleError>) {
        let mut shared = Shared::new();
        let mut names = HashMap::new();
        let mut compiled = Vec::new();
        let mut errors = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            match shared.rule(rule, options) {
                Ok(root) => compiled.push(CompiledRule::new(index, root, &rule.logsource, &mut names)),
                Err(found) => errors.extend(found),
            }
        }
        let usable: HashSet<usize> = compiled.iter().map(|rule| rule.index).collect();
        let (correlations, found) = correlation::resolve(correlations, rules, &usable, &mut shared);
        errors.extend(found);
        for rule in &mut compiled {
            let predicate = |number: u32| shared.predicates.get(number as usize);
            let needs = |test: fn(&Test) -> Option<Texts>| {
                let witness = |number| predicate(number).and_then(|known| Some((known.field, test(&known.test)?)));
                shared.expressions.witnesses(rule.root, &witness)
            };
            let (wholes, parts) = (needs(Test::needs_whole), needs(Test::needs_part));
            (rule.wholes, rule.parts) = (wholes, parts);
        }
        (Self { compiled: Arc::new(Compiled { shared, rules: compiled, correlations, names }) }, errors)
    }

    /// The log `service` of `product`, such as `aws` and `cloudtrail`. An empty name means *not known*.
    ///
    /// A rule applies to it if everything its `logsource` says holds: a product or service that it names must be equal
    /// (without regard to case), one that it does not name may be any. So a rule for `product: aws` alone applies to
    /// all services of AWS. A category narrows a rule to logs of that category only where the category of the log is
    /// known ([`Program::log_source_in`]); where it is not, a rule with product and category applies to all services of
    /// the product, and a rule with only a category applies to nothing. A rule with an empty `logsource` applies to
    /// every log.
    #[must_use]
    pub fn log_source(&self, product: &str, service: &str) -> LogSourceId {
        self.log_source_in(product, service, "")
    }

    /// As [`Program::log_source`], for a log whose category is known.
    #[must_use]
    pub fn log_source_in(&self, product: &str, service: &str, category: &str) -> LogSourceId {
        let number = |name: &str| match name {
            "" => UNKNOWN,
            name => self.compiled.names.get(&name.to_lowercase()).copied().unwrap_or(UNMENTIONED),
        };
        LogSourceId { product: number(product), service: number(service), category: number(category) }
    }

    /// Indices of the rules that apply to a log.
    #[must_use]
    pub fn rules_for(&self, source: LogSourceId) -> Vec<usize> {
        self.compiled.rules.iter().filter(|rule| rule.applies(source)).map(|rule| rule.index).collect()
    }

    /// Whether a match of the rule is a finding of its own. A rule that correlations are about is not, unless one of them
    /// says `generate: true`.
    #[must_use]
    pub fn reports_alone(&self, rule: usize) -> bool {
        !self.compiled.correlations.quiet_rules.get(rule).copied().unwrap_or(false)
    }

    /// As [`Program::reports_alone`], for the episodes of a correlation that others are about.
    #[must_use]
    pub fn correlation_reports_alone(&self, correlation: usize) -> bool {
        !self.compiled.correlations.quiet_correlations.get(correlation).copied().unwrap_or(false)
    }

    /// Whether matches of the rule are hits of some correlation.
    #[must_use]
    pub fn feeds_correlations(&self, rule: usize) -> bool {
        self.compiled.correlations.feeds.get(rule).is_some_and(|feeds| !feeds.is_empty())
    }

    /// Whether the correlation at this position can be used.
    #[must_use]
    pub fn has_correlation(&self, correlation: usize) -> bool {
        self.compiled.correlations.items.get(correlation).is_some_and(Option::is_some)
    }

    /// The longest window of any correlation, in microseconds: how far back hits are needed to know everything.
    #[must_use]
    pub fn longest_timespan_us(&self) -> i64 {
        let items = self.compiled.correlations.items.iter().flatten();
        items.map(|correlation| correlation.timespan_us).max().unwrap_or(0)
    }

    /// The vendor's field names that the rules ask for, in no particular order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.compiled.shared.fields.names()
    }

    /// How large the program is.
    #[must_use]
    pub fn stats(&self) -> ProgramStats {
        let shared = &self.compiled.shared;
        ProgramStats {
            rules: self.compiled.rules.len(),
            fields: shared.fields.names().count(),
            predicates: shared.predicates.len(),
            expressions: shared.expressions.nodes.len(),
        }
    }
}

impl CompiledRule {
    fn new(index: usize, root: NodeId, logsource: &LogSource, names: &mut HashMap<String, u32>) -> Self {
        let mut number = |name: &Option<String>| {
            let name = name.as_ref().filter(|name| !name.is_empty())?.to_lowercase();
            // 0 stays free for names that no rule mentions.
            let next = u32::try_from(names.len() + 1).unwrap_or(UNKNOWN);
            Some(*names.entry(name).or_insert(next))
        };
        Self {
            index,
            root,
            product: number(&logsource.product),
            service: number(&logsource.service),
            category: number(&logsource.category),
            wholes: Witnesses::new(),
            parts: Witnesses::new(),
        }
    }

    pub(crate) fn applies(&self, source: LogSourceId) -> bool {
        let agrees = |wanted: Option<u32>, given: u32| wanted.is_none_or(|wanted| wanted == given);
        let category_agrees = match self.category {
            None => true,
            Some(wanted) if source.category != UNKNOWN => wanted == source.category,
            Some(_) => self.product.is_some(),
        };
        agrees(self.product, source.product) && agrees(self.service, source.service) && category_agrees
    }
}
