//! Brings the records of other projects' rule tests back to the shape in which the vendor writes them, which is the shape
//! that our rules read, and says which log they are from. Renames and nests; invents no value.

use serde_json::{Map, Value, json};

/// Which log a labelled record is from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    /// As the labels call it.
    pub(crate) name: &'static str,
    /// As rules call it: product and service.
    pub(crate) source: (&'static str, &'static str),
}

type Names = &'static [(&'static str, &'static str)];

/// Panther's column names and the fields of the S3 server access log as the product names them.
const S3_ACCESS: Names = &[
    ("bucketowner", "bucket_owner"),
    ("remoteip", "remote_ip"),
    ("requestid", "request_id"),
    ("requesturi", "request_uri"),
    ("httpstatus", "http_status"),
    ("errorcode", "error_code"),
    ("bytessent", "bytes_sent"),
    ("objectsize", "object_size"),
    ("useragent", "user_agent"),
];
/// The same for VPC flow logs.
const VPC_FLOW: Names =
    &[("srcAddr", "srcaddr"), ("dstAddr", "dstaddr"), ("srcPort", "srcport"), ("dstPort", "dstport")];
/// Older tests have the names of top-level fields in lower case. These are the ones that rules ask for.
const CLOUDTRAIL: Names = &[("eventname", "eventName"), ("eventsource", "eventSource"), ("eventtime", "eventTime")];
const OKTA: Names =
    &[("eventtype", "eventType"), ("debugcontext", "debugContext"), ("securitycontext", "securityContext")];
const ENTRA: Names =
    &[("operationname", "operationName"), ("calleripaddress", "callerIpAddress"), ("resulttype", "resultType")];
const M365: Names = &[
    ("operation", "Operation"),
    ("parameters", "Parameters"),
    ("workload", "Workload"),
    ("userid", "UserId"),
    ("objectid", "ObjectId"),
    ("resultstatus", "ResultStatus"),
    ("clientip", "ClientIP"),
];

impl Log {
    /// `None` for logs that the product does not read, and for Kubernetes records wrapped by Azure or Google, whose
    /// shape is another one.
    pub(crate) fn of(declared: &Value, event: &Value) -> Option<Self> {
        let sole = match declared {
            Value::Array(names) if names.len() == 1 => names[0].as_str(),
            other => other.as_str(),
        };
        let kind = event.get("p_log_type").and_then(Value::as_str).or(sole)?;
        let category = event.get("category").and_then(Value::as_str).unwrap_or_default();
        let (name, source) = match kind {
            "AWS.CloudTrail" => ("AWS.CloudTrail", ("aws", "cloudtrail")),
            "AWS.GuardDuty" => ("AWS.GuardDuty", ("aws", "guardduty")),
            "AWS.SecurityFindingFormat" => ("AWS.SecurityFindingFormat", ("aws", "securityhub")),
            "AWS.S3ServerAccess" => ("AWS.S3ServerAccess", ("aws", "s3access")),
            "AWS.VPCFlow" => ("AWS.VPCFlow", ("aws", "vpcflow")),
            "AWS.VPCDns" => ("AWS.VPCDns", ("aws", "route53resolver")),
            "AWS.WAFWebACL" => ("AWS.WAFWebACL", ("aws", "waf")),
            "Okta.SystemLog" => ("Okta.SystemLog", ("okta", "okta")),
            "GitHub.Audit" => ("GitHub.Audit", ("github", "audit")),
            "GSuite.ActivityEvent" => ("GSuite.ActivityEvent", ("gcp", "google_workspace")),
            "Amazon.EKS.Audit" => ("Amazon.EKS.Audit", ("kubernetes", "audit")),
            "Azure.Audit" => ("Azure.Audit", ("azure", entra_service(category))),
            "Azure.MonitorActivity" => ("Azure.MonitorActivity", ("azure", azure_service(category)?)),
            "Microsoft365.Audit.Exchange" | "Microsoft365.Audit.SharePoint" => {
                ("Microsoft365.Audit", ("m365", "audit"))
            }
            "Microsoft365.Audit.AzureActiveDirectory" => ("Microsoft365.Audit", ("m365", "audit")),
            "MicrosoftGraph.SecurityAlertV2" => ("MicrosoftGraph.SecurityAlertV2", ("m365", "defender")),
            _ => return None,
        };
        Some(Self { name, source })
    }

    /// The record as the vendor writes it.
    pub(crate) fn raw(&self, event: &Value) -> Value {
        let Some(fields) = event.as_object() else { return event.clone() };
        match self.name {
            "AWS.S3ServerAccess" => renamed(fields, S3_ACCESS),
            "AWS.VPCFlow" => renamed(fields, VPC_FLOW),
            "AWS.CloudTrail" => renamed(fields, CLOUDTRAIL),
            "Okta.SystemLog" => renamed(fields, OKTA),
            "Azure.Audit" => renamed(fields, ENTRA),
            "Microsoft365.Audit" => renamed(fields, M365),
            "GSuite.ActivityEvent" => activity(fields),
            _ => event.clone(),
        }
    }
}

fn entra_service(category: &str) -> &'static str {
    match category {
        "SignInLogs" | "NonInteractiveUserSignInLogs" | "ServicePrincipalSignInLogs" => "signinlogs",
        "UserRiskEvents" => "riskdetection",
        _ => "auditlogs",
    }
}

fn azure_service(category: &str) -> Option<&'static str> {
    match category {
        "StorageRead" | "StorageWrite" | "StorageDelete" => Some("storage"),
        "AuditEvent" => Some("keyvault"),
        "kube-audit" | "kube-audit-admin" => None,
        _ => Some("activitylogs"),
    }
}

fn renamed(fields: &Map<String, Value>, names: Names) -> Value {
    let vendors =
        |theirs: &str| names.iter().find(|(name, _)| *name == theirs).map_or(theirs, |(_, raw)| *raw).to_owned();
    fields.iter().map(|(name, value)| (vendors(name), value.clone())).collect()
}

/// Panther has one record per event and parameters as a mapping; the vendor has a list of events, each with a list of
/// named parameters.
fn activity(fields: &Map<String, Value>) -> Value {
    let mut out = fields.clone();
    let mut event = Map::new();
    for name in ["name", "type"] {
        event.extend(out.remove(name).map(|value| (name.to_owned(), value)));
    }
    if let Some(Value::Object(parameters)) = out.remove("parameters") {
        let list = parameters.into_iter().map(|(name, value)| match value {
            Value::Bool(_) => json!({"name": name, "boolValue": value}),
            Value::Number(_) => json!({"name": name, "intValue": value}),
            Value::Array(_) => json!({"name": name, "multiValue": value}),
            _ => json!({"name": name, "value": value}),
        });
        event.insert("parameters".to_owned(), list.collect());
    }
    out.insert("events".to_owned(), Value::Array(vec![Value::Object(event)]));
    Value::Object(out)
}
