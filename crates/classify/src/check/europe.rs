//! Checks on European identifiers, United Kingdom and Türkiye included.

use super::dates::valid_date;
use super::digits::{Digits, luhn, number, placeholder, weighted};

/// NHS number: mod 11 with weights 10 to 2.
pub(super) fn nhs(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let sum = weighted(digits.get(..9).unwrap_or_default(), &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let expected = (11 - sum % 11) % 11;
    digits.len() == 10 && !placeholder(digits) && digits.last().is_some_and(|last| u32::from(*last) == expected)
}

/// National Insurance prefixes that are not issued.
pub(super) fn nino(value: &str) -> bool {
    let bytes = value.as_bytes();
    let letter = |place: usize, barred: &[u8]| bytes.get(place).is_some_and(|byte| !barred.contains(byte));
    let letters = letter(0, b"DFIQUV") && letter(1, b"DFIOQUV");
    letters && !matches!(value.get(..2), None | Some("BG" | "GB" | "NK" | "KN" | "TN" | "NT" | "ZZ"))
}

/// Unique taxpayer reference: the first digit checks the other nine.
pub(super) fn utr(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let sum = weighted(digits.get(1..).unwrap_or_default(), &[6, 7, 8, 9, 10, 5, 4, 3, 2]);
    let expected = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1].get(usize::try_from(sum % 11).unwrap_or_default()).copied();
    digits.len() == 10 && digits.first().copied() == expected
}

/// Unique pupil number: letter by mod 23 over weights 2 to 13.
pub(super) fn upn(value: &str) -> bool {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let mut sum = 0;
    for (place, byte) in value.bytes().skip(1).enumerate() {
        let worth = match byte {
            b'0'..=b'9' => usize::from(byte - b'0'),
            _ => LETTERS.iter().position(|letter| *letter == byte).unwrap_or_default(),
        };
        sum += worth * (place + 2);
    }
    value.len() == 13 && value.bytes().next() == LETTERS.get(sum % 23).copied()
}

/// Driving licence: month (plus 50 for women) and day of birth stand in places seven to ten.
pub(super) fn uk_driver(value: &str) -> bool {
    let digits = Digits::of(value.get(5..11).unwrap_or_default());
    let digits = digits.slice();
    let month = number(digits, 1, 3) % 50;
    (1..=12).contains(&month) && (1..=31).contains(&number(digits, 3, 5)) && value.get(..1) != Some("9")
}

/// ISO 7064 mod 11,10 and the rule that one digit of the first ten repeats.
pub(super) fn de_tax(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let mut product = 10;
    let mut counts = [0_u8; 10];
    for digit in digits.iter().take(10) {
        let sum = match (u32::from(*digit) + product) % 10 {
            0 => 10,
            sum => sum,
        };
        product = sum * 2 % 11;
        if let Some(count) = counts.get_mut(usize::from(*digit)) {
            *count += 1;
        }
    }
    let expected = (11 - product) % 10;
    let repeats = counts.iter().filter(|count| 1 < **count).count();
    digits.len() == 11
        && digits.first() != Some(&0)
        && repeats == 1
        && digits.last().is_some_and(|last| u32::from(*last) == expected)
}

/// Identity card serial: at least one digit; ten characters carry a 7-3-1 check digit.
pub(super) fn de_id_card(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() != 10 {
        return bytes.iter().any(u8::is_ascii_digit);
    }
    let worth = |byte: &u8| u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte.wrapping_sub(b'A') + 10 });
    let sum: u32 = bytes.iter().take(9).zip([7, 3, 1].iter().cycle()).map(|(byte, weight)| worth(byte) * weight).sum();
    bytes.last().is_some_and(|last| worth(last) == sum % 10)
}

/// French social security number: key is 97 minus the number mod 97; Corsica counts as 19 and 18.
pub(super) fn nir(value: &str) -> bool {
    let compact: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = compact.replace("2A", "19").replace("2B", "18");
    let digits = Digits::of(&plain);
    let digits = digits.slice();
    let month = number(digits, 3, 5);
    digits.len() == 15
        && matches!(digits.first(), Some(1 | 2))
        && month != 0
        && number(digits, 13, 15) == 97 - number(digits, 0, 13) % 97
}

const SPANISH_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Spanish identity card: letter by mod 23.
pub(super) fn nif(value: &str) -> bool {
    let digits = Digits::of(value);
    spanish(number(digits.slice(), 0, 8), value)
}

/// Spanish foreigner number: X, Y, Z stand for 0, 1, 2.
pub(super) fn nie(value: &str) -> bool {
    let lead = match value.bytes().next() {
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => 0,
    };
    let digits = Digits::of(value);
    spanish(lead * 10_000_000 + number(digits.slice(), 0, 7), value)
}

fn spanish(number: u64, value: &str) -> bool {
    let place = usize::try_from(number % 23).unwrap_or_default();
    value.bytes().last() == SPANISH_LETTERS.get(place).copied()
}

/// Italian tax code: odd and even places by the ministry's tables.
pub(super) fn codice_fiscale(value: &str) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let mut sum = 0;
    for (place, byte) in value.bytes().take(15).enumerate() {
        let worth = if byte.is_ascii_digit() { byte - b'0' } else { byte.to_ascii_uppercase().wrapping_sub(b'A') };
        let odd = ODD.get(usize::from(worth)).copied().unwrap_or_default();
        sum += if place % 2 == 0 { odd } else { u32::from(worth) };
    }
    let expected = b'A' + u8::try_from(sum % 26).unwrap_or_default();
    value.len() == 16 && value.bytes().last().is_some_and(|last| last.eq_ignore_ascii_case(&expected))
}

/// Dutch citizen number: eleven test with -1 for the last place.
pub(super) fn bsn(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let sum = weighted(digits.get(..8).unwrap_or_default(), &[9, 8, 7, 6, 5, 4, 3, 2]);
    let last = digits.last().copied().map_or(0, u32::from);
    digits.len() == 9 && !placeholder(digits) && sum % 11 == last % 11 && last < 10
}

/// Belgian register number: 97 minus mod 97, with a leading 2 for births since 2000.
pub(super) fn be_nrn(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let (body, key) = (number(digits, 0, 9), number(digits, 9, 11));
    digits.len() == 11
        && number(digits, 2, 4) <= 12
        && number(digits, 4, 6) <= 31
        && (key == 97 - body % 97 || key == 97 - (2_000_000_000 + body) % 97)
}

/// Polish number: weights 1-3-7-9 and a date whose month carries the century.
pub(super) fn pesel(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    let month = number(digits, 2, 4) % 20;
    let day = number(digits, 4, 6);
    digits.len() == 11 && sum.is_multiple_of(10) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Swedish number: Luhn over the last ten digits; the day is plus 60 in coordination numbers.
pub(super) fn personnummer(value: &str) -> bool {
    let digits = Digits::of(value);
    let all = digits.slice();
    let digits = all.get(all.len().saturating_sub(10)..).unwrap_or_default();
    let day = number(digits, 4, 6);
    let day = if 60 < day { day - 60 } else { day };
    let month = number(digits, 2, 4);
    let century = all.len() == 10 || (all.len() == 12 && matches!(number(all, 0, 2), 19 | 20));
    century && luhn(digits) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Finnish code: mod 31 picks the last character.
pub(super) fn hetu(value: &str) -> bool {
    const LETTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let digits = Digits::of(value.get(..10).unwrap_or_default());
    let digits = digits.slice();
    let place = usize::try_from(number(digits, 0, 9) % 31).unwrap_or_default();
    let date = digits.get(..6).unwrap_or_default();
    digits.len() == 9 && day_first(date) && value.bytes().last() == LETTERS.get(place).copied()
}

fn day_first(digits: &[u8]) -> bool {
    let part = |from, to| u32::try_from(number(digits, from, to)).unwrap_or_default();
    valid_date(2000 + part(4, 6), part(2, 4), part(0, 2))
}

/// Danish number: the date; the mod 11 digit is no longer kept for births since 2007.
pub(super) fn cpr(value: &str) -> bool {
    let digits = Digits::of(value);
    digits.slice().len() == 10 && day_first(digits.slice().get(..6).unwrap_or_default())
}

/// Norwegian number: two mod 11 digits; the day is plus 40 in D numbers.
pub(super) fn fnr(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let digit = |weights: &[u32], place: usize| {
        let rest = (11 - weighted(digits.get(..place).unwrap_or_default(), weights) % 11) % 11;
        digits.get(place).is_some_and(|have| u32::from(*have) == rest)
    };
    let day = number(digits, 0, 2) % 40;
    digits.len() == 11
        && (1..=31).contains(&day)
        && digit(&[3, 7, 6, 1, 8, 9, 4, 5, 2], 9)
        && digit(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 10)
}

/// Turkish number: two check digits.
pub(super) fn tckn(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let odd = weighted(digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(digits, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let all = weighted(digits, &[1; 10]);
    let tenth = (odd * 7 + 1000 - even) % 10;
    digits.len() == 11
        && digits.first() != Some(&0)
        && digits.get(9).is_some_and(|have| u32::from(*have) == tenth)
        && digits.get(10).is_some_and(|have| u32::from(*have) == all % 10)
}
