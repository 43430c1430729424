//! Normalising a batch: every record becomes an event or a rejection, and the sum is kept.
//!
//! Pure: a replay of the same spans gives the same rows.

use std::collections::{BTreeMap, BTreeSet};

use ingest::{Limits, Rejected};
use jiff::Timestamp;
use ocsf::Event;
use sha2::{Digest as _, Sha256};

use super::Turn;
use super::assign::Batch;
use crate::store::Span;
use crate::translate;

/// An event with what rules see of it and where it stood in the batch.
#[derive(Debug)]
pub(crate) struct Normalised {
    /// 0-based place in the batch, rejections not counted.
    pub(crate) record: i64,
    pub(crate) event: Event,
    /// `None` when rules see the raw record itself.
    pub(crate) view: Option<Vec<u8>>,
}

impl Normalised {
    /// The JSON object that rules evaluate.
    pub(crate) fn view(&self) -> &[u8] {
        self.view.as_deref().unwrap_or(&self.event.raw)
    }
}

/// A normalised batch.
#[derive(Debug, Default)]
pub(crate) struct Normal {
    pub(crate) events: Vec<Normalised>,
    pub(crate) rejected: Vec<Rejected>,
    /// SHA-256 of each record as read, by member and record, rejected ones included.
    pub(crate) digests: Vec<[u8; 32]>,
    /// The latest event that is not from the future.
    pub(crate) last_event: Option<Timestamp>,
    /// Header lines of flow logs: their lines are stored without it, and cannot be understood again without it.
    pub(crate) columns: BTreeSet<String>,
}

/// Header lines kept for one batch, and the longest of them: together they stay far below the 64 KiB of an entry.
const COLUMNS_MAX: usize = 8;
const COLUMNS_BYTES_MAX: usize = 2_000;

/// Turns an assigned batch into events and rejections, and takes its records out of it: events have copies of their own.
pub(crate) fn normalize(batch: &mut Batch, now: Timestamp) -> Normal {
    let limits = Limits::default();
    let mut normal = Normal::default();
    let mut digests = Digests::default();
    for part in std::mem::take(&mut batch.parts) {
        normal.events.reserve_exact(part.records.len());
        let columns = part.members.iter().filter_map(|member| member.decoder.as_ref()?.columns());
        normal.columns.extend(columns.filter(|columns| columns.len() <= COLUMNS_BYTES_MAX));
        for record in part.iter(&limits).filter(|record| batch.holds(record.member(), record.index)) {
            let digest = Sha256::digest(record.raw).into();
            digests.note(record.member(), record.index, digest);
            let seen = record.json().map(|view| match view {
                std::borrow::Cow::Borrowed(_) => None,
                std::borrow::Cow::Owned(view) => Some(view),
            });
            match seen.and_then(|view| record.event().map(|event| (view, event))) {
                Ok((_, event)) if !fits_the_lake(&event) => normal.rejected.push(record.reject(UNFIT.to_owned())),
                Ok((view, event)) => {
                    event.note_digest(&digest);
                    normal.push(event, view, now);
                }
                Err(rejected) => normal.rejected.push(rejected),
            }
        }
        for rejected in part.rejected.iter().filter(|rejected| batch.holds_rejected(rejected)) {
            digests.note(&rejected.member, rejected.record, Sha256::digest(&rejected.raw).into());
            normal.rejected.push(rejected.clone());
        }
    }
    while COLUMNS_MAX < normal.columns.len() {
        normal.columns.pop_last();
    }
    normal.digests = digests.0.into_values().flat_map(BTreeMap::into_values).collect();
    normal
}

/// Digests by member and record: their order must not depend on how the batch was read.
#[derive(Debug, Default)]
struct Digests(BTreeMap<String, BTreeMap<u64, [u8; 32]>>);

impl Digests {
    fn note(&mut self, member: &str, record: u64, digest: [u8; 32]) {
        // A record is given once; the name of its member is copied for the first only.
        let _before = match self.0.get_mut(member) {
            Some(of_member) => of_member.insert(record, digest),
            None => self.0.entry(member.to_owned()).or_default().insert(record, digest),
        };
    }
}

/// The lake keeps at most 16 MiB of text a row; the raw record is most of it.
const RAW_BYTES_MAX: usize = 14 << 20;
const UNFIT: &str = "larger than 14 MiB, or its time lies outside the years 1 to 9999";

/// One record that the lake cannot hold must not hold up its batch.
fn fits_the_lake(event: &Event) -> bool {
    let year = event.time.to_zoned(jiff::tz::TimeZone::UTC).year();
    event.raw.len() <= RAW_BYTES_MAX && (1..=9999).contains(&year)
}

impl Batch {
    /// A replayed member may have grown since: what lies behind the span belongs to a later batch.
    fn holds(&self, member: &str, index: u64) -> bool {
        let span = self.assignment.spans.iter().find(|span| span.after.member.name == member);
        span.is_some_and(|span| (span.from..span.after.record).contains(&index))
    }

    /// A member that ended inside a record stands before that record, and yet it was rejected in this batch.
    fn holds_rejected(&self, rejected: &Rejected) -> bool {
        let cut_off = |span: &Span| {
            span.cut_off && span.after.record == rejected.record && span.after.member.name == rejected.member
        };
        self.holds(&rejected.member, rejected.record) || self.assignment.spans.iter().any(cut_off)
    }
}

impl Normal {
    fn push(&mut self, event: Event, view: Option<Vec<u8>>, now: Timestamp) {
        // A record may say any time; one from the future tells nothing of how far its source has come.
        self.last_event = self.last_event.max(Some(event.time).filter(|time| *time <= now));
        let record = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        self.events.push(Normalised { record, event, view });
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().map(|seen| &seen.event)
    }

    pub(crate) fn records(&self) -> usize {
        self.events.len() + self.rejected.len()
    }

    pub(super) fn turn(&self, findings: usize) -> Turn {
        // INVARIANT: in = out. Every record read is an event or a rejection.
        assert_eq!(self.digests.len(), self.records(), "a record was lost between reading and storing");
        Turn { records: self.records(), events: self.events.len(), rejected: self.rejected.len(), findings }
    }

    pub(super) fn event_rows(&self, tenant: &str, source: &str, now: Timestamp) -> Vec<lake::EventRow> {
        let row = |seen: &Normalised| translate::event_row(&seen.event, tenant, source, seen.record, now);
        self.events.iter().map(row).collect()
    }

    pub(super) fn rejected_rows(&self, tenant: &str, source: &str, now: Timestamp) -> Vec<lake::RejectedRow> {
        self.rejected.iter().map(|rejected| translate::rejected_row(rejected, tenant, source, now)).collect()
    }
}
