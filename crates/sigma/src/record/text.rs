//! The characters of a value: strings without their escapes, numbers and booleans as written, objects as compact JSON.

use super::{Kind, Value};
use crate::error::{RecordError, RecordFault};

/// The text that text tests see. `None` for null and for arrays, which have none.
///
/// An object's text is its JSON with white space outside strings removed and everything else as written: members keep
/// their order and escapes stay escapes.
pub(crate) fn of<'a>(
    value: &Value,
    record: &'a [u8],
    has_escapes: bool,
    scratch: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>, RecordError> {
    let raw = value.bytes(record);
    match value.kind {
        Kind::Null | Kind::Array => Ok(None),
        Kind::Number | Kind::True | Kind::False => Ok(Some(raw)),
        Kind::Text if !has_escapes || memchr::memchr(b'\\', raw).is_none() => Ok(Some(raw)),
        Kind::Text => {
            scratch.clear();
            unescape(raw, scratch)
                .map_err(|at| RecordError::at(value.start as usize + at, RecordFault::InvalidEscape))?;
            Ok(Some(scratch))
        }
        Kind::Object => {
            scratch.clear();
            compact(raw, scratch);
            Ok(Some(scratch))
        }
    }
}

/// Appends the decoded characters; on failure gives the offset of the bad backslash. A surrogate without its partner
/// becomes U+FFFD, as no UTF-8 exists for it.
pub(crate) fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        let Some(plain) = memchr::memchr(b'\\', rest) else {
            out.extend_from_slice(rest);
            break;
        };
        out.extend_from_slice(rest.get(..plain).unwrap_or_default());
        let backslash = at + plain;
        at = backslash + 2;
        let simple = match raw.get(backslash + 1) {
            Some(b'"') => b'"',
            Some(b'\\') => b'\\',
            Some(b'/') => b'/',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let (character, length) = unicode(raw, backslash).ok_or(backslash)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at = backslash + length;
                continue;
            }
            _ => return Err(backslash),
        };
        out.push(simple);
    }
    Ok(())
}

/// The character of the `\uXXXX` (or surrogate pair) at `at`, and how many bytes it takes.
fn unicode(raw: &[u8], at: usize) -> Option<(char, usize)> {
    let first = hex4(raw, at)?;
    let is_high = (0xD800..0xDC00).contains(&first);
    if is_high
        && let Some(second) = hex4(raw, at + 6)
        && (0xDC00..0xE000).contains(&second)
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

fn hex4(raw: &[u8], at: usize) -> Option<u32> {
    let escape = raw.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
}

/// Appends `raw` without the white space outside strings.
fn compact(raw: &[u8], out: &mut Vec<u8>) {
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in raw {
        if in_string {
            in_string = *byte != b'"' || is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
        } else if super::is_space(*byte) {
            continue;
        } else {
            in_string = *byte == b'"';
        }
        out.push(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, unescape};

    fn decoded(raw: &str) -> Result<String, usize> {
        let mut out = Vec::new();
        unescape(raw.as_bytes(), &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn escapes_decode() {
        assert_eq!(decoded(r"a\n\t\\\/\u00e9\ud83d\ude00z").unwrap(), "a\n\t\\/é😀z");
        assert_eq!(decoded(r"\ud83dx").unwrap(), "\u{FFFD}x");
        assert_eq!(decoded(r"ab\q"), Err(2));
        assert_eq!(decoded(r"ab\u12"), Err(2));
    }

    #[test]
    fn compact_keeps_strings() {
        let mut out = Vec::new();
        compact(br#"{ "a b" : [ 1,  "x \" y " ] }"#, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a b":[1,"x \" y "]}"#);
    }
}
