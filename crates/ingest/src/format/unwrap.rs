//! Delivery envelopes around one record: EventBridge's `detail`, a log group's `message`.
//!
//! The record kept and shown to rules is the inner one, because that is what the vendor's documentation and the public
//! rules describe.

use std::borrow::Cow;

use crate::frame::{first_key, member_text};

/// Names an EventBridge envelope may start with; a CloudTrail record starts with none of them.
const EVENT_BRIDGE_NAMES: [&[u8]; 9] =
    [b"version", b"id", b"detail-type", b"source", b"account", b"time", b"region", b"resources", b"detail"];

/// The CloudTrail record of an EventBridge envelope, or the record as it is.
pub(super) fn event_bridge(record: &[u8]) -> &[u8] {
    if !may_be_event_bridge(record) || !is_cloudtrail_envelope(record) {
        return record;
    }
    member_text(record, b"detail").filter(|detail| detail.starts_with(b"{")).unwrap_or(record)
}

/// Whether an object begins like an EventBridge envelope.
pub(super) fn may_be_event_bridge(object: &[u8]) -> bool {
    first_key(object).is_some_and(|name| EVENT_BRIDGE_NAMES.contains(&name))
}

/// `detail-type` is `AWS API Call via CloudTrail`, `AWS Console Sign In via CloudTrail`, …
pub(super) fn is_cloudtrail_envelope(record: &[u8]) -> bool {
    member_text(record, b"detail-type").is_some_and(|kind| kind.ends_with(b"via CloudTrail\""))
}

/// The `message` of an element of `logEvents`, or the element as it is.
pub(super) fn log_event(element: &[u8]) -> Cow<'_, [u8]> {
    match member_text(element, b"message").and_then(|text| serde_json::from_slice::<String>(text).ok()) {
        Some(message) => Cow::Owned(message.into_bytes()),
        None => Cow::Borrowed(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_bridge_gives_the_inner_record_only_for_cloudtrail() {
        let inner: &[u8] = br#"{"eventVersion":"1.08","detail":"x"}"#;
        let call = [br#"{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":"#, inner, b"}"].concat();
        assert_eq!(event_bridge(&call), inner);
        let other: &[u8] = br#"{"version":"0","detail-type":"EC2 Instance State-change Notification","detail":{}}"#;
        assert_eq!(event_bridge(other), other);
        assert_eq!(event_bridge(inner), inner);
    }

    #[test]
    fn log_events_are_unescaped() {
        let element = br#"{"id":"1","timestamp":1,"message":"{\"a\":\"\u00e4\"}"}"#;
        assert_eq!(log_event(element).as_ref(), "{\"a\":\"ä\"}".as_bytes());
        assert_eq!(log_event(b"{}").as_ref(), b"{}");
    }
}
