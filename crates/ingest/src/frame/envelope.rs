//! Objects that only wrap a list of records: `{"Records":[…]}`, `{"records":[…]}`, `{"value":[…]}`, `{"logEvents":[…]}`.
//!
//! Tells a wrapper from a record that happens to have a list in it: the name must be one of these and the list must
//! hold objects (or nothing).

use super::json::{Members, skip_space};

const WRAPPING_NAMES: [&[u8]; 4] = [b"Records", b"records", b"value", b"logEvents"];

/// Index behind the `[` of the wrapped list, when the object at the start of `text` is a wrapper.
/// Looks no further than `text`; a wrapper whose list starts later is taken for a record.
pub(super) fn list_start(text: &[u8]) -> Option<usize> {
    let member = Members::of(text)?.find(|member| WRAPPING_NAMES.contains(&member.name))?;
    if text.get(member.value_at) != Some(&b'[') {
        return None;
    }
    let first = text.get(skip_space(text, member.value_at + 1));
    let holds_objects = matches!(first, Some(b'{' | b']') | None);
    holds_objects.then_some(member.value_at + 1)
}

/// Whether the object at the start of `text` begins with a wrapper's name, as far as a glance tells. `value` is left
/// out: records have it, too.
pub(super) fn may_wrap(text: &[u8]) -> bool {
    let name = skip_space(text, 1);
    let name = text.get(name + 1..).unwrap_or_default();
    [&b"Records\""[..], b"records\"", b"logEvents\""].iter().any(|wrapping| name.starts_with(wrapping))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_look_alikes() {
        let cases: [(&[u8], bool); 8] = [
            (br#"{"Records":[{"a":1}]}"#, true),
            (br#"{"records" : [ ]}"#, true),
            (br#"{"@odata.context":"x","value":[{"#, true),
            (br#"{"owner":"1","logEvents":["#, true),
            (br#"{"value":[1,2]}"#, false),
            (br#"{"value":{"Records":[{}]}}"#, false),
            (br#"{"eventVersion":"1","resources":[{"ARN":"x"}]}"#, false),
            (br#"[{"Records":[]}]"#, false),
        ];
        for (text, wraps) in cases {
            assert_eq!(list_start(text).is_some(), wraps, "{}", String::from_utf8_lossy(text));
        }
    }
}
