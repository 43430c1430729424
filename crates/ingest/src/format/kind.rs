//! The formats there are: one line each, its id behind it. Everything else about a format stands in its own file and in `mod.rs`.

use ocsf::Class;

use super::cloudtrail;

macro_rules! formats {
    ($($name:ident => $id:literal,)*) => {
        /// A log format, named `product/service`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Format {
            $($name,)*
        }

        impl Format {
            /// Every known format.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            /// `product/service`, the id used everywhere.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

formats! {
    CloudTrail => "aws/cloudtrail",
    VpcFlow => "aws/vpcflow",
    S3Access => "aws/s3access",
    GuardDuty => "aws/guardduty",
    Macie => "aws/macie",
    SecurityHub => "aws/securityhub",
    Route53Resolver => "aws/route53resolver",
    Waf => "aws/waf",
    Elb => "aws/elb",
    CloudFront => "aws/cloudfront",
    ActivityLogs => "azure/activitylogs",
    SignInLogs => "azure/signinlogs",
    AuditLogs => "azure/auditlogs",
    AzureStorage => "azure/storage",
    AzureSqlAudit => "azure/sqlaudit",
    AzureKeyVault => "azure/keyvault",
    AzureCosmosDb => "azure/cosmosdb",
    AzureSecurityAlert => "azure/securityalert",
    AzureRiskDetection => "azure/riskdetection",
    M365Audit => "m365/audit",
    M365Defender => "m365/defender",
    Okta => "okta/okta",
    GitHubAudit => "github/audit",
    KubernetesAudit => "kubernetes/audit",
    GoogleWorkspace => "gcp/google_workspace",
    WebAccess => "web/access",
    Caliper => "caliper/events",
    Xapi => "xapi/statements",
    CanvasLiveEvents => "canvas/live_events",
    AppJson => "application/json",
    AwsConfig => "aws/config",
    CloudWatchAlarm => "aws/cloudwatchalarm",
    AccessAnalyzer => "aws/accessanalyzer",
    Ecr => "aws/ecr",
    ApiGateway => "aws/apigateway",
    Lambda => "aws/lambda",
    DbActivity => "aws/dbactivity",
    PostgreSql => "postgresql/log",
    MariaDb => "mariadb/audit",
    AzureFlowLogs => "azure/flowlogs",
    ApplicationGateway => "azure/applicationgateway",
    FrontDoor => "azure/frontdoor",
    AzureFirewall => "azure/firewall",
    AzureFunctions => "azure/functions",
    AzureContainerRegistry => "azure/containerregistry",
    AzureResourceLogs => "azure/resourcelogs",
    SentinelIncident => "azure/sentinelincident",
    PolicyState => "azure/policystate",
    MonitorAlert => "azure/monitoralert",
    Auth0 => "auth0/logs",
    Keycloak => "keycloak/events",
    OcsfEvents => "ocsf/events",
    Otlp => "otlp/logs",
    WebError => "web/error",
    Envoy => "envoy/access",
    Kong => "kong/access",
    Sentry => "sentry/events",
    BrowserReports => "browser/reports",
    AuditEvents => "audit/events",
    Cadf => "cadf/events",
    Lti => "lti/launches",
    SamlAudit => "saml/audit",
}

impl Format {
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
            Self::WebAccess
            | Self::Elb
            | Self::CloudFront
            | Self::ApiGateway
            | Self::Envoy
            | Self::Kong
            | Self::ApplicationGateway
            | Self::FrontDoor => Some("webserver"),
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
    pub(super) fn is_azure(self) -> bool {
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
                | Self::AzureFlowLogs
                | Self::ApplicationGateway
                | Self::FrontDoor
                | Self::AzureFirewall
                | Self::AzureFunctions
                | Self::AzureContainerRegistry
                | Self::AzureResourceLogs
                | Self::SentinelIncident
                | Self::PolicyState
                | Self::MonitorAlert
        )
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}
