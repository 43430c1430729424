//! VPC flow log lines (`aws/vpcflow`): Network Activity.
//!
//! Columns come from the header line where there is one, else they are version 2's. Rules see a flat object with the
//! vendor's names, `-` written as `_`, numbers as numbers, empty fields left out. Fields of later versions need no code.

use ocsf::{Account, Action, Class, Cloud, Connection, Endpoint, Event, Status, Traffic};
use serde_json::{Map, Value};

use super::{Format, Unreadable};

/// The default order, version 2 (AWS VPC user guide, "Flow log records").
const VERSION_2: [&str; 14] = [
    "version",
    "account_id",
    "interface_id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log_status",
];
/// Columns of a header line; AWS has 42 today.
const COLUMNS_MAX: usize = 128;
/// Fields that are text although they may look like numbers.
const TEXT_FIELDS: [&str; 2] = ["account_id", "interface_id"];

/// The order of the columns in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// The columns, when the first line that is not blank names them.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        let line = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
        if !is_header(line) {
            return None;
        }
        let text = std::str::from_utf8(line).ok()?;
        Some(Self(text.split_ascii_whitespace().take(COLUMNS_MAX).map(|name| name.replace('-', "_")).collect()))
    }
}

/// A line of column names: at least three of the well-known ones, and nothing that is a value.
pub(super) fn is_header(line: &[u8]) -> bool {
    // Values of the first column are digits; this settles nearly every line at once.
    if line.first().is_none_or(u8::is_ascii_digit) {
        return false;
    }
    const KNOWN: [&[u8]; 8] =
        [b"version", b"account-id", b"interface-id", b"srcaddr", b"dstaddr", b"action", b"log-status", b"bytes"];
    let is_name =
        |word: &[u8]| word.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-' || byte.is_ascii_digit());
    let mut known = 0;
    for word in line.trim_ascii().split(|byte| *byte == b' ') {
        if !is_name(word) {
            return false;
        }
        known += usize::from(KNOWN.contains(&word));
    }
    known >= 3
}

/// A line in the default order of version 2.
pub(super) fn is_default_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.trim_ascii().split(|byte| *byte == b' ').take(VERSION_2.len() + 1).collect();
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    words.len() == VERSION_2.len()
        && word(0) == b"2"
        && word(2).starts_with(b"eni-")
        && matches!(word(13), b"OK" | b"NODATA" | b"SKIPDATA")
}

/// Names and values of one line; fields that are `-` are left out.
fn fields<'r>(raw: &'r [u8], columns: Option<&'r Columns>) -> Result<Vec<(&'r str, &'r str)>, Unreadable> {
    let line = std::str::from_utf8(raw).map_err(|_| Unreadable("line is not valid UTF-8".to_owned()))?;
    let expected = columns.map_or(VERSION_2.len(), |columns| columns.0.len());
    let mut out = Vec::with_capacity(expected);
    let mut found = 0;
    for value in line.split_ascii_whitespace() {
        let name = match columns {
            Some(columns) => columns.0.get(found).map(String::as_str),
            None => VERSION_2.get(found).copied(),
        };
        found += 1;
        if let (Some(name), true) = (name, value != "-") {
            out.push((name, value));
        }
    }
    if found != expected {
        return Err(Unreadable(format!("line has {found} fields, the log has {expected} columns")));
    }
    Ok(out)
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8], columns: Option<&Columns>) -> Result<Vec<u8>, Unreadable> {
    let mut map = Map::new();
    for (name, value) in fields(raw, columns)? {
        let number = if TEXT_FIELDS.contains(&name) { None } else { value.parse::<i64>().ok() };
        map.insert(name.to_owned(), number.map_or_else(|| Value::from(value), Value::from));
    }
    serde_json::to_vec(&map).map_err(|error| Unreadable(error.to_string()))
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8], columns: Option<&Columns>) -> Result<Event, Unreadable> {
    let fields = fields(raw, columns)?;
    let text = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
    let owned = |name: &str| text(name).map(str::to_owned);
    let number = |name: &str| -> Result<Option<u64>, Unreadable> {
        let Some(value) = text(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Unreadable(format!("{name} `{value}` is not a number")))
    };
    let start = number("start")?.ok_or_else(|| Unreadable::missing("start"))?;
    let when = seconds(start).ok_or_else(|| Unreadable(format!("start `{start}` is not a time")))?;

    let mut event = Event::new(Format::VpcFlow.id(), Class::NetworkActivity, when, raw);
    event.metadata = ocsf::Metadata {
        uid: ocsf::record_uid(raw),
        product_name: "VPC Flow Logs",
        vendor_name: "AWS",
        product_version: owned("version"),
        event_code: owned("log_status"),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud {
        provider: "AWS",
        region: owned("region"),
        zone: owned("az_id"),
        account: owned("account_id").map(|uid| Account { name: None, uid: Some(uid), type_id: Some(10) }),
    });
    event.actor_key = text("interface_id").map(|interface| format!("eni:{interface}"));
    let source = endpoint(text("srcaddr"), text("pkt_srcaddr"), number("srcport")?)?;
    let target = endpoint(text("dstaddr"), text("pkt_dstaddr"), number("dstport")?)?;
    (event.src_endpoint, event.dst_endpoint) = place_interface(source, target, &text);
    event.connection = Some(connection(&text, number("protocol")?, number("tcp_flags")?));
    event.bytes = number("bytes")?;
    event.traffic = Some(Traffic {
        bytes: event.bytes,
        packets: number("packets")?,
        start_time: Some(when.as_millisecond()),
        end_time: number("end")?.and_then(seconds).map(|time| time.as_millisecond()),
        ..Traffic::default()
    });
    (event.activity_id, event.action, event.status) = outcome(text("action"), text("log_status"));
    event.status_detail = owned("reject_reason");
    Ok(event)
}

fn seconds(number: u64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(i64::try_from(number).ok()?).ok()
}

/// Traffic (6) or Refuse (5); a line without data says only that nothing was seen or that lines were lost.
fn outcome(action: Option<&str>, log_status: Option<&str>) -> (u8, Option<Action>, Status) {
    match (action, log_status) {
        (Some("ACCEPT"), _) => (6, Some(Action::Allowed), Status::Success),
        (Some("REJECT"), _) => (5, Some(Action::Denied), Status::Failure),
        (None, Some("NODATA" | "SKIPDATA")) => (0, None, Status::Unknown),
        _ => (6, None, Status::Unknown),
    }
}

fn endpoint(address: Option<&str>, packet: Option<&str>, port: Option<u64>) -> Result<Endpoint, Unreadable> {
    let port = match port {
        Some(port) => Some(u16::try_from(port).map_err(|_| Unreadable(format!("port `{port}` is above 65535")))?),
        None => None,
    };
    if let Some(wrong) = [address, packet].into_iter().flatten().find(|text| !super::aws::is_ip(text)) {
        return Err(Unreadable(format!("`{wrong}` is not an address")));
    }
    // Behind a NAT gateway the packet's own address is the true other side; the interface's stays visible beside it.
    let ip = packet.or(address).map(str::to_owned);
    let hop = address.filter(|address| packet.is_some_and(|packet| packet != *address));
    Ok(Endpoint { ip, port, intermediate_ips: hop.map(str::to_owned).into_iter().collect(), ..Endpoint::default() })
}

/// The interface belongs to the source of what leaves and to the target of what enters; unknown counts as source.
fn place_interface<'t>(
    mut source: Endpoint,
    mut target: Endpoint,
    text: &dyn Fn(&str) -> Option<&'t str>,
) -> (Option<Endpoint>, Option<Endpoint>) {
    let owned = |name: &str| text(name).map(str::to_owned);
    let near = if text("flow_direction") == Some("ingress") { &mut target } else { &mut source };
    near.interface_uid = owned("interface_id");
    near.instance_uid = owned("instance_id");
    near.vpc_uid = owned("vpc_id");
    near.subnet_uid = owned("subnet_id");
    let known = |endpoint: Endpoint| (!endpoint.is_anonymous()).then_some(endpoint);
    (known(source), known(target))
}

fn connection<'t>(text: &dyn Fn(&str) -> Option<&'t str>, protocol: Option<u64>, tcp_flags: Option<u64>) -> Connection {
    Connection {
        direction_id: match text("flow_direction") {
            Some("ingress") => 1,
            Some("egress") => 2,
            _ => 0,
        },
        protocol_num: protocol.and_then(|number| u8::try_from(number).ok()),
        tcp_flags: tcp_flags.and_then(|flags| u32::try_from(flags).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] =
        b"2 111122223333 eni-0a1 10.0.1.5 203.0.113.9 44321 443 6 20 4249 1772446272 1772446332 ACCEPT OK";

    #[test]
    fn default_columns() {
        let view: Value = serde_json::from_slice(&view(LINE, None).unwrap()).unwrap();
        assert_eq!(view["account_id"], "111122223333");
        assert_eq!(view["bytes"], 4249);
        assert_eq!(view["log_status"], "OK");
        let event = normalize(LINE, None).unwrap();
        assert_eq!(event.actor_key.as_deref(), Some("eni:eni-0a1"));
        assert_eq!(event.hot().bytes, Some(4249));
        assert_eq!(event.time.to_string(), "2026-03-02T10:11:12Z");
    }

    #[test]
    fn header_orders_columns_and_dashes_are_absent() {
        let columns =
            Columns::of_head(b"interface-id start flow-direction pkt-dstaddr dstaddr srcaddr end\r\n").unwrap();
        let line = b"eni-1 1772446272 egress 203.0.113.9 10.0.0.1 - 1772446332";
        let view: Value = serde_json::from_slice(&view(line, Some(&columns)).unwrap()).unwrap();
        assert_eq!(view["flow_direction"], "egress");
        assert!(view.get("srcaddr").is_none());
        let event = normalize(line, Some(&columns)).unwrap();
        let target = event.dst_endpoint.unwrap();
        assert_eq!(target.ip.as_deref(), Some("203.0.113.9"));
        assert_eq!(target.intermediate_ips, ["10.0.0.1"]);
        assert_eq!(event.connection.unwrap().direction_id, 2);
    }

    #[test]
    fn bad_lines_name_the_field() {
        let cases: [(&[u8], &str); 4] = [
            (b"2 1 eni-1", "line has 3 fields, the log has 14 columns"),
            (b"2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 x 2 ACCEPT OK", "start `x` is not a number"),
            (b"2 1 eni-1 10.0.0.1 10.0.0.2 1 70000 6 1 1 1 2 ACCEPT OK", "port `70000` is above 65535"),
            (b"2 1 eni-1 nowhere 10.0.0.2 1 2 6 1 1 1 2 ACCEPT OK", "`nowhere` is not an address"),
        ];
        for (line, reason) in cases {
            assert_eq!(normalize(line, None).unwrap_err().0, reason);
        }
    }

    #[test]
    fn no_data_is_an_event_too() {
        let line = b"2 1 eni-1 - - - - - - - 1772446272 1772446332 - NODATA";
        let event = normalize(line, None).unwrap();
        assert_eq!((event.activity_id, event.status), (0, Status::Unknown));
    }
}
