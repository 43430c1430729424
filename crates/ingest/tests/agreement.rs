//! Every format on every real sample of it: recognised, valid OCSF 1.8, and in agreement with what another product reads there.
//!
//! What does not agree, and why, is listed in `data/disagreements.tsv`; a disagreement that is not listed fails, and so does a line
//! that no longer disagrees. The table that is printed is the one in docs/sources.md.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::samples::{Source, collection, elastic, files, panther};
use common::schema::Schema;
use common::{corpora, read};
use ingest::Format;
use ocsf::{Class, Event};
use serde_json::Value;

fn sources(corpora: &Path) -> Vec<Source> {
    let workspace = [
        "google_workspace.admin",
        "google_workspace.login",
        "google_workspace.drive",
        "google_workspace.groups",
        "google_workspace.user_accounts",
        "google_workspace.saml",
        "google_workspace.token",
        "google_workspace.rules",
        "google_workspace.device",
        "google_workspace.context_aware_access",
    ];
    let mut out = vec![
        elastic(corpora, "okta.system", Format::Okta),
        elastic(corpora, "github.audit", Format::GitHubAudit),
        elastic(corpora, "nginx.access", Format::WebAccess),
        elastic(corpora, "apache.access", Format::WebAccess),
        elastic(corpora, "traefik.access", Format::WebAccess),
        elastic(corpora, "aws.guardduty", Format::GuardDuty),
        elastic(corpora, "aws.securityhub_findings", Format::SecurityHub),
        elastic(corpora, "aws.route53_resolver_logs", Format::Route53Resolver),
        elastic(corpora, "aws.waf", Format::Waf),
        elastic(corpora, "aws.elb_logs", Format::Elb),
        elastic(corpora, "aws.cloudfront_logs", Format::CloudFront),
        elastic(corpora, "azure.identity_protection", Format::AzureRiskDetection),
        elastic(corpora, "m365_defender.incident", Format::M365Defender),
        elastic(corpora, "m365_defender.log", Format::M365Defender),
        panther(corpora, "panther Okta.SystemLog", "Okta.SystemLog", Format::Okta),
        panther(corpora, "panther GitHub.Audit", "GitHub.Audit", Format::GitHubAudit),
        panther(corpora, "panther Amazon.EKS.Audit", "Amazon.EKS.Audit", Format::KubernetesAudit),
        panther(corpora, "panther AWS.WAFWebACL", "AWS.WAFWebACL", Format::Waf),
        panther(corpora, "panther AWS.GuardDuty", "AWS.GuardDuty", Format::GuardDuty),
        panther(corpora, "panther AWS.SecurityFindingFormat", "AWS.SecurityFindingFormat", Format::SecurityHub),
        panther(
            corpora,
            "panther MicrosoftGraph.SecurityAlertV2",
            "MicrosoftGraph.SecurityAlertV2",
            Format::M365Defender,
        ),
    ];
    out.extend(workspace.map(|name| elastic(corpora, name, Format::GoogleWorkspace)));
    out.extend(whole_files(corpora));
    out.extend(collections(corpora));
    out
}

fn collections(corpora: &Path) -> Vec<Source> {
    let azure = |category: &'static str, format| {
        collection(corpora, "05-azure-resource-logs/azure_resource_logs.jsonl", format, "/record", move |line| {
            line["record"]["category"].as_str().is_some_and(|found| found.starts_with(category))
        })
    };
    let crowdsec = |kind: &'static str, format| {
        collection(corpora, "05-attack-data/crowdsec_app_log_tests.jsonl", format, "/log", move |line| {
            line["log_type"] == kind
        })
    };
    let canvas = |format, kind: &'static str| {
        collection(corpora, "06-edtech/canvas_live_events.jsonl", format, "/event", move |line| line["format"] == kind)
    };
    let is_statement = |line: &Value| {
        let doc = &line["doc"];
        let whole = doc["verb"].is_object() && doc["actor"].is_object() && doc["object"].is_object();
        whole && doc["objectType"] != "SubStatement"
    };
    vec![
        azure("Storage", Format::AzureStorage),
        azure("SQLSecurityAuditEvents", Format::AzureSqlAudit),
        azure("AuditEvent", Format::AzureKeyVault),
        azure("kube-audit", Format::KubernetesAudit),
        crowdsec("nginx", Format::WebAccess),
        crowdsec("aws-alb", Format::Elb),
        crowdsec("aws-cloudfront", Format::CloudFront),
        collection(corpora, "05-attack-data/opensearch_aws_waf_raw.jsonl", Format::Waf, "/raw", |_| true),
        collection(
            corpora,
            "03-elastic-integrations/azure.platformlogs.jsonl",
            Format::KubernetesAudit,
            "/raw",
            |line| line["raw"].as_str().is_some_and(|raw| raw.contains("kube-audit")),
        ),
        canvas(Format::CanvasLiveEvents, "canvas"),
        canvas(Format::Caliper, "caliper"),
        collection(corpora, "06-edtech/xapi_spec_examples.jsonl", Format::Xapi, "/doc", is_statement),
        collection(corpora, "06-edtech/xapi_templates.jsonl", Format::Xapi, "/doc", is_statement),
    ]
}

fn whole_files(corpora: &Path) -> Vec<Source> {
    let examples = |format, part: &'static str| {
        files(corpora, "04-ocsf/examples", format, move |path| path.ends_with(".raw") && path.contains(part))
    };
    let custodian = |format, part: &'static str| {
        files(corpora, "05-attack-data/custodian-eventbridge", format, move |path| path.contains(part))
    };
    vec![
        examples(Format::Okta, "Okta"),
        examples(Format::GitHubAudit, "GitHub"),
        examples(Format::SecurityHub, "Security Hub"),
        examples(Format::Route53Resolver, "oute53"),
        examples(Format::Waf, "WAF"),
        examples(Format::KubernetesAudit, "EKS Audit"),
        custodian(Format::GuardDuty, "ec2-duty-event"),
        custodian(Format::SecurityHub, "finding-action"),
        custodian(Format::SecurityHub, "securityhub-lambda"),
        files(corpora, "06-edtech/caliper", Format::Caliper, |path| {
            let event = path.contains("/caliperEvent") || path.contains("/v1p0/");
            event && !path.contains("commonErrorFixtures") && path.ends_with(".json")
        }),
    ]
}

const FIELDS: [&str; 7] = ["time", "actor", "address", "action", "outcome", "status", "bytes"];

/// What happened to one source.
#[derive(Default)]
struct Row {
    records: usize,
    events: usize,
    valid: usize,
    /// Field: agreeing, compared.
    fields: BTreeMap<&'static str, (usize, usize)>,
}

#[test]
fn formats_agree_with_real_samples() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::load(&corpora);
    let mut found = BTreeSet::new();
    let mut rows = Vec::new();
    for source in sources(&corpora) {
        assert!(!source.samples.is_empty(), "{} has no samples", source.name);
        let row = measure(&schema, &source, &mut found);
        rows.push((source, row));
    }
    print_table(&rows);
    let listed = listed();
    let unlisted: Vec<_> = found.iter().filter(|(key, _)| !listed.contains(key)).collect();
    let keys: BTreeSet<&String> = found.iter().map(|(key, _)| key).collect();
    let stale: Vec<_> = listed.iter().filter(|key| !keys.contains(key)).collect();
    assert!(unlisted.is_empty() && stale.is_empty(), "not listed: {unlisted:#?}\nno longer true: {stale:#?}");
}

/// Vendors' logs that nobody taught this crate: they must not be taken for something else.
#[test]
fn unknown_stays_unknown() {
    let Some(corpora) = corpora() else { return };
    const OURS: [&str; 23] = [
        "okta.",
        "github.audit",
        "nginx.access",
        "apache.access",
        "traefik.access",
        "aws.cloudtrail",
        "aws.vpcflow",
        "aws.s3access",
        "aws.guardduty",
        "aws.securityhub_findings",
        "aws.route53_resolver",
        "aws.waf",
        "aws.elb_logs",
        "aws.cloudfront",
        "azure.activitylogs",
        "azure.auditlogs",
        "azure.signinlogs",
        "azure.identity_protection",
        "azure.platformlogs",
        "m365_defender.incident",
        "m365_defender.log",
        "o365.audit",
        "google_workspace.",
    ];
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(corpora.join("03-elastic-integrations")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if OURS.iter().any(|ours| name.starts_with(ours)) {
            continue;
        }
        let text = std::fs::read_to_string(corpora.join("03-elastic-integrations").join(&name)).unwrap();
        for (index, line) in text.lines().enumerate() {
            let line: Value = serde_json::from_str(line).unwrap();
            let raw = line["raw"].as_str().map_or_else(|| line["raw"].to_string(), str::to_owned);
            looked_at += 1;
            if let Some(taken) = read(raw.as_bytes()).format {
                wrong.push(format!("{taken} {name} {index}: {}", raw.chars().take(300).collect::<String>()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(looked_at > 500, "{looked_at} samples of other vendors");
}

/// Keys of `data/disagreements.tsv`: source, sample, field. The fourth column is the reason.
fn listed() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/disagreements.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let key = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        assert!(columns.len() == 4 && columns[3].len() > 10, "`{line}` has no source, sample, field and reason");
        columns[..3].join("\t")
    };
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(key).collect()
}

fn measure(schema: &Schema, source: &Source, found: &mut BTreeSet<(String, String)>) -> Row {
    let mut row = Row::default();
    for sample in &source.samples {
        let mut say = |field: &str, what: String| {
            let what: String = what.chars().take(400).collect();
            found.insert((format!("{} {}\t{}\t{field}", source.format, source.name, sample.name), what));
        };
        let outcome = read(&sample.bytes);
        if outcome.format != Some(source.format) {
            row.records += 1;
            say("recognised", format!("{:?} {}", outcome.format, String::from_utf8_lossy(&sample.bytes)));
            continue;
        }
        row.records += outcome.events.len() + outcome.rejected.len();
        row.events += outcome.events.len();
        if !outcome.rejected.is_empty() {
            say("event", format!("{:?}", outcome.reasons()));
        }
        for event in &outcome.events {
            let faults = schema.faults(&serde_json::to_value(event).unwrap());
            if faults.is_empty() {
                row.valid += 1;
            } else {
                say("valid", format!("{faults:?}"));
            }
        }
        for (event, expected) in paired(&outcome.events, &sample.expected) {
            for (field, ours, theirs) in compare(event, expected) {
                let count = row.fields.entry(field).or_default();
                count.1 += 1;
                if theirs.iter().any(|theirs| ours.contains(theirs)) {
                    count.0 += 1;
                } else {
                    say(field, format!("ours {ours:?}, theirs {theirs:?}"));
                }
            }
        }
    }
    row
}

/// Events with what is expected of them: in order, and where only some lines have an expectation, by time, agent and status.
fn paired<'a>(events: &'a [Event], expected: &'a [Value]) -> Vec<(&'a Event, &'a Value)> {
    if events.len() == expected.len() {
        return events.iter().zip(expected).collect();
    }
    let mut left: Vec<&Event> = events.iter().collect();
    let fits = |event: &Event, ecs: &Value| {
        let time = ecs["@timestamp"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let agent = ecs.pointer("/user_agent/original").and_then(Value::as_str).filter(|agent| *agent != "-");
        let code = ecs.pointer("/http/response/status_code").and_then(Value::as_u64);
        time.is_some_and(|time| time.as_second() == event.time.as_second())
            && event.hot().user_agent == agent
            && event.hot().http_status.map(u64::from) == code
    };
    let mut out = Vec::new();
    for ecs in expected {
        if let Some(at) = left.iter().position(|event| fits(event, ecs)) {
            out.push((left.remove(at), ecs));
        }
    }
    out
}

/// Field, our spellings, their values. Only what the other document has is compared.
fn compare(event: &Event, ecs: &Value) -> Vec<(&'static str, Vec<String>, Vec<String>)> {
    let mut out = Vec::new();
    let mut push = |field: &'static str, ours: Vec<Option<String>>, theirs: Vec<String>| {
        if !theirs.is_empty() {
            out.push((field, ours.into_iter().flatten().map(|text| text.to_lowercase()).collect(), theirs));
        }
    };
    let second = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|time| time.as_second().to_string());
    let times: Vec<String> = values(ecs, &["/@timestamp"]).iter().filter_map(|text| second(text)).collect();
    push("time", vec![Some(event.time.as_second().to_string())], times);
    let user = event.actor.as_ref().and_then(|actor| actor.user.as_ref());
    let of = |part: fn(&ocsf::User) -> Option<String>| user.and_then(part);
    let names = vec![of(|user| user.name.clone()), of(|user| user.uid.clone()), of(|user| user.full_name.clone())];
    let theirs = values(ecs, &["/user/email", "/user/name", "/user/id", "/client/user/id", "/source/user/id"]);
    push("actor", names, theirs.into_iter().filter(|name| name != "-").collect());
    let ends = [&event.src_endpoint, &event.dst_endpoint].map(|end| end.as_ref().and_then(|end| end.ip.clone()));
    push("address", ends.to_vec(), values(ecs, &["/source/ip", "/client/ip"]));
    let named = values(ecs, &["/rule/name"]);
    push("action", actions(event), if named.is_empty() { values(ecs, &["/event/action"]) } else { named });
    push("outcome", vec![Some(event.status.as_str().to_owned())], outcomes(event, ecs));
    let code = event.http_response.as_ref().map(|response| response.code.to_string());
    push(
        "status",
        vec![code, event.status_code.clone()],
        values(ecs, &["/http/response/status_code", "/dns/response_code"]),
    );
    let bytes = event.bytes.map(|bytes| bytes.to_string());
    push("bytes", vec![bytes], values(ecs, &["/http/response/bytes", "/http/response/body/bytes"]));
    out
}

fn actions(event: &Event) -> Vec<Option<String>> {
    let finding = event.finding.as_ref().and_then(|finding| finding.title.clone());
    let api = event.api.as_ref().map(|api| api.operation.clone());
    vec![event.operation().map(str::to_owned), event.status_detail.clone(), api, finding]
}

/// Web servers' outcomes are those of the request; of a finding there is none.
fn outcomes(event: &Event, ecs: &Value) -> Vec<String> {
    if event.class == Class::DetectionFinding {
        return Vec::new();
    }
    values(ecs, &["/event/outcome"])
}

fn values(ecs: &Value, pointers: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for pointer in pointers {
        match ecs.pointer(pointer) {
            Some(Value::Array(list)) => out.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
            Some(Value::String(text)) => out.push(text.clone()),
            Some(Value::Number(number)) => out.push(number.to_string()),
            _ => {}
        }
    }
    out.iter().map(|text| text.to_lowercase()).collect()
}

fn print_table(rows: &[(Source, Row)]) {
    println!("| format | source | records | events | valid | {} |", FIELDS.join(" | "));
    println!("|---|---|{}", "---:|".repeat(3 + FIELDS.len()));
    for (source, row) in rows {
        let field = |name: &&str| {
            row.fields
                .get(*name)
                .map_or_else(|| "–".to_owned(), |(agreeing, compared)| format!("{agreeing}/{compared}"))
        };
        let fields: Vec<String> = FIELDS.iter().map(field).collect();
        let counted = format!("{} | {} | {}", row.records, row.events, row.valid);
        println!("| `{}` | {} | {counted} | {} |", source.format, source.name, fields.join(" | "));
    }
}
