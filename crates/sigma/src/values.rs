//! The values that fields have in the present record. An object is looked into when a rule first asks for something in
//! it, and only one level deep; what lies deeper waits until a rule asks for that.

use crate::error::{RecordError, RecordFault};
use crate::fields::{Fields, NodeId, ROOT};
use crate::record::{Index, KEPT_ENTRIES_MAX, Kind, Value, Walk, text};
use crate::table::{Key, Table};

/// Values per node of the field graph.
#[derive(Debug, Default)]
pub(crate) struct Values {
    nodes: Vec<NodeValues>,
}

#[derive(Debug, Clone, Default)]
struct NodeValues {
    /// The record that `list` is about.
    stamp: u32,
    /// The record for which `list` holds all values, arrays replaced by their elements.
    complete: u32,
    /// The record for which the objects in `list` were looked into.
    opened: u32,
    /// Whether a list stood at this top-level key, whose elements `list` may hold by now.
    was_list: bool,
    list: Vec<Value>,
}

/// Where values are read from.
pub(crate) struct Collector<'c> {
    pub(crate) record: &'c [u8],
    pub(crate) index: &'c Index,
    pub(crate) fields: &'c Fields,
    pub(crate) stamp: u32,
    pub(crate) decoded: &'c mut Vec<u8>,
}

impl Values {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: vec![NodeValues::default(); nodes] }
    }

    /// Drops all stamps.
    pub(crate) fn forget(&mut self) {
        self.nodes.fill(NodeValues::default());
    }

    /// The values of a field that was completed.
    #[inline]
    pub(crate) fn of(&self, field: NodeId) -> &[Value] {
        self.nodes.get(field as usize).map(|node| node.list.as_slice()).unwrap_or_default()
    }

    /// Brings the values of a completed field into the order of the record, in which those of one member are neighbours.
    pub(crate) fn sort(&mut self, field: NodeId) {
        let Some(node) = self.nodes.get_mut(field as usize) else { return };
        if !node.list.is_sorted_by_key(|value| value.start) {
            node.list.sort_unstable_by_key(|value| value.start);
        }
    }

    /// The values of a sorted field that lie inside `member`, a value of the field's own or of one on the way to it.
    pub(crate) fn inside(&self, field: NodeId, member: &Value) -> &[Value] {
        let list = self.of(field);
        let from = list.partition_point(|value| value.start < member.start);
        let to = list.partition_point(|value| value.start < member.end || value.start == member.start);
        list.get(from..to).unwrap_or_default()
    }

    /// The value of a top-level key that is watched, if the record has one.
    pub(crate) fn noted(&self, node: NodeId, stamp: u32) -> Option<&Value> {
        self.nodes.get(node as usize).filter(|node| node.stamp == stamp && !node.was_list)?.list.last()
    }

    #[inline]
    pub(crate) fn is_complete(&self, field: NodeId, stamp: u32) -> bool {
        self.nodes.get(field as usize).is_some_and(|node| node.complete == stamp)
    }

    /// Notes the values of the top-level keys that lead to fields or are watched. Of a key that occurs twice, the last one counts.
    #[inline(never)]
    pub(crate) fn begin(
        &mut self,
        stamp: u32,
        top_level: &Table,
        record: &[u8],
        index: &Index,
        decoded: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let mut walk = Walk::into(record, index, 0);
        while walk.member() {
            let Some(child) = step(top_level, record, walk.key, index.has_escapes, decoded)? else { continue };
            if let Some(node) = self.nodes.get_mut(child as usize) {
                node.stamp = stamp;
                node.was_list = walk.value.kind == Kind::Array;
                node.list.clear();
                node.list.push(walk.value);
            }
        }
        walk.end()
    }

    fn list(&mut self, node: NodeId, stamp: u32) -> Option<&mut Vec<Value>> {
        let node = self.nodes.get_mut(node as usize)?;
        if node.stamp != stamp {
            node.stamp = stamp;
            node.list.clear();
            if KEPT_ENTRIES_MAX < node.list.capacity() {
                node.list = Vec::new();
            }
        }
        Some(&mut node.list)
    }
}

impl Collector<'_> {
    /// Brings all values of a field together.
    pub(crate) fn complete(&mut self, values: &mut Values, field: NodeId) -> Result<(), RecordError> {
        let fields = self.fields;
        let Some(place) = fields.nodes.get(field as usize) else { return Ok(()) };
        // From the root downwards: what opens here is filed at parents that are opened later.
        for parent in &place.parents {
            self.open(values, *parent)?;
        }
        self.flatten(values, field)
    }

    /// Replaces arrays by their elements. An empty one stays: it is there, though nothing is in it.
    fn flatten(&mut self, values: &mut Values, node: NodeId) -> Result<(), RecordError> {
        let stamp = self.stamp;
        let Some(list) = values.list(node, stamp) else { return Ok(()) };
        if list.iter().any(|value| value.kind == Kind::Array) {
            let arrays = std::mem::take(list);
            for value in &arrays {
                self.file_elements(list, value)?;
            }
        }
        if let Some(node) = values.nodes.get_mut(node as usize) {
            node.complete = stamp;
        }
        Ok(())
    }

    fn file_elements(&self, list: &mut Vec<Value>, value: &Value) -> Result<(), RecordError> {
        if value.kind != Kind::Array {
            list.push(*value);
            return Ok(());
        }
        let before = list.len();
        let mut walk = Walk::into(self.record, self.index, value.container);
        while walk.element() {
            let element = walk.value;
            self.file_elements(list, &element)?;
        }
        if list.len() == before {
            list.push(*value);
        }
        walk.end()
    }

    /// Files the members of all objects at `node`.
    fn open(&mut self, values: &mut Values, node: NodeId) -> Result<(), RecordError> {
        let Some(own) = values.nodes.get_mut(node as usize) else { return Ok(()) };
        if own.stamp != self.stamp || own.opened == self.stamp {
            return Ok(());
        }
        own.opened = self.stamp;
        self.flatten(values, node)?;
        let mut number = 0;
        while let Some(value) = values.of(node).get(number).copied() {
            number += 1;
            if value.kind == Kind::Object {
                self.open_object(values, node, &value)?;
            }
        }
        Ok(())
    }

    fn open_object(&mut self, values: &mut Values, node: NodeId, object: &Value) -> Result<(), RecordError> {
        let Some(edges) = self.fields.nodes.get(node as usize).map(|node| &node.edges) else { return Ok(()) };
        let mut walk = Walk::into(self.record, self.index, object.container);
        while walk.member() {
            let found = step(edges, self.record, walk.key, self.index.has_escapes, self.decoded)?;
            let Some(child) = found else { continue };
            let Some(list) = values.list(child, self.stamp) else { continue };
            // Of a key that occurs twice in one object, the last one counts. Values are filed in the order of their
            // objects, so an earlier one of this object is the last in the list.
            let inside = object.start..object.end;
            let is_repeated = list.last().is_some_and(|earlier| inside.contains(&earlier.start));
            if is_repeated {
                list.pop();
            }
            list.push(walk.value);
        }
        walk.end()
    }

    /// Files every text, number and boolean of the record as a value of the root.
    pub(crate) fn everything(&mut self, values: &mut Values) -> Result<(), RecordError> {
        let stamp = self.stamp;
        let Some(list) = values.list(ROOT, stamp) else { return Ok(()) };
        self.file_leaves(list, 0, true)?;
        if let Some(root) = values.nodes.get_mut(ROOT as usize) {
            root.complete = stamp;
        }
        Ok(())
    }

    fn file_leaves(&self, list: &mut Vec<Value>, container: u32, is_object: bool) -> Result<(), RecordError> {
        let mut walk = Walk::into(self.record, self.index, container);
        while if is_object { walk.member() } else { walk.element() } {
            match walk.value.kind {
                Kind::Object => self.file_leaves(list, walk.value.container, true)?,
                Kind::Array => self.file_leaves(list, walk.value.container, false)?,
                Kind::Null => {}
                Kind::Text | Kind::Number | Kind::True | Kind::False => list.push(walk.value),
            }
        }
        walk.end()
    }
}

/// The node that a key leads to.
#[inline(always)]
fn step(
    edges: &Table,
    record: &[u8],
    (start, end): (usize, usize),
    has_escapes: bool,
    decoded: &mut Vec<u8>,
) -> Result<Option<NodeId>, RecordError> {
    if has_escapes && record.get(start..end).is_some_and(|key| key.contains(&b'\\')) {
        return step_escaped(edges, record, (start, end), decoded);
    }
    Ok(edges.find(Key::at(record, start, end)))
}

#[cold]
fn step_escaped(
    edges: &Table,
    record: &[u8],
    (start, end): (usize, usize),
    decoded: &mut Vec<u8>,
) -> Result<Option<NodeId>, RecordError> {
    decoded.clear();
    let bad = |at| RecordError::at(start + at, RecordFault::InvalidEscape);
    text::unescape(record.get(start..end).unwrap_or_default(), decoded).map_err(bad)?;
    Ok(edges.find(Key::of(decoded)))
}
