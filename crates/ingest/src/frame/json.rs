//! Looking at the members of one JSON object without parsing it: names, and the text of a value.
//!
//! Used to recognise formats and to open envelopes. Works on cut-off objects too, because a damaged file should still
//! be known for what it is.

use super::Scan;

/// A member of an object: its name (escapes untouched) and where its value starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemberAt<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value_at: usize,
}

/// Walks the members of the object at the start of `text`.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    text: &'a [u8],
    at: usize,
    /// The value given out last, not yet stepped over: who stops at a member does not pay for its value.
    pending: Option<usize>,
}

impl<'a> Members<'a> {
    /// `None` when `text` does not start with an object.
    pub(crate) fn of(text: &'a [u8]) -> Option<Self> {
        let start = skip_space(text, 0);
        (text.get(start) == Some(&b'{')).then_some(Self { text, at: start + 1, pending: None })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = MemberAt<'a>;

    fn next(&mut self) -> Option<MemberAt<'a>> {
        if let Some(value_at) = self.pending.take() {
            self.at = value_end(self.text, value_at).unwrap_or(self.text.len());
        }
        let mut at = skip_space(self.text, self.at);
        if self.text.get(at) == Some(&b',') {
            at = skip_space(self.text, at + 1);
        }
        if self.text.get(at) != Some(&b'"') {
            return None;
        }
        let end = string_end(self.text, at)?;
        let name = self.text.get(at + 1..end - 1)?;
        let colon = skip_space(self.text, end);
        if self.text.get(colon) != Some(&b':') {
            return None;
        }
        let value_at = skip_space(self.text, colon + 1);
        self.pending = Some(value_at);
        Some(MemberAt { name, value_at })
    }
}

/// Names of the members of an object, in order; of a cut-off object those that are there.
pub(crate) fn top_level_keys(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    Members::of(text).into_iter().flatten().map(|member| member.name)
}

/// The name of the first member.
pub(crate) fn first_key(text: &[u8]) -> Option<&[u8]> {
    let start = skip_space(text, 0);
    let quote = skip_space(text, start + 1);
    if text.get(start) != Some(&b'{') || text.get(quote) != Some(&b'"') {
        return None;
    }
    let end = string_end(text, quote)?;
    text.get(quote + 1..end - 1)
}

/// The text of the named member's value.
pub(crate) fn member_text<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let member = Members::of(text)?.find(|member| member.name == name)?;
    let end = value_end(text, member.value_at)?;
    text.get(member.value_at..end)
}

/// Index of the first byte that is no JSON white space.
pub(super) fn skip_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    from + spaces
}

/// Index behind the value that starts at `at`; `None` when the text ends first.
pub(super) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'{' | b'[' => Scan::default().feed(text.get(at..)?).map(|length| at + length),
        b'"' => string_end(text, at),
        _ => {
            let rest = text.get(at..)?;
            let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'\n' | b' ' | b'\r' | b'\t'));
            length.map(|length| at + length)
        }
    }
}

/// Index behind the closing quote of the string that starts at `at`.
pub(super) fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', text.get(from..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        from = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_whole_and_cut_objects() {
        let text = br#" { "a" : {"x":[1,"]"]}, "b\"c":"}", "d": 12 ,"e":null}"#;
        let keys: Vec<_> = top_level_keys(text).collect();
        assert_eq!(keys, [&b"a"[..], br#"b\"c"#, b"d", b"e"]);
        assert_eq!(member_text(text, b"d"), Some(&b"12"[..]));
        assert_eq!(member_text(text, b"e"), Some(&b"null"[..]));
        assert_eq!(first_key(text), Some(&b"a"[..]));
        let cut: Vec<_> = top_level_keys(&text[..14]).collect();
        assert_eq!(cut, [&b"a"[..]]);
        assert_eq!(top_level_keys(b"[1]").count(), 0);
    }
}
