//! What baselines read of an event: borrowed columns, and what follows from them.
//!
//! Events and the examples in content files both become facts, so both are judged by the same code.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use ocsf::Event;

use crate::agent;
use crate::field::{CARRIED, Field};
use crate::places::Places;

/// Of rows that a request returned, where the format counts them.
const ROWS: &str = "resource_count";

/// Columns of one event.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'e> {
    pub(crate) uid: &'e str,
    pub(crate) time: Timestamp,
    pub(crate) bytes: Option<u64>,
    pub(crate) rows: Option<u64>,
    carried: [Option<&'e str>; CARRIED],
}

impl<'e> Facts<'e> {
    pub(crate) fn new(uid: &'e str, time: Timestamp) -> Self {
        Self { uid, time, bytes: None, rows: None, carried: [None; CARRIED] }
    }

    /// Sets a field that events carry; a derived one is not set. Empty text is absence.
    pub(crate) fn set(&mut self, field: Field, value: Option<&'e str>) {
        if let Some(place) = field.carried().and_then(|place| self.carried.get_mut(place)) {
            *place = value.filter(|text| !text.is_empty());
        }
    }

    pub(crate) fn of(event: &'e Event) -> Self {
        let mut facts = Self::new(event.uid(), event.time);
        facts.bytes = event.bytes;
        facts.rows = event.unmapped.get(ROWS).and_then(|rows| rows.as_u64());
        facts.set(Field::Format, Some(event.format));
        facts.set(Field::Operation, event.operation());
        facts.set(Field::Status, Some(event.status.as_str()));
        facts.set(Field::StatusCode, event.status_code.as_deref());
        facts.set_people(event);
        let source = event.src_endpoint.as_ref();
        facts.set(Field::SrcIp, source.and_then(|end| end.ip.as_deref()));
        facts.set(Field::Country, source.and_then(|end| end.location.as_ref()?.country.as_deref()));
        facts.set(Field::DstIp, event.dst_endpoint.as_ref().and_then(|end| end.ip.as_deref()));
        facts.set(Field::UserAgent, event.http_request.as_ref().and_then(|request| request.user_agent.as_deref()));
        facts.set(Field::Account, event.account());
        facts.set(Field::Region, event.cloud.as_ref().and_then(|cloud| cloud.region.as_deref()));
        facts.set(Field::Tenant, event.metadata.tenant_uid.as_deref());
        facts.set(Field::Service, event.service.as_ref().and_then(|service| service.name.as_deref()));
        let resource = event.resources.first();
        facts.set(Field::Resource, resource.and_then(|thing| thing.uid.as_deref().or(thing.name.as_deref())));
        facts.set(Field::ResourceKind, resource.and_then(|thing| thing.kind.as_deref()));
        facts.set(Field::Owner, resource.and_then(|thing| thing.owner.as_ref()?.uid.as_deref()));
        let direction = event.connection.as_ref().map(|connection| connection.direction_id);
        facts.set(Field::Direction, direction.and_then(direction_word));
        facts
    }

    fn set_people(&mut self, event: &'e Event) {
        let actor = event.actor.as_ref();
        let user = actor.and_then(|actor| actor.user.as_ref()).or(event.user.as_deref());
        let session = event.session.as_ref().or(actor.and_then(|actor| actor.session.as_ref()));
        self.set(Field::Actor, event.actor_key.as_deref());
        self.set(Field::User, event.user_name());
        self.set(Field::UserRole, user.and_then(|user| user.kind.as_deref()));
        self.set(Field::AccessKey, user.and_then(|user| user.credential_uid.as_deref()));
        self.set(Field::Session, session.and_then(|session| session.uid.as_deref()));
        self.set(Field::App, actor.and_then(|actor| actor.app_name.as_deref()));
    }

    /// The value of a field. `None` when the record does not say, or a table would be needed and is not there.
    pub(crate) fn text(&self, field: Field, places: Option<&Places>) -> Option<Cow<'e, str>> {
        match field {
            Field::Role => self.carried(Field::Actor).map(role),
            Field::Network => self.address(Field::SrcIp).map(|ip| Cow::Owned(network(ip))),
            Field::SrcScope => self.address(Field::SrcIp).map(|ip| Cow::Borrowed(scope(ip))),
            Field::DstScope => self.address(Field::DstIp).map(|ip| Cow::Borrowed(scope(ip))),
            Field::AgentFamily => {
                let family = self.carried(Field::UserAgent).map(agent::family);
                family.filter(|family| !family.is_empty()).map(Cow::Owned)
            }
            Field::Container => self.carried(Field::Resource).map(|resource| Cow::Borrowed(container(resource))),
            Field::Asn => {
                let asn = places?.find(self.address(Field::SrcIp)?)?.asn?;
                Some(Cow::Owned(format!("AS{asn}")))
            }
            Field::Country => match self.carried(Field::Country) {
                Some(country) => Some(Cow::Borrowed(country)),
                None => places?.find(self.address(Field::SrcIp)?)?.country.clone().map(Cow::Owned),
            },
            carried => self.carried(carried).map(Cow::Borrowed),
        }
    }

    pub(crate) fn carried(&self, field: Field) -> Option<&'e str> {
        self.carried.get(field.carried()?).copied().flatten()
    }

    pub(crate) fn address(&self, field: Field) -> Option<IpAddr> {
        self.carried(field)?.parse().ok()
    }
}

fn direction_word(id: u8) -> Option<&'static str> {
    match id {
        1 => Some("inbound"),
        2 => Some("outbound"),
        _ => None,
    }
}

/// A role session without its session; every other actor is as stable as its key.
fn role(actor: &str) -> Cow<'_, str> {
    let Some(session) = actor.strip_prefix("aws:role-session:") else { return Cow::Borrowed(actor) };
    let mut parts = session.splitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some(account), Some(role)) => Cow::Owned(format!("aws:role:{account}/{role}")),
        _ => Cow::Borrowed(actor),
    }
}

/// What holds a resource: of `arn:aws:s3:::bucket/key` the bucket, of an Azure id the account or server, of the
/// `type:id` of application logs the type.
fn container(resource: &str) -> &str {
    if let Some(rest) = resource.strip_prefix("arn:aws:s3:::") {
        let key = rest.find('/').map_or(0, |slash| rest.len() - slash);
        return resource.get(..resource.len() - key).unwrap_or(resource);
    }
    if resource.starts_with('/') {
        // /subscriptions/S/resourceGroups/G/providers/P/kind/name: eight names, each behind its slash.
        let ninth = resource.match_indices('/').nth(8).map(|(place, _)| place);
        return ninth.and_then(|end| resource.get(..end)).unwrap_or(resource);
    }
    if resource.starts_with("arn:") || resource.contains("://") {
        return resource;
    }
    resource.split_once(':').map_or(resource, |(kind, _)| kind)
}

/// An address in IPv6 clothes is the address inside.
pub(crate) fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match plain(ip) {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            // 100.64.0.0/10 is shared by carriers and clouds, RFC 6598.
            let shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn scope(ip: IpAddr) -> &'static str {
    if is_private(ip) { "private" } else { "public" }
}

fn network(ip: IpAddr) -> String {
    if is_private(ip) {
        return "private".to_owned();
    }
    match plain(ip) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_columns() {
        let mut facts = Facts::new("u", Timestamp::UNIX_EPOCH);
        facts.set(Field::Actor, Some("aws:role-session:111122223333/deploy/ci-7/x"));
        facts.set(Field::SrcIp, Some("::ffff:198.51.100.77"));
        facts.set(Field::DstIp, Some("100.64.1.1"));
        facts.set(Field::Session, Some(""));
        let text = |field| facts.text(field, None).map(Cow::into_owned);
        assert_eq!(text(Field::Role).as_deref(), Some("aws:role:111122223333/deploy"));
        assert_eq!(text(Field::Network).as_deref(), Some("198.51.100.0/24"));
        assert_eq!(text(Field::SrcScope).as_deref(), Some("public"));
        assert_eq!(text(Field::DstScope).as_deref(), Some("private"));
        assert_eq!(text(Field::Session), None);
        assert_eq!(text(Field::Asn), None);
    }

    #[test]
    fn networks_and_containers() {
        assert_eq!(network("2001:db8:7:1::9".parse().unwrap()), "2001:db8:7::/48");
        assert_eq!(network("fd00::1".parse().unwrap()), "private");
        let cases = [
            ("arn:aws:s3:::bucket/a/b", "arn:aws:s3:::bucket"),
            ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
            ("arn:aws:kms:us-east-1:1:key/9", "arn:aws:kms:us-east-1:1:key/9"),
            ("/S/1/R/2/providers/P/storageAccounts/acc/blobServices/x", "/S/1/R/2/providers/P/storageAccounts/acc"),
            ("/S/1", "/S/1"),
            ("customer:77", "customer"),
            ("https://a.example/b", "https://a.example/b"),
            ("", ""),
        ];
        for (resource, expected) in cases {
            assert_eq!(container(resource), expected);
        }
    }
}
