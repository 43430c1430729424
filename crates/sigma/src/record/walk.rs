//! Steps over the members of an object or the elements of an array, checking JSON's grammar on the way and jumping over
//! nested values by the index. A walk ends at the closing bracket or at the first fault; ask [`Walk::end`] which.

use super::index::{Index, Quotes, is_space};
use super::{Kind, Value};
use crate::error::{RecordError, RecordFault};

pub(crate) struct Walk<'r> {
    record: &'r [u8],
    index: &'r Index,
    /// The next byte to read.
    at: usize,
    /// The closing bracket.
    close: usize,
    /// The next container that opens inside.
    next_container: u32,
    /// The quotes that were not taken yet. Positions come from here rather than from searching onward from `at`, so
    /// that the processor need not know where one text ends before it looks for the next.
    quotes: Quotes<'r>,
    is_first: bool,
    fault: Option<RecordError>,
    /// Where the present member's key is: its first byte and its closing quote.
    pub(crate) key: (usize, usize),
    /// The present member's or element's value.
    pub(crate) value: Value,
}

impl<'r> Walk<'r> {
    pub(crate) fn into(record: &'r [u8], index: &'r Index, container: u32) -> Self {
        let (at, close) = match index.containers.get(container as usize) {
            Some(found) => (found.open as usize + 1, found.close as usize),
            None => (0, 0),
        };
        let value = Value { kind: Kind::Null, start: 0, end: 0, container: 0 };
        Self {
            record,
            index,
            at,
            close,
            next_container: container + 1,
            quotes: index.quotes(at),
            is_first: true,
            fault: None,
            key: (0, 0),
            value,
        }
    }

    /// Reads the next member of an object. False at its end.
    #[inline(always)]
    pub(crate) fn member(&mut self) -> bool {
        // Logs are mostly written without white space; two bytes at a time then tell all.
        if self.pair_at(self.at) != *b",\"" || self.is_first {
            if !self.advance() {
                return false;
            }
            if self.byte() != b'"' {
                return self.broken();
            }
        }
        let Some((start, end)) = self.quotes.pair() else { return self.broken() };
        self.key = (start + 1, end);
        self.at = end + 2;
        if self.pair_at(end) != *b"\":" {
            self.at = end + 1;
            self.skip_space();
            if self.byte() != b':' {
                return self.broken();
            }
            self.at += 1;
        }
        self.skip_space();
        self.read_value()
    }

    /// Reads the next element of an array. False at its end.
    #[inline]
    pub(crate) fn element(&mut self) -> bool {
        self.advance() && self.read_value()
    }

    /// What ended the walk.
    #[inline]
    pub(crate) fn end(self) -> Result<(), RecordError> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn byte(&self) -> u8 {
        self.record.get(self.at).copied().unwrap_or_default()
    }

    #[inline(always)]
    fn pair_at(&self, at: usize) -> [u8; 2] {
        self.record.get(at..).and_then(<[u8]>::first_chunk::<2>).copied().unwrap_or_default()
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        while self.byte() <= b' ' && is_space(self.byte()) {
            self.at += 1;
        }
    }

    #[cold]
    fn broken(&mut self) -> bool {
        self.fault = Some(RecordError::at(self.at, RecordFault::Grammar));
        false
    }

    /// Moves to the next item. False at the closing bracket.
    #[inline(always)]
    fn advance(&mut self) -> bool {
        self.skip_space();
        if self.at == self.close {
            return false;
        }
        if self.is_first {
            self.is_first = false;
            return true;
        }
        if self.byte() != b',' {
            return self.broken();
        }
        self.at += 1;
        self.skip_space();
        if self.at == self.close { self.broken() } else { true }
    }

    /// Reads the value that starts here and moves behind it.
    #[inline(always)]
    fn read_value(&mut self) -> bool {
        // Most values are texts.
        if self.byte() == b'"' {
            let Some((start, end)) = self.quotes.pair() else { return self.broken() };
            self.at = end + 1;
            self.value = Value { kind: Kind::Text, start: narrow(start + 1), end: narrow(end), container: 0 };
            return true;
        }
        if self.byte() == b'{' {
            return self.read_container(Kind::Object);
        }
        self.read_other()
    }

    fn read_other(&mut self) -> bool {
        match self.byte() {
            b'[' => self.read_container(Kind::Array),
            b't' => self.read_word(b"true", Kind::True),
            b'f' => self.read_word(b"false", Kind::False),
            b'n' => self.read_word(b"null", Kind::Null),
            _ => self.read_number(),
        }
    }

    #[inline(always)]
    fn read_container(&mut self, kind: Kind) -> bool {
        let container = self.next_container;
        let Some(found) = self.index.containers.get(container as usize) else { return self.broken() };
        self.next_container = found.next;
        self.at = found.close as usize + 1;
        self.quotes = self.index.quotes(self.at);
        self.value = Value { kind, start: found.open, end: found.close + 1, container };
        true
    }

    #[inline(always)]
    fn read_word(&mut self, word: &[u8], kind: Kind) -> bool {
        let (start, end) = (self.at, self.at + word.len());
        if self.record.get(start..end) != Some(word) {
            return self.broken();
        }
        self.at = end;
        self.value = Value { kind, start: narrow(start), end: narrow(end), container: 0 };
        true
    }

    fn read_number(&mut self) -> bool {
        let start = self.at;
        let rest = self.record.get(start..self.close).unwrap_or_default();
        let Some(length) = number_length(rest) else { return self.broken() };
        self.at = start + length;
        self.value = Value { kind: Kind::Number, start: narrow(start), end: narrow(self.at), container: 0 };
        true
    }
}

/// Positions fit: the index looks at no more than RECORD_BYTES_MAX bytes.
#[inline(always)]
fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
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
