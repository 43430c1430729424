//! Checks on ways to reach or find a person: mail, telephone, network address, name, postal address; and grades.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::digits::{Digits, number, placeholder};

/// Longest address SMTP accepts (RFC 5321 section 4.5.3.1).
const EMAIL_BYTES_MAX: usize = 254;

/// Endings that follow `@` in file and package names, not in addresses.
const NOT_TOP_LEVEL: &[&str] = &[
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "ico",
    "css",
    "js",
    "mjs",
    "ts",
    "tsx",
    "jsx",
    "map",
    "json",
    "html",
    "php",
    "woff",
    "ttf",
    "local",
    "internal",
    "localdomain",
    "lan",
    "txt",
    "pdf",
    "yml",
    "yaml",
    "xml",
    "exe",
    "dll",
];

/// An address with a plausible top-level domain; `icon@2x.png` and `user@host.internal` are not.
pub(super) fn email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let Some((host, top)) = domain.rsplit_once('.') else { return false };
    let label_fits =
        |label: &str| !label.is_empty() && label.len() < 64 && !label.starts_with('-') && !label.ends_with('-');
    !local.is_empty()
        && local.len() <= 64
        && value.len() <= EMAIL_BYTES_MAX
        && !local.contains("..")
        && host.split('.').all(label_fits)
        && 2 <= top.len()
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !NOT_TOP_LEVEL.iter().any(|ending| ending.eq_ignore_ascii_case(top))
        && !host.bytes().next().is_some_and(|first| first.is_ascii_digit() && host.len() <= 2)
}

/// Calling codes of the ITU-T E.164 list, by their first digits.
fn calling_code(digits: &[u8]) -> Option<usize> {
    let (one, two) = (number(digits, 0, 1), number(digits, 0, 2));
    let two_digit = [
        20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61,
        62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
    ];
    match digits.first() {
        None | Some(0) => None,
        _ if matches!(one, 1 | 7) => Some(1),
        _ if two_digit.contains(&two) => Some(2),
        _ => Some(3),
    }
}

/// A telephone number: length, calling code after `+`, not a placeholder.
pub(super) fn phone(value: &str) -> bool {
    if value.bytes().filter(u8::is_ascii_digit).count() < 6 {
        return false; // nearly every short number of a log ends here
    }
    let main = value.split(['x', 'X']).next().unwrap_or(value).trim();
    let digits = Digits::of(main);
    let digits = digits.slice();
    if placeholder(digits) {
        return false;
    }
    let open = main.bytes().filter(|byte| *byte == b'(').count();
    let close = main.bytes().filter(|byte| *byte == b')').count();
    if open != close {
        return false;
    }
    if main.starts_with('+') {
        return calling_code(digits).is_some_and(|code| (code + 6..=15).contains(&digits.len()));
    }
    let groups = main.split([' ', '.', '-', '/', '(', ')']).filter(|group| !group.is_empty());
    let one_group = groups.clone().count() == 1;
    let short_first = groups.clone().next().is_some_and(|group| group.len() == 1 && !matches!(group, "0" | "1"));
    // A plain run of digits of more than twelve is some other number; so is a number that begins with a lone digit.
    let most = if one_group { 12 } else { 15 };
    (6..=most).contains(&digits.len()) && !short_first && !looks_like_date(main)
}

/// In a column that is named for telephones, shorter local numbers count too.
pub(super) fn column_phone(value: &str) -> bool {
    let allowed = |mark: char| mark.is_ascii_digit() || " +-().x/".contains(mark);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.chars().all(allowed) && (6..=20).contains(&digits)
}

fn looks_like_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['-', '.', '/', ' ']).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    matches!(lengths.as_slice(), [4, 2, 2] | [2, 2, 4])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An IPv4 address that could belong to someone: not unspecified, loopback, broadcast or a netmask.
pub(super) fn ipv4(value: &str) -> bool {
    let Ok(address) = value.parse::<Ipv4Addr>() else { return false };
    let octets = address.octets();
    !address.is_unspecified() && !address.is_loopback() && !address.is_broadcast() && octets[0] != 0 && octets[0] != 255
}

/// An IPv6 address other than loopback and unspecified.
pub(super) fn ipv6(value: &str) -> bool {
    let Ok(IpAddr::V6(address)) = value.parse::<Ipv6Addr>().map(IpAddr::V6) else { return false };
    !address.is_loopback() && !address.is_unspecified()
}

/// A hardware address: one separator throughout, not all zero or all `ff`.
pub(super) fn mac(value: &str) -> bool {
    let one_separator = !(value.contains(':') && value.contains('-'));
    let mut octets = value.split([':', '-']);
    let first = octets.next().unwrap_or_default();
    one_separator && octets.any(|octet| !octet.eq_ignore_ascii_case(first))
}

/// Latitude and longitude within their ranges.
pub(super) fn geo(value: &str) -> bool {
    let mut parts = value.split(',').map(|part| part.trim().parse::<f64>());
    match (parts.next(), parts.next()) {
        (Some(Ok(latitude)), Some(Ok(longitude))) => latitude.abs() <= 90.0 && longitude.abs() <= 180.0,
        _ => false,
    }
}

/// Small words inside names, in the languages we have examples of.
const PARTICLES: &[&str] = &[
    "de", "du", "des", "del", "della", "di", "da", "dos", "van", "von", "und", "der", "den", "het", "ten", "ter", "la",
    "le", "el", "al", "bin", "ibn", "y", "e", "zu", "zur", "of", "op", "'t", "vom", "los", "las", "dal", "in",
];

/// Words that begin with a capital and are not names of people.
const NOT_NAMES: &[&str] = &[
    "the",
    "this",
    "that",
    "please",
    "thanks",
    "error",
    "failed",
    "unknown",
    "null",
    "none",
    "true",
    "false",
    "admin",
    "test",
    "default",
    "user",
    "customer",
    "order",
    "invoice",
    "team",
    "support",
    "inc",
    "ltd",
    "gmbh",
    "llc",
    "corp",
    "street",
    "road",
    "avenue",
    "has",
    "is",
    "was",
    "id",
    "number",
    "not",
    "found",
    "regards",
    "service",
    "dear",
    "university",
    "college",
    "school",
    "department",
    "error",
    "warning",
    "info",
];

/// One to six words that could be a person's name.
pub(super) fn person_name(value: &str) -> bool {
    let value = value.trim();
    let mut capitalised = 0;
    let mut words = 0;
    for word in value.split_whitespace() {
        words += 1;
        let bare = word.trim_matches(['.', ',', '(', ')']);
        if PARTICLES.contains(&bare) || bare.starts_with("d'") {
            continue;
        }
        let first_is_upper = bare.chars().next().is_some_and(char::is_uppercase);
        let lower = bare.to_lowercase();
        if !first_is_upper
            || bare.ends_with('-')
            || NOT_NAMES.contains(&lower.as_str())
            || !bare.chars().all(name_character)
        {
            return false;
        }
        capitalised += 1;
    }
    0 < capitalised && words <= 7 && 2 <= value.chars().count() && value.len() <= 80
}

fn name_character(letter: char) -> bool {
    letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’' | '.')
}

/// Letters, a house number or postcode, and more than one word.
pub(super) fn postal_address(value: &str) -> bool {
    let value = value.trim();
    let letters = value.chars().filter(|letter| letter.is_alphabetic()).count();
    let spaced = value.split_whitespace().count();
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    5 <= letters && 2 <= spaced && digits && value.len() <= 300 && !value.contains("://") && !value.contains('@')
}

/// A letter grade, a mark up to 100 or a grade point average.
pub(super) fn grade(value: &str) -> bool {
    let value = value.trim();
    let letter = matches!(value.as_bytes(), [b'A'..=b'F'] | [b'A'..=b'F', b'+' | b'-']);
    let mark = value.parse::<f64>().is_ok_and(|mark| (0.0..=100.0).contains(&mark));
    letter || mark || matches!(value, "Pass" | "Fail" | "P" | "Incomplete" | "W" | "I")
}
