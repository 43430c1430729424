//! Which known format a file holds, from its first records; names and paths do not count.
//!
//! A JSON record is known by the names of its members, a text line by its shape. The first record that is known
//! decides. A file of which nothing is known is no log and is skipped by the caller.

use super::marks::{Keys, json_format};
use super::vpcflow_columns::{self, Columns};
use super::{
    Decoder, Format, cloudfront, elb, envoy, keycloak, kubernetes, mariadb, postgresql, s3access, samlaudit, syslog,
    unwrap, vpcflow_rows, webaccess, weberror,
};
use crate::Limits;
use crate::frame::{Framed, Framer, Members, Window, first_key, is_bracketed};

/// Records looked at; a file may start with a few damaged or foreign ones.
const RECORDS_LOOKED_AT: usize = 64;
const FIRST_LOOK_BYTES: usize = 16 * 1024;

/// The decoder for the file that starts with `head`.
pub(crate) fn recognise(head: &[u8], limits: &Limits) -> Option<Decoder> {
    let mut first_bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    let (first, second) = (first_bytes.next()?, first_bytes.next());
    let json = matches!(first, b'{' | b'[') && !is_bracketed(head.trim_ascii_start());
    // An empty wrapper is a delivery without news, not a foreign file.
    if let Some(format) = empty_wrapper(head) {
        return Some(Decoder::new(format));
    }
    if *first == b'<' {
        return syslog_lines(head);
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
    if let Some(event) = kubernetes::of_azure(record) {
        return json_format(&event).map(|format| Decoder { mixed: true, ..Decoder::new(format) });
    }
    if let Some(format) = json_format(record) {
        let mixed = unwrap::envelope_format(record).is_some() || unwrap::whole_envelope(record).is_some();
        return Some(Decoder { mixed, ..Decoder::new(format) });
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

/// `{"Records":[]}` and its relatives. Looks only at the value of the first name, so a full list costs nothing here.
fn empty_wrapper(head: &[u8]) -> Option<Format> {
    let first = Members::of(head)?.next()?;
    let format = match first.name {
        b"Records" => Format::CloudTrail,
        b"records" | b"value" => Format::ActivityLogs,
        _ => return None,
    };
    let inside = head.get(first.value_at..)?.strip_prefix(b"[")?.trim_ascii_start();
    inside.starts_with(b"]").then_some(format)
}

/// By what stands behind the headers, which are the senders' and tell nothing.
fn syslog_lines(head: &[u8]) -> Option<Decoder> {
    let lines = head.split(|byte| *byte == b'\n').take(RECORDS_LOOKED_AT);
    let inner = lines.filter_map(|line| syslog::message(line.trim_ascii_end())).find_map(|message| {
        let is_json = message.trim_ascii_start().starts_with(b"{");
        if is_json { record(message) } else { text_lines(message) }
    })?;
    Some(Decoder { in_syslog: true, ..inner })
}

fn text_lines(head: &[u8]) -> Option<Decoder> {
    if let Some(columns) = Columns::of_head(head) {
        return Some(Decoder { columns: Some(columns), ..Decoder::new(Format::VpcFlow) });
    }
    if let Some(columns) = vpcflow_rows::columns(head) {
        return Some(Decoder { columns: Some(columns), ..Decoder::new(Format::VpcFlow) });
    }
    if let Some(columns) = cloudfront::Columns::of_head(head) {
        return Some(Decoder { edge_columns: Some(columns), ..Decoder::new(Format::CloudFront) });
    }
    head.split(|byte| *byte == b'\n').take(RECORDS_LOOKED_AT).find_map(|line| {
        let format = match line.trim_ascii_end() {
            line if vpcflow_columns::is_default_line(line) => Format::VpcFlow,
            line if s3access::is_line(line) => Format::S3Access,
            line if elb::is_line(line) => Format::Elb,
            line if cloudfront::is_line(line) => Format::CloudFront,
            line if webaccess::is_line(line) => Format::WebAccess,
            line if mariadb::is_line(line) => Format::MariaDb,
            line if postgresql::is_line(line) => Format::PostgreSql,
            line if keycloak::is_line(line) => Format::Keycloak,
            line if weberror::is_line(line) => Format::WebError,
            line if envoy::is_line(line) => Format::Envoy,
            line if samlaudit::is_line(line) => Format::SamlAudit,
            _ => return None,
        };
        Some(Decoder::new(format))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_content() {
        let cases: [(&str, Option<&str>); 28] = [
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
            (r#"{ "value" : [ ], "nextLink":null}"#, Some("azure/activitylogs")),
            (r#"{"value":3,"items":[]}"#, None),
            (r#"{"value":"x[]"}"#, None),
            (r#"{"records":{"A":[]}}"#, None),
            // An order's event, a chat's, and an audit log of somebody else's.
            (r#"{"action":"order.created","org":"acme","user":"u","repo":"r","created_at":1772446272000}"#, None),
            (r#"{"action":"page.view","actor":"a","user":"u","repository":"x"}"#, None),
            (
                r#"{"action":"repo.create","actor":"a","org":"acme","_document_id":"d","created_at":1772446272000}"#,
                Some("github/audit"),
            ),
            (r#"{"auditID":"1","verb":"read","stage":"build","objectRef":"x"}"#, None),
            (r#"{"auditID":"1","verb":"read","requestURI":"/","stage":"done","stageTimestamp":"x"}"#, None),
            (
                r#"{"auditID":"1","verb":"get","stage":"Panic","requestReceivedTimestamp":"x"}"#,
                Some("kubernetes/audit"),
            ),
            (r#"{"timestamp":"x","service":{"name":"checkout"},"event":{"kind":"event"}}"#, None),
            (r#"{"timestamp":"x","service":"checkout","event":{"kind":"event"}}"#, None),
            (r#"{"timestamp":"x","service":7,"event":"login"}"#, None),
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
