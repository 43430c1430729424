//! A value that may not be known yet, or only within bounds: breach facts arrive late and rough.
//!
//! `Known::NotYet` is no default. Whoever reads one must say what the absence means.

use crate::truth::Truth;

/// A fact that is known, known within inclusive bounds, or not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    Is(T),
    Between(T, T),
    NotYet,
}

/// How many people: exact, a range, or unknown.
pub type Count = Known<u64>;

/// No upper bound is known.
pub(crate) const NO_UPPER_BOUND: u64 = u64::MAX;

/// The comparison a threshold of law uses. "At least 250" and "more than 250" are different laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Ge,
    Gt,
    Lt,
    Le,
    PctGe,
}

impl Op {
    fn holds(self, number: u64, value: u64) -> bool {
        match self {
            Self::Ge | Self::PctGe => value <= number,
            Self::Gt => value < number,
            Self::Lt => number < value,
            Self::Le => number <= value,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Ge | Self::PctGe => "at least",
            Self::Gt => "more than",
            Self::Lt => "fewer than",
            Self::Le => "at most",
        }
    }
}

impl Count {
    /// Least and greatest number of people this can be.
    #[must_use]
    pub fn bounds(self) -> (u64, u64) {
        match self {
            Self::Is(n) => (n, n),
            Self::Between(low, high) => (low, high),
            Self::NotYet => (0, NO_UPPER_BOUND),
        }
    }

    pub(crate) fn from_bounds(low: u64, high: u64) -> Self {
        if low == high {
            Self::Is(low)
        } else if low == 0 && high == NO_UPPER_BOUND {
            Self::NotYet
        } else {
            Self::Between(low, high)
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let (low, high) = self.bounds();
        let (more_low, more_high) = other.bounds();
        Self::from_bounds(low.saturating_add(more_low), high.saturating_add(more_high))
    }

    /// Whether the threshold is met. A range on both sides of it is unknown.
    #[must_use]
    pub fn meets(self, op: Op, value: u64) -> Truth {
        let (low, high) = self.bounds();
        match (op.holds(low, value), op.holds(high, value)) {
            (true, true) => Truth::Yes,
            (false, false) => Truth::No,
            _ => Truth::Unknown,
        }
    }

    /// A range with a known upper end: bounded uncertainty, as opposed to no idea.
    pub(crate) fn is_bounded_range(self) -> bool {
        matches!(self, Self::Between(_, high) if high != NO_UPPER_BOUND)
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(n) => write!(f, "{n}"),
            Self::Between(low, NO_UPPER_BOUND) => write!(f, "{low} or more"),
            Self::Between(low, high) => write!(f, "{low} to {high}"),
            Self::NotYet => f.write_str("an unknown number"),
        }
    }
}
