//! The words of a text line and the whole numbers among them: what every line of a text log costs.
//!
//! White space is found 64 bytes at a time in the widest registers of the machine, and digits are added up eight at a time;
//! both agree with the standard library's `split_ascii_whitespace` and `parse`. Quotes mean nothing here.

use fearless_simd::prelude::{SimdBase as _, SimdMask as _};
use fearless_simd::{Level, Simd, dispatch, u8x64};

/// Bytes looked at together.
const BLOCK: usize = 64;

/// The pieces of a line between white space, empty ones left out.
#[derive(Debug)]
pub(super) struct Words<'l> {
    line: &'l str,
    level: Level,
    /// Offset of the block whose white space is in `gaps`.
    block: usize,
    /// White space of the block that was not yet passed, a bit a byte.
    gaps: u64,
    /// Where the next word may start.
    start: usize,
}

impl<'l> Words<'l> {
    pub(super) fn of(line: &'l str) -> Self {
        let mut words = Self { line, level: Level::new(), block: 0, gaps: 0, start: 0 };
        words.gaps = words.gaps_at(0);
        words
    }

    fn gaps_at(&self, offset: usize) -> u64 {
        let bytes = self.line.as_bytes().get(offset..).unwrap_or_default();
        let mut padded = [0; BLOCK];
        let block = bytes.first_chunk().unwrap_or_else(|| {
            let (head, _) = padded.split_at_mut(bytes.len());
            head.copy_from_slice(bytes);
            &padded
        });
        dispatch!(self.level, simd => gaps(simd, block))
    }
}

impl<'l> Iterator for Words<'l> {
    type Item = &'l str;

    #[inline]
    fn next(&mut self) -> Option<&'l str> {
        loop {
            while self.gaps == 0 {
                self.block += BLOCK;
                if self.line.len() <= self.block {
                    let word = self.line.get(self.start..).filter(|word| !word.is_empty());
                    self.start = self.line.len();
                    return word;
                }
                self.gaps = self.gaps_at(self.block);
            }
            let gap = self.block + self.gaps.trailing_zeros() as usize;
            self.gaps &= self.gaps - 1;
            let start = std::mem::replace(&mut self.start, gap + 1);
            if start < gap {
                return self.line.get(start..gap);
            }
        }
    }
}

/// Where white space stands in a block (`u8::is_ascii_whitespace`).
#[inline(always)]
fn gaps<S: Simd>(simd: S, block: &[u8; BLOCK]) -> u64 {
    let bytes = u8x64::from_slice(simd, block);
    let is = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte)).to_bitmask();
    is(b' ') | is(b'\t') | is(b'\n') | is(b'\r') | is(b'\x0c')
}

/// A whole number, as `str::parse` reads it.
#[inline]
pub(super) fn number(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    match bytes.len() {
        1..=8 => digits(bytes),
        9..=16 => {
            let (head, tail) = bytes.split_last_chunk::<8>()?;
            Some(digits(head)? * 100_000_000 + digits(tail)?)
        }
        // Signs, numbers that may not fit, and nothing at all.
        _ => None,
    }
    .or_else(|| text.parse().ok())
}

/// One to eight digits, added up in pairs, fours and all (Lemire, "Quickly parsing eight digits", 2018).
#[inline]
fn digits(bytes: &[u8]) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH_HALVES: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    let missing = 8_u32.checked_sub(u32::try_from(bytes.len()).ok()?)? * 8;
    // The first digit is in the lowest byte; zeros that are missing go below it.
    let text = match missing {
        0 => load(bytes),
        _ => load(bytes) << missing | ZEROS >> (64 - missing),
    };
    let is_digits = text & HIGH_HALVES == ZEROS && text.wrapping_add(0x0606_0606_0606_0606) & HIGH_HALVES == ZEROS;
    let pairs = (text & 0x0F0F_0F0F_0F0F_0F0F).wrapping_mul(10 << 8 | 1) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul(100 << 16 | 1) >> 16;
    let all = (fours & 0x0000_FFFF_0000_FFFF).wrapping_mul(10_000 << 32 | 1) >> 32;
    is_digits.then_some(all)
}

/// One to eight bytes, the first in the lowest byte. Two loads that overlap, instead of one byte after another.
#[inline]
fn load(bytes: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let behind = 8 * (bytes.len() as u64 - 4);
        return u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << behind;
    }
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_standard_library() {
        let mut state = 88_172_645_463_325_252_u64;
        for length in 0..400 {
            let line: String = (0..length % 199)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    *['a', ' ', '7', '\t', 'ä', '\r', '-', '\u{a0}', '\u{c}', 'b', '\n', '.', '\u{b}']
                        .get(usize::try_from(state % 13).unwrap())
                        .unwrap()
                })
                .collect();
            let found: Vec<&str> = Words::of(&line).collect();
            assert_eq!(found, line.split_ascii_whitespace().collect::<Vec<_>>(), "{line:?}");
        }
        // A word that fills blocks, ends with one, or starts behind one.
        for length in [1, 63, 64, 65, 127, 128, 129, 192] {
            let line = [" ", &"x".repeat(length), " y"].concat();
            assert_eq!(Words::of(&line).map(str::len).collect::<Vec<_>>(), [length, 1]);
            assert_eq!(Words::of(line.trim()).count(), 2);
        }
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        let texts = ["", "+", "-", "+5", "-5", "0", "00", "1e3", " 1", "1 ", "/", ":", "12:4", "1234567/", "٣", "a"];
        for text in texts {
            assert_eq!(number(text), text.parse().ok(), "{text:?}");
        }
        for length in 1..=22 {
            for digit in ["0", "1", "9"] {
                let text = digit.repeat(length);
                assert_eq!(number(&text), text.parse().ok(), "{text}");
                for (place, wrong) in (0..length).zip([":", "/", "x", " "].into_iter().cycle()) {
                    let mut text = text.clone();
                    text.replace_range(place..=place, wrong);
                    assert_eq!(number(&text), None, "{text}");
                }
            }
            let text = "1234567890123456789012".get(..length).unwrap();
            assert_eq!(number(text), text.parse().ok(), "{text}");
        }
    }
}
