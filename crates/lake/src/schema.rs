//! The columns of each table, said once: Delta fields, Arrow schema, sort order and what gets a filter or statistics
//! are all derived from here. The SQL column names are a public format with a version.
//!
//! On the path: between the row structs and the files. It deliberately keeps text out of the Delta log: only `time` and
//! `class_uid` have per-file minima and maxima there, because the log outlives a retention delete.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{ArrayType, DataType, PrimitiveType, StructField};

use crate::table::TableName;

/// Version of the column lists below. Raise it with every change and keep reading the older ones.
pub(crate) const SCHEMA_VERSION: u32 = 1;
/// Table property that holds the version.
pub(crate) const VERSION_PROPERTY: &str = "watertight.schemaVersion";
/// The partition column: UTC date of the row's time.
pub(crate) const DAY: &str = "day";

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    TextList,
    Bytes,
    Int,
    Long,
    /// Microseconds, UTC.
    Time,
    Date,
}

/// How a column is looked for, which decides what the file keeps beside the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Few distinct values: dictionary and page statistics serve.
    Common,
    /// Looked up by exact value: Bloom filter too.
    Lookup,
    /// Nearly unique: Bloom filter, no dictionary.
    Unique,
    /// Rising numbers: delta encoding, no dictionary.
    Rising,
    /// Long text that is scanned or fetched: no dictionary, no statistics.
    Bulk,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Col {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) look: Look,
}

const fn must(name: &'static str, kind: Kind, look: Look) -> Col {
    Col { name, kind, nullable: false, look }
}

const fn may(name: &'static str, kind: Kind, look: Look) -> Col {
    Col { name, kind, nullable: true, look }
}

const EVENTS: &[Col] = &[
    must(DAY, Kind::Date, Look::Common),
    must("tenant", Kind::Text, Look::Common),
    must("source", Kind::Text, Look::Common),
    must("seq", Kind::Long, Look::Common),
    must("record", Kind::Long, Look::Rising),
    must("logsource", Kind::Text, Look::Common),
    must("class_uid", Kind::Int, Look::Common),
    must("time", Kind::Time, Look::Rising),
    must("ingest_time", Kind::Time, Look::Common),
    may("delivery_time", Kind::Time, Look::Common),
    must("event_uid", Kind::Text, Look::Unique),
    must("operation", Kind::Text, Look::Common),
    may("status", Kind::Text, Look::Common),
    must("actor", Kind::Text, Look::Lookup),
    may("user_name", Kind::Text, Look::Lookup),
    may("src_ip", Kind::Text, Look::Lookup),
    may("user_agent", Kind::Text, Look::Common),
    may("account", Kind::Text, Look::Common),
    may("region", Kind::Text, Look::Common),
    must("resources", Kind::TextList, Look::Common),
    may("bytes", Kind::Long, Look::Common),
    may("http_status", Kind::Int, Look::Common),
    may("row_count", Kind::Long, Look::Common),
    must("raw", Kind::Text, Look::Bulk),
    may("raw_bytes", Kind::Bytes, Look::Bulk),
];

const FINDINGS: &[Col] = &[
    must(DAY, Kind::Date, Look::Common),
    must("uid", Kind::Text, Look::Unique),
    must("tenant", Kind::Text, Look::Common),
    must("rule_id", Kind::Text, Look::Lookup),
    must("rule_version", Kind::Text, Look::Common),
    must("title", Kind::Text, Look::Common),
    must("surface", Kind::Text, Look::Common),
    must("severity", Kind::Int, Look::Common),
    may("confidence", Kind::Int, Look::Common),
    must("class_uid", Kind::Int, Look::Common),
    must("time", Kind::Time, Look::Rising),
    must("discovered_time", Kind::Time, Look::Common),
    must("logsource", Kind::Text, Look::Common),
    must("event_uid", Kind::Text, Look::Unique),
    must("event_uids", Kind::TextList, Look::Common),
    must("actor", Kind::Text, Look::Lookup),
    must("resources", Kind::TextList, Look::Common),
    must("attack", Kind::TextList, Look::Common),
    must("json", Kind::Text, Look::Bulk),
    must("source", Kind::Text, Look::Common),
    must("seq", Kind::Long, Look::Common),
];

const REJECTED: &[Col] = &[
    must(DAY, Kind::Date, Look::Common),
    must("tenant", Kind::Text, Look::Common),
    must("source", Kind::Text, Look::Common),
    must("seq", Kind::Long, Look::Common),
    must("member", Kind::Text, Look::Common),
    must("record", Kind::Long, Look::Rising),
    must("reason", Kind::Text, Look::Common),
    must("raw", Kind::Bytes, Look::Bulk),
    must("ingest_time", Kind::Time, Look::Common),
];

const HITS: &[Col] = &[
    must(DAY, Kind::Date, Look::Common),
    must("tenant", Kind::Text, Look::Common),
    must("source", Kind::Text, Look::Common),
    must("seq", Kind::Long, Look::Common),
    must("correlation_id", Kind::Text, Look::Lookup),
    must("correlation_version", Kind::Text, Look::Common),
    must("rule", Kind::Int, Look::Common),
    must("time", Kind::Time, Look::Rising),
    must("event_uid", Kind::Text, Look::Unique),
    must("group_key", Kind::Text, Look::Lookup),
    must("hit_values", Kind::TextList, Look::Common),
];

const LINKS: &[Col] = &[
    must(DAY, Kind::Date, Look::Common),
    must("tenant", Kind::Text, Look::Common),
    must("source", Kind::Text, Look::Common),
    must("seq", Kind::Long, Look::Common),
    must("time", Kind::Time, Look::Rising),
    must("event_uid", Kind::Text, Look::Unique),
    must("from_key", Kind::Text, Look::Lookup),
    must("to_key", Kind::Text, Look::Lookup),
    must("kind", Kind::Text, Look::Common),
];

/// The columns of a table, partition column first.
pub(crate) const fn columns(table: TableName) -> &'static [Col] {
    match table {
        TableName::Events => EVENTS,
        TableName::Findings => FINDINGS,
        TableName::Rejected => REJECTED,
        TableName::Hits => HITS,
        TableName::Links => LINKS,
    }
}

/// Order of the rows inside a file. Equal neighbours compress well, and a hunt for one principal touches few pages.
pub(crate) const fn sort_columns(table: TableName) -> &'static [&'static str] {
    match table {
        TableName::Events => &["class_uid", "actor", "time", "source", "seq", "record"],
        TableName::Findings => &["rule_id", "actor", "time", "uid"],
        TableName::Rejected => &["source", "seq", "member", "record"],
        TableName::Hits => &["correlation_id", "group_key", "time", "event_uid"],
        TableName::Links => &["to_key", "time", "from_key", "event_uid"],
    }
}

/// The column whose minimum and maximum the Delta log keeps per file.
pub(crate) const fn time_column(table: TableName) -> &'static str {
    match table {
        TableName::Events | TableName::Findings | TableName::Hits | TableName::Links => "time",
        TableName::Rejected => "ingest_time",
    }
}

/// Arrow schema of the rows as a file stores them, that is without the partition column.
pub(crate) fn file_schema(table: TableName) -> SchemaRef {
    let fields = columns(table).iter().filter(|column| column.name != DAY).map(arrow_field);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Delta fields of a table, partition column included.
pub(crate) fn delta_fields(table: TableName) -> Vec<StructField> {
    columns(table)
        .iter()
        .map(|column| StructField::new(column.name, delta_type(column.kind), column.nullable))
        .collect()
}

fn arrow_field(column: &Col) -> Field {
    Field::new(column.name, arrow_type(column.kind), column.nullable)
}

fn arrow_type(kind: Kind) -> Arrow {
    match kind {
        Kind::Text => Arrow::Utf8,
        Kind::TextList => Arrow::List(list_element()),
        Kind::Bytes => Arrow::Binary,
        Kind::Int => Arrow::Int32,
        Kind::Long => Arrow::Int64,
        Kind::Time => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Date => Arrow::Date32,
    }
}

/// Delta names the elements of a list `element`.
pub(crate) fn list_element() -> Arc<Field> {
    Arc::new(Field::new("element", Arrow::Utf8, false))
}

fn delta_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Primitive(PrimitiveType::String),
        Kind::TextList => DataType::Array(Box::new(ArrayType::new(DataType::Primitive(PrimitiveType::String), false))),
        Kind::Bytes => DataType::Primitive(PrimitiveType::Binary),
        Kind::Int => DataType::Primitive(PrimitiveType::Integer),
        Kind::Long => DataType::Primitive(PrimitiveType::Long),
        Kind::Time => DataType::Primitive(PrimitiveType::Timestamp),
        Kind::Date => DataType::Primitive(PrimitiveType::Date),
    }
}
