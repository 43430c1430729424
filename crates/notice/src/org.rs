//! Who writes: the organisation's standing details, set once in the configuration.
//!
//! Every field is optional; what a notice needs and is absent here becomes a gap in the draft, never an invention.

use serde::{Deserialize, Serialize};

/// A person or desk that can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Who signs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Signatory {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The organisation as notices show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrgProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// On one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Registration or reference number with the authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    /// IANA zone in which times are shown; UTC when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
    /// For the people concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Data protection officer, or the contact point for authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpo: Option<Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatory: Option<Signatory>,
    /// What is offered to the people concerned (identity protection), as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_service: Option<String>,
}
