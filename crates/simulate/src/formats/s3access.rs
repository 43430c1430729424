//! S3 server access logs: one space-separated line per request, small files without extension.
//!
//! Delivery is best effort in the service, so not every request that CloudTrail knows has a line here.

use crate::actors::Principal;
use crate::clock::{self, Ms};
use crate::company::{DATA, HOME};
use crate::formats::Route;
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

/// Canonical id of the account that owns the buckets.
const OWNER: &str = "7c1d5a90e3f84b26a7c05de91b3f6842d0e79c54a1b8f3620dce47951ab8f036";

/// One request to a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) at: Ms,
    pub(crate) bucket: &'static str,
    pub(crate) who: &'a Principal,
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    /// `REST.GET.OBJECT`, `REST.GET.BUCKET`, `REST.PUT.OBJECT`.
    pub(crate) operation: &'static str,
    pub(crate) key: Option<&'a str>,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
}

impl Request<'_> {
    fn line(&self, request_id: &str, rng: &mut Rng) -> String {
        let requester = self.who.arn().unwrap_or_else(|| "-".to_owned());
        let signed = self.who != &Principal::Anonymous;
        let verb = self.operation.split('.').nth(1).unwrap_or("GET");
        let key = self.key.unwrap_or("-");
        let uri = match self.key {
            Some(key) => format!("{verb} /{key} HTTP/1.1"),
            None => format!("{verb} /?list-type=2&max-keys=1000 HTTP/1.1"),
        };
        let error = if self.status == 403 { "AccessDenied" } else { "-" };
        let (signature, auth) = if signed { ("SigV4", "AuthHeader") } else { ("-", "-") };
        let size = if self.key.is_some() && self.status < 300 { self.bytes.to_string() } else { "-".to_owned() };
        let sent = if self.bytes == 0 { "-".to_owned() } else { self.bytes.to_string() };
        format!(
            "{OWNER} {} {} {} {requester} {request_id} {} {key} \"{uri}\" {} {error} {} {size} {} {} \"-\" \"{}\" - {}= {signature} \
             TLS_AES_128_GCM_SHA256 {auth} {}.s3.{HOME}.amazonaws.com TLSv1.3 - -",
            self.bucket,
            clock::bracketed(self.at),
            self.ip,
            self.operation,
            self.status,
            sent,
            rng.range(9, 140),
            rng.range(5, 60),
            self.agent,
            rng.alnum(75),
            self.bucket,
        )
    }
}

pub(crate) fn path(bucket: &str, slot: Ms, rng: &mut Rng) -> String {
    let day = clock::date_path(slot);
    let stamp = clock::seconds(slot + 3 * clock::HOUR + 17 * clock::MINUTE).replace([':', 'T'], "-");
    let name = format!("{}-{}", stamp.trim_end_matches('Z'), rng.hex_upper(16));
    format!("telemetry/aws/s3access/{DATA}/{HOME}/{bucket}/{day}/{name}")
}

impl Stage<'_> {
    pub(crate) fn s3_line(&mut self, rng: &mut Rng, request: &Request<'_>) {
        let id = rng.hex_upper(16);
        let line = request.line(&id, rng);
        self.push(Route::S3Access(request.bucket), request.at, line, Some(id), Hushable::Never);
    }
}
