//! What a baseline may be about: the columns everybody asks for, and what follows from them (network, scope, container, …).
//!
//! One list for entities, peers, values and conditions, so that an author learns it once.

use serde::{Deserialize, Serialize};

/// A property of an event, spelled in content as in `as_str`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `product/service`.
    Format,
    /// The vendor's name of what was done.
    Operation,
    /// `Success`, `Failure` or `Unknown`.
    Status,
    StatusCode,
    /// Entity key of who did it.
    Actor,
    Session,
    /// Name of the acting user, or of the user a sign-in is about.
    User,
    /// The vendor's word for the kind of user: a role in application logs, `IAMUser` and so on in CloudTrail.
    UserRole,
    /// Uid of the credential, in AWS the access key.
    AccessKey,
    SrcIp,
    DstIp,
    UserAgent,
    Account,
    Region,
    Country,
    Tenant,
    /// The first thing it was done to.
    Resource,
    ResourceKind,
    /// To whom that thing belongs.
    Owner,
    /// The application or service that wrote the record.
    Service,
    /// The application somebody signed in to.
    App,
    /// `inbound` or `outbound`.
    Direction,
    /// From here on derived. The actor without what changes from session to session: `aws:role:<account>/<role>`.
    Role,
    /// /24 or /48 of the source address; `private` for all that is not routed.
    Network,
    /// `private` or `public`.
    SrcScope,
    /// `private` or `public`.
    DstScope,
    /// Number of the autonomous system of the source address; needs a table of places.
    Asn,
    /// The user agent without versions: `aws-cli`, `firefox`.
    AgentFamily,
    /// What holds the resource: bucket, storage account, kind of record.
    Container,
}

/// Fields that an event carries itself; the others are derived from them.
pub(crate) const CARRIED: usize = Field::Role as usize;

impl Field {
    /// What sentences call a value of it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Operation => "operation",
            Self::Status => "status",
            Self::StatusCode => "status code",
            Self::Actor => "actor",
            Self::Session => "session",
            Self::User => "user",
            Self::UserRole => "role of the user",
            Self::AccessKey => "access key",
            Self::SrcIp => "source address",
            Self::DstIp => "target address",
            Self::UserAgent => "user agent",
            Self::Account => "account",
            Self::Region => "region",
            Self::Country => "country",
            Self::Tenant => "tenant",
            Self::Resource => "object",
            Self::ResourceKind => "kind of resource",
            Self::Owner => "owner",
            Self::Service => "service",
            Self::App => "application",
            Self::Direction => "direction",
            Self::Role => "role",
            Self::Network => "network",
            Self::SrcScope => "scope of the source address",
            Self::DstScope => "scope of the target address",
            Self::Asn => "autonomous system",
            Self::AgentFamily => "family of user agents",
            Self::Container => "container",
        }
    }

    /// `noun` of more than one.
    pub(crate) fn nouns(self) -> String {
        match self {
            Self::SrcIp | Self::DstIp => format!("{}es", self.noun()),
            Self::Country => "countries".to_owned(),
            Self::UserRole | Self::ResourceKind | Self::AgentFamily | Self::SrcScope | Self::DstScope => {
                format!("different values of the {}", self.noun())
            }
            _ => format!("{}s", self.noun()),
        }
    }

    /// The place among the carried fields, if it is one.
    pub(crate) fn carried(self) -> Option<usize> {
        let place = self as usize;
        (place < CARRIED).then_some(place)
    }
}
