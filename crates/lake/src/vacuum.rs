//! Deletes files that no current version of a table needs: dropped days, files replaced by compaction, and what a crash
//! left behind.
//!
//! On the path: run after retention; only then are the bytes of dropped rows gone. It never touches a file that the
//! newest version names, and nothing younger than the grace period.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{MaintainError, StorageError};
use crate::lake::Lake;
use crate::retain::remove_locked;
use crate::schema::DAY;
use crate::table::{TableName, live_files};

/// What to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vacuum {
    /// Grace for readers of an older version and for writers that have not committed yet. An hour is short; running
    /// queries and appends must take less.
    pub keep: Duration,
    /// Compared with the time at which a commit dropped a file, as given to that call, and with the modification time
    /// of files that no commit ever named. Under a simulated clock the latter are real times, so leftovers of crashes
    /// may stay.
    pub now: Timestamp,
    pub dry_run: bool,
}

/// What was deleted, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Vacuumed {
    pub files: u64,
    pub bytes: u64,
}

pub(crate) async fn vacuum(lake: &Lake, request: &Vacuum) -> Result<Vacuumed, MaintainError> {
    let mut done = Vacuumed::default();
    for name in TableName::ALL {
        let needed = needed_files(lake, name, request).await?;
        let root = lake.table(name).root().to_owned();
        let (dropped, limit_ms, dry_run) = (needed.dropped, needed.limit_ms, request.dry_run);
        let live = needed.live;
        let swept = tokio::task::spawn_blocking(move || sweep_table(&root, &live, &dropped, limit_ms, dry_run));
        done.add(swept.await.map_err(|_| StorageError::Stopped { action: "remove old files" })??);
    }
    let (staging, limit_ms, dry_run) = (lake.staging_dir(), limit_ms(request), request.dry_run);
    let swept = tokio::task::spawn_blocking(move || sweep_staging(&staging, limit_ms, dry_run));
    done.add(swept.await.map_err(|_| StorageError::Stopped { action: "remove old files" })??);
    if !request.dry_run {
        remove_orphaned_locks(lake).await?;
    }
    Ok(done)
}

impl Vacuumed {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

struct Needed {
    live: BTreeSet<String>,
    /// Files that a commit dropped: those whose grace is over, and those whose is not.
    dropped: Dropped,
    limit_ms: i64,
}

struct Dropped {
    expired: BTreeSet<String>,
    fresh: BTreeSet<String>,
}

async fn needed_files(lake: &Lake, name: TableName, request: &Vacuum) -> Result<Needed, StorageError> {
    let failed = |error| StorageError::table("read", name, error);
    let snapshot = lake.table(name).fresh().await?;
    let live = live_files(&snapshot, name)?.into_iter().map(|file| file.path).collect();
    let limit_ms = limit_ms(request);
    let mut dropped = Dropped { expired: BTreeSet::new(), fresh: BTreeSet::new() };
    let state = snapshot.snapshot().map_err(failed)?;
    let log_store = snapshot.log_store();
    let mut tombstones = state.all_tombstones(log_store.as_ref());
    while let Some(tombstone) = tombstones.try_next().await.map_err(failed)? {
        let expired = tombstone.deletion_timestamp().is_some_and(|at| at <= limit_ms);
        let set = if expired { &mut dropped.expired } else { &mut dropped.fresh };
        set.insert(tombstone.path().into_owned());
    }
    Ok(Needed { live, dropped, limit_ms })
}

fn limit_ms(request: &Vacuum) -> i64 {
    let keep = i64::try_from(request.keep.as_millis()).unwrap_or(i64::MAX);
    request.now.as_millisecond().saturating_sub(keep)
}

fn sweep_table(
    root: &Path,
    live: &BTreeSet<String>,
    dropped: &Dropped,
    limit_ms: i64,
    dry_run: bool,
) -> Result<Vacuumed, StorageError> {
    let mut done = Vacuumed::default();
    for folder in list(root)? {
        let is_day = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(DAY));
        if !is_day || !folder.is_dir() {
            continue;
        }
        for file in list(&folder)? {
            let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
            let in_use = live.contains(&path) || dropped.fresh.contains(&path);
            if in_use || !path.ends_with(".parquet") {
                continue;
            }
            if dropped.expired.contains(&path) || modified_ms(&file)? <= limit_ms {
                done.add(remove(&file, dry_run)?);
            }
        }
        if !dry_run {
            // Fails, rightly, while a file is in it.
            drop(fs::remove_dir(&folder));
        }
    }
    Ok(done)
}

fn sweep_staging(staging: &Path, limit_ms: i64, dry_run: bool) -> Result<Vacuumed, StorageError> {
    let mut done = Vacuumed::default();
    for file in list(staging)? {
        let staged = file.extension().is_some_and(|extension| extension == "staged");
        if staged && modified_ms(&file)? <= limit_ms {
            done.add(remove(&file, dry_run)?);
        }
    }
    Ok(done)
}

/// Locked copies whose hold was released while a crash kept them.
async fn remove_orphaned_locks(lake: &Lake) -> Result<(), MaintainError> {
    let locked = lake.locked_dir();
    if !locked.is_dir() {
        return Ok(());
    }
    let held: BTreeSet<String> = lake.holds().await?.into_iter().map(|hold| hold.id).collect();
    for folder in list(&locked)? {
        let ended = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| !held.contains(name));
        if ended {
            remove_locked(&folder)?;
        }
    }
    Ok(())
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let failed = |error| StorageError::file("list", dir, error);
    fs::read_dir(dir).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

/// Modification time; `i64::MAX` (never old) when the file is gone or the time makes no sense.
fn modified_ms(file: &Path) -> Result<i64, StorageError> {
    let modified = match fs::metadata(file) {
        Ok(meta) => meta.modified().map_err(|error| StorageError::file("read", file, error))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(i64::MAX),
        Err(error) => return Err(StorageError::file("read", file, error)),
    };
    let age = modified.duration_since(UNIX_EPOCH).ok();
    Ok(age.and_then(|age| i64::try_from(age.as_millis()).ok()).unwrap_or(i64::MAX))
}

fn remove(file: &Path, dry_run: bool) -> Result<Vacuumed, StorageError> {
    let failed = |error| StorageError::file("remove", file, error);
    let bytes = fs::metadata(file).map_err(failed)?.len();
    if !dry_run {
        fs::remove_file(file).map_err(failed)?;
    }
    Ok(Vacuumed { files: 1, bytes })
}
