//! One pass over a record that finds every quote that is not escaped and pairs every bracket outside strings, 64 bytes
//! at a time. What it proves: UTF-8, closed strings without control characters, brackets that match in kind and depth,
//! nothing after the outermost object. It does not look at keys, commas or numbers: [`super::walk`] checks those, in
//! the parts that are read.

use super::masks::Masks;
use super::{DEPTH_MAX, RECORD_BYTES_MAX};
use crate::error::{RecordError, RecordFault};

const BLOCK: usize = 64;

/// An object or array of the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Container {
    /// Position of the opening bracket.
    pub(crate) open: u32,
    /// Position of the closing bracket.
    pub(crate) close: u32,
    /// The first container that opens after this one has closed.
    pub(crate) next: u32,
}

/// The structure of one record; reusable.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// One bit per byte: set on quotes that open or close a string.
    quotes: Vec<u64>,
    /// In the order of their opening brackets; the first is the record itself.
    pub(crate) containers: Vec<Container>,
    open: Vec<u32>,
    /// Whether any backslash occurs; if not, no text needs decoding.
    pub(crate) has_escapes: bool,
}

/// What carries over from one block to the next.
#[derive(Default)]
struct Carry {
    /// All ones while inside a string.
    in_string: u64,
    /// Set when the previous block ended in an odd run of backslashes.
    escaped: u64,
    has_escapes: bool,
    has_wide: bool,
    /// Position of the bracket that closed the record.
    end: Option<usize>,
}

impl Index {
    /// Reads a record that must be exactly one object, with white space around it at most.
    pub(crate) fn build(&mut self, record: &[u8]) -> Result<(), RecordError> {
        self.clear(record)?;
        let mut carry = Carry::default();
        let (blocks, rest) = record.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            self.block(record, number * BLOCK, block, &mut carry)?;
        }
        if !rest.is_empty() {
            let mut block = [b' '; BLOCK];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            self.block(record, blocks.len() * BLOCK, &block, &mut carry)?;
        }
        self.finish(record, &carry)
    }

    fn clear(&mut self, record: &[u8]) -> Result<(), RecordError> {
        self.quotes.clear();
        self.containers.clear();
        self.open.clear();
        if RECORD_BYTES_MAX < record.len() {
            return Err(RecordError::at(RECORD_BYTES_MAX, RecordFault::TooLarge));
        }
        let Some(first) = record.iter().position(|byte| !is_space(*byte)) else {
            return Err(RecordError::at(0, RecordFault::Empty));
        };
        if record.get(first) != Some(&b'{') {
            return Err(RecordError::at(first, RecordFault::NotAnObject));
        }
        Ok(())
    }

    #[inline(always)]
    fn block(&mut self, record: &[u8], base: usize, block: &[u8; BLOCK], carry: &mut Carry) -> Result<(), RecordError> {
        let masks = Masks::of(block);
        carry.has_wide |= masks.wide != 0;
        let mut quotes = masks.quotes;
        if masks.backslashes != 0 || carry.escaped != 0 {
            carry.has_escapes = true;
            quotes &= !escaped_bytes(masks.backslashes, &mut carry.escaped);
        }
        let in_string = prefix_xor(quotes) ^ carry.in_string;
        // All ones if the last byte is inside a string, else zero.
        carry.in_string = (in_string >> 63).wrapping_neg();
        self.quotes.push(quotes);
        let control = masks.controls & in_string;
        if control != 0 {
            return Err(RecordError::at(base + first_bit(control), RecordFault::ControlCharacter));
        }
        let mut brackets = masks.brackets & !in_string;
        while brackets != 0 {
            self.bracket(record, base + first_bit(brackets), carry)?;
            brackets &= brackets - 1;
        }
        Ok(())
    }

    #[inline(always)]
    fn bracket(&mut self, record: &[u8], at: usize, carry: &mut Carry) -> Result<(), RecordError> {
        let byte = record.get(at).copied().unwrap_or_default();
        // Positions fit: the record's length was checked against RECORD_BYTES_MAX.
        let position = u32::try_from(at).unwrap_or(u32::MAX);
        let count = u32::try_from(self.containers.len()).unwrap_or(u32::MAX);
        let is_open = byte == b'{' || byte == b'[';
        if is_open {
            if carry.end.is_some() {
                return Err(RecordError::at(at, RecordFault::TrailingBytes));
            }
            if DEPTH_MAX <= self.open.len() {
                return Err(RecordError::at(at, RecordFault::TooDeep));
            }
            self.open.push(count);
            self.containers.push(Container { open: position, close: 0, next: 0 });
            return Ok(());
        }
        let stray = RecordError::at(at, RecordFault::StrayBracket);
        let container = self.open.pop().and_then(|number| self.containers.get_mut(number as usize)).ok_or(stray)?;
        let opened_by = record.get(container.open as usize).copied().unwrap_or_default();
        // In ASCII `]` and `}` stand two places after `[` and `{`.
        if opened_by + 2 != byte {
            return Err(stray);
        }
        container.close = position;
        container.next = count;
        if self.open.is_empty() {
            carry.end = Some(at);
        }
        Ok(())
    }

    fn finish(&mut self, record: &[u8], carry: &Carry) -> Result<(), RecordError> {
        self.has_escapes = carry.has_escapes;
        if carry.has_wide
            && let Err(error) = std::str::from_utf8(record)
        {
            return Err(RecordError::at(error.valid_up_to(), RecordFault::NotUtf8));
        }
        if carry.in_string != 0 {
            return Err(RecordError::at(record.len(), RecordFault::OpenString));
        }
        let Some(end) = carry.end else {
            return Err(RecordError::at(record.len(), RecordFault::OpenBracket));
        };
        let after = record.get(end + 1..).unwrap_or_default();
        match after.iter().position(|byte| !is_space(*byte)) {
            Some(extra) => Err(RecordError::at(end + 1 + extra, RecordFault::TrailingBytes)),
            None => Ok(()),
        }
    }

    /// The first quote at or after `from`.
    #[inline]
    pub(crate) fn next_quote(&self, from: usize) -> Option<usize> {
        let mut word = from / BLOCK;
        let mut bits = self.quotes.get(word)? & (u64::MAX << (from % BLOCK));
        while bits == 0 {
            word += 1;
            bits = *self.quotes.get(word)?;
        }
        Some(word * BLOCK + first_bit(bits))
    }
}

#[inline]
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[inline]
fn first_bit(bits: u64) -> usize {
    bits.trailing_zeros() as usize
}

/// Bit n of the result is the parity of bits 0..=n: set from an opening quote up to, not including, the closing one.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    bits
}

/// The bytes that follow an odd run of backslashes. `carry` is 1 when the previous block ended in such a run.
/// The method is that of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019), section 3.1.1.
#[inline]
fn escaped_bytes(backslashes: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let backslashes = backslashes & !*carry;
    let follows = (backslashes << 1) | *carry;
    let odd_starts = backslashes & !EVEN & !follows;
    let (even_sequences, overflow) = odd_starts.overflowing_add(backslashes);
    *carry = u64::from(overflow);
    let invert = even_sequences << 1;
    (EVEN ^ invert) & follows
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
