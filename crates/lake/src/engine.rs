//! The embedded query engine: one bounded runtime for the process, one session per question.
//!
//! On the path: under SQL, readers, compaction and retention. It deliberately offers no way to reach files other than
//! those of the tables it is given.

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{DataFrame, Expr, SessionConfig, SessionContext};
use deltalake::DeltaTable;

use crate::lake::Options;

/// Rows per batch between operators. Rows carry their raw text, so batches stay small.
const BATCH_ROWS: usize = 2_048;

/// What all questions share: memory, spill space, caches of file footers.
#[derive(Debug)]
pub(crate) struct Engine {
    runtime: Arc<RuntimeEnv>,
    threads: usize,
    pub(crate) memory_bytes: usize,
}

impl Engine {
    pub(crate) fn new(options: &Options, spill_dir: &Path) -> Result<Self, DataFusionError> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill_dir.to_owned()]))
            .with_max_temp_directory_size(options.spill_bytes);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_bytes)))
            .with_disk_manager_builder(disk)
            .build_arc()?;
        Ok(Self { runtime, threads: options.threads.max(1), memory_bytes: options.memory_bytes })
    }

    /// A session that knows no tables yet.
    pub(crate) fn session(&self) -> SessionContext {
        let mut config = SessionConfig::new()
            .with_information_schema(true)
            .with_target_partitions(self.threads)
            .with_batch_size(BATCH_ROWS);
        let parquet = &mut config.options_mut().execution.parquet;
        // Rare values are decided on the small columns first; `raw` is read only for rows that remain.
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        SessionContext::new_with_config_rt(config, Arc::clone(&self.runtime))
    }

    /// A snapshot of a table as the session sees it.
    pub(crate) async fn provider(
        &self,
        session: &SessionContext,
        table: &DeltaTable,
    ) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        table.table_provider().with_session(Arc::new(session.state())).await
    }

    /// The rows of a snapshot for which `filter` is true.
    pub(crate) async fn rows(&self, table: &DeltaTable, filter: Expr) -> Result<DataFrame, DataFusionError> {
        let session = self.session();
        let provider = self.provider(&session, table).await?;
        session.read_table(provider)?.filter(filter)
    }
}
