//! Azure Front Door (`azure/frontdoor`): HTTP Activity of its access log, and of its firewall with what it decided.
//!
//! The firewall's matches may hold the very data a rule saw; they stay in the record and in `unmapped`. Rules see what `resourcelog` says and
//! the W3C names. Contents: Front Door documentation, "Monitor metrics and logs".

use ocsf::Event;

use super::azuregateway::Gateway;
use super::said::Paths;
use super::{Format, Unreadable};

const GATEWAY: Gateway = Gateway {
    format: Format::FrontDoor,
    product: "Azure Front Door",
    paths: Paths {
        time: &["time"],
        client: &["properties/clientIp", "properties/clientIP", "properties/socketIp", "properties/socketIP"],
        user: &[],
        method: &["properties/httpMethod"],
        uri: &["properties/requestUri"],
        query: &[],
        version: &["properties/httpVersion"],
        status: &["properties/httpStatusCode"],
        bytes: &["properties/responseBytes"],
        received: &["properties/requestBytes"],
        referer: &["properties/referer", "properties/referrer"],
        agent: &["properties/userAgent"],
        host: &["properties/hostName", "properties/host"],
        uid: &[],
    },
    request_id: "properties/trackingReference",
};

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    GATEWAY.view(raw)
}

/// A request as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    GATEWAY.normalize(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_firewall_saw() {
        let raw = br#"{"time":"2026-03-02T10:11:12Z","category":"FrontDoorWebApplicationFirewallLog","properties":{"clientIP":"192.0.2.7","clientPort":"56094",
            "requestUri":"https://shop.example:443/a","ruleName":"AllowAll","action":"Log","policy":"p","host":"shop.example","details":{"matches":[]}}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.hot().src_ip, event.operation()), (Some("192.0.2.7"), Some("AllowAll")));
        assert_eq!(event.src_endpoint.as_ref().unwrap().port, Some(56094));
        assert_eq!(
            (event.status_detail.as_deref(), &event.unmapped["properties"]["policy"]),
            (Some("Log"), &"p".into())
        );
    }
}
