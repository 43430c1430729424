//! Events of Sentry (`sentry/events`): Base events, what an application reports when it fails.
//!
//! The event items of envelopes, alone or in an envelope's lines; the lines of an envelope that only say what follows are passed over, items of other kinds are rejected.
//! Everything in it may be personal data; what has no place stays in `unmapped`. Rules see the event itself. Contents: Sentry developer
//! documentation, "Envelopes", "Event payloads".

use ocsf::{Class, Event, HttpRequest, Severity, Url};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, web};
use crate::frame::member_text;

const MARKS: [&[u8]; 11] = [
    b"platform",
    b"exception",
    b"sdk",
    b"contexts",
    b"release",
    b"environment",
    b"breadcrumbs",
    b"level",
    b"server_name",
    b"transaction",
    b"tags",
];

/// An event, or the line that opens an envelope.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    let event = keys.has(b"event_id") && keys.count(&MARKS) >= 3;
    event || is_opening(keys)
}

fn is_opening(keys: &Keys<'_>) -> bool {
    keys.count(&[b"event_id", b"dsn", b"sent_at", b"trace"]) >= 2
        && keys.count(&MARKS) <= 1
        && keys.count(&[b"sent_at", b"dsn"]) >= 1
}

/// A line of an envelope that only says what follows.
pub(super) fn is_header(record: &[u8]) -> bool {
    let keys = Keys::of(record);
    const KINDS: [&[u8]; 12] = [
        b"\"event\"",
        b"\"transaction\"",
        b"\"session\"",
        b"\"sessions\"",
        b"\"attachment\"",
        b"\"user_report\"",
        b"\"log\"",
        b"\"replay_event\"",
        b"\"replay_recording\"",
        b"\"client_report\"",
        b"\"feedback\"",
        b"\"profile\"",
    ];
    let names_item = member_text(record, b"type").is_some_and(|kind| KINDS.contains(&kind))
        && !keys.has(b"event_id")
        && !keys.has(b"timestamp");
    is_opening(&keys) || names_item
}

/// An event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["timestamp"])?;
    let uid = tree.required(&["event_id"])?;
    let values = tree.list("exception/values").len().max(1) - 1;
    let at = |field: &str| format!("exception/values/{values}/{field}");
    let kind = tree.take(&[&at("type"), "type"]).unwrap_or_else(|| "message".to_owned());
    let mut event = begin(Format::Sentry, Class::Base, when, raw, ("Sentry", "Sentry"), &kind);
    event.metadata.uid = uid.into();
    event.metadata.product_version = tree.take(&["release"]);
    event.metadata.correlation_uid = tree.take(&["contexts/trace/trace_id"]);
    event.severity = match tree.take(&["level"]).as_deref() {
        Some("fatal") => Severity::High,
        Some("error") => Severity::Medium,
        Some("warning") => Severity::Low,
        _ => Severity::Informational,
    };
    event.message = tree.take(&[&at("value"), "message", "logentry/formatted", "logentry/message"]);
    // The server fills in an address that is to be found out.
    event.src_endpoint = tree::endpoint(tree.take(&["user/ip_address"]).filter(|address| address != "{{auto}}"));
    let user = tree::user(tree.take(&["user/username", "user/email"]), tree.take(&["user/id"]));
    tree::set_actor(&mut event, "sentry", user);
    let url = tree.take(&["request/url"]);
    let method = tree.take(&["request/method"]);
    if url.is_some() || method.is_some() {
        let host = |url: &str| web::host_and_target(url).0.map(str::to_owned);
        event.http_request = Some(Box::new(HttpRequest {
            http_method: method,
            url: url.map(|url| Url { hostname: host(&url), ..Url::of_target(web::host_and_target(&url).1) }),
            user_agent: tree.take(&["request/headers/User-Agent"]),
            ..HttpRequest::default()
        }));
    }
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_and_the_lines_around_it() {
        let raw = br#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","timestamp":1772446272.5,"platform":"python","level":"error","release":"shop@1","sdk":{"name":"x"},
            "exception":{"values":[{"type":"ValueError","value":"no such student"}]},"user":{"id":"u-1","email":"ann@larkfield.example","ip_address":"192.0.2.7"},
            "request":{"url":"https://shop.example/a?b=c","method":"GET"},"extra":{"card":"x"}}"#;
        assert!(is(&Keys::of(raw)) && !is_header(raw));
        let event = normalize(raw).unwrap();
        assert_eq!((event.operation(), event.message.as_deref()), (Some("ValueError"), Some("no such student")));
        assert_eq!((event.actor_key.as_deref(), event.hot().src_ip), (Some("sentry:u-1"), Some("192.0.2.7")));
        assert_eq!((event.severity, &event.unmapped["extra"]["card"]), (Severity::Medium, &"x".into()));
        assert!(
            is_header(br#"{"event_id":"9","dsn":"https://k@h/1","sent_at":"x"}"#)
                && is_header(br#"{"type":"event","length":41}"#)
        );
    }
}
