//! What must hold in a window: bounds on a number, or an expression over the rules that are there. Numbers are exact:
//! millionths as integers, so that no order of adding up can change an answer.

use super::measure::Measure;

/// Bounds and measures are counted in millionths.
pub(crate) const MICROS: i128 = 1_000_000;

/// The condition of one correlation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Every rule is there.
    EveryRule,
    /// A number is within all bounds.
    Bounds(Vec<Bound>, Subject),
    /// The rules that are there fit the expression.
    Expression(Expression),
}

/// What the number is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) fields: Vec<String>,
    /// 0 to 100.
    pub(crate) percentile: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) operator: Operator,
    pub(crate) micros: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Lt,
    Lte,
    Gt,
    Gte,
    Eq,
    Neq,
}

/// An expression over rules, by their position among the correlation's references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Rule(usize),
    Not(Box<Self>),
    All(Vec<Self>),
    /// At least so many.
    Some(u64, Vec<Self>),
}

impl Operator {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("eq", Self::Eq),
        ("neq", Self::Neq),
    ];
}

impl Bound {
    /// Whether a measure is within the bound.
    pub(crate) fn holds(self, measure: Measure) -> bool {
        let order = measure.compare(self.micros);
        match self.operator {
            Operator::Lt => order.is_lt(),
            Operator::Lte => order.is_le(),
            Operator::Gt => order.is_gt(),
            Operator::Gte => order.is_ge(),
            Operator::Eq => order.is_eq(),
            Operator::Neq => order.is_ne(),
        }
    }
}

impl Expression {
    /// Whether the expression holds, given which rules are there.
    pub(crate) fn holds(&self, is_there: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Rule(rule) => is_there(*rule),
            Self::Not(inner) => !inner.holds(is_there),
            Self::All(parts) => parts.iter().all(|part| part.holds(is_there)),
            Self::Some(needed, parts) => {
                *needed <= parts.iter().filter(|part| part.holds(is_there)).map(|_| 1).sum::<u64>()
            }
        }
    }

    /// Every rule that is named.
    pub(crate) fn rules(&self, out: &mut Vec<usize>) {
        match self {
            Self::Rule(rule) => out.push(*rule),
            Self::Not(inner) => inner.rules(out),
            Self::All(parts) | Self::Some(_, parts) => parts.iter().for_each(|part| part.rules(out)),
        }
    }

    /// The rules that must be there, if the expression only joins rules and their absence with `and`.
    pub(crate) fn required(&self) -> Option<Vec<usize>> {
        match self {
            Self::Rule(rule) => Some(vec![*rule]),
            Self::Not(inner) => matches!(**inner, Self::Rule(_)).then(Vec::new),
            Self::All(parts) => {
                let mut required = Vec::new();
                for part in parts {
                    required.extend(part.required()?);
                }
                Some(required)
            }
            Self::Some(..) => None,
        }
    }
}
