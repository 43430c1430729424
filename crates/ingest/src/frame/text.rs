//! Text logs: one record a line.
//!
//! Line ends are `\n` or `\r\n`; blank lines are no records.

/// The line without its end.
pub(super) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Nothing but white space.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// What [`is_bracketed`] looks at: `[2026-03`.
pub(super) const BRACKETED_BYTES: usize = 8;

/// Whether text that begins with a bracket is no JSON list: a capital or a date stands behind it.
pub(crate) fn is_bracketed(text: &[u8]) -> bool {
    let Some(inside) = text.strip_prefix(b"[") else { return false };
    let digits =
        |range: std::ops::Range<usize>| inside.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let date = digits(0..4) && inside.get(4) == Some(&b'-') && digits(5..7);
    date || inside.first().is_some_and(u8::is_ascii_uppercase)
}
