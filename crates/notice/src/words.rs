//! Words of one language: names of months and of data elements, yes and no, the phrase that marks a gap.
//!
//! Read from `content/templates/<lang>/words.toml`. A code without a word is shown as the code and reported, not guessed.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// `to be supplied`
    pub(crate) gap: String,
    pub(crate) yes: String,
    pub(crate) no: String,
    pub(crate) and: String,
    /// `between {min} and {max}`
    pub(crate) range: String,
    /// `{day} {month} {year}`
    pub(crate) date: String,
    /// `{date}, {time} ({zone})`
    pub(crate) datetime: String,
    /// Between groups of three digits; empty for none.
    pub(crate) thousands: String,
    pub(crate) months: Vec<String>,
    /// `SSN` → `Social Security number`
    pub(crate) elements: BTreeMap<String, String>,
    /// `US-CA` → `California`
    #[serde(default)]
    pub(crate) places: BTreeMap<String, String>,
    /// Risk codes and the like.
    #[serde(default)]
    pub(crate) codes: BTreeMap<String, String>,
    /// Filled at loading: SHA-256 of the file, part of every approval.
    #[serde(skip)]
    pub(crate) sha256: String,
}

impl Words {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut words: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if words.months.len() != 12 {
            return Err(format!("`months` has {} names instead of 12", words.months.len()));
        }
        words.sha256 = crate::canonical::sha256_hex(&[text.as_bytes()]);
        Ok(words)
    }
}
