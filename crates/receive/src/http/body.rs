//! From a body to records: decompressed within a bound, then split as a file with the same bytes would be.

use std::borrow::Cow;
use std::io::Read as _;

use http::StatusCode;
use ingest::Limits;
use ingest::frame::{Framed, Framer, Window};

use super::{Request, header};

/// The body as the sender meant it, or the status and reason of the refusal.
pub(super) fn decoded<'r>(request: &Request<'r>, bytes_max: usize) -> Result<Cow<'r, [u8]>, (StatusCode, String)> {
    let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, format!("a body of more than {bytes_max} bytes is not taken"));
    let body = request.body;
    if bytes_max < body.len() {
        return Err(too_large());
    }
    let encoding = header(request, "content-encoding").unwrap_or("identity").trim().to_ascii_lowercase();
    let mut decoder: Box<dyn std::io::Read + '_> = match encoding.as_str() {
        "" | "identity" => return Ok(Cow::Borrowed(body)),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(body)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(body)),
        other => {
            let reason = format!("content-encoding `{other}` is not read; send gzip, deflate or none");
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
        }
    };
    let mut decoded = Vec::new();
    let read = decoder.by_ref().take(bytes_max as u64 + 1).read_to_end(&mut decoded);
    read.map_err(|error| (StatusCode::BAD_REQUEST, format!("the body cannot be decompressed: {error}")))?;
    if bytes_max < decoded.len() { Err(too_large()) } else { Ok(Cow::Owned(decoded)) }
}

/// The records of a body. What is damaged is a record too: it is laid down as it is, and rejected where it is read.
pub(super) fn records(body: &[u8]) -> Vec<Vec<u8>> {
    // Nothing is cut here: whoever reads the spool applies the limits and keeps what it rejects.
    let limits = Limits {
        record_bytes_max: usize::MAX,
        rejected_raw_bytes_max: usize::MAX,
        depth_max: u32::MAX,
        ..Limits::default()
    };
    let mut framer = Framer::new(Window::whole(body.to_vec(), None), &limits);
    let mut records = Vec::new();
    while let Some(framed) = framer.advance() {
        match framed {
            Framed::Record => records.push(framer.record().to_vec()),
            Framed::Damage(damage) if damage.raw.is_empty() => {}
            Framed::Damage(damage) => records.push(damage.raw),
        }
    }
    records
}

/// The objects of a JSON body that is one of them or a list of them.
pub(super) fn objects(body: &[u8]) -> Result<Vec<&serde_json::value::RawValue>, String> {
    let bad = |error: serde_json::Error| format!("the body is no JSON: {error}");
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body).map_err(bad)
    } else {
        serde_json::from_slice(body).map(|one| vec![one]).map_err(bad)
    }
}
