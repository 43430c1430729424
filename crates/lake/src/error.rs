//! What can go wrong, one enum per kind of call: whose mistake, where, what next.
//!
//! On the path: every public function of the crate answers with one of these; the binary turns them into words and exit
//! codes. Messages are lowercase fragments that fit after "failed to"; [`QueryError`] repeats
//! the user's text and may repeat a value from the rows (a failed cast does): show it to the asker, do not log it.

use std::path::{Path, PathBuf};

use deltalake::DeltaTableError;
use thiserror::Error;

use crate::table::TableName;

/// Longest piece of a user's own text, or of an engine's message, that an error repeats.
const QUOTE_CHARS_MAX: usize = 400;

/// The disk, the table format or the engine refused.
#[derive(Debug, Error)]
pub enum StorageError {
    #[error("{action} table `{table}`: {source}")]
    Table { action: &'static str, table: TableName, source: Box<DeltaTableError> },
    #[error("{action} `{}`: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{action} table `{table}`: {reason}")]
    Engine { action: &'static str, table: TableName, reason: String },
    #[error("read table `{table}`: {what}; the table was changed by something else or is damaged")]
    Damaged { table: TableName, what: String },
    #[error("{action}: the work was stopped before it finished")]
    Stopped { action: &'static str },
}

/// Opening the lake.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("open table `{table}`: it has schema version {found}, this program knows {known}; use a newer program")]
    TooNew { table: TableName, found: u32, known: u32 },
    #[error("open table `{table}`: column `{column}` is missing or has another type; restore it from a backup")]
    Schema { table: TableName, column: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Hold(#[from] HoldError),
}

/// Appending a batch.
#[derive(Debug, Error)]
pub enum AppendError {
    #[error("store a row of time {time_us} µs: the lake keeps the years 1 to 9999; reject the record instead")]
    TimeOutOfRange { time_us: i64 },
    #[error("store row {row}: it names source `{found}`, the batch is of source `{expected}`")]
    SourceMismatch { row: usize, found: String, expected: String },
    #[error("store row {row}: {bytes} bytes in one row, at most {max} are kept; reject the record instead")]
    RowTooLarge { row: usize, bytes: usize, max: usize },
    #[error("store batch {seq} of source `{source_name}`: other writers won {attempts} times; try again")]
    Contended { source_name: String, seq: i64, attempts: u32 },
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Asking a question in SQL, or reading rows.
#[derive(Debug, Error)]
pub enum QueryError {
    #[error("run `{text}`: `{statement}` would change something; only SELECT, SHOW, DESCRIBE and EXPLAIN are allowed")]
    NotReadOnly { text: String, statement: String },
    #[error("run `{text}`: {reason}")]
    Sql { text: String, reason: String },
    #[error(
        "run `{text}`: it needs more than {limit_bytes} bytes of memory and the spill space; bound it by `day` or ask for fewer columns"
    )]
    Memory { text: String, limit_bytes: usize },
    #[error("register table `{name}`: {reason}")]
    Register { name: String, reason: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Placing or releasing a legal hold.
#[derive(Debug, Error)]
pub enum HoldError {
    #[error("use hold id `{id}`: an id is 1 to 100 of the characters a-z A-Z 0-9 . _ - and does not begin with a dot")]
    BadId { id: String },
    #[error("place hold `{id}`: it exists with another scope; release it first or choose another id")]
    Exists { id: String },
    #[error("release hold `{id}`: there is no such hold")]
    Unknown { id: String },
    #[error("read the holds in `{}`: {reason}; nothing is deleted until the file is mended", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error(
        "place the hold: the list of holds would have {bytes} bytes, at most {max} are kept; release old holds, or hold by window instead of by event"
    )]
    TooLarge { bytes: u64, max: u64 },
    #[error("{action} `{}`: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
}

/// Retention, compaction and removal of old files.
#[derive(Debug, Error)]
pub enum MaintainError {
    #[error("{action} table `{table}`: other writers won {attempts} times; try again")]
    Contended { action: &'static str, table: TableName, attempts: u32 },
    #[error(
        "{action} table `{table}`, day {day}: {expected} rows must stay but the new file holds {found} or other ones; \
         nothing was changed"
    )]
    RowsDiffer { action: &'static str, table: TableName, day: jiff::civil::Date, expected: u64, found: u64 },
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl StorageError {
    pub(crate) fn table(action: &'static str, table: TableName, source: DeltaTableError) -> Self {
        Self::Table { action, table, source: Box::new(source) }
    }

    pub(crate) fn engine(action: &'static str, table: TableName, reason: impl std::fmt::Display) -> Self {
        Self::Engine { action, table, reason: one_line(&reason.to_string()) }
    }

    pub(crate) fn file(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}

/// A text on one line and of bounded length, for showing.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.chars().count() <= QUOTE_CHARS_MAX {
        return line;
    }
    let mut short: String = line.chars().take(QUOTE_CHARS_MAX).collect();
    short.push('…');
    short
}
