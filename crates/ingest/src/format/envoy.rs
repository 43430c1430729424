//! Access logs of Envoy in JSON (`envoy/access`): HTTP Activity.
//!
//! The format is the owner's; this reads the members that the documentation's example and the service meshes built on Envoy use. What is missing is
//! null or `-`. Its text format is another. Rules see the record and the W3C names. Contents: Envoy documentation, "Access logging", default and JSON format.

use ocsf::Event;

use super::marks::Keys;
use super::said::{Paths, Said};
use super::tree::Tree;
use super::{Format, Unreadable};

const PATHS: Paths = Paths {
    time: &["start_time"],
    client: &["x_forwarded_for", "x-forwarded-for", "downstream_remote_address", "downstream_direct_remote_address"],
    user: &["user", "jwt_sub"],
    method: &["method", ":method"],
    uri: &["path", "x-envoy-origin-path", "x_envoy_origin_path", ":path"],
    query: &[],
    version: &["protocol"],
    status: &["response_code"],
    bytes: &["bytes_sent"],
    received: &["bytes_received"],
    referer: &["referer"],
    agent: &["user_agent", "user-agent"],
    host: &["authority", ":authority"],
    uid: &["request_id", "x-request-id", "x_request_id"],
};

/// What only Envoy calls by these names.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    const MARKS: [&[u8]; 8] = [
        b"response_flags",
        b"upstream_cluster",
        b"upstream_host",
        b"downstream_remote_address",
        b"downstream_local_address",
        b"route_name",
        b"response_code_details",
        b"bytes_sent",
    ];
    keys.has_all(&[b"start_time", b"response_code"]) && keys.count(&MARKS) >= 3
}

fn said(tree: &mut Tree) -> Said {
    // A list of forwarded addresses begins with the client's.
    Said::of(tree, &PATHS).with_first_client()
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    said(&mut Tree::parse(raw)?).view(raw)
}

/// A request as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let said = said(&mut tree);
    let when = said.when("start_time")?;
    let mut event = said.event(Format::Envoy, when, raw, ("Envoy", "Envoy"));
    event.status_detail = tree.take(&["response_flags"]).filter(|flags| flags != "-");
    if let Some(response) = &mut event.http_response {
        response.latency = tree.count(&["duration"]);
    }
    event.service = tree.take(&["upstream_cluster"]).filter(|name| name != "-").map(ocsf::Identified::named);
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request() {
        let raw = br#"{"start_time":"2026-03-02T10:11:12.345Z","method":"GET","path":"/v1/students?all=1","protocol":"HTTP/2","response_code":200,"response_flags":"-","bytes_sent":121258,
            "bytes_received":0,"duration":11,"authority":"shop.example","user_agent":"curl","x_forwarded_for":"192.0.2.7,10.0.0.1","upstream_cluster":"api","request_id":"r-1","upstream_host":null}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(
            (event.hot().src_ip, event.bytes, event.uid()),
            (Some("192.0.2.7"), Some(121_258), "r-1")
        );
        assert_eq!((event.http_response.unwrap().latency, event.status_detail), (Some(11), None));
    }
}
