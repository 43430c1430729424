//! Text in UTF-16 as UTF-8, while it is read: what Windows writes when nobody asks otherwise.
//!
//! Only behind a byte order mark; nothing is guessed. What is no character becomes U+FFFD, so nothing ends the input.

use std::io::Read;

/// Units converted at once.
const UNITS: usize = 16 * 1024;
/// UTF-8 takes three bytes a unit at most.
const BYTES_A_UNIT: usize = 3;

/// Stands for a last byte without its other half.
const NO_CHARACTER: u16 = 0xfffd;

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    /// By the mark at the start; UTF-32 starts with the same two bytes and is not read.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, 0, 0, ..] => None,
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// Reads UTF-16 and gives UTF-8.
pub(crate) struct Utf16Reader<R> {
    input: R,
    order: Order,
    units: Vec<u16>,
    /// UTF-8 that was not taken yet, and how much of it was.
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> Utf16Reader<R> {
    /// The input starts with its mark, which is given out as that of UTF-8.
    pub(crate) fn new(input: R, order: Order) -> Self {
        Self { input, order, units: Vec::new(), ready: Vec::new(), taken: 0 }
    }

    /// Converts the next units; half a pair waits for its other half.
    fn refill(&mut self) -> std::io::Result<()> {
        let mut bytes = Vec::with_capacity(UNITS * 2);
        let count = self.input.by_ref().take(UNITS as u64 * 2).read_to_end(&mut bytes);
        let is_end = bytes.len() < UNITS * 2;
        let (pairs, half) = bytes.as_chunks::<2>();
        self.units.extend(pairs.iter().map(|pair| self.order.unit(*pair)));
        if !half.is_empty() {
            self.units.push(NO_CHARACTER);
        }
        let waits = if is_end { None } else { self.units.pop_if(|unit| matches!(*unit, 0xd800..=0xdbff)) };
        self.ready.clear();
        self.taken = 0;
        self.ready.reserve(self.units.len() * BYTES_A_UNIT);
        let mut buffer = [0; 4];
        for found in char::decode_utf16(self.units.drain(..)) {
            let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.ready.extend_from_slice(found.encode_utf8(&mut buffer).as_bytes());
        }
        self.units.extend(waits);
        // What came before a failure is given out first; the input repeats it.
        if self.ready.is_empty() { count.map(drop) } else { Ok(()) }
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.ready.len() <= self.taken {
            self.refill()?;
        }
        let count = self.ready.get(self.taken..).unwrap_or_default().read(out)?;
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<String> {
        let order = Order::of(bytes)?;
        let mut text = String::new();
        Utf16Reader::new(bytes, order).read_to_string(&mut text).unwrap();
        text.strip_prefix('\u{feff}').map(str::to_owned)
    }

    #[test]
    fn both_orders_and_pairs_across_any_border() {
        for shift in 0..3 {
            let text = "x".repeat(UNITS - 2 + shift) + "\u{1f600}\u{e9}" + &"\u{1f600}".repeat(UNITS);
            let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            assert!(read(&little).as_ref() == Some(&text) && read(&big).as_ref() == Some(&text), "{shift}");
        }
    }

    #[test]
    fn what_is_no_character_ends_nothing() {
        assert_eq!(read(b"\xff\xfe\x00\xd8a\0b").as_deref(), Some("\u{fffd}a\u{fffd}"));
        assert_eq!(read(b"\xff\xfe").as_deref(), Some(""));
        assert_eq!(read(b"\xff\xfe\0\0a\0\0\0"), None, "UTF-32");
        assert_eq!(read(b"{}"), None);
    }
}
