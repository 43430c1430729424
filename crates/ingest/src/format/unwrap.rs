//! Delivery envelopes around one record: EventBridge's `detail`, a log group's `message`.
//!
//! The record kept and shown to rules is the inner one, because that is what the vendor's documentation and the public
//! rules describe.

use std::borrow::Cow;

use super::{Format, accessanalyzer, awsconfig, cloudwatchalarm, ecr};
use crate::frame::{first_key, member_text};

/// Names an EventBridge envelope may start with; a CloudTrail record starts with none of them.
const EVENT_BRIDGE_NAMES: [&[u8]; 9] =
    [b"version", b"id", b"detail-type", b"source", b"account", b"time", b"region", b"resources", b"detail"];

/// The record in an EventBridge envelope of a kind that is known, or the record as it is.
pub(super) fn event_bridge(record: &[u8]) -> &[u8] {
    if !may_be_event_bridge(record) || envelope_format(record).is_none() {
        return record;
    }
    member_text(record, b"detail").filter(|detail| detail.starts_with(b"{")).unwrap_or(record)
}

/// What stands in an envelope, by its `detail-type`: `AWS API Call via CloudTrail`, `GuardDuty Finding`, …. The findings of
/// Security Hub are a list, which is split before a record gets here.
pub(super) fn envelope_format(record: &[u8]) -> Option<Format> {
    match member_text(record, b"detail-type")? {
        kind if kind.ends_with(b"via CloudTrail\"") => Some(Format::CloudTrail),
        b"\"GuardDuty Finding\"" => Some(Format::GuardDuty),
        b"\"Macie Finding\"" => Some(Format::Macie),
        b"\"SystemLog\"" => Some(Format::Okta),
        _ => None,
    }
}

/// What an EventBridge envelope is that is read as it stands: its outer members say what the inner ones do not.
pub(super) fn whole_envelope(record: &[u8]) -> Option<Format> {
    let kind = member_text(record, b"detail-type")?;
    let known = [
        (Format::AwsConfig, awsconfig::is_detail(kind)),
        (Format::CloudWatchAlarm, cloudwatchalarm::is_detail(kind)),
        (Format::AccessAnalyzer, accessanalyzer::is_detail(kind)),
        (Format::Ecr, ecr::is_detail(kind)),
    ];
    known.into_iter().find(|(_, is)| *is).map(|(format, _)| format)
}

/// Whether an object begins like an EventBridge envelope.
pub(super) fn may_be_event_bridge(object: &[u8]) -> bool {
    first_key(object).is_some_and(|name| EVENT_BRIDGE_NAMES.contains(&name))
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
    fn event_bridge_gives_the_inner_record_of_known_kinds_only() {
        let inner: &[u8] = br#"{"eventVersion":"1.08","detail":"x"}"#;
        let call = [br#"{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":"#, inner, b"}"].concat();
        assert_eq!(event_bridge(&call), inner);
        let finding = [br#"{"version":"0","detail-type":"GuardDuty Finding","detail":"#, inner, b"}"].concat();
        assert_eq!((event_bridge(&finding), envelope_format(&finding)), (inner, Some(Format::GuardDuty)));
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
