//! One pass over a record that finds every quote that is not escaped and pairs every bracket outside strings, 64 bytes
//! at a time. What it proves: UTF-8, closed strings without control characters, brackets that match in kind and depth.
//! It does not look at keys, commas or numbers: [`super::walk`] checks those, in the parts that are read.

use fearless_simd::{Level, Simd, dispatch};

use super::masks::{Masks, Rare};
use super::{DEPTH_MAX, KEPT_ENTRIES_MAX, RECORD_BYTES_MAX};
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
#[derive(Debug)]
pub(crate) struct Index {
    /// What this machine's registers can do.
    level: Level,
    /// One bit per byte: set on quotes that open or close a string.
    quotes: Vec<u64>,
    /// In the order of their opening brackets; the first is the record itself.
    pub(crate) containers: Vec<Container>,
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
    /// The innermost container that is open, and how many are.
    innermost: u32,
    depth: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { level: Level::new(), quotes: Vec::new(), containers: Vec::new(), has_escapes: false }
    }
}

impl Index {
    /// Reads the object at the start of `bytes`, after white space at most, and tells where it ends. What follows is
    /// not looked at.
    pub(crate) fn build(&mut self, bytes: &[u8]) -> Result<usize, RecordError> {
        let level = self.level;
        dispatch!(level, simd => self.build_with(simd, bytes))
    }

    #[inline(always)]
    fn build_with<S: Simd>(&mut self, simd: S, bytes: &[u8]) -> Result<usize, RecordError> {
        self.clear(bytes)?;
        let bytes = bytes.get(..RECORD_BYTES_MAX).unwrap_or(bytes);
        let mut carry = Carry { innermost: u32::MAX, ..Carry::default() };
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            if let Some(end) = self.block(simd, bytes, number * BLOCK, block, &mut carry)? {
                return self.finish(bytes, end, &carry);
            }
        }
        let mut block = [b' '; BLOCK];
        for (to, from) in block.iter_mut().zip(rest) {
            *to = *from;
        }
        if let Some(end) = self.block(simd, bytes, blocks.len() * BLOCK, &block, &mut carry)? {
            return self.finish(bytes, end, &carry);
        }
        Err(match bytes.len() {
            RECORD_BYTES_MAX => RecordError::at(RECORD_BYTES_MAX, RecordFault::TooLarge),
            length if carry.in_string != 0 => RecordError::at(length, RecordFault::OpenString),
            length => RecordError::at(length, RecordFault::OpenBracket),
        })
    }

    fn clear(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        self.quotes.clear();
        self.containers.clear();
        if KEPT_ENTRIES_MAX < self.containers.capacity() {
            self.quotes = Vec::new();
            self.containers = Vec::new();
        }
        match bytes.iter().enumerate().find(|(_, byte)| !is_space(**byte)) {
            Some((_, b'{')) => Ok(()),
            Some((first, _)) => Err(RecordError::at(first, RecordFault::NotAnObject)),
            None => Err(RecordError::at(0, RecordFault::Empty)),
        }
    }

    /// Takes in one block. Gives the position of the bracket that closes the record, if it is in there.
    #[inline(always)]
    fn block<S: Simd>(
        &mut self,
        simd: S,
        bytes: &[u8],
        base: usize,
        block: &[u8; BLOCK],
        carry: &mut Carry,
    ) -> Result<Option<usize>, RecordError> {
        let masks = Masks::of(simd, block);
        let mut quotes = masks.quotes;
        let mut controls = 0;
        if masks.has_rare || carry.escaped != 0 {
            let rare = Rare::of(simd, block);
            carry.has_wide |= rare.wide != 0;
            carry.has_escapes |= rare.backslashes != 0;
            quotes &= !escaped_bytes(rare.backslashes, &mut carry.escaped);
            controls = rare.controls;
        }
        let in_string = prefix_xor(quotes) ^ carry.in_string;
        // All ones if the last byte is inside a string, else zero.
        carry.in_string = (in_string >> 63).wrapping_neg();
        self.quotes.push(quotes);
        controls &= in_string;
        let mut brackets = masks.brackets & !in_string;
        while brackets != 0 {
            let at = first_bit(brackets);
            let is_end = self.bracket(bytes, base + at, carry)?;
            let before = (1 << at) - 1;
            if is_end && controls & before == 0 {
                return Ok(Some(base + at));
            }
            brackets &= brackets - 1;
        }
        if controls != 0 {
            return Err(RecordError::at(base + first_bit(controls), RecordFault::ControlCharacter));
        }
        Ok(None)
    }

    /// Takes in one bracket. True if it closes the record.
    #[inline(always)]
    fn bracket(&mut self, bytes: &[u8], at: usize, carry: &mut Carry) -> Result<bool, RecordError> {
        // Positions fit: no more than RECORD_BYTES_MAX bytes are looked at.
        let position = u32::try_from(at).unwrap_or(u32::MAX);
        let count = u32::try_from(self.containers.len()).unwrap_or(u32::MAX);
        let byte = bytes.get(at).copied().unwrap_or_default();
        if byte == b'{' || byte == b'[' {
            if DEPTH_MAX <= carry.depth {
                return Err(RecordError::at(at, RecordFault::TooDeep));
            }
            // Until it is closed, `close` holds the container around it.
            self.containers.push(Container { open: position, close: carry.innermost, next: 0 });
            carry.innermost = count;
            carry.depth += 1;
            return Ok(false);
        }
        if byte != b'}' && byte != b']' {
            return Err(RecordError::at(at, RecordFault::Grammar));
        }
        let stray = RecordError::at(at, RecordFault::StrayBracket);
        let Some(container) = self.containers.get_mut(carry.innermost as usize) else { return Err(stray) };
        // In ASCII `]` and `}` stand two places after `[` and `{`.
        if bytes.get(container.open as usize) != Some(&(byte - 2)) {
            return Err(stray);
        }
        carry.innermost = container.close;
        container.close = position;
        container.next = count;
        carry.depth -= 1;
        Ok(carry.depth == 0)
    }

    fn finish(&mut self, bytes: &[u8], end: usize, carry: &Carry) -> Result<usize, RecordError> {
        self.has_escapes = carry.has_escapes;
        if carry.has_wide
            && let Err(error) = std::str::from_utf8(bytes.get(..end).unwrap_or_default())
        {
            return Err(RecordError::at(error.valid_up_to(), RecordFault::NotUtf8));
        }
        Ok(end + 1)
    }

    /// All quotes at or after `from`.
    #[inline(always)]
    pub(crate) fn quotes(&self, from: usize) -> Quotes<'_> {
        let word = from / BLOCK;
        let bits = self.quotes.get(word).copied().unwrap_or_default() & (u64::MAX << (from % BLOCK));
        Quotes { words: &self.quotes, word, bits }
    }
}

/// The positions of quotes, in order.
pub(crate) struct Quotes<'i> {
    words: &'i [u64],
    word: usize,
    bits: u64,
}

impl Quotes<'_> {
    /// The opening and the closing quote of the next string.
    #[inline(always)]
    pub(crate) fn pair(&mut self) -> Option<(usize, usize)> {
        let start = self.take()?;
        Some((start, self.take()?))
    }

    #[inline(always)]
    fn take(&mut self) -> Option<usize> {
        // The next quote is in this word or in the following one, nearly always, and which of them cannot be foretold:
        // a branch here would cost more than all else that is done for a member.
        let following = self.words.get(self.word + 1).copied().unwrap_or_default();
        let is_over = self.bits == 0;
        self.bits |= following & u64::from(is_over).wrapping_neg();
        self.word += usize::from(is_over);
        while self.bits == 0 {
            self.word += 1;
            self.bits = *self.words.get(self.word)?;
        }
        let at = self.word * BLOCK + first_bit(self.bits);
        self.bits &= self.bits - 1;
        Some(at)
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
