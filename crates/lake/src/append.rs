//! Exactly-once append of one batch to one table.
//!
//! On the path: the flow calls it once per batch and table, before anything may refer to the rows. It does not assign
//! sequence numbers: the state store does, durably, before the batch is processed.

use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitConflictError, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Add, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};

use crate::encode::{self, Encode};
use crate::error::{AppendError, StorageError};
use crate::parquet_file;
use crate::schema::DAY;
use crate::table::Table;

/// How often an append starts over because another writer changed the table in between.
const ATTEMPTS_MAX: u32 = 8;

/// Names a batch: the source it came from and its number, which only rises. The pair is the transaction id that the
/// table remembers, so numbers of one source must be appended in order: a lower one counts as already stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn {
    pub source: String,
    pub seq: i64,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Stored now, durably, in this table version.
    Stored { version: u64, rows: u64, bytes: u64 },
    /// This batch, or a later one of the source, is in the table; nothing was written.
    AlreadyThere { stored_seq: i64 },
    /// The batch has no rows for this table: nothing to store, nothing recorded.
    Empty,
}

/// Stores `rows` once. The argument at each line where a kill may fall:
/// before the commit only unreferenced files exist (vacuum removes them); the commit is one durable file creation;
/// after it a replay finds the transaction id.
pub(crate) async fn append<Row>(table: &Table, rows: Vec<Row>, txn: &Txn) -> Result<Appended, AppendError>
where
    Row: Encode + Send + 'static,
{
    if rows.is_empty() {
        return Ok(Appended::Empty);
    }
    encode::check(&rows, txn)?;
    if let Some(stored_seq) = stored_seq(table, txn).await? {
        return Ok(Appended::AlreadyThere { stored_seq });
    }
    let row_count = rows.len() as u64;
    let adds = write(table, rows, txn.seq).await?;
    let bytes = adds.iter().filter_map(|add| u64::try_from(add.size).ok()).sum();
    match commit(table, &adds, txn).await {
        Ok(Committed::At(version)) => Ok(Appended::Stored { version, rows: row_count, bytes }),
        Ok(Committed::Lost { stored_seq }) => {
            table.discard(&adds).await;
            Ok(Appended::AlreadyThere { stored_seq })
        }
        // The files stay: the commit may have become durable before the error, and then it names them.
        Err(error) => Err(error),
    }
}

/// The highest number stored for the source if it is not below this batch's: asked on a fresh snapshot, because a
/// stale one would accept a replay and the stored number could even go backwards.
async fn stored_seq(table: &Table, txn: &Txn) -> Result<Option<i64>, StorageError> {
    let stored = table.max_txn(&txn.source).await?;
    Ok(stored.filter(|stored| txn.seq <= *stored))
}

async fn write<Row>(table: &Table, rows: Vec<Row>, seq: i64) -> Result<Vec<Add>, AppendError>
where
    Row: Encode + Send + 'static,
{
    let name = table.name();
    let files = tokio::task::spawn_blocking(move || {
        let mut files = Vec::new();
        for (day, rows) in encode::by_day(&rows)? {
            files.extend(parquet_file::encode_day(name, day, encode::batches(&rows, seq))?);
        }
        Ok::<_, AppendError>(files)
    });
    let files = files.await.map_err(|_| StorageError::Stopped { action: "encode rows" })??;
    Ok(table.store_files(files, true).await?)
}

enum Committed {
    At(u64),
    Lost { stored_seq: i64 },
}

async fn commit(table: &Table, adds: &[Add], txn: &Txn) -> Result<Committed, AppendError> {
    for _ in 0..ATTEMPTS_MAX {
        let mut locked = table.lock_fresh().await?;
        let stored = locked.max_txn(table.name(), &txn.source).await?;
        if let Some(stored_seq) = stored.filter(|stored| txn.seq <= *stored) {
            return Ok(Committed::Lost { stored_seq });
        }
        let actions = adds.iter().cloned().map(Action::Add).collect();
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: Some(vec![DAY.to_owned()]), predicate: None };
        let properties =
            CommitProperties::default().with_application_transaction(Transaction::new(&txn.source, txn.seq));
        match locked.commit(CommitBuilder::from(properties).with_actions(actions), operation).await {
            Ok(version) => {
                locked.remember_txn(version, txn);
                return Ok(Committed::At(version));
            }
            // Another writer stored something of this source in between: look again before anything else.
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(StorageError::table("append to", table.name(), error).into()),
        }
    }
    Err(AppendError::Contended { source_name: txn.source.clone(), seq: txn.seq, attempts: ATTEMPTS_MAX })
}

/// Whether a commit failed because of other writers, so that a fresh look may succeed.
pub(crate) fn is_conflict(error: &DeltaTableError) -> bool {
    match error {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction { source } => match source {
            TransactionError::MaxCommitAttempts(_) | TransactionError::VersionAlreadyExists(_) => true,
            TransactionError::CommitConflict(conflict) => matches!(
                conflict,
                CommitConflictError::ConcurrentTransaction
                    | CommitConflictError::MetadataChanged
                    | CommitConflictError::ProtocolChanged(_)
                    | CommitConflictError::ConcurrentAppend
                    | CommitConflictError::ConcurrentDeleteRead
                    | CommitConflictError::ConcurrentDeleteDelete
            ),
            _ => false,
        },
        _ => false,
    }
}
