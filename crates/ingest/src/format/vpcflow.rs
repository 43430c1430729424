//! VPC flow log lines (`aws/vpcflow`): Network Activity.
//!
//! Columns come from the header line where there is one, else they are version 2's. Rules see a flat object with the
//! vendor's names, `-` written as `_`, numbers as numbers, empty fields left out. Fields of later versions need no code.

use ocsf::{Account, Action, Class, Cloud, Connection, Endpoint, Event, Status, Traffic};
use serde_json::{Map, Value};

use super::{Format, Unreadable};

/// All fields up to version 5 in the order the console offers them; the first 14 are version 2, the default
/// (AWS VPC user guide, "Flow log records"). Lines without a header are in one of these two orders.
const NAMES: [&str; 29] = [
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
    "vpc_id",
    "subnet_id",
    "instance_id",
    "tcp_flags",
    "type",
    "pkt_srcaddr",
    "pkt_dstaddr",
    "region",
    "az_id",
    "sublocation_type",
    "sublocation_id",
    "pkt_src_aws_service",
    "pkt_dst_aws_service",
    "flow_direction",
    "traffic_path",
];
const VERSION_2: usize = 14;
/// Columns of a header line; AWS has 42 today.
const COLUMNS_MAX: usize = 128;
/// Fields that are text although they may look like numbers.
const TEXT_FIELDS: [&str; 2] = ["account_id", "interface_id"];

/// Index into `NAMES` of a field that an event is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Version = 0,
    Account = 1,
    Interface = 2,
    SourceAddress = 3,
    TargetAddress = 4,
    SourcePort = 5,
    TargetPort = 6,
    Protocol = 7,
    Packets = 8,
    Bytes = 9,
    Start = 10,
    End = 11,
    Action = 12,
    LogStatus = 13,
    Vpc = 14,
    Subnet = 15,
    Instance = 16,
    TcpFlags = 17,
    PacketSource = 19,
    PacketTarget = 20,
    Region = 21,
    Zone = 22,
    Direction = 27,
}

/// The order of the columns in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    names: Vec<String>,
    /// Index into `NAMES` for each column that is known by name.
    known: Vec<Option<usize>>,
}

impl Columns {
    /// The columns, when the first line that is not blank names them.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        let line = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
        if !is_header(line) {
            return None;
        }
        let text = std::str::from_utf8(line).ok()?;
        let names: Vec<String> =
            text.split_ascii_whitespace().take(COLUMNS_MAX).map(|name| name.replace('-', "_")).collect();
        let known = names.iter().map(|name| NAMES.iter().position(|known| known == name)).collect();
        Some(Self { names, known })
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

/// A line without a header in one of the two well-known orders, told apart by their lengths.
pub(super) fn is_default_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.trim_ascii().split(|byte| *byte == b' ').take(COLUMNS_MAX).collect();
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let known_length = words.len() == VERSION_2 || words.len() == NAMES.len();
    known_length
        && matches!(word(0), b"2" | b"3" | b"4" | b"5")
        && word(2).starts_with(b"eni-")
        && matches!(word(13), b"OK" | b"NODATA" | b"SKIPDATA")
}

/// The fields of one line that are not `-`, each with its name and, when it has one, its place in `NAMES`.
struct Line<'r> {
    known: [Option<&'r str>; NAMES.len()],
    all: Vec<(&'r str, &'r str)>,
}

impl<'r> Line<'r> {
    /// `with_names` fills `all`, which only rules need.
    fn parse(raw: &'r [u8], columns: Option<&'r Columns>, with_names: bool) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(raw).map_err(|_| Unreadable("line is not valid UTF-8".to_owned()))?;
        let mut line = Self { known: [None; NAMES.len()], all: Vec::new() };
        let mut found = 0;
        for value in text.split_ascii_whitespace() {
            let known = columns.map_or(Some(found), |columns| columns.known.get(found).copied().flatten());
            if value != "-" {
                if let Some(place) = known.and_then(|known| line.known.get_mut(known)) {
                    *place = Some(value);
                }
                let name = match columns {
                    Some(columns) => columns.names.get(found).map(String::as_str),
                    None => NAMES.get(found).copied(),
                };
                if let (true, Some(name)) = (with_names, name) {
                    line.all.push((name, value));
                }
            }
            found += 1;
        }
        let headless = if found == NAMES.len() { found } else { VERSION_2 };
        let expected = columns.map_or(headless, |columns| columns.names.len());
        if found != expected {
            return Err(Unreadable(format!("line has {found} fields, the log has {expected} columns")));
        }
        Ok(line)
    }

    fn text(&self, field: Field) -> Option<&'r str> {
        self.known.get(field as usize).copied().flatten()
    }

    fn owned(&self, field: Field) -> Option<String> {
        self.text(field).map(str::to_owned)
    }

    fn number(&self, field: Field) -> Result<Option<u64>, Unreadable> {
        let Some(value) = self.text(field) else { return Ok(None) };
        let name = NAMES.get(field as usize).copied().unwrap_or_default();
        value.parse().map(Some).map_err(|_| Unreadable(format!("{name} `{value}` is not a number")))
    }
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8], columns: Option<&Columns>) -> Result<Vec<u8>, Unreadable> {
    let mut map = Map::new();
    for (name, value) in Line::parse(raw, columns, true)?.all {
        let number = if TEXT_FIELDS.contains(&name) { None } else { value.parse::<i64>().ok() };
        map.insert(name.to_owned(), number.map_or_else(|| Value::from(value), Value::from));
    }
    serde_json::to_vec(&map).map_err(|error| Unreadable(error.to_string()))
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8], columns: Option<&Columns>) -> Result<Event, Unreadable> {
    let line = Line::parse(raw, columns, false)?;
    let start = line.number(Field::Start)?.ok_or_else(|| Unreadable::missing("start"))?;
    let when = seconds(start).ok_or_else(|| Unreadable(format!("start `{start}` is not a time")))?;

    let mut event = Event::new(Format::VpcFlow.id(), Class::NetworkActivity, when, raw);
    event.metadata = ocsf::Metadata {
        uid: ocsf::record_uid(raw),
        product_name: "VPC Flow Logs",
        vendor_name: "AWS",
        product_version: line.owned(Field::Version),
        event_code: line.owned(Field::LogStatus),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud {
        provider: "AWS",
        region: line.owned(Field::Region),
        zone: line.owned(Field::Zone),
        account: line.owned(Field::Account).map(|uid| Account { name: None, uid: Some(uid), type_id: Some(10) }),
    });
    event.actor_key = line.text(Field::Interface).map(|interface| format!("eni:{interface}"));
    let source = endpoint(&line, Field::SourceAddress, Field::PacketSource, Field::SourcePort)?;
    let target = endpoint(&line, Field::TargetAddress, Field::PacketTarget, Field::TargetPort)?;
    (event.src_endpoint, event.dst_endpoint) = place_interface(source, target, &line);
    event.connection = Some(connection(&line)?);
    event.bytes = line.number(Field::Bytes)?;
    event.traffic = Some(Traffic {
        bytes: event.bytes,
        packets: line.number(Field::Packets)?,
        start_time: Some(when.as_millisecond()),
        end_time: line.number(Field::End)?.and_then(seconds).map(|time| time.as_millisecond()),
        ..Traffic::default()
    });
    (event.activity_id, event.action, event.status) = outcome(line.text(Field::Action), line.text(Field::LogStatus));
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

fn endpoint(line: &Line<'_>, address: Field, packet: Field, port: Field) -> Result<Endpoint, Unreadable> {
    let port = match line.number(port)? {
        Some(port) => Some(u16::try_from(port).map_err(|_| Unreadable(format!("port `{port}` is above 65535")))?),
        None => None,
    };
    let (address, packet) = (line.text(address), line.text(packet));
    if let Some(wrong) = [address, packet].into_iter().flatten().find(|text| !super::aws::is_ip(text)) {
        return Err(Unreadable(format!("`{wrong}` is not an address")));
    }
    // Behind a NAT gateway the packet's own address is the true other side; the interface's stays visible beside it.
    let ip = packet.or(address).map(str::to_owned);
    let hop = address.filter(|address| packet.is_some_and(|packet| packet != *address));
    Ok(Endpoint { ip, port, intermediate_ips: hop.map(str::to_owned).into_iter().collect(), ..Endpoint::default() })
}

/// The interface belongs to the source of what leaves and to the target of what enters; unknown counts as source.
fn place_interface(
    mut source: Endpoint,
    mut target: Endpoint,
    line: &Line<'_>,
) -> (Option<Endpoint>, Option<Endpoint>) {
    let near = if line.text(Field::Direction) == Some("ingress") { &mut target } else { &mut source };
    near.interface_uid = line.owned(Field::Interface);
    near.instance_uid = line.owned(Field::Instance);
    near.vpc_uid = line.owned(Field::Vpc);
    near.subnet_uid = line.owned(Field::Subnet);
    let known = |endpoint: Endpoint| (!endpoint.is_anonymous()).then_some(endpoint);
    (known(source), known(target))
}

fn connection(line: &Line<'_>) -> Result<Connection, Unreadable> {
    Ok(Connection {
        direction_id: match line.text(Field::Direction) {
            Some("ingress") => 1,
            Some("egress") => 2,
            _ => 0,
        },
        protocol_num: line.number(Field::Protocol)?.and_then(|number| u8::try_from(number).ok()),
        tcp_flags: line.number(Field::TcpFlags)?.and_then(|flags| u32::try_from(flags).ok()),
    })
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
