//! Parts of a point in time for `minute`, `hour`, `day`, `week` (ISO 8601), `month` and `year`. Times with an offset are
//! taken in UTC; times without one are taken as they stand; numbers are seconds, or milliseconds when they are large.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::number::Number;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Seconds above this are milliseconds: 10^12 s would be the year 33658, 10^12 ms is September 2001.
const SECONDS_MAX: i64 = 1_000_000_000_000;

impl Part {
    /// The part of the time that `text` spells, if it spells one.
    pub(crate) fn of(self, text: &[u8]) -> Option<i64> {
        let text = std::str::from_utf8(text).ok()?;
        let time = read(text)?;
        Some(match self {
            Self::Minute => i64::from(time.minute()),
            Self::Hour => i64::from(time.hour()),
            Self::Day => i64::from(time.day()),
            Self::Week => i64::from(time.date().iso_week_date().week()),
            Self::Month => i64::from(time.month()),
            Self::Year => i64::from(time.year()),
        })
    }
}

fn read(text: &str) -> Option<DateTime> {
    if let Some(number) = Number::parse(text.as_bytes()) {
        let Number::Whole(number) = number else { return read_seconds(text) };
        let millis = if SECONDS_MAX < number { number } else { number.checked_mul(1000)? };
        return Timestamp::from_millisecond(millis).ok().map(in_utc);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(in_utc(instant));
    }
    text.parse::<civil::DateTime>().ok()
}

/// `1689000000.25`: the fraction does not matter for any part.
fn read_seconds(text: &str) -> Option<DateTime> {
    let whole = text.split('.').next()?.parse().ok()?;
    Timestamp::from_second(whole).ok().map(in_utc)
}

fn in_utc(instant: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(instant)
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn parts() {
        let cases = [
            ("2026-03-02T23:11:12Z", [11, 23, 2, 10, 3, 2026]),
            ("2026-03-02T23:11:12.5+02:00", [11, 21, 2, 10, 3, 2026]),
            ("2026-03-02T23:11:12", [11, 23, 2, 10, 3, 2026]),
            ("2026-03-02 23:11:12", [11, 23, 2, 10, 3, 2026]),
            ("1772493072", [11, 23, 2, 10, 3, 2026]),
            ("1772493072000", [11, 23, 2, 10, 3, 2026]),
            ("1772493072.75", [11, 23, 2, 10, 3, 2026]),
            ("2027-01-01T00:00:00Z", [0, 0, 1, 53, 1, 2027]),
        ];
        let parts = [Part::Minute, Part::Hour, Part::Day, Part::Week, Part::Month, Part::Year];
        for (text, expected) in cases {
            assert_eq!(parts.map(|part| part.of(text.as_bytes()).unwrap()), expected, "{text}");
        }
        assert_eq!(Part::Hour.of(b"yesterday"), None);
    }
}
