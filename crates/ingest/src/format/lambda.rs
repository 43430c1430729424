//! Lambda system logs in JSON (`aws/lambda`): API Activity for starts and reports of invocations.
//!
//! What a function prints itself is the owner's, and payloads are never logged; who called is in CloudTrail's data events. Rules see the
//! record itself. Contents: Lambda developer guide, "Lambda telemetry API event schema reference".

use ocsf::{Class, Event, Identified, Status};

use super::marks::Keys;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable};
use crate::frame::member_text;

/// `{"time", "type": "platform.…", "record"}`.
pub(super) fn is(keys: &Keys<'_>, record: &[u8]) -> bool {
    let platform = member_text(record, b"type").is_some_and(|kind| kind.starts_with(b"\"platform."));
    platform && keys.has_all(&[b"time", b"record"])
}

/// A record of the platform as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["time"])?;
    let kind = tree.required(&["type"])?;
    let mut event = begin(Format::Lambda, Class::ApiActivity, when, raw, ("AWS", "AWS Lambda"), &kind);
    event.activity_id = 99;
    event.metadata.correlation_uid = tree.take(&["record/requestId", "record/tracing/value"]);
    if let Some(api) = &mut event.api {
        api.service = Some(Identified::named("lambda.amazonaws.com".to_owned()));
    }
    let status = tree.take(&["record/status"]);
    event.status = match status.as_deref() {
        Some("success") => Status::Success,
        Some("failure" | "error" | "timeout") => Status::Failure,
        _ => Status::Unknown,
    };
    event.status_code = status;
    event.status_detail = tree.take(&["record/errorType"]);
    let function = tree.take(&["record/functionArn", "record/functionName"]);
    event.resources.extend(tree::resource(function, None, Some("AWS::Lambda::Function")));
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report() {
        let raw = br#"{"time":"2026-03-02T10:11:12.345Z","type":"platform.report","record":{"requestId":"r","status":"timeout","metrics":{"durationMs":3000}}}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.status, event.operation()), (Status::Failure, Some("platform.report")));
        assert_eq!(event.unmapped["record"]["metrics"]["durationMs"], 3000);
    }
}
