//! Compaction: the many small files of a day become few sorted ones.
//!
//! On the path: run by a schedule, away from the flow, which keeps appending meanwhile. It changes no row; the old files
//! stay for running readers until vacuum.

use std::collections::BTreeSet;

use deltalake::protocol::DeltaOperation;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::error::MaintainError;
use crate::lake::Lake;
use crate::rewrite;
use crate::table::{TableName, live_files};

/// How often a compaction starts over because its files changed in between.
const ATTEMPTS_MAX: u32 = 5;
/// File size that the commit states as its aim.
const TARGET_BYTES: i64 = 256 << 20;

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Compacted {
    pub files_before: u64,
    pub files_after: u64,
    pub rows: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
}

pub(crate) async fn compact(
    lake: &Lake,
    name: TableName,
    day: Date,
    now: Timestamp,
) -> Result<Compacted, MaintainError> {
    let table = lake.table(name);
    for _ in 0..ATTEMPTS_MAX {
        let snapshot = table.fresh().await?;
        let files: Vec<_> = live_files(&snapshot, name)?.into_iter().filter(|file| file.day == day).collect();
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let bytes_before = files.iter().map(|file| file.bytes).sum();
        let files_before = files.len() as u64;
        if files.len() < 2 {
            let (files_after, bytes_after) = (files_before, bytes_before);
            return Ok(Compacted { files_before, files_after, rows, bytes_before, bytes_after });
        }
        let (adds, digest) = rewrite::rows_of_day(lake, name, &snapshot, day, None, false).await?;
        // INVARIANT: the log's row counts and the rows agree; otherwise we would hide a damaged file.
        if digest.rows != rows {
            table.discard(&adds).await;
            let (expected, found) = (rows, digest.rows);
            return Err(MaintainError::RowsDiffer { action: "compact", table: name, day, expected, found });
        }
        let old: BTreeSet<String> = files.into_iter().map(|file| file.path).collect();
        let operation =
            DeltaOperation::Optimize { predicate: Some(format!("day = '{day}'")), target_size: TARGET_BYTES };
        if rewrite::replace(table, &old, &adds, operation, now).await?.is_some() {
            let bytes_after = adds.iter().filter_map(|add| u64::try_from(add.size).ok()).sum();
            return Ok(Compacted { files_before, files_after: adds.len() as u64, rows, bytes_before, bytes_after });
        }
        table.discard(&adds).await;
    }
    Err(MaintainError::Contended { action: "compact", table: name, attempts: ATTEMPTS_MAX })
}
