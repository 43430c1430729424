//! Checks on payment data: cards, tracks, bank accounts, wallets.

use sha2::{Digest as _, Sha256};

use super::digits::{Digits, luhn, number, placeholder, weighted};

/// Issuer range, length and Luhn of a card number.
pub(super) fn card(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    card_length_fits(digits) && luhn(digits) && !repeated(digits)
}

/// ISO/IEC 7812 issuer ranges as the schemes publish them, with the lengths each issues.
fn card_length_fits(digits: &[u8]) -> bool {
    let length = digits.len();
    let (two, three, four) = (number(digits, 0, 2), number(digits, 0, 3), number(digits, 0, 4));
    match digits.first() {
        Some(4) => matches!(length, 13 | 16 | 19),
        Some(5) if (51..=55).contains(&two) => length == 16,
        Some(5) => matches!(two, 50 | 56..=58) && (13..=19).contains(&length),
        Some(2) => (2221..=2720).contains(&four) && length == 16,
        Some(3) if matches!(two, 34 | 37) => length == 15,
        Some(3) if matches!(two, 36 | 38 | 39) || (300..=305).contains(&three) => matches!(length, 14 | 16 | 19),
        Some(3) => (3528..=3589).contains(&four) && (16..=19).contains(&length),
        Some(6) => {
            let discover = four == 6011 || two == 65 || (644..=649).contains(&three);
            let rupay_unionpay = matches!(two, 60 | 62 | 64 | 65) && (16..=19).contains(&length);
            let maestro = matches!(two, 63 | 67 | 69) && (13..=19).contains(&length);
            (discover && length == 16) || rupay_unionpay || maestro
        }
        _ => false,
    }
}

fn repeated(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair.first() == pair.last())
}

/// Luhn over whatever digits there are, not all the same.
pub(super) fn luhn_value(value: &str) -> bool {
    let digits = Digits::of(value);
    luhn(digits.slice()) && !placeholder(digits.slice())
}

/// The account number inside a magnetic track passes the card check and the expiry is a month.
pub(super) fn card_track(value: &str) -> bool {
    let body = value.trim_start_matches(['%', ';', 'B']);
    let Some((pan, rest)) = body.split_once(['^', '=']) else { return false };
    let after = rest.rsplit('^').next().unwrap_or(rest);
    let digits = Digits::of(after);
    card(pan) && (1..=12).contains(&number(digits.slice(), 2, 4))
}

/// Month 1 to 12 and a year a card could carry.
pub(super) fn card_expiry(value: &str) -> bool {
    let Some((month, year)) = value.split_once(['/', '-']) else { return false };
    let (Ok(month), Ok(year)) = (month.trim().parse::<u32>(), year.trim().parse::<u32>()) else { return false };
    let year = if year < 100 { 2000 + year } else { year };
    (1..=12).contains(&month) && (2000..2050).contains(&year)
}

/// ISO 13616: length by country and mod 97.
pub(super) fn iban(value: &str) -> bool {
    let compact: Vec<u8> = value.bytes().filter(|byte| byte.is_ascii_alphanumeric()).collect();
    let Some(country) = compact.get(..2) else { return false };
    if iban_length(country) != Some(compact.len()) {
        return false;
    }
    let mut rest = 0_u32;
    for byte in compact.iter().skip(4).chain(compact.iter().take(4)) {
        let byte = byte.to_ascii_uppercase();
        if byte.is_ascii_digit() {
            rest = (rest * 10 + u32::from(byte - b'0')) % 97;
        } else {
            rest = (rest * 100 + u32::from(byte - b'A') + 10) % 97;
        }
    }
    rest == 1
}

/// Lengths of the SWIFT IBAN registry.
fn iban_length(country: &[u8]) -> Option<usize> {
    const LENGTHS: &[(usize, &str)] = &[
        (15, "NO"),
        (16, "BE"),
        (18, "DK FI FO GL NL SD FK"),
        (19, "MK SI"),
        (20, "AT BA EE KZ LT LU XK MN"),
        (21, "CH HR LI LV"),
        (22, "BG BH CR DE GB GE IE ME RS VA"),
        (23, "AE GI IL IQ TL OM SO"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
        (25, "LY PT ST"),
        (26, "IS TR"),
        (27, "FR GR IT MC MR SM BI DJ"),
        (28, "AL AZ BY CY DO GT HU LB NI PL SV HN"),
        (29, "BR EG PS QA UA"),
        (30, "JO KW MU YE"),
        (31, "MT SC"),
        (32, "LC"),
        (33, "RU"),
    ];
    let country = std::str::from_utf8(country).ok()?;
    LENGTHS.iter().find(|(_, countries)| countries.split(' ').any(|code| code == country)).map(|(length, _)| *length)
}

/// ISO 9362: the country in places five and six exists.
pub(super) fn bic(value: &str) -> bool {
    let location = value.as_bytes().get(6).is_some_and(|byte| !matches!(byte, b'0' | b'1'));
    location && matches!(value.len(), 8 | 11) && value.get(4..6).is_some_and(crate::region::is_country)
}

/// ABA routing number: 3-7-1 weights.
pub(super) fn aba(value: &str) -> bool {
    let digits = Digits::of(value);
    let digits = digits.slice();
    digits.len() == 9
        && number(digits, 0, 9) != 0
        && weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
        && !placeholder(digits)
}

/// Base58Check with a double SHA-256, or the shape of a bech32 address with its own checksum.
pub(super) fn bitcoin(value: &str) -> bool {
    if value.starts_with("bc1") { bech32(value) } else { base58check(value) }
}

fn base58check(value: &str) -> bool {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0_u8; 25];
    for symbol in value.bytes() {
        let Some(place) = ALPHABET.iter().position(|letter| *letter == symbol) else { return false };
        let mut carry = place;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry % 256).unwrap_or_default();
            carry /= 256;
        }
        if carry != 0 {
            return false;
        }
    }
    let (payload, sum) = bytes.split_at(21);
    let digest = Sha256::digest(Sha256::digest(payload));
    digest.iter().take(4).eq(sum.iter())
}

/// BIP 173 and BIP 350 (constant 1 or 0x2bc830a3).
fn bech32(value: &str) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let mut state = 1_u32;
    let mut feed = |symbol: u32| {
        let top = state >> 25;
        state = ((state & 0x1ff_ffff) << 5) ^ symbol;
        for (bit, generator) in [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate() {
            if top >> bit & 1 == 1 {
                state ^= *generator;
            }
        }
    };
    for symbol in [3, 3, 0, 2, 3] {
        feed(symbol); // the expanded human-readable part "bc"
    }
    for symbol in value.bytes().skip(3) {
        let Some(place) = ALPHABET.iter().position(|letter| *letter == symbol) else { return false };
        feed(u32::try_from(place).unwrap_or_default());
    }
    matches!(state, 1 | 0x2bc8_30a3)
}

/// Forty hexadecimal digits that are not a repeated byte. Mixed-case sums (EIP-55) need Keccak and are not verified.
pub(super) fn ethereum(value: &str) -> bool {
    value.bytes().skip(2).collect::<std::collections::BTreeSet<_>>().len() > 4
}
