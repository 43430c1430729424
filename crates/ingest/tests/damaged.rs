//! Every format on damaged records of its own fixtures: members of the wrong type, missing, nested too deep, cut lines.
//!
//! Nothing panics, records = events + rejected, a rejection says why, and what is still an event is still valid OCSF.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use common::schema::Schema;
use common::{Outcome, corpora, fixture, read, read_with};
use ingest::{Format, Item, Limits, Reader};
use serde_json::{Value, json};

const JSON: [&str; 51] = [
    "okta.jsonl",
    "github.jsonl",
    "kubernetes.jsonl",
    "webaccess.jsonl",
    "guardduty.jsonl",
    "guardduty-api.json",
    "macie.jsonl",
    "securityhub-eventbridge.json",
    "route53resolver.jsonl",
    "waf.jsonl",
    "azure-mixed.json",
    "azure-storage.jsonl",
    "azure-sqlaudit.jsonl",
    "azure-keyvault.jsonl",
    "azure-cosmosdb.jsonl",
    "azure-securityalert.jsonl",
    "azure-riskdetection.jsonl",
    "m365-defender.jsonl",
    "google-workspace.json",
    "caliper.json",
    "xapi.json",
    "canvas.jsonl",
    "eventbridge-mixed.jsonl",
    "okta-eventhook.json",
    "aws-config.jsonl",
    "aws-cloudwatchalarm.jsonl",
    "aws-accessanalyzer.jsonl",
    "aws-ecr.jsonl",
    "aws-apigateway.jsonl",
    "aws-lambda.jsonl",
    "aws-dbactivity.jsonl",
    "azure-flowlogs.json",
    "azure-applicationgateway.jsonl",
    "azure-frontdoor.jsonl",
    "azure-firewall.jsonl",
    "azure-functions.jsonl",
    "azure-containerregistry.jsonl",
    "azure-resourcelogs.jsonl",
    "azure-sentinelincident.jsonl",
    "azure-policystate.jsonl",
    "azure-monitoralert.jsonl",
    "auth0.jsonl",
    "keycloak.jsonl",
    "ocsf.jsonl",
    "otlp.json",
    "envoy.jsonl",
    "kong.jsonl",
    "browser-reports.jsonl",
    "audit-events.jsonl",
    "cadf.jsonl",
    "lti.jsonl",
];
const LINES: [&str; 9] = [
    "webaccess.log",
    "elb.log",
    "cloudfront.log",
    "postgresql.log",
    "postgresql.csv",
    "mariadb.log",
    "keycloak.log",
    "weberror.log",
    "samlaudit.log",
];

/// The first two events of a file: their format and bytes.
fn records(name: &str) -> Vec<(Format, Vec<u8>)> {
    let mut reader = Reader::new(Limits::default());
    let input = Box::new(std::io::Cursor::new(fixture(name)));
    let mut file = reader.open_stream(name, input, None).unwrap().unwrap();
    let mut out: Vec<(Format, Vec<u8>)> = Vec::new();
    while let Some(item) = file.next() {
        if let Item::Record(record) = item
            && record.event().is_ok()
        {
            out.push((record.format(), record.raw.to_vec()));
        }
    }
    out.truncate(2);
    out
}

/// Pointers of all members down to four objects or lists.
fn pointers(value: &Value, at: &str, depth: u8, out: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    let mut below = |name: &str, value: &Value| {
        let here = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        out.push(here.clone());
        pointers(value, &here, depth - 1, out);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| below(&index.to_string(), value)),
        _ => {}
    }
}

fn assert_sound(schema: Option<&Schema>, what: &str, outcome: &Outcome) {
    assert_eq!(outcome.events.len() + outcome.rejected.len(), 1, "{what}");
    assert!(outcome.reasons().iter().all(|reason| !reason.is_empty()), "{what}");
    for event in &outcome.events {
        assert!(!event.uid().is_empty(), "{what}");
        let json = serde_json::to_value(event).unwrap();
        let faults = schema.map(|schema| schema.faults(&json)).unwrap_or_default();
        assert!(faults.is_empty(), "{what}: {faults:#?}");
    }
}

#[test]
fn members_of_the_wrong_type_do_no_harm() {
    let schema = corpora().map(|corpora| Schema::load(&corpora, "1.8.0"));
    let odd = [Value::Null, json!(-1.5), json!(u64::MAX), json!(""), json!("x"), json!([]), json!([[1], {"id": {}}])];
    let mut tried = 0;
    for name in JSON {
        for (format, raw) in records(name) {
            let whole: Value = serde_json::from_slice(&raw).unwrap();
            let mut places = Vec::new();
            pointers(&whole, "", 4, &mut places);
            for place in places {
                for value in &odd {
                    let mut changed = whole.clone();
                    *changed.pointer_mut(&place).unwrap() = value.clone();
                    let outcome = read_with(changed.to_string().as_bytes(), Some(format), &Limits::default());
                    // A record that became an envelope of its own holds other records.
                    if outcome.events.len() + outcome.rejected.len() == 1 {
                        assert_sound(schema.as_ref(), &format!("{name} {place} {value}"), &outcome);
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 3000, "{tried} changes");
}

#[test]
fn a_missing_time_is_named() {
    for name in JSON {
        let outcome = read(&fixture(name));
        for rejected in &outcome.rejected {
            assert!(
                ["is missing", "is not a time", "is empty", "is not a string"]
                    .iter()
                    .any(|end| rejected.reason.contains(end)),
                "{name}: {}",
                rejected.reason
            );
        }
    }
}

#[test]
fn nesting_hidden_in_strings_is_not_followed() {
    let deep = |depth: usize| format!("{}{}", "{\"a\":".repeat(depth), "1".to_owned() + &"}".repeat(depth));
    let listed = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let records = [
        (Format::AzureStorage, "properties"),
        (Format::AzureStorage, "identity"),
        (Format::AzureSqlAudit, "properties"),
        (Format::AzureKeyVault, "identity"),
        (Format::AzureCosmosDb, "properties"),
        (Format::AzureSecurityAlert, "Entities"),
        (Format::AzureSecurityAlert, "ExtendedProperties"),
        (Format::AzureRiskDetection, "additionalInfo"),
        (Format::AzureSecurityAlert, "properties"),
        (Format::AzureRiskDetection, "properties"),
    ];
    for (format, member) in records {
        for text in [deep(100_000), listed(100_000), deep(40)] {
            let mut record = json!({
                "time": "2026-03-02T10:11:12Z", "TimeGenerated": "2026-03-02T10:11:12Z", "operationName": "x",
                "AlertType": "x", "SystemAlertId": "x", "riskEventType": "x", "properties": {"action_name": "x"},
            });
            record[member] = text.into();
            let outcome = read_with(record.to_string().as_bytes(), Some(format), &Limits::default());
            assert_eq!(outcome.events.len() + outcome.rejected.len(), 1, "{format} {member}");
        }
    }
    let log = json!({"category": "kube-audit", "properties": {"log": deep(100_000)}}).to_string();
    let outcome = read_with(log.as_bytes(), Some(Format::AzureStorage), &Limits::default());
    assert_eq!(outcome.reasons(), ["nested 100000 deep, the limit is 128"]);
}

#[test]
fn lines_cut_anywhere_and_with_any_byte_are_events_or_rejections() {
    let schema = corpora().map(|corpora| Schema::load(&corpora, "1.8.0"));
    for name in LINES {
        // A record of several lines falls apart when what joins them is damaged.
        for (format, raw) in records(name).into_iter().filter(|(_, raw)| !raw.contains(&b'\n')) {
            for cut in 1..raw.len() {
                let outcome = read_with(&raw[..cut], Some(format), &Limits::default());
                if raw[..cut].iter().any(|byte| !byte.is_ascii_whitespace()) {
                    assert_sound(schema.as_ref(), &format!("{name} cut at {cut}"), &outcome);
                }
                // What stands behind a bracket tells a line from a list of JSON.
                if raw[0] == b'[' && cut == 1 {
                    continue;
                }
                for byte in [0, b'"', b' ', b'\t', b'\\', b'[', 0xFF] {
                    let mut changed = raw.clone();
                    changed[cut] = byte;
                    let outcome = read_with(&changed, Some(format), &Limits::default());
                    assert_sound(schema.as_ref(), &format!("{name} {byte} at {cut}"), &outcome);
                }
            }
        }
    }
}

#[test]
fn of_a_member_that_occurs_twice_the_last_decides_whoever_asks() {
    let record = |more: &str| {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{}},"eventTime":"2026-03-02T10:11:12Z","eventName":"X"{more}}}"#
        )
    };
    for (more, events) in [
        ("", 1),
        (r#","eventName":"Y""#, 1),
        (r#","eventName":null"#, 0),
        (r#","eventTime":"2026-13-02T10:11:12Z""#, 0),
        (r#","eventTime":5"#, 0),
    ] {
        // Reading asks both ways and compares.
        let outcome = read(record(more).as_bytes());
        assert_eq!(outcome.events.len(), events, "{more} {:?}", outcome.reasons());
    }
}

#[test]
fn bad_lines_one_behind_another_are_rejected_one_by_one() {
    let good = r#"{"timestamp":"2026-03-02T10:11:12Z","service":"checkout","event":"login"}"#;
    let spread = "{\n  \"timestamp\": \"2026-03-02T10:11:12Z\"\n\n ,\"service\":\n\"checkout\",\n\t\"event\": \"login\",\n\
                  \"list\": [\n1,\n2\n],\"of\": {\n}\n}";
    for (bad, rejected) in [
        ("{bad json\nplain text", 2),
        ("{bad json\n\n2026-03-02 plain text", 2),
        ("{\"a\":1\n\"quoted\"", 2),
        ("{\"a\":{\"b\":2\nplain\nplain", 3),
        ("{bad json", 1),
    ] {
        for whole in [good, spread] {
            let text = format!("{good}\n{bad}\n{whole}\n{good}\n");
            for (what, outcome) in
                [("at once", read(text.as_bytes())), ("streamed", read(&zstd::encode_all(text.as_bytes(), 1).unwrap()))]
            {
                assert_eq!((outcome.events.len(), outcome.rejected.len()), (3, rejected), "{what} {text}");
                let places: Vec<u64> = outcome.rejected.iter().map(|rejected| rejected.record).collect();
                assert_eq!(places, (1..=rejected as u64).collect::<Vec<_>>(), "{what} {text}");
                let raws: Vec<&[u8]> = outcome.rejected.iter().map(|rejected| rejected.raw.trim_ascii_end()).collect();
                let lines: Vec<&[u8]> = bad.lines().filter(|line| !line.is_empty()).map(str::as_bytes).collect();
                assert_eq!(raws, lines, "{what} {text}");
            }
        }
    }
}
