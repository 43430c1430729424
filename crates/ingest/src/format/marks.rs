//! The marks by which one JSON record is known: the names of its members, and of a few the value.
//!
//! A mark is sharp when nothing else has it. A record that has some marks of a format but not enough stays unknown; one that
//! has them and lacks a field the event needs is known, and rejected with the reason.

use super::{
    Format, accessanalyzer, apigateway, auditevent, auth0, awsconfig, azurefirewall, azureflow, azureother, cadf,
    cloudwatchalarm, cspreport, dbactivity, envoy, keycloak, kong, lambda, lti, monitoralert, ocsfevents, otlp,
    policystate, sentinelincident, sentry, unwrap, vpcflow_rows, webaccess,
};
use crate::frame::{member_text, top_level_keys};

/// The names of an object's members.
pub(super) struct Keys<'a>(Vec<&'a [u8]>);

impl<'a> Keys<'a> {
    pub(super) fn of(record: &'a [u8]) -> Self {
        // Names of a record that matter stand among its first; an object with more is no log record.
        const NAMES_MAX: usize = 256;
        Self(top_level_keys(record).take(NAMES_MAX).collect())
    }

    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.0.contains(&name)
    }

    pub(super) fn has_all(&self, names: &[&[u8]]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    pub(super) fn count(&self, names: &[&[u8]]) -> usize {
        names.iter().filter(|name| self.has(name)).count()
    }
}

/// The format of one JSON record by its members.
pub(super) fn json_format(record: &[u8]) -> Option<Format> {
    let keys = Keys::of(record);
    if keys.has(b"detail-type") {
        return unwrap::envelope_format(record).or_else(|| unwrap::whole_envelope(record));
    }
    if is_cloudtrail(&keys, record) {
        return Some(Format::CloudTrail);
    }
    if let Some(format) = azure(&keys, record) {
        return Some(format);
    }
    const M365: [&[u8]; 7] =
        [b"CreationTime", b"Operation", b"Workload", b"RecordType", b"OrganizationId", b"UserId", b"UserType"];
    if keys.has(b"Operation") && keys.count(&M365) >= 4 {
        return Some(Format::M365Audit);
    }
    application(&keys, record)
        .or_else(|| aws_services(&keys, record))
        .or_else(|| identity_and_platform(&keys, record))
        .or_else(|| campus(&keys, record))
        .or_else(|| later(&keys, record))
}

/// Formats that tell themselves, the sharpest first; the last may be any resource of Azure.
fn later(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    let known = [
        (Format::OcsfEvents, ocsfevents::is(keys, record)),
        (Format::VpcFlow, vpcflow_rows::is(keys)),
        (Format::AwsConfig, awsconfig::is(keys)),
        (Format::CloudWatchAlarm, cloudwatchalarm::is(keys)),
        (Format::AccessAnalyzer, accessanalyzer::is(keys)),
        (Format::Lambda, lambda::is(keys, record)),
        (Format::DbActivity, dbactivity::is(keys)),
        (Format::AzureFlowLogs, azureflow::is(keys)),
        (Format::SentinelIncident, sentinelincident::is(keys, record)),
        (Format::PolicyState, policystate::is(keys, record)),
        (Format::MonitorAlert, monitoralert::is(record)),
        (Format::Auth0, auth0::is(keys, record)),
        (Format::Keycloak, keycloak::is(keys)),
        (Format::ApiGateway, apigateway::is(keys)),
        (Format::Otlp, otlp::is(keys)),
        (Format::Envoy, envoy::is(keys)),
        (Format::Kong, kong::is(keys)),
        (Format::BrowserReports, cspreport::is(keys, record)),
        (Format::Lti, lti::is(keys)),
        (Format::Cadf, cadf::is(keys, record)),
        (Format::AuditEvents, auditevent::is(keys, record)),
        (Format::Sentry, sentry::is(keys)),
        (Format::AzureResourceLogs, azureother::is(keys)),
    ];
    known.into_iter().find(|(_, is)| *is).map(|(format, _)| format)
}

/// Our own log and the JSON of NGINX.
fn application(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    if keys.has(b"remote_addr") && keys.has(b"status") && keys.count(&webaccess::JSON_MARKS) >= 4 {
        return Some(Format::WebAccess);
    }
    // Others describe both at length; ours are names.
    let is_text = |name: &[u8]| member_text(record, name).is_some_and(|text| text.starts_with(b"\""));
    (is_text(b"service") && is_text(b"event")).then_some(Format::AppJson).filter(|_| {
        // The time may be the very thing that is missing; another field of ours must speak for it then.
        keys.has(b"timestamp") || keys.count(&[b"event_id", b"session_id", b"client", b"level", b"env"]) >= 2
    })
}

fn aws_services(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    const ASFF: [&[u8]; 6] =
        [b"SchemaVersion", b"ProductArn", b"GeneratorId", b"AwsAccountId", b"Types", b"RecordState"];
    if keys.has(b"ProductArn") && keys.count(&ASFF) >= 3 {
        return Some(Format::SecurityHub);
    }
    if keys.has(b"resourcesAffected") && keys.count(&[b"category", b"classificationDetails", b"policyDetails"]) >= 2 {
        return Some(Format::Macie);
    }
    const FINDING: [&[u8]; 8] =
        [b"schemaVersion", b"accountId", b"region", b"partition", b"arn", b"resource", b"service", b"severity"];
    const FINDING_OF_API: [&[u8]; 8] =
        [b"SchemaVersion", b"AccountId", b"Region", b"Partition", b"Arn", b"Resource", b"Service", b"Severity"];
    let exported = keys.has_all(&[b"type", b"service"]) && keys.count(&FINDING) >= 6;
    let of_api = keys.has_all(&[b"Type", b"Service"]) && keys.count(&FINDING_OF_API) >= 6;
    if exported || of_api {
        return Some(Format::GuardDuty);
    }
    if keys.has_all(&[b"query_name", b"query_type"])
        && keys.count(&[b"query_timestamp", b"vpc_id", b"srcaddr", b"rcode"]) >= 2
    {
        return Some(Format::Route53Resolver);
    }
    let waf = keys.has_all(&[b"webaclId", b"httpRequest"]) && member_is_object(record, b"httpRequest");
    waf.then_some(Format::Waf)
}

fn identity_and_platform(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    const OKTA: [&[u8]; 9] = [
        b"uuid",
        b"published",
        b"displayMessage",
        b"actor",
        b"outcome",
        b"legacyEventType",
        b"securityContext",
        b"authenticationContext",
        b"debugContext",
    ];
    // Nobody else describes actors by an alternate id.
    let described = || member_text(record, b"actor").is_some_and(|actor| Keys::of(actor).has(b"alternateId"));
    if keys.has(b"eventType") && (keys.count(&OKTA) >= 4 || described()) {
        return Some(Format::Okta);
    }
    if is_kubernetes(keys, record) {
        return Some(Format::KubernetesAudit);
    }
    if is_workspace(keys, record) {
        return Some(Format::GoogleWorkspace);
    }
    if is_defender(keys) {
        return Some(Format::M365Defender);
    }
    is_github(keys, record).then_some(Format::GitHubAudit)
}

fn is_kubernetes(keys: &Keys<'_>, record: &[u8]) -> bool {
    let version = member_text(record, b"apiVersion").is_some_and(|text| text.starts_with(b"\"audit.k8s.io/"));
    const STAGES: [&[u8]; 4] = [b"\"RequestReceived\"", b"\"ResponseStarted\"", b"\"ResponseComplete\"", b"\"Panic\""];
    let event = member_text(record, b"kind") == Some(b"\"Event\"");
    let stage = member_text(record, b"stage").is_some_and(|stage| STAGES.contains(&stage));
    let timed = keys.count(&[b"stageTimestamp", b"requestReceivedTimestamp"]) >= 1;
    (version && event) || (keys.has(b"auditID") && stage && timed)
}

fn is_workspace(keys: &Keys<'_>, record: &[u8]) -> bool {
    let kind = member_text(record, b"kind") == Some(b"\"admin#reports#activity\"");
    let named = member_text(record, b"id").is_some_and(|id| Keys::of(id).has_all(&[b"applicationName", b"customerId"]));
    keys.has_all(&[b"id", b"events"]) && (kind || (named && keys.has(b"actor")))
}

fn is_defender(keys: &Keys<'_>) -> bool {
    const INCIDENT: [&[u8]; 5] =
        [b"incidentName", b"createdTime", b"lastUpdateTime", b"determination", b"classification"];
    const ALERT: [&[u8]; 6] =
        [b"alertWebUrl", b"detectionSource", b"serviceSource", b"providerAlertId", b"evidence", b"detectorId"];
    const OF_SERVICE: [&[u8]; 6] =
        [b"title", b"category", b"severity", b"createdDateTime", b"lastUpdateDateTime", b"firstActivityDateTime"];
    const ALERT_OF_API: [&[u8]; 5] = [b"alertId", b"detectionSource", b"serviceSource", b"entities", b"creationTime"];
    let incident = keys.has(b"incidentId") && keys.count(&INCIDENT) >= 3;
    let of_graph =
        keys.has(b"incidentWebUrl") && keys.count(&[b"createdDateTime", b"severity", b"status", b"displayName"]) >= 2;
    // Without its incident's number an incident still is a list of alerts with a name and two times.
    let unnumbered = keys.has_all(&[b"incidentName", b"alerts"]) && keys.count(&INCIDENT) >= 4;
    incident
        || of_graph
        || unnumbered
        || keys.count(&ALERT) >= 4
        || (keys.has(b"serviceSource") && keys.count(&OF_SERVICE) >= 4)
        || keys.count(&ALERT_OF_API) >= 4
}

/// `action` is `<category>.<what happened>`; webhooks have an action without a dot. Others write such actions too, so the time
/// must be GitHub's number, or names must stand beside it, and one of all must be nobody else's.
fn is_github(keys: &Keys<'_>, record: &[u8]) -> bool {
    const OWN: [&[u8]; 9] = [
        b"_document_id",
        b"actor_location",
        b"operation_type",
        b"business",
        b"programmatic_access_type",
        b"public_repo",
        b"repo",
        b"repository",
        b"org",
    ];
    const SHARP: [&[u8]; 8] = [
        b"_document_id",
        b"actor_location",
        b"operation_type",
        b"business",
        b"programmatic_access_type",
        b"public_repo",
        b"actor_id",
        b"org_id",
    ];
    const COMMON: [&[u8]; 3] = [b"actor", b"actor_id", b"user"];
    let is_number = |name: &[u8]| member_text(record, name).is_some_and(|text| text.iter().all(u8::is_ascii_digit));
    let own = keys.count(&OWN);
    let beside = own + keys.count(&COMMON);
    let enough = if is_number(b"created_at") || is_number(b"@timestamp") { 2 } else { 3 };
    let action = member_text(record, b"action").and_then(|text| text.strip_prefix(b"\"")?.strip_suffix(b"\""));
    let dotted = action.is_some_and(|action| {
        let plain =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
        action.contains(&b'.') && action.iter().all(plain)
    });
    let category = action.and_then(|action| action.split(|byte| *byte == b'.').next()).unwrap_or_default();
    let is_sharp = keys.count(&SHARP) >= 1
        || keys.has_all(&[b"created_at", b"@timestamp"])
        || GITHUB_CATEGORIES.contains(&category);
    own >= 1 && beside >= enough && dotted && is_sharp
}

/// Categories of actions that hardly anybody else has together with GitHub's names. Old exports hold records of little more
/// than one of them, who and where. Contents: GitHub documentation, audit log events of an organization.
const GITHUB_CATEGORIES: [&[u8]; 28] = [
    b"org",
    b"repo",
    b"team",
    b"git",
    b"hook",
    b"workflows",
    b"codespaces",
    b"dependabot_alerts",
    b"deploy_key",
    b"enterprise",
    b"environment",
    b"integration",
    b"integration_installation",
    b"ip_allow_list",
    b"ip_allow_list_entry",
    b"members_can_create_pages",
    b"oauth_application",
    b"org_credential_authorization",
    b"organization_default_label",
    b"personal_access_token",
    b"private_repository_forking",
    b"protected_branch",
    b"public_key",
    b"pull_request",
    b"repository_ruleset",
    b"repository_secret_scanning",
    b"repository_vulnerability_alert",
    b"secret_scanning",
];

fn campus(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    let contains = |name: &[u8], text: &[u8]| {
        member_text(record, name).is_some_and(|value| memchr::memmem::find(value, text).is_some())
    };
    let caliper = contains(b"@context", b"purl.imsglobal.org/ctx/caliper")
        || contains(b"@context", b"purl.imsglobal.org/caliper");
    if caliper && keys.has_all(&[b"actor", b"action"]) {
        return Some(Format::Caliper);
    }
    if keys.has_all(&[b"metadata", b"body"])
        && contains(b"metadata", b"\"event_name\"")
        && member_text(record, b"metadata").is_some_and(|text| {
            let marks: [&[u8]; 5] =
                [b"event_time", b"root_account_uuid", b"root_account_id", b"producer", b"root_account_lti_guid"];
            Keys::of(text).count(&marks) >= 2
        })
    {
        return Some(Format::CanvasLiveEvents);
    }
    // A part of a statement has the same three members but says what it is.
    let whole = member_text(record, b"objectType") != Some(b"\"SubStatement\"");
    let verb = || member_text(record, b"verb").is_some_and(|verb| Keys::of(verb).has(b"id"));
    let statement = keys.has_all(&[b"actor", b"verb", b"object"]) && member_is_object(record, b"actor") && verb();
    (statement && whole).then_some(Format::Xapi)
}

fn member_is_object(record: &[u8], name: &[u8]) -> bool {
    member_text(record, name).is_some_and(|text| text.starts_with(b"{"))
}

fn is_cloudtrail(keys: &Keys<'_>, record: &[u8]) -> bool {
    const NAMES: [&[u8]; 11] = [
        b"eventVersion",
        b"userIdentity",
        b"eventTime",
        b"eventSource",
        b"eventName",
        b"awsRegion",
        b"eventID",
        b"sourceIPAddress",
        b"requestParameters",
        b"recipientAccountId",
        b"eventType",
    ];
    // Alibaba's trail has taken over nearly all of CloudTrail's names.
    let alibaba = member_text(record, b"eventSource").is_some_and(|source| source.ends_with(b".aliyuncs.com\""));
    if alibaba || keys.has(b"acsRegion") {
        return false;
    }
    // Notifications of S3, Kinesis, DynamoDB and CodeCommit borrow CloudTrail's names; their source is no host.
    let notification = member_text(record, b"eventSource").is_some_and(|source| source.starts_with(b"\"aws:"));
    let enough = keys.count(&NAMES) >= 4 || keys.has_all(&[b"eventVersion", b"userIdentity"]);
    enough && !notification
}

/// A format of the diagnostic stream by its category, in lower case.
fn azure_category(keys: &Keys<'_>, record: &[u8], category: &[u8]) -> Option<Format> {
    match category {
        b"signinlogs"
        | b"noninteractiveusersigninlogs"
        | b"serviceprincipalsigninlogs"
        | b"managedidentitysigninlogs"
        | b"adfssigninlogs"
        | b"microsoftserviceprincipalsigninlogs" => Some(Format::SignInLogs),
        b"auditlogs" => Some(Format::AuditLogs),
        b"applicationgatewayaccesslog" | b"applicationgatewayfirewalllog" => Some(Format::ApplicationGateway),
        b"frontdooraccesslog" | b"frontdoorwebapplicationfirewalllog" => Some(Format::FrontDoor),
        b"functionapplogs" => Some(Format::AzureFunctions),
        b"containerregistryloginevents" | b"containerregistryrepositoryevents" => Some(Format::AzureContainerRegistry),
        category if azurefirewall::is_category(category) => Some(Format::AzureFirewall),
        b"storageread" | b"storagewrite" | b"storagedelete" => Some(Format::AzureStorage),
        b"sqlsecurityauditevents" => Some(Format::AzureSqlAudit),
        b"auditevent" if is_of(record, b"/providers/microsoft.keyvault/") => Some(Format::AzureKeyVault),
        b"dataplanerequests" | b"mongorequests" | b"cassandrarequests" | b"gremlinrequests" | b"tableapirequests"
            if is_of(record, b"/providers/microsoft.documentdb/") =>
        {
            Some(Format::AzureCosmosDb)
        }
        b"userriskevents" | b"riskyusers" | b"serviceprincipalriskevents" | b"riskyserviceprincipals" => {
            Some(Format::AzureRiskDetection)
        }
        b"administrative" | b"security" | b"servicehealth" | b"alert" | b"recommendation" | b"policy"
        | b"autoscale" | b"resourcehealth" | b"action" | b"write" | b"delete"
            if keys.has(b"operationName") =>
        {
            Some(Format::ActivityLogs)
        }
        _ => None,
    }
}

fn azure(keys: &Keys<'_>, record: &[u8]) -> Option<Format> {
    let category = member_text(record, b"category").map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    let category = category.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or_default();
    let diagnostic = keys.count(&[b"time", b"resourceId", b"operationName", b"properties", b"correlationId"]) >= 2;
    if let Some(format) = azure_category(keys, record, category).filter(|_| diagnostic) {
        return Some(format);
    }
    if is_security_alert(keys, record) {
        return Some(Format::AzureSecurityAlert);
    }
    const RISK: [&[u8]; 6] =
        [b"riskState", b"riskLevel", b"riskDetail", b"detectedDateTime", b"activityDateTime", b"detectionTimingType"];
    if keys.has(b"riskEventType") && keys.count(&RISK) >= 2 {
        return Some(Format::AzureRiskDetection);
    }
    const REST: [&[u8]; 6] = [
        b"eventDataId",
        b"authorization",
        b"caller",
        b"eventTimestamp",
        b"submissionTimestamp",
        b"resourceProviderName",
    ];
    if keys.has(b"operationName") && keys.count(&REST) >= 3 {
        return Some(Format::ActivityLogs);
    }
    const GRAPH_SIGN_IN: [&[u8]; 6] = [
        b"createdDateTime",
        b"userPrincipalName",
        b"appDisplayName",
        b"ipAddress",
        b"conditionalAccessStatus",
        b"status",
    ];
    if keys.count(&GRAPH_SIGN_IN) >= 4 {
        return Some(Format::SignInLogs);
    }
    let graph_audit = keys.has(b"activityDisplayName") && keys.count(&[b"initiatedBy", b"targetResources"]) >= 1;
    graph_audit.then_some(Format::AuditLogs)
}

/// The provider in the record's resource id, without regard to case.
fn is_of(record: &[u8], provider: &[u8]) -> bool {
    let id = member_text(record, b"resourceId").map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    memchr::memmem::find(&id, provider).is_some()
}

/// A row of the table, an exported alert, or the REST resource.
fn is_security_alert(keys: &Keys<'_>, record: &[u8]) -> bool {
    const ROW: [&[u8]; 7] = [
        b"AlertType",
        b"AlertName",
        b"AlertDisplayName",
        b"AlertSeverity",
        b"CompromisedEntity",
        b"ProviderName",
        b"VendorName",
    ];
    if keys.has(b"SystemAlertId") && keys.count(&ROW) >= 2 {
        return true;
    }
    let kind = member_text(record, b"type").map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    keys.has(b"properties") && kind.starts_with(b"\"microsoft.security/") && kind.ends_with(b"/alerts\"")
}
