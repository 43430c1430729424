//! Writes rows of one day anew: all of them (compaction) or the held ones (retention), and proves that they are the same
//! rows before anyone commits.
//!
//! On the path: between a snapshot and new files that no commit names yet. It decides nothing about which rows.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::prelude::{Expr, col};
use deltalake::DeltaTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Remove};
use deltalake::protocol::DeltaOperation;
use futures::StreamExt as _;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::append::is_conflict;
use crate::decode::to_file_schema;
use crate::error::{MaintainError, StorageError};
use crate::filter::on_day;
use crate::lake::Lake;
use crate::parquet_file::DayWriter;
use crate::schema::{file_schema, sort_columns};
use crate::table::{Table, TableName};

/// Count and content of a set of rows, whatever their order: a sum of row hashes. It guards against our own mistakes,
/// not against an opponent; the sealed log does that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Digest {
    pub(crate) rows: u64,
    sum: u128,
}

impl Digest {
    pub(crate) fn add(&mut self, table: TableName, batch: &RecordBatch) -> Result<(), StorageError> {
        let failed = |error| StorageError::engine("compare rows of", table, error);
        let fields =
            file_schema(table).fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter = RowConverter::new(fields).map_err(failed)?;
        let rows = converter.convert_columns(batch.columns()).map_err(failed)?;
        for row in &rows {
            let mut hasher = DefaultHasher::new();
            row.data().hash(&mut hasher);
            let low = hasher.finish();
            row.data().hash(&mut hasher);
            let row_hash = (u128::from(hasher.finish()) << 64) | u128::from(low);
            self.rows += 1;
            self.sum = self.sum.wrapping_add(row_hash);
        }
        Ok(())
    }

    /// The digest as part of a file name.
    pub(crate) fn name(&self) -> String {
        format!("{}-{:032x}", self.rows, self.sum)
    }
}

/// Writes the rows of `day` for which `filter` is true into new files and reads them back.
pub(crate) async fn rows_of_day(
    lake: &Lake,
    name: TableName,
    snapshot: &DeltaTable,
    day: Date,
    filter: Option<Expr>,
    data_change: bool,
) -> Result<(Vec<Add>, Digest), MaintainError> {
    let failed = |error| crate::query::failure("rewrite rows", lake.engine().memory_bytes, &error);
    let filter = filter.map_or_else(|| on_day(day), |filter| on_day(day).and(filter));
    let columns: Vec<String> = file_schema(name).fields().iter().map(|field| field.name().clone()).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let order = sort_columns(name).iter().map(|column| col(*column).sort(true, false)).collect();
    let rows = lake.engine().rows(snapshot, filter).await.map_err(failed)?;
    let rows = rows.select_columns(&columns).and_then(|rows| rows.sort(order)).map_err(failed)?;
    let mut batches = rows.execute_stream().await.map_err(failed)?;

    let table = lake.table(name);
    let mut writer = DayWriter::new(name, day)?;
    let (mut adds, mut written) = (Vec::new(), Digest::default());
    while let Some(batch) = batches.next().await {
        for piece in to_file_schema(name, &batch.map_err(failed)?)? {
            written.add(name, &piece)?;
            if let Some(file) = writer.write(&piece)? {
                adds.push(table.store_file(file, data_change).await?);
            }
        }
    }
    if let Some(file) = writer.finish()? {
        adds.push(table.store_file(file, data_change).await?);
    }
    // INVARIANT: what is on the disk now is what was read, row by row.
    let stored = read_back(table, &adds)?;
    if stored != written {
        table.discard(&adds).await;
        let (expected, found) = (written.rows, stored.rows);
        return Err(MaintainError::RowsDiffer { action: "rewrite", table: name, day, expected, found });
    }
    Ok((adds, written))
}

fn read_back(table: &Table, adds: &[Add]) -> Result<Digest, StorageError> {
    let mut digest = Digest::default();
    for add in adds {
        digest_of_file(table.name(), &table.root().join(&add.path), &mut digest)?;
    }
    Ok(digest)
}

/// Adds the rows of one file to a digest.
pub(crate) fn digest_of_file(table: TableName, path: &Path, digest: &mut Digest) -> Result<(), StorageError> {
    let failed = |error: &dyn std::fmt::Display| StorageError::engine("read back", table, error);
    let file = File::open(path).map_err(|error| StorageError::file("read back", path, error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
    for batch in reader.map_err(|error| failed(&error))? {
        for piece in to_file_schema(table, &batch.map_err(|error| failed(&error))?)? {
            digest.add(table, &piece)?;
        }
    }
    Ok(())
}

/// Puts `adds` in the place of the files `old`, in one commit; `None` when another writer has changed one of the old
/// files or won the race, so that the caller must look again.
///
/// The check is ours because Delta's lets a removal pass when a concurrent *compaction* has already replaced the file:
/// then rows would come back or be there twice.
pub(crate) async fn replace(
    table: &Table,
    old: &BTreeSet<String>,
    adds: &[Add],
    operation: DeltaOperation,
    now: Timestamp,
) -> Result<Option<u64>, StorageError> {
    let name = table.name();
    let data_change = !matches!(operation, DeltaOperation::Optimize { .. });
    let mut locked = table.lock_fresh().await?;
    let live = locked.snapshot(name)?.log_data();
    let removes: Vec<Remove> = live
        .iter()
        .filter(|file| old.contains(file.path().as_ref()))
        .map(|file| Remove { deletion_timestamp: Some(now.as_millisecond()), ..file.remove_action(data_change) })
        .collect();
    if removes.len() != old.len() {
        return Ok(None);
    }
    let actions = removes.into_iter().map(Action::Remove).chain(adds.iter().cloned().map(Action::Add));
    // No retry inside: a commit by another process in this instant sends us back to look again.
    let properties = CommitProperties::default().with_max_retries(0);
    let commit = CommitBuilder::from(properties).with_actions(actions.collect());
    match locked.commit(commit, operation).await {
        Ok(version) => Ok(Some(version)),
        Err(error) if is_conflict(&error) => Ok(None),
        Err(error) => Err(StorageError::table("rewrite", name, error)),
    }
}
