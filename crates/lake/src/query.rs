//! SQL over the lake and over tables the binary lends: read-only, bounded in memory and rows.
//!
//! On the path: `query`, control tests, hunts. Each question sees one snapshot of every table. It deliberately offers no
//! write, no file access and no session that outlives the question.

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SQLOptions;
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{QueryError, one_line};
use crate::json::{self, ColumnKind};
use crate::lake::Lake;
use crate::sql_guard::{self, Refused, TEXT_BYTES_MAX};
use crate::table::TableName;

/// How the engine says that the spill space is full; it has no error kind for it.
const SPILL_LIMIT: &str = "The used disk space during the spilling process has exceeded";

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
}

/// An answer held in memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rows {
    pub columns: Vec<Column>,
    /// Values in column order.
    pub rows: Vec<Vec<Value>>,
    /// Whether the limit cut the answer short.
    pub truncated: bool,
}

impl Rows {
    /// The rows as JSON objects. Of two columns with one name the last wins: give them different names.
    pub fn objects(&self) -> impl Iterator<Item = Map<String, Value>> + '_ {
        let object = |row: &Vec<Value>| {
            let names = self.columns.iter().map(|column| column.name.clone());
            names.zip(row.iter().cloned()).collect()
        };
        self.rows.iter().map(object)
    }
}

/// An answer that is still being computed.
pub struct RowStream {
    pub columns: Vec<Column>,
    text: String,
    memory_bytes: usize,
    batches: SendableRecordBatchStream,
}

impl std::fmt::Debug for RowStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowStream").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl RowStream {
    /// The next rows, values in column order; `None` at the end. Dropping the stream stops the work.
    ///
    /// # Errors
    /// When the query fails while running, for example on a division by zero or at the memory limit.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, QueryError> {
        let failed = |error| failure(&self.text, self.memory_bytes, &error);
        let Some(batch) = self.batches.next().await else { return Ok(None) };
        let batch: RecordBatch = batch.map_err(failed)?;
        let rows = json::rows(&batch).map_err(|error| failure(&self.text, self.memory_bytes, &error.into()))?;
        Ok(Some(rows))
    }
}

/// Answers at most `limit` rows and says whether there were more.
pub(crate) async fn rows(lake: &Lake, text: &str, limit: usize) -> Result<Rows, QueryError> {
    let mut stream = stream(lake, text).await?;
    let mut rows = Vec::new();
    while let Some(next) = stream.next().await? {
        rows.extend(next);
        if limit < rows.len() {
            rows.truncate(limit);
            return Ok(Rows { columns: stream.columns, rows, truncated: true });
        }
    }
    Ok(Rows { columns: stream.columns, rows, truncated: false })
}

/// Starts a query.
pub(crate) async fn stream(lake: &Lake, text: &str) -> Result<RowStream, QueryError> {
    sql_guard::check(text).map_err(|refused| refusal(text, refused))?;
    let memory_bytes = lake.engine().memory_bytes;
    let failed = |error: DataFusionError| failure(text, memory_bytes, &error);
    let session = lake.engine().session();
    for name in TableName::ALL {
        let snapshot = lake.table(name).fresh().await?;
        let provider = lake.engine().provider(&session, &snapshot).await.map_err(failed)?;
        session.register_table(name.as_str(), provider).map_err(failed)?;
    }
    for (name, table) in lake.lent() {
        session.register_table(name, table).map_err(failed)?;
    }
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = session.sql_with_options(text, read_only).await.map_err(failed)?;
    let field = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| Column {
        name: field.name().clone(),
        kind: json::kind_of(field.data_type()),
    };
    let columns = frame.schema().fields().iter().map(field).collect();
    let batches = frame.execute_stream().await.map_err(failed)?;
    Ok(RowStream { columns, text: text.to_owned(), memory_bytes, batches })
}

fn refusal(text: &str, refused: Refused) -> QueryError {
    let quoted = one_line(text);
    match refused {
        Refused::Changes(statement) => QueryError::NotReadOnly { text: quoted, statement },
        Refused::Syntax(error) => QueryError::Sql { text: quoted, reason: reason(&error) },
        Refused::Count(0) => QueryError::Sql { text: quoted, reason: "there is no statement in it".to_owned() },
        Refused::Count(count) => {
            let reason = format!("it holds {count} statements; ask one at a time");
            QueryError::Sql { text: quoted, reason }
        }
        Refused::TooLong => {
            let reason = format!("it is longer than {TEXT_BYTES_MAX} bytes");
            QueryError::Sql { text: quoted, reason }
        }
    }
}

/// The engine's error in the user's terms.
pub(crate) fn failure(text: &str, limit_bytes: usize, error: &DataFusionError) -> QueryError {
    let text = one_line(text);
    let out_of_memory = matches!(error.find_root(), DataFusionError::ResourcesExhausted(_));
    let reason = reason(error);
    if out_of_memory || reason.contains(SPILL_LIMIT) {
        return QueryError::Memory { text, limit_bytes };
    }
    QueryError::Sql { text, reason }
}

/// The engine's message without its own categories and backtraces.
fn reason(error: &DataFusionError) -> String {
    let message = one_line(&error.find_root().strip_backtrace());
    let mut message = message.as_str();
    for prefix in ["Error during planning: ", "Schema error: ", "SQL error: ", "Arrow error: ", "Execution error: "] {
        message = message.strip_prefix(prefix).unwrap_or(message);
    }
    let parser = message.strip_prefix("ParserError(\"").and_then(|rest| rest.strip_suffix("\")"));
    parser.unwrap_or(message).replace("datafusion.public.", "")
}
