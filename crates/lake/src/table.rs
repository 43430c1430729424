//! One Delta table: create or open, fresh snapshots, storing files, committing.
//!
//! On the path: under append, compaction, retention and queries. In one process a table has one writer at a time (a
//! mutex held only while a commit is made); other processes are met by Delta's conflict check.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::kernel::transaction::CommitBuilder;
use deltalake::kernel::{Add, EagerSnapshot};
use deltalake::logstore::object_store::ObjectStoreExt as _;
use deltalake::logstore::object_store::path::Path as ObjectPath;
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use jiff::civil::Date;
use tokio::sync::{Mutex, MutexGuard};

use crate::append::Txn;
use crate::durable::{self, DurableStore};
use crate::error::{OpenError, StorageError};
use crate::parquet_file::EncodedFile;
use crate::schema::{self, DAY, SCHEMA_VERSION, VERSION_PROPERTY};

/// Commits between two checkpoints of the log: what a fresh reader has to replay at most.
const COMMITS_PER_CHECKPOINT: &str = "20";
/// Sources whose numbers are remembered; a lake has tens.
const SOURCES_REMEMBERED_MAX: usize = 10_000;
/// How long log entries older than a checkpoint are kept, for looking back.
const LOG_RETENTION: &str = "interval 7 days";

/// The tables of the lake, by their SQL name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableName {
    Events,
    Findings,
    Rejected,
    Hits,
    Links,
}

impl TableName {
    pub const ALL: [Self; 5] = [Self::Events, Self::Findings, Self::Rejected, Self::Hits, Self::Links];

    /// The name in SQL and of the folder.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Findings => "findings",
            Self::Rejected => "rejected",
            Self::Hits => "hits",
            Self::Links => "links",
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An open table.
pub(crate) struct Table {
    name: TableName,
    root: PathBuf,
    state: Mutex<State>,
}

struct State {
    delta: DeltaTable,
    txns: Txns,
}

/// Transaction numbers that were looked up, which costs a read of the log each. They count only for the very version
/// they were looked up in; one commit by anybody else, and all are asked again.
#[derive(Default)]
struct Txns {
    version: Option<u64>,
    stored: BTreeMap<String, Option<i64>>,
}

/// The table, fresh, with nobody else of this process committing to it.
pub(crate) struct Locked<'a> {
    state: MutexGuard<'a, State>,
}

/// A file of the table as a snapshot knows it.
#[derive(Debug, Clone)]
pub(crate) struct LiveFile {
    pub(crate) day: Date,
    pub(crate) path: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Table {
    /// Opens the table in `root`, creating it when it is not there.
    pub(crate) async fn open(name: TableName, root: PathBuf, store: Arc<DurableStore>) -> Result<Self, OpenError> {
        durable::create_dir(&root).map_err(|error| StorageError::file("create", &root, error))?;
        let opened = open_or_create(name, &root, store).await;
        let delta = opened.map_err(|error| StorageError::table("open", name, error))?;
        let table = Self { name, root, state: Mutex::new(State { delta, txns: Txns::default() }) };
        table.check_schema().await?;
        Ok(table)
    }

    pub(crate) const fn name(&self) -> TableName {
        self.name
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The newest state of the table, for reading. Later commits do not change it.
    pub(crate) async fn fresh(&self) -> Result<DeltaTable, StorageError> {
        Ok(self.lock_fresh().await?.state.delta.clone())
    }

    /// The newest state of the table, for committing.
    pub(crate) async fn lock_fresh(&self) -> Result<Locked<'_>, StorageError> {
        let mut state = self.state.lock().await;
        state.delta.update_state().await.map_err(|error| StorageError::table("read", self.name, error))?;
        Ok(Locked { state })
    }

    pub(crate) async fn max_txn(&self, source: &str) -> Result<Option<i64>, StorageError> {
        self.lock_fresh().await?.max_txn(self.name, source).await
    }

    /// Puts encoded files into their day's folder, durably. They belong to the table only once a commit names them.
    pub(crate) async fn store_files(
        &self,
        files: Vec<EncodedFile>,
        data_change: bool,
    ) -> Result<Vec<Add>, StorageError> {
        let mut adds = Vec::with_capacity(files.len());
        for file in files {
            adds.push(self.store_file(file, data_change).await?);
        }
        Ok(adds)
    }

    pub(crate) async fn store_file(&self, file: EncodedFile, data_change: bool) -> Result<Add, StorageError> {
        let random = durable::random_name().map_err(|error| StorageError::file("name a file in", &self.root, error))?;
        let path = format!("{DAY}={}/{random}.parquet", file.day);
        let failed = |error: DeltaTableError| StorageError::table("write to", self.name, error);
        let location = ObjectPath::parse(&path).map_err(|error| StorageError::engine("write to", self.name, error))?;
        let store = self.state.lock().await.delta.object_store();
        let size = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
        store.put(&location, file.bytes.into()).await.map_err(|error| failed(error.into()))?;
        let meta = store.head(&location).await.map_err(|error| failed(error.into()))?;
        Ok(Add {
            path,
            partition_values: [(DAY.to_owned(), Some(file.day.to_string()))].into(),
            size,
            modification_time: meta.last_modified.timestamp_millis(),
            data_change,
            stats: Some(file.stats),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }

    /// Removes files that no commit names. What cannot be removed now is an orphan that vacuum finds.
    pub(crate) async fn discard(&self, adds: &[Add]) {
        let store = self.state.lock().await.delta.object_store();
        for add in adds {
            if let Ok(location) = ObjectPath::parse(&add.path) {
                drop(store.delete(&location).await);
            }
        }
    }

    async fn check_schema(&self) -> Result<(), OpenError> {
        let table = self.fresh().await?;
        let state = table.snapshot().map_err(|error| StorageError::table("open", self.name, error))?;
        let property = state.metadata().configuration().get(VERSION_PROPERTY);
        let found = property.and_then(|version| version.parse().ok()).unwrap_or(0);
        if SCHEMA_VERSION < found {
            return Err(OpenError::TooNew { table: self.name, found, known: SCHEMA_VERSION });
        }
        let schema = state.schema();
        for wanted in schema::delta_fields(self.name) {
            let same = schema.field(wanted.name()).is_some_and(|found| found.data_type() == wanted.data_type());
            if !same {
                return Err(OpenError::Schema { table: self.name, column: wanted.name().clone() });
            }
        }
        Ok(())
    }
}

impl Locked<'_> {
    pub(crate) async fn max_txn(&mut self, name: TableName, source: &str) -> Result<Option<i64>, StorageError> {
        let failed = |error| StorageError::table("read", name, error);
        let version = self.state.delta.version();
        if self.state.txns.version != version {
            self.state.txns = Txns { version, stored: BTreeMap::new() };
        }
        if let Some(stored) = self.state.txns.stored.get(source) {
            return Ok(*stored);
        }
        let snapshot = self.state.delta.snapshot().map_err(failed)?;
        let log_store = self.state.delta.log_store();
        let stored = snapshot.transaction_version(log_store.as_ref(), source).await.map_err(failed)?;
        if self.state.txns.stored.len() < SOURCES_REMEMBERED_MAX {
            self.state.txns.stored.insert(source.to_owned(), stored);
        }
        Ok(stored)
    }

    /// After our own commit, which directly followed the version that was looked at.
    pub(crate) fn remember_txn(&mut self, version: u64, txn: &Txn) {
        let txns = &mut self.state.txns;
        if txns.version.map(|before| before + 1) == Some(version) {
            txns.version = Some(version);
            txns.stored.insert(txn.source.clone(), Some(txn.seq));
        }
    }

    pub(crate) fn snapshot(&self, name: TableName) -> Result<&EagerSnapshot, StorageError> {
        let state = self.state.delta.snapshot().map_err(|error| StorageError::table("read", name, error))?;
        Ok(state.snapshot())
    }

    /// One new table version. Durable when it returns.
    pub(crate) async fn commit(&mut self, commit: CommitBuilder, operation: DeltaOperation) -> DeltaResult<u64> {
        let log_store = self.state.delta.log_store();
        let snapshot = self.state.delta.snapshot()?.clone();
        let done = commit.build(Some(&snapshot), log_store, operation).await?;
        self.state.delta.state = Some(done.snapshot());
        Ok(done.version())
    }
}

/// The files that a snapshot names.
pub(crate) fn live_files(table: &DeltaTable, name: TableName) -> Result<Vec<LiveFile>, StorageError> {
    let state = table.snapshot().map_err(|error| StorageError::table("read", name, error))?;
    state
        .log_data()
        .iter()
        .map(|file| {
            let path = file.path().into_owned();
            let day = file.partition_values_map().remove(DAY).flatten();
            let day = day.as_deref().and_then(|day| day.parse().ok());
            let day =
                day.ok_or_else(|| StorageError::Damaged { table: name, what: format!("file `{path}` has no day") })?;
            let rows = file.num_records().ok_or_else(|| StorageError::Damaged {
                table: name,
                what: format!("file `{path}` has no row count"),
            })?;
            Ok(LiveFile { day, path, rows: rows as u64, bytes: u64::try_from(file.size()).unwrap_or(0) })
        })
        .collect()
}

async fn open_or_create(name: TableName, root: &Path, store: Arc<DurableStore>) -> DeltaResult<DeltaTable> {
    let url = ensure_table_uri(root.to_string_lossy())?;
    let mut table = DeltaTableBuilder::from_url(url.clone())?.with_storage_backend(store, url).build()?;
    if !table.verify_deltatable_existence().await? {
        let created = CreateBuilder::new()
            .with_log_store(table.log_store())
            .with_table_name(name.as_str())
            .with_columns(schema::delta_fields(name))
            .with_partition_columns([DAY])
            .with_save_mode(SaveMode::Ignore)
            .with_raise_if_key_not_exists(false)
            .with_configuration(properties(name))
            .await;
        match created {
            Ok(created) => return Ok(created),
            // Another process created it in the same moment.
            Err(DeltaTableError::VersionAlreadyExists(0)) => {}
            Err(error) => return Err(error),
        }
    }
    table.load().await?;
    Ok(table)
}

fn properties(name: TableName) -> Vec<(String, Option<String>)> {
    let mut stats = vec![schema::time_column(name)];
    if schema::columns(name).iter().any(|column| column.name == "class_uid") {
        stats.push("class_uid");
    }
    [
        (VERSION_PROPERTY, SCHEMA_VERSION.to_string()),
        ("delta.checkpointInterval", COMMITS_PER_CHECKPOINT.to_owned()),
        ("delta.logRetentionDuration", LOG_RETENTION.to_owned()),
        // Transaction ids must never expire: they are what makes an append exactly once.
        ("delta.dataSkippingStatsColumns", stats.join(",")),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), Some(value)))
    .collect()
}
