//! Application Gateway (`azure/applicationgateway`): HTTP Activity of its access log, and of its firewall with what it decided.
//!
//! The two generations of the product spell names differently (`clientIP`, `clientIp`). Rules see what `resourcelog` says and the W3C names.
//! Contents: Application Gateway documentation, "Diagnostic logs".

use ocsf::{Account, Action, Cloud, Event, Resource, Status};

use super::resourcelog;
use super::said::{Paths, Said};
use super::tree::Tree;
use super::{Format, Unreadable};

const PATHS: Paths = Paths {
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
};

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let lifted = resourcelog::lifted(raw)?;
    Said::of(&mut Tree::of_azure(raw)?, &PATHS).view(&lifted)
}

/// A request as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::of_azure(raw)?;
    let said = Said::of(&mut tree, &PATHS);
    let when = said.when("time")?;
    let mut event = said.event(Format::ApplicationGateway, when, raw, ("Microsoft", "Application Gateway"));
    decide(&mut event, &mut tree, "properties/action");
    event.metadata.correlation_uid = tree.take(&["properties/transactionId"]);
    finish(&mut event, tree, &["properties/clientPort"]);
    Ok(event)
}

/// What the firewall made of the request: `Blocked`, `Allowed`, `Matched`, `Detected`, `Log`, ….
pub(super) fn decide(event: &mut Event, tree: &mut Tree, path: &str) {
    let Some(action) = tree.take(&[path]) else { return };
    event.action = match action.to_ascii_lowercase().as_str() {
        "blocked" | "block" | "deny" => Some(Action::Denied),
        "allowed" | "allow" | "matched" | "detected" | "log" => Some(Action::Allowed),
        _ => None,
    };
    if event.http_response.is_none() {
        event.status = if event.action == Some(Action::Denied) { Status::Failure } else { Status::Unknown };
    }
    event.metadata.event_code = tree.take(&["properties/ruleId", "properties/ruleName"]);
    event.message = tree.take(&["properties/message", "properties/details/message"]);
    event.status_detail = Some(action);
}

/// The port of the client, the resource and its subscription; what is left survives.
pub(super) fn finish(event: &mut Event, mut tree: Tree, ports: &[&str]) {
    let port = super::tree::port(tree.count(ports)).filter(|port| 0 < *port);
    if let Some(end) = event.src_endpoint.as_mut().filter(|_| port.is_some()) {
        end.port = port;
    }
    let resource = tree.take(&["resourceId", "ResourceId"]);
    let account = resource.as_deref().and_then(resourcelog::subscription).map(Account::azure_subscription);
    event.cloud = Some(Cloud { provider: "Azure", region: tree.take(&["location"]), zone: None, account });
    event.resources.extend(resource.map(|uid| Resource {
        kind: resourcelog::provider(&uid),
        uid: Some(uid),
        ..Resource::default()
    }));
    event.unmapped = tree.rest();
}

#[cfg(test)]
mod tests {
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
