//! What the law left open about an incident, and what it said no to: read back from the body of the last evaluation.
//!
//! A question with a fail-safe time counts as a duty from that time on, answered or not.

use duty::Answer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::{Failure, OrFail as _};
use crate::store::{Body, Store};

/// The field of an evaluation's document that names the entry whose body holds its questions.
pub(super) const QUESTIONS_ENTRY: &str = "questions_entry";

/// Why a rule of law made no obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// A fact is missing.
    Pending,
    /// A person has to judge.
    Review,
    /// Considered and not required.
    NotRequired,
}

/// An answer of the law that is no obligation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unowed {
    pub(crate) state: Standing,
    pub(crate) rule_id: String,
    pub(crate) jurisdiction: String,
    /// Empty for a question that decides for several recipients.
    pub(crate) recipient: String,
    /// The missing facts, the question, or the reason.
    pub(crate) because: Vec<String>,
    /// From this moment a pending duty is taken as required.
    pub(crate) fail_safe_at: Option<String>,
    pub(crate) citation: Option<String>,
}

/// The answers that make no obligation, questions before refusals.
pub(super) fn unowed(answer: &Answer) -> Vec<Unowed> {
    let pending = answer.pending.iter().map(|pending| Unowed {
        state: Standing::Pending,
        rule_id: pending.rule_id.clone(),
        jurisdiction: pending.jurisdiction.clone(),
        recipient: pending.recipient.clone(),
        because: pending.missing.clone(),
        fail_safe_at: pending.fail_safe_at.clone(),
        citation: Some(pending.citation.clone()),
    });
    let review = answer.review.iter().map(|review| Unowed {
        state: Standing::Review,
        rule_id: review.rule_id.clone(),
        jurisdiction: review.jurisdiction.clone(),
        recipient: String::new(),
        because: vec![review.question.clone()],
        fail_safe_at: None,
        citation: None,
    });
    let not_required = answer.not_required.iter().map(|refused| Unowed {
        state: Standing::NotRequired,
        rule_id: refused.rule_id.clone(),
        jurisdiction: refused.jurisdiction.clone(),
        recipient: refused.recipient.clone(),
        because: vec![refused.reason.clone()],
        fail_safe_at: None,
        citation: Some(refused.citation.clone()),
    });
    pending.chain(review).chain(not_required).collect()
}

/// What the last evaluation of an incident left unowed; `None` when the law was never asked, or its answer was erased.
pub(crate) async fn last_unowed(store: &Store, incident: &str) -> Result<Option<Vec<Unowed>>, Failure> {
    let document = store.document("evaluation", incident).await.or_fail("failed to read the law's answer")?;
    let entry = document.as_ref().and_then(|document| document[QUESTIONS_ENTRY].as_str()).unwrap_or_default();
    let Some(stored) = store.entry_by_id(entry).await.or_fail("failed to read the log")? else { return Ok(None) };
    match store.body(&stored.entry).await.or_fail("failed to open the law's answer")? {
        Body::Readable(body) => serde_json::from_value(body).map(Some).or_fail("failed to read the law's answer"),
        Body::None | Body::Erased(_) => Ok(None),
    }
}

/// Whether a question of this evaluation has become a duty because its time ran out.
pub(crate) fn has_failed_safe(evaluation: &Value, now: Timestamp) -> bool {
    let next = evaluation["next_fail_safe_at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    next.is_some_and(|at| at <= now)
}
