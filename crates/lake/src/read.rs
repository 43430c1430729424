//! Typed reading of events, for scope, backtests and re-checking a sealed batch.
//!
//! On the path: the binary's scope step asks by actor, resource, time or id. No SQL text is built from log content.

use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::col;
use futures::StreamExt as _;

use crate::decode;
use crate::error::{QueryError, StorageError};
use crate::filter::Filter;
use crate::lake::Lake;
use crate::rows::EventRow;
use crate::schema;
use crate::table::TableName;

/// What an error calls a typed question.
const TEXT: &str = "read events";

/// Matching events while they are read, in file order.
pub struct EventStream {
    memory_bytes: usize,
    batches: SendableRecordBatchStream,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

impl EventStream {
    /// The next events; `None` at the end. Dropping the stream stops the work.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<EventRow>>, QueryError> {
        let Some(batch) = self.batches.next().await else { return Ok(None) };
        let batch = batch.map_err(|error| crate::query::failure(TEXT, self.memory_bytes, &error))?;
        Ok(Some(decode::events(&batch)?))
    }
}

/// The earliest `limit` matching events in order of time, then of their place in the batch.
pub(crate) async fn events(lake: &Lake, filter: &Filter, limit: usize) -> Result<Vec<EventRow>, QueryError> {
    let mut stream = open(lake, filter, Some(limit)).await?;
    let mut events = Vec::new();
    while let Some(next) = stream.next().await? {
        events.extend(next);
    }
    Ok(events)
}

/// Opens a reader over one snapshot; with a limit the rows are sorted.
pub(crate) async fn open(lake: &Lake, filter: &Filter, limit: Option<usize>) -> Result<EventStream, QueryError> {
    let memory_bytes = lake.engine().memory_bytes;
    let failed = |error| crate::query::failure(TEXT, memory_bytes, &error);
    let snapshot = lake.table(TableName::Events).fresh().await?;
    let filter = filter.expression(TableName::Events).ok_or_else(|| StorageError::Damaged {
        table: TableName::Events,
        what: "a filter has no meaning for it".to_owned(),
    })?;
    let mut frame = lake.engine().rows(&snapshot, filter).await.map_err(failed)?;
    let names: Vec<&str> = schema::columns(TableName::Events).iter().map(|column| column.name).collect();
    frame = frame.select_columns(&names).map_err(failed)?;
    if let Some(limit) = limit {
        let order = ["time", "source", "seq", "record"].map(|name| col(name).sort(true, false));
        frame = frame.sort(order.to_vec()).and_then(|frame| frame.limit(0, Some(limit))).map_err(failed)?;
    }
    let batches = frame.execute_stream().await.map_err(failed)?;
    Ok(EventStream { memory_bytes, batches })
}
