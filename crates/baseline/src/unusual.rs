//! What comes out: one event that is not like the history of its entity, with that history.
//!
//! Ids, severity of incidents and deduplication across surfaces are the caller's.

use jiff::Timestamp;

/// The expected range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// One of the values seen before; they are in [`History::values`].
    Known,
    /// From, to, both included.
    Between(u64, u64),
    /// At most this share of the peer group, in percent, may do it for it to be rare.
    ShareAbove(u64),
}

/// The highest amount before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Highest {
    pub amount: u64,
    /// Start of the bucket in which it was reached.
    pub at: Timestamp,
}

/// What was known before the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Events of the entity that taught (for amounts: buckets with events).
    pub observations: u64,
    /// The entity's first event that is remembered.
    pub since: Timestamp,
    /// Some of the values seen before, in short.
    pub values: Vec<String>,
    pub highest: Option<Highest>,
}

/// An unusual event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusual {
    /// Index into [`crate::Baselines::baselines`].
    pub baseline: usize,
    /// The entity as the events spell it, for example `aws:role-session:111122223333/deploy/ci`.
    pub entity: String,
    /// The peer group, where the baseline has one.
    pub peer: Option<String>,
    pub time: Timestamp,
    /// The event that is unusual, or that completed an unusual amount.
    pub event_uid: String,
    /// The amount, or 0 where a value is what is unusual.
    pub observed: u64,
    /// The value, where a value is what is unusual.
    pub value: Option<String>,
    /// Start of the hour, day, … that the amount belongs to.
    pub bucket: Option<Timestamp>,
    pub expected: Expected,
    pub history: History,
    /// One sentence for a reader, without the entity's name.
    pub text: String,
}
