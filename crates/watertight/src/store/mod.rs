//! The state store: the sealed log's entries, the bodies beside it, batch identity and folded documents, in SQLite.
//!
//! Everything that must be true together is written in one transaction here. It decides nothing and draws no tiles:
//! deciders give it drafts, `seal` publishes what it holds. PostgreSQL will stand beside this module, not inside it.

mod batches;
mod incident_document;
mod log;
mod outbox;
mod projection;
mod rebuild;
mod source_sums;
mod states;

use std::path::Path;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::Mutex;

pub(crate) use batches::{Assignment, Span};
pub(crate) use log::{Body, Draft, LogError, Stored};
pub(crate) use projection::Cases;
pub(crate) use source_sums::SourceSums;
pub(crate) use states::{NoticeState, ObligationState};

/// Migrations in order; a new one is a new file and a new line.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "log", include_str!("../../migrations/sqlite/0001_log.sql")),
    (2, "entry_time", include_str!("../../migrations/sqlite/0002_entry_time.sql")),
];

/// The database file inside the data directory.
pub(crate) const STATE_FILE: &str = "state.sqlite";

/// Readers beside the one writer. SQLite needs few.
const CONNECTIONS_MAX: u32 = 4;

/// The embedded store. One process writes (see `lease`); many may read.
#[derive(Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
    tenant: String,
    keys: evidence::keyring::KeyRing,
    /// The fold over the log that deciders look at. Held while appending, so a decision and its entries are one step.
    cases: Mutex<Cases>,
}

impl Store {
    /// Opens (and migrates) the store in `dir`, then folds the log. `cases` is an empty state with today's settings; only a
    /// `writer`, who holds the lease, brings documents up to date.
    pub(crate) async fn open(
        dir: &Path,
        tenant: &str,
        keys: evidence::keyring::KeyRing,
        cases: Cases,
        writer: bool,
    ) -> Result<Self, LogError> {
        let pool = connect(&dir.join(STATE_FILE), writer).await?;
        let store = Self { pool, tenant: tenant.to_owned(), keys, cases: Mutex::new(cases) };
        if writer {
            store.fold_all(log::Documents::GoOn).await?
        } else {
            store.apply_all().await?
        }
        Ok(store)
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The state deciders judge by, as of the last appended entry.
    pub(crate) async fn cases(&self) -> tokio::sync::MutexGuard<'_, Cases> {
        self.cases.lock().await
    }
}

/// WAL so that readers never wait for the writer; FULL so that a commit survives a power cut.
async fn connect(path: &Path, writer: bool) -> Result<SqlitePool, LogError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(writer)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(std::time::Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_with(options).await?;
    if writer {
        migrate(&pool).await?;
    }
    Ok(pool)
}

async fn migrate(pool: &SqlitePool) -> Result<(), LogError> {
    let migrations = MIGRATIONS
        .iter()
        .map(|&(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    Migrator::with_migrations(migrations).run(pool).await?;
    Ok(())
}
