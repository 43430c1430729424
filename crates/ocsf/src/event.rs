//! One normalised event: OCSF 1.8, typed, with the vendor's record kept beside it.
//!
//! Made by `ingest`, stored by `lake`, read by `incident`. Fields of the vendor that have no place here are not lost:
//! `raw` is the whole record. JSON output is in `event_json`; the few columns everybody asks for are in `hot`.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::objects::{
    Actor, Api, Cloud, Connection, Endpoint, HttpRequest, HttpResponse, Identified, Resource, Session, Traffic, User,
};
use crate::{Dns, Json, Link, Severity, Uid, VendorFinding};

/// OCSF event class, as far as the built-in formats need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 0 Base Event: an application log line that is no request, login or call.
    Base,
    /// 2004 Detection Finding: a vendor's product noticed something and says so in a record of its own.
    DetectionFinding,
    /// 3001 Account Change.
    AccountChange,
    /// 3002 Authentication.
    Authentication,
    /// 4001 Network Activity.
    NetworkActivity,
    /// 4002 HTTP Activity.
    HttpActivity,
    /// 4003 DNS Activity.
    DnsActivity,
    /// 6003 API Activity.
    ApiActivity,
}

impl Class {
    pub const ALL: [Self; 8] = [
        Self::Base,
        Self::DetectionFinding,
        Self::AccountChange,
        Self::Authentication,
        Self::NetworkActivity,
        Self::HttpActivity,
        Self::DnsActivity,
        Self::ApiActivity,
    ];

    /// The OCSF `class_uid`.
    #[must_use]
    pub fn uid(self) -> u32 {
        match self {
            Self::Base => 0,
            Self::DetectionFinding => 2004,
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::NetworkActivity => 4001,
            Self::HttpActivity => 4002,
            Self::DnsActivity => 4003,
            Self::ApiActivity => 6003,
        }
    }

    /// The OCSF `category_uid`: the thousands of the class.
    #[must_use]
    pub fn category_uid(self) -> u32 {
        self.uid() / 1000
    }
}

/// OCSF `status_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Status {
    #[default]
    Unknown,
    Success,
    Failure,
}

impl Status {
    /// The OCSF `status_id`.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Success => 1,
            Self::Failure => 2,
        }
    }

    /// The word OCSF gives it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Success => "Success",
            Self::Failure => "Failure",
        }
    }
}

/// OCSF `action_id` of the security control that let something pass or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Allowed,
    Denied,
}

impl Action {
    /// The OCSF `action_id`.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Allowed => 1,
            Self::Denied => 2,
        }
    }
}

/// What OCSF calls `metadata`, without what follows from the format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// What names the event; ask [`Event::uid`].
    pub uid: Uid,
    pub product_name: &'static str,
    pub vendor_name: &'static str,
    pub product_version: Option<String>,
    pub feature: Option<String>,
    pub event_code: Option<String>,
    pub correlation_uid: Option<String>,
    /// The vendor's id shared by copies of one event (CloudTrail `sharedEventID`).
    pub original_event_uid: Option<String>,
    pub tenant_uid: Option<String>,
}

/// A normalised event. `None` means the record does not say. What is large and often absent stands in a box: an event is
/// moved several times, and most records say little.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `product/service`, for example `aws/cloudtrail`.
    pub format: &'static str,
    pub class: Class,
    pub activity_id: u8,
    pub time: Timestamp,
    pub severity: Severity,
    pub status: Status,
    pub status_code: Option<String>,
    pub status_detail: Option<String>,
    pub message: Option<String>,
    pub metadata: Metadata,
    pub cloud: Option<Cloud>,
    /// Entity key of who did it: `aws:user:<account>/<name>`, `entra:<upn>`, `eni:<id>`, `ip:<address>`, …
    pub actor_key: Option<String>,
    pub actor: Option<Box<Actor>>,
    /// Whom an authentication or account change is about.
    pub user: Option<Box<User>>,
    pub api: Option<Box<Api>>,
    pub src_endpoint: Option<Endpoint>,
    pub dst_endpoint: Option<Endpoint>,
    pub http_request: Option<Box<HttpRequest>>,
    pub http_response: Option<HttpResponse>,
    pub resources: Vec<Resource>,
    /// Bytes that went out to the caller, where the record counts them.
    pub bytes: Option<u64>,
    pub traffic: Option<Traffic>,
    pub connection: Option<Connection>,
    pub action: Option<Action>,
    pub service: Option<Identified>,
    pub session: Option<Session>,
    pub is_mfa: Option<bool>,
    /// Who stands behind whom, as far as this event tells. Not part of the OCSF document.
    pub links: Vec<Link>,
    /// What a vendor's product found; of a Detection Finding only.
    pub finding: Option<Box<VendorFinding>>,
    /// What was asked and answered; of DNS Activity only.
    pub dns: Option<Box<Dns>>,
    /// Vendor fields worth carrying that OCSF has no attribute for.
    pub unmapped: Map<String, Value>,
    /// Vendor parameters as JSON text, written to `unmapped` under the vendor's name.
    pub unmapped_json: Vec<(&'static str, Json)>,
    /// The vendor's record, byte for byte.
    pub raw: Vec<u8>,
}

impl Event {
    /// An event of which only the format, class, time and record are known; the format fills in the rest.
    #[must_use]
    #[inline]
    pub fn new(format: &'static str, class: Class, time: Timestamp, raw: &[u8]) -> Self {
        Self {
            format,
            class,
            activity_id: 0,
            time,
            severity: Severity::Informational,
            status: Status::Unknown,
            status_code: None,
            status_detail: None,
            message: None,
            metadata: Metadata::default(),
            cloud: None,
            actor_key: None,
            actor: None,
            user: None,
            api: None,
            src_endpoint: None,
            dst_endpoint: None,
            http_request: None,
            http_response: None,
            resources: Vec::new(),
            bytes: None,
            traffic: None,
            connection: None,
            action: None,
            service: None,
            session: None,
            is_mfa: None,
            links: Vec::new(),
            finding: None,
            dns: None,
            unmapped: Map::new(),
            unmapped_json: Vec::new(),
            raw: raw.to_vec(),
        }
    }

    /// The event's name: the vendor's id, else [`crate::record_uid`] of its record. Never empty.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.metadata.uid.of(&self.raw)
    }

    /// Tells the event the SHA-256 of its record, which else would be taken again if the vendor gave no id.
    pub fn note_digest(&self, digest: &[u8; 32]) {
        self.metadata.uid.note_digest(digest);
    }

    /// The vendor's finding that the event tells of; its status says what the event does to it.
    pub fn set_finding(&mut self, finding: VendorFinding) {
        self.activity_id = finding.status.activity_id();
        self.finding = Some(Box::new(finding));
    }

    /// The OCSF `type_uid`: class and activity in one number.
    #[must_use]
    pub fn type_uid(&self) -> u64 {
        u64::from(self.class.uid()) * 100 + u64::from(self.activity_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_uid_joins_class_and_activity() {
        let mut event = Event::new("aws/cloudtrail", Class::ApiActivity, Timestamp::UNIX_EPOCH, b"{}");
        event.activity_id = 2;
        assert_eq!(event.type_uid(), 600_302);
        assert_eq!(event.class.category_uid(), 6);
    }
}
