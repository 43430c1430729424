//! Checks on identifiers of the Americas: social security, tax, health providers, vehicles.

use super::dates::valid_two_digit_year_date;
use super::digits::{Digits, luhn, number, placeholder, weighted};

/// Number shown on wallet inserts and in advertisements; the administration voided them.
const SSN_VOID: &[u64] = &[78_051_120, 219_099_999, 457_555_462, 123_456_789, 987_654_321];

/// Area, group and serial rules of the Social Security Administration.
pub(super) fn ssn(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let (area, group, serial) = (number(digits, 0, 3), number(digits, 3, 5), number(digits, 5, 9));
    digits.len() == 9
        && (1..900).contains(&area)
        && area != 666
        && group != 0
        && serial != 0
        && !SSN_VOID.contains(&number(digits, 0, 9))
        && !placeholder(digits)
}

/// Individual taxpayer number: begins with 9, group in the ranges the IRS issues.
pub(super) fn itin(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let group = number(digits, 3, 5);
    digits.len() == 9 && digits.first() == Some(&9) && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Employer number: campus prefix in use.
pub(super) fn ein(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let unused =
        matches!(number(digits, 0, 2), 0 | 7 | 8 | 9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97);
    digits.len() == 9 && !unused
}

/// National provider identifier: Luhn with the prefix 80840.
pub(super) fn npi(value: &str) -> bool {
    let digits = Digits::of(value);
    let mut prefixed = vec![8, 0, 8, 4, 0];
    prefixed.extend_from_slice(digits.slice());
    digits.slice().len() == 10 && matches!(digits.slice().first(), Some(1 | 2)) && luhn(&prefixed)
}

/// Medicare beneficiary: no letters that look like digits, no leading zero.
pub(super) fn mbi(value: &str) -> bool {
    !value.starts_with('0') && !value.contains(['S', 'L', 'O', 'I', 'B', 'Z'])
}

/// Canadian social insurance: Luhn; 0 and 8 are not issued as first digits.
pub(super) fn sin(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    digits.len() == 9 && !matches!(digits.first(), Some(0 | 8)) && luhn(digits) && !placeholder(digits)
}

/// Drug enforcement registration: (1+3+5)+2(2+4+6) ends in the seventh digit.
pub(super) fn dea(value: &str) -> bool {
    let digits = Digits::of(value.get(2..).unwrap_or_default());
    let sum = weighted(digits.slice(), &[1, 2, 1, 2, 1, 2]);
    digits.slice().get(6).is_some_and(|last| u32::from(*last) == sum % 10)
}

/// Vehicle number: check digit in place nine. Not kept outside North America, where the pattern alone stands.
pub(super) fn vin(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let mut sum = 0;
    for (byte, weight) in value.bytes().zip(WEIGHTS) {
        let Some(worth) = vin_worth(byte) else { return false };
        sum += worth * weight;
    }
    let expected = match sum % 11 {
        10 => b'X',
        rest => b'0' + u8::try_from(rest).unwrap_or_default(),
    };
    value.len() == 17 && value.as_bytes().get(8) == Some(&expected)
}

fn vin_worth(byte: u8) -> Option<u32> {
    Some(match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(byte - b'S') + 2,
        _ => return None,
    })
}

/// Brazil, person: two check digits mod 11.
pub(super) fn cpf(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    digits.len() == 11
        && !placeholder(digits)
        && brazilian_digit(digits.get(..9), &[10, 9, 8, 7, 6, 5, 4, 3, 2]) == digits.get(9).copied()
        && brazilian_digit(digits.get(..10), &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == digits.get(10).copied()
}

/// Brazil, company.
pub(super) fn cnpj(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let second = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    digits.len() == 14
        && brazilian_digit(digits.get(..12), second.get(1..).unwrap_or_default()) == digits.get(12).copied()
        && brazilian_digit(digits.get(..13), &second) == digits.get(13).copied()
}

fn brazilian_digit(digits: Option<&[u8]>, weights: &[u32]) -> Option<u8> {
    let rest = weighted(digits?, weights) % 11;
    u8::try_from(if rest < 2 { 0 } else { 11 - rest }).ok()
}

/// Mexico: date of birth and the mod 10 digit over an alphabet with Ñ.
pub(super) fn curp(value: &str) -> bool {
    let mut sum = 0;
    for (place, byte) in value.bytes().take(17).enumerate() {
        let worth = match byte {
            b'0'..=b'9' => usize::from(byte - b'0'),
            b'A'..=b'N' => usize::from(byte - b'A') + 10,
            b'O'..=b'Z' => usize::from(byte - b'A') + 11,
            _ => return false,
        };
        sum += worth * (18 - place);
    }
    let expected = (10 - sum % 10) % 10;
    let date = Digits::of(value.get(4..10).unwrap_or_default());
    let last = value.bytes().last().map(|byte| usize::from(byte.wrapping_sub(b'0')));
    value.len() == 18 && last == Some(expected) && valid_two_digit_year_date(date.slice())
}

/// Chile: mod 11 with K for ten.
pub(super) fn rut(value: &str) -> bool {
    let Some((body, last)) = value.split_once('-') else { return false };
    let digits = Digits::of(body);
    let mut sum = 0;
    for (place, digit) in digits.slice().iter().rev().enumerate() {
        sum += usize::from(*digit) * (2 + place % 6);
    }
    let expected = match 11 - sum % 11 {
        11 => "0".to_owned(),
        10 => "K".to_owned(),
        other => other.to_string(),
    };
    last.eq_ignore_ascii_case(&expected)
}
