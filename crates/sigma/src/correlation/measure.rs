//! An exact number: a sum of millionths divided by a count. It becomes a floating-point number only when shown.

use std::cmp::Ordering;

use super::condition::MICROS;

/// Larger numbers count as this one, so that sums of 10^8 of them still fit into 128 bits: 10^24 × 10^6 × 10^8 = 10^38.
const NUMBER_MAX: i128 = 1_000_000_000_000_000_000_000_000;
/// The digits behind the point that count.
const DECIMALS: usize = 6;

/// `micros` ÷ (10^6 × `per`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) micros: i128,
    /// Never zero.
    pub(crate) per: u64,
}

impl Measure {
    pub(crate) fn whole(number: usize) -> Self {
        let number = i128::try_from(number).unwrap_or(NUMBER_MAX);
        Self { micros: number * MICROS, per: 1 }
    }

    pub(crate) fn compare(self, micros: i128) -> Ordering {
        self.micros.cmp(&micros.saturating_mul(i128::from(self.per)))
    }

    #[expect(clippy::cast_precision_loss, reason = "for people; comparisons stay exact")]
    pub(crate) fn shown(self) -> f64 {
        self.micros as f64 / (MICROS as f64 * self.per as f64)
    }
}

/// Millionths of the number that a text spells. `None` if it spells none.
pub(crate) fn micros_of(text: &str) -> Option<i128> {
    let text = text.trim();
    exact(text).or_else(|| approximate(text))
}

/// `-12.5` and the like, without rounding as far as six decimals go.
fn exact(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = !whole.is_empty() && is_plain(whole) && is_plain(fraction);
    if !is_number {
        return None;
    }
    // Longer than this is above the maximum, or has zeros in front and is left to the other reading.
    let whole: i128 = if whole.len() <= 30 { whole.parse().ok()? } else { return None };
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(DECIMALS).collect();
    let micros = whole.min(NUMBER_MAX) * MICROS + kept.parse::<i128>().ok()?;
    Some(if is_negative { -micros } else { micros })
}

fn approximate(text: &str) -> Option<i128> {
    let number: f64 = text.parse().ok()?;
    // `inf` spells no number; `1e999` does, though one that is too large for this type.
    let spells_number = !number.is_nan() && text.bytes().any(|byte| byte.is_ascii_digit());
    if !spells_number {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a bound")]
    let is_too_large = NUMBER_MAX as f64 <= number.abs();
    if is_too_large {
        return Some(if number < 0.0 { -NUMBER_MAX } else { NUMBER_MAX } * MICROS);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "bounded just above")]
    let micros = (number * MICROS as f64).round() as i128;
    Some(micros)
}

#[cfg(test)]
mod tests {
    use super::{Measure, NUMBER_MAX, micros_of};

    #[test]
    fn numbers_are_read_exactly() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("12", Some(12_000_000)),
            (" 12.5 ", Some(12_500_000)),
            ("-0.000001", Some(-1)),
            ("0.0000019", Some(1)),
            ("9007199254740993", Some(9_007_199_254_740_993_000_000)),
            ("1e3", Some(1_000_000_000)),
            ("1e308", Some(NUMBER_MAX * 1_000_000)),
            ("", None),
            ("-", None),
            (".5", Some(500_000)),
            ("NaN", None),
            ("inf", None),
            ("1e999", Some(NUMBER_MAX * 1_000_000)),
            ("-1e999", Some(-NUMBER_MAX * 1_000_000)),
            ("0x10", None),
            ("1 2", None),
        ] {
            assert_eq!(micros_of(text), expected, "{text}");
        }
    }

    #[test]
    fn the_extremes_compare() {
        let largest = Measure { micros: NUMBER_MAX * 1_000_000, per: u64::MAX };
        assert!(largest.compare(NUMBER_MAX * 1_000_000).is_lt());
        assert!(largest.shown() > 0.0);
        assert!(Measure { micros: 7_000_000, per: 2 }.compare(3_000_000).is_gt());
    }
}
