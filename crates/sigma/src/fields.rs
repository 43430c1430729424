//! All fields that any rule names, as one graph that is walked together with a record. A field `a.b.c` is found as
//! nested objects, as literal keys with dots (`"a.b": {"c": …}`), and through arrays on the way. Names are
//! case-sensitive. The graph has one node per prefix of a field and an edge for every way to spell the next step.

use std::collections::HashMap;

use crate::table::Table;

/// A prefix of some field, or a whole field; the root is the empty prefix.
pub(crate) type NodeId = u32;

/// Where every record starts. As a field it stands for all texts of the record, which keywords are searched in.
pub(crate) const ROOT: NodeId = 0;

/// More steps than any real field has; the graph grows with their square.
pub(crate) const STEPS_MAX: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) nodes: Vec<Node>,
    node_of: HashMap<String, NodeId>,
}

#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The field's name, or that of the prefix.
    pub(crate) name: String,
    /// Whether some rule asks for exactly this, not only for something below it.
    pub(crate) is_field: bool,
    /// Keys that lead on.
    pub(crate) edges: Table,
    /// The nodes on the way from the root, nearest to the root first. A value of this node can be a member of a value
    /// of any of them.
    pub(crate) parents: Vec<NodeId>,
}

impl Fields {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()], node_of: HashMap::from([(String::new(), ROOT)]) }
    }

    /// The node of a field, made if it is new. `None` if the name has too many steps.
    pub(crate) fn intern(&mut self, name: &str) -> Option<NodeId> {
        let steps: Vec<&str> = name.split('.').collect();
        if STEPS_MAX < steps.len() {
            return None;
        }
        let mut chain = vec![ROOT];
        for end in 1..=steps.len() {
            let node = self.node(&steps.get(..end).unwrap_or_default().join("."), &chain);
            for (start, from) in chain.iter().enumerate() {
                let key = steps.get(start..end).unwrap_or_default().join(".");
                if let Some(from) = self.nodes.get_mut(*from as usize) {
                    from.edges.insert(key.as_bytes(), node);
                }
            }
            chain.push(node);
        }
        let last = chain.last().copied()?;
        self.nodes.get_mut(last as usize)?.is_field = true;
        Some(last)
    }

    /// The node at the end of the chain that starts at the root.
    fn node(&mut self, prefix: &str, chain: &[NodeId]) -> NodeId {
        if let Some(node) = self.node_of.get(prefix) {
            return *node;
        }
        let node = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let parents = chain.iter().copied().filter(|parent| *parent != ROOT).collect();
        self.nodes.push(Node { name: prefix.to_owned(), parents, ..Node::default() });
        self.node_of.insert(prefix.to_owned(), node);
        node
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter(|node| node.is_field).map(|node| node.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, NodeId, ROOT};
    use crate::table::Key;

    #[test]
    fn every_spelling_leads_to_the_field() {
        let mut fields = Fields::new();
        let field = fields.intern("a.b.c").unwrap();
        assert_eq!(fields.intern("a.b.c"), Some(field));
        for spelling in [vec!["a", "b", "c"], vec!["a.b", "c"], vec!["a", "b.c"], vec!["a.b.c"]] {
            let lead =
                |node: NodeId, key: &&str| fields.nodes[node as usize].edges.find(Key::of(key.as_bytes())).unwrap();
            assert_eq!(spelling.iter().fold(ROOT, lead), field, "{spelling:?}");
        }
        assert_eq!(fields.nodes[field as usize].parents.len(), 2);
        assert_eq!(fields.names().collect::<Vec<_>>(), ["a.b.c"]);
        assert!(fields.intern(&"x.".repeat(40)).is_none());
    }
}
