//! The one place that reads the clock. Everything behind it takes `now` as an argument.
//!
//! `--now` fixes it, so a whole run can happen in simulated time. It never guesses a zone: instants only.

use jiff::Timestamp;

/// Where "now" comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    /// The machine's clock.
    Real,
    /// `--now`: the same instant for the whole command.
    Fixed(Timestamp),
}

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Self::Real => Timestamp::now(),
            Self::Fixed(instant) => instant,
        }
    }

    /// A log whose times were chosen by hand must never mix with one that tells real time.
    pub(crate) fn is_simulated(self) -> bool {
        matches!(self, Self::Fixed(_))
    }
}
