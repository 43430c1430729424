//! Reading one JSON record without building a tree: [`Index`] finds every quote and bracket in one pass, [`walk`]
//! steps over members and elements, [`text`] gives a value's characters. Nothing here knows about rules.

mod index;
mod masks;
pub(crate) mod text;
mod walk;

pub(crate) use index::{Index, is_space};
pub(crate) use walk::Walk;

/// The largest record that is evaluated: 16 MiB, far above the 256 KiB of a CloudTrail event. The worst record of that
/// size, brackets only, needs 8 Mi containers of 12 bytes (96 MiB) while it is read.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// Scratch space above so many entries is given back after the record that needed it.
pub(crate) const KEPT_ENTRIES_MAX: usize = 1 << 16;

/// How deep objects and arrays may nest. Real logs stay below 20.
pub const DEPTH_MAX: usize = 128;

/// A value inside a record: where it is and what it is. The bytes stay in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    /// For texts the first byte after the quote, else the first byte.
    pub(crate) start: u32,
    /// For texts the closing quote, else one past the last byte.
    pub(crate) end: u32,
    /// For objects and arrays: their place in [`Index::containers`].
    pub(crate) container: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    True,
    False,
    Null,
    Object,
    Array,
}

impl Value {
    pub(crate) fn bytes<'r>(&self, record: &'r [u8]) -> &'r [u8] {
        record.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}
