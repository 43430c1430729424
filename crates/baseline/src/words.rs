//! Numbers and spans as people read them.

/// `4,120`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1.2 GB`, decimal units.
pub(crate) fn bytes(value: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (unit, name) in UNITS {
        if unit <= value {
            let tenths = (u128::from(value) * 10 + u128::from(unit) / 2) / u128::from(unit);
            return format!("{}.{} {name}", number(u64::try_from(tenths / 10).unwrap_or(u64::MAX)), tenths % 10);
        }
    }
    format!("{value} bytes")
}

/// `28 days`, `5 hours`, `3 minutes`: the largest unit of which there are at least two, rounded down.
pub(crate) fn span(seconds: u64) -> String {
    for (unit, name) in [(86_400, "days"), (3_600, "hours"), (60, "minutes")] {
        if 2 * unit <= seconds {
            return format!("{} {name}", number(seconds / unit));
        }
    }
    format!("{seconds} seconds")
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped() {
        let shown: Vec<String> = [0, 999, 1_000, 4_120, 1_234_567].into_iter().map(super::number).collect();
        assert_eq!(shown, ["0", "999", "1,000", "4,120", "1,234,567"]);
        assert_eq!(super::bytes(1_234_567_890), "1.2 GB");
        assert_eq!(super::bytes(999), "999 bytes");
        assert_eq!(super::span(28 * 86_400), "28 days");
        assert_eq!(super::span(90), "90 seconds");
    }
}
