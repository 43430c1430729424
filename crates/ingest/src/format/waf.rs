//! AWS WAF web ACL logs (`aws/waf`): HTTP Activity with what the ACL decided.
//!
//! Rules see the record itself (`action`, `terminatingRuleId`, `httpRequest.clientIp`, `labels`), not the names of web servers:
//! a blocked request was answered by nobody behind it. Contents: AWS WAF developer guide, "Log fields for protection pack
//! traffic".

use jiff::Timestamp;
use ocsf::{Account, Action, Cloud, Event, Resource, Status};

use super::json::{List, Scalar, fields, parse};
use super::web::Hit;
use super::{Format, Unreadable, time};

fields!(Record {
    timestamp = "timestamp": Scalar<'a>,
    acl = "webaclId": Scalar<'a>,
    rule = "terminatingRuleId": Scalar<'a>,
    rule_kind = "terminatingRuleType": Scalar<'a>,
    action = "action": Scalar<'a>,
    source_name = "httpSourceName": Scalar<'a>,
    source_id = "httpSourceId": Scalar<'a>,
    response = "responseCodeSent": Scalar<'a>,
    request = "httpRequest": Request<'a>,
});
fields!(Request {
    client = "clientIp": Scalar<'a>,
    country = "country": Scalar<'a>,
    uri = "uri": Scalar<'a>,
    args = "args": Scalar<'a>,
    version = "httpVersion": Scalar<'a>,
    method = "httpMethod": Scalar<'a>,
    id = "requestId": Scalar<'a>,
    headers = "headers": List<Header<'a>>,
});
fields!(Header { name = "name": Scalar<'a>, value = "value": Scalar<'a> });

impl Request<'_> {
    fn header(&self, wanted: &str) -> Option<&str> {
        let named = |header: &&Header<'_>| header.name.text().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        self.headers.0.iter().find(named)?.value.text()
    }
}

/// A decision as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let when = when(&record.timestamp)?;
    let request = &record.request;
    let path = request.uri.text().unwrap_or("/");
    let uri = request.args.text().map_or_else(|| path.to_owned(), |args| format!("{path}?{args}"));
    let hit = Hit {
        client: request.client.text(),
        method: request.method.text(),
        uri: Some(&uri),
        version: request.version.text(),
        referer: request.header("referer"),
        agent: request.header("user-agent"),
        host: request.header("host"),
        ..Hit::default()
    };
    let mut event = hit.event(Format::Waf, when, raw);
    let acl = record.acl.text();
    event.metadata = ocsf::Metadata {
        product_name: "AWS WAF",
        vendor_name: "AWS",
        event_code: record.rule.string(),
        correlation_uid: request.id.string(),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(cloud(acl));
    if let Some(http) = &mut event.http_request {
        http.uid = request.id.string();
    }
    if let (Some(end), Some(country)) = (&mut event.src_endpoint, request.country.string()) {
        end.location = Some(ocsf::Location { country: Some(country), ..ocsf::Location::default() });
    }
    let action = record.action.text();
    event.action = match action {
        // A challenge is passed or not in a later record.
        Some("ALLOW" | "COUNT") => Some(Action::Allowed),
        Some("BLOCK") => Some(Action::Denied),
        _ => None,
    };
    event.status = match event.action {
        Some(Action::Allowed) => Status::Success,
        Some(Action::Denied) => Status::Failure,
        None => Status::Unknown,
    };
    event.status_code = record.response.string();
    event.status_detail = action.map(str::to_owned);
    let of = |uid: Option<String>, kind: &str| {
        uid.filter(|uid| uid != "-").map(|uid| Resource {
            uid: Some(uid),
            kind: Some(kind.to_owned()),
            ..Resource::default()
        })
    };
    event.resources.extend(of(record.source_id.string(), record.source_name.text().unwrap_or("source")));
    event.resources.extend(of(record.acl.string(), "AWS::WAFv2::WebACL"));
    Ok(event)
}

/// Milliseconds since 1970; some collectors turn them into RFC 3339.
fn when(value: &Scalar<'_>) -> Result<Timestamp, Unreadable> {
    let written = value.string().ok_or_else(|| Unreadable::missing("timestamp"))?;
    let found = value.count().and_then(time::milliseconds).or_else(|| time::instant(&written));
    found.ok_or_else(|| Unreadable(format!("timestamp `{written}` is not a time")))
}

/// `arn:aws:wafv2:<region>:<account>:…`. Names of classic WAF are no ARNs.
fn cloud(acl: Option<&str>) -> Cloud {
    let parts: Vec<&str> =
        acl.filter(|acl| acl.starts_with("arn:")).map(|acl| acl.split(':').collect()).unwrap_or_default();
    let part = |at: usize| parts.get(at).copied().filter(|part| !part.is_empty()).map(str::to_owned);
    Cloud { provider: "AWS", region: part(3), zone: None, account: part(4).map(Account::aws) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_request() {
        let raw = br#"{"timestamp":1772446272000,"formatVersion":1,"webaclId":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b",
            "terminatingRuleId":"sqli","action":"BLOCK","httpSourceName":"ALB","httpSourceId":"app/shop/1","httpRequest":{
            "clientIp":"192.0.2.7","country":"DE","headers":[{"name":"Host","value":"shop.example"},{"name":"user-agent","value":"x"}],
            "uri":"/a","args":"b=1","httpVersion":"HTTP/2.0","httpMethod":"GET","requestId":"r"}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
        assert_eq!((event.type_uid(), event.action, event.status), (400_203, Some(Action::Denied), Status::Failure));
        assert_eq!(event.hot().user_agent, Some("x"));
        assert_eq!(event.actor_key.as_deref(), Some("ip:192.0.2.7"));
        assert_eq!((event.account(), event.hot().region), (Some("111122223333"), Some("eu-west-1")));
        assert_eq!(event.resource_uids()[0], "app/shop/1");
    }
}
