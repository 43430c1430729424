//! The lake as its callers see it: a handle on one directory with four tables, the holds and the query engine.
//!
//! On the path: the flow appends through it, everything else reads through it. It contains no logic of its own; each
//! method names the module that does the work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::append::{self, Appended, Txn};
use crate::compact::{self, Compacted};
use crate::durable::{self, DurableStore};
use crate::engine::Engine;
use crate::error::{AppendError, HoldError, MaintainError, OpenError, QueryError, StorageError};
use crate::filter::Filter;
use crate::holds::{Hold, HoldStore};
use crate::json::{self, ColumnKind};
use crate::query::{self, RowStream, Rows};
use crate::read::{self, EventStream};
use crate::retain::{self, Retain, Retained};
use crate::rows::{EventRow, FindingRow, HitRow, LinkRow, RejectedRow};
use crate::status::{self, Status};
use crate::table::{Table, TableName};
use crate::vacuum::{self, Vacuum, Vacuumed};

/// Longest name of a lent table.
const NAME_CHARS_MAX: usize = 64;

/// What the methods answer: to be awaited. The type is erased on purpose: the engine's code behind an `async fn` would be
/// compiled again in every crate and test that awaits it, minutes each time.
pub type Answer<'a, T> = BoxFuture<'a, T>;

/// Bounds of the query engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Memory of all running queries together, beyond which they spill and then fail.
    pub memory_bytes: usize,
    /// Disk that queries may use for intermediate results.
    pub spill_bytes: u64,
    /// Threads one query uses.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: 512 << 20, spill_bytes: 4 << 30, threads: 2 }
    }
}

/// An open lake. Cheap to clone; all clones share one engine and take turns at committing.
///
/// Several processes may read. Several may also append: an append that loses a race looks again, so a batch is stored
/// once whoever brings it.
#[derive(Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    events: Table,
    findings: Table,
    rejected: Table,
    hits: Table,
    links: Table,
    holds: HoldStore,
    engine: Engine,
    lent: RwLock<BTreeMap<String, Arc<MemTable>>>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens the lake in `dir`, creating what is missing:
    ///
    /// ```text
    /// events/ findings/ rejected/ hits/ links/   Delta tables, one folder per day
    /// holds/                        the legal holds, one numbered list per change
    /// locked/<hold>/<table>/        read-only copies of held rows, made before their old files are removed
    /// staging/                      files being written, and intermediate results of queries
    /// ```
    ///
    /// Every file is written in `staging/`, fsynced, given its name, and the directory is fsynced: what is visible is
    /// whole also after a power cut.
    ///
    /// # Errors
    /// When the directory cannot be used, or a table was written by a newer program.
    pub fn open<'a>(dir: &'a Path, options: &'a Options) -> Answer<'a, Result<Self, OpenError>> {
        Box::pin(open(dir, options))
    }

    /// Stores the events of a batch once. All rows must carry `txn.source`.
    ///
    /// Events and rejected records of one batch go to two tables, each with its own transaction id: after a crash between
    /// the two calls, repeating both stores each once.
    ///
    /// # Errors
    /// When a row cannot be held, or the disk refuses. Repeating the call is always safe.
    pub fn append_events<'a>(&'a self, rows: Vec<EventRow>, txn: &'a Txn) -> Answer<'a, Result<Appended, AppendError>> {
        Box::pin(append::append(&self.inner.events, rows, txn))
    }

    /// Stores the rejected records of a batch once.
    ///
    /// # Errors
    /// As [`Lake::append_events`].
    pub fn append_rejected<'a>(
        &'a self,
        rows: Vec<RejectedRow>,
        txn: &'a Txn,
    ) -> Answer<'a, Result<Appended, AppendError>> {
        Box::pin(append::append(&self.inner.rejected, rows, txn))
    }

    /// Stores the rule hits of a batch once: what correlations are made of, and made of again after a restart.
    ///
    /// # Errors
    /// As [`Lake::append_events`].
    pub fn append_hits<'a>(&'a self, rows: Vec<HitRow>, txn: &'a Txn) -> Answer<'a, Result<Appended, AppendError>> {
        Box::pin(append::append(&self.inner.hits, rows, txn))
    }

    /// Stores the links between entities that the events of a batch tell, once.
    ///
    /// # Errors
    /// As [`Lake::append_events`].
    pub fn append_links<'a>(&'a self, rows: Vec<LinkRow>, txn: &'a Txn) -> Answer<'a, Result<Appended, AppendError>> {
        Box::pin(append::append(&self.inner.links, rows, txn))
    }

    /// Stores the findings of a batch once.
    ///
    /// # Errors
    /// As [`Lake::append_events`].
    pub fn append_findings<'a>(
        &'a self,
        rows: Vec<FindingRow>,
        txn: &'a Txn,
    ) -> Answer<'a, Result<Appended, AppendError>> {
        Box::pin(append::append(&self.inner.findings, rows, txn))
    }

    /// The highest batch number of a source that a table holds. Batches without rows leave no number.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn max_txn<'a>(&'a self, table: TableName, source: &'a str) -> Answer<'a, Result<Option<i64>, StorageError>> {
        Box::pin(self.table(table).max_txn(source))
    }

    /// Runs one read-only statement over `events`, `findings`, `rejected` and the lent tables, and answers at most
    /// `limit` rows.
    ///
    /// # Errors
    /// When the text would change something, is wrong, or needs more memory than allowed.
    pub fn sql<'a>(&'a self, text: &'a str, limit: usize) -> Answer<'a, Result<Rows, QueryError>> {
        Box::pin(query::rows(self, text, limit))
    }

    /// As [`Lake::sql`], piece by piece and without a row limit.
    ///
    /// # Errors
    /// As [`Lake::sql`].
    pub fn sql_stream<'a>(&'a self, text: &'a str) -> Answer<'a, Result<RowStream, QueryError>> {
        Box::pin(query::stream(self, text))
    }

    /// Lends a table to SQL under `name`, replacing an earlier one of that name. It lives in memory in this handle and its
    /// clones. `columns` fixes names and kinds (needed when there may be no rows); empty means: take them from the rows.
    /// Nested values become JSON text.
    ///
    /// # Errors
    /// When the name is no plain identifier or is a table of the lake, or a value does not fit its column.
    pub fn register_json(
        &self,
        name: &str,
        columns: &[(String, ColumnKind)],
        rows: &[Value],
    ) -> Result<(), QueryError> {
        let refused = |reason: String| QueryError::Register { name: name.to_owned(), reason };
        check_name(name).map_err(|reason| refused(reason.to_owned()))?;
        let batch = json::batch(columns, rows).map_err(refused)?;
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]);
        let table = table.map_err(|error| refused(error.strip_backtrace()))?;
        let mut lent = self.inner.lent.write().unwrap_or_else(PoisonError::into_inner);
        lent.insert(name.to_owned(), Arc::new(table));
        Ok(())
    }

    /// The earliest `limit` events that match, in order of time.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn read_events<'a>(
        &'a self,
        filter: &'a Filter,
        limit: usize,
    ) -> Answer<'a, Result<Vec<EventRow>, QueryError>> {
        Box::pin(read::events(self, filter, limit))
    }

    /// All events that match, piece by piece, in no particular order.
    ///
    /// # Errors
    /// As [`Lake::read_events`].
    pub fn stream_events<'a>(&'a self, filter: &'a Filter) -> Answer<'a, Result<EventStream, QueryError>> {
        Box::pin(read::open(self, filter, None))
    }

    /// What the lake holds, per table and day.
    ///
    /// # Errors
    /// When a table or the holds cannot be read.
    pub fn status<'a>(&'a self) -> Answer<'a, Result<Status, MaintainError>> {
        Box::pin(status::status(self))
    }

    /// Places a hold: no retention removes a row that `filter` matches, now or appended later, until it is released.
    /// The same id with the same filter is no change.
    ///
    /// # Errors
    /// When the id is unusable or taken by another filter, or the disk refuses.
    pub fn hold<'a>(
        &'a self,
        id: &'a str,
        filter: Filter,
        reason: &'a str,
        now: Timestamp,
    ) -> Answer<'a, Result<Hold, HoldError>> {
        Box::pin(async move {
            let hold = Hold { id: id.to_owned(), reason: reason.to_owned(), filter, placed: now };
            self.with_holds(move |holds| holds.place(hold)).await
        })
    }

    /// Places a hold on these events, or adds them to the hold of that name; it never holds less than before.
    ///
    /// # Errors
    /// When the id is unusable or taken by a hold of another kind, or the disk refuses.
    pub fn hold_events<'a>(
        &'a self,
        id: &'a str,
        event_uids: BTreeSet<String>,
        reason: &'a str,
        now: Timestamp,
    ) -> Answer<'a, Result<Hold, HoldError>> {
        let filter = Filter { event_uids, ..Filter::default() };
        Box::pin(async move {
            let hold = Hold { id: id.to_owned(), reason: reason.to_owned(), filter, placed: now };
            self.with_holds(move |holds| holds.widen(hold)).await
        })
    }

    /// Ends a hold and removes its locked copies. Its rows go with the next retention.
    ///
    /// # Errors
    /// When there is no such hold, or the disk refuses.
    pub fn release<'a>(&'a self, id: &'a str) -> Answer<'a, Result<Hold, HoldError>> {
        Box::pin(async move {
            let (id, locked) = (id.to_owned(), self.locked_dir());
            self.with_holds(move |holds| {
                let hold = holds.release(&id)?;
                retain::remove_locked(&locked.join(&hold.id))?;
                Ok(hold)
            })
            .await
        })
    }

    /// The holds in force.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn holds<'a>(&'a self) -> Answer<'a, Result<Vec<Hold>, HoldError>> {
        Box::pin(self.with_holds(|holds| Ok(holds.read()?.holds)))
    }

    /// Drops whole days of one table except held rows; see [`Retain`].
    ///
    /// # Errors
    /// When the holds cannot be read (then nothing is deleted), or another writer keeps winning.
    pub fn retain<'a>(&'a self, retain: &'a Retain) -> Answer<'a, Result<Retained, MaintainError>> {
        Box::pin(retain::retain(self, retain))
    }

    /// Rewrites the files of one day into as few sorted ones as fit. Changes no row.
    ///
    /// # Errors
    /// When the rewritten rows are not the same rows (then nothing is changed), or another writer keeps winning.
    pub fn compact<'a>(
        &'a self,
        table: TableName,
        day: Date,
        now: Timestamp,
    ) -> Answer<'a, Result<Compacted, MaintainError>> {
        Box::pin(compact::compact(self, table, day, now))
    }

    /// Deletes files that no current version needs; see [`Vacuum`].
    ///
    /// # Errors
    /// When a table cannot be read or a file cannot be removed.
    pub fn vacuum<'a>(&'a self, vacuum: &'a Vacuum) -> Answer<'a, Result<Vacuumed, MaintainError>> {
        Box::pin(vacuum::vacuum(self, vacuum))
    }

    pub(crate) fn table(&self, name: TableName) -> &Table {
        match name {
            TableName::Events => &self.inner.events,
            TableName::Findings => &self.inner.findings,
            TableName::Rejected => &self.inner.rejected,
            TableName::Hits => &self.inner.hits,
            TableName::Links => &self.inner.links,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn locked_dir(&self) -> PathBuf {
        self.inner.dir.join("locked")
    }

    pub(crate) fn staging_dir(&self) -> PathBuf {
        self.inner.dir.join("staging")
    }

    pub(crate) fn lent(&self) -> Vec<(String, Arc<dyn TableProvider>)> {
        let lent = self.inner.lent.read().unwrap_or_else(PoisonError::into_inner);
        lent.iter().map(|(name, table)| (name.clone(), Arc::clone(table) as Arc<dyn TableProvider>)).collect()
    }

    /// Works on the holds on a blocking thread.
    pub(crate) async fn with_holds<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HoldStore) -> Result<T, HoldError> + Send + 'static,
    ) -> Result<T, HoldError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner.holds)).await;
        done.unwrap_or_else(|error| {
            let source = std::io::Error::other(error);
            Err(HoldError::File { action: "use", path: self.inner.dir.join("holds"), source })
        })
    }
}

async fn open(dir: &Path, options: &Options) -> Result<Lake, OpenError> {
    let dir = prepare(dir)?;
    let staging = dir.join("staging");
    durable::create_dir(&staging).map_err(|error| StorageError::file("create", &staging, error))?;
    let store = Arc::new(DurableStore::new(staging.clone()));
    let engine = Engine::new(options, &staging)
        .map_err(|error| StorageError::engine("open", TableName::Events, error.strip_backtrace()))?;
    // One opener at a time: the table format does not expect two creators of one table.
    let turn = take_turn(staging.join("open.lock")).await?;
    let table = |name: TableName| Table::open(name, dir.join(name.as_str()), Arc::clone(&store));
    let inner = Inner {
        events: table(TableName::Events).await?,
        findings: table(TableName::Findings).await?,
        rejected: table(TableName::Rejected).await?,
        hits: table(TableName::Hits).await?,
        links: table(TableName::Links).await?,
        holds: HoldStore::open(dir.join("holds"), staging)?,
        engine,
        lent: RwLock::default(),
        dir,
    };
    drop(turn);
    Ok(Lake { inner: Arc::new(inner) })
}

/// Waits for other processes that are opening the lake. The turn ends when the file is dropped, or with the process.
async fn take_turn(path: PathBuf) -> Result<File, StorageError> {
    let turn = tokio::task::spawn_blocking(move || {
        let locked = File::options().create(true).append(true).open(&path).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        locked.map_err(|error| StorageError::file("lock", &path, error))
    });
    turn.await.map_err(|_| StorageError::Stopped { action: "open the lake" })?
}

fn prepare(dir: &Path) -> Result<PathBuf, StorageError> {
    durable::create_dir(dir).map_err(|error| StorageError::file("create", dir, error))?;
    dir.canonicalize().map_err(|error| StorageError::file("find", dir, error))
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !plain || name.is_empty() || NAME_CHARS_MAX < name.len() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("a name is 1 to 64 of a-z, 0-9 and _ and does not begin with a digit");
    }
    if TableName::ALL.iter().any(|table| table.as_str() == name) {
        return Err("the lake has a table of this name");
    }
    Ok(())
}
