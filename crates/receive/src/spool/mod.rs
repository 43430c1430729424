//! The spool of one source: a directory of segments, written by one thread and read by the flow.
//!
//! Puts that wait together are written together: one segment, one fsync, then all of them are answered. A spool that is
//! full refuses, so that memory and disk stay bounded and the sender keeps what we cannot take.

mod segment;
mod source;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use source::{Before, SpoolSource};

/// Bounds of one spool.
#[derive(Debug, Clone)]
pub struct SpoolLimits {
    /// Bytes of segments on disk that the flow has not read for good; beyond it nothing is taken.
    pub held_bytes_max: u64,
    /// A segment is closed when it has so many bytes. It exceeds this by at most one put.
    pub segment_bytes_max: usize,
    /// Bytes of puts in memory that wait for the disk.
    pub waiting_bytes_max: u64,
    /// How long the first put of a segment waits for others.
    pub gather: Duration,
}

const MIB: u64 = 1 << 20;

impl Default for SpoolLimits {
    fn default() -> Self {
        // A day of 10,000 records of 1 KB a minute; ten segments a second at most.
        Self {
            held_bytes_max: 16 * 1024 * MIB,
            segment_bytes_max: 8 << 20,
            waiting_bytes_max: 64 * MIB,
            gather: Duration::from_millis(100),
        }
    }
}

/// Why nothing was taken. The sender still has the records and should try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{held} bytes wait to be read, and no more than {max} may; try again later")]
    Full { held: u64, max: u64 },
    #[error("write to the spool: {0}")]
    Disk(String),
    #[error("a record of {bytes} bytes is above what can be read")]
    TooLong { bytes: usize },
    #[error("the inlet is closing")]
    Closing,
}

/// Why a spool cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: {reason}; it was written by something else, move it away")]
    State { path: PathBuf, reason: String },
}

impl SpoolError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Whether a directory holds segments, for whoever looks without opening it.
#[must_use]
pub fn holds_segments(dir: &Path) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| segment::number(&entry.path()).is_some())
}

/// Where a sender with positions of its own (a partition of a topic) stands: everything before the number is in the spool.
pub type Marks = BTreeMap<String, u64>;

/// The writing end; clones write to the same directory. When the last is dropped, everything is written.
#[derive(Debug, Clone)]
pub struct Spool {
    writing: Arc<Writing>,
    shared: Arc<Shared>,
}

/// The thread that writes. Dropped, it is waited for: whoever opens the directory next must find it at rest.
#[derive(Debug)]
struct Writing {
    sender: Option<mpsc::UnboundedSender<Put>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has answered nobody; there is nothing left to say here.
            drop(thread.join());
        }
    }
}

/// What both ends know.
#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    limits: SpoolLimits,
    /// Bytes of segments in the directory.
    held: AtomicU64,
    /// Bytes of puts that wait in memory.
    waiting: AtomicU64,
    marks: Mutex<Marks>,
}

/// Records to lay down, and who wants to know when they are.
#[derive(Debug)]
struct Put {
    records: Vec<Vec<u8>>,
    marks: Marks,
    bytes: u64,
    taken: oneshot::Sender<Result<(), Refused>>,
}

impl Spool {
    /// Opens the spool in `dir`, which is made if need be. One process at a time; the caller holds the lease.
    pub fn open(dir: &Path, limits: SpoolLimits) -> Result<Self, SpoolError> {
        let found = segment::Found::in_dir(dir)?;
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            limits,
            held: AtomicU64::new(found.bytes),
            waiting: AtomicU64::new(0),
            marks: Mutex::new(found.marks),
        });
        let (sender, puts) = mpsc::unbounded_channel();
        let writer = writer::Writer::new(shared.clone(), found.next);
        let spawned = std::thread::Builder::new().name("spool".to_owned()).spawn(move || writer.run(puts));
        let thread = spawned.map_err(|error| SpoolError::io(dir, error))?;
        Ok(Self { writing: Arc::new(Writing { sender: Some(sender), thread: Some(thread) }), shared })
    }

    /// Lays records down. When this returns `Ok`, they are on disk and survive the loss of power.
    pub async fn put(&self, records: Vec<Vec<u8>>) -> Result<(), Refused> {
        self.put_marked(records, Marks::new()).await
    }

    /// The same, and notes in the same step how far the sender's own positions are taken.
    pub async fn put_marked(&self, records: Vec<Vec<u8>>, marks: Marks) -> Result<(), Refused> {
        if records.is_empty() && marks.is_empty() {
            return Ok(());
        }
        if let Some(long) = records.iter().find(|record| u32::try_from(record.len()).is_err()) {
            return Err(Refused::TooLong { bytes: long.len() });
        }
        let bytes = records.iter().map(|record| record.len() as u64).sum();
        self.shared.admit(bytes)?;
        let (taken, answer) = oneshot::channel();
        let put = Put { records, marks, bytes, taken };
        if self.writing.sender.as_ref().is_none_or(|sender| sender.send(put).is_err()) {
            self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Refused::Closing);
        }
        answer.await.unwrap_or(Err(Refused::Closing))
    }

    /// How far a sender's positions are taken.
    #[must_use]
    pub fn mark(&self, name: &str) -> Option<u64> {
        self.shared.marks().get(name).copied()
    }

    /// Bytes that were taken and not yet read for good.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.shared.held.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Counts bytes that will wait in memory, unless there is no room for them here or on disk.
    fn admit(&self, bytes: u64) -> Result<(), Refused> {
        let held = self.held.load(Ordering::Relaxed);
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        let (wanted, max) = (held + waiting + bytes, self.limits.held_bytes_max);
        // A put that is larger than all that may wait is let in alone; otherwise it could never be sent.
        let no_room = 0 < waiting && self.limits.waiting_bytes_max < waiting + bytes;
        if max < wanted || no_room {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Refused::Full { held: held + waiting, max });
        }
        Ok(())
    }

    /// Bytes of segments that were removed.
    fn free(&self, bytes: u64) {
        let less = |held: u64| Some(held.saturating_sub(bytes));
        let _before = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
