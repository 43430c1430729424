//! Numbers in rules and records. Whole numbers compare exactly, so that twelve-digit account ids and nineteen-digit
//! counters are never rounded; others compare as 64-bit floating point.

use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Real(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Number {
    /// Reads the whole text as a decimal number. Words such as `inf` are not numbers.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let starts_like_one = matches!(text.first()?, b'0'..=b'9' | b'-' | b'+' | b'.');
        if !starts_like_one {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        text.parse().ok().filter(|real: &f64| real.is_finite()).map(Self::Real)
    }

    fn as_real(self) -> f64 {
        match self {
            Self::Whole(whole) => {
                #[expect(clippy::cast_precision_loss, reason = "only compared with a number that is not whole")]
                let real = whole as f64;
                real
            }
            Self::Real(real) => real,
        }
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            (left, right) => left.as_real().partial_cmp(&right.as_real()),
        }
    }
}

impl Comparison {
    pub(crate) fn holds(self, left: Number, right: Number) -> bool {
        let Some(order) = left.compare(right) else { return false };
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Number};

    #[test]
    fn texts_that_are_numbers() {
        assert_eq!(Number::parse(b"123456789012"), Some(Number::Whole(123_456_789_012)));
        assert_eq!(Number::parse(b"1.5e3"), Some(Number::Real(1500.0)));
        assert_eq!(Number::parse(b"-0"), Some(Number::Whole(0)));
        for text in ["", "inf", "nan", "1x", " 1", "1e999", "-", "0x10"] {
            assert_eq!(Number::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_exact() {
        let (a, b) = (Number::Whole(9_007_199_254_740_993), Number::Whole(9_007_199_254_740_992));
        assert!(!Comparison::Equal.holds(a, b));
        assert!(Comparison::Greater.holds(a, b));
        assert!(Comparison::Equal.holds(Number::Whole(5), Number::Real(5.0)));
    }
}
