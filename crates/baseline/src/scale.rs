//! Amounts on a logarithmic scale of 256 steps per doubling, in integers only, so that every machine computes the same.
//!
//! Between powers of two it is linear; that bends the logarithm by at most 9 hundredths of a doubling, everywhere alike.

/// Steps per doubling.
pub(crate) const OCTAVE: i32 = 256;

/// `0` is 0, `1` is one octave; never above 64 octaves.
pub(crate) fn steps(amount: u64) -> i32 {
    let above = u128::from(amount) + 1;
    let octave = above.ilog2();
    let within = ((above << 8) >> octave) & 0xff;
    i32::try_from(octave).unwrap_or(64) * OCTAVE + i32::try_from(within).unwrap_or(0)
}

/// The amount at a step, the inverse of [`steps`] up to rounding down.
pub(crate) fn amount(steps: i32) -> u64 {
    let steps = steps.clamp(0, 64 * OCTAVE);
    let octave = u32::try_from(steps / OCTAVE).unwrap_or(0);
    let within = u128::try_from(steps % OCTAVE).unwrap_or(0);
    let above = ((256 + within) << octave) >> 8;
    u64::try_from(above.saturating_sub(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_points() {
        assert_eq!((steps(0), steps(1), steps(3), steps(7)), (0, 256, 512, 768));
        assert_eq!(steps(u64::MAX), 64 * OCTAVE);
        assert_eq!(amount(i32::MAX), u64::MAX);
        assert_eq!(amount(-5), 0);
    }

    proptest! {
        #[test]
        fn comes_back_within_half_a_percent(value: u64) {
            let back = amount(steps(value));
            prop_assert!(back <= value);
            prop_assert!(value - back <= value / 200 + 1, "{value} came back as {back}");
        }

        #[test]
        fn keeps_the_order(one: u64, other: u64) {
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(steps(less) <= steps(more));
        }
    }
}
