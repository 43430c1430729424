//! A batch of raw records: their bytes, which member each came from, and the position behind them.
//!
//! All bytes stand in one buffer, so a batch of a hundred thousand records is a handful of allocations.

use crate::logfile::{Item, LogFile, Record};
use crate::read::Member;
use crate::source::Position;
use crate::{Decoder, Limits, Rejected};

/// When a batch is full. A batch holds whole records and exceeds the byte limit by at most one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchLimits {
    pub records_max: usize,
    pub bytes_max: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        // 8 MiB of records become eight times as much while they are normalised and written.
        Self { records_max: 20_000, bytes_max: 8 * 1024 * 1024 }
    }
}

/// A member of a batch and how to understand its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchMember {
    pub member: Member,
    /// `None` when the member broke before its format was known; it then has rejections only.
    pub decoder: Option<Decoder>,
    /// Of a member whose records are understood one by one: the decoders they have.
    others: Vec<Decoder>,
    /// How far this batch reads it. This, not the highest index, is where the next batch goes on: a last record that
    /// was cut off is read again when the member grows.
    pub after: Position,
}

/// Forms of log among the records of one segment: formats, and orders of columns. Whoever sends more of them sends junk.
const FORMS_MAX: usize = 64;
const TOO_MANY_FORMS: &str = "it is of the 65th form of log among records that were sent together; 64 are read";

/// How taking records from a member ended.
#[derive(Debug)]
pub(super) enum Taken {
    Full,
    Ended,
    /// The rest could not be reached; it is no damage of the content, and the member is to be read again.
    Unreachable(Rejected),
}

/// Where one record of a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRecord {
    /// Index into `RawBatch::members`.
    pub member: usize,
    /// 0-based index of the record in the member.
    pub index: u64,
    /// Index into `BatchMember::others`; the member's own decoder without.
    other: Option<usize>,
    start: usize,
    length: usize,
}

/// What a source gives at a time. records read = `records.len() + rejected.len()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBatch {
    pub source: String,
    pub members: Vec<BatchMember>,
    pub records: Vec<RawRecord>,
    pub rejected: Vec<Rejected>,
    /// Members that were no log.
    pub skipped: Vec<String>,
    /// Behind the last record of this batch.
    pub position: Position,
    bytes: Vec<u8>,
}

impl RawBatch {
    pub(super) fn new(source: &str, member: Member) -> Self {
        Self {
            source: source.to_owned(),
            members: Vec::new(),
            records: Vec::new(),
            rejected: Vec::new(),
            skipped: Vec::new(),
            position: Position { member, record: 0, complete: false },
            bytes: Vec::new(),
        }
    }

    /// The records with what is needed to understand them, in reading order.
    pub fn iter<'b>(&'b self, limits: &Limits) -> impl Iterator<Item = Record<'b>> {
        let limits = limits.clone();
        self.records.iter().filter_map(move |record| {
            let member = self.members.get(record.member)?;
            let decoder = match record.other {
                Some(other) => member.others.get(other),
                None => member.decoder.as_ref(),
            };
            Some(Record::new(&member.member.name, record.index, self.raw(record), decoder?, &limits))
        })
    }

    /// The bytes of one record.
    #[must_use]
    pub fn raw(&self, record: &RawRecord) -> &[u8] {
        self.bytes.get(record.start..record.start + record.length).unwrap_or_default()
    }

    /// Bytes of all records.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Nothing was read and nothing was skipped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.rejected.is_empty() && self.skipped.is_empty()
    }

    pub(super) fn is_full(&self, limits: &BatchLimits) -> bool {
        self.records.len() + self.rejected.len() >= limits.records_max || self.bytes.len() >= limits.bytes_max
    }

    /// Takes records of an open member until the batch is full or the member ends. Records before `from` were given
    /// out earlier and are passed over.
    pub(super) fn take(&mut self, file: &mut LogFile, member: &Member, from: u64, limits: &BatchLimits) -> Taken {
        let after = Position { member: member.clone(), record: from, complete: false };
        let decoder = file.decoder().cloned().filter(|_| !file.is_read_one_by_one());
        self.members.push(BatchMember { member: member.clone(), decoder, others: Vec::new(), after });
        let place = self.members.len() - 1;
        let one_by_one = file.is_read_one_by_one();
        loop {
            if self.is_full(limits) {
                return Taken::Full;
            }
            let index = match file.next() {
                None => return Taken::Ended,
                Some(Item::Record(record)) => {
                    if record.index >= from {
                        let start = self.bytes.len();
                        self.bytes.extend_from_slice(record.raw);
                        let length = record.raw.len();
                        let other = if one_by_one { self.other(record.decoder()) } else { None };
                        if one_by_one && other.is_none() {
                            self.bytes.truncate(start);
                            self.rejected.push(record.reject(TOO_MANY_FORMS.to_owned()));
                        } else {
                            self.records.push(RawRecord { member: place, index: record.index, other, start, length });
                        }
                    }
                    record.index
                }
                Some(Item::Rejected(rejected)) => {
                    if file.unreachable() {
                        return Taken::Unreachable(rejected);
                    }
                    let index = rejected.record;
                    if index >= from {
                        self.rejected.push(rejected);
                    }
                    index
                }
            };
            let record = from.max(index + 1);
            self.reached(Position { member: member.clone(), record, complete: false });
        }
    }

    /// The place of a decoder among those of the member that is being read. Few formats come through one inlet.
    fn other(&mut self, decoder: &Decoder) -> Option<usize> {
        let others = &mut self.members.last_mut()?.others;
        let known = others.iter().position(|known| known == decoder);
        if known.is_none() && others.len() < FORMS_MAX {
            others.push(decoder.clone());
            return Some(others.len() - 1);
        }
        known
    }

    /// The member was read to its end.
    pub(super) fn finish_member(&mut self, member: &Member, records: u64) {
        self.reached(Position { member: member.clone(), record: records, complete: true });
    }

    fn reached(&mut self, position: Position) {
        if let Some(last) = self.members.last_mut().filter(|last| last.member.name == position.member.name) {
            last.after.clone_from(&position);
        }
        self.position = position;
    }

    /// The member could not be opened.
    pub(super) fn reject(&mut self, member: &Member, reason: String) {
        let after = Position { member: member.clone(), record: 0, complete: true };
        self.members.push(BatchMember { member: member.clone(), decoder: None, others: Vec::new(), after });
        self.rejected.push(Rejected { member: member.name.clone(), record: 0, reason, raw: Vec::new() });
        self.finish_member(member, 0);
    }

    /// The member was no log.
    pub(super) fn skip(&mut self, member: &Member) {
        self.skipped.push(member.name.clone());
        self.finish_member(member, 0);
    }
}
