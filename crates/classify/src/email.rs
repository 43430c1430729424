//! Mail addresses, found around every `@` rather than from token starts: the local part may hold many tokens.

use crate::check;

/// Bytes of a local part (RFC 5321 section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Bytes of a domain (RFC 5321 section 4.5.3.1.2).
const DOMAIN_BYTES_MAX: usize = 255;

/// Calls `each` with the first and last byte of every address.
pub(crate) fn find(text: &str, mut each: impl FnMut(usize, usize)) {
    let bytes = text.as_bytes();
    let Some(check) = check::by_name("email") else { return };
    for at in memchr::memchr_iter(b'@', bytes) {
        let (start, end) = (local_start(bytes, at), domain_end(bytes, at));
        if start < at && !in_url(bytes, start) && text.get(start..end).is_some_and(check) {
            each(start, end);
        }
    }
}

fn local_start(bytes: &[u8], at: usize) -> usize {
    let floor = at.saturating_sub(LOCAL_BYTES_MAX);
    let mut start = at;
    while floor < start && bytes.get(start - 1).is_some_and(|byte| local_byte(*byte)) {
        start -= 1;
    }
    // Query strings and quotes end up in front: an address begins with a letter or digit.
    while start < at && !bytes.get(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || 0x80 <= *byte) {
        start += 1;
    }
    start
}

/// `https://token@host` and `https://user:secret@host` hold credentials, not an address.
fn in_url(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(start.saturating_sub(LOCAL_BYTES_MAX)..start).unwrap_or_default();
    let word = before.rsplit(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'?' | b'&' | b'<'));
    let glued = word.take(1).next().unwrap_or_default();
    glued.ends_with(b"://") || (glued.ends_with(b":") && memchr::memmem::find(glued, b"://").is_some())
}

fn local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'') || 0x80 <= byte
}

fn domain_end(bytes: &[u8], at: usize) -> usize {
    let ceiling = (at + 1 + DOMAIN_BYTES_MAX).min(bytes.len());
    let mut end = at + 1;
    while end < ceiling
        && bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    {
        end += 1;
    }
    // `… anna@example.org.` ends a sentence.
    while at + 1 < end && bytes.get(end - 1).is_some_and(|byte| matches!(byte, b'.' | b'-')) {
        end -= 1;
    }
    end
}
