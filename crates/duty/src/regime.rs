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
use crate::deadline::{Clock, Deadline, Unit};
use crate::expr::Expr;

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

/// One duty to one class of recipient.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub id: String,
    #[serde(default)]
    pub statute: Option<String>,
    #[serde(default)]
    pub versions: Vec<String>,
    pub kind: Kind,
    pub role: Vec<String>,
    pub recipient: String,
    /// The recipient's class, for answers in which no single recipient exists.
    #[serde(default)]
    pub recipient_class: Option<String>,
    #[serde(default)]
    pub recipient_resolver: Vec<RecipientCase>,
    #[serde(default)]
    pub residency: Residency,
    pub trigger: Option<Expr>,
    #[serde(default)]
    pub clock: Option<Clock>,
    #[serde(default)]
    pub deadline: Option<Deadline>,
    #[serde(default)]
    pub standard: Option<String>,
    #[serde(default)]
    pub risk_exemption: Option<String>,
    #[serde(default)]
    pub unknown_risk: Option<String>,
    #[serde(default)]
    pub exemptions: Vec<Exemption>,
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    #[serde(default)]
    pub delays: Vec<Delay>,
    #[serde(default)]
    pub not_delayable_by: Vec<String>,
    #[serde(default)]
    pub extensions: Vec<Extension>,
    #[serde(default)]
    pub review: Vec<Question>,
    /// The text is conditional: when it is met a person decides, the engine does not.
    #[serde(default)]
    pub outcome: Option<String>,
    /// The condition that stays open although the duty is shown as required.
    #[serde(default)]
    pub status: Option<String>,
    /// The law names the matter and imposes no notice: always "not required", with this reason.
    #[serde(default)]
    pub no_duty: Option<String>,
    #[serde(default)]
    pub also: Vec<Step>,
    #[serde(default)]
    pub phases: Option<toml::Value>,
    #[serde(default)]
    pub late: Option<Late>,
    #[serde(default)]
    pub service: Option<Service>,
    #[serde(default)]
    pub follow_up: Option<toml::Value>,
    #[serde(default)]
    pub substitute: Option<toml::Value>,
    #[serde(default)]
    pub channel: Vec<String>,
    #[serde(default)]
    pub content: Option<String>,
    #[serde(default)]
    pub cost_bearer: Option<String>,
    #[serde(default)]
    pub citations: Vec<String>,
    #[serde(default)]
    pub sources: Vec<Source>,
    pub confidence: Confidence,
    #[serde(default)]
    pub notes: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Notify,
    Service,
    Publish,
    Record,
    Assess,
    FileEvidence,
    Format,
    Contract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    Verified,
    Recalled,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipientCase {
    pub when: Expr,
    pub to: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Residency {
    #[serde(default)]
    pub scope: Scope,
    #[serde(default)]
    pub note: Option<String>,
}

/// How many answers one rule gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// One, in the regime's jurisdiction.
    #[default]
    Own,
    /// As `own`; residents of other states may be served under their own law.
    AnyState,
    /// One, at the authority of the member where the controller is established.
    LeadAuthority,
    /// One for every member in which affected people live.
    EachMemberState,
    /// One for every state in which affected people live, in the regime's jurisdiction.
    EachState,
    EachCustomer,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exemption {
    pub id: String,
    pub when: Expr,
    /// Facts that undo the exemption.
    #[serde(default)]
    pub defeated_by: Vec<String>,
    #[serde(default)]
    pub substitute: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub citation: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    pub when: Expr,
    pub effect: ExceptionEffect,
    #[serde(default)]
    pub citation: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExceptionEffect {
    NotRequired,
    ReplaceDeadline(Deadline),
}

/// A lawful ground to wait.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delay {
    pub kind: DelayKind,
    pub effect: DelayEffect,
    #[serde(default)]
    pub amount: Option<i64>,
    #[serde(default)]
    pub unit: Option<Unit>,
    #[serde(default)]
    pub calendar: Option<String>,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub standard: Option<String>,
    /// The request must be in writing (`le_hold.written`), or the ground documented.
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub evidence_required: bool,
    #[serde(default)]
    pub citation: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DelayKind {
    LawEnforcement,
    ScopeOrIntegrity,
    UnfixedVulnerability,
    NationalSecurity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DelayEffect {
    /// The clock stands still while the ground lasts.
    Suspend,
    /// A fresh period runs from the end of the ground, if that is later.
    Restart,
    /// The ground may add at most `amount`.
    Cap,
    /// The duty stays; only its wording changes.
    Standard,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    pub amount: i64,
    pub unit: Unit,
    #[serde(default)]
    pub calendar: Option<String>,
    pub when: Expr,
    /// The fact with the filing date; it must lie within the ordinary period.
    #[serde(default)]
    pub filed: Option<String>,
    #[serde(default)]
    pub citation: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    #[serde(default)]
    pub when: Option<Expr>,
    pub question: String,
}

/// A further act under the same rule with its own date.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub recipient: String,
    pub deadline: Deadline,
    #[serde(default)]
    pub citations: Vec<String>,
    #[serde(default)]
    pub content: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Late {
    pub must: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    #[serde(rename = "type")]
    pub what: String,
    pub months: u32,
    #[serde(default)]
    pub months_if: Vec<MonthsIf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MonthsIf {
    pub when: Expr,
    pub months: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub url: String,
    /// `1a`, `1b`, `2`, `3`, `4` or `0`; a bare number is read too.
    pub tier: toml::Value,
    #[serde(default)]
    pub read: Option<toml::value::Datetime>,
    #[serde(default)]
    pub fields: Vec<String>,
    #[serde(default)]
    pub note: Option<String>,
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
