//! Reports of browsers (`browser/reports`): Detection Finding for what a policy forbade, else a Base event.
//!
//! The older `{"csp-report": …}` and the Reporting API's list. Anybody may send one: they are hints, not facts. The instant is when the
//! server received it, less the `age` of the report; a report that nobody gave a time is rejected. Rules see the record itself. Contents: W3C
//! "Content Security Policy Level 3" and "Reporting API".

use ocsf::{Class, Event, FindingStatus, HttpRequest, Severity, Url, VendorFinding};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, web};
use crate::frame::member_text;

/// Either generation.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    const KINDS: [&[u8]; 8] = [
        b"\"csp-violation\"",
        b"\"permissions-policy-violation\"",
        b"\"coep\"",
        b"\"coop\"",
        b"\"network-error\"",
        b"\"integrity-violation\"",
        b"\"deprecation\"",
        b"\"intervention\"",
    ];
    let kind = member_text(record, b"type").is_some_and(|kind| KINDS.contains(&kind));
    keys.has(b"csp-report") || (kind && keys.has(b"body"))
}

/// A report.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let received = tree.when(&["received_at", "received", "timestamp", "@timestamp", "time"])?;
    let age = tree.count(&["age"]).and_then(|age| i64::try_from(age).ok()).unwrap_or(0);
    let when = jiff::Timestamp::from_millisecond(received.as_millisecond().saturating_sub(age)).unwrap_or(received);
    let kind = tree.take(&["type"]).unwrap_or_else(|| "csp-violation".to_owned());
    let at = |tree: &mut Tree, old: &str, new: &str| tree.take(&[&format!("csp-report/{old}"), &format!("body/{new}")]);
    let directive = at(&mut tree, "effective-directive", "effectiveDirective")
        .or_else(|| at(&mut tree, "violated-directive", "violatedDirective"));
    let blocked = at(&mut tree, "blocked-uri", "blockedURL");
    let is_policy = kind == "csp-violation";
    let class = if is_policy { Class::DetectionFinding } else { Class::Base };
    let operation = directive.clone().unwrap_or_else(|| kind.clone());
    let mut event = begin(Format::BrowserReports, class, when, raw, ("Browser", "Reporting API"), &operation);
    let document = at(&mut tree, "document-uri", "documentURL").or_else(|| tree.take(&["url"]));
    event.src_endpoint = tree::endpoint(tree.take(&["client_ip", "remote_addr", "ip"]));
    event.http_request = document.map(|url| {
        let (host, target) = web::host_and_target(&url);
        Box::new(HttpRequest {
            url: Some(Url { hostname: host.map(str::to_owned), ..Url::of_target(target) }),
            user_agent: tree.take(&["user_agent"]),
            ..HttpRequest::default()
        })
    });
    event.severity = if is_policy { Severity::Low } else { Severity::Informational };
    event.status_detail = at(&mut tree, "disposition", "disposition");
    event.resources.extend(tree::resource(blocked.clone(), None, Some("url")));
    if is_policy {
        event.activity_id = 1;
        event.finding = Some(Box::new(VendorFinding {
            uid: event.uid().to_owned(),
            title: Some(format!("{operation} forbids {}", blocked.as_deref().unwrap_or("something"))),
            types: vec![kind],
            status: FindingStatus::New,
            ..VendorFinding::default()
        }));
    }
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations() {
        let old = br#"{"received_at":"2026-03-02T10:11:12Z","client_ip":"192.0.2.7","csp-report":{"document-uri":"https://shop.example/checkout","effective-directive":"connect-src","blocked-uri":"https://evil.example/c","disposition":"enforce","line-number":3}}"#;
        let new = br#"{"received_at":"2026-03-02T10:12:12Z","client_ip":"192.0.2.7","type":"csp-violation","age":60000,"url":"https://shop.example/checkout","user_agent":"x","body":{"effectiveDirective":"connect-src","blockedURL":"https://evil.example/c","lineNumber":3}}"#;
        for raw in [&old[..], &new[..]] {
            let event = normalize(raw).unwrap();
            assert_eq!(
                (event.operation(), event.time.to_string().as_str()),
                (Some("connect-src"), "2026-03-02T10:11:12Z")
            );
            assert_eq!(
                (event.resource_uids()[0].as_str(), event.hot().src_ip),
                ("https://evil.example/c", Some("192.0.2.7"))
            );
        }
        assert!(normalize(br#"{"csp-report":{"document-uri":"x"}}"#).is_err());
    }
}
