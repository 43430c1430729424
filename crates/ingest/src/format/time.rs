//! The vendors' spellings of an instant.
//!
//! RFC 3339 with any number of fractional digits, the same without a zone (then UTC, as Microsoft 365 means it), and
//! S3's `[06/Feb/2026:00:00:38 +0000]`. Nothing is guessed: what does not parse is no time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Unreadable;

/// An RFC 3339 instant; without a zone it is UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let local: DateTime = text.trim().parse().ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The instant that `field` must hold.
pub(super) fn required(field: &str, written: &str) -> Result<Timestamp, Unreadable> {
    instant(written).ok_or_else(|| Unreadable(format!("{field} `{written}` is not a time")))
}

/// `06/Feb/2026:00:00:38 +0000`, without the brackets.
pub(super) fn common_log(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok()
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
        assert_eq!(common_log("06/Feb/2026:00:00:38 +0000"), Some(expected));
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-06", "1754000000"] {
            assert_eq!(instant(text).filter(|_| text != "2026-02-06"), None, "{text}");
        }
    }
}
