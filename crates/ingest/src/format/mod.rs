//! Known log formats. One file each turns a record into (a) the JSON object that rules see and (b) an OCSF event.
//!
//! After `frame` on the path. To add a format: copy the nearest neighbour, add it to `Format` and to the matches in
//! this file, teach `recognise` its marks, and give `tests/` a sample.

mod activitylogs;
mod append;
mod appjson;
mod auditlogs;
mod aws;
mod azure;
mod azurecosmos;
mod azurekeyvault;
mod azuresql;
mod azurestorage;
mod caliper;
mod canvas;
mod cloudfront;
mod cloudtrail;
mod cloudtrail_class;
mod cloudtrail_links;
mod defender;
mod elb;
mod findings;
mod flat;
mod github;
mod guardduty;
mod json;
mod kubernetes;
mod m365;
mod macie;
mod marks;
mod okta;
mod recognise;
mod resourcelog;
mod riskdetection;
mod route53resolver;
mod s3access;
mod securityalert;
mod securityhub;
mod signinlogs;
mod time;
mod unwrap;
mod vpcflow;
mod vpcflow_columns;
mod waf;
mod web;
mod webaccess;
mod workspace;
mod xapi;

use std::borrow::Cow;

use ocsf::{Class, Event};

pub(crate) use recognise::{recognise, tells_nothing};
use vpcflow_columns::Columns;

/// A log format, named `product/service`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    CloudTrail,
    VpcFlow,
    S3Access,
    GuardDuty,
    Macie,
    SecurityHub,
    Route53Resolver,
    Waf,
    Elb,
    CloudFront,
    ActivityLogs,
    SignInLogs,
    AuditLogs,
    AzureStorage,
    AzureSqlAudit,
    AzureKeyVault,
    AzureCosmosDb,
    AzureSecurityAlert,
    AzureRiskDetection,
    M365Audit,
    M365Defender,
    Okta,
    GitHubAudit,
    KubernetesAudit,
    GoogleWorkspace,
    WebAccess,
    Caliper,
    Xapi,
    CanvasLiveEvents,
    AppJson,
}

impl Format {
    /// Every known format.
    pub const ALL: [Self; 30] = [
        Self::CloudTrail,
        Self::VpcFlow,
        Self::S3Access,
        Self::GuardDuty,
        Self::Macie,
        Self::SecurityHub,
        Self::Route53Resolver,
        Self::Waf,
        Self::Elb,
        Self::CloudFront,
        Self::ActivityLogs,
        Self::SignInLogs,
        Self::AuditLogs,
        Self::AzureStorage,
        Self::AzureSqlAudit,
        Self::AzureKeyVault,
        Self::AzureCosmosDb,
        Self::AzureSecurityAlert,
        Self::AzureRiskDetection,
        Self::M365Audit,
        Self::M365Defender,
        Self::Okta,
        Self::GitHubAudit,
        Self::KubernetesAudit,
        Self::GoogleWorkspace,
        Self::WebAccess,
        Self::Caliper,
        Self::Xapi,
        Self::CanvasLiveEvents,
        Self::AppJson,
    ];

    /// `product/service`, the id used everywhere.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::CloudTrail => "aws/cloudtrail",
            Self::VpcFlow => "aws/vpcflow",
            Self::S3Access => "aws/s3access",
            Self::GuardDuty => "aws/guardduty",
            Self::Macie => "aws/macie",
            Self::SecurityHub => "aws/securityhub",
            Self::Route53Resolver => "aws/route53resolver",
            Self::Waf => "aws/waf",
            Self::Elb => "aws/elb",
            Self::CloudFront => "aws/cloudfront",
            Self::ActivityLogs => "azure/activitylogs",
            Self::SignInLogs => "azure/signinlogs",
            Self::AuditLogs => "azure/auditlogs",
            Self::AzureStorage => "azure/storage",
            Self::AzureSqlAudit => "azure/sqlaudit",
            Self::AzureKeyVault => "azure/keyvault",
            Self::AzureCosmosDb => "azure/cosmosdb",
            Self::AzureSecurityAlert => "azure/securityalert",
            Self::AzureRiskDetection => "azure/riskdetection",
            Self::M365Audit => "m365/audit",
            Self::M365Defender => "m365/defender",
            Self::Okta => "okta/okta",
            Self::GitHubAudit => "github/audit",
            Self::KubernetesAudit => "kubernetes/audit",
            Self::GoogleWorkspace => "gcp/google_workspace",
            Self::WebAccess => "web/access",
            Self::Caliper => "caliper/events",
            Self::Xapi => "xapi/statements",
            Self::CanvasLiveEvents => "canvas/live_events",
            Self::AppJson => "application/json",
        }
    }

    /// The format of an id; `None` for an unknown one.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }

    /// The Sigma logsource: product and service.
    #[must_use]
    pub fn logsource(self) -> (&'static str, &'static str) {
        self.id().split_once('/').unwrap_or((self.id(), ""))
    }

    /// The Sigma category, where the log has one: rules for web servers name no product, only `webserver`.
    #[must_use]
    pub fn category(self) -> Option<&'static str> {
        match self {
            Self::WebAccess | Self::Elb | Self::CloudFront => Some("webserver"),
            Self::KubernetesAudit => Some("application"),
            _ => None,
        }
    }

    /// Top-level members whose texts settle for most records whether they become events, see
    /// [`crate::Record::check_needed`]. Empty where only reading the whole record tells.
    #[must_use]
    pub fn needed(self) -> &'static [&'static str] {
        if self == Self::CloudTrail { &cloudtrail::NEEDED } else { &[] }
    }

    /// Whether a record may become an event of this class, as far as a glance at its text tells: false is certain.
    #[must_use]
    pub fn may_be(self, class: Class, raw: &[u8]) -> bool {
        let says = |text: &str| memchr::memmem::find(raw, text.as_bytes()).is_some();
        match (self, class) {
            (Self::CloudTrail, Class::Authentication) => {
                says("\"signin.") || says("\"sts.") || says("AwsConsoleSignIn")
            }
            (Self::CloudTrail, Class::AccountChange) => says("\"iam."),
            (Self::VpcFlow, class) => class == Class::NetworkActivity,
            (Self::CloudTrail | Self::S3Access, class) => class == Class::ApiActivity,
            _ => true,
        }
    }

    /// Azure delivers these through one channel, one after another.
    fn is_azure(self) -> bool {
        matches!(
            self,
            Self::ActivityLogs
                | Self::SignInLogs
                | Self::AuditLogs
                | Self::AzureStorage
                | Self::AzureSqlAudit
                | Self::AzureKeyVault
                | Self::AzureCosmosDb
                | Self::AzureSecurityAlert
                | Self::AzureRiskDetection
        )
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

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
    /// The channel carries several formats: EventBridge, or Azure with clusters among its resources.
    mixed: bool,
}

impl Decoder {
    /// The decoder of records that stand alone; flow log lines are then in the default order of version 2.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, columns: None, edge_columns: None, in_log_events: false, mixed: false }
    }

    /// The same for a channel through which records of other formats may come too.
    pub(crate) fn mixed(self) -> Self {
        Self { mixed: true, ..self }
    }

    /// A format taken on trust; the head still tells the order of flow log columns.
    pub(crate) fn forced(format: Format, head: &[u8]) -> Self {
        let columns = (format == Format::VpcFlow).then(|| Columns::of_head(head)).flatten();
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
            Format::VpcFlow => vpcflow_columns::is_header(line),
            Format::CloudFront => cloudfront::is_header(line),
            _ => false,
        }
    }

    /// The vendor's record inside a delivery envelope.
    pub(crate) fn unwrap<'r>(&self, framed: &'r [u8]) -> Cow<'r, [u8]> {
        if self.in_log_events {
            return unwrap::log_event(framed);
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

    /// Whether the object at the start of `bytes` is a record that rules see as it stands there.
    pub(crate) fn is_seen_as_framed(&self, bytes: &[u8]) -> bool {
        match self.format {
            _ if self.in_log_events => false,
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
            Format::CloudTrail
            | Format::AppJson
            | Format::Macie
            | Format::SecurityHub
            | Format::Route53Resolver
            | Format::Waf
            | Format::M365Defender
            | Format::Okta
            | Format::GitHubAudit
            | Format::Caliper
            | Format::Xapi
            | Format::CanvasLiveEvents => Ok(Cow::Borrowed(raw)),
            Format::GuardDuty => Ok(guardduty::view(raw)),
            Format::KubernetesAudit => kubernetes::view(raw),
            Format::VpcFlow => vpcflow::view(raw, self.columns.as_ref()).map(Cow::Owned),
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
        }
    }

    /// Whether the record will become an event: for readers that only need to count.
    pub fn check(&self, raw: &[u8]) -> Result<(), Unreadable> {
        if self.format == Format::VpcFlow {
            return vpcflow::check(raw, self.columns.as_ref());
        }
        self.normalize(raw).map(drop)
    }

    /// The record as an OCSF event.
    pub fn normalize(&self, raw: &[u8]) -> Result<Event, Unreadable> {
        match self.format_of(raw) {
            Format::CloudTrail => cloudtrail::normalize(raw),
            Format::VpcFlow => vpcflow::normalize(raw, self.columns.as_ref()),
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
