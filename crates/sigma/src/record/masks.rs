//! Sixty-four bytes at once: which of them are quotes, backslashes, brackets, control characters or not ASCII.

use wide::u8x16;

/// One bit per byte of a block, the lowest bit for the first byte.
#[derive(Default)]
pub(super) struct Masks {
    pub(super) quotes: u64,
    pub(super) backslashes: u64,
    pub(super) brackets: u64,
    pub(super) controls: u64,
    /// Bytes of characters beyond ASCII.
    pub(super) wide: u64,
}

impl Masks {
    #[inline(always)]
    pub(super) fn of(block: &[u8; 64]) -> Self {
        let (lanes, _) = block.as_chunks::<16>();
        let mut masks = Self::default();
        for (number, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            let place = |bits: u8x16| u64::from(bits.to_bitmask()) << (16 * number);
            masks.quotes |= place(bytes.simd_eq(u8x16::splat(b'"')));
            masks.backslashes |= place(bytes.simd_eq(u8x16::splat(b'\\')));
            // `[` and `{`, `]` and `}` differ in one bit only.
            let folded = bytes | u8x16::splat(0x20);
            let brackets = folded.simd_eq(u8x16::splat(b'{')) | folded.simd_eq(u8x16::splat(b'}'));
            masks.brackets |= place(brackets);
            masks.controls |= place(bytes.min(u8x16::splat(0x1F)).simd_eq(bytes));
            // The top bit of each byte.
            masks.wide |= place(bytes);
        }
        masks
    }
}

#[cfg(test)]
mod tests {
    use super::Masks;

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..64 {
                let mut block = [b'a'; 64];
                block[place] = byte;
                let masks = Masks::of(&block);
                let bit = |is: bool| u64::from(is) << place;
                assert_eq!(masks.quotes, bit(byte == b'"'));
                assert_eq!(masks.backslashes, bit(byte == b'\\'));
                assert_eq!(masks.brackets, bit(b"[]{}".contains(&byte)), "{byte}");
                assert_eq!(masks.controls, bit(byte < 0x20));
                assert_eq!(masks.wide, bit(0x80 <= byte));
            }
        }
    }
}
