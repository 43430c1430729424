//! Spans of time as Sigma writes them: a whole number and a unit.

const SECOND_US: i64 = 1_000_000;

/// Units and their length in seconds. A month is a twelfth of a year, a year is 365.2425 days.
const UNITS: [(char, i64); 7] =
    [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800), ('M', 2_629_746), ('y', 31_556_952)];

/// `5m` in microseconds. `None` if it is not a span, or longer than 292,000 years.
pub(crate) fn read(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let (_, seconds) = UNITS.iter().find(|(letter, _)| *letter == unit)?;
    let digits = text.strip_suffix(unit)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(*seconds)?.checked_mul(SECOND_US)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn spans_are_read() {
        assert_eq!(read("90s"), Some(90_000_000));
        assert_eq!(read("5m"), Some(300_000_000));
        assert_eq!(read("1M"), Some(2_629_746_000_000));
        for wrong in ["", "5", "m", "-5m", "+5m", "5 m", "5min", "1.5h", "99999999999999999999s", "9999999999y"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
