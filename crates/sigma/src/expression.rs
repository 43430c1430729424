//! Conditions as a graph of shared expressions. Equal expressions are one node, children are sorted cheapest first, and
//! trivial ones are folded away.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::fields;

pub(crate) type NodeId = u32;

/// Texts in lower case.
pub(crate) type Texts = BTreeSet<Box<[u8]>>;

/// For each field, texts of which it must have one.
pub(crate) type Witnesses = BTreeMap<fields::NodeId, Texts>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Expression {
    Constant(bool),
    Predicate(u32),
    Not(NodeId),
    All(Box<[NodeId]>),
    Any(Box<[NodeId]>),
    /// At least so many of the children.
    Some(u64, Box<[NodeId]>),
}

#[derive(Debug, Default)]
pub(crate) struct Expressions {
    pub(crate) nodes: Vec<Expression>,
    costs: Vec<u32>,
    known: HashMap<Expression, NodeId>,
}

impl Expressions {
    pub(crate) fn predicate(&mut self, number: u32, cost: u8) -> NodeId {
        self.intern(Expression::Predicate(number), u32::from(cost))
    }

    pub(crate) fn constant(&mut self, value: bool) -> NodeId {
        self.intern(Expression::Constant(value), 0)
    }

    pub(crate) fn not(&mut self, child: NodeId) -> NodeId {
        match self.get(child) {
            Some(Expression::Not(inner)) => *inner,
            Some(Expression::Constant(value)) => {
                let value = !*value;
                self.constant(value)
            }
            _ => {
                let cost = self.cost(child);
                self.intern(Expression::Not(child), cost)
            }
        }
    }

    pub(crate) fn all(&mut self, children: Vec<NodeId>) -> NodeId {
        self.join(children, true)
    }

    pub(crate) fn any(&mut self, children: Vec<NodeId>) -> NodeId {
        self.join(children, false)
    }

    /// At least `count` of the children, each counted as often as it is listed.
    pub(crate) fn some(&mut self, count: u64, children: Vec<NodeId>) -> NodeId {
        let available = children.len() as u64;
        match count {
            0 => self.constant(true),
            1 => self.any(children),
            count if count == available => self.all(children),
            count if available < count => self.constant(false),
            count => {
                let cost = self.sum(&children);
                self.intern(Expression::Some(count, children.into()), cost)
            }
        }
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<&Expression> {
        self.nodes.get(node as usize)
    }

    fn cost(&self, node: NodeId) -> u32 {
        self.costs.get(node as usize).copied().unwrap_or(0)
    }

    fn sum(&self, children: &[NodeId]) -> u32 {
        children.iter().fold(1, |sum: u32, child| sum.saturating_add(self.cost(*child)))
    }

    /// `neutral` is what an empty list amounts to: true for all, false for any. Its opposite decides alone.
    fn join(&mut self, children: Vec<NodeId>, neutral: bool) -> NodeId {
        let mut flat = BTreeSet::new();
        for child in children {
            match self.get(child) {
                Some(Expression::Constant(value)) if *value == neutral => {}
                Some(Expression::Constant(_)) => return self.constant(!neutral),
                Some(Expression::All(inner)) if neutral => flat.extend(inner.iter().copied()),
                Some(Expression::Any(inner)) if !neutral => flat.extend(inner.iter().copied()),
                _ => {
                    flat.insert(child);
                }
            }
        }
        let mut flat: Vec<NodeId> = flat.into_iter().collect();
        flat.sort_by_key(|child| (self.cost(*child), *child));
        match flat.as_slice() {
            [] => self.constant(neutral),
            [only] => *only,
            _ => {
                let cost = self.sum(&flat);
                let joined = flat.into_boxed_slice();
                self.intern(if neutral { Expression::All(joined) } else { Expression::Any(joined) }, cost)
            }
        }
    }

    fn intern(&mut self, expression: Expression, cost: u32) -> NodeId {
        if let Some(node) = self.known.get(&expression) {
            return *node;
        }
        let node = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(expression.clone());
        self.costs.push(cost);
        self.known.insert(expression, node);
        node
    }

    /// What must hold whenever `node` does, given what `witness` says that a predicate needs.
    pub(crate) fn witnesses(
        &self,
        node: NodeId,
        witness: &dyn Fn(u32) -> Option<(fields::NodeId, Texts)>,
    ) -> Witnesses {
        match self.get(node) {
            Some(Expression::Predicate(number)) => witness(*number).into_iter().collect(),
            Some(Expression::All(children)) => {
                let mut required = Witnesses::new();
                for child in children {
                    for (key, texts) in self.witnesses(*child, witness) {
                        let fewer = required.get(&key).is_none_or(|known| texts.len() < known.len());
                        if fewer {
                            required.insert(key, texts);
                        }
                    }
                }
                required
            }
            Some(Expression::Any(children) | Expression::Some(_, children)) => {
                let mut children = children.iter().map(|child| self.witnesses(*child, witness));
                let mut common = children.next().unwrap_or_default();
                for required in children {
                    common.retain(|key, texts| match required.get(key) {
                        Some(more) => {
                            texts.extend(more.iter().cloned());
                            true
                        }
                        None => false,
                    });
                }
                common
            }
            Some(Expression::Not(_) | Expression::Constant(_)) | None => BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expression, Expressions};

    #[test]
    fn equal_expressions_are_one_and_trivial_ones_vanish() {
        let mut graph = Expressions::default();
        let (a, b) = (graph.predicate(0, 5), graph.predicate(1, 1));
        let both = graph.all(vec![a, b]);
        assert_eq!(graph.all(vec![b, a, b]), both);
        assert_eq!(graph.get(both), Some(&Expression::All(vec![b, a].into())));
        let (yes, no) = (graph.constant(true), graph.constant(false));
        assert_eq!(graph.all(vec![a, yes]), a);
        assert_eq!(graph.all(vec![a, no]), no);
        assert_eq!(graph.any(vec![a, yes]), yes);
        let not = graph.not(a);
        assert_eq!(graph.not(not), a);
        assert_eq!(graph.some(2, vec![a, b]), both);
        assert_eq!(graph.some(3, vec![a, b]), no);
        assert_eq!(graph.some(0, vec![a, b]), yes);
    }
}
