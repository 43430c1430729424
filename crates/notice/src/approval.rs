//! Approval: of a hash, by somebody who is not the author, before the deadline.
//!
//! The hash binds template, constants, language, channel and the root of the recipient set, so every message sent is a
//! render that anybody can repeat. Changed facts change the hash and void the approval. Who may approve at all, and the
//! step-up before it, are the binary's questions.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::canonical::{canonical, sha256_hex};
use crate::draft::{Draft, DraftInput};
use crate::template::Template;

/// Names this way of hashing; a change of it is a new name.
const DOMAIN: &[u8] = b"watertight-notice/1";

/// The parts of what is approved, each by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub template_id: String,
    pub template_sha256: String,
    pub constants_sha256: String,
    pub language: String,
    pub channel: String,
    pub recipients_root: String,
    pub recipients: u64,
}

impl Binding {
    /// Binds what would be sent. `channel` is the one really used, which need not be the template's usual one.
    #[must_use]
    pub fn new(
        template: &Template,
        constants: &DraftInput,
        channel: &str,
        recipients_root: &str,
        recipients: u64,
    ) -> Self {
        Self {
            template_id: template.id.clone(),
            template_sha256: template.sha256.clone(),
            constants_sha256: sha256_hex(&[canonical(&json!(constants)).as_bytes()]),
            language: template.language.clone(),
            channel: channel.to_owned(),
            recipients_root: recipients_root.to_owned(),
            recipients,
        }
    }

    /// H(template, constants, language, channel, recipients): what a person approves.
    #[must_use]
    pub fn hash(&self) -> String {
        let count = self.recipients.to_be_bytes();
        sha256_hex(&[
            DOMAIN,
            self.template_id.as_bytes(),
            self.template_sha256.as_bytes(),
            self.constants_sha256.as_bytes(),
            self.language.as_bytes(),
            self.channel.as_bytes(),
            self.recipients_root.as_bytes(),
            &count,
        ])
    }
}

/// The hash by itself, for those who have the parts at hand.
#[must_use]
pub fn binding_hash(
    template: &Template,
    constants: &DraftInput,
    channel: &str,
    recipients_root: &str,
    recipients: u64,
) -> String {
    Binding::new(template, constants, channel, recipients_root, recipients).hash()
}

/// A given approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub hash: String,
    pub binding: Binding,
    pub author: String,
    pub approver: String,
    pub at: Timestamp,
    /// Gaps that the approver saw and let pass (phased notices only).
    pub gaps: u64,
}

/// Why an approval was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRefusal {
    #[error("approve the notice: `{0}` wrote it; another person must approve")]
    OwnWork(String),
    #[error("approve the notice: say who {0}")]
    Nobody(&'static str),
    #[error("approve the notice: {0} gaps are open and this kind of notice cannot be supplemented later")]
    Gaps(usize),
    #[error("approve the notice: {count} rules of form are broken, the first: {first}")]
    Faults { count: usize, first: String },
    #[error("approve the notice: the draft is of `{draft}`, the binding of `{binding}`")]
    OtherDraft { draft: String, binding: String },
    #[error("approve the notice: it has no recipient")]
    NoRecipients,
    #[error("approve the notice: you approved `{wanted}`, the notice is now `{actual}`; read it again")]
    Moved { wanted: String, actual: String },
}

/// Why an approval no longer covers what would be sent: the parts that changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("send the notice: it is not what was approved; changed: {}", .changed.join(", "))]
pub struct Void {
    pub changed: Vec<&'static str>,
}

/// Approves `shown_hash`, the hash that the approver's screen showed.
pub fn approve(
    draft: &Draft,
    binding: &Binding,
    shown_hash: &str,
    author: &str,
    approver: &str,
    now: Timestamp,
) -> Result<Approval, ApprovalRefusal> {
    let (author, approver) = (author.trim(), approver.trim());
    if author.is_empty() {
        return Err(ApprovalRefusal::Nobody("wrote it"));
    }
    if approver.is_empty() {
        return Err(ApprovalRefusal::Nobody("approves it"));
    }
    if author.eq_ignore_ascii_case(approver) {
        return Err(ApprovalRefusal::OwnWork(author.to_owned()));
    }
    if draft.template_id != binding.template_id || draft.language != binding.language {
        return Err(ApprovalRefusal::OtherDraft {
            draft: draft.template_id.clone(),
            binding: binding.template_id.clone(),
        });
    }
    if binding.recipients == 0 {
        return Err(ApprovalRefusal::NoRecipients);
    }
    if !draft.phased && !draft.gaps.is_empty() {
        return Err(ApprovalRefusal::Gaps(draft.gaps.len()));
    }
    if let Some(first) = draft.format_faults.first() {
        return Err(ApprovalRefusal::Faults { count: draft.format_faults.len(), first: first.to_string() });
    }
    let hash = binding.hash();
    if hash != shown_hash {
        return Err(ApprovalRefusal::Moved { wanted: shown_hash.to_owned(), actual: hash });
    }
    let gaps = draft.gaps.len() as u64;
    Ok(Approval {
        hash,
        binding: binding.clone(),
        author: author.to_owned(),
        approver: approver.to_owned(),
        at: now,
        gaps,
    })
}

/// Checks, right before sending, that what would be sent is what was approved.
pub fn check(approval: &Approval, now_bound: &Binding) -> Result<(), Void> {
    let held = &approval.binding;
    let parts = [
        ("template", held.template_id != now_bound.template_id || held.template_sha256 != now_bound.template_sha256),
        ("facts or details", held.constants_sha256 != now_bound.constants_sha256),
        ("language", held.language != now_bound.language),
        ("channel", held.channel != now_bound.channel),
        ("recipients", held.recipients_root != now_bound.recipients_root || held.recipients != now_bound.recipients),
        // The approval itself was altered: its hash is not that of its parts.
        ("approval", held.hash() != approval.hash || approval.author.eq_ignore_ascii_case(&approval.approver)),
    ];
    let changed: Vec<&'static str> = parts.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect();
    if changed.is_empty() { Ok(()) } else { Err(Void { changed }) }
}

/// A point of the plan that runs backward from a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    pub kind: MilestoneKind,
    pub at: Timestamp,
    /// It should have been before the plan was made.
    pub late: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MilestoneKind {
    /// The draft must be with the approver.
    DraftReady,
    /// Without an approval by now, the deputy is called.
    CallDeputy,
    /// Without an approval by now, the head is called.
    CallHead,
    /// The last moment to approve and still send in time.
    ApproveLatest,
    /// The law's moment.
    Due,
}

/// Plans approval backward from `due`, so that a missing approver escalates before it makes us late. `sending` is how
/// long delivery to all recipients takes. Of the time that is left, the draft may take half; the deputy is called after
/// three quarters, the head after seven eighths. Nobody's silence ever approves.
#[must_use]
pub fn plan(due: Timestamp, now: Timestamp, sending: SignedDuration) -> Vec<Milestone> {
    let latest = due.checked_sub(sending).unwrap_or(Timestamp::MIN);
    let left = latest.as_second().saturating_sub(now.as_second()).max(0);
    let after =
        |eighths: i64| Timestamp::from_second(now.as_second().saturating_add(left / 8 * eighths)).unwrap_or(latest);
    let points = [
        (MilestoneKind::DraftReady, after(4).min(latest)),
        (MilestoneKind::CallDeputy, after(6).min(latest)),
        (MilestoneKind::CallHead, after(7).min(latest)),
        (MilestoneKind::ApproveLatest, latest),
        (MilestoneKind::Due, due),
    ];
    points.into_iter().map(|(kind, at)| Milestone { kind, at, late: at < now }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_runs_backward_and_says_when_it_is_too_late() {
        let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let due: Timestamp = "2026-03-05T00:00:00Z".parse().unwrap();
        let plan_in_time = plan(due, now, SignedDuration::from_hours(8));
        let times: Vec<String> = plan_in_time.iter().map(|point| point.at.to_string()).collect();
        assert_eq!(
            times,
            [
                "2026-03-03T08:00:00Z",
                "2026-03-04T00:00:00Z",
                "2026-03-04T08:00:00Z",
                "2026-03-04T16:00:00Z",
                "2026-03-05T00:00:00Z"
            ]
        );
        assert!(plan_in_time.iter().all(|point| !point.late));
        // Born overdue: everything is late at once, nothing is in the future of the deadline.
        let overdue = plan(now, due, SignedDuration::ZERO);
        assert!(overdue.iter().all(|point| point.late && point.at <= due));
    }
}
