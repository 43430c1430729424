//! Application Gateway (`azure/applicationgateway`): HTTP Activity of its access log, and of its firewall with what it decided.
//!
//! The two generations of the product spell names differently (`clientIP`, `clientIp`). Rules see what `resourcelog` says and the W3C names.
//! Contents: Application Gateway documentation, "Diagnostic logs".

use ocsf::Event;

use super::azuregateway::Gateway;
use super::said::Paths;
use super::{Format, Unreadable};

const GATEWAY: Gateway = Gateway {
    format: Format::ApplicationGateway,
    product: "Application Gateway",
    paths: Paths {
        time: &["properties/timeStamp", "time", "timeStamp"],
        client: &["properties/clientIP", "properties/clientIp"],
        user: &[],
        method: &["properties/httpMethod"],
        uri: &["properties/originalRequestUriWithArgs", "properties/requestUri"],
        query: &["properties/requestQuery"],
        version: &["properties/httpVersion"],
        status: &["properties/httpStatus"],
        bytes: &["properties/sentBytes"],
        received: &["properties/receivedBytes"],
        referer: &[],
        agent: &["properties/userAgent"],
        host: &["properties/originalHost", "properties/host", "properties/hostname"],
        uid: &[],
    },
    request_id: "properties/transactionId",
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
    use ocsf::{Action, Status};

    use super::*;

    #[test]
    fn both_logs_and_both_spellings() {
        let access = br#"{"time":"2026-03-02T10:11:12Z","category":"ApplicationGatewayAccessLog","resourceId":"/subscriptions/AA/providers/Microsoft.Network/applicationGateways/g",
            "properties":{"clientIP":"192.0.2.7","clientPort":46886,"httpMethod":"GET","requestUri":"/a","requestQuery":"b=c","httpStatus":404,"sentBytes":553,"receivedBytes":65,"host":"shop.example","sslEnabled":"on"}}"#;
        let event = normalize(access).unwrap();
        assert_eq!(
            (event.hot().src_ip, event.bytes, event.hot().http_status),
            (Some("192.0.2.7"), Some(553), Some(404))
        );
        assert_eq!((event.account(), &event.unmapped["properties"]["sslEnabled"]), (Some("aa"), &"on".into()));
        let view: serde_json::Value = serde_json::from_slice(&view(access).unwrap()).unwrap();
        assert_eq!((&view["cs-uri"], &view["HttpStatus"]), (&"/a?b=c".into(), &404.into()));
        let firewall = br#"{"time":"2026-03-02T10:11:12Z","category":"ApplicationGatewayFirewallLog","properties":{"clientIp":"192.0.2.7","requestUri":"/","ruleId":"920350","action":"Blocked","message":"m"}}"#;
        let event = normalize(firewall).unwrap();
        assert_eq!(
            (event.action, event.status, event.operation()),
            (Some(Action::Denied), Status::Failure, Some("920350"))
        );
    }
}
