//! An event as OCSF 1.8 JSON.
//!
//! The typed event knows more than some classes may carry; this file decides what goes where. An attribute that the
//! class does not have is written under `unmapped`, never at the top, so every line validates against the schema.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use crate::{Action, Actor, Api, Class, Endpoint, Event, HttpRequest, Json, Observable, User, VendorFinding};

const OCSF_VERSION: &str = "1.8.0";

/// Observable type ids of the OCSF dictionary.
const OBSERVABLE_IP: u32 = 2;
const OBSERVABLE_USER_NAME: u32 = 4;
const OBSERVABLE_RESOURCE_UID: u32 = 10;
const OBSERVABLE_USER_AGENT: u32 = 16;

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write_header(&mut map)?;
        self.write_who(&mut map)?;
        self.write_what(&mut map)?;
        self.write_network(&mut map)?;
        let observables = self.observables();
        if !observables.is_empty() {
            map.serialize_entry("observables", &observables)?;
        }
        let unmapped = Unmapped(self);
        if !unmapped.is_empty() {
            map.serialize_entry("unmapped", &unmapped)?;
        }
        match std::str::from_utf8(&self.raw) {
            Ok(text) => map.serialize_entry("raw_data", text)?,
            // Looking for the bytes that are no text costs more than finding that there are none.
            Err(_) => map.serialize_entry("raw_data", &String::from_utf8_lossy(&self.raw))?,
        }
        map.end()
    }
}

impl Event {
    /// Adds the event's JSON. Here and not where it is wanted, because this crate is compiled to be fast.
    ///
    /// # Errors
    /// None for what an event can hold; the signature is the serialiser's.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(out, self)
    }

    /// Values worth pivoting on, with the path at which they stand.
    #[must_use]
    pub fn observables(&self) -> Vec<Observable> {
        let hot = self.hot();
        let mut out = Vec::new();
        let within = if self.class == Class::DetectionFinding { "evidences[0]." } else { "" };
        let mut push = |name: &str, type_id: u32, value: &str| {
            let within = if name.starts_with("resources") { "" } else { within };
            out.push(Observable { name: format!("{within}{name}"), type_id, value: value.to_owned() });
        };
        if let Some(ip) = hot.src_ip {
            push("src_endpoint.ip", OBSERVABLE_IP, ip);
        }
        if let Some(ip) = self.dst_endpoint.as_ref().and_then(|endpoint| endpoint.ip.as_deref()) {
            push("dst_endpoint.ip", OBSERVABLE_IP, ip);
        }
        if let Some(name) = hot.user_name {
            push("actor.user.name", OBSERVABLE_USER_NAME, name);
        }
        for uid in &hot.resources {
            push("resources.uid", OBSERVABLE_RESOURCE_UID, uid);
        }
        if let Some(agent) = hot.user_agent {
            push("http_request.user_agent", OBSERVABLE_USER_AGENT, agent);
        }
        out
    }

    fn has_resources(&self) -> bool {
        matches!(self.class, Class::ApiActivity | Class::DetectionFinding)
    }

    fn has_traffic(&self) -> bool {
        matches!(self.class, Class::NetworkActivity | Class::HttpActivity | Class::DnsActivity)
    }

    fn has_source(&self) -> bool {
        !matches!(self.class, Class::Base | Class::DetectionFinding)
    }

    /// The base event carries no actor, api or endpoints at all; a finding carries them as evidence.
    fn has_actor(&self) -> bool {
        !matches!(self.class, Class::Base | Class::DetectionFinding)
    }

    fn write_header<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("class_uid", &self.class.uid())?;
        map.serialize_entry("category_uid", &self.class.category_uid())?;
        map.serialize_entry("activity_id", &self.activity_id)?;
        map.serialize_entry("type_uid", &self.type_uid())?;
        map.serialize_entry("time", &self.time.as_millisecond())?;
        map.serialize_entry("severity_id", &self.severity.id())?;
        let (status_id, status) = match &self.finding {
            Some(finding) => (finding.status.id(), finding.status.as_str()),
            None => (self.status.id(), self.status.as_str()),
        };
        map.serialize_entry("status_id", &status_id)?;
        map.serialize_entry("status", status)?;
        entry(map, "status_code", self.status_code.as_ref())?;
        entry(map, "status_detail", self.status_detail.as_ref())?;
        entry(map, "message", self.message.as_ref())?;
        map.serialize_entry("metadata", &self.metadata_json())?;
        entry(map, "cloud", self.cloud.as_ref())?;
        if self.has_traffic() {
            entry(map, "action_id", self.action.map(Action::id).as_ref())?;
        }
        Ok(())
    }

    fn write_who<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if self.has_actor() {
            // API Activity requires an actor; when the record names nobody we say exactly that.
            let nobody = Actor { user: Some(unknown_user()), ..Actor::default() };
            let actor = self.actor.as_deref().filter(|actor| !actor.is_empty());
            let required = self.class == Class::ApiActivity;
            entry(map, "actor", actor.or_else(|| required.then_some(&nobody)))?;
        }
        if matches!(self.class, Class::AccountChange | Class::Authentication) {
            map.serialize_entry("user", self.user.as_deref().unwrap_or(&unknown_user()))?;
        }
        if self.class == Class::Authentication {
            entry(map, "session", self.session.as_ref())?;
            entry(map, "is_mfa", self.is_mfa.as_ref())?;
            // Authentication needs the service or the destination; `write_network` gives the latter.
            let service = self.service.as_ref();
            let fallback = crate::Identified { name: Some(self.format.to_owned()), uid: None };
            let named = service.or_else(|| self.dst_endpoint.is_none().then_some(&fallback));
            entry(map, "service", named)?;
        }
        Ok(())
    }

    fn write_what<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        // `api` outside API Activity belongs to the cloud profile.
        let may_have_api = self.class == Class::ApiActivity || (self.has_actor() && self.cloud.is_some());
        if may_have_api {
            entry(map, "api", self.api.as_ref())?;
        }
        if self.has_http() {
            entry(map, "http_request", self.http_request.as_ref())?;
            entry(map, "http_response", self.http_response.as_ref())?;
        }
        if self.has_resources() && !self.resources.is_empty() {
            map.serialize_entry("resources", &self.resources)?;
        }
        self.write_finding(map)?;
        self.write_dns(map)
    }

    fn write_finding<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if self.class != Class::DetectionFinding {
            return Ok(());
        }
        let unnamed = VendorFinding { uid: self.uid().to_owned(), ..VendorFinding::default() };
        map.serialize_entry("finding_info", self.finding.as_deref().unwrap_or(&unnamed))?;
        let evidence = Evidence {
            actor: self.actor.as_deref().filter(|actor| !actor.is_empty()),
            api: self.api.as_deref(),
            src_endpoint: self.src_endpoint.as_ref().filter(|end| !end.is_anonymous()),
            dst_endpoint: self.dst_endpoint.as_ref().filter(|end| !end.is_anonymous()),
            user: self.user.as_deref(),
            http_request: self.http_request.as_deref(),
        };
        if evidence.shows_something() {
            map.serialize_entry("evidences", &[evidence])?;
        }
        Ok(())
    }

    fn write_dns<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(dns) = self.dns.as_deref().filter(|_| self.class == Class::DnsActivity) else { return Ok(()) };
        map.serialize_entry("query", &dns.query)?;
        if !dns.answers.is_empty() {
            map.serialize_entry("answers", &dns.answers)?;
        }
        if let Some((id, caption)) = dns.rcode() {
            map.serialize_entry("rcode", caption)?;
            map.serialize_entry("rcode_id", &id)?;
        }
        Ok(())
    }

    fn has_http(&self) -> bool {
        matches!(self.class, Class::ApiActivity | Class::HttpActivity | Class::Authentication | Class::AccountChange)
    }

    fn write_network<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if self.has_source() {
            let unknown = Endpoint { name: Some("Unknown".to_owned()), ..Endpoint::default() };
            let source = self.src_endpoint.as_ref().filter(|endpoint| !endpoint.is_anonymous());
            let required = matches!(self.class, Class::ApiActivity | Class::DnsActivity);
            entry(map, "src_endpoint", source.or_else(|| required.then_some(&unknown)))?;
            if self.class != Class::AccountChange {
                entry(map, "dst_endpoint", self.dst_endpoint.as_ref().filter(|end| !end.is_anonymous()))?;
            }
        }
        if self.has_traffic() {
            entry(map, "traffic", self.traffic.as_ref())?;
            entry(map, "connection_info", self.connection.as_ref())?;
        }
        Ok(())
    }

    fn metadata_json(&self) -> Value {
        let meta = &self.metadata;
        let mut product = json!({"name": meta.product_name, "vendor_name": meta.vendor_name});
        if let Some(version) = &meta.product_version {
            product["version"] = json!(version);
        }
        if let Some(feature) = &meta.feature {
            product["feature"] = json!({"name": feature});
        }
        let mut out = json!({
            "version": OCSF_VERSION, "uid": self.uid(), "product": product,
            "log_name": self.format, "profiles": self.profiles(),
        });
        let optional = [
            ("event_code", &meta.event_code),
            ("correlation_uid", &meta.correlation_uid),
            ("original_event_uid", &meta.original_event_uid),
            ("tenant_uid", &meta.tenant_uid),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                out[name] = json!(value);
            }
        }
        if let Some(key) = &self.actor_key {
            out["tags"] = json!([{"name": "entity_key", "value": key}]);
        }
        out
    }

    fn profiles(&self) -> Vec<&'static str> {
        let mut profiles = Vec::new();
        if self.cloud.is_some() {
            profiles.push("cloud");
        }
        if self.has_traffic() && self.actor.is_some() {
            profiles.push("host");
        }
        if self.has_traffic() && self.action.is_some() {
            profiles.push("security_control");
        }
        profiles
    }
}

/// One of a finding's `evidences`.
#[derive(Serialize)]
struct Evidence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'a Api>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<&'a Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_endpoint: Option<&'a Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request: Option<&'a HttpRequest>,
}

impl Evidence<'_> {
    /// OCSF wants at least one of these.
    fn shows_something(&self) -> bool {
        let ends = self.src_endpoint.or(self.dst_endpoint).is_some();
        ends || self.actor.is_some() || self.api.is_some() || self.user.is_some()
    }
}

fn unknown_user() -> User {
    User { name: Some("Unknown".to_owned()), ..User::default() }
}

fn entry<M: SerializeMap, T: Serialize + ?Sized>(
    map: &mut M,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(name, value),
        None => Ok(()),
    }
}

/// What the class has no attribute for, under one roof.
struct Unmapped<'a>(&'a Event);

impl Unmapped<'_> {
    fn is_empty(&self) -> bool {
        self.0.unmapped.is_empty() && self.0.unmapped_json.is_empty() && self.homeless().is_empty()
    }

    /// Typed parts of the event that its class cannot carry at the top.
    fn homeless(&self) -> Map<String, Value> {
        let event = self.0;
        let mut out = Map::new();
        let mut keep = |name: &str, value: Value| {
            out.insert(name.to_owned(), value);
        };
        if !event.has_resources() && !event.resources.is_empty() {
            keep("resources", json!(event.resources));
        }
        let method = event.http_request.as_ref().map(|request| &request.http_method);
        if let Some(Some(odd)) = method.filter(|method| crate::objects::is_no_method(method)) {
            keep("http_method", json!(odd));
        }
        if let (false, Some(bytes)) = (event.has_traffic(), event.bytes) {
            keep("bytes", json!(bytes));
        }
        if event.class == Class::DetectionFinding {
            let response = json!(event.http_response);
            if !response.is_null() {
                keep("http_response", response);
            }
            return out;
        }
        if !event.has_actor() {
            let parts =
                [("actor", json!(event.actor)), ("src_endpoint", json!(event.src_endpoint)), ("api", json!(event.api))];
            for (name, value) in parts {
                if !value.is_null() {
                    keep(name, value);
                }
            }
        }
        if !event.has_http() {
            let parts = [("http_request", json!(event.http_request)), ("http_response", json!(event.http_response))];
            for (name, value) in parts {
                if !value.is_null() {
                    keep(name, value);
                }
            }
        }
        out
    }
}

impl Serialize for Unmapped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, Json(text)) in &self.0.unmapped_json {
            map.serialize_entry(name, &Json(text.clone()))?;
        }
        for (name, value) in self.0.unmapped.iter().chain(&self.homeless()) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{Resource, Status};

    #[test]
    fn what_a_class_cannot_carry_goes_to_unmapped() {
        let mut event = Event::new("application/json", Class::Base, Timestamp::UNIX_EPOCH, b"\xff{}");
        event.metadata.uid = "1".to_owned().into();
        event.resources.push(Resource { uid: Some("order:1".to_owned()), ..Resource::default() });
        event.src_endpoint = Some(Endpoint { ip: Some("192.0.2.1".to_owned()), ..Endpoint::default() });
        event.bytes = Some(5);
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["unmapped"]["resources"][0]["uid"], "order:1");
        assert_eq!(json["unmapped"]["src_endpoint"]["ip"], "192.0.2.1");
        assert_eq!(json["unmapped"]["bytes"], 5);
        assert!(json.get("src_endpoint").is_none());
        // Bytes that are no text are shown as such; the event itself keeps them.
        assert_eq!(json["raw_data"], "\u{fffd}{}");
        assert_eq!(event.raw, b"\xff{}");
    }

    #[test]
    fn a_finding_shows_who_and_where_as_evidence() {
        let mut event = Event::new("aws/guardduty", Class::DetectionFinding, Timestamp::UNIX_EPOCH, b"{}");
        event.metadata.uid = "f-1".to_owned().into();
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["finding_info"]["uid"], "f-1");
        assert!(json.get("evidences").is_none() && json.get("actor").is_none() && json.get("src_endpoint").is_none());
        event.src_endpoint = Some(Endpoint { ip: Some("192.0.2.1".to_owned()), ..Endpoint::default() });
        event.finding = Some(Box::new(VendorFinding {
            uid: "f-2".to_owned(),
            status: crate::FindingStatus::Archived,
            ..VendorFinding::default()
        }));
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["evidences"][0]["src_endpoint"]["ip"], "192.0.2.1");
        assert_eq!((&json["status_id"], &json["status"]), (&json!(5), &json!("Archived")));
        assert_eq!(json["observables"][0]["name"], "evidences[0].src_endpoint.ip");
        assert!(json.get("unmapped").is_none());
    }

    #[test]
    fn a_dns_question_is_written_with_its_answers() {
        let mut event = Event::new("aws/route53resolver", Class::DnsActivity, Timestamp::UNIX_EPOCH, b"{}");
        event.dns = Some(Box::new(crate::Dns {
            query: crate::DnsQuery { hostname: "a.example".to_owned(), ..Default::default() },
            answers: vec![crate::DnsAnswer { rdata: "192.0.2.1".to_owned(), ..Default::default() }],
            rcode: Some("NOERROR".to_owned()),
        }));
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["query"]["hostname"], "a.example");
        assert_eq!(json["answers"][0]["rdata"], "192.0.2.1");
        assert_eq!(json["rcode_id"], 0);
        assert_eq!(json["src_endpoint"]["name"], "Unknown");
    }

    #[test]
    fn nobody_is_said_to_be_nobody() {
        let mut event = Event::new("aws/cloudtrail", Class::ApiActivity, Timestamp::UNIX_EPOCH, b"{}");
        event.status = Status::Failure;
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["actor"]["user"]["name"], "Unknown");
        assert_eq!(json["src_endpoint"]["name"], "Unknown");
        assert_eq!(json["status"], "Failure");
        assert_eq!(event.hot().user_name, None);
    }

    #[test]
    fn vendor_parameters_are_json_or_text() {
        let mut event = Event::new("aws/cloudtrail", Class::ApiActivity, Timestamp::UNIX_EPOCH, b"{}");
        event.unmapped_json = vec![("good", Json("{\"a\":1}".to_owned())), ("bad", Json("{\"a\":".to_owned()))];
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["unmapped"]["good"]["a"], 1);
        assert_eq!(json["unmapped"]["bad"], "{\"a\":");
    }
}
