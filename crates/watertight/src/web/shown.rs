//! How values look on a page: times with their zone, time left in words, numbers with separators, JSON fields as text.

use jiff::{SpanRound, Timestamp, Unit};
use serde_json::Value;

/// `2 Mar 2026 10:11 UTC`; the text itself when it is no instant.
pub(super) fn time(value: &Value) -> String {
    match value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(instant) => instant.strftime("%-d %b %Y %H:%M UTC").to_string(),
        None => value.as_str().unwrap_or("unknown").to_owned(),
    }
}

/// How near a deadline is; also the CSS class, so the words stand beside the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Overdue,
    Urgent,
    Soon,
    Later,
    None,
}

impl Pace {
    pub(super) fn of(due: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(due) = due else { return Self::None };
        let hours = (due - now).total(Unit::Hour).unwrap_or(f64::MAX);
        match hours {
            h if h < 0.0 => Self::Overdue,
            h if h < 24.0 => Self::Urgent,
            h if h < 96.0 => Self::Soon,
            _ => Self::Later,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Urgent => "urgent",
            Self::Soon => "soon",
            Self::Later => "later",
            Self::None => "none",
        }
    }
}

/// `2 d 4 h`, `overdue by 3 h`, or `no fixed date`.
pub(super) fn left(due: Option<Timestamp>, now: Timestamp) -> String {
    let Some(due) = due else { return "no fixed date".to_owned() };
    let minutes = (due - now)
        .round(SpanRound::new().largest(Unit::Minute).smallest(Unit::Minute))
        .map_or(0, |span| span.get_minutes());
    let (days, hours) = (minutes.abs() / 1440, minutes.abs() / 60 % 24);
    let words = match (days, hours) {
        (0, 0) => format!("{} min", minutes.abs()),
        (0, hours) => format!("{hours} h"),
        (days, hours) => format!("{days} d {hours} h"),
    };
    if minutes < 0 { format!("overdue by {words}") } else { words }
}

/// 1234567 → `1 234 567`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if 0 < i && (digits.len() - i).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// A field as text: strings bare, lists joined, absent as `-`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_in_words() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let now = at("2026-03-02T10:00:00Z");
        for (due, words, pace) in [
            ("2026-03-05T09:00:00Z", "2 d 23 h", "soon"),
            ("2026-03-02T11:30:00Z", "1 h", "urgent"),
            ("2026-03-02T10:05:00Z", "5 min", "urgent"),
            ("2026-03-02T07:00:00Z", "overdue by 3 h", "overdue"),
            ("2026-04-02T10:00:00Z", "31 d 0 h", "later"),
        ] {
            assert_eq!(left(Some(at(due)), now), words);
            assert_eq!(Pace::of(Some(at(due)), now).as_str(), pace);
        }
        assert_eq!(left(None, now), "no fixed date");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
