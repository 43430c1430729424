//! Every file of a run read back by independent readers: shapes, required fields, unique ids, records in their files.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Read, id, run, time};
use serde_json::Value;
use simulate::Stories;

const REQUIRED: &[&str] = &[
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "eventID",
    "readOnly",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "eventCategory",
];

#[test]
fn cloudtrail_records_have_their_fields_and_their_own_ids() {
    let (_, memory) = run(5, 7, 0.2, Stories::All);
    let mut ids = BTreeSet::new();
    let mut anonymous = 0;
    for path in memory.telemetry().filter(|p| p.contains("/cloudtrail/")) {
        let name = path.rsplit('/').next().unwrap();
        let parts: Vec<&str> = name.split('_').collect();
        assert_eq!(
            (parts.len(), parts[1], parts[4].len()),
            (5, "CloudTrail", "0123456789abcdef.json.gz".len()),
            "{name}"
        );
        assert!(path.contains(&format!("AWSLogs/{}/CloudTrail/{}/2026/", parts[0], parts[2])), "{path}");
        for record in memory.records(path) {
            let record = record.json();
            for field in REQUIRED {
                assert!(record.get(field).is_some(), "{path}: no `{field}` in {record}");
            }
            assert_eq!(record["recipientAccountId"], parts[0]);
            assert_eq!(record["awsRegion"], parts[2]);
            let data = record["eventCategory"] == "Data";
            assert_eq!(record["managementEvent"], !data);
            assert!(record["requestID"].is_string() || record["eventType"] == "AwsConsoleSignIn");
            assert!(ids.insert(record["eventID"].as_str().unwrap().to_owned()), "an event id twice");
            anonymous += usize::from(check_identity(record));
        }
    }
    assert!(ids.len() > 3_000, "only {} CloudTrail records", ids.len());
    assert!(anonymous > 100, "the public bucket and the images are read by nobody in particular");
}

/// Checks the identity's shape; true for the anonymous one.
fn check_identity(record: &Value) -> bool {
    let who = &record["userIdentity"];
    match who["type"].as_str().unwrap() {
        "AssumedRole" => {
            let issuer = &who["sessionContext"]["sessionIssuer"];
            assert_eq!(issuer["type"], "Role");
            let role = issuer["userName"].as_str().unwrap();
            assert!(who["arn"].as_str().unwrap().contains(&format!(":assumed-role/{role}/")), "{who}");
            assert!(who["sessionContext"]["attributes"]["mfaAuthenticated"].is_string());
            let created = who["sessionContext"]["attributes"]["creationDate"].as_str().unwrap();
            assert!(created <= record["eventTime"].as_str().unwrap(), "a session used before it was made");
        }
        "IAMUser" => assert!(who["arn"].as_str().unwrap().contains(":user/")),
        "AWSService" => assert!(who["invokedBy"].as_str().unwrap().ends_with(".amazonaws.com")),
        "AWSAccount" => {
            assert!(who.get("arn").is_none());
            return !who["accountId"].as_str().unwrap().starts_with(|c: char| c.is_ascii_digit());
        }
        other => panic!("identity type {other}"),
    }
    false
}

#[test]
fn text_formats_have_their_columns() {
    let (_, memory) = run(5, 2, 0.2, Stories::All);
    for path in memory.telemetry().filter(|p| p.contains("/vpcflow/")) {
        let text = memory.text(path);
        let columns = text.lines().next().unwrap().split(' ').count();
        assert!(columns == 14 || columns == 27, "{columns} columns");
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(' ').collect();
            assert_eq!(fields.len(), columns, "{line}");
            assert!(fields[0] == if columns == 14 { "2" } else { "5" }, "{line}");
            for number in [5, 6, 8, 9, 10, 11] {
                assert!(fields[number].parse::<u64>().is_ok(), "field {number} of {line}");
            }
            let families = [fields[3], fields[4]].map(|a| a.parse::<std::net::IpAddr>().unwrap().is_ipv4());
            assert_eq!(families[0], families[1], "one flow, one address family: {line}");
        }
    }
    for path in memory.telemetry().filter(|p| p.contains("/s3access/")) {
        for record in memory.records(path) {
            let Read::Text(line) = record else { panic!("text") };
            let quoted: Vec<&str> = line.split('"').collect();
            assert_eq!(quoted.len(), 7, "request, referer and agent are quoted: {line}");
            let unquoted = quoted.iter().step_by(2).map(|part| part.split_whitespace().count()).sum::<usize>();
            // 26 fields; the time counts as two, three are quoted.
            assert_eq!(unquoted + 3 - 1, 26, "{line}");
        }
    }
}

#[test]
fn every_label_points_at_its_record() {
    for seed in [3, 8] {
        let (truth, memory) = run(seed, 7, 0.1, Stories::All);
        let occurrences = truth.look_alikes.iter().flat_map(|l| l.occurrences.iter().map(move |o| (&l.id, &o.records)));
        let stories = truth.stories.iter().map(|s| (&s.id, &s.records));
        let mut claimed = BTreeSet::new();
        let mut files: BTreeMap<String, Vec<Read>> = BTreeMap::new();
        for (owner, records) in stories.chain(occurrences) {
            assert!(!records.is_empty(), "{owner} has no records");
            for r in records {
                let all = files.entry(r.file.clone()).or_insert_with(|| memory.records(&r.file));
                let record = &all[usize::try_from(r.record).unwrap()];
                assert_eq!(id(&r.file, record), r.id, "{owner} in {}", r.file);
                assert_eq!(
                    time(&r.file, record).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    r.time,
                    "{owner} in {}",
                    r.file
                );
                assert!(claimed.insert((r.file.clone(), r.record)), "{owner} shares a record of {}", r.file);
            }
        }
    }
}

#[test]
fn every_record_is_counted_and_lies_in_its_span() {
    let (truth, memory) = run(9, 3, 0.3, Stories::All);
    let mut total = 0_u64;
    for path in memory.telemetry() {
        let records = memory.records(path);
        total += u64::try_from(records.len()).unwrap();
        let times: Vec<_> = records.iter().map(|r| time(path, r)).collect();
        assert!(times.is_sorted(), "{path} is in order");
        let (first, last) = (times.first().unwrap(), times.last().unwrap());
        assert!(last.duration_since(*first).as_hours() < 24, "{path}");
    }
    assert_eq!(total, truth.records_total());
    assert_eq!(u64::try_from(memory.telemetry().count()).unwrap(), truth.telemetry_files);
}
