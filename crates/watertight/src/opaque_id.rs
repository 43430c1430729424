//! Ids that the sealed log keeps in the clear for ever: they must mean something only to the organisation.

/// Who says so, as the sealed log keeps it for ever: an id that means something only to the organisation.
pub(crate) fn opaque_id(text: &str) -> Result<String, String> {
    const CHARS_MAX: usize = 64;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if !text.is_empty() && text.len() <= CHARS_MAX && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "use an id of at most {CHARS_MAX} letters, digits, `-`, `_`, `.` or `:`; a name or a mail address would stay readable for ever"
    ))
}
