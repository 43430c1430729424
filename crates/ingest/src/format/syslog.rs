//! The header of a syslog message (RFC 5424, and the older form that RFC 3164 describes): what stands behind it is the log
//! that some service wrote.
//!
//! The record kept and shown to rules is that log, as with other envelopes. Who sent it is not believed here: a sender writes
//! its own host name.

/// `<191>` is the highest; more digits are no priority.
const PRIORITY_DIGITS_MAX: usize = 3;
/// Header fields of RFC 5424 between the version and the structured data.
const FIELDS: usize = 5;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
/// `Mmm dd hh:mm:ss `.
const OLD_TIME_BYTES: usize = 16;

/// What stands behind the header; `None` if this is no syslog message.
pub(super) fn message(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"<")?;
    let end = memchr::memchr(b'>', rest.get(..=PRIORITY_DIGITS_MAX).unwrap_or(rest))?;
    let (digits, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match rest.strip_prefix(b"1 ") {
        Some(rest) => behind_fields(rest),
        None => Some(behind_old_header(rest)),
    }
}

/// Behind time, host, application, process, message id and structured data.
fn behind_fields(mut rest: &[u8]) -> Option<&[u8]> {
    for _ in 0..FIELDS {
        rest = rest.get(memchr::memchr(b' ', rest)? + 1..)?;
    }
    let rest = behind_structured_data(rest)?;
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    Some(message.strip_prefix(BYTE_ORDER_MARK).unwrap_or(message))
}

/// `-`, or `[id name="value" …]…`, where a value escapes `"`, `\` and `]`.
fn behind_structured_data(rest: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = rest.strip_prefix(b"-") {
        return Some(rest);
    }
    let (mut quoted, mut escaped, mut open) = (false, false, false);
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' if !quoted => open = true,
            b']' if !quoted => open = false,
            _ if !open => return rest.get(at..),
            _ => {}
        }
    }
    (!open).then_some(&[])
}

/// Behind `Mmm dd hh:mm:ss host tag: `, as far as they are there.
fn behind_old_header(rest: &[u8]) -> &[u8] {
    let timed = rest.get(..3).is_some_and(|month| MONTHS.contains(&month));
    let Some(named) = rest.get(OLD_TIME_BYTES..).filter(|_| timed) else { return rest };
    let Some(host) = memchr::memchr(b' ', named) else { return named };
    let tagged = named.get(host + 1..).unwrap_or_default();
    // A tag ends with a colon; what has none is the message already.
    let tag = tagged.iter().position(|byte| matches!(byte, b' ' | b'{' | b'"')).unwrap_or(tagged.len());
    match tagged.get(..tag).and_then(|tag| tag.strip_suffix(b":")) {
        Some(_) => tagged.get(tag..).unwrap_or_default().trim_ascii_start(),
        None => tagged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_both_kinds() {
        let cases: [(&str, Option<&str>); 12] = [
            ("<190>1 2026-03-02T10:11:12.003Z web nginx 7 access - {\"a\":1}", Some("{\"a\":1}")),
            ("<190>1 - - - - - - \u{feff}text", Some("text")),
            ("<34>1 t h a p m [x@1 k=\"v ] \\\" \\]\"][y] said", Some("said")),
            ("<34>1 t h a p m [x@1 k=\"v\"]", Some("")),
            ("<34>1 t h a p m [x@1 k=\"v", None),
            ("<34>1 t h a", None),
            ("<190>Mar  2 10:11:12 web nginx: {\"a\":1}", Some("{\"a\":1}")),
            ("<190>Mar  2 10:11:12 web nginx[7]: 203.0.113.7 - -", Some("203.0.113.7 - -")),
            ("<190>Mar  2 10:11:12 web {\"a\":1}", Some("{\"a\":1}")),
            ("<190>said", Some("said")),
            ("<1900>said", None),
            ("<x>said", None),
        ];
        for (line, expected) in cases {
            assert_eq!(message(line.as_bytes()), expected.map(str::as_bytes), "{line}");
        }
    }

    #[test]
    fn no_bytes_break_it() {
        let line = b"<34>1 t h a p m [x@1 k=\"v\"] \xff";
        for end in 0..line.len() {
            let _any = message(&line[..end]);
        }
        assert_eq!(message(line), Some(&b"\xff"[..]));
    }
}
