//! The vendors' spellings of an instant.
//!
//! RFC 3339 with any number of fractional digits, the same without a zone (then UTC, as Microsoft 365 means it), and
//! S3's `[06/Feb/2026:00:00:38 +0000]`, and a few more that vendors write. Nothing is guessed: what does not parse is no time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Unreadable;

/// An RFC 3339 instant; without a zone it is UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(local) = text.trim().parse::<DateTime>() {
        return local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    sloppy(text.trim())
}

/// Two spellings that are RFC 3339 but for a detail: `2022-09-09T9:59:27Z` and `2019-11-05 07:38:00 -0800`.
fn sloppy(text: &str) -> Option<Timestamp> {
    if let Some((date, clock)) = text.split_once('T').filter(|(_, clock)| clock.find(':') == Some(1)) {
        return format!("{date}T0{clock}").parse().ok();
    }
    jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %z", text).ok()?.to_timestamp().ok()
}

/// The instant that `field` must hold.
pub(super) fn required(field: &str, written: &str) -> Result<Timestamp, Unreadable> {
    instant(written).ok_or_else(|| Unreadable(format!("{field} `{written}` is not a time")))
}

/// `06/Feb/2026:00:00:38 +0000`, without the brackets.
pub(super) fn common_log(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok()
}

/// `8/22/2022 6:07:16 PM`, UTC, as some Entra streams have it.
pub(super) fn american(text: &str) -> Option<Timestamp> {
    let local = jiff::fmt::strtime::parse("%m/%d/%Y %I:%M:%S %p", text).ok()?.to_datetime().ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Seconds since 1970 with a fraction.
pub(super) fn seconds(seconds: f64) -> Option<Timestamp> {
    // Four digits of year; beyond that it is no count of seconds.
    const SECONDS_MAX: f64 = 253_402_300_799.0;
    if !(0.0..=SECONDS_MAX).contains(&seconds) {
        return None;
    }
    let span = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_nanosecond(i128::try_from(span.as_nanos()).ok()?).ok()
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(milliseconds: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let expected: Timestamp = "2026-02-06T00:00:38Z".parse().unwrap();
        for text in ["2026-02-06T00:00:38Z", "2026-02-06T00:00:38", "2026-02-06T01:00:38.0000000+01:00"] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!(american("2/6/2026 12:00:38 AM"), Some(expected));
        assert_eq!(seconds(1_770_336_038.0), Some(expected));
        assert_eq!(milliseconds(1_770_336_038_000), Some(expected));
        assert_eq!([seconds(-1.0), seconds(f64::NAN), milliseconds(u64::MAX)], [None; 3]);
        for text in ["2026-02-06T0:00:38Z", "2026-02-05 16:00:38 -0800"] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!(common_log("06/Feb/2026:00:00:38 +0000"), Some(expected));
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-06", "1754000000"] {
            assert_eq!(instant(text).filter(|_| text != "2026-02-06"), None, "{text}");
        }
    }
}
