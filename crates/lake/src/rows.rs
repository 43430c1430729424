//! The row types of the lake, as plain structs: what the binary fills in and what it gets back.
//!
//! On the path: between `ingest` (an event or a rejection) or `sigma` (a finding) and the Delta tables. Field names are
//! the SQL column names, except that `*_us` (integer microseconds) are SQL timestamps named without the suffix:
//! `time_us` is column `time`. Nothing here interprets a value.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::error::AppendError;

/// One normalised event with the raw record it came from. Column `day` (UTC date of `time_us`) is derived;
/// column `seq` comes from the transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventRow {
    /// Legal entity that owns the record.
    pub tenant: String,
    /// Name of the configured source; equals the transaction's `source`.
    pub source: String,
    /// Position of the record inside its batch, so that `(source, seq, record)` finds it again.
    pub record: i64,
    /// Format, e.g. `aws/cloudtrail`.
    pub logsource: String,
    /// OCSF class.
    pub class_uid: i32,
    /// When it happened, microseconds since 1970 UTC. Decides the partition.
    pub time_us: i64,
    /// When we stored it.
    pub ingest_us: i64,
    /// When the source made it visible to us, if it says so.
    pub delivery_us: Option<i64>,
    /// The vendor's id of the event.
    pub event_uid: String,
    pub operation: String,
    pub status: Option<String>,
    /// Entity key, e.g. `aws:user:111122223333/ana`.
    pub actor: String,
    pub user_name: Option<String>,
    pub src_ip: Option<String>,
    pub user_agent: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    /// Keys of what was touched.
    pub resources: Vec<String>,
    /// Bytes that moved.
    pub bytes: Option<i64>,
    pub http_status: Option<i32>,
    /// Rows or objects that moved.
    pub row_count: Option<i64>,
    /// The record as received: this is the evidence. Bytes that are no UTF-8 are shown as U+FFFD.
    pub raw: String,
    /// The record's own bytes, only where `raw` cannot hold them.
    pub raw_bytes: Option<Vec<u8>>,
}

impl EventRow {
    /// The record byte for byte: what its sealed digest is taken of.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.raw_bytes.as_deref().unwrap_or(self.raw.as_bytes())
    }
}

/// One finding. `json` is the whole of it; the other fields are what queries and projections ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingRow {
    /// Deterministic id.
    pub uid: String,
    pub tenant: String,
    pub rule_id: String,
    pub rule_version: String,
    pub title: String,
    pub surface: String,
    pub severity: i32,
    pub confidence: Option<i32>,
    pub class_uid: i32,
    /// When the thing found happened. Decides the partition.
    pub time_us: i64,
    /// When we found it.
    pub discovered_us: i64,
    pub logsource: String,
    /// The (completing) event.
    pub event_uid: String,
    /// Every event it stands on: the one above, or those of the window that a correlation found.
    pub event_uids: Vec<String>,
    pub actor: String,
    pub resources: Vec<String>,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// The whole finding as JSON.
    pub json: String,
    /// Batch that produced it; column `seq` comes from the transaction.
    pub source: String,
}

/// One event that matched a rule which a correlation is about. Kept so that correlations survive a restart; it can be made
/// again from the events at any time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HitRow {
    pub tenant: String,
    pub source: String,
    pub correlation_id: String,
    pub correlation_version: String,
    /// Which of the correlation's rules matched, by their order in its list.
    pub rule: i32,
    /// When the event happened. Decides the partition.
    pub time_us: i64,
    pub event_uid: String,
    /// The values of the group-by fields, as a JSON array of texts and nulls.
    pub group_key: String,
    /// What is counted or added up. Column `hit_values`: the other word is taken in SQL.
    pub values: Vec<String>,
}

/// One event's word that an entity stands behind another. Can be made again from the events at any time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkRow {
    pub tenant: String,
    pub source: String,
    /// When the event happened. Decides the partition.
    pub time_us: i64,
    pub event_uid: String,
    /// Who stands behind. Column `from_key`.
    pub from: String,
    /// Whom one sees. Column `to_key`.
    pub to: String,
    /// How: `assumed`, `runs`, `credentialed`, `guards`.
    pub kind: String,
}

/// One record that could not be read, with its bytes and the reason. Partitioned by `ingest_us`: it has no known time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RejectedRow {
    pub tenant: String,
    pub source: String,
    /// File, object or message the record was in.
    pub member: String,
    /// Position inside the member.
    pub record: i64,
    pub reason: String,
    /// The bytes as received; they need not be UTF-8.
    pub raw: Vec<u8>,
    pub ingest_us: i64,
}

/// The UTC day of an instant: the partition a row goes to.
///
/// # Errors
/// When the instant lies outside the years 1 to 9999: other years have no agreed form in a folder name.
pub fn day_of(time_us: i64) -> Result<Date, AppendError> {
    let instant = Timestamp::from_microsecond(time_us).map_err(|_| AppendError::TimeOutOfRange { time_us })?;
    let day = instant.to_zoned(TimeZone::UTC).date();
    if day.year() < 1 { Err(AppendError::TimeOutOfRange { time_us }) } else { Ok(day) }
}
