//! All fields that any rule names, as one graph that is walked together with a record. A field `a.b.c` is found as
//! nested objects, as literal keys with dots (`"a.b": {"c": …}`), and through arrays on the way. Names are
//! case-sensitive. The graph has one node per prefix of a field and an edge for every way to spell the next step.

use std::collections::HashMap;

/// A field that rules ask for.
pub(crate) type Slot = u32;
/// A prefix of some field; the root is the empty prefix.
pub(crate) type NodeId = u32;

/// Keyword searches read every text of the record through this slot.
pub(crate) const EVERYTHING: Slot = 0;
pub(crate) const ROOT: NodeId = 0;

/// More steps than any real field has; the graph grows with their square.
pub(crate) const STEPS_MAX: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) nodes: Vec<Node>,
    pub(crate) slots: Vec<SlotInfo>,
    node_of: HashMap<String, NodeId>,
}

#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) slot: Option<Slot>,
    pub(crate) edges: Edges,
    /// Every slot at or below this node.
    pub(crate) below: Vec<Slot>,
}

#[derive(Debug)]
pub(crate) struct SlotInfo {
    pub(crate) name: String,
    /// The nodes right below the root through which the field can be reached.
    pub(crate) entrances: Vec<NodeId>,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let everything = SlotInfo { name: String::new(), entrances: Vec::new() };
        Self { nodes: vec![Node::default()], slots: vec![everything], node_of: HashMap::from([(String::new(), ROOT)]) }
    }

    /// The slot of a field, made if it is new. `None` if the name has too many steps.
    pub(crate) fn intern(&mut self, name: &str) -> Option<Slot> {
        let steps: Vec<&str> = name.split('.').collect();
        if STEPS_MAX < steps.len() {
            return None;
        }
        let known = self.node_of.get(name).and_then(|node| self.nodes.get(*node as usize)).and_then(|node| node.slot);
        if known.is_some() {
            return known;
        }
        let slot = to_u32(self.slots.len());
        let mut chain = vec![ROOT];
        let mut entrances = Vec::new();
        for end in 1..=steps.len() {
            let node = self.node(&steps.get(..end).unwrap_or_default().join("."));
            for (start, from) in chain.iter().enumerate() {
                let key = steps.get(start..end).unwrap_or_default().join(".");
                if let Some(from) = self.nodes.get_mut(*from as usize) {
                    from.edges.add(&key, node);
                }
            }
            entrances.push(node);
            chain.push(node);
        }
        self.slots.push(SlotInfo { name: name.to_owned(), entrances });
        for node in &chain {
            if let Some(node) = self.nodes.get_mut(*node as usize) {
                node.below.push(slot);
            }
        }
        if let Some(last) = chain.last().and_then(|node| self.nodes.get_mut(*node as usize)) {
            last.slot = Some(slot);
        }
        Some(slot)
    }

    fn node(&mut self, prefix: &str) -> NodeId {
        if let Some(node) = self.node_of.get(prefix) {
            return *node;
        }
        let node = to_u32(self.nodes.len());
        self.nodes.push(Node::default());
        self.node_of.insert(prefix.to_owned(), node);
        node
    }
}

/// The keys that lead on from one node: a small open-addressing table over the first eight bytes and the length.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    entries: Vec<Edge>,
    /// Positions in `entries` plus one; zero is free. The length is a power of two at least twice the entries.
    table: Vec<u32>,
}

#[derive(Debug)]
struct Edge {
    key: Box<[u8]>,
    word: u64,
    child: NodeId,
}

impl Edges {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn add(&mut self, key: &str, child: NodeId) {
        let key = key.as_bytes();
        if self.find(first_word(key), key).is_some() {
            return;
        }
        self.entries.push(Edge { key: key.into(), word: first_word(key), child });
        let size = (2 * self.entries.len()).next_power_of_two().max(4);
        self.table = vec![0; size];
        for (number, edge) in self.entries.iter().enumerate() {
            let mut place = hash(edge.word, edge.key.len()) & (size - 1);
            while self.table.get(place).is_some_and(|taken| *taken != 0) {
                place = (place + 1) & (size - 1);
            }
            if let Some(free) = self.table.get_mut(place) {
                *free = to_u32(number + 1);
            }
        }
    }

    /// The edge for `key`, whose first eight bytes are `word`: its number among the node's edges, and where it leads.
    #[inline]
    pub(crate) fn find(&self, word: u64, key: &[u8]) -> Option<(usize, NodeId)> {
        let mask = self.table.len().checked_sub(1)?;
        let mut place = hash(word, key.len()) & mask;
        loop {
            let taken = *self.table.get(place)?;
            let number = (taken as usize).checked_sub(1)?;
            let edge = self.entries.get(number)?;
            if edge.word == word && *edge.key == *key {
                return Some((number, edge.child));
            }
            place = (place + 1) & mask;
        }
    }
}

/// The first eight bytes of a key, with zeros behind a shorter one.
#[inline]
pub(crate) fn first_word(key: &[u8]) -> u64 {
    match key.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            for (to, from) in chunk.iter_mut().zip(key) {
                *to = *from;
            }
            u64::from_le_bytes(chunk)
        }
    }
}

/// The first eight bytes of `record[start..end]`, read without a loop where the record goes on far enough.
#[inline]
pub(crate) fn word_at(record: &[u8], start: usize, end: usize) -> u64 {
    let length = end.saturating_sub(start);
    match record.get(start..).and_then(<[u8]>::first_chunk::<8>) {
        Some(chunk) if length < 8 => u64::from_le_bytes(*chunk) & ((1 << (8 * length)) - 1),
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => first_word(record.get(start..end).unwrap_or_default()),
    }
}

#[inline]
fn hash(word: u64, length: usize) -> usize {
    // Multiplication by 2^64 / golden ratio spreads the bits upward; the top ones are used.
    let mixed = (word ^ length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 40).unwrap_or(0)
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Fields, ROOT, first_word, word_at};

    #[test]
    fn every_spelling_leads_to_the_field() {
        let mut fields = Fields::new();
        let slot = fields.intern("a.b.c").unwrap();
        assert_eq!(fields.intern("a.b.c"), Some(slot));
        for spelling in [vec!["a", "b", "c"], vec!["a.b", "c"], vec!["a", "b.c"], vec!["a.b.c"]] {
            let mut node = ROOT;
            for key in &spelling {
                let edges = &fields.nodes[node as usize].edges;
                node = edges.find(first_word(key.as_bytes()), key.as_bytes()).unwrap().1;
            }
            assert_eq!(fields.nodes[node as usize].slot, Some(slot), "{spelling:?}");
        }
        assert_eq!(fields.slots[slot as usize].entrances.len(), 3);
        assert!(fields.intern(&"x.".repeat(40)).is_none());
    }

    #[test]
    fn words_do_not_depend_on_what_follows() {
        let record = b"abc\":1,\"abcdefghij\"";
        assert_eq!(word_at(record, 0, 3), first_word(b"abc"));
        assert_eq!(word_at(record, 8, 18), first_word(b"abcdefghij"));
        assert_eq!(word_at(b"xab", 1, 3), first_word(b"ab"));
        assert_eq!(word_at(b"x", 1, 1), 0);
    }
}
