//! Helpers over the digits of a value: extraction, weighted sums, repetition. No knowledge of any one scheme.

/// Longest digit string any scheme has, with room to spare.
pub(super) const DIGITS_MAX: usize = 40;

/// The decimal digits of a value, in order, without separators.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    digits: [u8; DIGITS_MAX],
    len: usize,
}

impl Digits {
    pub(super) fn of(value: &str) -> Self {
        let mut digits = [0; DIGITS_MAX];
        let mut len = 0;
        for byte in value.bytes().filter(u8::is_ascii_digit) {
            let Some(slot) = digits.get_mut(len) else { break };
            *slot = byte - b'0';
            len += 1;
        }
        Self { digits, len }
    }

    pub(super) fn slice(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

/// The number that digits `from..to` spell; 0 when the range is not there.
pub(super) fn number(digits: &[u8], from: usize, to: usize) -> u64 {
    let part = digits.get(from..to).unwrap_or_default();
    part.iter().fold(0_u64, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(*digit)))
}

/// Sum of digit times weight, over the shorter of the two.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Luhn (ISO/IEC 7812-1 annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let mut sum = 0_u32;
    for (place, digit) in digits.iter().rev().enumerate() {
        let doubled = if place % 2 == 1 { u32::from(*digit) * 2 } else { u32::from(*digit) };
        sum += if 9 < doubled { doubled - 9 } else { doubled };
    }
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// One digit repeated, or a plain count up or down: placeholders, never issued numbers.
pub(super) fn placeholder(digits: &[u8]) -> bool {
    let step = |by: i16| {
        digits.windows(2).all(|pair| match pair {
            [a, b] => (i16::from(*b) - i16::from(*a)).rem_euclid(10) == by,
            _ => true,
        })
    };
    step(0) || step(1) || step(9)
}

/// Not one digit repeated throughout.
pub(super) fn not_repeated(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    digits.first().is_some_and(|first| digits.iter().any(|digit| digit != first))
}

/// At least one digit.
pub(super) fn has_digit(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
}
