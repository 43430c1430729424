//! How many different things, in at most 300 bytes: exact up to 32, then HyperLogLog with 256 registers.
//!
//! The standard error of the latter is 1.04 / √256 = 6.5 %. Written here because it is smaller than a dependency on it.
//! Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007; small counts by linear counting, as there.

use serde::{Deserialize, Serialize};

const EXACT_MAX: usize = 32;
const REGISTERS: usize = 256;

/// A set of which only the size can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Distinct {
    /// Hashes, sorted.
    Few(Vec<u64>),
    Many(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Distinct {
    pub(crate) fn insert(&mut self, hash: u64) {
        match self {
            Self::Few(hashes) => {
                let Err(place) = hashes.binary_search(&hash) else { return };
                if hashes.len() < EXACT_MAX {
                    hashes.insert(place, hash);
                    return;
                }
                let mut registers = vec![0; REGISTERS];
                hashes.iter().chain([&hash]).for_each(|hash| note(&mut registers, *hash));
                *self = Self::Many(registers);
            }
            Self::Many(registers) => note(registers, hash),
        }
    }

    /// The estimated size.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Few(hashes) => u64::try_from(hashes.len()).unwrap_or(u64::MAX),
            Self::Many(registers) => estimate(registers),
        }
    }

    /// The estimated size of both together.
    pub(crate) fn count_with(&self, other: &Self) -> u64 {
        let mut both = self.clone();
        match other {
            Self::Few(hashes) => hashes.iter().for_each(|hash| both.insert(*hash)),
            Self::Many(theirs) => {
                let mut registers = theirs.clone();
                match &both {
                    Self::Few(hashes) => hashes.iter().for_each(|hash| note(&mut registers, *hash)),
                    Self::Many(ours) => {
                        registers.iter_mut().zip(ours).for_each(|(register, our)| *register = (*register).max(*our));
                    }
                }
                both = Self::Many(registers);
            }
        }
        both.count()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few(hashes) => hashes.capacity() * size_of::<u64>(),
            Self::Many(registers) => registers.capacity(),
        }
    }

    /// False for bytes that no set of ours has.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Few(hashes) => hashes.len() <= EXACT_MAX && hashes.is_sorted(),
            Self::Many(registers) => registers.len() == REGISTERS && registers.iter().all(|register| *register <= 57),
        }
    }
}

fn note(registers: &mut [u8], hash: u64) {
    let place = usize::try_from(hash & 0xff).unwrap_or(0);
    // 56 bits are left; a run of zeros ends at the latest behind them.
    let rank = u8::try_from(((hash >> 8) << 8 | 0x80).leading_zeros() + 1).unwrap_or(57);
    if let Some(register) = registers.get_mut(place) {
        *register = (*register).max(rank);
    }
}

fn estimate(registers: &[u8]) -> u64 {
    // In units of 2^-57, so that the sum is exact.
    let sum: u128 = registers.iter().map(|register| 1_u128 << (57 - (*register).min(57))).sum();
    let zeros = registers.iter().filter(|register| **register == 0).count();
    // alpha · m² / Σ 2^-register with alpha = 0.7213 / (1 + 1.079 / m), m = 256, times 10,000.
    let raw = ((7_183 * 65_536_u128) << 57) / (10_000 * sum.max(1));
    let raw = u64::try_from(raw).unwrap_or(u64::MAX);
    if raw <= 640 && zeros != 0 { linear(zeros) } else { raw }
}

/// m · ln(m / zeros), by the integral of 1/x in steps of one register: Σ m/k for k from zeros+1 to m, less half the ends.
fn linear(zeros: usize) -> u64 {
    let harmonic: usize = (zeros + 1..=REGISTERS).map(|k| 1_000 * REGISTERS / k).sum();
    let ends = (1_000 * REGISTERS / zeros - 1_000) / 2;
    u64::try_from((harmonic + ends) / 1_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Keyed;

    fn of(range: std::ops::Range<u64>) -> Distinct {
        let keyed = Keyed::new(b"0123456789abcdef");
        let mut set = Distinct::default();
        range.for_each(|n| set.insert(keyed.of(&n.to_le_bytes())));
        set
    }

    #[test]
    fn exact_while_few() {
        for n in 0..=32 {
            assert_eq!(of(0..n).count(), n);
        }
        let mut set = of(0..10);
        set.insert(Keyed::new(b"0123456789abcdef").of(&3_u64.to_le_bytes()));
        assert_eq!(set.count(), 10);
    }

    #[test]
    fn within_four_standard_errors_when_many() {
        for n in [33, 40, 60, 100, 200, 400, 600, 700, 1_000, 2_500, 10_000, 100_000, 1_000_000] {
            let estimate = of(0..n).count();
            // 4 · 6.5 % = 26 %.
            assert!(estimate.abs_diff(n) * 100 <= 26 * n, "{n} was estimated as {estimate}");
        }
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        let keyed = Keyed::new(b"0123456789abcdef");
        let mut back = Distinct::default();
        for _ in 0..2 {
            (0..5_000_u64).rev().for_each(|n| back.insert(keyed.of(&n.to_le_bytes())));
        }
        assert_eq!(back, of(0..5_000));
    }

    #[test]
    fn two_sets_together() {
        assert_eq!(of(0..10).count_with(&of(5..15)), 15);
        let (few, many, other) = (of(0..20), of(10..2_000), of(1_000..4_000));
        assert!(few.count_with(&many).abs_diff(2_000) < 520);
        assert_eq!(few.count_with(&many), many.count_with(&few));
        assert!(other.count_with(&many).abs_diff(3_990) < 1_040);
    }
}
