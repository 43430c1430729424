//! Record batches to Parquet files in memory, with the statistics that the Delta log keeps about them.
//!
//! On the path: every file of the lake is written here, by append, compaction and retention alike, so all have the same
//! compression, filters and row-group bounds. It does not touch the disk.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, RecordBatch};
use datafusion::arrow::compute::{max, min};
use datafusion::arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use datafusion::parquet::schema::types::ColumnPath;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::error::StorageError;
use crate::schema::{self, Kind, Look};
use crate::table::TableName;

/// Rows per row group: the unit that statistics and Bloom filters skip, and that one reader thread holds.
const GROUP_ROWS_MAX: usize = 131_072;
/// Encoded bytes per row group.
const GROUP_BYTES_MAX: usize = 64 << 20;
/// Rows per page: the unit that a lookup of one principal reads of `raw`.
const PAGE_ROWS_MAX: usize = 4_096;
/// Encoded bytes after which the next file begins.
const FILE_BYTES_MAX: usize = 256 << 20;
const ZSTD_LEVEL: i32 = 3;
/// Share of absent values a Bloom filter lets pass.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// A finished file and what the log must know about it.
#[derive(Debug)]
pub(crate) struct EncodedFile {
    pub(crate) day: Date,
    pub(crate) bytes: Vec<u8>,
    /// Delta per-file statistics, as JSON.
    pub(crate) stats: String,
}

/// Writes the rows of one day into files of bounded size.
pub(crate) struct DayWriter {
    table: TableName,
    day: Date,
    properties: Arc<WriterProperties>,
    open: Option<OpenFile>,
}

struct OpenFile {
    writer: ArrowWriter<Vec<u8>>,
    rows: u64,
    time: Bounds<i64>,
    class: Bounds<i32>,
}

/// All files of one day from batches that are at hand.
pub(crate) fn encode_day(
    table: TableName,
    day: Date,
    batches: impl IntoIterator<Item = Result<RecordBatch, StorageError>>,
) -> Result<Vec<EncodedFile>, StorageError> {
    let mut writer = DayWriter::new(table, day)?;
    let mut files = Vec::new();
    for batch in batches {
        files.extend(writer.write(&batch?)?);
    }
    files.extend(writer.finish()?);
    Ok(files)
}

impl DayWriter {
    pub(crate) fn new(table: TableName, day: Date) -> Result<Self, StorageError> {
        Ok(Self { table, day, properties: Arc::new(properties(table)?), open: None })
    }

    /// Adds rows; hands out a file when it has reached its size.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<Option<EncodedFile>, StorageError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenFile::new(self.table, &self.properties)?,
        };
        open.write(self.table, batch)?;
        let encoded = open.writer.bytes_written().saturating_add(open.writer.in_progress_size());
        if encoded < FILE_BYTES_MAX {
            self.open = Some(open);
            return Ok(None);
        }
        open.finish(self.table, self.day).map(Some)
    }

    /// The last file, if rows are left.
    pub(crate) fn finish(mut self) -> Result<Option<EncodedFile>, StorageError> {
        self.open.take().map(|open| open.finish(self.table, self.day)).transpose()
    }
}

impl OpenFile {
    fn new(table: TableName, properties: &WriterProperties) -> Result<Self, StorageError> {
        let writer = ArrowWriter::try_new(Vec::new(), schema::file_schema(table), Some(properties.clone()));
        let writer = writer.map_err(|error| StorageError::engine("encode rows for", table, error))?;
        Ok(Self { writer, rows: 0, time: Bounds::default(), class: Bounds::default() })
    }

    fn write(&mut self, table: TableName, batch: &RecordBatch) -> Result<(), StorageError> {
        self.writer.write(batch).map_err(|error| StorageError::engine("encode rows for", table, error))?;
        self.rows += batch.num_rows() as u64;
        if let Some(times) = batch.column_by_name(schema::time_column(table)) {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            self.time.widen(min(times), max(times));
        }
        if let Some(classes) = batch.column_by_name("class_uid") {
            let classes = classes.as_primitive::<Int32Type>();
            self.class.widen(min(classes), max(classes));
        }
        Ok(())
    }

    fn finish(self, table: TableName, day: Date) -> Result<EncodedFile, StorageError> {
        let stats = stats(table, self.rows, self.time, self.class)?;
        let bytes = self.writer.into_inner().map_err(|error| StorageError::engine("encode rows for", table, error))?;
        Ok(EncodedFile { day, bytes, stats })
    }
}

#[derive(Debug, Clone, Copy)]
struct Bounds<T>(Option<(T, T)>);

impl<T> Default for Bounds<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Ord + Copy> Bounds<T> {
    fn widen(&mut self, low: Option<T>, high: Option<T>) {
        let (Some(low), Some(high)) = (low, high) else { return };
        self.0 = Some(match self.0 {
            Some((first, last)) => (first.min(low), last.max(high)),
            None => (low, high),
        });
    }
}

/// Delta keeps times in milliseconds: the minimum is rounded down and the maximum up, so that skipping stays right.
fn stats(table: TableName, rows: u64, time: Bounds<i64>, class: Bounds<i32>) -> Result<String, StorageError> {
    let (mut low, mut high, mut nulls) = (Map::new(), Map::new(), Map::new());
    let name = schema::time_column(table);
    if let Some((first, last)) = time.0 {
        low.insert(name.to_owned(), millisecond(table, first.div_euclid(1000))?);
        high.insert(name.to_owned(), millisecond(table, last.saturating_add(999).div_euclid(1000))?);
        nulls.insert(name.to_owned(), json!(0));
    }
    if let Some((first, last)) = class.0 {
        low.insert("class_uid".to_owned(), json!(first));
        high.insert("class_uid".to_owned(), json!(last));
        nulls.insert("class_uid".to_owned(), json!(0));
    }
    Ok(json!({"numRecords": rows, "minValues": low, "maxValues": high, "nullCount": nulls}).to_string())
}

fn millisecond(table: TableName, value: i64) -> Result<Value, StorageError> {
    let time =
        Timestamp::from_millisecond(value).map_err(|error| StorageError::engine("encode rows for", table, error))?;
    Ok(Value::String(format!("{time:.3}")))
}

fn properties(table: TableName) -> Result<WriterProperties, StorageError> {
    let level =
        ZstdLevel::try_new(ZSTD_LEVEL).map_err(|error| StorageError::engine("encode rows for", table, error))?;
    let mut builder = WriterProperties::builder()
        .set_created_by("watertight".to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS_MAX))
        .set_max_row_group_bytes(Some(GROUP_BYTES_MAX))
        .set_data_page_row_count_limit(PAGE_ROWS_MAX);
    for column in schema::columns(table).iter().filter(|column| column.kind != Kind::TextList) {
        builder = column_properties(builder, ColumnPath::from(column.name), column.look);
    }
    Ok(builder.build())
}

fn column_properties(builder: WriterPropertiesBuilder, path: ColumnPath, look: Look) -> WriterPropertiesBuilder {
    match look {
        Look::Common => builder,
        Look::Lookup => bloom(builder, path),
        Look::Unique => bloom(builder, path.clone()).set_column_dictionary_enabled(path, false),
        Look::Rising => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        Look::Bulk => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
    }
}

/// The writer folds a filter down to what its values need, so the bound may be the row group's.
fn bloom(builder: WriterPropertiesBuilder, path: ColumnPath) -> WriterPropertiesBuilder {
    builder
        .set_column_bloom_filter_enabled(path.clone(), true)
        .set_column_bloom_filter_fpp(path.clone(), BLOOM_FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(path, GROUP_ROWS_MAX as u64)
}
