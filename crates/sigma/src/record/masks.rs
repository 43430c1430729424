//! Sixty-four bytes at once: which of them are quotes or brackets, and whether any is out of the ordinary.

use wide::{i8x16, u8x16};

/// One bit per byte of a block, the lowest bit for the first byte.
#[derive(Default)]
pub(super) struct Masks {
    pub(super) quotes: u64,
    /// Brackets, and the bytes `y`, `Y`, `_` and DEL, which no JSON holds outside strings.
    pub(super) brackets: u64,
    /// Whether a backslash, a control character or a byte beyond ASCII is among them, so that [`Rare`] is worth asking.
    pub(super) has_rare: bool,
}

/// The bytes that most blocks do not hold.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) backslashes: u64,
    pub(super) controls: u64,
    /// Bytes of characters beyond ASCII.
    pub(super) wide: u64,
}

impl Masks {
    #[inline(always)]
    pub(super) fn of(block: &[u8; 64]) -> Self {
        let (lanes, _) = block.as_chunks::<16>();
        let mut masks = Self::default();
        let mut rare = u8x16::splat(0);
        for (number, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            let place = |bits: u8x16| u64::from(bits.to_bitmask()) << (16 * number);
            masks.quotes |= place(bytes.simd_eq(u8x16::splat(b'"')));
            // The four brackets differ only in the bits of 0x26, and share the others with `y`, `Y`, `_` and DEL.
            masks.brackets |= place((bytes | u8x16::splat(0x26)).simd_eq(u8x16::splat(0x7F)));
            // As signed numbers, control characters and bytes beyond ASCII are both below a space.
            let signed: i8x16 = bytes.cast_signed();
            let below_space: i8x16 = signed.simd_lt(i8x16::splat(0x20));
            rare = rare | below_space.cast_unsigned() | bytes.simd_eq(u8x16::splat(b'\\'));
        }
        masks.has_rare = rare.to_bitmask() != 0;
        masks
    }
}

impl Rare {
    pub(super) fn of(block: &[u8; 64]) -> Self {
        let (lanes, _) = block.as_chunks::<16>();
        let mut masks = Self::default();
        for (number, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            let place = |bits: u8x16| u64::from(bits.to_bitmask()) << (16 * number);
            masks.backslashes |= place(bytes.simd_eq(u8x16::splat(b'\\')));
            masks.controls |= place(bytes.min(u8x16::splat(0x1F)).simd_eq(bytes));
            // The top bit of each byte.
            masks.wide |= place(bytes);
        }
        masks
    }
}

#[cfg(test)]
mod tests {
    use super::{Masks, Rare};

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..64 {
                let mut block = [b'a'; 64];
                block[place] = byte;
                let (masks, rare) = (Masks::of(&block), Rare::of(&block));
                let bit = |is: bool| u64::from(is) << place;
                assert_eq!(masks.quotes, bit(byte == b'"'));
                assert_eq!(masks.brackets, bit(b"[]{}yY_\x7f".contains(&byte)), "{byte}");
                assert_eq!(rare.backslashes, bit(byte == b'\\'));
                assert_eq!(rare.controls, bit(byte < 0x20));
                assert_eq!(rare.wide, bit(0x80 <= byte));
                assert_eq!(masks.has_rare, byte == b'\\' || !(0x20..0x80).contains(&byte));
            }
        }
    }
}
