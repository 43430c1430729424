//! Record batches back to the file schema and to row structs: the inverse of `encode`.
//!
//! On the path: readers, and every rewrite of rows. The engine hands out its own text types and column order; here they
//! become what the files hold. Nothing is dropped: a missing column is an error.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;

use crate::error::StorageError;
use crate::rows::EventRow;
use crate::schema::file_schema;
use crate::table::TableName;

/// Text in one batch of the file schema, whose offsets reach 2 GiB; the engine's own text type has no such limit.
const PIECE_BYTES_MAX: u64 = 256 << 20;

/// The batch with exactly the columns and types of the file schema, in as many pieces as that needs.
pub(crate) fn to_file_schema(table: TableName, batch: &RecordBatch) -> Result<Vec<RecordBatch>, StorageError> {
    pieces(batch, PIECE_BYTES_MAX).iter().map(|piece| with_file_schema(table, piece)).collect()
}

/// Halves the batch until each piece is below the limit or a single row.
fn pieces(batch: &RecordBatch, bytes_max: u64) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    if rows < 2 || text_bytes(batch) <= bytes_max {
        return vec![batch.clone()];
    }
    let half = rows / 2;
    let mut all = pieces(&batch.slice(0, half), bytes_max);
    all.extend(pieces(&batch.slice(half, rows - half), bytes_max));
    all
}

fn text_bytes(batch: &RecordBatch) -> u64 {
    let bytes = |column: &ArrayRef| -> u64 {
        match column.data_type() {
            DataType::Utf8View => column.as_string_view().lengths().map(u64::from).sum(),
            DataType::BinaryView => column.as_binary_view().lengths().map(u64::from).sum(),
            // Bounded by its own offsets, or of fixed width.
            _ => 0,
        }
    };
    batch.columns().iter().map(bytes).sum()
}

fn with_file_schema(table: TableName, batch: &RecordBatch) -> Result<RecordBatch, StorageError> {
    let schema = file_schema(table);
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = batch
            .column_by_name(field.name())
            .ok_or_else(|| StorageError::Damaged { table, what: format!("column `{}` is missing", field.name()) })?;
        arrays.push(cast(column, field.data_type()).map_err(|error| unreadable(table, error))?);
    }
    RecordBatch::try_new(schema, arrays).map_err(|error| unreadable(table, error))
}

/// The events in a batch.
pub(crate) fn events(batch: &RecordBatch) -> Result<Vec<EventRow>, StorageError> {
    let mut events = Vec::with_capacity(batch.num_rows());
    for piece in to_file_schema(TableName::Events, batch)? {
        let columns = Columns { batch: &piece };
        for row in 0..piece.num_rows() {
            events.push(columns.event(row)?);
        }
    }
    Ok(events)
}

struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl Columns<'_> {
    fn event(&self, row: usize) -> Result<EventRow, StorageError> {
        Ok(EventRow {
            tenant: self.text("tenant", row)?,
            source: self.text("source", row)?,
            record: self.long("record", row)?,
            logsource: self.text("logsource", row)?,
            class_uid: self.int("class_uid", row)?,
            time_us: self.time("time", row)?,
            ingest_us: self.time("ingest_time", row)?,
            delivery_us: self.maybe_time("delivery_time", row)?,
            event_uid: self.text("event_uid", row)?,
            operation: self.text("operation", row)?,
            status: self.maybe_text("status", row)?,
            actor: self.text("actor", row)?,
            user_name: self.maybe_text("user_name", row)?,
            src_ip: self.maybe_text("src_ip", row)?,
            user_agent: self.maybe_text("user_agent", row)?,
            account: self.maybe_text("account", row)?,
            region: self.maybe_text("region", row)?,
            resources: self.texts("resources", row)?,
            bytes: self.maybe_long("bytes", row)?,
            http_status: self.maybe_int("http_status", row)?,
            row_count: self.maybe_long("row_count", row)?,
            raw: self.text("raw", row)?,
            raw_bytes: self.maybe_bytes("raw_bytes", row)?,
        })
    }

    fn column(&self, name: &str) -> Result<&ArrayRef, StorageError> {
        let missing =
            || StorageError::Damaged { table: TableName::Events, what: format!("column `{name}` is missing") };
        self.batch.column_by_name(name).ok_or_else(missing)
    }

    fn maybe_text(&self, name: &str, row: usize) -> Result<Option<String>, StorageError> {
        let array = self.column(name)?.as_string::<i32>();
        Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
    }

    fn text(&self, name: &str, row: usize) -> Result<String, StorageError> {
        self.maybe_text(name, row)?.ok_or_else(|| null(name))
    }

    fn maybe_bytes(&self, name: &str, row: usize) -> Result<Option<Vec<u8>>, StorageError> {
        let array = self.column(name)?.as_binary::<i32>();
        Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
    }

    fn texts(&self, name: &str, row: usize) -> Result<Vec<String>, StorageError> {
        let list = self.column(name)?.as_list::<i32>().value(row);
        Ok(list.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
    }

    fn maybe_long(&self, name: &str, row: usize) -> Result<Option<i64>, StorageError> {
        let array = self.column(name)?.as_primitive::<Int64Type>();
        Ok(array.is_valid(row).then(|| array.value(row)))
    }

    fn long(&self, name: &str, row: usize) -> Result<i64, StorageError> {
        self.maybe_long(name, row)?.ok_or_else(|| null(name))
    }

    fn maybe_int(&self, name: &str, row: usize) -> Result<Option<i32>, StorageError> {
        let array = self.column(name)?.as_primitive::<Int32Type>();
        Ok(array.is_valid(row).then(|| array.value(row)))
    }

    fn int(&self, name: &str, row: usize) -> Result<i32, StorageError> {
        self.maybe_int(name, row)?.ok_or_else(|| null(name))
    }

    fn maybe_time(&self, name: &str, row: usize) -> Result<Option<i64>, StorageError> {
        let array = self.column(name)?.as_primitive::<TimestampMicrosecondType>();
        Ok(array.is_valid(row).then(|| array.value(row)))
    }

    fn time(&self, name: &str, row: usize) -> Result<i64, StorageError> {
        self.maybe_time(name, row)?.ok_or_else(|| null(name))
    }
}

fn null(name: &str) -> StorageError {
    StorageError::Damaged { table: TableName::Events, what: format!("column `{name}` has no value in a row") }
}

fn unreadable(table: TableName, error: ArrowError) -> StorageError {
    StorageError::engine("read", table, error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Int64Array, StringViewArray};

    use super::*;

    #[test]
    fn large_text_is_split_and_nothing_is_lost() {
        let texts: Vec<String> = (0..100).map(|n| "x".repeat(n * 10)).collect();
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(texts));
        let batch = RecordBatch::try_from_iter([("n", numbers), ("text", texts)]).unwrap();
        for bytes_max in [0, 1, 989, 990, 5_000, 1_000_000] {
            let all = pieces(&batch, bytes_max);
            assert!(all.iter().all(|piece| piece.num_rows() == 1 || text_bytes(piece) <= bytes_max));
            let joined = datafusion::arrow::compute::concat_batches(&batch.schema(), &all).unwrap();
            assert_eq!(joined, batch, "{bytes_max}");
        }
        assert_eq!(pieces(&batch, 1_000_000).len(), 1);
        assert_eq!(pieces(&batch.slice(0, 0), 0).len(), 1);
    }
}
