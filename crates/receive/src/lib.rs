//! Network inlets: what others send is laid down durably, acknowledged, and read from there as a source.
//!
//! Before `ingest` on the path. A sender that was told "taken" will not send again, so a record is on disk before anybody
//! says so; the flow then reads it as it reads any file, and what it read for good is removed. One [`Spool`] a source.
//!
//! Inlets decide who may send and what the records in a delivery are; they know no format, no rule and no table.

pub mod http;
pub mod spool;
pub mod syslog;

pub use spool::{Before, Refused, Spool, SpoolError, SpoolLimits, SpoolSource};
