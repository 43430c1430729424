//! Finds the end of a JSON value without reading what is in it. Resumable: feed it piece by piece.
//!
//! It counts brackets outside strings, 64 bytes at a time; no recursion, no allocation. It does not check that the
//! value is valid.

use fearless_simd::{Level, Simd, dispatch};

use super::bits::{BLOCK, Masks, masks};

/// State between two pieces of one value.
#[derive(Debug, Clone)]
pub struct Scan {
    /// What this machine's registers can do.
    level: Level,
    depth: u32,
    in_string: bool,
    /// The next byte is escaped by a backslash at the end of the last piece.
    escaped: bool,
    /// Upper bound of the depth reached; exact unless a block held many brackets.
    deepest: u32,
}

impl Default for Scan {
    fn default() -> Self {
        Self { level: Level::new(), depth: 0, in_string: false, escaped: false, deepest: 0 }
    }
}

impl Scan {
    /// A scan that stands inside `depth` open brackets.
    #[must_use]
    pub fn inside(depth: u32) -> Self {
        Self { depth, ..Self::default() }
    }

    /// True between the quotes of a string.
    #[must_use]
    pub fn in_string(&self) -> bool {
        self.in_string
    }

    /// No bracket was nested deeper than this.
    #[must_use]
    pub fn deepest_bound(&self) -> u32 {
        self.deepest
    }

    /// Takes the next piece; the number of its bytes that still belong to the value, once the value has ended.
    pub fn feed(&mut self, piece: &[u8]) -> Option<usize> {
        let level = self.level;
        dispatch!(level, simd => self.feed_with(simd, piece))
    }

    #[inline(always)]
    fn feed_with<S: Simd>(&mut self, simd: S, piece: &[u8]) -> Option<usize> {
        let (blocks, rest) = piece.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            if let Some(end) = self.block(masks(simd, block)) {
                return Some(index * BLOCK + end);
            }
        }
        let start = blocks.len() * BLOCK;
        rest.iter().position(|byte| self.byte(*byte)).map(|at| start + at + 1)
    }

    /// One block; the offset after the value's last byte when it ends here.
    #[inline(always)]
    fn block(&mut self, found: Masks) -> Option<usize> {
        let escaped = self.escaped_bytes(found.backslash);
        let quote = found.quote & !escaped;
        let strings = prefix_xor(quote) ^ if self.in_string { u64::MAX } else { 0 };
        let open = found.open & !strings;
        let close = found.close & !strings;
        let opens = open.count_ones();
        let closes = close.count_ones();
        if closes < self.depth {
            self.deepest = self.deepest.max(self.depth + opens);
            self.depth = self.depth + opens - closes;
            self.in_string = strings >> (BLOCK - 1) == 1;
            return None;
        }
        let mut brackets = open | close;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            brackets &= brackets - 1;
            if open >> at & 1 == 1 {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return usize::try_from(at).ok().map(|at| at + 1);
                }
            }
        }
        self.in_string = strings >> (BLOCK - 1) == 1;
        None
    }

    /// Bytes that follow an odd run of backslashes. The carry-propagating addition walks each run in one step
    /// (Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019, section 3.1.1).
    #[inline(always)]
    fn escaped_bytes(&mut self, backslash: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let carried = u64::from(self.escaped);
        if backslash == 0 {
            self.escaped = false;
            return carried;
        }
        let starts = backslash & !carried;
        let follows = starts << 1 | carried;
        let odd_starts = starts & !EVEN & !follows;
        let (even_runs, overflow) = odd_starts.overflowing_add(starts);
        self.escaped = overflow;
        (EVEN ^ (even_runs << 1)) & follows
    }

    /// One byte; true when the value ends with it.
    fn byte(&mut self, byte: u8) -> bool {
        // Only quotes and backslashes can be escaped away; a bracket counts whatever stands before it, as in `block`.
        if std::mem::take(&mut self.escaped) && matches!(byte, b'"' | b'\\') {
            return false;
        }
        match byte {
            b'\\' => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            b'}' | b']' if !self.in_string => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

/// Bit i of the result is the parity of bits 0..=i.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(text: &[u8]) -> Option<usize> {
        let mut scan = Scan::default();
        text.iter().position(|byte| scan.byte(*byte)).map(|at| at + 1)
    }

    #[test]
    fn blocks_agree_with_bytes_at_every_offset_and_split() {
        let value = br#"{"a":"x\\\"}{","b":[{"c":"\\"},[[]],"\\\\\\\""],"d":"}}]]{{\u005c\\","e":{"f":{"g":[1,2,3]}}}"#;
        for pad in 0..130 {
            // White space before the value moves it against the block borders.
            let mut text = vec![b' '; pad];
            text.extend_from_slice(value);
            text.extend_from_slice(br#",{"next":1}"#);
            let expected = slow(&text);
            assert_eq!(expected, Some(pad + value.len()));
            assert_eq!(Scan::default().feed(&text), expected, "pad {pad}");
            for split in [1, 63, 64, 65, pad, pad + 20] {
                let (head, tail) = text.split_at(split.min(text.len()));
                let mut scan = Scan::default();
                let end = scan.feed(head).or_else(|| scan.feed(tail).map(|end| end + head.len()));
                assert_eq!(end, expected, "pad {pad} split {split}");
            }
        }
    }

    #[test]
    fn random_text_agrees_with_the_byte_machine() {
        let alphabet = b"\"\\{}[]ab,:";
        let mut state = 88_172_645_463_325_252_u64;
        for _ in 0..20_000 {
            let mut text = vec![b'{'];
            for _ in 0..200 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                text.push(alphabet[usize::try_from(state % 10).unwrap()]);
            }
            assert_eq!(Scan::default().feed(&text), slow(&text), "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn depth_bound_is_never_too_small() {
        let text = [vec![b'['; 500], vec![b']'; 500]].concat();
        let mut scan = Scan::default();
        assert_eq!(scan.feed(&text), Some(1000));
        assert!(scan.deepest_bound() >= 500);
    }
}
