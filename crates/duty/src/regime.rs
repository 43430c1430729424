//! A regime file as written: one law in one jurisdiction, with its versions, rules, content and worked
//! cases (schema `watertight-law/1`).
//!
//! Unknown keys are refused here, by the reader. Whether names fit together is `load`'s business.

#![expect(
    dead_code,
    reason = "the schema is read whole so that a misspelt key is refused; some keys speak to readers of the file only"
)]

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::calendar::Calendar;
use crate::expr::Expr;
pub(crate) use crate::rule::*;

pub(crate) const SCHEMA: &str = "watertight-law/1";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegimeFile {
    pub schema: String,
    pub jurisdiction: Jurisdiction,
    #[serde(default)]
    pub statute: Vec<Statute>,
    #[serde(default)]
    pub pi: BTreeMap<String, Pi>,
    #[serde(default)]
    pub predicate: BTreeMap<String, Predicate>,
    #[serde(default)]
    pub calendar: BTreeMap<String, Calendar>,
    #[serde(default)]
    pub member: Vec<Member>,
    #[serde(default)]
    pub rule: Vec<Rule>,
    #[serde(default)]
    pub content: BTreeMap<String, Content>,
    #[serde(default)]
    pub case: Vec<WorkedCase>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jurisdiction {
    pub code: String,
    pub layer: String,
    #[serde(default)]
    pub sector: Option<String>,
    /// A group of members (`EEA`) whose authority and zone the establishment decides.
    #[serde(default)]
    pub members: Option<String>,
    /// An IANA zone; `competent_authority` or `reporting_entity_member_state` for the member's; `clock` for
    /// the offset in which the clock event was attested.
    pub tz: String,
    #[serde(default)]
    pub calendar: Option<String>,
    /// What makes this law worth considering: people who live there, a role that only it knows, or a contract.
    #[serde(default)]
    pub served_by: ServedBy,
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServedBy {
    #[default]
    Residence,
    Role,
    ResidenceOrRole,
    ResidenceAndRole,
    Contract,
}

/// A member of a group such as the European Economic Area.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub of: String,
    pub code: String,
    pub zone: String,
    /// The supervisory authority, where one name suffices.
    #[serde(default)]
    pub authority: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statute {
    pub id: String,
    pub title: String,
    pub status: Status,
    /// Which date of the incident selects the version, as `<event>_date`.
    #[serde(default)]
    pub version_key: Option<String>,
    #[serde(default)]
    pub version: Vec<Version>,
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    InForce,
    Proposed,
    NotCommenced,
    Repealed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    pub id: String,
    #[serde(default)]
    pub valid_from: Option<toml::value::Datetime>,
    /// Exclusive.
    #[serde(default)]
    pub valid_to: Option<toml::value::Datetime>,
    #[serde(default)]
    pub transition: Option<Transition>,
    /// The file knows nothing older than `valid_from`: an earlier incident is for counsel, not "no duty".
    #[serde(default)]
    pub horizon: bool,
    /// Recorded time: since when we knew this version.
    #[serde(default)]
    pub recorded_at: Option<toml::value::Datetime>,
    #[serde(default)]
    pub recorded_by: Option<String>,
    /// A named person compared the version with the official text. Without it the version is a draft.
    #[serde(default)]
    pub reviewed: Option<Reviewed>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reviewed {
    pub by: String,
    pub at: toml::value::Datetime,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transition {
    pub text: String,
    pub policy: String,
    /// An incident before `valid_from` whose notice goes out after it gets a question beside its answer.
    #[serde(default)]
    pub show_both: bool,
}

/// The data a statute protects, and how it must have been lost.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pi {
    #[serde(default)]
    pub name: Option<NameNeeded>,
    #[serde(default)]
    pub combo_any: Vec<String>,
    #[serde(default)]
    pub standalone_any: Vec<String>,
    #[serde(default)]
    pub excluded: Vec<String>,
    /// Elements that count or not depending on something the facts do not say: a person decides.
    #[serde(default)]
    pub doubtful_any: Vec<String>,
    #[serde(default)]
    pub form: Vec<String>,
    pub event: String,
    #[serde(default)]
    pub encrypted_when: Option<EncryptedWhen>,
    #[serde(default)]
    pub citation: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameNeeded {
    pub any_of: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncryptedWhen {
    pub state: String,
    #[serde(default)]
    pub min_bits: Option<u32>,
    #[serde(default)]
    pub defeated_by: Vec<String>,
    #[serde(default)]
    pub citation: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predicate {
    pub expr: Expr,
}

/// What a notice must hold, and must not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub headings: Vec<String>,
    #[serde(default)]
    pub min_point_size: Option<u32>,
    #[serde(default)]
    pub style: Vec<String>,
    #[serde(default)]
    pub must: Vec<String>,
    #[serde(default)]
    pub must_if: Vec<MustIf>,
    #[serde(default)]
    pub must_not: Vec<String>,
    #[serde(default)]
    pub variant: Vec<Variant>,
    #[serde(default)]
    pub channel: Option<String>,
    #[serde(default)]
    pub channel_forbidden: Vec<ChannelForbidden>,
    #[serde(default)]
    pub language: Option<String>,
    #[serde(default)]
    pub publication: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MustIf {
    pub when: Expr,
    pub items: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    pub when: Expr,
    pub form: String,
    #[serde(default)]
    pub must: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelForbidden {
    pub when: Expr,
    pub channel: String,
}

/// Facts with the answer a person worked out by hand. Every regime carries its own proof.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkedCase {
    pub title: String,
    /// The moment at which the question is asked; absent means long after, when every grace has run out.
    #[serde(default)]
    pub as_of: Option<String>,
    pub facts: toml::Value,
    #[serde(default)]
    pub required: Vec<ExpectedDue>,
    #[serde(default)]
    pub suspended: Vec<String>,
    #[serde(default)]
    pub not_required: Vec<String>,
    #[serde(default)]
    pub pending: Vec<String>,
    #[serde(default)]
    pub review: Vec<String>,
    #[serde(default)]
    pub not_in_force: Vec<String>,
    #[serde(default)]
    pub satisfied: Vec<String>,
    /// Rules that must not appear at all: the law does not reach these facts.
    #[serde(default)]
    pub silent: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedDue {
    pub rule: String,
    #[serde(default)]
    pub recipient: Option<String>,
    #[serde(default)]
    pub jurisdiction: Option<String>,
    #[serde(default)]
    pub due_by: Option<String>,
    #[serde(default)]
    pub due_kind: Option<String>,
    #[serde(default)]
    pub standard: Option<String>,
    #[serde(default)]
    pub alt_due_by: Option<String>,
}
