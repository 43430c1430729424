//! The Wilson score interval: what a share of few cases is worth.
//!
//! E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209–212.

/// The 97.5 % point of the normal distribution: both sides together leave out 5 %.
const Z: f64 = 1.959_963_984_540_054;

/// The lower bound of the 95 % interval of a share; `None` without a case.
pub(crate) fn lower_bound(hits: u64, cases: u64) -> Option<f64> {
    let share = share(hits, cases)?;
    let cases = float(cases);
    let z2 = Z * Z;
    let centre = share + z2 / (2.0 * cases);
    let margin = Z * (share * (1.0 - share) / cases + z2 / (4.0 * cases * cases)).sqrt();
    // Rounding must not lift the bound of no hits above none.
    Some(((centre - margin) / (1.0 + z2 / cases)).clamp(0.0, share))
}

/// Hits among cases; `None` without a case.
pub(crate) fn share(hits: u64, cases: u64) -> Option<f64> {
    (0 < cases).then(|| float(hits) / float(cases))
}

/// Counts of findings are far below what a float holds exactly.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_cases_are_worth_little() {
        // Worked by hand: 0/1 and 1/1 to 1 − z²/(1+z²); 8/10 and 80/100 as in the usual tables.
        for (hits, cases, expected) in [(1, 1, 0.2065), (0, 1, 0.0), (8, 10, 0.4902), (80, 100, 0.7112), (0, 50, 0.0)] {
            let bound = lower_bound(hits, cases).expect("there are cases");
            assert!((bound - expected).abs() < 0.0001, "{hits}/{cases}: {bound}");
        }
        assert_eq!(lower_bound(0, 0), None);
    }

    #[test]
    fn it_rises_with_hits_and_stays_below_the_share() {
        for cases in 1..40 {
            let mut last = -1.0;
            for hits in 0..=cases {
                let bound = lower_bound(hits, cases).expect("there are cases");
                assert!(last < bound || hits == 0, "{hits}/{cases}");
                assert!(bound <= share(hits, cases).expect("there are cases"));
                last = bound;
            }
        }
    }
}
