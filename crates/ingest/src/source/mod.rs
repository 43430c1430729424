//! Sources: the one open trait on the path. A source gives batches with a position inside and is told what is stored.
//!
//! `Files` reads what a PATH names (and what appears there later), `S3Listing` reads a bucket, stdin is a `Files` of `-`.
//! A source never decides what to do with a record; it only keeps order and count.

mod batch;
mod files;
mod listing;
mod name_day;
mod reading;
mod s3;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use batch::{BatchLimits, BatchMember, RawBatch, RawRecord};
pub use files::Files;
pub use s3::S3Listing;

use crate::read::{Member, ReadError};

/// Where a source has read to: everything before `record` of `member` was given out, and every member that was
/// listed before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub member: Member,
    /// Index of the next record to read in that member.
    pub record: u64,
    /// The member was read to its end.
    pub complete: bool,
}

/// Why a source cannot go on. Damaged records are no error; they are in the batch.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("continue at `{member}`: it is gone or changed since it was read")]
    Position { member: String },
    #[error("read in the background: {0}")]
    Worker(String),
}

/// Gives batches. The caller stores a batch, then commits its position; a crash in between re-reads the batch.
#[async_trait]
pub trait Source: Send {
    /// A stable name, part of the identity of every batch.
    fn name(&self) -> &str;

    /// The next batch; `None` when there is nothing new now. Ask again later: new members may have appeared.
    async fn next_batch(&mut self) -> Result<Option<RawBatch>, SourceError>;

    /// Everything up to `position` is durable.
    async fn commit(&mut self, position: &Position) -> Result<(), SourceError>;
}
