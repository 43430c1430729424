//! Known log formats. One file each turns a record into (a) the JSON object that rules see and (b) an OCSF event.
//!
//! After `frame` on the path. To add a format: copy the nearest neighbour, add it to `Format` and to the matches in
//! this file, teach `recognise` its marks, and give `tests/` a sample.

mod accessanalyzer;
mod activitylogs;
mod apigateway;
mod append;
mod appjson;
mod applicationgateway;
mod auditevent;
mod auditlogs;
mod auth0;
mod aws;
mod awsconfig;
mod azure;
mod azurecosmos;
mod azurefirewall;
mod azureflow;
mod azuregateway;
mod azurekeyvault;
mod azureother;
mod azuresql;
mod azurestorage;
mod cadf;
mod caliper;
mod canvas;
mod cloudfront;
mod cloudtrail;
mod cloudtrail_class;
mod cloudtrail_links;
mod cloudwatchalarm;
mod cspreport;
mod dbactivity;
mod defender;
mod ecr;
mod elb;
mod envoy;
mod findings;
mod flat;
mod frontdoor;
mod github;
mod guardduty;
mod json;
mod keycloak;
mod kind;
mod kong;
mod kubernetes;
mod lambda;
mod lti;
mod m365;
mod macie;
mod mariadb;
mod marks;
mod monitoralert;
mod ocsfevents;
mod okta;
mod otlp;
mod policystate;
mod postgresql;
mod recognise;
mod resourcelog;
mod riskdetection;
mod route53resolver;
mod s3access;
mod said;
mod samlaudit;
mod securityalert;
mod securityhub;
mod sentinelincident;
mod sentry;
mod signinlogs;
mod sqltext;
mod syslog;
mod time;
mod tree;
mod unwrap;
mod vpcflow;
mod vpcflow_columns;
mod vpcflow_rows;
mod waf;
mod web;
mod webaccess;
mod weberror;
mod words;
mod workspace;
mod xapi;

use std::borrow::Cow;

use ocsf::Event;

pub use kind::Format;
pub(crate) use recognise::{recognise, tells_nothing};
use vpcflow_columns::Columns;

/// Why a record is no event, as a fragment that names the field (`eventTime is missing`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    fn missing(field: &str) -> Self {
        Self(format!("{field} is missing"))
    }
}

/// What is needed to understand the records of one member: its format, and for flow logs the order of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoder {
    format: Format,
    columns: Option<Columns>,
    /// The columns of a CloudFront file that names them.
    edge_columns: Option<cloudfront::Columns>,
    /// Records are the `logEvents` of a log group and stand inside `message`.
    in_log_events: bool,
    /// Records stand behind the header of a syslog message.
    in_syslog: bool,
    /// The channel carries several formats: EventBridge, or Azure with clusters among its resources.
    mixed: bool,
}

impl Decoder {
    /// The decoder of records that stand alone; flow log lines are then in the default order of version 2.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, columns: None, edge_columns: None, in_log_events: false, in_syslog: false, mixed: false }
    }

    /// A format taken on trust; the head still tells the order of flow log columns.
    pub(crate) fn forced(format: Format, head: &[u8]) -> Self {
        let of_head = || Columns::of_head(head).or_else(|| vpcflow_rows::columns(head));
        let columns = (format == Format::VpcFlow).then(of_head).flatten();
        let edge_columns = (format == Format::CloudFront).then(|| cloudfront::Columns::of_head(head)).flatten();
        Self { columns, edge_columns, ..Self::new(format) }
    }

    /// The decoder of flow log lines whose columns [`Self::columns`] once told.
    #[must_use]
    pub fn with_columns(columns: &str) -> Self {
        Self::forced(Format::VpcFlow, columns.as_bytes())
    }

    /// The columns of a flow log, as its header line names them: without it a stored line cannot be understood again. `None`
    /// where lines are in a well-known order, and for every other format.
    #[must_use]
    pub fn columns(&self) -> Option<String> {
        self.columns.as_ref().map(Columns::header)
    }

    /// The format of the member.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The format of one record: Azure and EventBridge deliver several through one channel.
    #[must_use]
    pub fn format_of(&self, raw: &[u8]) -> Format {
        if !self.mixed && !self.format.is_azure() {
            return self.format;
        }
        let belongs = |format: &Format| self.mixed || format.is_azure() || *format == Format::KubernetesAudit;
        marks::json_format(raw).filter(belongs).unwrap_or(self.format)
    }

    /// True for a line that names columns and is no record.
    pub(crate) fn is_header(&self, line: &[u8]) -> bool {
        match self.format {
            Format::VpcFlow => vpcflow_columns::is_header(line) || vpcflow_rows::is_header(line),
            Format::CloudFront => cloudfront::is_header(line),
            Format::Sentry => sentry::is_header(line),
            _ => false,
        }
    }

    /// The vendor's record inside a delivery envelope.
    pub(crate) fn unwrap<'r>(&self, framed: &'r [u8]) -> Cow<'r, [u8]> {
        if self.in_log_events {
            return unwrap::log_event(framed);
        }
        if self.in_syslog {
            return Cow::Borrowed(syslog::message(framed).unwrap_or(framed));
        }
        let from_azure = self.mixed || self.format.is_azure();
        if from_azure && let Some(event) = kubernetes::of_azure(framed) {
            return Cow::Owned(event);
        }
        match self.format {
            Format::CloudTrail | Format::GuardDuty | Format::Macie | Format::SecurityHub | Format::Okta => {
                Cow::Borrowed(unwrap::event_bridge(framed))
            }
            _ => Cow::Borrowed(framed),
        }
    }

    /// Whether a line may go on with the record before it, so that a record ends only where the next one begins.
    pub(crate) fn joins_lines(&self) -> bool {
        matches!(self.format, Format::PostgreSql | Format::Keycloak) && !self.in_log_events && !self.in_syslog
    }

    /// Whether `line` goes on with the record `before` it.
    pub(crate) fn continues(&self, before: &[u8], line: &[u8]) -> bool {
        match self.format {
            Format::PostgreSql => postgresql::continues(before, line),
            Format::Keycloak => keycloak::continues(line),
            _ => false,
        }
    }

    /// The records in one framed record, where a vendor puts many into lists that nest too deep for framing.
    pub(crate) fn split(&self, framed: &[u8]) -> Option<Vec<Vec<u8>>> {
        if self.mixed || self.format.is_azure() {
            return azureflow::split(framed);
        }
        if self.format == Format::Otlp { otlp::split(framed) } else { None }
    }

    /// Whether the object at the start of `bytes` is a record that rules see as it stands there.
    pub(crate) fn is_seen_as_framed(&self, bytes: &[u8]) -> bool {
        match self.format {
            _ if self.in_log_events || self.in_syslog => false,
            Format::CloudTrail => bytes.starts_with(b"{\"eventVersion\"") || !unwrap::may_be_event_bridge(bytes),
            format => format == Format::AppJson,
        }
    }

    /// Whether the texts of [`Format::needed`] show that the record will become an event.
    pub(crate) fn has_needed(&self, needed: &[Option<&[u8]>]) -> bool {
        self.format == Format::CloudTrail && cloudtrail::is_complete(needed)
    }

    /// The JSON object that rules see.
    pub fn view<'r>(&self, raw: &'r [u8]) -> Result<Cow<'r, [u8]>, Unreadable> {
        match self.format_of(raw) {
            Format::GuardDuty => Ok(guardduty::view(raw)),
            Format::KubernetesAudit => kubernetes::view(raw),
            Format::VpcFlow => vpcflow_rows::view(raw, self.columns.as_ref()).map(Cow::Owned),
            Format::CloudFront => cloudfront::view(raw, self.edge_columns.as_ref()).map(Cow::Owned),
            Format::S3Access => s3access::view(raw).map(Cow::Owned),
            Format::Elb => elb::view(raw).map(Cow::Owned),
            Format::WebAccess => webaccess::view(raw).map(Cow::Owned),
            Format::ActivityLogs => activitylogs::view(raw).map(Cow::Owned),
            Format::SignInLogs => signinlogs::view(raw).map(Cow::Owned),
            Format::AuditLogs => auditlogs::view(raw).map(Cow::Owned),
            Format::AzureStorage => azurestorage::view(raw).map(Cow::Owned),
            Format::AzureSqlAudit => azuresql::view(raw).map(Cow::Owned),
            Format::AzureKeyVault => azurekeyvault::view(raw).map(Cow::Owned),
            Format::AzureCosmosDb => azurecosmos::view(raw).map(Cow::Owned),
            Format::AzureSecurityAlert => securityalert::view(raw).map(Cow::Owned),
            Format::AzureRiskDetection => riskdetection::view(raw).map(Cow::Owned),
            Format::GoogleWorkspace => workspace::view(raw).map(Cow::Owned),
            Format::M365Audit => m365::view(raw).map(Cow::Owned),
            Format::ApiGateway => apigateway::view(raw).map(Cow::Owned),
            Format::PostgreSql => postgresql::view(raw).map(Cow::Owned),
            Format::MariaDb => mariadb::view(raw).map(Cow::Owned),
            Format::AzureFlowLogs => azureflow::view(raw).map(Cow::Owned),
            Format::ApplicationGateway => applicationgateway::view(raw).map(Cow::Owned),
            Format::FrontDoor => frontdoor::view(raw).map(Cow::Owned),
            Format::AzureFirewall => resourcelog::lifted(raw).map(Cow::Owned),
            Format::AzureFunctions => resourcelog::lifted(raw).map(Cow::Owned),
            Format::AzureContainerRegistry => resourcelog::lifted(raw).map(Cow::Owned),
            Format::AzureResourceLogs => resourcelog::lifted(raw).map(Cow::Owned),
            Format::Keycloak => keycloak::view(raw),
            Format::Otlp => otlp::view(raw).map(Cow::Owned),
            Format::WebError => weberror::view(raw).map(Cow::Owned),
            Format::Envoy => envoy::view(raw).map(Cow::Owned),
            Format::Kong => kong::view(raw).map(Cow::Owned),
            Format::SamlAudit => samlaudit::view(raw).map(Cow::Owned),
            _ => Ok(Cow::Borrowed(raw)),
        }
    }

    /// Whether the record will become an event: for readers that only need to count.
    pub fn check(&self, raw: &[u8]) -> Result<(), Unreadable> {
        if self.format == Format::VpcFlow {
            return vpcflow_rows::check(raw, self.columns.as_ref());
        }
        self.normalize(raw).map(drop)
    }

    /// The record as an OCSF event.
    pub fn normalize(&self, raw: &[u8]) -> Result<Event, Unreadable> {
        match self.format_of(raw) {
            Format::CloudTrail => cloudtrail::normalize(raw),
            Format::VpcFlow => vpcflow_rows::normalize(raw, self.columns.as_ref()),
            Format::S3Access => s3access::normalize(raw),
            Format::GuardDuty => guardduty::normalize(raw),
            Format::Macie => macie::normalize(raw),
            Format::SecurityHub => securityhub::normalize(raw),
            Format::Route53Resolver => route53resolver::normalize(raw),
            Format::Waf => waf::normalize(raw),
            Format::Elb => elb::normalize(raw),
            Format::CloudFront => cloudfront::normalize(raw, self.edge_columns.as_ref()),
            Format::ActivityLogs => activitylogs::normalize(raw),
            Format::SignInLogs => signinlogs::normalize(raw),
            Format::AuditLogs => auditlogs::normalize(raw),
            Format::AzureStorage => azurestorage::normalize(raw),
            Format::AzureSqlAudit => azuresql::normalize(raw),
            Format::AzureKeyVault => azurekeyvault::normalize(raw),
            Format::AzureCosmosDb => azurecosmos::normalize(raw),
            Format::AzureSecurityAlert => securityalert::normalize(raw),
            Format::AzureRiskDetection => riskdetection::normalize(raw),
            Format::M365Audit => m365::normalize(raw),
            Format::M365Defender => defender::normalize(raw),
            Format::Okta => okta::normalize(raw),
            Format::GitHubAudit => github::normalize(raw),
            Format::KubernetesAudit => kubernetes::normalize(raw),
            Format::GoogleWorkspace => workspace::normalize(raw),
            Format::WebAccess => webaccess::normalize(raw),
            Format::Caliper => caliper::normalize(raw),
            Format::Xapi => xapi::normalize(raw),
            Format::CanvasLiveEvents => canvas::normalize(raw),
            Format::AppJson => appjson::normalize(raw),
            Format::Otlp => otlp::normalize(raw),
            Format::WebError => weberror::normalize(raw),
            Format::Envoy => envoy::normalize(raw),
            Format::Kong => kong::normalize(raw),
            Format::Sentry => sentry::normalize(raw),
            Format::BrowserReports => cspreport::normalize(raw),
            Format::AuditEvents => auditevent::normalize(raw),
            Format::Cadf => cadf::normalize(raw),
            Format::Lti => lti::normalize(raw),
            Format::SamlAudit => samlaudit::normalize(raw),
            Format::AwsConfig => awsconfig::normalize(raw),
            Format::CloudWatchAlarm => cloudwatchalarm::normalize(raw),
            Format::AccessAnalyzer => accessanalyzer::normalize(raw),
            Format::Ecr => ecr::normalize(raw),
            Format::ApiGateway => apigateway::normalize(raw),
            Format::Lambda => lambda::normalize(raw),
            Format::DbActivity => dbactivity::normalize(raw),
            Format::PostgreSql => postgresql::normalize(raw),
            Format::MariaDb => mariadb::normalize(raw),
            Format::AzureFlowLogs => azureflow::normalize(raw),
            Format::ApplicationGateway => applicationgateway::normalize(raw),
            Format::FrontDoor => frontdoor::normalize(raw),
            Format::AzureFirewall => azurefirewall::normalize(raw),
            Format::AzureFunctions => azureother::normalize(Format::AzureFunctions, "Azure Functions", raw),
            Format::AzureContainerRegistry => {
                azureother::normalize(Format::AzureContainerRegistry, "Container Registry", raw)
            }
            Format::AzureResourceLogs => azureother::normalize(Format::AzureResourceLogs, "Azure Monitor", raw),
            Format::SentinelIncident => sentinelincident::normalize(raw),
            Format::PolicyState => policystate::normalize(raw),
            Format::MonitorAlert => monitoralert::normalize(raw),
            Format::Auth0 => auth0::normalize(raw),
            Format::Keycloak => keycloak::normalize(raw),
            Format::OcsfEvents => ocsfevents::normalize(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        for format in Format::ALL {
            assert_eq!(Format::from_id(format.id()), Some(format));
            assert_eq!(format!("{}/{}", format.logsource().0, format.logsource().1), format.id());
        }
        assert_eq!(Format::from_id("aws/nothing"), None);
    }

    #[test]
    fn the_columns_of_a_flow_log_survive_being_told() {
        let header = "version interface-id bytes srcaddr bytes dstaddr flow-direction start end action";
        let line = b"5 eni-1 1 192.0.2.1 7 198.51.100.2 egress 1772538644 1772538645 ACCEPT";
        let decoder = Decoder::with_columns(header);
        let told = decoder.columns().expect("it has columns of its own");
        let again = Decoder::with_columns(&told);
        assert_eq!(again.columns(), Some(told));
        let normal = |decoder: &Decoder| decoder.normalize(line).expect("a flow");
        assert_eq!(normal(&again), normal(&decoder));
        assert_eq!(Decoder::new(Format::VpcFlow).columns(), None);
        assert_eq!(Decoder::new(Format::CloudTrail).columns(), None);
    }
}
