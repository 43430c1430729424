//! Where in 64 bytes a given byte stands, as a 64-bit mask: the one hot loop of framing.
//!
//! Sixteen bytes at a time through `wide`, which is safe on every machine and one instruction each on the usual ones.

use wide::u8x16;

/// Bytes looked at together.
pub(super) const BLOCK: usize = 64;

/// Masks of what matters to a JSON scanner. `open` holds `{` and `[`, `close` holds `}` and `]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    pub(super) open: u64,
    pub(super) close: u64,
}

/// Classifies one block.
#[inline]
pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
    let mut out = Masks { quote: 0, backslash: 0, open: 0, close: 0 };
    let (lanes, _) = block.as_chunks::<16>();
    for (index, lane) in lanes.iter().enumerate() {
        let lane = u8x16::new(*lane);
        // `[` and `{` differ in bit 5 only, and so do `]` and `}`.
        let folded = lane | u8x16::splat(0x20);
        let shift = index * 16;
        out.quote |= equal(lane, b'"') << shift;
        out.backslash |= equal(lane, b'\\') << shift;
        out.open |= equal(folded, b'{') << shift;
        out.close |= equal(folded, b'}') << shift;
    }
    out
}

/// Sixteen bits, one per byte of `lane` that equals `byte`.
#[inline]
fn equal(lane: u8x16, byte: u8) -> u64 {
    u64::from(lane.simd_eq(u8x16::splat(byte)).to_bitmask())
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
