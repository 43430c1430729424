//! Retention: drops whole days of a table, except rows under a hold.
//!
//! On the path: run by a schedule or by hand. One commit drops all days, or none. A day without held rows is dropped by
//! its folder name, without reading a row. A day with some is replaced by a file with exactly those, after a read-only
//! copy of them lies outside the table. It removes no file: vacuum does, later.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use datafusion::prelude::Expr;
use deltalake::DeltaTable;
use deltalake::kernel::Add;
use deltalake::protocol::DeltaOperation;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::durable;
use crate::error::{HoldError, MaintainError, StorageError};
use crate::filter::{any_of, on_day};
use crate::holds::{Hold, Holds};
use crate::lake::Lake;
use crate::rewrite::{self, Digest};
use crate::status::count;
use crate::table::{LiveFile, TableName, live_files};

/// How often a retention starts over because rows or holds changed in between.
const ATTEMPTS_MAX: u32 = 5;

/// What to drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retain {
    pub table: TableName,
    /// Days before this one are dropped.
    pub older_than: Date,
    /// Say what would be dropped, drop nothing.
    pub dry_run: bool,
    pub now: Timestamp,
}

/// What was dropped, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retained {
    pub table: TableName,
    pub dry_run: bool,
    /// The days that lost rows, oldest first.
    pub days: Vec<DroppedDay>,
    pub rows_dropped: u64,
    /// Rows older than the limit that stay because of a hold.
    pub rows_held: u64,
    /// The table version that no longer has the rows; `None` when nothing was dropped.
    pub version: Option<u64>,
}

/// One day that lost rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DroppedDay {
    pub day: Date,
    pub rows_dropped: u64,
    pub rows_held: u64,
}

/// What one attempt intends.
struct Plan {
    snapshot: DeltaTable,
    holds: Holds,
    days: Vec<DroppedDay>,
    /// Held rows of days that keep all their rows.
    untouched: u64,
    old_files: BTreeSet<String>,
}

pub(crate) async fn retain(lake: &Lake, request: &Retain) -> Result<Retained, MaintainError> {
    for _ in 0..ATTEMPTS_MAX {
        let plan = plan(lake, request).await?;
        if request.dry_run || plan.days.is_empty() {
            return Ok(answer(request, &plan, None));
        }
        let adds = keep_held_rows(lake, request.table, &plan).await?;
        // A hold placed since the plan was made must be heard: with it, this plan may drop rows that it keeps.
        let unchanged = lake.with_holds(|holds| holds.read()).await?.version == plan.holds.version;
        let table = lake.table(request.table);
        if unchanged {
            let predicate = format!("day < '{}'", request.older_than);
            let operation = DeltaOperation::Delete { predicate: Some(predicate) };
            if let Some(version) = rewrite::replace(table, &plan.old_files, &adds, operation, request.now).await? {
                return Ok(answer(request, &plan, Some(version)));
            }
        }
        table.discard(&adds).await;
    }
    Err(MaintainError::Contended { action: "drop old days of", table: request.table, attempts: ATTEMPTS_MAX })
}

async fn plan(lake: &Lake, request: &Retain) -> Result<Plan, MaintainError> {
    let snapshot = lake.table(request.table).fresh().await?;
    let holds = lake.with_holds(|holds| holds.read()).await?;
    let held = any_of(holds.holds.iter().filter_map(|hold| hold.filter.expression(request.table)));
    let mut old: BTreeMap<Date, Vec<LiveFile>> = BTreeMap::new();
    for file in live_files(&snapshot, request.table)? {
        if file.day < request.older_than {
            old.entry(file.day).or_default().push(file);
        }
    }
    let mut plan = Plan { snapshot, holds, days: Vec::new(), untouched: 0, old_files: BTreeSet::new() };
    for (day, files) in old {
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let rows_held = match &held {
            None => 0,
            Some(held) => count(lake, &plan.snapshot, on_day(day).and(held.clone())).await?,
        };
        if rows_held == rows && rows != 0 {
            plan.untouched += rows;
            continue;
        }
        plan.days.push(DroppedDay { day, rows_dropped: rows - rows_held.min(rows), rows_held });
        plan.old_files.extend(files.into_iter().map(|file| file.path));
    }
    Ok(plan)
}

fn answer(request: &Retain, plan: &Plan, version: Option<u64>) -> Retained {
    Retained {
        table: request.table,
        dry_run: request.dry_run,
        days: plan.days.clone(),
        rows_dropped: plan.days.iter().map(|day| day.rows_dropped).sum(),
        rows_held: plan.untouched + plan.days.iter().map(|day| day.rows_held).sum::<u64>(),
        version,
    }
}

/// New files with the held rows of every day that loses others, each row copied to a locked place first.
async fn keep_held_rows(lake: &Lake, table: TableName, plan: &Plan) -> Result<Vec<Add>, MaintainError> {
    let mut adds = Vec::new();
    for day in plan.days.iter().filter(|day| 0 < day.rows_held) {
        let scopes = plan.holds.holds.iter().filter_map(|hold| Some((hold, hold.filter.expression(table)?)));
        let scopes: Vec<(&Hold, Expr)> = scopes.collect();
        for (hold, scope) in &scopes {
            lock_copy(lake, table, &plan.snapshot, day.day, hold, scope.clone()).await?;
        }
        let held = any_of(scopes.into_iter().map(|(_, scope)| scope));
        let (files, digest) = rewrite::rows_of_day(lake, table, &plan.snapshot, day.day, held, true).await?;
        adds.extend(files);
        // INVARIANT: as many rows are kept as were counted as held.
        if digest.rows != day.rows_held {
            lake.table(table).discard(&adds).await;
            let (expected, found) = (day.rows_held, digest.rows);
            return Err(MaintainError::RowsDiffer { action: "drop old days of", table, day: day.day, expected, found });
        }
    }
    Ok(adds)
}

/// A read-only copy of the rows that one hold keeps of one day, under `locked/<hold>/<table>/`. The name tells the
/// content, so that a repeated run makes no second copy.
async fn lock_copy(
    lake: &Lake,
    table: TableName,
    snapshot: &DeltaTable,
    day: Date,
    hold: &Hold,
    scope: Expr,
) -> Result<(), MaintainError> {
    let (adds, digest) = rewrite::rows_of_day(lake, table, snapshot, day, Some(scope), true).await?;
    let (root, dir) = (lake.table(table).root().to_owned(), lake.locked_dir().join(&hold.id).join(table.as_str()));
    let files: Vec<PathBuf> = adds.iter().map(|add| root.join(&add.path)).collect();
    let moved = tokio::task::spawn_blocking(move || move_locked(table, &files, &dir, day, digest));
    moved.await.map_err(|_| StorageError::Stopped { action: "copy held rows" })??;
    Ok(())
}

/// The files were made by the table's own writer and read back; here they leave the table's folder.
fn move_locked(table: TableName, files: &[PathBuf], dir: &Path, day: Date, digest: Digest) -> Result<(), StorageError> {
    let failed = |error| StorageError::file("copy held rows to", dir, error);
    durable::create_dir(dir).map_err(failed)?;
    for (number, file) in files.iter().enumerate() {
        let target = dir.join(format!("{day}-{}-{number}.parquet", digest.name()));
        fs::rename(file, &target).and_then(|()| lock(&target)).map_err(failed)?;
    }
    durable::sync_dir(dir).map_err(failed)?;
    let mut found = Digest::default();
    for number in 0..files.len() {
        rewrite::digest_of_file(table, &dir.join(format!("{day}-{}-{number}.parquet", digest.name())), &mut found)?;
    }
    if found == digest {
        return Ok(());
    }
    Err(StorageError::Damaged { table, what: format!("the locked copy of day {day} differs from its rows") })
}

fn lock(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions)
}

/// Removes the locked copies of a hold that has ended.
pub(crate) fn remove_locked(dir: &Path) -> Result<(), HoldError> {
    match fs::remove_dir_all(dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(HoldError::File { action: "remove the locked copies in", path: dir.to_owned(), source }),
    }
}
