//! Where in 64 bytes a given byte stands, as a 64-bit mask: the one hot loop of framing.
//!
//! Written with ordinary 64-bit arithmetic on eight bytes at a time, so it needs neither `unsafe` nor a machine feature.

/// Bytes looked at together.
pub(super) const BLOCK: usize = 64;

const LOW_SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const ONES: u64 = 0x0101_0101_0101_0101;
/// Gathers the lowest bit of each byte into the top byte: the shifts 56, 49, … 7 never collide.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// Masks of what matters to a JSON scanner. `open` holds `{` and `[`, `close` holds `}` and `]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    pub(super) open: u64,
    pub(super) close: u64,
}

/// Classifies one block.
pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
    let mut out = Masks { quote: 0, backslash: 0, open: 0, close: 0 };
    let (words, _) = block.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let shift = index * 8;
        // `[` and `{` differ in bit 5 only, and so do `]` and `}`.
        let folded = word | (ONES * 0x20);
        out.quote |= equal(word, b'"') << shift;
        out.backslash |= equal(word, b'\\') << shift;
        out.open |= equal(folded, b'{') << shift;
        out.close |= equal(folded, b'}') << shift;
    }
    out
}

/// Eight bits, one per byte of `word` that equals `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    let zero_where_equal = word ^ (ONES * u64::from(byte));
    // Exact for every byte: adding 0x7f to the low seven bits sets the top bit unless all seven are zero.
    let nonzero = ((zero_where_equal & LOW_SEVEN) + LOW_SEVEN) | zero_where_equal | LOW_SEVEN;
    ((!nonzero >> 7).wrapping_mul(GATHER)) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_agree_with_looking_at_every_byte() {
        for seed in 0..256_u32 {
            let mut block = [0_u8; BLOCK];
            for (index, byte) in block.iter_mut().enumerate() {
                let mixed = seed.wrapping_mul(2_654_435_761).wrapping_add(u32::try_from(index).unwrap() * 40_503);
                let alphabet = b"\"\\{}[]a\x00\x7f\xff\xdb\xfb\xa2 \n,";
                *byte = alphabet[usize::try_from((mixed >> 7) % 16).unwrap()];
            }
            let found = masks(&block);
            for (index, byte) in block.iter().enumerate() {
                let bit = |mask: u64| mask >> index & 1 == 1;
                assert_eq!(bit(found.quote), *byte == b'"');
                assert_eq!(bit(found.backslash), *byte == b'\\');
                assert_eq!(bit(found.open), matches!(byte, b'{' | b'['));
                assert_eq!(bit(found.close), matches!(byte, b'}' | b']'));
            }
        }
    }
}
