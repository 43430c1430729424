//! Steps over the members of an object or the elements of an array, checking JSON's grammar on the way and jumping over
//! nested values by the index.

use super::index::{Index, is_space};
use super::{Kind, Value};
use crate::error::{RecordError, RecordFault};

/// The members of one object, in order.
pub(crate) struct Members<'r> {
    cursor: Cursor<'r>,
}

/// The elements of one array, in order.
pub(crate) struct Elements<'r> {
    cursor: Cursor<'r>,
}

struct Cursor<'r> {
    record: &'r [u8],
    index: &'r Index,
    /// The next byte to read.
    at: usize,
    /// The closing bracket.
    close: usize,
    /// The next container that opens inside.
    next_container: u32,
    is_first: bool,
}

impl<'r> Members<'r> {
    pub(crate) fn of(record: &'r [u8], index: &'r Index, container: u32) -> Self {
        Self { cursor: Cursor::new(record, index, container) }
    }

    /// The next member: where its key's characters are, and its value.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<Option<(usize, usize, Value)>, RecordError> {
        if !self.cursor.advance()? {
            return Ok(None);
        }
        let key_start = self.cursor.at + 1;
        if self.cursor.byte() != b'"' {
            return Err(self.cursor.broken());
        }
        let key_end = self.cursor.closing_quote(key_start)?;
        self.cursor.at = key_end + 1;
        self.cursor.skip_space();
        if self.cursor.byte() != b':' {
            return Err(self.cursor.broken());
        }
        self.cursor.at += 1;
        self.cursor.skip_space();
        let value = self.cursor.value()?;
        Ok(Some((key_start, key_end, value)))
    }
}

impl<'r> Elements<'r> {
    pub(crate) fn of(record: &'r [u8], index: &'r Index, container: u32) -> Self {
        Self { cursor: Cursor::new(record, index, container) }
    }

    #[inline]
    pub(crate) fn step(&mut self) -> Result<Option<Value>, RecordError> {
        if !self.cursor.advance()? {
            return Ok(None);
        }
        self.cursor.value().map(Some)
    }
}

impl<'r> Cursor<'r> {
    fn new(record: &'r [u8], index: &'r Index, container: u32) -> Self {
        let (at, close) = match index.containers.get(container as usize) {
            Some(found) => (found.open as usize + 1, found.close as usize),
            None => (0, 0),
        };
        Self { record, index, at, close, next_container: container + 1, is_first: true }
    }

    #[inline]
    fn byte(&self) -> u8 {
        self.record.get(self.at).copied().unwrap_or_default()
    }

    #[inline]
    fn skip_space(&mut self) {
        while is_space(self.byte()) {
            self.at += 1;
        }
    }

    fn broken(&self) -> RecordError {
        RecordError::at(self.at, RecordFault::Grammar)
    }

    /// Moves to the next item. False at the closing bracket.
    #[inline]
    fn advance(&mut self) -> Result<bool, RecordError> {
        self.skip_space();
        if self.at == self.close {
            return Ok(false);
        }
        if self.is_first {
            self.is_first = false;
            return Ok(true);
        }
        if self.byte() != b',' {
            return Err(self.broken());
        }
        self.at += 1;
        self.skip_space();
        if self.at == self.close { Err(self.broken()) } else { Ok(true) }
    }

    #[inline]
    fn closing_quote(&self, from: usize) -> Result<usize, RecordError> {
        // The index has proved that every string is closed, so a quote is there unless the grammar is broken.
        self.index.next_quote(from).ok_or(RecordError::at(from, RecordFault::OpenString))
    }

    /// Reads the value that starts here and moves behind it.
    #[inline]
    fn value(&mut self) -> Result<Value, RecordError> {
        let start = self.at;
        match self.byte() {
            b'"' => {
                let end = self.closing_quote(start + 1)?;
                self.at = end + 1;
                Ok(make(Kind::Text, start + 1, end))
            }
            b'{' => self.container(Kind::Object),
            b'[' => self.container(Kind::Array),
            b't' => self.word(b"true", Kind::True),
            b'f' => self.word(b"false", Kind::False),
            b'n' => self.word(b"null", Kind::Null),
            _ => self.number(),
        }
    }

    #[inline]
    fn container(&mut self, kind: Kind) -> Result<Value, RecordError> {
        let number = self.next_container;
        let Some(found) = self.index.containers.get(number as usize) else { return Err(self.broken()) };
        self.next_container = found.next;
        self.at = found.close as usize + 1;
        Ok(Value { kind, start: found.open, end: found.close + 1, container: number })
    }

    #[inline]
    fn word(&mut self, word: &[u8], kind: Kind) -> Result<Value, RecordError> {
        let start = self.at;
        let end = start + word.len();
        if self.record.get(start..end) != Some(word) {
            return Err(self.broken());
        }
        self.at = end;
        Ok(make(kind, start, end))
    }

    fn number(&mut self) -> Result<Value, RecordError> {
        let start = self.at;
        let rest = self.record.get(start..self.close).unwrap_or_default();
        let length = number_length(rest).ok_or_else(|| self.broken())?;
        self.at = start + length;
        Ok(make(Kind::Number, start, self.at))
    }
}

#[inline]
fn make(kind: Kind, start: usize, end: usize) -> Value {
    // Positions fit: the record's length was checked against RECORD_BYTES_MAX.
    let narrow = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
    Value { kind, start: narrow(start), end: narrow(end), container: 0 }
}

/// The length of the JSON number at the start of `bytes`: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (0 < count).then_some(from + count)
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let has_sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = digits(at + 1 + usize::from(has_sign))?;
    }
    Some(at)
}
