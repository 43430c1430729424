//! Files, directories, globs and stdin as a source.
//!
//! Reads in the order of names, in batches; when all is read it lists again, so a directory can be followed. A file is
//! expected to be complete when it appears, or to grow by whole lines.

use async_trait::async_trait;

use super::batch::{BatchLimits, RawBatch};
use super::reading::Reading;
use super::{Position, Source, SourceError};
use crate::read::expand;
use crate::{Format, Limits};

/// Local members of one PATH.
#[derive(Debug)]
pub struct Files {
    name: String,
    path: String,
    forced: Option<Format>,
    reading: Reading,
    /// Stdin can be listed only once.
    listed: bool,
}

impl Files {
    /// Reads `path` from its start. `name` identifies the source; `forced` takes the format on trust.
    #[must_use]
    pub fn new(name: &str, path: &str, forced: Option<Format>, limits: Limits, batch_limits: BatchLimits) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            forced,
            reading: Reading::new(limits, batch_limits),
            listed: false,
        }
    }

    /// Continues behind a committed position. Files named before it count as read.
    #[must_use]
    pub fn resume(mut self, position: Position) -> Self {
        self.reading.resume(position);
        self
    }

    /// Members read earlier, whatever their order, to their end or up to a record: for a followed directory, where new
    /// files may sort before old ones.
    #[must_use]
    pub fn already_read<'p>(mut self, positions: impl IntoIterator<Item = &'p Position>) -> Self {
        self.reading.mark_read(positions);
        self
    }

    /// The next batch, on the calling thread.
    pub fn next_batch_blocking(&mut self) -> Result<Option<RawBatch>, SourceError> {
        let batch = self.fill()?;
        if batch.is_some() || (self.listed && self.path == "-") {
            return Ok(batch);
        }
        self.listed = true;
        self.reading.listing.update(expand(&self.path)?);
        self.fill()
    }

    fn fill(&mut self) -> Result<Option<RawBatch>, SourceError> {
        let forced = self.forced;
        self.reading.fill(&self.name, |reader, member| reader.open(member, forced))
    }
}

#[async_trait]
impl Source for Files {
    fn name(&self) -> &str {
        &self.name
    }

    async fn next_batch(&mut self) -> Result<Option<RawBatch>, SourceError> {
        // Decompression takes milliseconds to seconds; the worker thread must not be held meanwhile.
        tokio::task::block_in_place(|| self.next_batch_blocking())
    }

    async fn commit(&mut self, _position: &Position) -> Result<(), SourceError> {
        // Files stay where they are; the caller keeps the position.
        Ok(())
    }
}
