//! Ids that the sealed log keeps in the clear for ever: they must mean something only to the organisation.
//!
//! A value of this type was checked, on a command line and on a connection alike. Who stands behind an id is not known here.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

const CHARS_MAX: usize = 64;

/// Who says so, or what something is called, as the log keeps it for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct OpaqueId(String);

impl FromStr for OpaqueId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        if !text.is_empty() && text.len() <= CHARS_MAX && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "use an id of at most {CHARS_MAX} letters, digits, `-`, `_`, `.` or `:`; a name or a mail address would stay readable for ever"
        ))
    }
}

impl TryFrom<String> for OpaqueId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<OpaqueId> for String {
    fn from(id: OpaqueId) -> Self {
        id.0
    }
}

impl std::ops::Deref for OpaqueId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for OpaqueId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::OpaqueId;

    #[test]
    fn names_and_addresses_are_no_ids_however_they_arrive() {
        let long = "x".repeat(65);
        for wrong in ["", "Ana Lopez", "ana@larkfield.example", "P\n1", long.as_str()] {
            assert!(wrong.parse::<OpaqueId>().is_err(), "{wrong}");
            assert!(serde_json::from_value::<OpaqueId>(wrong.into()).is_err(), "{wrong}");
        }
        let id: OpaqueId = serde_json::from_str("\"P-17\"").unwrap();
        assert_eq!((&*id, serde_json::to_string(&id).unwrap().as_str()), ("P-17", "\"P-17\""));
    }
}
