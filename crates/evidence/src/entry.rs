//! The envelope of a sealed entry: clear headers (ids, kinds, times, codes) and, where there is one, the commitment to a body
//! that is kept encrypted beside the log. Personal data never stands in an entry: what is sealed cannot be erased.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::canonical::{self, CanonicalError};
use crate::commitment::Commitment;
use crate::tile::ENTRY_BYTES_MAX;

/// The version every entry begins its life with; a reader refuses others.
pub const ENTRY_VERSION: u8 = 1;
/// Longest id, kind, tenant, subject or key name.
pub const NAME_BYTES_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub v: u8,
    /// Deterministic: the same act decided again has the same id.
    pub id: String,
    /// What happened, such as `incident.opened`.
    pub kind: String,
    /// When it was decided, RFC 3339.
    pub at: String,
    pub tenant: String,
    /// What it is about: an incident, a finding batch, a notice. May be empty.
    pub subject: String,
    pub clear: Map<String, Value>,
    pub body: Option<BodyRef>,
}

/// Points to a body beside the log, and binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRef {
    pub commitment: Commitment,
    /// The name of the key in the key ring that the body is encrypted under, such as `incident/42`.
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("seal the entry: its `{field}` is empty, longer than 256 bytes or has control characters")]
    Name { field: &'static str },
    #[error("seal the entry: its `at` is `{0}`, not an RFC 3339 time")]
    Time(String),
    #[error("seal the entry: it has {0} bytes, 65,535 is the most; move the text into its body")]
    TooLarge(usize),
    #[error("seal the entry: {0}")]
    Canonical(#[from] CanonicalError),
    #[error("read the entry: {0}")]
    Malformed(String),
    #[error("read the entry: it has version {0}, this reader knows 1")]
    Version(u8),
    #[error("read the entry: it is not canonical JSON; another writer made it")]
    NotCanonical,
}

impl Entry {
    /// The bytes that are sealed: canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        self.check()?;
        let value = serde_json::to_value(self).map_err(|error| EntryError::Malformed(error.to_string()))?;
        let bytes = canonical::to_bytes(&value)?;
        if ENTRY_BYTES_MAX < bytes.len() { Err(EntryError::TooLarge(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads sealed bytes back, and only bytes that [`Entry::to_bytes`] would have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        if ENTRY_BYTES_MAX < bytes.len() {
            return Err(EntryError::TooLarge(bytes.len()));
        }
        let entry: Self = serde_json::from_slice(bytes).map_err(|error| EntryError::Malformed(error.to_string()))?;
        if entry.v != ENTRY_VERSION {
            return Err(EntryError::Version(entry.v));
        }
        if entry.to_bytes()? != bytes {
            return Err(EntryError::NotCanonical);
        }
        Ok(entry)
    }

    fn check(&self) -> Result<(), EntryError> {
        let named = [("id", &self.id), ("kind", &self.kind), ("tenant", &self.tenant)];
        for (field, value) in named {
            if value.is_empty() || !is_name(value) {
                return Err(EntryError::Name { field });
            }
        }
        if !is_name(&self.subject) {
            return Err(EntryError::Name { field: "subject" });
        }
        if self.body.as_ref().is_some_and(|body| body.key.is_empty() || !is_name(&body.key)) {
            return Err(EntryError::Name { field: "key" });
        }
        if self.at.parse::<jiff::Timestamp>().is_err() {
            return Err(EntryError::Time(self.at.clone()));
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let clear = serde_json::json!({"severity": "high", "findings": 3});
        Entry {
            v: ENTRY_VERSION,
            id: "e-1".into(),
            kind: "incident.opened".into(),
            at: "2026-03-02T10:11:12.5Z".into(),
            tenant: "larkfield".into(),
            subject: "INC-1".into(),
            clear: clear.as_object().unwrap().clone(),
            body: None,
        }
    }

    #[test]
    fn the_oldest_form_still_reads() {
        // Version 1 as first written. It must parse, and be written again byte for byte, forever.
        let sealed = br#"{"at":"2026-03-02T10:11:12.5Z","body":null,"clear":{"findings":3,"severity":"high"},"id":"e-1","kind":"incident.opened","subject":"INC-1","tenant":"larkfield","v":1}"#;
        assert_eq!(Entry::from_bytes(sealed).unwrap(), entry());
        assert_eq!(entry().to_bytes().unwrap(), sealed);
        let with_body = br#"{"at":"2026-03-02T10:11:12Z","body":{"commitment":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","key":"incident/1"},"clear":{},"id":"e-2","kind":"fact.set","subject":"INC-1","tenant":"larkfield","v":1}"#;
        let read = Entry::from_bytes(with_body).unwrap();
        assert_eq!(read.body.as_ref().unwrap().key, "incident/1");
        assert_eq!(read.to_bytes().unwrap(), with_body);
    }

    #[test]
    fn refuses_what_must_not_be_sealed() {
        let refused = |change: fn(&mut Entry)| {
            let mut changed = entry();
            change(&mut changed);
            changed.to_bytes().unwrap_err().to_string()
        };
        assert!(refused(|e| e.id.clear()).contains("`id`"));
        assert!(refused(|e| e.kind = "a\nb".into()).contains("`kind`"));
        assert!(refused(|e| e.subject = "x".repeat(257)).contains("`subject`"));
        assert!(refused(|e| e.at = "yesterday".into()).contains("RFC 3339"));
        assert!(refused(|e| drop(e.clear.insert("n".into(), u64::MAX.into()))).contains("number"));
        assert!(refused(|e| drop(e.clear.insert("t".into(), "x".repeat(70_000).into()))).contains("bytes"));
    }

    #[test]
    fn refuses_what_another_writer_made() {
        let sealed = String::from_utf8(entry().to_bytes().unwrap()).unwrap();
        for (from, to) in [
            ("{\"at\"", "{ \"at\""),
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\":1,\"v\":1"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
            ("\"severity\":\"high\"", "\"severity\":\"high\",\"severity\":\"low\""),
            ("}", ""),
        ] {
            assert!(Entry::from_bytes(sealed.replacen(from, to, 1).as_bytes()).is_err(), "{from} → {to}");
        }
        assert!(Entry::from_bytes(&[b'['; 60_000]).is_err());
    }
}
