//! Checks on identifiers of Asia, Oceania and Africa.

use super::dates::{valid_date, valid_two_digit_year_date};
use super::digits::{Digits, luhn, number, placeholder, weighted};

/// Indian Aadhaar: Verhoeff; 0 and 1 are not issued as first digits.
pub(super) fn aadhaar(value: &str) -> bool {
    !value.starts_with(['0', '1']) && verhoeff(value)
}

/// Verhoeff's dihedral check.
fn verhoeff(value: &str) -> bool {
    const TIMES: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const STEP: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let digits = Digits::of(value);
    let mut sum = 0_u8;
    for (place, digit) in digits.slice().iter().rev().enumerate() {
        let mut permuted = *digit;
        for _ in 0..place % 8 {
            permuted = STEP.get(usize::from(permuted)).copied().unwrap_or_default();
        }
        let row = TIMES.get(usize::from(sum)).copied().unwrap_or_default();
        sum = row.get(usize::from(permuted)).copied().unwrap_or_default();
    }
    sum == 0 && !placeholder(digits.slice())
}

/// Australian tax file number, eight or nine digits.
pub(super) fn tfn(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let weights: &[u32] = if digits.len() == 8 { &[10, 7, 8, 4, 6, 3, 5, 1] } else { &[1, 4, 3, 7, 5, 8, 6, 9, 10] };
    matches!(digits.len(), 8 | 9) && weighted(digits, weights).is_multiple_of(11) && !placeholder(digits)
}

/// Australian Medicare card: place nine checks the first eight.
pub(super) fn au_medicare(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let sum = weighted(digits.get(..8).unwrap_or_default(), &[1, 3, 7, 9, 1, 3, 7, 9]);
    matches!(digits.len(), 10 | 11)
        && matches!(digits.first(), Some(2..=6))
        && digits.get(8).is_some_and(|have| u32::from(*have) == sum % 10)
}

/// Korean number: the date. The check digit was dropped for numbers issued since October 2020.
pub(super) fn rrn(value: &str) -> bool {
    let digits = Digits::of(value);
    let gender = digits.slice().get(6).is_some_and(|digit| (1..=8).contains(digit));
    gender && digits.slice().len() == 13 && valid_two_digit_year_date(digits.slice().get(..6).unwrap_or_default())
}

/// Chinese resident number: ISO 7064 mod 11,2 and the date.
pub(super) fn cn_ric(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let sum = weighted(digits.get(..17).unwrap_or_default(), &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let expected = b"10X98765432".get(usize::try_from(sum % 11).unwrap_or_default()).copied();
    let part = |from, to| u32::try_from(number(digits, from, to)).unwrap_or_default();
    value.len() == 18
        && (1..=8).contains(&number(digits, 0, 1))
        && (1900..2100).contains(&part(6, 10))
        && valid_date(part(6, 10), part(10, 12), part(12, 14))
        && value.bytes().last().map(|last| last.to_ascii_uppercase()) == expected
}

/// Japanese individual number: weights 6-5-4-3-2-7-6-5-4-3-2 mod 11.
pub(super) fn my_number(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    let rest = weighted(digits.get(..11).unwrap_or_default(), &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = if rest < 2 { 0 } else { 11 - rest };
    digits.len() == 12 && digits.last().is_some_and(|last| u32::from(*last) == expected)
}

/// Singapore: weights 2-7-6-5-4-3-2 with an offset by series letter.
pub(super) fn nric(value: &str) -> bool {
    let digits = Digits::of(value);
    let sum = weighted(digits.slice(), &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters): (u32, &[u8; 11]) = match value.bytes().next() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        _ => (3, b"KLJNPQRTUWX"),
    };
    let place = usize::try_from((sum + offset) % 11).unwrap_or_default();
    let place = if value.starts_with('M') { 10 - place } else { place };
    value.len() == 9 && value.bytes().last() == letters.get(place).copied()
}

/// South Africa: Luhn over thirteen digits and the date.
pub(super) fn za_id(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    digits.len() == 13
        && number(digits, 10, 11) <= 2
        && luhn(digits)
        && valid_two_digit_year_date(digits.get(..6).unwrap_or_default())
}
