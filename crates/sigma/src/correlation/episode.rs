//! What comes out of the second stage: episodes, each told once when it opens, again if late events move its beginning,
//! and once more when nothing can change it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A stretch of time in which a correlation's condition holds for one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Why it is told.
    pub change: Change,
    /// Position in the slice of correlations that the program was compiled from.
    pub correlation: u32,
    /// The values that its events share, in the order of the correlation's `group-by`.
    pub group: Vec<Option<String>>,
    /// The earliest event of the first window that fits. With the correlation and the group it names the episode.
    pub first: EventRef,
    /// The event with which the first window fits: where a finding stands.
    pub completed: EventRef,
    /// The latest event at which the condition still held, as far as known.
    pub last: EventRef,
    /// What was reached in the first window that fits.
    pub value: f64,
    /// The largest value in any window of the episode so far.
    pub peak: f64,
    /// The events of the first window that fits, the earliest first; no more than the limit. Empty when an episode
    /// closes or is withdrawn.
    pub events: Vec<EventRef>,
    /// How many events the episode has so far.
    pub events_total: u64,
    /// The first events of episodes told before, of which this one takes the place.
    pub supersedes: Vec<EventRef>,
}

/// Why an episode is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new: the one time to wake someone up.
    Opened,
    /// Late events gave it another beginning, or joined it with others: [`Episode::supersedes`] names what it replaces.
    Revised,
    /// Late events took it away: the condition does not hold after all.
    Withdrawn,
    /// Nothing can change it any more. What it says now is the same for every order in which the events came.
    Closed,
}

/// An event, as far as correlations know it. The order is that of time, then of ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventRef {
    /// When it happened, in microseconds since 1970.
    pub time_us: i64,
    /// Its id.
    pub uid: String,
}

/// As [`EventRef`], inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "EventRef", into = "EventRef")]
pub(super) struct Mark {
    pub(super) time: i64,
    pub(super) uid: Arc<str>,
}

impl Mark {
    pub(super) fn shown(&self) -> EventRef {
        EventRef { time_us: self.time, uid: self.uid.to_string() }
    }
}

impl From<EventRef> for Mark {
    fn from(event: EventRef) -> Self {
        Self { time: event.time_us, uid: event.uid.into() }
    }
}

impl From<Mark> for EventRef {
    fn from(mark: Mark) -> Self {
        mark.shown()
    }
}

/// A run of windows that fit, none further from the next than the timespan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) first: Mark,
    pub(super) completed: Mark,
    pub(super) last: Mark,
    pub(super) value: f64,
    pub(super) peak: f64,
    pub(super) total: u64,
}

impl Run {
    pub(super) fn episode(&self, change: Change, correlation: u32, group: Vec<Option<String>>) -> Episode {
        Episode {
            change,
            correlation,
            group,
            first: self.first.shown(),
            completed: self.completed.shown(),
            last: self.last.shown(),
            value: self.value,
            peak: self.peak,
            events: Vec::new(),
            events_total: self.total,
            supersedes: Vec::new(),
        }
    }
}
