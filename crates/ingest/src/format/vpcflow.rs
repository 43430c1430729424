//! VPC flow log lines (`aws/vpcflow`): Network Activity.
//!
//! Rules see a flat object with the vendor's names, `-` written as `_`, numbers as numbers, empty fields left out. Which
//! column is which is `vpcflow_columns`' to know; fields of later versions need no code in either.

use jiff::Timestamp;
use ocsf::{Account, Action, Class, Cloud, Connection, Endpoint, Event, Severity, Status, Traffic};

use super::flat::Flat;
use super::vpcflow_columns::{Columns, Field, Layout, NAMES};
use super::words::{Words, number};
use super::{Format, Unreadable, aws};

/// Fields that are text although they may look like numbers.
const TEXT_FIELDS: [&str; 2] = ["account_id", "interface_id"];

/// The flat object rules see: fields in the order of the line, those that are `-` left out.
pub(super) fn view(raw: &[u8], columns: Option<&Columns>) -> Result<Vec<u8>, Unreadable> {
    let layout = Layout(columns);
    let mut flat = Flat::new(layout.fields_max(), raw.len());
    let mut found = 0;
    for value in Words::of(text_of(raw)?) {
        if value != "-"
            && let Some(name) = layout.name(found)
        {
            if TEXT_FIELDS.contains(&name) {
                flat.text(name, value);
            } else {
                flat.number(name, value);
            }
        }
        found += 1;
    }
    layout.check(found)?;
    Ok(flat.finish())
}

/// Whether a line will become an event, without making it.
pub(super) fn check(raw: &[u8], columns: Option<&Columns>) -> Result<(), Unreadable> {
    let mut line = Line::default();
    line.fill(raw, columns)?;
    Flow::of(&line).map(drop)
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8], columns: Option<&Columns>) -> Result<Event, Unreadable> {
    let mut line = Line::default();
    line.fill(raw, columns)?;
    Ok(Flow::of(&line)?.event(raw))
}

/// The well-known fields of one line that are not `-`, by their place in `NAMES`. It is filled where it stands: moving it
/// costs as much as finding two fields.
#[derive(Default)]
struct Line<'r>([Option<&'r str>; NAMES.len()]);

impl<'r> Line<'r> {
    fn fill(&mut self, raw: &'r [u8], columns: Option<&Columns>) -> Result<(), Unreadable> {
        let layout = Layout(columns);
        let mut found = 0;
        for value in Words::of(text_of(raw)?) {
            if value != "-"
                && let Some(place) = layout.known(found).and_then(|place| self.0.get_mut(place))
            {
                *place = Some(value);
            }
            found += 1;
        }
        layout.check(found)
    }

    fn text(&self, field: Field) -> Option<&'r str> {
        self.0.get(field as usize).copied().flatten()
    }

    fn owned(&self, field: Field) -> Option<String> {
        self.text(field).map(str::to_owned)
    }

    fn number(&self, field: Field) -> Result<Option<u64>, Unreadable> {
        let Some(value) = self.text(field) else { return Ok(None) };
        let name = || NAMES.get(field as usize).copied().unwrap_or_default();
        number(value).map(Some).ok_or_else(|| Unreadable(format!("{} `{value}` is not a number", name())))
    }
}

/// A line of which everything that can be wrong was looked at.
struct Flow<'l, 'r> {
    line: &'l Line<'r>,
    start: Timestamp,
    end: Option<Timestamp>,
    source: Side<'r>,
    target: Side<'r>,
    bytes: Option<u64>,
    packets: Option<u64>,
    protocol: Option<u64>,
    tcp_flags: Option<u64>,
}

impl<'l, 'r> Flow<'l, 'r> {
    fn of(line: &'l Line<'r>) -> Result<Self, Unreadable> {
        let start = line.number(Field::Start)?.ok_or_else(|| Unreadable::missing("start"))?;
        Ok(Self {
            start: seconds(start).ok_or_else(|| Unreadable(format!("start `{start}` is not a time")))?,
            end: line.number(Field::End)?.and_then(seconds),
            source: Side::read(line, Field::SourceAddress, Field::PacketSource, Field::SourcePort)?,
            target: Side::read(line, Field::TargetAddress, Field::PacketTarget, Field::TargetPort)?,
            bytes: line.number(Field::Bytes)?,
            packets: line.number(Field::Packets)?,
            protocol: line.number(Field::Protocol)?,
            tcp_flags: line.number(Field::TcpFlags)?,
            line,
        })
    }

    /// Every field is named: filling in `Event::new` would write the event, which is large, a second time, and that
    /// costs a third of the speed.
    fn event(&self, raw: &[u8]) -> Event {
        let line = self.line;
        let (activity_id, action, status) = outcome(line.text(Field::Action), line.text(Field::LogStatus));
        let account = line.owned(Field::Account);
        // The interface belongs to the source of what leaves and to the target of what enters; unknown is source.
        let enters = line.text(Field::Direction) == Some("ingress");
        Event {
            metadata: ocsf::Metadata {
                product_name: "VPC Flow Logs",
                vendor_name: "AWS",
                product_version: line.owned(Field::Version),
                event_code: line.owned(Field::LogStatus),
                ..ocsf::Metadata::default()
            },
            cloud: Some(Cloud {
                provider: "AWS",
                region: line.owned(Field::Region),
                zone: line.owned(Field::Zone),
                account: account.map(Account::aws),
            }),
            actor_key: line.text(Field::Interface).map(|interface| ["eni:", interface].concat()),
            src_endpoint: self.source.endpoint((!enters).then_some(line)),
            dst_endpoint: self.target.endpoint(enters.then_some(line)),
            connection: Some(self.connection()),
            bytes: self.bytes,
            traffic: Some(Traffic {
                bytes: self.bytes,
                packets: self.packets,
                start_time: Some(self.start.as_millisecond()),
                end_time: self.end.map(Timestamp::as_millisecond),
                ..Traffic::default()
            }),
            activity_id,
            action,
            status,
            format: Format::VpcFlow.id(),
            class: Class::NetworkActivity,
            time: self.start,
            severity: Severity::Informational,
            raw: raw.to_vec(),
            status_code: None,
            status_detail: None,
            message: None,
            actor: None,
            user: None,
            api: None,
            http_request: None,
            http_response: None,
            resources: Vec::new(),
            service: None,
            session: None,
            is_mfa: None,
            links: Vec::new(),
            finding: None,
            dns: None,
            unmapped: serde_json::Map::new(),
            unmapped_json: Vec::new(),
        }
    }

    fn connection(&self) -> Connection {
        Connection {
            direction_id: match self.line.text(Field::Direction) {
                Some("ingress") => 1,
                Some("egress") => 2,
                _ => 0,
            },
            protocol_num: self.protocol.and_then(|number| u8::try_from(number).ok()),
            tcp_flags: self.tcp_flags.and_then(|flags| u32::try_from(flags).ok()),
        }
    }
}

/// One end of a flow.
struct Side<'r> {
    ip: Option<&'r str>,
    /// The interface's own address where it is not the packet's.
    hop: Option<&'r str>,
    port: Option<u16>,
}

impl<'r> Side<'r> {
    fn read(line: &Line<'r>, address: Field, packet: Field, port: Field) -> Result<Self, Unreadable> {
        let port = match line.number(port)? {
            Some(port) => Some(u16::try_from(port).map_err(|_| Unreadable(format!("port `{port}` is above 65535")))?),
            None => None,
        };
        let (address, packet) = (line.text(address), line.text(packet));
        if let Some(wrong) = [address, packet].into_iter().flatten().find(|text| !aws::is_ip(text)) {
            return Err(Unreadable(format!("`{wrong}` is not an address")));
        }
        // Behind a NAT gateway the packet's own address is the true other side; the interface's stays visible beside it.
        let hop = address.filter(|address| packet.is_some_and(|packet| packet != *address));
        Ok(Self { ip: packet.or(address), hop, port })
    }

    /// `near` is the line when the interface is on this side.
    fn endpoint(&self, near: Option<&Line<'_>>) -> Option<Endpoint> {
        let of_interface = |field| near.and_then(|line| line.owned(field));
        let (interface_uid, instance_uid) = (of_interface(Field::Interface), of_interface(Field::Instance));
        // What OCSF calls anonymous: nothing here says which endpoint it is.
        if self.ip.is_none() && interface_uid.is_none() && instance_uid.is_none() {
            return None;
        }
        Some(Endpoint {
            ip: self.ip.map(str::to_owned),
            port: self.port,
            intermediate_ips: self.hop.map(str::to_owned).into_iter().collect(),
            interface_uid,
            instance_uid,
            vpc_uid: of_interface(Field::Vpc),
            subnet_uid: of_interface(Field::Subnet),
            ..Endpoint::default()
        })
    }
}

fn text_of(raw: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(raw).map_err(|_| Unreadable("line is not valid UTF-8".to_owned()))
}

fn seconds(number: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(number).ok()?).ok()
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

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
    fn of_two_columns_of_one_name_the_last_counts() {
        let columns = Columns::of_head(b"start action bytes bytes srcaddr srcaddr").unwrap();
        let line = b"1772446272 ACCEPT 1 2 10.0.0.1 10.0.0.2";
        let expected = r#"{"start":1772446272,"action":"ACCEPT","bytes":2,"srcaddr":"10.0.0.2"}"#;
        assert_eq!(view(line, Some(&columns)).unwrap(), expected.as_bytes());
        let event = normalize(line, Some(&columns)).unwrap();
        assert_eq!((event.bytes, event.hot().src_ip), (Some(2), Some("10.0.0.2")));
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
            assert_eq!(check(line, None).unwrap_err().0, reason);
        }
    }

    #[test]
    fn no_data_is_an_event_too() {
        let line = b"2 1 eni-1 - - - - - - - 1772446272 1772446332 - NODATA";
        let event = normalize(line, None).unwrap();
        assert_eq!((event.activity_id, event.status), (0, Status::Unknown));
    }
}
