//! Kong's request logs (`kong/access`): HTTP Activity. What its log plugins (http, file, tcp, …) write.
//!
//! Bodies are not in them unless an owner adds them; headers may hold credentials, and stay in the record and in `unmapped`. Rules see the record and the
//! W3C names. Contents: Kong documentation, "HTTP Log", log format.

use ocsf::Event;

use super::marks::Keys;
use super::said::{Paths, Said};
use super::tree::Tree;
use super::{Format, Unreadable};

const PATHS: Paths = Paths {
    time: &["started_at"],
    client: &["client_ip"],
    user: &["consumer/username", "consumer/custom_id", "authenticated_entity/consumer_id", "authenticated_entity/id"],
    method: &["request/method"],
    uri: &["request/uri", "upstream_uri"],
    query: &[],
    version: &[],
    status: &["response/status"],
    bytes: &["response/size"],
    received: &["request/size"],
    referer: &["request/headers/referer"],
    agent: &["request/headers/user-agent"],
    host: &["request/headers/host"],
    uid: &["request/id"],
};

/// Request, response and latencies side by side.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    keys.has_all(&[b"request", b"response", b"started_at"])
        && keys.count(&[b"latencies", b"client_ip", b"route", b"service", b"tries"]) >= 2
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    Said::of(&mut Tree::parse(raw)?, &PATHS).view(raw)
}

/// A request as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let said = Said::of(&mut tree, &PATHS);
    let when = said.when("started_at")?;
    let mut event = said.event(Format::Kong, when, raw, ("Kong", "Kong Gateway"));
    if let Some(response) = &mut event.http_response {
        response.latency = tree.count(&["latencies/request"]);
    }
    event.service = tree.take(&["service/name", "service/id"]).map(ocsf::Identified::named);
    event.metadata.tenant_uid = tree.take(&["workspace_name", "workspace"]);
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_a_consumer() {
        let raw = br#"{"request":{"method":"GET","uri":"/v1/students?all=1","size":75,"headers":{"user-agent":"curl","host":"api.example"}},"response":{"status":200,"size":5242880},
            "latencies":{"request":12,"proxy":10,"kong":2},"client_ip":"192.0.2.7","started_at":1772446272000,"consumer":{"username":"portal"},"service":{"name":"students"},"route":{"id":"r"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(
            (event.actor_key.as_deref(), event.bytes, event.hot().src_ip),
            (Some("web:portal"), Some(5_242_880), Some("192.0.2.7"))
        );
        assert_eq!((event.time.as_second(), event.http_response.unwrap().latency), (1_772_446_272, Some(12)));
        assert_eq!(event.unmapped["latencies"]["kong"], 2);
    }
}
