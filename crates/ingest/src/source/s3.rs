//! The objects below an S3 prefix as a source, found by listing.
//!
//! Listing again finds new objects. Notifications by queue are faster and come beside this; a lister is needed anyway,
//! because notifications get lost.

use async_trait::async_trait;
use tokio::runtime::Handle;

use super::batch::{BatchLimits, RawBatch};
use super::reading::Reading;
use super::{Position, Source, SourceError};
use crate::read::S3Store;
use crate::{Format, Limits};

/// Objects of one bucket and prefix.
#[derive(Debug)]
pub struct S3Listing {
    name: String,
    store: S3Store,
    prefix: String,
    forced: Option<Format>,
    reading: Reading,
}

impl S3Listing {
    /// Reads the prefix from its start.
    #[must_use]
    pub fn new(name: &str, store: S3Store, prefix: &str, limits: Limits, batch_limits: BatchLimits) -> Self {
        Self {
            name: name.to_owned(),
            store,
            prefix: prefix.to_owned(),
            forced: None,
            reading: Reading::new(limits, batch_limits),
        }
    }

    /// Takes the format on trust.
    #[must_use]
    pub fn forced(mut self, format: Format) -> Self {
        self.forced = Some(format);
        self
    }

    /// Continues behind a committed position. Keys that sort before it count as read.
    #[must_use]
    pub fn resume(mut self, position: Position) -> Self {
        self.reading.resume(position);
        self
    }

    /// Objects read earlier, whatever their order, to their end or up to a record: for a followed prefix, where new
    /// keys may sort before old ones.
    #[must_use]
    pub fn already_read<'p>(mut self, positions: impl IntoIterator<Item = &'p Position>) -> Self {
        self.reading.mark_read(positions);
        self
    }

    fn fill(&mut self) -> Result<Option<RawBatch>, SourceError> {
        let Self { store, forced, reading, name, .. } = self;
        reading.fill(name, |reader, member| {
            let input = store.reader(member, Handle::current())?;
            reader.open_stream(&member.name, input, *forced)
        })
    }
}

#[async_trait]
impl Source for S3Listing {
    fn name(&self) -> &str {
        &self.name
    }

    async fn next_batch(&mut self) -> Result<Option<RawBatch>, SourceError> {
        if let Some(batch) = tokio::task::block_in_place(|| self.fill())? {
            return Ok(Some(batch));
        }
        self.reading.listing.update(self.store.list(&self.prefix).await?);
        tokio::task::block_in_place(|| self.fill())
    }

    async fn commit(&mut self, _position: &Position) -> Result<(), SourceError> {
        // Objects stay where they are; the caller keeps the position.
        Ok(())
    }
}
