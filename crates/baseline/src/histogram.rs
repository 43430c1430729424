//! How amounts of many entities are spread, in 512 bytes: counts per half of a doubling, old ones halved.
//!
//! A quantile is right to half of a doubling (at most half as much again), always told as the upper end of its step.

use serde::{Deserialize, Serialize};

use crate::scale::{self, OCTAVE};

/// 64 octaves in two cells each.
const CELLS: usize = 128;
const CELL_STEPS: i32 = OCTAVE / 2;
/// When so many were counted, all counts are halved: what is older than about as many again weighs half.
const HALVE_AT: u64 = 20_000;

/// Counts on the logarithmic scale.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Histogram {
    cells: Vec<u32>,
    total: u64,
}

impl Histogram {
    pub(crate) fn add(&mut self, steps: i32) {
        let place = usize::try_from(steps / CELL_STEPS).unwrap_or(0).min(CELLS - 1);
        if self.cells.len() <= place {
            self.cells.resize(place + 1, 0);
        }
        self.cells[place] = self.cells[place].saturating_add(1);
        self.total += 1;
        if HALVE_AT <= self.total {
            self.cells.iter_mut().for_each(|cell| *cell /= 2);
            self.total = self.cells.iter().map(|cell| u64::from(*cell)).sum();
        }
    }

    /// Takes an amount back that grew or was counted too early. Halved since then, it may be gone already.
    pub(crate) fn take_back(&mut self, steps: i32) {
        let place = usize::try_from(steps / CELL_STEPS).unwrap_or(0).min(CELLS - 1);
        if let Some(cell) = self.cells.get_mut(place).filter(|cell| **cell != 0) {
            *cell -= 1;
            self.total -= 1;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The amount that this many thousandths of all do not exceed.
    pub(crate) fn quantile(&self, thousandths: u64) -> u64 {
        let wanted = (self.total * thousandths).div_ceil(1000).max(1);
        let mut seen = 0;
        for (place, cell) in self.cells.iter().enumerate() {
            seen += u64::from(*cell);
            if wanted <= seen {
                let upper = i32::try_from(place + 1).unwrap_or(i32::MAX).saturating_mul(CELL_STEPS);
                return scale::amount(upper);
            }
        }
        0
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.cells.capacity() * size_of::<u32>()
    }

    pub(crate) fn is_sound(&self) -> bool {
        let sum: u64 = self.cells.iter().map(|cell| u64::from(*cell)).sum();
        self.cells.len() <= CELLS && sum == self.total && self.total < HALVE_AT
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_at_most_one_cell_above_the_true_one(
            mut amounts in proptest::collection::vec(0_u64..1_000_000_000, 1..400),
            thousandths in 1_u64..=1000,
        ) {
            let mut histogram = Histogram::default();
            amounts.iter().for_each(|amount| histogram.add(scale::steps(*amount)));
            amounts.sort_unstable();
            let rank = (amounts.len() * usize::try_from(thousandths).unwrap()).div_ceil(1000).max(1) - 1;
            let (truth, told) = (amounts[rank], histogram.quantile(thousandths));
            prop_assert!(truth <= told && told <= truth + truth / 2 + 1, "{truth} told as {told}");
        }
    }

    #[test]
    fn old_amounts_lose_weight() {
        let mut histogram = Histogram::default();
        (0..19_999).for_each(|_| histogram.add(scale::steps(1_000_000)));
        assert!(900_000 < histogram.quantile(500));
        (0..60_000).for_each(|_| histogram.add(scale::steps(10)));
        assert!(histogram.quantile(500) < 20);
        assert!(histogram.total() < HALVE_AT);
    }
}
