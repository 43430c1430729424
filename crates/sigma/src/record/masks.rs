//! Sixty-four bytes at once: which of them are quotes, backslashes, brackets, control characters or not ASCII.
//! Plain 64-bit arithmetic, eight bytes per step, so that it needs no particular processor.

/// One bit per byte of a block, the lowest bit for the first byte.
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
        let mut masks = Self { quotes: 0, backslashes: 0, brackets: 0, controls: 0, wide: 0 };
        for (place, byte) in block.iter().enumerate() {
            let bit = |is: bool| u64::from(is) << place;
            masks.quotes |= bit(*byte == b'"');
            masks.backslashes |= bit(*byte == b'\\');
            // `[` and `{`, `]` and `}` differ in one bit only.
            let folded = *byte | 0x20;
            masks.brackets |= bit(folded == b'{') | bit(folded == b'}');
            masks.controls |= bit(*byte < 0x20);
            masks.wide |= bit(0x80 <= *byte);
        }
        masks
    }
}
