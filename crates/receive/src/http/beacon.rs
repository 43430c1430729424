//! What browsers report: our own beacons (sent as text to avoid the question before it), Content Security Policy reports
//! in both forms, and lists of the Reporting API.
//!
//! Anybody can send these. They are small, and they are never taken for more than what some browser said.

use http::StatusCode;

use super::{Reply, Request, Taken, body, cors};

/// `sendBeacon` sends no more than this.
const REPORT_BYTES_MAX: usize = 64 << 10;

pub(super) fn take(request: &Request<'_>, body: &[u8]) -> Taken {
    if REPORT_BYTES_MAX < body.len() {
        return Err(format!("a report of more than {REPORT_BYTES_MAX} bytes is not taken"));
    }
    let reports = body::objects(body)?;
    let records = reports.iter().map(|report| report.get().as_bytes().to_vec()).collect();
    Ok((records, cors::allowing(request, Reply::empty(StatusCode::NO_CONTENT))))
}
