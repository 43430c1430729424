//! Every format on real and self-written samples: all records become events, and every event is valid OCSF 1.8.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use common::schema::Schema;
use common::{Outcome, corpora, fixture, read};
use ingest::Format;
use serde_json::Value;

/// File, format, events, rejected.
const FIXTURES: [(&str, Format, usize, usize); 76] = [
    ("cloudtrail.json", Format::CloudTrail, 6, 0),
    ("cloudtrail-eventbridge.jsonl", Format::CloudTrail, 2, 0),
    ("cloudtrail-log-events.json", Format::CloudTrail, 1, 0),
    ("cloudtrail-missing.json", Format::CloudTrail, 1, 4),
    ("vpcflow-v2.log", Format::VpcFlow, 3, 1),
    ("vpcflow-v5.log", Format::VpcFlow, 3, 1),
    ("s3access.log", Format::S3Access, 4, 1),
    ("activitylogs-stream.jsonl", Format::ActivityLogs, 3, 1),
    ("activitylogs-rest.json", Format::ActivityLogs, 2, 0),
    ("signinlogs.jsonl", Format::SignInLogs, 3, 1),
    ("auditlogs.json", Format::AuditLogs, 2, 0),
    ("m365.json", Format::M365Audit, 3, 1),
    ("okta.jsonl", Format::Okta, 2, 1),
    ("okta-eventhook.json", Format::Okta, 2, 0),
    ("github.jsonl", Format::GitHubAudit, 3, 1),
    ("kubernetes.jsonl", Format::KubernetesAudit, 2, 1),
    ("kubernetes-list.json", Format::KubernetesAudit, 2, 0),
    ("webaccess.log", Format::WebAccess, 5, 1),
    ("webaccess.jsonl", Format::WebAccess, 2, 1),
    ("guardduty.jsonl", Format::GuardDuty, 2, 1),
    ("guardduty-api.json", Format::GuardDuty, 2, 0),
    ("macie.jsonl", Format::Macie, 2, 1),
    ("securityhub-eventbridge.json", Format::SecurityHub, 2, 1),
    // Four kinds in one stream, and one that is no log of ours.
    ("eventbridge-mixed.jsonl", Format::GuardDuty, 4, 1),
    ("route53resolver.jsonl", Format::Route53Resolver, 2, 1),
    ("waf.jsonl", Format::Waf, 3, 1),
    ("elb.log", Format::Elb, 2, 1),
    ("cloudfront.log", Format::CloudFront, 2, 1),
    // A cluster's audit event and two of storage in one batch.
    ("azure-mixed.json", Format::KubernetesAudit, 3, 0),
    ("azure-storage.jsonl", Format::AzureStorage, 3, 1),
    ("azure-sqlaudit.jsonl", Format::AzureSqlAudit, 2, 1),
    ("azure-keyvault.jsonl", Format::AzureKeyVault, 3, 0),
    ("azure-cosmosdb.jsonl", Format::AzureCosmosDb, 2, 0),
    ("azure-securityalert.jsonl", Format::AzureSecurityAlert, 3, 1),
    ("azure-riskdetection.jsonl", Format::AzureRiskDetection, 3, 1),
    ("m365-defender.jsonl", Format::M365Defender, 3, 1),
    ("google-workspace.json", Format::GoogleWorkspace, 3, 1),
    ("caliper.json", Format::Caliper, 2, 1),
    ("xapi.json", Format::Xapi, 2, 1),
    ("canvas.jsonl", Format::CanvasLiveEvents, 3, 1),
    ("application.jsonl", Format::AppJson, 5, 2),
    ("aws-config.jsonl", Format::AwsConfig, 2, 0),
    ("aws-cloudwatchalarm.jsonl", Format::CloudWatchAlarm, 3, 0),
    ("aws-accessanalyzer.jsonl", Format::AccessAnalyzer, 1, 0),
    ("aws-ecr.jsonl", Format::Ecr, 2, 0),
    ("aws-apigateway.jsonl", Format::ApiGateway, 2, 0),
    ("aws-lambda.jsonl", Format::Lambda, 1, 0),
    ("aws-dbactivity.jsonl", Format::DbActivity, 1, 0),
    // A statement of two lines.
    ("postgresql.log", Format::PostgreSql, 3, 0),
    ("postgresql.csv", Format::PostgreSql, 1, 0),
    ("mariadb.log", Format::MariaDb, 3, 1),
    // Two records with three flows.
    ("azure-flowlogs.json", Format::AzureFlowLogs, 3, 0),
    ("azure-applicationgateway.jsonl", Format::ApplicationGateway, 2, 0),
    ("azure-frontdoor.jsonl", Format::FrontDoor, 1, 0),
    ("azure-firewall.jsonl", Format::AzureFirewall, 2, 0),
    ("azure-functions.jsonl", Format::AzureFunctions, 1, 0),
    ("azure-containerregistry.jsonl", Format::AzureContainerRegistry, 1, 0),
    ("azure-resourcelogs.jsonl", Format::AzureResourceLogs, 2, 0),
    ("azure-sentinelincident.jsonl", Format::SentinelIncident, 3, 0),
    ("azure-policystate.jsonl", Format::PolicyState, 2, 0),
    ("azure-monitoralert.jsonl", Format::MonitorAlert, 1, 0),
    ("auth0.jsonl", Format::Auth0, 2, 0),
    ("keycloak.jsonl", Format::Keycloak, 2, 0),
    ("keycloak.log", Format::Keycloak, 2, 0),
    ("ocsf.jsonl", Format::OcsfEvents, 2, 0),
    ("otlp.json", Format::Otlp, 2, 0),
    ("weberror.log", Format::WebError, 2, 1),
    ("envoy.jsonl", Format::Envoy, 1, 0),
    ("kong.jsonl", Format::Kong, 1, 0),
    // The lines of an envelope that only say what follows are no records.
    ("sentry.jsonl", Format::Sentry, 1, 0),
    ("sentry-envelope.txt", Format::Sentry, 1, 0),
    // A report that nobody gave a time.
    ("browser-reports.jsonl", Format::BrowserReports, 2, 1),
    ("audit-events.jsonl", Format::AuditEvents, 1, 0),
    ("cadf.jsonl", Format::Cadf, 2, 0),
    ("lti.jsonl", Format::Lti, 1, 0),
    ("samlaudit.log", Format::SamlAudit, 1, 1),
];

#[test]
fn fixtures_become_events() {
    for (name, format, events, rejected) in FIXTURES {
        let outcome = read(&fixture(name));
        assert_eq!(outcome.format, Some(format), "{name}");
        let counted = (outcome.events.len(), outcome.rejected.len());
        assert_eq!(counted, (events, rejected), "{name}: {:?}", outcome.reasons());
        assert!(outcome.events.iter().all(|event| !event.uid().is_empty()), "{name}");
    }
}

#[test]
fn fixtures_are_valid_ocsf() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::load(&corpora, "1.8.0");
    for (name, ..) in FIXTURES {
        assert_valid(&schema, name, &read(&fixture(name)));
    }
}

/// `data/rule_fields.tsv`: fixture, record, pointer into what rules see, value. What rule writers rely on.
#[test]
fn rules_see_the_documented_names() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rule_fields.tsv")).unwrap();
    let mut named = std::collections::BTreeSet::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, index, pointer, expected] = columns[..] else { panic!("`{line}` has no four columns") };
        let views = views(&fixture(name));
        let view = &views[index.parse::<usize>().unwrap()];
        let found = view.1.pointer(pointer).unwrap_or(&Value::Null);
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(*found, expected, "{line}");
        named.insert(view.0.id());
    }
    for format in Format::ALL {
        let new = !matches!(format, Format::CloudTrail | Format::VpcFlow | Format::S3Access | Format::AppJson);
        let older = matches!(format, Format::ActivityLogs | Format::SignInLogs | Format::AuditLogs | Format::M365Audit);
        assert!(older || !new || named.contains(format.id()), "{format} has no line in rule_fields.tsv");
    }
}

/// Format and view of each record of a file that is an event.
fn views(bytes: &[u8]) -> Vec<(Format, Value)> {
    let mut reader = ingest::Reader::new(ingest::Limits::default());
    let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let mut file = reader.open_stream("test", input, None).unwrap().unwrap();
    let mut out = Vec::new();
    while let Some(item) = file.next() {
        let ingest::Item::Record(record) = item else { continue };
        if record.event().is_ok() {
            out.push((record.format(), serde_json::from_slice(&record.json().unwrap()).unwrap()));
        }
    }
    out
}

type Change = fn(&mut Value);

#[test]
fn the_validator_finds_faults() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::load(&corpora, "1.8.0");
    let outcome = read(&fixture("cloudtrail.json"));
    let good = serde_json::to_value(&outcome.events[0]).unwrap();
    assert_eq!(schema.faults(&good), [""; 0]);
    let broken: [(&str, Change); 5] = [
        (".time is required", |event| drop(event.as_object_mut().unwrap().remove("time"))),
        (".surprise is unknown", |event| event["surprise"] = 1.into()),
        (".severity_id: 42 is not in the enum", |event| event["severity_id"] = 42.into()),
        (".src_endpoint.ip: \"x\" is no address", |event| event["src_endpoint"]["ip"] = "x".into()),
        (".cloud belongs to a profile that is not named", |event| event["metadata"]["profiles"] = Value::Array(vec![])),
    ];
    for (fault, damage) in broken {
        let mut event = good.clone();
        damage(&mut event);
        assert!(schema.faults(&event).contains(&fault.to_owned()), "{fault}: {:?}", schema.faults(&event));
    }
}

#[test]
fn attack_data_is_read_whole() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::load(&corpora, "1.8.0");
    // The counts are those of `jq '.Records | length'` and `jq length` over the same files.
    for (folder, wrapped) in [("05-attack-data/invictus-aws", true), ("05-attack-data/stratus-detonation-logs", false)]
    {
        let mut read_events = 0;
        let mut expected = 0;
        for member in ingest::read::expand(corpora.join(folder).to_str().unwrap()).unwrap() {
            let bytes = std::fs::read(&member.name).unwrap();
            let document: Value = serde_json::from_slice(&bytes).unwrap();
            let list = if wrapped { &document["Records"] } else { &document };
            expected += list.as_array().unwrap().len();
            let outcome = read(&bytes);
            assert_eq!(outcome.format, Some(Format::CloudTrail), "{}", member.name);
            assert_eq!(outcome.reasons(), [""; 0], "{}", member.name);
            assert_valid(&schema, &member.name, &outcome);
            read_events += outcome.events.len();
        }
        assert_eq!(read_events, expected, "{folder}");
        assert!(expected > 80, "{folder} has {expected} events");
    }
}

#[test]
fn vendor_samples_are_recognised_and_valid() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::load(&corpora, "1.8.0");
    let samples: [(&str, &[Format], usize); 9] = [
        ("03-elastic-integrations/aws.cloudtrail.jsonl", &[Format::CloudTrail], 1),
        ("03-elastic-integrations/aws.vpcflow.jsonl", &[Format::VpcFlow], 1),
        ("03-elastic-integrations/aws.s3access.jsonl", &[Format::S3Access], 1),
        ("03-elastic-integrations/azure.activitylogs.jsonl", &[Format::ActivityLogs, Format::SignInLogs], 1),
        ("03-elastic-integrations/azure.signinlogs.jsonl", &[Format::SignInLogs], 1),
        ("03-elastic-integrations/azure.auditlogs.jsonl", &[Format::AuditLogs], 1),
        ("03-elastic-integrations/o365.audit.jsonl", &[Format::M365Audit], 1),
        ("05-attack-data/opensearch_cloudtrail_benign.jsonl", &[Format::CloudTrail], 1),
        ("04-ocsf/security_lake_rc2_pairs.jsonl", &[Format::CloudTrail, Format::VpcFlow], 1),
    ];
    for (path, formats, at_least) in samples {
        let text = std::fs::read_to_string(corpora.join(path)).unwrap();
        let (mut events, mut others) = (0, Vec::new());
        for line in text.lines() {
            let Some(raw) = raw_of(&serde_json::from_str(line).unwrap()) else { continue };
            let outcome = read(raw.as_bytes());
            assert_valid(&schema, path, &outcome);
            if outcome.format.is_some_and(|format| formats.contains(&format)) && outcome.rejected.is_empty() {
                events += outcome.events.len();
            } else {
                others.push(format!(
                    "{:?} {:?} {}",
                    outcome.format,
                    outcome.reasons(),
                    raw.chars().take(300).collect::<String>()
                ));
            }
        }
        println!("{path}: {events} events, {} others", others.len());
        for other in &others {
            println!("    {other}");
        }
        // What is left over: flow lines in a custom order without the header that explains it, wrappers of other
        // products. They are named above.
        assert!(events >= at_least, "{path}: {events} events, others {others:#?}");
    }
}

/// The vendor's text inside a line of a sample collection.
fn raw_of(line: &Value) -> Option<String> {
    let raw = line.get("raw").or_else(|| line.get("event"))?;
    let raw = raw.get("event").and_then(|event| event.get("original")).unwrap_or(raw);
    Some(raw.as_str().map_or_else(|| raw.to_string(), str::to_owned))
}

fn assert_valid(schema: &Schema, name: &str, outcome: &Outcome) {
    for event in &outcome.events {
        let json = serde_json::to_value(event).unwrap();
        let faults = schema.faults(&json);
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{}", serde_json::to_string_pretty(&json).unwrap());
    }
}

#[test]
fn foreign_files_are_skipped() {
    let Some(corpora) = corpora() else { return };
    let foreign = [
        "MANIFEST.tsv",
        "05-attack-data/traildiscover_catalogue.json",
        "05-attack-data/gold/sigma_aws_hits.tsv",
        "05-attack-data/otrf-honeybucket/metadata.yaml",
        "05-attack-data/custodian-eventbridge/gcp-sql-backup-create.json",
        "05-attack-data/custodian-eventbridge/event-instance-state.json",
        "04-ocsf/schema/ocsf-compiled-1.8.0.json.gz",
        "07-pii/piicatcher_sample.csv",
        "06-ecommerce-api/lambda-events-go/kinesis-event.json",
        "06-ecommerce-api/lambda-events-go/code-commit-event.json",
    ];
    for path in foreign {
        let outcome = read(&std::fs::read(corpora.join(path)).unwrap());
        assert!(outcome.skipped, "{path} was taken for {:?}", outcome.format);
    }
}

/// A statement of several lines is one record, wherever the file ends and whatever follows.
#[test]
fn lines_that_go_on_are_joined() {
    let first = "2026-03-02 10:11:12 UTC [1] ann@campus LOG:  statement: SELECT a";
    let other = "2026-03-02 10:11:13 UTC [1] ann@campus LOG:  statement: DELETE FROM b";
    let quoted = "2026-03-02 10:11:14 UTC,\"ann\",\"campus\",1,,s,1,\"idle\",2026-03-02 10:11:06 UTC,3/2,0,LOG,00000,\"statement: SELECT";
    let cases = [
        (
            format!("{first}\n\tFROM b\n\tWHERE c\n{other}\n"),
            vec![format!("{first}\n\tFROM b\n\tWHERE c"), other.to_owned()],
        ),
        (format!("{first}\n\tFROM b"), vec![format!("{first}\n\tFROM b")]),
        (format!("{first}\n{other}"), vec![first.to_owned(), other.to_owned()]),
        (format!("{quoted}\n1\",,,\n{first}\n"), vec![format!("{quoted}\n1\",,,"), first.to_owned()]),
    ];
    for (text, expected) in cases {
        let outcome = read(text.as_bytes());
        assert_eq!(outcome.format, Some(Format::PostgreSql));
        let found: Vec<String> =
            outcome.events.iter().map(|event| String::from_utf8(event.raw.clone()).unwrap()).collect();
        assert_eq!(found, expected, "{text}");
    }
    // What goes on with nothing is a record that cannot be read.
    let outcome = read(format!("{first}\ngarbage\n{other}\n").as_bytes());
    assert_eq!((outcome.events.len(), outcome.rejected.len()), (2, 1));
}

#[test]
fn needed_members_settle_what_check_would() {
    let cases = [
        (Some("2026-03-02T10:11:12Z"), Some("GetObject"), true),
        (Some("2026-03-02T10:11:12Z"), Some(""), false),
        (Some("2026-03-02T10:11:12Z"), None, false),
        (Some("2 March"), Some("GetObject"), false),
        (None, Some("GetObject"), false),
        // Spelled otherwise: the texts do not settle it, reading the record does.
        (Some("2026-03-02T10:11:12.5+01:00"), Some("GetObject"), true),
    ];
    assert_eq!(Format::CloudTrail.needed(), ["eventTime", "eventName"]);
    let decoder = ingest::Decoder::new(Format::CloudTrail);
    for (time, name, is_event) in cases {
        let raw = serde_json::json!({"eventTime": time, "eventName": name}).to_string();
        let record = ingest::Record::new("m", 0, raw.as_bytes(), &decoder, &ingest::Limits::default());
        let texts = [time.map(str::as_bytes), name.map(str::as_bytes)];
        assert_eq!(record.check_needed(&texts).is_ok(), is_event, "{raw}");
        assert_eq!(record.event().is_ok(), is_event, "{raw}");
    }
}
