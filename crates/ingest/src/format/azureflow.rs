//! Flow logs of Azure (`azure/flowlogs`): Network Activity, one event per flow tuple. Of network security groups (version 1 and 2) and of
//! virtual networks (version 4).
//!
//! A record of the blob holds the flows of a minute in nested lists; [`split`] takes them apart before anything else sees them, so a
//! record here is one tuple with what stood around it. Rules see it with its fields named. Contents: Network Watcher documentation,
//! "Flow logging for network security groups", "Virtual network flow logs".

use jiff::Timestamp;
use ocsf::{Account, Action, Class, Cloud, Connection, Endpoint, Event, Status, Traffic};
use serde_json::{Map, Value, json};

use super::append::Appended;
use super::marks::Keys;
use super::tree::{Tree, begin};
use super::{Format, Unreadable, aws, resourcelog};

/// A tuple that [`split`] cut out, or a record that holds some.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    keys.has_all(&[b"flowTuple", b"category"])
        || keys.has_all(&[b"flowRecords", b"flowLogVersion"])
        || keys.has_all(&[b"systemId", b"macAddress", b"category"])
}

/// The tuples of a record, each with what stands around it; `None` when there are none.
pub(super) fn split(framed: &[u8]) -> Option<Vec<Vec<u8>>> {
    memchr::memmem::find(framed, b"\"flowTuples\"")?;
    let mut record: Map<String, Value> = serde_json::from_slice(framed).ok()?;
    let inner = ["properties", "flowRecords"].iter().find_map(|name| record.remove(*name))?;
    if let Some(version) = inner.get("Version") {
        record.insert("flowLogVersion".to_owned(), version.clone());
    }
    let mut out = Vec::new();
    collect(&inner, &record, &mut out);
    (!out.is_empty()).then_some(out)
}

/// Names around a tuple that say which rule let it pass.
const AROUND: [&str; 3] = ["rule", "aclID", "mac"];

fn collect(value: &Value, around: &Map<String, Value>, out: &mut Vec<Vec<u8>>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, around, out)),
        Value::Object(map) => {
            let mut around = around.clone();
            for name in AROUND {
                if let Some(value) = map.get(name) {
                    around.insert(name.to_owned(), value.clone());
                }
            }
            for (name, value) in map {
                if name != "flowTuples" {
                    collect(value, &around, out);
                    continue;
                }
                for tuple in value.as_array().into_iter().flatten() {
                    around.insert("flowTuple".to_owned(), tuple.clone());
                    out.push(json!(around).to_string().into_bytes());
                }
            }
        }
        _ => {}
    }
}

/// A tuple by its names. Version 4 has the protocol as a number and the state of encryption; version 1 ends after the decision.
#[derive(Debug, PartialEq)]
struct Tuple<'t> {
    time: &'t str,
    source: &'t str,
    destination: &'t str,
    source_port: &'t str,
    destination_port: &'t str,
    protocol: &'t str,
    direction: &'t str,
    state: &'t str,
    decision: &'t str,
    encryption: &'t str,
    counts: [&'t str; 4],
}

impl<'t> Tuple<'t> {
    fn of(text: &'t str, virtual_network: bool) -> Result<Self, Unreadable> {
        let parts: Vec<&str> = text.split(',').collect();
        let at = |index: usize| parts.get(index).copied().unwrap_or_default();
        let short = || Unreadable(format!("flow tuple has {} fields, at least eight are needed", parts.len()));
        let counts_at = 9;
        let counts = [at(counts_at), at(counts_at + 1), at(counts_at + 2), at(counts_at + 3)];
        let (decision, state, encryption) = if virtual_network {
            // The state says both: begun, continuing, ended, denied.
            (if at(7) == "D" { "D" } else { "A" }, at(7), at(8))
        } else {
            (at(7), at(8), "")
        };
        if parts.len() < 8 {
            return Err(short());
        }
        Ok(Self {
            time: at(0),
            source: at(1),
            destination: at(2),
            source_port: at(3),
            destination_port: at(4),
            protocol: at(5),
            direction: at(6),
            state,
            decision,
            encryption,
            counts,
        })
    }

    fn protocol_number(&self) -> Option<u8> {
        match self.protocol {
            "T" => Some(6),
            "U" => Some(17),
            number => number.parse().ok(),
        }
    }
}

fn tuple_text(tree: &mut Tree) -> Result<(String, bool), Unreadable> {
    let virtual_network = tree.peek("category").is_some_and(|category| category == "FlowLogFlowEvent");
    let text =
        tree.take(&["flowTuple"]).ok_or_else(|| Unreadable("the flow record holds no flow tuples".to_owned()))?;
    Ok((text, virtual_network))
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let (text, virtual_network) = tuple_text(&mut tree)?;
    let tuple = Tuple::of(&text, virtual_network)?;
    let mut view = Appended::to(raw)?;
    let texts = [
        ("srcaddr", tuple.source),
        ("dstaddr", tuple.destination),
        ("protocol", tuple.protocol),
        ("flow-direction", tuple.direction),
        ("flow-state", tuple.state),
        ("action", if tuple.decision == "D" { "DENY" } else { "ALLOW" }),
        ("flow-encryption", tuple.encryption),
    ];
    for (name, value) in texts.into_iter().filter(|(_, value)| !value.is_empty()) {
        view.text(name, value);
    }
    let [packets_out, bytes_out, packets_in, bytes_in] = tuple.counts;
    let numbers = [
        ("srcport", tuple.source_port),
        ("dstport", tuple.destination_port),
        ("packets-sent", packets_out),
        ("bytes-sent", bytes_out),
        ("packets-received", packets_in),
        ("bytes-received", bytes_in),
    ];
    for (name, value) in numbers.into_iter().filter(|(_, value)| !value.is_empty()) {
        view.number(name, value);
    }
    Ok(view.finish())
}

/// A tuple as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let (text, virtual_network) = tuple_text(&mut tree)?;
    let tuple = Tuple::of(&text, virtual_network)?;
    let when = instant(tuple.time)?;
    let mut event =
        begin(Format::AzureFlowLogs, Class::NetworkActivity, when, raw, ("Microsoft", "Network Watcher"), "flow");
    event.metadata.event_code = tree.take(&["rule"]);
    let denied = tuple.decision == "D";
    event.action = Some(if denied { Action::Denied } else { Action::Allowed });
    event.status = if denied { Status::Failure } else { Status::Success };
    // OCSF's activities: open, close, traffic, refuse.
    event.activity_id = match tuple.state {
        _ if denied => 5,
        "B" => 1,
        "E" => 2,
        _ => 6,
    };
    let end = |address: &str, port: &str| Endpoint {
        ip: aws::is_ip(address).then(|| address.to_owned()),
        name: (!aws::is_ip(address)).then(|| address.to_owned()),
        port: port.parse().ok(),
        ..Endpoint::default()
    };
    let inbound = tuple.direction == "I";
    let interface = tree.take(&["mac", "macAddress"]);
    let (mut source, mut destination) =
        (end(tuple.source, tuple.source_port), end(tuple.destination, tuple.destination_port));
    if inbound {
        destination.interface_uid = interface
    } else {
        source.interface_uid = interface
    }
    event.actor_key = aws::key_of_ip(tuple.source);
    (event.src_endpoint, event.dst_endpoint) = (Some(source), Some(destination));
    event.connection = Some(Connection {
        direction_id: if inbound { 1 } else { 2 },
        protocol_num: tuple.protocol_number(),
        tcp_flags: None,
    });
    let [packets_out, bytes_out, packets_in, bytes_in] = tuple.counts.map(|count| count.parse::<u64>().ok());
    let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other.unwrap_or(0)));
    event.bytes = bytes_out;
    event.traffic = bytes_out.map(|_| Traffic {
        bytes: sum(bytes_out, bytes_in),
        bytes_in,
        bytes_out,
        packets: sum(packets_out, packets_in),
        start_time: None,
        end_time: Some(when.as_millisecond()),
    });
    let resource = tree.take(&["resourceId", "flowLogResourceID", "targetResourceID"]);
    let account = resource.as_deref().and_then(resourcelog::subscription).map(Account::azure_subscription);
    event.cloud = Some(Cloud { provider: "Azure", region: None, zone: None, account });
    event.unmapped = tree.rest();
    if let Some(resource) = resource {
        event.unmapped.insert("resource_id".to_owned(), resource.into());
    }
    if !tuple.encryption.is_empty() {
        event.unmapped.insert("flow_encryption".to_owned(), tuple.encryption.into());
    }
    Ok(event)
}

/// Seconds in the older logs, milliseconds in those of virtual networks.
fn instant(written: &str) -> Result<Timestamp, Unreadable> {
    let found = written.parse::<i64>().is_ok().then(|| super::tree::instant(written)).flatten();
    found.ok_or_else(|| Unreadable(format!("flow tuple's time `{written}` is not a time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = r#"{"time":"2026-03-02T10:11:12Z","systemId":"s","macAddress":"00AA","category":"NetworkSecurityGroupFlowEvent",
        "resourceId":"/SUBSCRIPTIONS/AA/x","properties":{"Version":2,"flows":[{"rule":"deny-all","flows":[{"mac":"00AA","flowTuples":[
        "1772446272,192.0.2.7,10.0.0.4,35620,443,T,I,D,B,,,,","1772446273,10.0.0.4,198.51.100.9,35621,443,T,O,A,E,10,4711,12,900"]}]}]}}"#;

    #[test]
    fn tuples_are_records() {
        let parts = split(GROUP.as_bytes()).unwrap();
        assert_eq!(parts.len(), 2);
        let denied = normalize(&parts[0]).unwrap();
        assert_eq!(
            (denied.activity_id, denied.action, denied.hot().src_ip),
            (5, Some(Action::Denied), Some("192.0.2.7"))
        );
        assert_eq!((denied.operation(), denied.account()), (Some("deny-all"), Some("aa")));
        let sent = normalize(&parts[1]).unwrap();
        let traffic = sent.traffic.unwrap();
        assert_eq!((sent.bytes, traffic.bytes, traffic.packets), (Some(4711), Some(5611), Some(22)));
        assert_eq!(split(b"{}"), None);
        assert!(normalize(GROUP.as_bytes()).is_err());
    }

    #[test]
    fn virtual_networks_have_numbers_and_milliseconds() {
        let raw = r#"{"category":"FlowLogFlowEvent","flowLogVersion":4,"flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"r",
            "flowTuples":["1772446272447,10.1.0.4,40.119.6.228,123,123,17,O,C,NX,4,360,4,528"]}]}]}}"#;
        let parts = split(raw.as_bytes()).unwrap();
        let event = normalize(&parts[0]).unwrap();
        assert_eq!((event.time.as_millisecond(), event.bytes), (1_772_446_272_447, Some(360)));
        assert_eq!(
            (event.connection.unwrap().protocol_num, &event.unmapped["flow_encryption"]),
            (Some(17), &"NX".into())
        );
        let view: Value = serde_json::from_slice(&view(&parts[0]).unwrap()).unwrap();
        assert_eq!((&view["dstaddr"], &view["bytes-sent"]), (&"40.119.6.228".into(), &360.into()));
    }
}
