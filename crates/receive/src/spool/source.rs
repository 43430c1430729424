//! The reading end: the spool's segments as a source of the flow. What is committed is removed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use ingest::source::BatchLimits;
use ingest::{Files, Format, Limits, Position, RawBatch, ReadError, Source, SourceError};

use super::segment;
use super::{Shared, Spool, SpoolError};

/// Segments of one spool, in the order in which they were taken.
#[derive(Debug)]
pub struct SpoolSource {
    files: Files,
    shared: Arc<Shared>,
    /// Segments that were given out to their end and wait for the commit.
    ended: Vec<PathBuf>,
}

impl SpoolSource {
    /// Goes on behind `done`. Segments among them that were read to their end are removed.
    pub fn new<'p>(
        name: &str,
        spool: &Spool,
        forced: Option<Format>,
        done: impl IntoIterator<Item = &'p Position>,
        limits: Limits,
        batch_limits: BatchLimits,
    ) -> Result<Self, SpoolError> {
        let shared = spool.shared.clone();
        let done: Vec<&Position> = done.into_iter().collect();
        let ended: Vec<PathBuf> =
            done.iter().filter(|position| position.complete).map(|position| segment_of(&shared, position)).collect();
        let path = format!("{}/*.spool", glob::Pattern::escape(&shared.dir.to_string_lossy()));
        let files = Files::new(name, &path, forced, limits, batch_limits).already_read(done.iter().copied());
        let mut source = Self { files, shared, ended };
        source.remove_ended()?;
        Ok(source)
    }

    fn remove_ended(&mut self) -> Result<(), SpoolError> {
        let marks = self.shared.marks().clone();
        let freed = segment::remove(&self.shared.dir, &marks, &self.ended)?;
        self.ended.clear();
        self.shared.held.fetch_sub(freed, Ordering::Relaxed);
        Ok(())
    }
}

/// A position names its segment; only files of this directory are ever removed.
fn segment_of(shared: &Shared, position: &Position) -> PathBuf {
    let name = PathBuf::from(&position.member.name);
    shared.dir.join(name.file_name().unwrap_or_default())
}

#[async_trait]
impl Source for SpoolSource {
    fn name(&self) -> &str {
        self.files.name()
    }

    async fn next_batch(&mut self) -> Result<Option<RawBatch>, SourceError> {
        let batch = match self.files.next_batch().await {
            // Everything that was taken is read and removed.
            Err(SourceError::Read(ReadError::NotFound { .. })) => return Ok(None),
            batch => batch?,
        };
        if let Some(batch) = &batch {
            let ended = batch.members.iter().filter(|member| member.after.complete);
            self.ended.extend(ended.map(|member| segment_of(&self.shared, &member.after)));
        }
        Ok(batch)
    }

    async fn commit(&mut self, position: &Position) -> Result<(), SourceError> {
        self.files.commit(position).await?;
        tokio::task::block_in_place(|| self.remove_ended()).map_err(|error| SourceError::Worker(error.to_string()))
    }
}
