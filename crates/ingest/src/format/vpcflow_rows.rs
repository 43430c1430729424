//! Flow logs as rows of a table: JSON objects and comma separated lines with the column names of the Parquet form (`account_id`).
//!
//! What Athena and its like give out of the flow logs of a VPC. Each row becomes the line it was, so that `vpcflow` alone knows what a flow is; the event
//! keeps the row.

use ocsf::Event;
use serde_json::Value;

use super::marks::Keys;
use super::vpcflow_columns::Columns;
use super::{Unreadable, azure, vpcflow};

/// The order in which the user guide shows fields of version 3 ("Flow log record examples"); many have copied it, and a log group has no header.
const VERSION_3: &str = "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr \
    pkt-dstaddr protocol bytes packets start end action tcp-flags log-status";

/// A row with the interface or an end, and how it was logged.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    const MARKS: [&[u8]; 6] = [b"interface_id", b"srcaddr", b"dstaddr", b"log_status", b"account_id", b"protocol"];
    keys.has_all(&[b"start", b"end"]) && keys.count(&MARKS) >= 4
}

/// Whether the first line of a file names columns with commas between.
pub(super) fn is_header(line: &[u8]) -> bool {
    if line.first().is_none_or(u8::is_ascii_digit) {
        return false;
    }
    let mut names = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let known = |name: &[u8]| matches!(name, b"interface_id" | b"srcaddr" | b"dstaddr" | b"log_status");
    names.clone().any(|name| name == b"start") && names.clone().any(|name| name == b"end") && names.any(known)
}

/// The columns, when the first line names them with commas between, or is in the order of version 3's examples.
pub(super) fn columns(head: &[u8]) -> Option<Columns> {
    let line = head.split(|byte| *byte == b'\n').next()?.trim_ascii();
    if is_version_3(line) {
        return Columns::of_head(VERSION_3.as_bytes());
    }
    let spelled = |byte: &u8| match byte {
        b',' => b' ',
        b'_' => b'-',
        byte => *byte,
    };
    let header: Vec<u8> = is_header(line).then(|| line.iter().map(spelled).collect())?;
    Columns::of_head(&header)
}

fn is_version_3(line: &[u8]) -> bool {
    let starts: [&[u8]; 5] = [b"3", b"vpc-", b"subnet-", b"i-", b"eni-"];
    let words = || line.split(|byte| *byte == b' ');
    let begins = words().zip(starts).filter(|(word, start)| word.starts_with(start) || *word == b"-").count();
    line.starts_with(b"3 ") && begins == starts.len() && words().count() == VERSION_3.split_ascii_whitespace().count()
}

/// The line of a row, with the columns it names if it names them.
fn row(raw: &[u8], error: Unreadable) -> Result<(Vec<u8>, Option<Columns>), Unreadable> {
    if raw.first() != Some(&b'{') {
        let line: Vec<u8> = raw.iter().map(|byte| if *byte == b',' { b' ' } else { *byte }).collect();
        return if raw.contains(&b',') && !raw.contains(&b' ') { Ok((line, None)) } else { Err(error) };
    }
    let row = azure::parse(raw)?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in &row {
        let text = match value {
            Value::String(text) if !text.is_empty() && !text.contains(char::is_whitespace) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => "-".to_owned(),
        };
        names.push(name.replace('_', "-"));
        values.push(text);
    }
    let columns = Columns::of_head(names.join(" ").as_bytes());
    let columns = columns.ok_or_else(|| Unreadable("row names no columns of a flow log".to_owned()))?;
    Ok((values.join(" ").into_bytes(), Some(columns)))
}

/// The object rules see, of a line or of a row. A row is looked for only in what is no line.
pub(super) fn view(raw: &[u8], columns: Option<&Columns>) -> Result<Vec<u8>, Unreadable> {
    vpcflow::view(raw, columns).or_else(|error| {
        let (line, own) = row(raw, error)?;
        vpcflow::view(&line, own.as_ref().or(columns))
    })
}

/// Whether it is an event.
pub(super) fn check(raw: &[u8], columns: Option<&Columns>) -> Result<(), Unreadable> {
    vpcflow::check(raw, columns).or_else(|error| {
        let (line, own) = row(raw, error)?;
        vpcflow::check(&line, own.as_ref().or(columns))
    })
}

/// A line or a row as an event.
pub(super) fn normalize(raw: &[u8], columns: Option<&Columns>) -> Result<Event, Unreadable> {
    vpcflow::normalize(raw, columns).or_else(|error| {
        let (line, own) = row(raw, error)?;
        let mut event = vpcflow::normalize(&line, own.as_ref().or(columns))?;
        event.raw = raw.to_vec();
        Ok(event)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_lines() {
        let json = br#"{"account_id":"123456789012","action":"REJECT","srcaddr":"192.0.2.7","dstaddr":"10.0.0.4","srcport":56858,"dstport":443,"protocol":6,"bytes":40,"packets":1,
            "start":1772446272,"end":1772446332,"interface_id":"eni-1","log_status":"OK","version":5,"type":"IPv4"}"#;
        let event = normalize(json, None).unwrap();
        assert_eq!((event.hot().src_ip, event.bytes, event.raw == json), (Some("192.0.2.7"), Some(40), true));
        let head = b"account_id,action,srcaddr,dstaddr,bytes,start,end,interface_id,log_status";
        assert!(is_header(head) && !is_header(b"a,b,c"));
        let columns = columns(head).unwrap();
        let row = b"123456789012,ACCEPT,192.0.2.7,10.0.0.4,40,1772446272,1772446332,eni-1,OK";
        assert_eq!(normalize(row, Some(&columns)).unwrap().hot().src_ip, Some("192.0.2.7"));
    }

    #[test]
    fn the_order_of_the_guide_for_version_3() {
        let line = b"3 vpc-1 subnet-1 i-1 eni-1 123456789012 IPv4 192.0.2.7 10.0.0.62 43416 5001 192.0.2.7 10.0.0.62 6 568 8 1772446272 1772446332 ACCEPT 2 OK";
        let columns = super::columns(line).unwrap();
        let event = normalize(line, Some(&columns)).unwrap();
        assert_eq!((event.hot().src_ip, event.bytes), (Some("192.0.2.7"), Some(568)));
        assert!(super::columns(b"3 a b c d").is_none());
    }
}
