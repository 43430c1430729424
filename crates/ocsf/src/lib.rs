//! The shared vocabulary: OCSF 1.8 events, findings, observables and severities.
//!
//! First room on the path: everything that crosses from one station to another is spelled here.
//! It does no IO, knows no vendor format and uses no other crate of ours.

mod event;
mod event_json;
mod finding;
mod hot;
mod link;
mod objects;
mod severity;
mod uid;
mod vendor;

pub use event::{Action, Class, Event, Metadata, Status};
pub use finding::{Anomaly, Confidence, Correlated, DataSeen, Finding, FindingClass, Observable, RuleRef, finding_uid};
pub use hot::Hot;
pub use link::{ChainStep, Link, LinkKind};
pub use objects::{
    Account, Actor, Api, ApiRequest, ApiResponse, Cloud, Connection, Endpoint, HttpRequest, HttpResponse, Identified,
    Idp, Json, Location, Resource, Session, Traffic, Url, User, UserType,
};
pub use severity::Severity;
pub use uid::{Uid, record_uid};
pub use vendor::{Dns, DnsAnswer, DnsQuery, FindingStatus, VendorFinding};
