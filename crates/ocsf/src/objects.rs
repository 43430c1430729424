//! OCSF objects that hang below an event: who, through what, from where, to what.
//!
//! Plain public structs: any value is valid on its own. Which class may carry which object is decided in `event_json`.
//! They hold what the built-in formats map, not every attribute of the specification.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// A JSON value kept as its text, for vendor parameters of any shape. It is written out as JSON, not as a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub String);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&serde_json::value::RawValue>(&self.0) {
            Ok(raw) => raw.serialize(serializer),
            // Text that is no JSON after all stays visible as a string; it must not break the document around it.
            Err(_) => serializer.serialize_str(&self.0),
        }
    }
}

/// `account`: a cloud account, subscription or tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// OCSF `type_id`: 10 AWS account, 13 Azure subscription, 6 Azure AD account, 17 M365 tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_id: Option<u8>,
}

impl Account {
    /// An AWS account.
    #[must_use]
    pub fn aws(uid: String) -> Self {
        Self { name: None, uid: Some(uid), type_id: Some(10) }
    }

    /// An Azure subscription.
    #[must_use]
    pub fn azure_subscription(uid: String) -> Self {
        Self { name: None, uid: Some(uid), type_id: Some(13) }
    }

    /// A tenant of Entra, which OCSF calls an Azure AD account.
    #[must_use]
    pub fn entra_tenant(uid: String) -> Self {
        Self { name: None, uid: Some(uid), type_id: Some(6) }
    }

    /// A Microsoft 365 tenant.
    #[must_use]
    pub fn m365_tenant(uid: String) -> Self {
        Self { name: None, uid: Some(uid), type_id: Some(17) }
    }
}

/// `cloud`: where it ran. `provider` is required by OCSF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cloud {
    pub provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
}

/// OCSF `user.type_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserType {
    #[default]
    Unknown,
    User,
    Admin,
    System,
    Service,
    Other,
}

impl UserType {
    /// The number OCSF gives it.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::User => 1,
            Self::Admin => 2,
            Self::System => 3,
            Self::Service => 4,
            Self::Other => 99,
        }
    }

    /// The word OCSF gives it.
    #[must_use]
    pub fn caption(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::User => "User",
            Self::Admin => "Admin",
            Self::System => "System",
            Self::Service => "Service",
            Self::Other => "Other",
        }
    }
}

impl Serialize for UserType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.id())
    }
}

/// `user`: who. At least one of `name`, `uid`, `account` is present in what formats produce.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub name: Option<String>,
    pub uid: Option<String>,
    pub uid_alt: Option<String>,
    /// The vendor's own word (`IAMUser`, `AssumedRole`, `Guest`, …).
    pub kind: Option<String>,
    pub type_id: UserType,
    pub full_name: Option<String>,
    /// Written as the only one of `programmatic_credentials`: since OCSF 1.6 that is where it stands.
    pub credential_uid: Option<String>,
    pub account: Option<Account>,
}

/// OCSF keeps `type` for the caption of `type_id`; only of a kind that it has no number for does it take the vendor's word.
impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let texts =
            [("name", &self.name), ("uid", &self.uid), ("uid_alt", &self.uid_alt), ("full_name", &self.full_name)];
        for (name, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        let unnumbered = matches!(self.type_id, UserType::Unknown | UserType::Other);
        match self.kind.as_deref().filter(|_| unnumbered) {
            Some(word) => {
                map.serialize_entry("type", word)?;
                map.serialize_entry("type_id", &UserType::Other)?;
            }
            None => {
                if !unnumbered {
                    map.serialize_entry("type", self.type_id.caption())?;
                }
                map.serialize_entry("type_id", &self.type_id)?;
            }
        }
        if let Some(uid) = &self.credential_uid {
            map.serialize_entry("programmatic_credentials", &[Credential { uid }])?;
        }
        if let Some(account) = &self.account {
            map.serialize_entry("account", account)?;
        }
        map.end()
    }
}

/// `programmatic_credential`: an access key.
#[derive(Serialize)]
struct Credential<'a> {
    uid: &'a str,
}

/// `session`: the authenticated session behind an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Session {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_mfa: Option<bool>,
}

impl Session {
    /// A session of which only the id is known.
    #[must_use]
    pub fn of(uid: String) -> Self {
        Self { uid: Some(uid), ..Self::default() }
    }
}

/// `idp`: the identity provider that vouched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Idp {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// `actor`: the acting user, session or program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Actor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp: Option<Idp>,
    /// The program, or the service that called on somebody's behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_uid: Option<String>,
}

impl Actor {
    /// OCSF asks for at least one attribute; an actor without any is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An object of which OCSF wants a name or a uid (`service`, `product.feature`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Identified {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

impl Identified {
    /// An object of which only the name is known.
    #[must_use]
    pub fn named(name: String) -> Self {
        Self { name: Some(name), uid: None }
    }
}

/// `api.request`. OCSF requires `uid`; formats leave the object out when the vendor gives none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiRequest {
    pub uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
}

/// `api.response`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApiResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
}

/// `api`: the call made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Api {
    pub operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Identified>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<ApiRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ApiResponse>,
}

/// `location` of an address, as far as the vendor says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// `network_endpoint`. `ip` holds an address only; a service name or a domain has its own attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svc_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_uid: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intermediate_ips: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl Endpoint {
    /// True when nothing of what OCSF accepts as identification is known.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        let Self { ip, name, hostname, svc_name, uid, interface_uid, instance_uid, .. } = self;
        ip.is_none() && [name, hostname, svc_name, uid, interface_uid, instance_uid].iter().all(|part| part.is_none())
    }
}

/// `url`; at least one of the two is present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Url {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
}

impl Url {
    /// A request target: a path, which is `/` where it is empty, and what stands behind the first `?`.
    #[must_use]
    pub fn of_target(target: &str) -> Self {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let path = if path.is_empty() { "/" } else { path };
        Self { path: Some(path.to_owned()), query_string: query.map(str::to_owned), hostname: None }
    }
}

/// `http_request`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HttpRequest {
    /// OCSF lists the methods it knows; another one is written to `unmapped`.
    #[serde(skip_serializing_if = "is_no_method")]
    pub http_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// Whether this is none of the methods OCSF lists.
#[expect(clippy::ref_option, reason = "serde hands the field over as it stands")]
pub(crate) fn is_no_method(method: &Option<String>) -> bool {
    const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    method.as_deref().is_none_or(|method| !METHODS.contains(&method))
}

impl HttpRequest {
    /// A request of which only the user agent is known.
    #[must_use]
    pub fn of_agent(user_agent: String) -> Self {
        Self { user_agent: Some(user_agent), ..Self::default() }
    }
}

/// `http_response`. OCSF requires `code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HttpResponse {
    pub code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_length: Option<u64>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<u64>,
}

/// `resource_details`: what it was done to. At least one of `uid`, `name` is present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<User>,
}

/// `network_traffic`. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
}

/// `network_connection_info`. OCSF requires `direction_id`: 0 unknown, 1 inbound, 2 outbound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Connection {
    pub direction_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_num: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_flags: Option<u32>,
}
