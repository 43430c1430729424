//! Row structs to Arrow record batches: checked, split by day, sorted, in bounded pieces.
//!
//! On the path: between `append` and the Parquet writer, on a blocking thread. It deliberately copies each text once and
//! keeps no more than one piece beside the rows themselves.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Int32Array, Int64Array, ListBuilder, RecordBatch, StringBuilder, TimestampMicrosecondArray,
};
use jiff::civil::Date;

use crate::append::Txn;
use crate::error::{AppendError, StorageError};
use crate::rows::{EventRow, FindingRow, HitRow, LinkRow, RejectedRow, day_of};
use crate::schema::{file_schema, list_element};
use crate::table::TableName;

/// Rows in one record batch.
const PIECE_ROWS_MAX: usize = 8_192;
/// Text in one record batch: small enough that its memory is used again for the next one, and far below the 2 GiB that
/// 32-bit offsets reach (one row may exceed it, up to [`ROW_BYTES_MAX`]).
const PIECE_BYTES_MAX: usize = 4 << 20;
/// Text in one row. A CloudTrail record is below 256 KiB, a log line of ours below 1 MiB.
pub(crate) const ROW_BYTES_MAX: usize = 16 << 20;

/// A row type that has a table.
pub(crate) trait Encode: Sized {
    const TABLE: TableName;
    fn source(&self) -> &str;
    /// Decides the day.
    fn time_us(&self) -> i64;
    /// Bytes of text in the row, without the fixed-width columns.
    fn text_bytes(&self) -> usize;
    /// Order inside a file; the same as [`crate::schema::sort_columns`].
    fn order(&self, other: &Self) -> Ordering;
    /// All columns of the file schema, in its order.
    fn arrays(rows: &[&Self], seq: i64) -> Vec<ArrayRef>;
}

/// Refuses a batch that the table could not hold or that names another source than its transaction.
pub(crate) fn check<Row: Encode>(rows: &[Row], txn: &Txn) -> Result<(), AppendError> {
    for (row, value) in rows.iter().enumerate() {
        if value.source() != txn.source {
            let (found, expected) = (value.source().to_owned(), txn.source.clone());
            return Err(AppendError::SourceMismatch { row, found, expected });
        }
        let bytes = value.text_bytes();
        if ROW_BYTES_MAX < bytes {
            return Err(AppendError::RowTooLarge { row, bytes, max: ROW_BYTES_MAX });
        }
    }
    Ok(())
}

/// The rows of each day, sorted for the file. The rows stay where they are: they are large.
pub(crate) fn by_day<Row: Encode>(rows: &[Row]) -> Result<BTreeMap<Date, Vec<&Row>>, AppendError> {
    let mut days: BTreeMap<Date, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        days.entry(day_of(row.time_us())?).or_default().push(row);
    }
    for rows in days.values_mut() {
        rows.sort_unstable_by(|left, right| left.order(right));
    }
    Ok(days)
}

/// Sorted rows as record batches, made one at a time as the writer asks for them.
pub(crate) fn batches<'a, Row: Encode>(
    rows: &'a [&'a Row],
    seq: i64,
) -> impl Iterator<Item = Result<RecordBatch, StorageError>> + 'a {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(piece_len(rest));
        rest = after;
        if piece.is_empty() {
            return None;
        }
        let batch = RecordBatch::try_new(file_schema(Row::TABLE), Row::arrays(piece, seq));
        Some(batch.map_err(|error| StorageError::engine("encode rows for", Row::TABLE, error)))
    })
}

fn piece_len<Row: Encode>(rows: &[&Row]) -> usize {
    let mut bytes = 0usize;
    for (count, row) in rows.iter().enumerate() {
        bytes = bytes.saturating_add(row.text_bytes());
        let full = count == PIECE_ROWS_MAX || (0 < count && PIECE_BYTES_MAX < bytes);
        if full {
            return count;
        }
    }
    rows.len()
}

impl Encode for EventRow {
    const TABLE: TableName = TableName::Events;

    fn source(&self) -> &str {
        &self.source
    }

    fn time_us(&self) -> i64 {
        self.time_us
    }

    fn text_bytes(&self) -> usize {
        let options = [&self.status, &self.user_name, &self.src_ip, &self.user_agent, &self.account, &self.region];
        let optional: usize = options.into_iter().flatten().map(String::len).sum();
        let musts = [&self.tenant, &self.source, &self.logsource, &self.event_uid, &self.operation, &self.actor];
        let must: usize = musts.into_iter().map(String::len).sum();
        let own_bytes = self.raw_bytes.as_ref().map_or(0, Vec::len);
        optional + must + list_bytes(&self.resources) + self.raw.len() + own_bytes
    }

    fn order(&self, other: &Self) -> Ordering {
        self.class_uid
            .cmp(&other.class_uid)
            .then_with(|| self.actor.cmp(&other.actor))
            .then_with(|| self.time_us.cmp(&other.time_us))
            .then_with(|| self.record.cmp(&other.record))
    }

    fn arrays(rows: &[&Self], seq: i64) -> Vec<ArrayRef> {
        vec![
            text(rows, |row| &row.tenant),
            text(rows, |row| &row.source),
            long(rows, |_| seq),
            long(rows, |row| row.record),
            text(rows, |row| &row.logsource),
            int(rows, |row| row.class_uid),
            time(rows, |row| row.time_us),
            time(rows, |row| row.ingest_us),
            maybe_time(rows, |row| row.delivery_us),
            text(rows, |row| &row.event_uid),
            text(rows, |row| &row.operation),
            maybe_text(rows, |row| row.status.as_deref()),
            text(rows, |row| &row.actor),
            maybe_text(rows, |row| row.user_name.as_deref()),
            maybe_text(rows, |row| row.src_ip.as_deref()),
            maybe_text(rows, |row| row.user_agent.as_deref()),
            maybe_text(rows, |row| row.account.as_deref()),
            maybe_text(rows, |row| row.region.as_deref()),
            list(rows, |row| &row.resources),
            maybe_long(rows, |row| row.bytes),
            maybe_int(rows, |row| row.http_status),
            maybe_long(rows, |row| row.row_count),
            text(rows, |row| &row.raw),
            Arc::new(BinaryArray::from_iter(rows.iter().map(|row| row.raw_bytes.as_deref()))),
        ]
    }
}

impl Encode for FindingRow {
    const TABLE: TableName = TableName::Findings;

    fn source(&self) -> &str {
        &self.source
    }

    fn time_us(&self) -> i64 {
        self.time_us
    }

    fn text_bytes(&self) -> usize {
        let short = [
            &self.uid,
            &self.tenant,
            &self.rule_id,
            &self.rule_version,
            &self.title,
            &self.surface,
            &self.logsource,
            &self.event_uid,
            &self.actor,
            &self.source,
        ];
        let short: usize = short.into_iter().map(String::len).sum();
        short + list_bytes(&self.resources) + list_bytes(&self.attack) + self.json.len()
    }

    fn order(&self, other: &Self) -> Ordering {
        self.rule_id
            .cmp(&other.rule_id)
            .then_with(|| self.actor.cmp(&other.actor))
            .then_with(|| self.time_us.cmp(&other.time_us))
            .then_with(|| self.uid.cmp(&other.uid))
    }

    fn arrays(rows: &[&Self], seq: i64) -> Vec<ArrayRef> {
        vec![
            text(rows, |row| &row.uid),
            text(rows, |row| &row.tenant),
            text(rows, |row| &row.rule_id),
            text(rows, |row| &row.rule_version),
            text(rows, |row| &row.title),
            text(rows, |row| &row.surface),
            int(rows, |row| row.severity),
            maybe_int(rows, |row| row.confidence),
            int(rows, |row| row.class_uid),
            time(rows, |row| row.time_us),
            time(rows, |row| row.discovered_us),
            text(rows, |row| &row.logsource),
            text(rows, |row| &row.event_uid),
            list(rows, |row| &row.event_uids),
            text(rows, |row| &row.actor),
            list(rows, |row| &row.resources),
            list(rows, |row| &row.attack),
            text(rows, |row| &row.json),
            text(rows, |row| &row.source),
            long(rows, |_| seq),
        ]
    }
}

impl Encode for RejectedRow {
    const TABLE: TableName = TableName::Rejected;

    fn source(&self) -> &str {
        &self.source
    }

    fn time_us(&self) -> i64 {
        self.ingest_us
    }

    fn text_bytes(&self) -> usize {
        self.tenant.len() + self.source.len() + self.member.len() + self.reason.len() + self.raw.len()
    }

    fn order(&self, other: &Self) -> Ordering {
        self.member.cmp(&other.member).then_with(|| self.record.cmp(&other.record))
    }

    fn arrays(rows: &[&Self], seq: i64) -> Vec<ArrayRef> {
        vec![
            text(rows, |row| &row.tenant),
            text(rows, |row| &row.source),
            long(rows, |_| seq),
            text(rows, |row| &row.member),
            long(rows, |row| row.record),
            text(rows, |row| &row.reason),
            Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| &row.raw))),
            time(rows, |row| row.ingest_us),
        ]
    }
}

impl Encode for HitRow {
    const TABLE: TableName = TableName::Hits;

    fn source(&self) -> &str {
        &self.source
    }

    fn time_us(&self) -> i64 {
        self.time_us
    }

    fn text_bytes(&self) -> usize {
        let texts = [&self.tenant, &self.source, &self.correlation_id, &self.correlation_version, &self.event_uid];
        texts.into_iter().map(String::len).sum::<usize>() + self.group_key.len() + list_bytes(&self.values)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.correlation_id
            .cmp(&other.correlation_id)
            .then_with(|| self.group_key.cmp(&other.group_key))
            .then_with(|| self.time_us.cmp(&other.time_us))
            .then_with(|| self.event_uid.cmp(&other.event_uid))
    }

    fn arrays(rows: &[&Self], seq: i64) -> Vec<ArrayRef> {
        vec![
            text(rows, |row| &row.tenant),
            text(rows, |row| &row.source),
            long(rows, |_| seq),
            text(rows, |row| &row.correlation_id),
            text(rows, |row| &row.correlation_version),
            int(rows, |row| row.rule),
            time(rows, |row| row.time_us),
            text(rows, |row| &row.event_uid),
            text(rows, |row| &row.group_key),
            list(rows, |row| &row.values),
        ]
    }
}

impl Encode for LinkRow {
    const TABLE: TableName = TableName::Links;

    fn source(&self) -> &str {
        &self.source
    }

    fn time_us(&self) -> i64 {
        self.time_us
    }

    fn text_bytes(&self) -> usize {
        let texts = [&self.tenant, &self.source, &self.event_uid, &self.from, &self.to, &self.kind];
        texts.into_iter().map(String::len).sum()
    }

    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (self, other);
        (&a.to, a.time_us, &a.from, &a.event_uid).cmp(&(&b.to, b.time_us, &b.from, &b.event_uid))
    }

    fn arrays(rows: &[&Self], seq: i64) -> Vec<ArrayRef> {
        vec![
            text(rows, |row| &row.tenant),
            text(rows, |row| &row.source),
            long(rows, |_| seq),
            time(rows, |row| row.time_us),
            text(rows, |row| &row.event_uid),
            text(rows, |row| &row.from),
            text(rows, |row| &row.to),
            text(rows, |row| &row.kind),
        ]
    }
}

fn list_bytes(values: &[String]) -> usize {
    values.iter().map(String::len).sum()
}

fn text<Row>(rows: &[&Row], get: impl Fn(&Row) -> &str) -> ArrayRef {
    maybe_text(rows, |row| Some(get(row)))
}

/// The length is counted first: growing a buffer of megabytes by copying it costs more than a second look.
fn maybe_text<Row>(rows: &[&Row], get: impl Fn(&Row) -> Option<&str>) -> ArrayRef {
    let bytes = rows.iter().filter_map(|row| get(row)).map(str::len).sum();
    let mut builder = StringBuilder::with_capacity(rows.len(), bytes);
    for row in rows {
        builder.append_option(get(row));
    }
    Arc::new(builder.finish())
}

fn long<Row>(rows: &[&Row], get: impl Fn(&Row) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| get(row))))
}

fn maybe_long<Row>(rows: &[&Row], get: impl Fn(&Row) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| get(row)).collect::<Int64Array>())
}

fn int<Row>(rows: &[&Row], get: impl Fn(&Row) -> i32) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| get(row))))
}

fn maybe_int<Row>(rows: &[&Row], get: impl Fn(&Row) -> Option<i32>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| get(row)).collect::<Int32Array>())
}

fn time<Row>(rows: &[&Row], get: impl Fn(&Row) -> i64) -> ArrayRef {
    let times = rows.iter().map(|row| get(row));
    Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
}

fn maybe_time<Row>(rows: &[&Row], get: impl Fn(&Row) -> Option<i64>) -> ArrayRef {
    let times = rows.iter().map(|row| get(row));
    Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn list<Row>(rows: &[&Row], get: impl Fn(&Row) -> &[String]) -> ArrayRef {
    let values = rows.iter().map(|row| get(row).len()).sum();
    let bytes = rows.iter().map(|row| list_bytes(get(row))).sum();
    let texts = StringBuilder::with_capacity(values, bytes);
    let mut builder = ListBuilder::with_capacity(texts, rows.len()).with_field(list_element());
    for row in rows {
        for value in get(row) {
            builder.values().append_value(value);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}
