//! The few columns that storage, search and case work ask of every event, whatever its class.
//!
//! A borrowed view, so that nobody copies an event to read its source address.

use jiff::Timestamp;

use crate::{Class, Event};

/// The event's common columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Hot<'a> {
    pub format: &'a str,
    pub uid: &'a str,
    pub time: Timestamp,
    pub class_uid: u32,
    pub activity_id: u8,
    pub operation: Option<&'a str>,
    pub actor_key: Option<&'a str>,
    pub user_name: Option<&'a str>,
    pub src_ip: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub account: Option<&'a str>,
    pub region: Option<&'a str>,
    pub resources: Vec<String>,
    /// `Success`, `Failure` or `Unknown`.
    pub status: &'static str,
    pub status_code: Option<&'a str>,
    pub bytes: Option<u64>,
    pub http_status: Option<u16>,
    pub raw: &'a [u8],
}

impl Event {
    /// The common columns of this event.
    #[must_use]
    pub fn hot(&self) -> Hot<'_> {
        Hot {
            format: self.format,
            uid: self.uid(),
            time: self.time,
            class_uid: self.class.uid(),
            activity_id: self.activity_id,
            operation: self.operation(),
            actor_key: self.actor_key.as_deref(),
            user_name: self.user_name(),
            src_ip: self.src_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref()),
            user_agent: self.http_request.as_ref().and_then(|request| request.user_agent.as_deref()),
            account: self.account(),
            region: self.cloud.as_ref().and_then(|cloud| cloud.region.as_deref()),
            resources: self.resource_uids(),
            status: self.status.as_str(),
            status_code: self.status_code.as_deref(),
            bytes: self.bytes,
            http_status: self.http_response.as_ref().map(|response| response.code),
            raw: &self.raw,
        }
    }

    /// The vendor's name of what was done: the API operation, else the HTTP method, else the event code.
    /// Of a finding it is the finding's type, not the call that the finding is about.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        if self.class == Class::DetectionFinding {
            return self.metadata.event_code.as_deref();
        }
        let call = self.api.as_ref().map(|api| api.operation.as_str());
        let method = self.http_request.as_ref().and_then(|request| request.http_method.as_deref());
        call.or(self.metadata.event_code.as_deref()).or(method)
    }

    /// The name of the acting user, or of the user an authentication is about.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        let acting = self.actor.as_ref().and_then(|actor| actor.user.as_ref());
        let named = |user: &crate::User| user.name.is_some() || user.uid.is_some();
        let user = acting.filter(|user| named(user)).or(self.user.as_deref())?;
        user.name.as_deref().or(user.uid.as_deref())
    }

    /// The cloud account the event belongs to.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.cloud.as_ref()?.account.as_ref()?.uid.as_deref()
    }

    /// Uids (or names, where there is no uid) of what it was done to.
    #[must_use]
    pub fn resource_uids(&self) -> Vec<String> {
        self.resources.iter().filter_map(|resource| resource.uid.clone().or_else(|| resource.name.clone())).collect()
    }
}
