//! Flow logs of Azure (`azure/flowlogs`): Network Activity, one event per flow tuple. Of network security groups (version 1 and 2) and of
//! virtual networks (version 4).
//!
//! A record of the blob holds the flows of a minute in nested lists; [`split`] takes them apart before anything else sees them, so a
//! record here is one tuple with what stood around it. Rules see it with its fields named. Contents: Network Watcher documentation,
//! "Flow logging for network security groups", "Virtual network flow logs".

use std::collections::BTreeMap;

use jiff::Timestamp;
use ocsf::{Account, Action, Class, Cloud, Connection, Endpoint, Event, Status, Traffic};
use serde_json::{Map, Value};

use super::append::Appended;
use super::marks::Keys;
use super::tree::{Parts, Tree, begin};
use super::{Format, Unreadable, aws, resourcelog};

/// A tuple that [`split`] cut out, or a record that holds some.
pub(super) fn is(keys: &Keys<'_>) -> bool {
    keys.has_all(&[b"flowTuple", b"category"])
        || keys.has_all(&[b"flowRecords", b"flowLogVersion"])
        || keys.has_all(&[b"systemId", b"macAddress", b"category"])
}

/// The tuples of a record, each with what stands around it; `None` when there are none, or when it has to be rejected whole:
/// [`tuple_text`] then says why.
pub(super) fn split(framed: &[u8]) -> Option<Vec<Vec<u8>>> {
    memchr::memmem::find(framed, b"\"flowTuples\"")?;
    cut(&super::azure::parse(framed).ok()?).ok()?.finish()
}

/// A flow log by its own members. What a caller may write into the `properties` of another log does not make it one.
fn holder(record: &Map<String, Value>) -> Option<(&'static str, &Value)> {
    let has = |names: &[&str]| names.iter().all(|name| record.contains_key(*name));
    if !has(&["flowRecords", "flowLogVersion"]) && !has(&["systemId", "macAddress", "category"]) {
        return None;
    }
    ["properties", "flowRecords"].into_iter().find_map(|name| Some((name, record.get(name)?)))
}

fn cut(record: &Map<String, Value>) -> Result<Parts, Unreadable> {
    let mut parts = Parts::default();
    let Some((holder, inner)) = holder(record) else { return Ok(parts) };
    let around = record.iter().filter(|(name, _)| *name != holder).map(|(name, value)| (name.as_str(), value));
    collect(inner, &mut around.collect(), &mut parts)?;
    Ok(parts)
}

/// The lists of a group. All its other members belong to each of its tuples.
const LISTS: [&str; 3] = ["flowGroups", "flowTuples", "flows"];

fn collect<'v>(
    group: &'v Value,
    around: &mut BTreeMap<&'v str, &'v Value>,
    parts: &mut Parts,
) -> Result<(), Unreadable> {
    let lists = |group: &Map<String, Value>| LISTS.iter().any(|name| group.contains_key(*name));
    let Some(group) = group.as_object().filter(|group| lists(group)) else {
        return Err(Unreadable("the flow record holds a group without flows".to_owned()));
    };
    let mut own = Vec::new();
    for (name, value) in group.iter().filter(|(name, _)| !LISTS.contains(&name.as_str())) {
        let name = if name == "Version" { "flowLogVersion" } else { name.as_str() };
        match around.insert(name, value) {
            Some(outer) if outer != value => return Err(twice(name)),
            Some(_) => {}
            None => own.push(name),
        }
    }
    for name in LISTS {
        let list = match group.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list,
            Some(_) => return Err(Unreadable(format!("{name} of the flow record is no list"))),
        };
        for element in list {
            if name != "flowTuples" {
                collect(element, around, parts)?;
                continue;
            }
            if around.insert("flowTuple", element).is_some() {
                return Err(twice("flowTuple"));
            }
            parts.push(around)?;
            around.remove("flowTuple");
        }
    }
    for name in own {
        around.remove(name);
    }
    Ok(())
}

fn twice(name: &str) -> Unreadable {
    Unreadable(format!("the flow record says {name} twice and differently"))
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

fn tuple_text(tree: &mut Tree, raw: &[u8]) -> Result<(String, bool), Unreadable> {
    let virtual_network = tree.peek("category").is_some_and(|category| category == "FlowLogFlowEvent");
    let none = || Unreadable("the flow record holds no flow tuples".to_owned());
    let reason = || super::azure::parse(raw).and_then(|record| cut(&record)).err().unwrap_or_else(none);
    Ok((tree.take(&["flowTuple"]).ok_or_else(reason)?, virtual_network))
}

/// The object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut tree = Tree::parse(raw)?;
    let (text, virtual_network) = tuple_text(&mut tree, raw)?;
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
    let (text, virtual_network) = tuple_text(&mut tree, raw)?;
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
    use serde_json::json;

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

    #[test]
    fn what_would_lose_a_tuple_or_the_memory_is_rejected_whole() {
        let record = |around: &str, flows: &str| {
            format!(
                r#"{{"category":"FlowLogFlowEvent","flowLogVersion":4,"around":"{around}","flowRecords":{{"flows":[{{"rule":"r","flowTuples":["x"]}},{flows}]}}}}"#
            )
        };
        let cases = [
            (r#"{"rule":"q","flowTuples":"x"}"#, "flowTuples of the flow record is no list"),
            (r#"{"rule":"q","flows":{"flowTuples":["x"]}}"#, "flows of the flow record is no list"),
            (r#"{"rule":"q"}"#, "the flow record holds a group without flows"),
            (r#""x""#, "the flow record holds a group without flows"),
            (r#"{"flowLogVersion":2,"flowTuples":["x"]}"#, "the flow record says flowLogVersion twice and differently"),
        ];
        for (flows, reason) in cases {
            let raw = record("", flows);
            assert_eq!(split(raw.as_bytes()), None, "{raw}");
            assert_eq!(normalize(raw.as_bytes()).unwrap_err().to_string(), reason);
        }
        // What a group says goes with its own tuples only, whatever its name; empty groups lose nothing.
        let raw =
            record("", r#"{"zone":{"a":1},"flows":[{"flowTuples":["y"]},{"flowTuples":[]}]},{"flowTuples":["z"]}"#);
        let parts = split(raw.as_bytes()).unwrap();
        let parts: Vec<Value> = parts.iter().map(|part| serde_json::from_slice(part).unwrap()).collect();
        let said: Vec<_> = parts.iter().map(|part| [&part["flowTuple"], &part["rule"], &part["zone"]["a"]]).collect();
        let null = Value::Null;
        let expected =
            [[&json!("x"), &json!("r"), &null], [&json!("y"), &null, &json!(1)], [&json!("z"), &null, &null]];
        assert_eq!(said, expected);
        // Tuples that each repeat 1 MiB, and empty groups that repeat nothing.
        let large = |flows: &str| record(&"x".repeat(1 << 20), &[flows; 70].join(","));
        assert_eq!(split(large(r#"{"flowTuples":[]}"#).as_bytes()).unwrap().len(), 1);
        let raw = large(r#"{"flowTuples":["x"]}"#);
        assert_eq!(split(raw.as_bytes()), None);
        let reason = normalize(raw.as_bytes()).unwrap_err().to_string();
        assert_eq!(reason, "taken apart, the record is longer than 67108864 bytes");
        // The properties of another log are its own.
        let other = r#"{"category":"Administrative","properties":{"flows":[{"flowTuples":["x"]}],"secret":1}}"#;
        assert_eq!(split(other.as_bytes()), None);
    }
}
