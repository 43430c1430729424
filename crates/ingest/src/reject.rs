//! A record that could not become an event: kept with its bytes, position and reason, so that in = out.
//!
//! Written out as the command line promises: `{"file","record","reason","raw_base64"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

/// One rejected record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Name of the file or object.
    pub member: String,
    /// 0-based index of the record in the member; damage counts as a record.
    pub record: u64,
    /// What is wrong and where, as a fragment (`eventTime is missing`).
    pub reason: String,
    /// The record's bytes, at most `Limits::rejected_raw_bytes_max` of them.
    pub raw: Vec<u8>,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    record: u64,
    reason: &'a str,
    raw_base64: String,
}

impl Serialize for Rejected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw_base64 = STANDARD.encode(&self.raw);
        Line { file: &self.member, record: self.record, reason: &self.reason, raw_base64 }.serialize(serializer)
    }
}
