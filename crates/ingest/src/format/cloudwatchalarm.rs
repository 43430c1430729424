//! CloudWatch alarms (`aws/cloudwatchalarm`): Detection Finding for every change of state.
//!
//! Three shapes: the event of EventBridge, what an alarm's Lambda action gets, and the message of its topic. Rules see the record
//! itself. Contents: CloudWatch user guide, "Alarm events and EventBridge", "Invoke a Lambda function from an alarm".

use ocsf::{Class, Event, FindingStatus, Resource, Severity, VendorFinding};

use super::awsconfig::place;
use super::marks::Keys;
use super::tree::{Tree, begin};
use super::{Format, Unreadable};

/// The message of a topic, or what a function gets.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    let message = keys.has_all(&[b"AlarmName", b"NewStateValue"])
        && keys.count(&[b"StateChangeTime", b"OldStateValue", b"AWSAccountId", b"Trigger"]) >= 2;
    message || keys.has_all(&[b"alarmArn", b"alarmData"])
}

/// The kind of event that is read with its envelope.
pub(super) fn is_detail(kind: &[u8]) -> bool {
    kind == b"\"CloudWatch Alarm State Change\""
}

/// A change of state as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let when = tree.when(&["detail/state/timestamp", "alarmData/state/timestamp", "StateChangeTime", "time"])?;
    let name = tree.required(&["detail/alarmName", "alarmData/alarmName", "AlarmName"])?;
    let state = tree.required(&["detail/state/value", "alarmData/state/value", "NewStateValue"])?;
    let mut event = begin(Format::CloudWatchAlarm, Class::DetectionFinding, when, raw, ("AWS", "CloudWatch"), &name);
    place(&mut event, &mut tree, &["accountId", "account", "AWSAccountId"], &["region", "Region"]);
    let alarm = tree.take(&["resources/0", "alarmArn", "AlarmArn"]);
    event.severity = if state == "ALARM" { Severity::Medium } else { Severity::Informational };
    event.message = tree.take(&["detail/state/reason", "alarmData/state/reason", "NewStateReason"]);
    event.status_detail = Some(state.clone());
    let finding = VendorFinding {
        uid: alarm.clone().unwrap_or_else(|| name.clone()),
        title: Some(name.clone()),
        desc: tree.take(&[
            "detail/configuration/description",
            "alarmData/configuration/description",
            "AlarmDescription",
        ]),
        types: vec![state.clone()],
        status: match state.as_str() {
            "ALARM" => FindingStatus::New,
            "OK" => FindingStatus::Resolved,
            _ => FindingStatus::Unknown,
        },
        ..VendorFinding::default()
    };
    event.set_finding(finding);
    event.resources.push(Resource {
        uid: alarm,
        name: Some(name),
        kind: Some("AWS::CloudWatch::Alarm".to_owned()),
        owner: None,
    });
    event.unmapped = tree.rest();
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_shapes_of_one_alarm() {
        let shapes = [
            r#"{"detail-type":"CloudWatch Alarm State Change","account":"111122223333","time":"2026-03-02T10:11:12Z","detail":{"alarmName":"egress","state":{"value":"ALARM","timestamp":"2026-03-02T10:11:12.000+0000"}}}"#,
            r#"{"source":"aws.cloudwatch","alarmArn":"arn:x","accountId":"111122223333","time":"2026-03-02T10:11:12.000+0000","alarmData":{"alarmName":"egress","state":{"value":"ALARM"}}}"#,
            r#"{"AlarmName":"egress","AWSAccountId":"111122223333","NewStateValue":"ALARM","StateChangeTime":"2026-03-02T10:11:12.000+0000"}"#,
        ];
        for shape in shapes {
            let event = normalize(shape.as_bytes()).unwrap();
            assert_eq!((event.operation(), event.account()), (Some("egress"), Some("111122223333")), "{shape}");
            assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
            assert_eq!((event.activity_id, event.severity), (1, Severity::Medium));
        }
    }
}
