//! Checks on credentials: entropy, decoders, and the placeholders people write in documentation.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Fragments of placeholder values, lower case.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "your",
    "xxxx",
    "****",
    "...",
    "<",
    "${",
    "{{",
    "redacted",
    "process.env",
    "env.",
    "getenv",
    "#{",
    "$_",
    "dummy",
    "sample",
    "00000000",
    "insert",
    "todo",
    "secret_here",
    "key_here",
];

/// Whole values that stand where a password would.
const NOT_PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "null",
    "none",
    "true",
    "false",
    "undefined",
    "string",
    "required",
    "incorrect",
    "invalid",
    "expired",
    "changed",
    "updated",
    "reset",
    "hidden",
    "masked",
    "empty",
    "missing",
    "forgotten",
    "optional",
    "process",
    "getpass",
    "getenv",
    "os.environ",
];

fn placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|part| lower.contains(part)) || NOT_PASSWORDS.contains(&lower.as_str())
}

/// Shannon entropy in bits per byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|count| 0 < **count).map(|count| f64::from(*count) / total).map(|p| -p * p.log2()).sum()
}

/// Not a documentation key.
pub(super) fn aws_access_key(value: &str) -> bool {
    let base32 = value.bytes().all(|byte| !matches!(byte, b'0' | b'1' | b'8' | b'9'));
    base32 && !value.ends_with("EXAMPLE") && 2.0 < entropy(value)
}

/// Forty base64 characters of a random secret: mixed case and digits, not hexadecimal, not the documentation key.
pub(super) fn aws_secret_key(value: &str) -> bool {
    let mixed = value.bytes().any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'+'));
    mixed && 4.0 < entropy(value) && !value.contains("EXAMPLE")
}

/// Token with enough different characters. The CRC in its last six characters is not required: truncated copies and
/// tokens of other vendors that adopted the prefix have none.
pub(super) fn github_token(value: &str) -> bool {
    token(value)
}

/// A vendor token: not a placeholder, not a repeated character.
pub(super) fn token(value: &str) -> bool {
    !placeholder(value) && 2.5 < entropy(value)
}

/// The header decodes to JSON that names an algorithm.
pub(super) fn jwt(value: &str) -> bool {
    let header = value.split('.').next().unwrap_or_default();
    let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(header) else { return false };
    serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|json| json.get("alg").is_some())
}

/// Decodes to `user:password` in printable characters.
pub(super) fn basic_auth(value: &str) -> bool {
    let encoded = value.rsplit(' ').next().unwrap_or_default().trim_end_matches('=');
    let decoded = BASE64_STANDARD_NO_PAD.decode(encoded).or_else(|_| BASE64_STANDARD.decode(encoded));
    let Ok(Ok(text)) = decoded.map(String::from_utf8) else { return false };
    let Some((user, password)) = text.split_once(':') else { return false };
    !user.is_empty() && !password.is_empty() && text.chars().all(|letter| !letter.is_control())
}

/// A value somebody would type as a password rather than a word of the sentence.
pub(super) fn password(value: &str) -> bool {
    let lower = value.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let other = value.bytes().any(|byte| !byte.is_ascii_alphabetic());
    let call = value.contains("()")
        || value.starts_with("$2")
        || value.starts_with('$')
        || value.starts_with('%')
        || value.starts_with('/');
    let varied = entropy(value) > 1.5;
    (other || (lower && upper)) && varied && !call && !placeholder(value)
}

/// Small and capital letters with a digit or mark among them: not a word of the sentence.
pub(super) fn strong_password(value: &str) -> bool {
    let value = value.trim_end_matches(['.', ')', ':']);
    let lower = value.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = value.bytes().any(|byte| byte.is_ascii_uppercase());
    let other = value.bytes().any(|byte| byte.is_ascii_digit() || b"!@#$%^&*?+~".contains(&byte));
    lower && upper && other && password(value)
}

/// The password part of a connection string is no placeholder.
pub(super) fn db_url(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let Some((user_and_password, _)) = rest.rsplit_once('@') else { return false };
    let Some((_, password)) = user_and_password.split_once(':') else { return false };
    let bare = password.to_ascii_lowercase();
    !placeholder(password)
        && !password.starts_with('$')
        && !matches!(bare.as_str(), "pass" | "pwd" | "user" | "root" | "test")
}
