//! Filling batches from members one after another; a member that does not fit stays open for the next batch.
//!
//! Shared by files and objects, which differ only in how a member is listed and opened.

use super::SourceError;
use super::batch::{BatchLimits, RawBatch};
use super::listing::Listing;
use crate::Limits;
use crate::logfile::{LogFile, Reader};
use crate::read::Member;

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) listing: Listing,
    batch_limits: BatchLimits,
    reader: Reader,
    open: Option<Open>,
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
        Self { listing: Listing::default(), batch_limits, reader: Reader::new(limits), open: None }
    }

    /// A batch from what is open and listed; `None` when there is nothing left.
    pub(super) fn fill(
        &mut self,
        source: &str,
        mut open: impl FnMut(&mut Reader, &Member) -> Result<Option<LogFile>, SourceError>,
    ) -> Result<Option<RawBatch>, SourceError> {
        let mut batch: Option<RawBatch> = None;
        while !batch.as_ref().is_some_and(|batch| batch.is_full(&self.batch_limits)) {
            let mut current = match self.open.take() {
                Some(current) => current,
                None => {
                    let Some(next) = self.listing.next() else { break };
                    let Some(file) = open(&mut self.reader, &next.member)? else {
                        let batch = batch.get_or_insert_with(|| RawBatch::new(source, next.member.clone()));
                        batch.skip(&next.member);
                        self.listing.finish(next.member, 0);
                        continue;
                    };
                    Open { member: next.member, file, from: next.from }
                }
            };
            let batch = batch.get_or_insert_with(|| RawBatch::new(source, current.member.clone()));
            if batch.take(&mut current.file, &current.member, current.from, &self.batch_limits) {
                // A last line that was still being written is read again when the file has grown.
                let records = current.file.counts().records - u64::from(current.file.ended_cut_off());
                batch.finish_member(&current.member, records);
                self.listing.finish(current.member, records);
                self.reader.reuse(current.file);
            } else {
                self.open = Some(current);
            }
        }
        // A member that ended exactly with the last batch leaves nothing to tell.
        Ok(batch.filter(|batch| !batch.is_empty()))
    }
}
