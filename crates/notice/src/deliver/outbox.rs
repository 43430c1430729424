//! The life of one message to one recipient, as a state machine without IO.
//!
//! The caller stores the item after every step: `begin` before DATA, `after_attempt` after the reply, `recover` for every
//! item found in flight at start. Losses are zero; duplicates are at most what was in flight, and they are counted.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::dsn::{Bounce, BounceVerdict};
use super::smtp::{Attempt, Outcome};
use crate::canonical::sha256_hex;

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Status {
    /// Nothing was tried.
    Queued,
    /// DATA may have been sent; durable before it is.
    InFlight { since: Timestamp },
    /// The server said not now, or was not there.
    Waiting { until: Timestamp },
    /// Nobody knows whether the server took it: the connection broke after DATA, or we died in flight.
    Uncertain { until: Timestamp },
    /// The server took it.
    Sent { at: Timestamp },
    /// The server refused it for good; another channel is needed.
    Refused { at: Timestamp },
    /// Taken, and sent back later by a delivery status notification; another channel is needed.
    Bounced { at: Timestamp },
    /// Retried for too long; another channel is needed.
    GivenUp { at: Timestamp },
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// H(approval, recipient): putting it into the outbox twice is one item.
    pub id: String,
    pub approval_hash: String,
    pub recipient_id: String,
    /// Same for every attempt, so that a receiver can drop a duplicate.
    pub message_id: String,
    pub created: Timestamp,
    pub status: Status,
    pub attempts: u32,
    /// Attempts whose outcome nobody knows; each may have been a delivery.
    pub uncertain: u32,
    /// The last reply, bounded and without control characters.
    pub last_reply: Option<String>,
}

impl OutboxItem {
    #[must_use]
    pub fn new(approval_hash: &str, recipient_id: &str, sender_domain: &str, now: Timestamp) -> Self {
        Self {
            id: sha256_hex(&[b"outbox", approval_hash.as_bytes(), recipient_id.as_bytes()]),
            approval_hash: approval_hash.to_owned(),
            recipient_id: recipient_id.to_owned(),
            message_id: super::message_id(approval_hash, recipient_id, sender_domain),
            created: now,
            status: Status::Queued,
            attempts: 0,
            uncertain: 0,
            last_reply: None,
        }
    }

    /// How many copies the recipient may have at most.
    #[must_use]
    pub fn copies_max(&self) -> u32 {
        self.uncertain + u32::from(matches!(self.status, Status::Sent { .. } | Status::InFlight { .. }))
    }

    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(
            self.status,
            Status::Sent { .. } | Status::Refused { .. } | Status::Bounced { .. } | Status::GivenUp { .. }
        )
    }
}

/// When to try again, and when to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Waits after the first, second, … failure; the last one repeats.
    pub waits: Vec<SignedDuration>,
    pub attempts_max: u32,
    /// Counted from `created`.
    pub give_up_after: SignedDuration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let minutes = [1, 5, 15, 60, 240];
        Self {
            waits: minutes.into_iter().map(SignedDuration::from_mins).collect(),
            attempts_max: 30,
            // RFC 5321 section 4.5.4.1: give up after 4 to 5 days. A notice has less time than a letter to a friend.
            give_up_after: SignedDuration::from_hours(72),
        }
    }
}

/// What to do with an item now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Offer it to the server; `resend` when an earlier attempt may have arrived.
    Try {
        resend: bool,
    },
    /// Not before then.
    Wait {
        until: Timestamp,
    },
    /// Another worker has it, or we died: `recover` it if no worker can have it.
    InFlight {
        since: Timestamp,
    },
    /// `after_attempt` has nothing to add: mark it given up.
    GiveUp,
    Done,
}

/// Decides what to do with an item.
#[must_use]
pub fn next_action(item: &OutboxItem, policy: &RetryPolicy, now: Timestamp) -> Action {
    let (until, resend) = match &item.status {
        Status::Sent { .. } | Status::Refused { .. } | Status::Bounced { .. } | Status::GivenUp { .. } => {
            return Action::Done;
        }
        Status::InFlight { since } => return Action::InFlight { since: *since },
        Status::Queued => (now, false),
        Status::Waiting { until } => (*until, false),
        Status::Uncertain { until } => (*until, true),
    };
    let too_old = policy.give_up_after <= now.duration_since(item.created);
    let too_often = policy.attempts_max <= item.attempts;
    // An item that was never tried is tried once, however late: silence is worse than a late notice.
    if 0 < item.attempts && (too_old || too_often) {
        return Action::GiveUp;
    }
    if now < until { Action::Wait { until } } else { Action::Try { resend: resend || 0 < item.uncertain } }
}

/// The item as it must be stored *before* DATA is sent.
#[must_use]
pub fn begin(item: &OutboxItem, now: Timestamp) -> OutboxItem {
    let mut next = item.clone();
    next.attempts = next.attempts.saturating_add(1);
    next.status = Status::InFlight { since: now };
    next
}

/// The item after an attempt. Works for attempts that failed before `begin` as well.
#[must_use]
pub fn after_attempt(item: &OutboxItem, attempt: &Attempt, policy: &RetryPolicy, now: Timestamp) -> OutboxItem {
    let mut next = item.clone();
    if !matches!(item.status, Status::InFlight { .. }) {
        next.attempts = next.attempts.saturating_add(1);
    }
    next.last_reply = Some(attempt.reply.clone());
    let until = wait_until(policy, next.attempts, now);
    next.status = match attempt.outcome {
        Outcome::Sent => Status::Sent { at: now },
        Outcome::Permanent => Status::Refused { at: now },
        // A sure failure does not clear an earlier doubt: `uncertain` stays counted.
        Outcome::Transient => Status::Waiting { until },
        Outcome::Uncertain => {
            next.uncertain = next.uncertain.saturating_add(1);
            Status::Uncertain { until }
        }
    };
    next
}

/// Marks an item that will not be tried any more.
#[must_use]
pub fn give_up(item: &OutboxItem, now: Timestamp) -> OutboxItem {
    OutboxItem { status: Status::GivenUp { at: now }, ..item.clone() }
}

/// After a report about this item's message. A failure takes a delivery back; delays and deliveries change nothing.
#[must_use]
pub fn after_bounce(item: &OutboxItem, bounce: &Bounce, now: Timestamp) -> OutboxItem {
    let mut next = item.clone();
    let is_ours = bounce.message_id == item.message_id && bounce.verdict == BounceVerdict::Failed;
    if is_ours && matches!(item.status, Status::Sent { .. } | Status::Uncertain { .. }) {
        next.status = Status::Bounced { at: now };
        next.last_reply = Some(format!("bounced: {} {}", bounce.status, bounce.reason));
    }
    next
}

/// At start: an item in flight may or may not have been taken. Others are as they were.
#[must_use]
pub fn recover(item: &OutboxItem, now: Timestamp) -> OutboxItem {
    let mut next = item.clone();
    if matches!(item.status, Status::InFlight { .. }) {
        next.uncertain = next.uncertain.saturating_add(1);
        next.last_reply = Some("stopped while in flight".to_owned());
        next.status = Status::Uncertain { until: now };
    }
    next
}

fn wait_until(policy: &RetryPolicy, attempts: u32, now: Timestamp) -> Timestamp {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = policy.waits.get(index).or(policy.waits.last()).copied().unwrap_or(SignedDuration::from_mins(5));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
