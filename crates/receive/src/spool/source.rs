//! The reading end: the spool's segments as a source of the flow. What is committed is removed.

use std::path::PathBuf;
use std::sync::Arc;

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
    /// Segments that the batch in hand reads to their end; they go when it is committed.
    ended: Vec<PathBuf>,
    /// Segments of which records were given out and not yet their end. When nothing more comes at all, that was their end.
    begun: Vec<PathBuf>,
}

/// Where a source stands that was read before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before<'p> {
    /// Members of batches that are stored for good.
    pub stored: &'p [Position],
    /// Members of a batch that is numbered and not stored: its segments are needed to read it again.
    pub unfinished: &'p [Position],
}

impl SpoolSource {
    /// Goes on behind what was read before. Segments that are stored for good are removed; those of an unfinished batch go
    /// with the first commit, which is that batch's.
    pub fn new(
        name: &str,
        spool: &Spool,
        forced: Option<Format>,
        before: Before<'_>,
        limits: Limits,
        batch_limits: BatchLimits,
    ) -> Result<Self, SpoolError> {
        let shared = spool.shared.clone();
        let Before { stored, unfinished } = before;
        let segments = |positions: &[Position], complete: bool| -> Vec<PathBuf> {
            let of_kind = positions.iter().filter(|position| position.complete == complete);
            of_kind.map(|position| segment_of(&shared, position)).collect()
        };
        let is_needed = |path: &PathBuf| unfinished.iter().any(|position| segment_of(&shared, position) == *path);
        let stored_whole: Vec<PathBuf> = segments(stored, true).into_iter().filter(|path| !is_needed(path)).collect();
        let path = format!("{}/*.spool", glob::Pattern::escape(&shared.dir.to_string_lossy()));
        let files = Files::new(name, &path, forced, limits, batch_limits).already_read(stored.iter().chain(unfinished));
        let begun = [segments(stored, false), segments(unfinished, false)].concat();
        let mut source = Self { files, ended: stored_whole, begun, shared: shared.clone() };
        source.remove_ended()?;
        source.ended = segments(unfinished, true);
        Ok(source)
    }

    /// Notes which segments a batch ends and which it leaves begun. One that was begun and is not in it may have been put off
    /// because it could not be read just now.
    fn note(&mut self, batch: &RawBatch) {
        for member in &batch.members {
            let path = segment_of(&self.shared, &member.after);
            self.begun.retain(|begun| *begun != path);
            if member.after.complete { &mut self.ended } else { &mut self.begun }.push(path);
        }
    }

    fn remove_ended(&mut self) -> Result<(), SpoolError> {
        if self.ended.is_empty() {
            return Ok(());
        }
        let marks = self.shared.marks().clone();
        let freed = segment::remove(&self.shared.dir, &marks, &self.ended)?;
        self.ended.clear();
        self.shared.free(freed);
        Ok(())
    }

    fn remove(&mut self) -> Result<(), SourceError> {
        tokio::task::block_in_place(|| self.remove_ended()).map_err(|error| SourceError::Worker(error.to_string()))
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
            Err(SourceError::Read(ReadError::NotFound { .. })) => None,
            batch => batch?,
        };
        match &batch {
            Some(batch) => self.note(batch),
            // Every batch before this was committed, and nothing is left of what was begun.
            None => {
                self.ended.append(&mut self.begun);
                self.remove()?;
            }
        }
        Ok(batch)
    }

    async fn commit(&mut self, position: &Position) -> Result<(), SourceError> {
        self.files.commit(position).await?;
        self.remove()
    }
}
