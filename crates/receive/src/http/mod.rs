//! Inlets that HTTP senders knock at: what a request means is decided here, without a socket and without a clock.
//!
//! The edge reads a request, asks [`Inlet::answer`], lays down what is to be taken, and only then sends the reply. One file
//! per protocol; `auth` says who may send, `body` what the records in a body are.

mod auth;
mod beacon;
mod body;
mod cors;
mod event_grid;
mod firehose;
mod okta;
mod xapi;

#[cfg(test)]
mod tests;

use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use auth::{Auth, Secret, SecretError};

/// How a sender speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Logs as they are: JSON, JSON lines, lists, wrappers or text lines. EventBridge API destinations, Caliper sensors,
    /// Canvas, Kong and most webhooks send this.
    Plain,
    /// Amazon Data Firehose, HTTP endpoint delivery 1.0.
    Firehose,
    /// Azure Event Grid, both schemas, with their handshakes.
    EventGrid,
    /// Okta event hooks, with the one-time verification.
    Okta,
    /// Experience API statements (IEEE 9274.1.1).
    Xapi,
    /// Reports of browsers: beacons, Content Security Policy and Reporting API. Answers across origins.
    Beacon,
}

/// Firehose sends at most 64 MiB; nobody else here sends as much.
const BODY_BYTES_MAX: usize = 64 << 20;

impl Protocol {
    /// The longest body that a sender has reason to send.
    #[must_use]
    pub fn body_bytes_max(self) -> usize {
        if self == Self::Beacon { beacon::REPORT_BYTES_MAX } else { BODY_BYTES_MAX }
    }
}

/// One place where a sender delivers.
#[derive(Debug)]
pub struct Inlet {
    pub protocol: Protocol,
    pub auth: Auth,
    /// A body, compressed and not, is not longer.
    pub body_bytes_max: usize,
}

/// What the edge has read.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    pub method: &'r Method,
    /// The query without its question mark.
    pub query: &'r str,
    pub headers: &'r HeaderMap,
    pub body: &'r [u8],
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is to be kept: a handshake, or a refusal.
    Reply(Reply),
    /// Lay down the records, then reply; if they cannot be laid down, answer [`Inlet::busy`].
    Take { records: Vec<Vec<u8>>, reply: Reply },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// How long a sender should wait when we cannot take more.
const RETRY_AFTER_SECONDS: &str = "30";

impl Inlet {
    /// `now_ms`: milliseconds since 1970, for signatures that expire and for protocols that want the time back.
    #[must_use]
    pub fn answer(&self, request: &Request<'_>, now_ms: i64) -> Answer {
        if let Some(handshake) = self.handshake(request) {
            return Answer::Reply(handshake);
        }
        if request.method != Method::POST && !(self.protocol == Protocol::Xapi && request.method == Method::PUT) {
            return Answer::Reply(Reply::refusal(StatusCode::METHOD_NOT_ALLOWED, "deliveries are POSTed"));
        }
        if let Err(reason) = self.auth.allows(request, now_ms / 1000) {
            return Answer::Reply(self.refuse(request, StatusCode::UNAUTHORIZED, reason, now_ms));
        }
        let body = match body::decoded(request, self.body_bytes_max) {
            Ok(body) => body,
            Err((status, reason)) => return Answer::Reply(self.refuse(request, status, &reason, now_ms)),
        };
        let taken = match self.protocol {
            Protocol::Plain => Ok((body::records(&body), Reply::empty(StatusCode::ACCEPTED))),
            Protocol::Firehose => firehose::take(&body, self.body_bytes_max, now_ms),
            Protocol::EventGrid => event_grid::take(request, &body),
            Protocol::Okta => okta::take(&body),
            Protocol::Xapi => xapi::take(request, &body),
            Protocol::Beacon => beacon::take(request, &body, now_ms),
        };
        match taken {
            Ok((records, reply)) => Answer::Take { records, reply },
            Err(reason) => Answer::Reply(self.refuse(request, StatusCode::BAD_REQUEST, &reason, now_ms)),
        }
    }

    /// The refusal of a request whose secret does not need its body to be judged; the edge asks this before it reads one.
    /// `None` for everybody else, and for handshakes.
    #[must_use]
    pub fn turned_away(&self, request: &Request<'_>, now_ms: i64) -> Option<Reply> {
        if self.auth.signs_the_body() || self.handshake(request).is_some() {
            return None;
        }
        let reason = self.auth.allows(request, now_ms / 1000).err()?;
        Some(self.refuse(request, StatusCode::UNAUTHORIZED, reason, now_ms))
    }

    /// Answers what is no delivery but the sender's question whether we are there.
    fn handshake(&self, request: &Request<'_>) -> Option<Reply> {
        match self.protocol {
            Protocol::EventGrid => event_grid::handshake(request, &self.auth),
            Protocol::Okta => okta::handshake(request),
            Protocol::Beacon => cors::preflight(request),
            Protocol::Plain | Protocol::Firehose | Protocol::Xapi => None,
        }
    }

    /// The answer when the records could not be laid down: every sender here tries again after it.
    #[must_use]
    pub fn busy(&self, request: &Request<'_>, reason: &str, now_ms: i64) -> Reply {
        let mut reply = self.refuse(request, StatusCode::SERVICE_UNAVAILABLE, reason, now_ms);
        reply.headers.push(("retry-after", RETRY_AFTER_SECONDS.to_owned()));
        reply
    }

    fn refuse(&self, request: &Request<'_>, status: StatusCode, reason: &str, now_ms: i64) -> Reply {
        match self.protocol {
            Protocol::Firehose => firehose::refusal(request, status, reason, now_ms),
            Protocol::Beacon => cors::allowing(request, Reply::refusal(status, reason)),
            _ => Reply::refusal(status, reason),
        }
    }
}

impl Reply {
    fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    fn json(status: StatusCode, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    fn refusal(status: StatusCode, reason: &str) -> Self {
        Self::json(status, &serde_json::json!({"error": reason}))
    }
}

/// Records and the reply that goes out once they are laid down, or why there are none.
type Taken = Result<(Vec<Vec<u8>>, Reply), String>;

/// The text of a header; `None` if there is none or it is no text.
fn header<'r>(request: &Request<'r>, name: &str) -> Option<&'r str> {
    request.headers.get(name)?.to_str().ok()
}
