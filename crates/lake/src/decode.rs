//! Record batches back to the file schema and to row structs: the inverse of `encode`.
//!
//! On the path: readers, and every rewrite of rows. The engine hands out its own text types and column order; here they
//! become what the files hold. Nothing is dropped: a missing column is an error.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;

use crate::error::StorageError;
use crate::rows::EventRow;
use crate::schema::file_schema;
use crate::table::TableName;

/// The batch with exactly the columns and types of the file schema.
pub(crate) fn to_file_schema(table: TableName, batch: &RecordBatch) -> Result<RecordBatch, StorageError> {
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
    let batch = to_file_schema(TableName::Events, batch)?;
    let columns = Columns { batch: &batch };
    (0..batch.num_rows()).map(|row| columns.event(row)).collect()
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
