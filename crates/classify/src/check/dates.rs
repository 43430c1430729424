//! Calendar checks: does the day exist, could someone born then be alive. No clock: the newest year is a named bound.

use super::digits::number;

/// No date of birth lies after this year. A bound, not the present: libraries do not read the clock.
const BIRTH_YEAR_MAX: u32 = 2035;
/// Oldest birth year taken seriously.
const BIRTH_YEAR_MIN: u32 = 1900;

/// A day that exists in the Gregorian calendar.
pub(crate) fn valid_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// `YYMMDD` names a day in some century.
pub(super) fn valid_two_digit_year_date(digits: &[u8]) -> bool {
    let part = |from, to| u32::try_from(number(digits, from, to)).unwrap_or_default();
    digits.len() == 6 && valid_date(2000 + part(0, 2), part(2, 4), part(4, 6))
}

/// A date of birth in one of the usual notations, day or month first.
pub(super) fn date_of_birth(value: &str) -> bool {
    let Some((year, first, second)) = parts(value) else { return false };
    let plausible = (BIRTH_YEAR_MIN..=BIRTH_YEAR_MAX).contains(&year);
    plausible && (valid_date(year, first, second) || valid_date(year, second, first))
}

fn parts(value: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = [0_u32; 3];
    let mut count = 0;
    let mut year_first = false;
    for part in value.split(|mark: char| !mark.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let slot = numbers.get_mut(count)?;
        *slot = match part.parse() {
            Ok(number) => number,
            Err(_) => month_by_name(part)?,
        };
        year_first |= count == 0 && part.len() == 4;
        count += 1;
    }
    match (count, numbers) {
        (3, [year, month, day]) if year_first => Some((year, month, day)),
        (3, [first, second, year]) => Some((if year < 100 { 1900 + year } else { year }, first, second)),
        _ => None,
    }
}

fn month_by_name(name: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let lower = name.to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| lower.starts_with(month))?;
    u32::try_from(place + 1).ok()
}
