//! The identifier files that ship with the product, built in so that a bare binary can classify.
//!
//! To add a family: add its file under `content/identifiers` and its line here; a test compares the two lists.

use crate::Classifier;
use crate::identifier::IdentifierError;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../content/identifiers/", $name)))),*]
    };
}

/// (file name, text) of every built-in identifier file.
pub const IDENTIFIER_FILES: &[(&str, &str)] = files![
    "card.toml",
    "bank.toml",
    "contact.toml",
    "person.toml",
    "us.toml",
    "uk.toml",
    "europe.toml",
    "americas.toml",
    "asia-pacific.toml",
    "health.toml",
    "student.toml",
    "credential.toml",
    "not-personal.toml",
];

impl Classifier {
    /// The built-in identifiers.
    pub fn builtin() -> (Self, Vec<IdentifierError>) {
        Self::new(IDENTIFIER_FILES)
    }
}
