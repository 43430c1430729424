//! Stores events, findings and rejected records in Delta tables; SQL, retention, holds and compaction.
//!
//! On the path: after `ingest`, before `sigma`. A batch is durable here before any finding may refer to it.
//! The only crate that knows DataFusion and Delta. It deliberately knows no rules, no law, no OCSF types and no clock:
//! rows are plain structs that the binary fills, and `now` is an argument.
//!
//! # What the caller may rely on
//!
//! * **Each call is atomic and idempotent.** A kill between two calls, or inside one, leaves a table either without
//!   the batch or with all of it; calling again with the same [`Txn`] stores nothing twice.
//! * **`Ok` means durable.** Data files and the commit that names them are fsynced, directories included, before an
//!   append returns ([`durable`](crate::Lake::open) explains the order).
//! * **A hold beats retention.** Every delete asks the holds first and checks afterwards that the held rows are equal,
//!   row by row, to what was there before.
//! * **Blocking.** All answers may be awaited on any tokio runtime. Parquet encoding, sorting and fsync run on
//!   tokio's blocking threads; SQL runs on the calling runtime's workers, so give a server more than one.

mod append;
mod compact;
mod decode;
mod durable;
mod encode;
mod engine;
mod error;
mod filter;
mod holds;
mod json;
mod lake;
mod parquet_file;
mod query;
mod read;
mod retain;
mod rewrite;
mod rows;
mod schema;
mod sql_guard;
mod status;
mod table;
mod vacuum;

pub use crate::append::{Appended, Txn};
pub use crate::compact::Compacted;
pub use crate::error::{AppendError, HoldError, MaintainError, OpenError, QueryError, StorageError};
pub use crate::filter::Filter;
pub use crate::holds::Hold;
pub use crate::json::ColumnKind;
pub use crate::lake::{Answer, Lake, Options};
pub use crate::query::{Column, RowStream, Rows};
pub use crate::read::EventStream;
pub use crate::retain::{DroppedDay, Retain, Retained};
pub use crate::rows::{EventRow, FindingRow, HitRow, LinkRow, RejectedRow, day_of};
pub use crate::status::{DayStatus, Status, TableStatus};
pub use crate::table::TableName;
pub use crate::vacuum::{Vacuum, Vacuumed};
