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

/// Whether text that begins with a bracket is no JSON list.
pub(crate) fn is_bracketed(text: &[u8]) -> bool {
    text.first() == Some(&b'[') && text.get(1).is_some_and(u8::is_ascii_uppercase)
}
