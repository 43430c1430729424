//! API Gateway access logs (`aws/apigateway`): HTTP Activity.
//!
//! The format is the owner's: this reads JSON whose members are named after the context variables (`requestId`, `ip`, `httpMethod`,
//! `path` or `resourcePath` or `routeKey`, `status`, …), as the console's JSON sample and our template do. Logs in the common format are
//! `web/access`. Rules see the record and the W3C names. Contents: API Gateway developer guide, "Variables for access logging".

use ocsf::Event;

use super::marks::Keys;
use super::said::{Paths, Said};
use super::tree::Tree;
use super::{Format, Unreadable};

const MARKS: [&[u8]; 9] = [
    b"requestId",
    b"extendedRequestId",
    b"requestTime",
    b"requestTimeEpoch",
    b"routeKey",
    b"resourcePath",
    b"responseLength",
    b"protocol",
    b"apiId",
];

/// One request, by the names of the console's sample.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    keys.has_all(&[b"requestId", b"status"])
        && keys.count(&[b"ip", b"sourceIp", b"identity"]) >= 1
        && keys.count(&[b"requestTime", b"requestTimeEpoch"]) >= 1
        && keys.count(&MARKS) >= 3
}

const PATHS: Paths = Paths {
    time: &["requestTimeEpoch", "requestTime"],
    client: &["ip", "sourceIp", "identity/sourceIp"],
    user: &["user", "caller", "authorizer/claims/sub", "authorizer/principalId", "identity/userArn"],
    method: &["httpMethod"],
    uri: &["path", "resourcePath"],
    query: &[],
    version: &["protocol"],
    status: &["status"],
    bytes: &["responseLength"],
    received: &[],
    referer: &[],
    agent: &["userAgent", "identity/userAgent"],
    host: &["domainName"],
    uid: &["extendedRequestId", "requestId"],
};

fn said(tree: &mut Tree) -> Said {
    let route = tree.peek("routeKey");
    let mut said = Said::of(tree, &PATHS);
    said.set_route(route.as_deref());
    said
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    said(&mut Tree::parse(raw)?).view(raw)
}

/// A request as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let said = said(&mut tree);
    let when = said.when("requestTime")?;
    let mut event = said.event(Format::ApiGateway, when, raw, ("AWS", "API Gateway"));
    event.metadata.correlation_uid = tree.take(&["requestId", "xrayTraceId"]);
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_the_console() {
        let rest = br#"{"requestId":"r","ip":"192.0.2.7","caller":"-","user":"ann","requestTime":"02/Mar/2026:10:11:12 +0000",
            "httpMethod":"GET","resourcePath":"/v1/students","status":"200","protocol":"HTTP/1.1","responseLength":"4711"}"#;
        let event = normalize(rest).unwrap();
        assert_eq!((event.time.to_string().as_str(), event.bytes), ("2026-03-02T10:11:12Z", Some(4711)));
        assert_eq!((event.actor_key.as_deref(), event.hot().src_ip), (Some("web:ann"), Some("192.0.2.7")));
        let http = br#"{"requestId":"r","ip":"192.0.2.7","requestTime":"02/Mar/2026:10:11:12 +0000","routeKey":"POST /orders","status":"403","protocol":"HTTP/1.1","responseLength":"2"}"#;
        let event = normalize(http).unwrap();
        assert_eq!((event.activity_id, event.status), (6, ocsf::Status::Failure));
    }
}
