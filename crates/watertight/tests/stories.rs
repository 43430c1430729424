//! One actor's deeds over identity, storage, logging and network are one incident that shows how they hang together; what
//! another actor does meanwhile is not in it.

mod common;

use std::collections::BTreeSet;

use common::{Place, config_text};
use serde_json::{Value, json};

const PROD: &str = "111122223333";
const DATA: &str = "444455556666";
const HOST: &str = "i-0123456789abcdef0";

fn call(id: &str, time: &str, who: &Value, service: &str, name: &str, rest: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "userIdentity": who, "eventTime": format!("2026-03-02T{time}Z"), "eventSource": format!("{service}.amazonaws.com"),
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "10.9.9.9", "userAgent": "aws-cli/2", "requestID": id,
        "eventID": id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": DATA,
    });
    for (key, value) in rest.as_object().expect("an object") {
        record[key] = value.clone();
    }
    record
}

fn user(name: &str) -> Value {
    json!({"type": "IAMUser", "arn": format!("arn:aws:iam::{PROD}:user/{name}"), "accountId": PROD, "userName": name})
}

fn session(role: &str, name: &str) -> Value {
    json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::{DATA}:assumed-role/{role}/{name}"), "accountId": DATA})
}

/// Somebody takes a session of a role in the other account.
fn assume(id: &str, time: &str, who: &Value, role: &str, name: &str) -> Value {
    let arn = format!("arn:aws:sts::{DATA}:assumed-role/{role}/{name}");
    call(id, time, who, "sts", "AssumeRole", &json!({"responseElements": {"assumedRoleUser": {"arn": arn}}}))
}

fn opens_bucket(id: &str, time: &str, who: &Value, bucket: &str) -> Value {
    call(id, time, who, "s3", "DeleteBucketPublicAccessBlock", &json!({"requestParameters": {"bucketName": bucket}}))
}

/// A machine is launched, long before.
fn launch() -> Value {
    let interfaces = json!({"items": [{"networkInterfaceId": "eni-9"}]});
    let machine =
        json!({"instanceId": HOST, "groupSet": {"items": [{"groupId": "sg-1"}]}, "networkInterfaceSet": interfaces});
    let response = json!({"responseElements": {"instancesSet": {"items": [machine]}}});
    call("launch", "00:10:00", &session("deploy", "ci"), "ec2", "RunInstances", &response)
}

fn opens_egress(id: &str, time: &str, who: &Value) -> Value {
    let all = json!({"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}});
    let asked = json!({"groupId": "sg-1", "ipPermissions": {"items": [all]}});
    call(id, time, who, "ec2", "AuthorizeSecurityGroupEgress", &json!({"requestParameters": asked}))
}

/// Two gigabytes from the machine to a stranger, at 10:30 UTC.
const FLOW: &str =
    "2 444455556666 eni-9 10.0.1.5 192.0.2.200 44321 443 6 900000 2000000000 1772447400 1772447460 ACCEPT OK\n";

fn incidents(cloudtrail: &[Value], flows: &str, order: &[(&str, &str)]) -> (Place, Vec<Value>) {
    let place = Place::new();
    place.write("watertight.toml", config_text(order, None));
    place.write("trail/log.json", json!({"Records": cloudtrail}).to_string());
    place.write("flows/log.txt", flows);
    place.run(&["ingest"]).ok();
    let mut rows = place.run(&["incident", "list"]).ok().rows();
    rows.sort_by_key(|row| row["number"].as_u64());
    (place, rows)
}

const TRAIL_FIRST: &[(&str, &str)] = &[("trail", "trail"), ("flows", "flows")];
const FLOWS_FIRST: &[(&str, &str)] = &[("flows", "flows"), ("trail", "trail")];

/// Ann takes two sessions, opens a bucket by one, stops the trail by the other, opens a security group herself; then the
/// machine behind it sends.
fn anns_story() -> Vec<Value> {
    let (reader, admin) = (session("reader", "x9"), session("admin", "y2"));
    vec![
        launch(),
        assume("assume-1", "09:00:00", &user("ann"), "reader", "x9"),
        opens_bucket("bucket", "09:05:00", &reader, "larkfield-orders"),
        // The second role is taken by the first one's session.
        assume("assume-2", "09:10:00", &reader, "admin", "y2"),
        call("trail", "09:20:00", &admin, "cloudtrail", "StopLogging", &json!({"requestParameters": {"name": "main"}})),
        opens_egress("egress", "10:00:00", &user("ann")),
    ]
}

#[test]
fn identity_storage_logging_and_network_of_one_actor_are_one_incident_with_its_chain() {
    let (place, rows) = incidents(&anns_story(), FLOW, TRAIL_FIRST);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    let id = rows[0]["id"].as_str().expect("an id");
    let shown = place.run(&["incident", "show", id]).ok().json();
    let signals = shown["signals"].as_array().expect("signals");
    let surfaces: BTreeSet<&str> = signals.iter().filter_map(|signal| signal["surface"].as_str()).collect();
    assert_eq!(surfaces, ["logging", "network", "storage"].into());

    let timeline = place.run(&["incident", "timeline", id]).ok().rows();
    let links = timeline.iter().filter_map(|row| row["body"]["chain"].as_array()).flatten();
    let said = |link: &Value| format!("{} {} {}", link["from"], link["kind"], link["to"]).replace('"', "");
    let chain: BTreeSet<String> = links.map(said).collect();
    let expected = [
        format!("aws:role-session:{DATA}/reader/x9 assumed aws:role-session:{DATA}/admin/y2"),
        format!("aws:user:{PROD}/ann assumed aws:role-session:{DATA}/reader/x9"),
        format!("{HOST} runs eni:eni-9"),
        format!("sg-1 guards {HOST}"),
    ];
    assert_eq!(chain, expected.into());
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn links_that_come_after_the_finding_they_explain_link_the_incidents() {
    let (place, rows) = incidents(&anns_story(), FLOW, FLOWS_FIRST);
    // When the flow was judged, nobody knew yet whose interface it was.
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let linked = |row: &Value| row["links"].as_object().is_some_and(|links| links.len() == 1);
    assert!(rows.iter().all(linked), "{rows:#?}");
    assert!(place.run(&["ingest"]).ok().rows().iter().all(|source| source["records"] == 0));
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

#[test]
fn what_somebody_else_does_meanwhile_is_another_incident() {
    let (bob, bob_key) = (session("reader", "bob"), format!("aws:role-session:{DATA}/reader/bob"));
    let mut records = anns_story();
    records.push(assume("assume-3", "09:01:00", &user("bob"), "reader", "bob"));
    records.push(opens_bucket("bucket-2", "09:06:00", &bob, "larkfield-reports"));
    let (place, rows) = incidents(&records, FLOW, TRAIL_FIRST);
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let bobs: Vec<&Value> = rows.iter().filter(|row| actors(&place, row).contains(&bob_key)).collect();
    assert_eq!(bobs.len(), 1);
    assert_eq!((&bobs[0]["finding_count"], actors(&place, bobs[0])), (&1.into(), BTreeSet::from([bob_key])));
}

/// Everybody whom an incident names.
fn actors(place: &Place, incident: &Value) -> BTreeSet<String> {
    let timeline = place.run(&["incident", "timeline", incident["id"].as_str().expect("an id")]).ok().rows();
    let named = timeline.iter().filter_map(|row| row["body"]["actors"].as_array()).flatten();
    named.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

#[test]
fn a_session_of_yesterday_joins_nothing_of_today() {
    let (old, new) = (session("reader", "ci"), session("reader", "ci-2"));
    let records = [
        // Taken fifteen hours before it is used: no session lasts that long, so somebody else took it in between.
        assume("assume-1", "00:00:00", &user("ann"), "reader", "ci"),
        opens_bucket("bucket-1", "15:00:00", &old, "larkfield-orders"),
        assume("assume-2", "14:59:00", &user("ann"), "reader", "ci-2"),
        opens_bucket("bucket-2", "15:01:00", &new, "larkfield-reports"),
    ];
    let (place, rows) = incidents(&records, "", TRAIL_FIRST);
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let each: Vec<BTreeSet<String>> = rows.iter().map(|row| actors(&place, row)).collect();
    let key = |name: &str| BTreeSet::from([format!("aws:role-session:{DATA}/reader/{name}")]);
    assert_eq!(each, [key("ci"), key("ci-2")]);
}

#[test]
fn a_strange_address_is_one_actor_and_one_that_many_use_is_not() {
    let from = |mut record: Value, address: &str| {
        record["sourceIPAddress"] = address.into();
        record
    };
    let deeds = |address: &str| {
        vec![
            from(opens_bucket("bucket-1", "15:00:00", &user("cyd"), "larkfield-orders"), address),
            from(opens_bucket("bucket-2", "15:10:00", &session("reader", "dan"), "larkfield-reports"), address),
        ]
    };
    let (_place, rows) = incidents(&deeds("192.0.2.44"), "", TRAIL_FIRST);
    assert_eq!(rows.len(), 1, "two identities from one strange address: {rows:#?}");
    let (_place, rows) = incidents(&deeds("10.1.2.3"), "", TRAIL_FIRST);
    assert_eq!(rows.len(), 2, "an address inside says nothing: {rows:#?}");
    let mut shared = deeds("192.0.2.44");
    for name in ["eve", "fay", "gil"] {
        let seen = call(name, "15:05:00", &user(name), "s3", "ListBuckets", &json!({}));
        shared.push(from(seen, "192.0.2.44"));
    }
    let (_place, rows) = incidents(&shared, "", TRAIL_FIRST);
    assert_eq!(rows.len(), 2, "half an office behind one address: {rows:#?}");
}
