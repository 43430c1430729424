//! When something happened: an instant with its offset, or a whole local day.
//!
//! Knows no time zone by itself; the regime's zone is an argument.

use jiff::{Timestamp, Zoned, civil::Date, fmt::temporal::Pieces, tz::Offset, tz::TimeZone};

/// An instant as written (offset kept), or a calendar day in whatever zone the law uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Instant { at: Timestamp, offset: Offset },
    Day(Date),
}

impl Moment {
    /// Reads `2026-03-28T10:20:00+01:00` or `2026-03-28`. A time without an offset is refused:
    /// it would name a different instant in every zone.
    pub fn parse(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok()?;
        let Some(time) = pieces.time() else {
            return pieces.to_numeric_offset().is_none().then_some(Self::Day(pieces.date()));
        };
        let offset = pieces.to_numeric_offset()?;
        let at = offset.to_timestamp(pieces.date().to_datetime(time)).ok()?;
        Some(Self::Instant { at, offset })
    }

    /// The calendar day in this zone.
    #[must_use]
    pub fn local_date(&self, zone: &TimeZone) -> Date {
        match self {
            Self::Instant { at, .. } => at.to_zoned(zone.clone()).date(),
            Self::Day(date) => *date,
        }
    }

    /// The earliest instant meant: a day begins at its first local moment, which is the strict reading.
    #[must_use]
    pub fn earliest(&self, zone: &TimeZone) -> Option<Zoned> {
        match self {
            Self::Instant { at, .. } => Some(at.to_zoned(zone.clone())),
            Self::Day(date) => date.to_zoned(zone.clone()).ok(),
        }
    }

    /// The zone of the text itself: its offset, or UTC for a bare day.
    #[must_use]
    pub fn own_zone(&self) -> TimeZone {
        match self {
            Self::Instant { offset, .. } => TimeZone::fixed(*offset),
            Self::Day(_) => TimeZone::UTC,
        }
    }
}

/// The last second of a local day, the way deadlines in days end.
pub(crate) fn end_of_day(date: Date, zone: &TimeZone) -> Option<Zoned> {
    date.at(23, 59, 59, 0).to_zoned(zone.clone()).ok()
}

/// `2026-03-31T11:20:00+02:00`: RFC 3339 with a numeric offset, whole seconds, never rounded up.
pub(crate) fn rfc3339(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
