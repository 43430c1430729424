//! Correlations as the two stages use them: what to take from a record, what to ask of a window, and whom to tell.

use super::condition::{Bound, Expression};
use super::document::CorrelationWindow;
use crate::fields::NodeId;

/// All correlations of a program.
#[derive(Debug, Default)]
pub(crate) struct CorrelationSet {
    /// By position in the slice that was compiled; `None` for those that cannot be used.
    pub(crate) items: Vec<Option<Compiled>>,
    /// Positions, inner ones before those that are about them.
    pub(crate) order: Vec<usize>,
    /// By rule: what its matches are taken for.
    pub(crate) feeds: Vec<Vec<Feed>>,
    /// By rule: it does not report by itself.
    pub(crate) quiet_rules: Vec<bool>,
    /// By correlation: it does not report by itself.
    pub(crate) quiet_correlations: Vec<bool>,
}

/// One correlation.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Id and version: what is kept across restarts belongs to exactly these.
    pub(crate) name: (String, String),
    pub(crate) timespan_us: i64,
    pub(crate) window: CorrelationWindow,
    pub(crate) count: Count,
    pub(crate) demand: Demand,
    pub(crate) outers: Vec<Outer>,
}

/// What a window is measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Count {
    Events,
    Distinct,
    Sum,
    Mean,
    Percentile(u32),
    /// Which rules are there.
    Rules,
    /// Which rules are there, and these in this order.
    Ordered(std::sync::Arc<[u8]>),
}

/// What is asked of the measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Demand {
    /// So many different rules.
    Every(usize),
    Bounds(Vec<Bound>),
    Expression(Expression),
}

/// What a rule's match brings to a correlation.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) correlation: u32,
    pub(crate) rule: u8,
    pub(crate) group: Box<[NodeId]>,
    pub(crate) values: Box<[NodeId]>,
    pub(crate) is_numeric: bool,
}

/// What an episode brings to a correlation that is about this one.
#[derive(Debug)]
pub(crate) struct Outer {
    pub(crate) correlation: usize,
    pub(crate) rule: u8,
    /// Positions in the inner group.
    pub(crate) group: Vec<usize>,
    /// As `group`, for what is counted.
    pub(crate) values: Vec<usize>,
    /// Temporal ones see every moment at which the inner condition holds; others see each episode once.
    pub(crate) is_each_moment: bool,
}

impl CorrelationSet {
    pub(crate) fn new(correlations: usize, rules: usize) -> Self {
        Self {
            items: (0..correlations).map(|_| None).collect(),
            order: Vec::new(),
            feeds: (0..rules).map(|_| Vec::new()).collect(),
            quiet_rules: vec![false; rules],
            quiet_correlations: vec![false; correlations],
        }
    }
}
