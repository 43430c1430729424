//! Cross-origin answers for browsers: any page of ours may report, nothing is ever read back.

use http::{Method, StatusCode};

use super::{Reply, Request, header};

/// A day: how long a browser need not ask again.
const REMEMBERED_SECONDS: &str = "86400";

/// The question a browser asks before it reports across origins.
pub(super) fn preflight(request: &Request<'_>) -> Option<Reply> {
    if request.method != Method::OPTIONS {
        return None;
    }
    let mut reply = allowing(request, Reply::empty(StatusCode::NO_CONTENT));
    reply.headers.push(("access-control-allow-methods", "POST".to_owned()));
    reply.headers.push(("access-control-allow-headers", "content-type".to_owned()));
    reply.headers.push(("access-control-max-age", REMEMBERED_SECONDS.to_owned()));
    Some(reply)
}

/// The reply, readable for the page that asked. No credentials are ever allowed.
pub(super) fn allowing(request: &Request<'_>, mut reply: Reply) -> Reply {
    if header(request, "origin").is_some() {
        reply.headers.push(("access-control-allow-origin", "*".to_owned()));
    }
    reply
}
