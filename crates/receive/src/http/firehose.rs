//! Amazon Data Firehose, HTTP endpoint delivery request and response specifications 1.0.
//!
//! The reply must give the request's id back with a time; without either, Firehose takes a 200 for a failure.

use std::borrow::Cow;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{Reply, Request, Taken, body, header};

/// The specification's bound of `errorMessage`, in characters.
const ERROR_CHARS_MAX: usize = 8192;
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery<'d> {
    #[serde(borrow)]
    request_id: Cow<'d, str>,
    #[serde(borrow)]
    records: Vec<Record<'d>>,
}

#[derive(Deserialize)]
struct Record<'d> {
    #[serde(borrow)]
    data: Cow<'d, str>,
}

pub(super) fn take(body: &[u8], bytes_max: usize, now_ms: i64) -> Taken {
    let delivery: Delivery<'_> =
        serde_json::from_slice(body).map_err(|error| format!("the body is no Firehose delivery: {error}"))?;
    let mut records = Vec::new();
    // All that is decompressed together stays within what one body may be.
    let mut left = bytes_max;
    for (index, record) in delivery.records.iter().enumerate() {
        let data = STANDARD.decode(record.data.as_bytes());
        let data = data.map_err(|error| format!("records[{index}].data is no base64: {error}"))?;
        let inside = in_data(&data, left).map_err(|reason| format!("records[{index}].data: {reason}"))?;
        left = left.saturating_sub(inside.iter().map(Vec::len).sum());
        records.extend(inside);
    }
    Ok((records, reply(&delivery.request_id, now_ms)))
}

/// Subscriptions of CloudWatch Logs come compressed inside; control messages of theirs are no records.
fn in_data(data: &[u8], bytes_max: usize) -> Result<Vec<Vec<u8>>, String> {
    if !data.starts_with(GZIP_MAGIC) {
        return Ok(body::records(data));
    }
    let mut text = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(data).take(bytes_max as u64 + 1);
    decoder.read_to_end(&mut text).map_err(|error| format!("it cannot be decompressed: {error}"))?;
    if bytes_max < text.len() {
        return Err("what is compressed in this delivery is too much for one".to_owned());
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Subscription<'s> {
        message_type: Option<Cow<'s, str>>,
    }
    let control = serde_json::from_slice::<Subscription<'_>>(&text)
        .is_ok_and(|subscription| subscription.message_type.as_deref() == Some("CONTROL_MESSAGE"));
    Ok(if control { Vec::new() } else { body::records(&text) })
}

fn reply(request_id: &str, now_ms: i64) -> Reply {
    Reply::json(StatusCode::OK, &json!({"requestId": request_id, "timestamp": now_ms}))
}

/// A refusal in the form that shows up in Firehose's error logs.
pub(super) fn refusal(request: &Request<'_>, status: StatusCode, reason: &str, now_ms: i64) -> Reply {
    let id = header(request, "x-amz-firehose-request-id").unwrap_or_default();
    let message: String = reason.chars().take(ERROR_CHARS_MAX).collect();
    Reply::json(status, &json!({"requestId": id, "timestamp": now_ms, "errorMessage": message}))
}
