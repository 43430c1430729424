//! What the lake holds: versions, files, rows, bytes, days and held rows.
//!
//! On the path: `lake status`, coverage, the completeness certificate. Counts come from the table's own log, held rows
//! from a count over the rows. It changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use datafusion::prelude::Expr;
use jiff::civil::Date;
use serde::Serialize;

use crate::error::{MaintainError, QueryError, StorageError};
use crate::filter::any_of;
use crate::holds::Hold;
use crate::lake::Lake;
use crate::table::{TableName, live_files};

/// The whole lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub tables: Vec<TableStatus>,
    pub holds: Vec<Hold>,
}

/// One table at its newest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    pub table: TableName,
    pub version: u64,
    pub files: u64,
    pub rows: u64,
    /// Size of the files in use.
    pub bytes: u64,
    /// Size of everything in the table's folder: the log, and files no longer in use that vacuum will remove.
    pub bytes_on_disk: u64,
    /// Rows that a hold in force keeps.
    pub held_rows: u64,
    /// Days with rows, oldest first.
    pub days: Vec<DayStatus>,
}

/// One day of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayStatus {
    pub day: Date,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
}

impl TableStatus {
    #[must_use]
    pub fn first_day(&self) -> Option<Date> {
        self.days.first().map(|day| day.day)
    }

    #[must_use]
    pub fn last_day(&self) -> Option<Date> {
        self.days.last().map(|day| day.day)
    }
}

pub(crate) async fn status(lake: &Lake) -> Result<Status, MaintainError> {
    let holds = lake.holds().await?;
    let mut tables = Vec::new();
    for name in TableName::ALL {
        tables.push(table_status(lake, name, &holds).await?);
    }
    Ok(Status { tables, holds })
}

async fn table_status(lake: &Lake, name: TableName, holds: &[Hold]) -> Result<TableStatus, MaintainError> {
    let snapshot = lake.table(name).fresh().await?;
    let mut days: BTreeMap<Date, DayStatus> = BTreeMap::new();
    for file in live_files(&snapshot, name)? {
        let day = days.entry(file.day).or_insert(DayStatus { day: file.day, files: 0, rows: 0, bytes: 0 });
        day.files += 1;
        day.rows += file.rows;
        day.bytes += file.bytes;
    }
    let root = lake.table(name).root().to_owned();
    let on_disk = tokio::task::spawn_blocking(move || bytes_below(&root).map_err(|error| (root, error)));
    let on_disk = on_disk.await.map_err(|_| StorageError::Stopped { action: "measure the disk" })?;
    let bytes_on_disk = on_disk.map_err(|(root, error)| StorageError::file("measure", &root, error))?;
    let held = any_of(holds.iter().filter_map(|hold| hold.filter.expression(name)));
    let held_rows = match held {
        None => 0,
        Some(held) => count(lake, &snapshot, held).await?,
    };
    Ok(TableStatus {
        table: name,
        version: snapshot.version().unwrap_or(0),
        files: days.values().map(|day| day.files).sum(),
        rows: days.values().map(|day| day.rows).sum(),
        bytes: days.values().map(|day| day.bytes).sum(),
        bytes_on_disk,
        held_rows,
        days: days.into_values().collect(),
    })
}

/// Rows of a snapshot for which `filter` is true.
pub(crate) async fn count(lake: &Lake, snapshot: &deltalake::DeltaTable, filter: Expr) -> Result<u64, QueryError> {
    let failed = |error| crate::query::failure("count rows", lake.engine().memory_bytes, &error);
    let rows = lake.engine().rows(snapshot, filter).await.map_err(failed)?;
    Ok(rows.count().await.map_err(failed)? as u64)
}

fn bytes_below(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            bytes += bytes_below(&entry.path())?;
        } else if kind.is_file() {
            // A file may vanish between listing and asking: it is then no longer on the disk.
            bytes += entry.metadata().map_or(0, |meta| meta.len());
        }
    }
    Ok(bytes)
}
