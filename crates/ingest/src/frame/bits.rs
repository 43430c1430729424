//! Where in 64 bytes a given byte stands, as a 64-bit mask: the one hot loop of framing.
//!
//! In the widest registers that the machine has; `scan` asks once for each piece which ones.

use fearless_simd::prelude::{SimdBase as _, SimdMask as _};
use fearless_simd::{Simd, u8x64};

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
#[inline(always)]
pub(super) fn masks<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Masks {
    let bytes = u8x64::from_slice(simd, block);
    // `[` and `{` differ in bit 5 only, and so do `]` and `}`.
    let folded = bytes | u8x64::splat(simd, 0x20);
    let equal = |bytes: u8x64<S>, byte: u8| bytes.simd_eq(u8x64::splat(simd, byte)).to_bitmask();
    Masks {
        quote: equal(bytes, b'"'),
        backslash: equal(bytes, b'\\'),
        open: equal(folded, b'{'),
        close: equal(folded, b'}'),
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

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
            let found = dispatch!(Level::new(), simd => masks(simd, &block));
            assert_eq!(found, dispatch!(Level::baseline(), simd => masks(simd, &block)));
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
