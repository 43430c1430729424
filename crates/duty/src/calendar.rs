//! Business days: which weekdays and holidays a calendar of law leaves out, and how to count past them.
//!
//! Holidays are rules, not lists, so that no year runs out: `11-20>=2024`, `09-mon-1`, `05-mon-last`,
//! `easter-2`. Knows nothing of deadlines.

use jiff::{ToSpan as _, civil::Date, civil::Weekday};
use serde::Deserialize;

/// A named business-day calendar as written in a regime file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calendar {
    /// Where the list of holidays comes from.
    #[serde(default)]
    #[expect(dead_code, reason = "for the reader of the file")]
    pub source: String,
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Single days on top, for the years in which a government adds one.
    #[serde(default)]
    pub dates: Vec<String>,
    /// United States practice: Saturday holidays are kept on Friday, Sunday ones on Monday.
    #[serde(default)]
    pub observed: Observed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Observed {
    /// A holiday on a weekend is lost.
    #[default]
    Never,
    SundayToMonday,
    NearestWeekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Holiday {
    day: HolidayDay,
    since: i16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HolidayDay {
    Fixed { month: i8, day: i8 },
    Nth { month: i8, weekday: Weekday, nth: i8 },
    Easter { offset: i64 },
}

/// A calendar cannot be so full that 400 days hold no business day; beyond it the file is wrong.
const SEARCH_DAYS_MAX: usize = 4_000;

impl Calendar {
    /// Monday to Friday and not a holiday.
    #[must_use]
    pub(crate) fn is_business_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.is_holiday(date)
    }

    /// The n-th business day after `from`, the day itself left out.
    #[must_use]
    pub(crate) fn after(&self, from: Date, business_days: i64) -> Option<Date> {
        let mut left = business_days;
        let mut date = from;
        for _ in 0..SEARCH_DAYS_MAX {
            if left <= 0 {
                return Some(date);
            }
            date = date.tomorrow().ok()?;
            if self.is_business_day(date) {
                left -= 1;
            }
        }
        None
    }

    /// The day itself if it is a business day, else the next one.
    #[must_use]
    pub(crate) fn on_or_after(&self, date: Date) -> Option<Date> {
        if self.is_business_day(date) { Some(date) } else { self.after(date, 1) }
    }

    pub(crate) fn is_holiday(&self, date: Date) -> bool {
        let listed = self.dates.iter().filter_map(|text| text.parse::<Date>().ok()).any(|listed| listed == date);
        listed
            || self.observed_from(date).into_iter().flatten().any(|day| self.holidays.iter().any(|h| h.falls_on(day)))
    }

    /// The days whose holiday would be kept on `date`.
    fn observed_from(&self, date: Date) -> [Option<Date>; 2] {
        let shifted = match (self.observed, date.weekday()) {
            (Observed::SundayToMonday | Observed::NearestWeekday, Weekday::Monday) => date.yesterday().ok(),
            (Observed::NearestWeekday, Weekday::Friday) => date.tomorrow().ok(),
            _ => None,
        };
        [Some(date), shifted]
    }
}

impl Holiday {
    fn falls_on(self, date: Date) -> bool {
        if date.year() < self.since {
            return false;
        }
        match self.day {
            HolidayDay::Fixed { month, day } => date.month() == month && date.day() == day,
            HolidayDay::Nth { month, weekday, nth } => {
                date.month() == month && date.first_of_month().nth_weekday_of_month(nth, weekday).ok() == Some(date)
            }
            HolidayDay::Easter { offset } => {
                easter(date.year()).and_then(|day| day.checked_add(offset.days()).ok()) == Some(date)
            }
        }
    }
}

impl TryFrom<String> for Holiday {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (day, since) = text.split_once(">=").unwrap_or((&text, "0"));
        let since = since.parse().map_err(|_| format!("`{text}`: the year after `>=` is not a number"))?;
        let day = parse_day(day).ok_or_else(|| {
            format!("`{text}` is no holiday rule; write `MM-DD`, `MM-mon-1`, `MM-mon-last` or `easter+1`, and `>=YYYY` for the first year")
        })?;
        Ok(Self { day, since })
    }
}

fn parse_day(text: &str) -> Option<HolidayDay> {
    if let Some(offset) = text.strip_prefix("easter") {
        let offset = if offset.is_empty() { 0 } else { offset.parse().ok()? };
        return Some(HolidayDay::Easter { offset });
    }
    let mut parts = text.split('-');
    let (month, second, third) = (parts.next()?.parse().ok()?, parts.next()?, parts.next());
    if !(1..=12).contains(&month) || parts.next().is_some() {
        return None;
    }
    let Some(nth) = third else {
        let day = second.parse().ok().filter(|day| (1..=31).contains(day))?;
        return Some(HolidayDay::Fixed { month, day });
    };
    let nth = if nth == "last" { -1 } else { nth.parse().ok().filter(|n| (1..=5).contains(n))? };
    Some(HolidayDay::Nth { month, weekday: weekday(second)?, nth })
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        _ => return None,
    })
}

/// Gregorian Easter Sunday by the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(holidays: &[&str], observed: Observed) -> Calendar {
        let holidays = holidays.iter().map(|text| Holiday::try_from((*text).to_owned()).unwrap()).collect();
        Calendar { source: String::new(), holidays, dates: vec![], observed }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn easter_is_where_the_tables_say() {
        for (year, expected) in [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25")]
        {
            assert_eq!(easter(year), Some(day(expected)));
        }
    }

    #[test]
    fn nth_and_observed_holidays_are_skipped() {
        let federal = calendar(&["07-04", "09-mon-1", "05-mon-last"], Observed::NearestWeekday);
        // 4 July 2026 is a Saturday and is kept on Friday the 3rd.
        assert!(!federal.is_business_day(day("2026-07-03")));
        assert!(federal.is_business_day(day("2026-07-06")));
        assert!(!federal.is_business_day(day("2026-09-07")));
        assert!(!federal.is_business_day(day("2026-05-25")));
        // Thursday 3 September + 5 business days over Labor Day: 4, 8, 9, 10, 11.
        assert_eq!(federal.after(day("2026-09-03"), 5), Some(day("2026-09-11")));
    }

    #[test]
    fn a_holiday_counts_from_its_first_year() {
        let brazil = calendar(&["11-20>=2024"], Observed::Never);
        assert!(brazil.is_business_day(day("2023-11-20")));
        assert!(!brazil.is_business_day(day("2024-11-20")));
    }

    #[test]
    fn nonsense_is_refused_with_the_grammar() {
        for text in ["13-01", "07-xyz-1", "07-mon-9", "easterly", "07-04-05-06", "07-04>=soon", ""] {
            assert!(Holiday::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
