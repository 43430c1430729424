//! The answer as it leaves the crate: one object, every considered rule in exactly one list.
//!
//! Field names are a public contract (`watertight duties`). Nothing here decides anything.

use jiff::Zoned;
use serde::Serialize;

use crate::content::Form;
use crate::due::Due;
use crate::moment::rfc3339;
use crate::outcome::{Judged, Outcome, Owed, State, is_overdue, stamp};
use crate::regime::{Confidence, Kind, Rule};

/// Who must be told what by when, and who not, each with its reason.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Answer {
    pub id: Option<String>,
    pub required: Vec<Obligation>,
    pub not_required: Vec<NotRequired>,
    pub pending: Vec<Pending>,
    pub review: Vec<Review>,
    pub suspended: Vec<Obligation>,
    pub satisfied: Vec<Obligation>,
    pub not_in_force: Vec<NotInForce>,
    /// The law that answered: file, version, whether a named person reviewed it, content hash.
    pub law: Vec<LawStamp>,
    /// The moment asked about, and the moment whose knowledge of the law was used.
    pub as_of: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A duty that arises.
#[derive(Debug, Clone, Serialize)]
pub struct Obligation {
    pub rule_id: String,
    pub jurisdiction: String,
    pub recipient: String,
    /// RFC 3339, the lawful latest moment; null where the law names no date.
    pub due_by: Option<String>,
    pub due_kind: &'static str,
    pub standard: Option<String>,
    pub citation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt_due_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt_basis: Option<String>,
    pub because: Vec<String>,
    pub content: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_form: Option<Form>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict_due_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_due_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_to: Option<String>,
    /// The date of the duty this one is tied to: plan by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outer_due_by: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_months: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    pub kind: Kind,
    pub confidence: Confidence,
    /// `draft` until a named person compared this version with the official text.
    pub review_status: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    #[serde(skip)]
    pub due: Option<Due>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Constraint {
    pub order: &'static str,
    pub rule_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotRequired {
    pub rule_id: String,
    pub jurisdiction: String,
    pub recipient: String,
    pub reason: String,
    pub citation: String,
    pub review_status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    pub rule_id: String,
    pub jurisdiction: String,
    pub recipient: String,
    pub missing: Vec<String>,
    /// From this moment the duty is taken as required.
    pub fail_safe_at: Option<String>,
    pub because: Vec<String>,
    pub citation: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    pub rule_id: String,
    pub jurisdiction: String,
    pub question: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotInForce {
    pub rule_id: String,
    pub jurisdiction: String,
    pub recipient: String,
    pub status: String,
    pub reason: String,
    pub citation: String,
}

/// Which text of which law answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LawStamp {
    pub regime: String,
    pub jurisdiction: String,
    pub statute: String,
    pub version: String,
    pub review_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    pub sha256: String,
}

impl Answer {
    /// Puts each outcome of a rule into its list.
    pub(crate) fn take(&mut self, rule: &Rule, judged: &Judged, review_status: &'static str, as_of: jiff::Timestamp) {
        for outcome in &judged.outcomes {
            self.questions(rule, outcome);
            match &outcome.state {
                State::Required(owed) => self.required.push(obligation(rule, outcome, owed, review_status, as_of)),
                State::Suspended(owed, hold) => {
                    let held = obligation(rule, outcome, owed, review_status, as_of);
                    self.suspended.push(suspended(held, hold));
                }
                State::Satisfied(owed, evidence) => {
                    let mut done = obligation(rule, outcome, owed, review_status, as_of);
                    done.evidence = Some(evidence.clone());
                    done.overdue = false;
                    self.satisfied.push(done);
                }
                other => self.take_other(rule, outcome, other, review_status),
            }
        }
    }

    fn take_other(&mut self, rule: &Rule, outcome: &Outcome, state: &State, review_status: &'static str) {
        let (rule_id, jurisdiction, recipient) =
            (rule.id.clone(), outcome.jurisdiction.clone(), outcome.recipient.clone());
        let citation = crate::outcome::citation(rule);
        match state {
            State::NotRequired { reason, citation } => {
                let (reason, citation) = (reason.clone(), citation.clone());
                self.not_required.push(NotRequired {
                    rule_id,
                    jurisdiction,
                    recipient,
                    reason,
                    citation,
                    review_status,
                });
            }
            State::Pending { missing, fail_safe_at, because } => {
                let mut missing: Vec<String> = missing.iter().map(|missing| missing.fact.clone()).collect();
                missing.dedup();
                let (fail_safe_at, because) = (stamp(fail_safe_at.as_ref()), because.clone());
                self.pending.push(Pending {
                    rule_id,
                    jurisdiction,
                    recipient,
                    missing,
                    fail_safe_at,
                    because,
                    citation,
                });
            }
            State::Review { question } => {
                self.review.push(Review { rule_id, jurisdiction, question: question.clone() })
            }
            State::NotInForce { status, reason } => {
                let (status, reason) = (status.clone(), reason.clone());
                self.not_in_force.push(NotInForce { rule_id, jurisdiction, recipient, status, reason, citation });
            }
            State::Required(_) | State::Suspended(..) | State::Satisfied(..) => {}
        }
    }

    fn questions(&mut self, rule: &Rule, outcome: &Outcome) {
        for question in &outcome.questions {
            let asked = self.review.iter().any(|review| review.rule_id == rule.id && &review.question == question);
            if !asked {
                let (rule_id, jurisdiction) = (rule.id.clone(), outcome.jurisdiction.clone());
                self.review.push(Review { rule_id, jurisdiction, question: question.clone() });
            }
        }
    }
}

fn obligation(
    rule: &Rule,
    outcome: &Outcome,
    owed: &Owed,
    review_status: &'static str,
    as_of: jiff::Timestamp,
) -> Obligation {
    let timing = &owed.timing;
    let text = |at: Option<&Zoned>| at.map(rfc3339);
    let alt = timing.alts.first();
    let (relative_to, plan_by) = match &timing.due {
        Due::Relative { to, plan_by, .. } => (Some(to.clone()), text(plan_by.as_ref())),
        _ => (None, None),
    };
    let (outer, target) = match &timing.due {
        Due::Qualitative { outer, house_target, .. } => (text(outer.as_ref()), text(house_target.as_ref())),
        _ => (None, None),
    };
    Obligation {
        rule_id: rule.id.clone(),
        jurisdiction: outcome.jurisdiction.clone(),
        recipient: outcome.recipient.clone(),
        due_by: text(timing.due.at()),
        due_kind: timing.due.kind(),
        standard: owed.standard.clone(),
        citation: owed.citation.clone(),
        alt_due_by: text(alt.map(|alt| &alt.due_by)),
        alt_basis: alt.map(|alt| alt.basis.clone()),
        because: owed.because.clone(),
        content: owed.content.items.clone(),
        content_form: owed.content.form.clone(),
        strict_due_by: text(timing.strict.as_ref()),
        base_due_by: text(timing.base.as_ref()),
        relative_to,
        plan_by: plan_by.or(target),
        outer_due_by: outer,
        constraints: constraints(owed),
        service_months: if let Due::Service { months } = timing.due { Some(months) } else { None },
        anchor: timing.anchor.clone(),
        status: owed.status.clone(),
        missing: if let Due::Undetermined { missing } = &timing.due { missing.clone() } else { Vec::new() },
        kind: rule.kind,
        confidence: rule.confidence,
        review_status,
        overdue: is_overdue(owed, as_of),
        hold: None,
        evidence: None,
        due: Some(timing.due.clone()),
    }
}

fn constraints(owed: &Owed) -> Vec<Constraint> {
    owed.timing
        .constraints
        .iter()
        .map(|(order, rule)| Constraint { order: order.word(), rule_id: rule.clone() })
        .collect()
}

/// A hold stops the clock: the ordinary date stays visible, the working date is gone.
fn suspended(mut held: Obligation, hold: &str) -> Obligation {
    held.base_due_by = held.base_due_by.take().or_else(|| held.due_by.take());
    held.due_by = None;
    held.due_kind = "suspended";
    held.hold = Some(hold.to_owned());
    held.overdue = false;
    held
}
