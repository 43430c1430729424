//! The object rules see when it is the vendor's record plus a few names: the record's text with members added at its end.
//!
//! Shared by the JSON formats. The record is not parsed into a tree and written again; a name the vendor already uses is
//! never added, so no member comes twice.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Unreadable;
use super::flat::Flat;
use crate::frame::top_level_keys;

/// A record with members to come.
#[derive(Debug)]
pub(super) struct Appended<'r> {
    /// The record without its closing brace.
    head: &'r [u8],
    names: HashSet<Cow<'r, [u8]>>,
    added: Flat,
}

impl<'r> Appended<'r> {
    /// Starts with the members of `raw`, which must look like an object.
    pub(super) fn to(raw: &'r [u8]) -> Result<Self, Unreadable> {
        let text = raw.trim_ascii();
        let head = text.strip_suffix(b"}").filter(|head| head.starts_with(b"{"));
        let head = head.ok_or_else(|| Unreadable("record is not a JSON object".to_owned()))?;
        let names = top_level_keys(raw).map(Cow::Borrowed).collect();
        Ok(Self { head: head.trim_ascii_end(), names, added: Flat::new(8, 0) })
    }

    /// A member that is text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        if let Some(name) = self.free(name) {
            self.added.text(&name, value);
        }
    }

    /// The same when there is a value.
    pub(super) fn some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A member that is a whole number where its text is one.
    pub(super) fn number(&mut self, name: &str, value: &str) {
        if let Some(name) = self.free(name) {
            self.added.number(&name, value);
        }
    }

    /// A member whose value is already JSON.
    pub(super) fn json(&mut self, name: &str, value: &str) {
        if let Some(name) = self.free(name) {
            self.added.json(&name, value);
        }
    }

    /// A member that is a list of texts; nothing when the list is empty.
    pub(super) fn list<'t>(&mut self, name: &str, values: impl IntoIterator<Item = &'t str>) {
        let values: Vec<serde_json::Value> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.json(name, &serde_json::Value::from(values).to_string());
        }
    }

    /// Every member of the object whose text is `object`, under its own name and with a capital.
    pub(super) fn lift(&mut self, object: &str) {
        for member in sonic_rs::to_object_iter(object) {
            let Ok((name, value)) = member else { return };
            self.json(&super::azure::capital(&name), value.as_raw_str());
            self.json(&name, value.as_raw_str());
        }
    }

    /// The whole object's text.
    pub(super) fn finish(self) -> Vec<u8> {
        let added = self.added.finish();
        let inner = added.get(1..).unwrap_or_default();
        let comma: &[u8] = if self.head.len() > 1 && inner.len() > 1 { b"," } else { b"" };
        [self.head, comma, inner].concat()
    }

    /// The name as JSON spells it between quotes, unless it is taken; it is taken from now on.
    fn free(&mut self, name: &str) -> Option<String> {
        let quoted = serde_json::Value::from(name).to_string();
        let spelled = quoted.get(1..quoted.len() - 1)?.to_owned();
        self.names.insert(Cow::Owned(spelled.clone().into_bytes())).then_some(spelled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn members_are_added_and_never_doubled() {
        let mut view = Appended::to(br#" {"a":1,"b":"x" } "#).unwrap();
        view.text("a", "other");
        view.text("c", "qu\"ote");
        view.text("c", "again");
        view.number("n", "7");
        view.list("l", ["x", "y"]);
        view.list("none", []);
        view.lift(r#"{"inner":{"deep":1},"b":2,"od\"d":3}"#);
        let bytes = view.finish();
        assert_eq!(bytes.windows(4).filter(|part| part == b"\"c\":").count(), 1);
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let expected = json!({
            "a": 1, "b": "x", "c": "qu\"ote", "n": 7, "l": ["x", "y"], "Inner": {"deep": 1}, "inner": {"deep": 1},
            "B": 2, "Od\"d": 3, "od\"d": 3,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn empty_objects_and_other_things() {
        let mut view = Appended::to(b"{}").unwrap();
        assert_eq!(Appended::to(b"{ }").unwrap().finish(), b"{}");
        view.text("a", "b");
        assert_eq!(view.finish(), br#"{"a":"b"}"#);
        assert_eq!(Appended::to(br#"{"a":1}"#).unwrap().finish(), br#"{"a":1}"#);
        for raw in [&b"[1]"[..], b"", b"{", b"x}"] {
            assert!(Appended::to(raw).is_err(), "{}", String::from_utf8_lossy(raw));
        }
    }
}
