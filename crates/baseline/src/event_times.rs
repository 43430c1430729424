//! Event times as seconds since 1970 in 32 bits, which lasts until 2106, and as dates to read.
//!
//! What lies outside is clamped: a hostile time must not be an error, only useless.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds since 1970.
pub(crate) fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.as_second().max(0)).unwrap_or(u32::MAX)
}

pub(crate) fn timestamp(seconds: u32) -> Timestamp {
    Timestamp::from_second(i64::from(seconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-02-11`.
pub(crate) fn date(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).date().to_string()
}

/// Both on the same UTC day?
pub(crate) fn same_day(one: u32, other: u32) -> bool {
    one / 86_400 == other / 86_400
}
