//! What browsers report: our own beacons (sent as text to avoid the question before it), Content Security Policy reports
//! in both forms, and lists of the Reporting API.
//!
//! Anybody can send these. They are small, and they are never taken for more than what some browser said.

use http::StatusCode;

use super::{Reply, Request, Taken, body, cors};

/// `sendBeacon` sends no more than this.
pub(super) const REPORT_BYTES_MAX: usize = 64 << 10;

pub(super) fn take(request: &Request<'_>, body: &[u8], now_ms: i64) -> Taken {
    if REPORT_BYTES_MAX < body.len() {
        return Err(format!("a report of more than {REPORT_BYTES_MAX} bytes is not taken"));
    }
    let reports = body::objects(body)?;
    let received = jiff::Timestamp::from_millisecond(now_ms).map_err(|error| error.to_string())?;
    let records = reports.iter().map(|report| timed(report.get(), received)).collect();
    Ok((records, cors::allowing(request, Reply::empty(StatusCode::NO_CONTENT))))
}

/// A report with the time of its arrival: browsers tell none, or their own clock's. It stands last, where it counts even if the
/// sender wrote one.
fn timed(report: &str, received: jiff::Timestamp) -> Vec<u8> {
    match report.trim_ascii_end().strip_suffix('}') {
        Some(members) if report.trim_ascii_start().starts_with('{') => {
            let comma = if members.trim_ascii().len() == 1 { "" } else { "," };
            format!("{members}{comma}\"received_at\":\"{received}\"}}").into_bytes()
        }
        _ => report.as_bytes().to_vec(),
    }
}
