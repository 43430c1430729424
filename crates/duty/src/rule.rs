//! One rule as written: who owes what to whom by when, with its exemptions, delays and sources.
//!
//! Read only; `outcome` judges it. Every key of the schema is named here, so that a misspelt one is refused.

#![expect(dead_code, reason = "some keys of the schema speak to readers of the file only")]

use serde::Deserialize;

use crate::deadline::{Clock, Deadline, Unit};
use crate::expr::Expr;

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
