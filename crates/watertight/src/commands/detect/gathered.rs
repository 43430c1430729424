//! What `detect` keeps until every file is read, when correlations are loaded: the hits, the events that they are of, and the
//! findings of single events, which have to wait because one of a correlation may stand among them.
//!
//! All of it is kept in order and in bounded memory. Nothing is correlated here.

use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sigma::{Hit, HitLosses};

use super::row::At;
use crate::commands::offline::{self, Room, Sortable, Sorter};
use crate::exit::Failure;

/// Shared by all workers.
#[derive(Debug)]
pub(super) struct Gathered(Mutex<Kept>);

/// Everything, once it is read.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) hits: Sorter<HitInTime>,
    pub(super) events: Sorter<EventInTime>,
    pub(super) lines: Sorter<Line>,
    pub(super) losses: HitLosses,
    /// Events whose fields could not be read where a correlation groups or counts.
    pub(super) unreadable: u64,
}

/// A hit, in order of event time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct HitInTime(pub(super) Hit);

/// An event that brought hits. Of copies in several files the first is the one in the file of the least name, so that a
/// finding stands at the same event whatever the order of the files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EventInTime {
    pub(super) time_us: i64,
    /// Position of the file in the input.
    pub(super) file: usize,
    pub(super) at: At,
}

/// A finding as it is printed: by file, then record, then rule, those of correlations last.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) file: usize,
    pub(super) record: u64,
    pub(super) rank: usize,
    pub(super) text: String,
}

impl Gathered {
    pub(super) fn new(room: Room) -> Self {
        Self(Mutex::new(Kept {
            hits: Sorter::new(room),
            events: Sorter::new(room),
            lines: Sorter::new(room),
            losses: HitLosses::default(),
            unreadable: 0,
        }))
    }

    pub(super) fn line(&self, line: Line) -> Result<(), Failure> {
        offline::lock(&self.0).lines.push(line)
    }

    /// Takes the hits of one event.
    pub(super) fn event(&self, event: EventInTime, hits: &mut Vec<Hit>, losses: HitLosses) -> Result<(), Failure> {
        let mut kept = offline::lock(&self.0);
        kept.losses.groups_cut += losses.groups_cut;
        kept.losses.values_cut += losses.values_cut;
        if hits.is_empty() {
            return Ok(());
        }
        kept.events.push(event)?;
        hits.drain(..).try_for_each(|hit| kept.hits.push(HitInTime(hit)))
    }

    pub(super) fn unreadable_event(&self) {
        offline::lock(&self.0).unreadable += 1;
    }

    pub(super) fn into_kept(self) -> Kept {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HitInTime {
    fn key(&self) -> (i64, &str, u32, u8, &[Option<String>], &[String]) {
        let Hit { correlation, rule, time_us, uid, group, values } = &self.0;
        (*time_us, uid, *correlation, *rule, group, values)
    }
}

impl Sortable for HitInTime {
    fn order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    fn text_bytes(&self) -> usize {
        let group = self.0.group.iter().map(|value| size_of::<String>() + value.as_ref().map_or(0, String::len));
        let values = self.0.values.iter().map(|value| size_of::<String>() + value.len());
        self.0.uid.len() + group.sum::<usize>() + values.sum::<usize>()
    }
}

impl EventInTime {
    fn key(&self) -> (i64, &str, &str, usize, u64) {
        (self.time_us, &self.at.event_uid, &self.at.file, self.file, self.at.record)
    }
}

impl Sortable for EventInTime {
    fn order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    fn text_bytes(&self) -> usize {
        let At { file, logsource, event_uid, actor, observables, .. } = &self.at;
        let observables = observables.iter().map(|seen| size_of_val(seen) + seen.name.len() + seen.value.len());
        let texts = file.len() + logsource.len() + event_uid.len() + actor.as_ref().map_or(0, String::len);
        texts + observables.sum::<usize>()
    }
}

impl Sortable for Line {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn text_bytes(&self) -> usize {
        self.text.len()
    }
}
