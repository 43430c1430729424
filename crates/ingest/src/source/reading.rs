//! Filling batches from members one after another; a member that does not fit stays open for the next batch.
//!
//! Shared by files and objects, which differ only in how a member is listed and opened.

use super::batch::{BatchLimits, RawBatch, Taken};
use super::listing::{Listed, Listing};
use super::{Position, SourceError};
use crate::Limits;
use crate::logfile::{LogFile, Reader};
use crate::read::{Member, ReadError};

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) listing: Listing,
    batch_limits: BatchLimits,
    reader: Reader,
    open: Option<Open>,
    /// The member just read could not be reached to its end; the batch ends here.
    stopped: bool,
}

#[derive(Debug)]
struct Open {
    member: Member,
    file: LogFile,
    /// Records before this one were given out in an earlier run.
    from: u64,
}

impl Reading {
    pub(super) fn new(limits: Limits, batch_limits: BatchLimits) -> Self {
        Self { listing: Listing::default(), batch_limits, reader: Reader::new(limits), open: None, stopped: false }
    }

    /// Continues behind a committed position.
    pub(super) fn resume(&mut self, position: Position) {
        self.listing = Listing::resume(position);
    }

    /// Members that were read earlier.
    pub(super) fn mark_read<'p>(&mut self, positions: impl IntoIterator<Item = &'p Position>) {
        for position in positions {
            self.listing.mark_read(position);
        }
    }

    /// A batch from what is open and listed; `None` when there is nothing left.
    pub(super) fn fill(
        &mut self,
        source: &str,
        mut open: impl FnMut(&mut Reader, &Member) -> Result<Option<LogFile>, ReadError>,
    ) -> Result<Option<RawBatch>, SourceError> {
        let mut batch: Option<RawBatch> = None;
        while !batch.as_ref().is_some_and(|batch| batch.is_full(&self.batch_limits)) {
            let next = match self.next_open(&mut open) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                // What was read before is given out first; the next call meets the error again.
                Err(_) if batch.as_ref().is_some_and(|batch| !batch.is_empty()) => break,
                Err(error) => return Err(error),
            };
            let batch = batch.get_or_insert_with(|| RawBatch::new(source, next.member().clone()));
            match next {
                Next::Foreign(member) => {
                    batch.skip(&member);
                    self.listing.finish(member, 0);
                }
                Next::Closed(member, reason) => {
                    batch.reject(&member, reason);
                    self.listing.finish(member, 0);
                }
                Next::Open(current) => {
                    let broken = self.take(batch, *current);
                    // What was read before the input broke off is given out first; the next call tries again.
                    if let (Some(error), true) = (broken, batch.is_empty()) {
                        return Err(error.into());
                    }
                }
            }
            if self.stopped {
                self.stopped = false;
                break;
            }
        }
        // A member that ended exactly with the last batch leaves nothing to tell.
        Ok(batch.filter(|batch| !batch.is_empty()))
    }

    fn next_open(
        &mut self,
        open: &mut impl FnMut(&mut Reader, &Member) -> Result<Option<LogFile>, ReadError>,
    ) -> Result<Option<Next>, SourceError> {
        if let Some(current) = self.open.take() {
            return Ok(Some(Next::Open(Box::new(current))));
        }
        let Some(listed) = self.listing.next() else { return Ok(None) };
        match open(&mut self.reader, &listed.member) {
            Ok(Some(file)) => Ok(Some(Next::Open(Box::new(Open { member: listed.member, file, from: listed.from })))),
            Ok(None) => Ok(Some(Next::Foreign(listed.member))),
            Err(error) if error.is_final() => Ok(Some(Next::Closed(listed.member, error.to_string()))),
            Err(error) => {
                // The others must not wait for this one: it goes to the end of the line.
                self.listing.postpone(listed);
                Err(error.into())
            }
        }
    }

    /// Takes what fits; an error when the member broke off because it could not be reached.
    fn take(&mut self, batch: &mut RawBatch, mut current: Open) -> Option<ReadError> {
        match batch.take(&mut current.file, &current.member, current.from, &self.batch_limits) {
            Taken::Full => {
                self.open = Some(current);
                None
            }
            Taken::Ended => {
                // A last line that was still being written is read again when the file has grown.
                let records = current.file.counts().records - u64::from(current.file.ended_cut_off());
                batch.finish_member(&current.member, records);
                self.listing.finish(current.member, records);
                self.reader.reuse(current.file);
                None
            }
            Taken::Unreachable(rejected) => {
                self.stopped = true;
                let path = current.member.name.clone();
                self.listing.postpone(Listed { member: current.member, from: current.from.max(rejected.record) });
                Some(ReadError::Store { path, reason: rejected.reason })
            }
        }
    }
}

/// What comes next in the listing, opened.
enum Next {
    Open(Box<Open>),
    /// No log.
    Foreign(Member),
    /// It is there and may not be read, or it is gone.
    Closed(Member, String),
}

impl Next {
    fn member(&self) -> &Member {
        match self {
            Self::Open(open) => &open.member,
            Self::Foreign(member) | Self::Closed(member, _) => member,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Error, ErrorKind, Read};

    use super::*;

    /// Gives its bytes and then breaks as a network does.
    struct Breaking(Cursor<Vec<u8>>);

    impl Read for Breaking {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(Error::new(ErrorKind::ConnectionAborted, "the line went dead")),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn what_cannot_be_reached_is_read_again_from_where_it_broke() {
        let line =
            |id: u32| format!("{{\"timestamp\":\"2026-03-02T10:11:12Z\",\"service\":\"s\",\"event\":\"e{id}\"}}\n");
        let whole: String = (0..5).map(line).collect();
        let cut = whole.len() / 2;
        let mut reading = Reading::new(Limits::default(), BatchLimits::default());
        reading.listing.update(vec![Member { name: "x".to_owned(), ..Member::default() }]);
        let mut attempts = 0;
        let mut attempt = |reading: &mut Reading| {
            reading.fill("test", |reader, member| {
                attempts += 1;
                let bytes = whole.clone().into_bytes();
                match attempts {
                    1 => Err(ReadError::Store { path: "x".to_owned(), reason: "no route".to_owned() }),
                    2 => reader.open_stream(&member.name, Box::new(Breaking(Cursor::new(bytes[..cut].to_vec()))), None),
                    _ => reader.open_stream(&member.name, Box::new(Cursor::new(bytes)), None),
                }
            })
        };
        assert!(attempt(&mut reading).is_err());
        let first = attempt(&mut reading).unwrap().unwrap();
        let second = attempt(&mut reading).unwrap().unwrap();
        assert!(attempt(&mut reading).unwrap().is_none());
        assert_eq!((first.rejected.len(), second.rejected.len()), (0, 0));
        let indices: Vec<u64> = first.records.iter().chain(&second.records).map(|record| record.index).collect();
        assert_eq!(indices, [0, 1, 2, 3, 4]);
        assert!(second.position.complete);
    }
}
