//! Which known format a file holds, from its first records; names and paths do not count.
//!
//! A JSON record is known by the names of its members, a text line by its shape. The first record that is known
//! decides. A file of which nothing is known is no log and is skipped by the caller.

use super::vpcflow_columns::{self, Columns};
use super::{Decoder, Format, s3access, unwrap};
use crate::Limits;
use crate::frame::{Framed, Framer, Window, first_key, member_text, top_level_keys};

/// Records looked at; a file may start with a few damaged or foreign ones.
const RECORDS_LOOKED_AT: usize = 64;
const FIRST_LOOK_BYTES: usize = 16 * 1024;

/// The decoder for the file that starts with `head`.
pub(crate) fn recognise(head: &[u8], limits: &Limits) -> Option<Decoder> {
    let mut first_bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    let (first, second) = (first_bytes.next()?, first_bytes.next());
    let json = matches!(first, b'{' | b'[');
    // An empty wrapper is a delivery without news, not a foreign file.
    if let Some(format) = empty_wrapper(head) {
        return Some(Decoder::new(format));
    }
    // A line of an S3 access log never starts like JSON; a `[` alone may start anything.
    if !json || (*first == b'[' && second.is_none()) {
        return text_lines(head);
    }
    // Nearly always the first record tells, so the copy that framing needs is a short one at first.
    let short = head.get(..FIRST_LOOK_BYTES).and_then(|short| first_known(short, limits));
    short.or_else(|| first_known(head, limits))
}

fn first_known(head: &[u8], limits: &Limits) -> Option<Decoder> {
    let mut framer = Framer::new(Window::whole(head.to_vec(), None), limits);
    for _ in 0..RECORDS_LOOKED_AT {
        let found = match framer.advance()? {
            Framed::Record => record(framer.record()),
            // The head may end inside a record; its first names still tell.
            Framed::Damage(damage) => record(&damage.raw).or_else(|| cut_record(&damage.raw)),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// True when not even one whole record or line can be seen, so that nothing speaks against it being a log.
pub(crate) fn tells_nothing(head: &[u8], limits: &Limits) -> bool {
    let mut framer = Framer::new(Window::whole(head.to_vec(), None), limits);
    !matches!(framer.advance(), Some(Framed::Record)) || !head.contains(&b'\n') && !head.ends_with(b"}")
}

fn record(record: &[u8]) -> Option<Decoder> {
    if let Some(format) = json_format(record) {
        return Some(Decoder::new(format));
    }
    let keys = Keys::of(record);
    if !keys.has_all(&[b"id", b"timestamp", b"message"]) {
        return None;
    }
    let message = unwrap::log_event(record);
    let inner = json_format(&message).map(Decoder::new).or_else(|| text_lines(&message))?;
    Some(Decoder { in_log_events: true, ..inner })
}

/// A record of which only the start is there: CloudTrail's first name is its own.
fn cut_record(start: &[u8]) -> Option<Decoder> {
    (first_key(start) == Some(b"eventVersion")).then(|| Decoder::new(Format::CloudTrail))
}

/// `{"Records":[]}` and its relatives. Looks only behind the first name, so a full list costs nothing here.
fn empty_wrapper(head: &[u8]) -> Option<Format> {
    let format = match first_key(head)? {
        b"Records" => Format::CloudTrail,
        b"records" | b"value" => Format::ActivityLogs,
        _ => return None,
    };
    let list = head.iter().position(|byte| *byte == b'[')?;
    let inside = head.get(list + 1..)?.iter().find(|byte| !byte.is_ascii_whitespace());
    (inside == Some(&b']')).then_some(format)
}

fn text_lines(head: &[u8]) -> Option<Decoder> {
    if let Some(columns) = Columns::of_head(head) {
        return Some(Decoder { format: Format::VpcFlow, columns: Some(columns), in_log_events: false });
    }
    head.split(|byte| *byte == b'\n').take(RECORDS_LOOKED_AT).find_map(|line| {
        if vpcflow_columns::is_default_line(line) {
            Some(Decoder::new(Format::VpcFlow))
        } else {
            s3access::is_line(line).then(|| Decoder::new(Format::S3Access))
        }
    })
}

/// The names of an object's members.
struct Keys<'a>(Vec<&'a [u8]>);

impl<'a> Keys<'a> {
    fn of(record: &'a [u8]) -> Self {
        // Names of a record that matter stand among its first; an object with more is no log record.
        const NAMES_MAX: usize = 256;
        Self(top_level_keys(record).take(NAMES_MAX).collect())
    }

    fn has(&self, name: &[u8]) -> bool {
        self.0.contains(&name)
    }

    fn has_all(&self, names: &[&[u8]]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    fn count(&self, names: &[&[u8]]) -> usize {
        names.iter().filter(|name| self.has(name)).count()
    }
}

/// The format of one JSON record by its members.
pub(super) fn json_format(record: &[u8]) -> Option<Format> {
    let keys = Keys::of(record);
    if keys.has(b"detail-type") {
        return unwrap::is_cloudtrail_envelope(record).then_some(Format::CloudTrail);
    }
    if is_cloudtrail(&keys, record) {
        return Some(Format::CloudTrail);
    }
    if let Some(format) = azure(&keys, record) {
        return Some(format);
    }
    const M365: [&[u8]; 7] =
        [b"CreationTime", b"Operation", b"Workload", b"RecordType", b"OrganizationId", b"UserId", b"UserType"];
    if keys.has(b"Operation") && keys.count(&M365) >= 4 {
        return Some(Format::M365Audit);
    }
    keys.has_all(&[b"service", b"event"]).then_some(Format::AppJson).filter(|_| {
        // The time may be the very thing that is missing; another field of ours must speak for it then.
        keys.has(b"timestamp") || keys.count(&[b"event_id", b"session_id", b"client", b"level", b"env"]) >= 2
    })
}

fn is_cloudtrail(keys: &Keys<'_>, record: &[u8]) -> bool {
    const NAMES: [&[u8]; 11] = [
        b"eventVersion",
        b"userIdentity",
        b"eventTime",
        b"eventSource",
        b"eventName",
        b"awsRegion",
        b"eventID",
        b"sourceIPAddress",
        b"requestParameters",
        b"recipientAccountId",
        b"eventType",
    ];
    // Notifications of S3, Kinesis, DynamoDB and CodeCommit borrow CloudTrail's names; their source is no host.
    let notification = member_text(record, b"eventSource").is_some_and(|source| source.starts_with(b"\"aws:"));
    let enough = keys.count(&NAMES) >= 4 || keys.has_all(&[b"eventVersion", b"userIdentity"]);
    enough && !notification
}

fn azure(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    let category = member_text(record, b"category").map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    let category = category.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or_default();
    let diagnostic = keys.count(&[b"time", b"resourceId", b"operationName", b"properties", b"correlationId"]) >= 2;
    if diagnostic {
        match category {
            b"signinlogs"
            | b"noninteractiveusersigninlogs"
            | b"serviceprincipalsigninlogs"
            | b"managedidentitysigninlogs"
            | b"adfssigninlogs"
            | b"microsoftserviceprincipalsigninlogs" => {
                return Some(Format::SignInLogs);
            }
            b"auditlogs" => return Some(Format::AuditLogs),
            b"administrative" | b"security" | b"servicehealth" | b"alert" | b"recommendation" | b"policy"
            | b"autoscale" | b"resourcehealth" | b"action" | b"write" | b"delete"
                if keys.has(b"operationName") =>
            {
                return Some(Format::ActivityLogs);
            }
            _ => {}
        }
    }
    const REST: [&[u8]; 6] = [
        b"eventDataId",
        b"authorization",
        b"caller",
        b"eventTimestamp",
        b"submissionTimestamp",
        b"resourceProviderName",
    ];
    if keys.has(b"operationName") && keys.count(&REST) >= 3 {
        return Some(Format::ActivityLogs);
    }
    const GRAPH_SIGN_IN: [&[u8]; 6] = [
        b"createdDateTime",
        b"userPrincipalName",
        b"appDisplayName",
        b"ipAddress",
        b"conditionalAccessStatus",
        b"status",
    ];
    if keys.count(&GRAPH_SIGN_IN) >= 4 {
        return Some(Format::SignInLogs);
    }
    let graph_audit = keys.has(b"activityDisplayName") && keys.count(&[b"initiatedBy", b"targetResources"]) >= 1;
    graph_audit.then_some(Format::AuditLogs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_content() {
        let cases: [(&str, Option<&str>); 15] = [
            (
                r#"{"Records":[{"eventID":"1","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"x"}]}"#,
                None,
            ),
            (
                r#"{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"Root"},"eventName":"X"}]}"#,
                Some("aws/cloudtrail"),
            ),
            (
                r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"x","userIdentity":{},"s3":{}}]}"#,
                None,
            ),
            (r#"{"Records":[]}"#, Some("aws/cloudtrail")),
            (r#"{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"Ro"#, Some("aws/cloudtrail")),
            (r#"{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{}}"#, Some("aws/cloudtrail")),
            (r#"{"version":"0","detail-type":"EC2 Instance State-change Notification","detail":{}}"#, None),
            (
                r#"{"time":"x","category":"Administrative","operationName":"a","resourceId":"/"}"#,
                Some("azure/activitylogs"),
            ),
            (r#"{"time":"x","category":"NonInteractiveUserSignInLogs","operationName":"a"}"#, Some("azure/signinlogs")),
            (r#"[{"CreationTime":"x","Operation":"y","Workload":"z","RecordType":1}]"#, Some("m365/audit")),
            (r#"{"timestamp":"x","service":"checkout","event":"login"}"#, Some("application/json")),
            ("version account-id interface-id srcaddr dstaddr\n5 1 eni-1 - -\n", Some("aws/vpcflow")),
            ("a,b,c\n1,2,3\n", None),
            (r#"{"name":"package","version":"1.0.0"}"#, None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = recognise(text.as_bytes(), &Limits::default());
            assert_eq!(found.map(|decoder| decoder.format().id()), expected, "{text}");
        }
    }
}
