//! Sixty-four bytes at once: which of them are quotes or brackets, and whether any is out of the ordinary. The widest
//! registers that the machine has are used; which ones, [`super::index`] asks once for each record.

use fearless_simd::prelude::{Bytes as _, SimdBase as _, SimdMask as _};
use fearless_simd::{Simd, i8x64, u8x64};

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
    pub(super) fn of<S: Simd>(simd: S, block: &[u8; 64]) -> Self {
        let bytes = u8x64::from_slice(simd, block);
        // The four brackets differ only in the bits of 0x26, and share the others with `y`, `Y`, `_` and DEL.
        let brackets = (bytes | u8x64::splat(simd, 0x26)).simd_eq(u8x64::splat(simd, 0x7F));
        // As signed numbers, control characters and bytes beyond ASCII are both below a space.
        let signed: i8x64<S> = bytes.bitcast();
        let below_space = signed.simd_lt(i8x64::splat(simd, 0x20));
        let rare = below_space | bytes.simd_eq(u8x64::splat(simd, b'\\'));
        Self {
            quotes: bytes.simd_eq(u8x64::splat(simd, b'"')).to_bitmask(),
            brackets: brackets.to_bitmask(),
            has_rare: rare.any_true(),
        }
    }
}

impl Rare {
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S, block: &[u8; 64]) -> Self {
        let bytes = u8x64::from_slice(simd, block);
        let is = |mask: fearless_simd::mask8x64<S>| mask.to_bitmask();
        Self {
            backslashes: is(bytes.simd_eq(u8x64::splat(simd, b'\\'))),
            controls: is(bytes.simd_lt(u8x64::splat(simd, 0x20))),
            wide: is(bytes.simd_ge(u8x64::splat(simd, 0x80))),
        }
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::{Masks, Rare};

    #[test]
    fn every_byte_at_every_place() {
        // What every machine has, and what this one has.
        for level in [Level::baseline(), Level::new()] {
            for byte in 0..=u8::MAX {
                for place in 0..64 {
                    let mut block = [b'a'; 64];
                    block[place] = byte;
                    let (masks, rare) = dispatch!(level, simd => (Masks::of(simd, &block), Rare::of(simd, &block)));
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
}
