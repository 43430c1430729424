//! Instants as milliseconds since 1970 in UTC, and the ways vendors print them.
//!
//! Also the offset of New York and Dublin from UTC by their present rules, so that no time-zone file of the machine
//! can change what is generated. It never asks what time it is.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Timestamp, tz::Offset};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) type Ms = i64;

pub(crate) const SECOND: Ms = 1000;
pub(crate) const MINUTE: Ms = 60 * SECOND;
pub(crate) const HOUR: Ms = 60 * MINUTE;
pub(crate) const DAY: Ms = 24 * HOUR;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Midnight UTC of a date.
pub(crate) fn midnight(date: Date) -> Ms {
    Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).map_or(0, Timestamp::as_millisecond)
}

pub(crate) fn civil(at: Ms) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_millisecond(at).unwrap_or_default())
}

/// `2026-03-02T10:11:12Z`
pub(crate) fn seconds(at: Ms) -> String {
    let d = civil(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", d.year(), d.month(), d.day(), d.hour(), d.minute(), d.second())
}

/// `2026-03-02T10:11:12.123Z`
pub(crate) fn millis(at: Ms) -> String {
    format!("{}.{:03}Z", seconds(at).trim_end_matches('Z'), at.rem_euclid(1000))
}

/// Azure's seven fractional digits: `2026-03-02T10:11:12.1230456`, without a zone.
pub(crate) fn ticks(at: Ms, sub: u64) -> String {
    format!("{}.{:03}{:04}", seconds(at).trim_end_matches('Z'), at.rem_euclid(1000), sub % 10_000)
}

/// S3 access log time: `[06/Feb/2026:00:00:38 +0000]`
pub(crate) fn bracketed(at: Ms) -> String {
    let d = civil(at);
    let (month, time) = (month_name(&d), (d.hour(), d.minute(), d.second()));
    format!("[{:02}/{month}/{:04}:{:02}:{:02}:{:02} +0000]", d.day(), d.year(), time.0, time.1, time.2)
}

/// AWS SDK style date in responses: `Mar 2, 2026 10:11:12 AM`
pub(crate) fn us_style(at: Ms) -> String {
    let d = civil(at);
    let half = if d.hour() < 12 { "AM" } else { "PM" };
    let hour = if d.hour() % 12 == 0 { 12 } else { d.hour() % 12 };
    format!("{} {}, {} {hour}:{:02}:{:02} {half}", month_name(&d), d.day(), d.year(), d.minute(), d.second())
}

/// `2026-03-02`
pub(crate) fn date(at: Ms) -> String {
    civil(at).date().to_string()
}

/// `2026/03/02`
pub(crate) fn date_path(at: Ms) -> String {
    let d = civil(at);
    format!("{:04}/{:02}/{:02}", d.year(), d.month(), d.day())
}

fn month_name(d: &DateTime) -> &'static str {
    usize::try_from(d.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or("Jan")
}

/// Hours that a zone's wall clock is ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    NewYork,
    Dublin,
}

impl Zone {
    pub(crate) fn offset_hours(self, at: Ms) -> i64 {
        match self {
            // Second Sunday of March 07:00 UTC to first Sunday of November 06:00 UTC.
            Self::NewYork => {
                let year = civil(at).year();
                let (from, to) = (sunday(year, 3, 8) + 7 * HOUR, sunday(year, 11, 1) + 6 * HOUR);
                if (from..to).contains(&at) { -4 } else { -5 }
            }
            // Last Sunday of March to last Sunday of October, both at 01:00 UTC.
            Self::Dublin => {
                let year = civil(at).year();
                let (from, to) = (sunday(year, 3, 25) + HOUR, sunday(year, 10, 25) + HOUR);
                i64::from((from..to).contains(&at))
            }
        }
    }

    /// Local weekday (0 is Monday) and hour.
    pub(crate) fn local(self, at: Ms) -> (i8, i8) {
        let d = civil(at + self.offset_hours(at) * HOUR);
        (d.date().weekday().to_monday_zero_offset(), d.hour())
    }

    /// The instant of a local hour and minute on the day that starts at `midnight_utc`.
    pub(crate) fn at(self, midnight_utc: Ms, hour: i64, minute: i64) -> Ms {
        let noon = midnight_utc + 12 * HOUR;
        midnight_utc + (hour - self.offset_hours(noon)) * HOUR + minute * MINUTE
    }
}

/// Midnight UTC of the first Sunday on or after a day.
fn sunday(year: i16, month: i8, day: i8) -> Ms {
    let first = Date::new(year, month, day).unwrap_or(Date::constant(1970, 1, 4));
    let ahead = i64::from(7 - first.weekday().to_sunday_zero_offset()) % 7;
    debug_assert!(first.weekday() == Weekday::Sunday || ahead > 0);
    midnight(first) + ahead * DAY
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn prints_the_vendors_ways() {
        let at = midnight(date(2026, 3, 2)) + 13 * HOUR + 4 * MINUTE + 5 * SECOND + 67;
        assert_eq!(seconds(at), "2026-03-02T13:04:05Z");
        assert_eq!(millis(at), "2026-03-02T13:04:05.067Z");
        assert_eq!(ticks(at, 12_345), "2026-03-02T13:04:05.0672345");
        assert_eq!(bracketed(at), "[02/Mar/2026:13:04:05 +0000]");
        assert_eq!(us_style(at), "Mar 2, 2026 1:04:05 PM");
        assert_eq!((super::date(at), date_path(at)), ("2026-03-02".to_owned(), "2026/03/02".to_owned()));
    }

    #[test]
    fn summer_time_begins_and_ends_as_the_law_says() {
        let noon = |y, m, d| midnight(date(y, m, d)) + 12 * HOUR;
        for (at, new_york, dublin) in [
            (noon(2026, 3, 7), -5, 0),
            (noon(2026, 3, 8), -4, 0),
            (noon(2026, 3, 29), -4, 1),
            (noon(2026, 10, 25), -4, 0),
            (noon(2026, 11, 1), -5, 0),
        ] {
            assert_eq!(Zone::NewYork.offset_hours(at), new_york, "{}", seconds(at));
            assert_eq!(Zone::Dublin.offset_hours(at), dublin, "{}", seconds(at));
        }
        assert_eq!(Zone::NewYork.local(noon(2026, 3, 2)), (0, 7));
    }
}
