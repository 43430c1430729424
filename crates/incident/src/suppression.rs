//! Suppressions: findings of one rule about one actor or resource that somebody has answered for, for a time.
//!
//! Judged between detection and incidents: a covered finding is kept and sealed and opens nothing. Every part of a condition
//! must hold, and one of them must name the actor or the resource, so that nobody else's deed hides behind it. Nothing here
//! stores or reads a clock.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use ocsf::Finding;
use serde::{Deserialize, Serialize};

/// Nobody answers for longer than this at once: half a year, then somebody looks again.
pub const SUPPRESSION_DAYS_MAX: i64 = 180;
/// Values of one field of a condition.
const VALUES_MAX: usize = 32;
const VALUE_BYTES_MAX: usize = 512;
/// The longest reason.
const REASON_BYTES_MAX: usize = 4096;
/// Findings list so many resources at most: one with as many may have had more.
const RESOURCES_LISTED_MAX: usize = 64;

/// What a finding has to show. An empty field asks nothing; of several values of one field any will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The actor, exactly.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub actor: BTreeSet<String>,
    /// Every resource of the finding is one of these, or lies below one that ends with `/*`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub resource: BTreeSet<String>,
    /// The source address: one, or a network in CIDR form.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub src_ip: BTreeSet<String>,
    /// The user agent, exactly.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub user_agent: BTreeSet<String>,
}

/// One suppression as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    pub id: String,
    pub rule_id: String,
    pub condition: Condition,
    /// When the second person agreed; `None` for a mere request.
    pub approved_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub expires: Timestamp,
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRequest<'a> {
    pub rule_id: &'a str,
    pub condition: &'a Condition,
    pub reason: &'a str,
    pub expires: Timestamp,
}

/// Why a suppression is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuppressionFault {
    #[error(
        "suppress everything of a rule: name an actor or a resource; a rule that is wrong for all is changed instead"
    )]
    NamesNobody,
    #[error("suppress without a rule: name its id")]
    NoRule,
    #[error("take the reason: say in 1 to {REASON_BYTES_MAX} bytes why this is no leak")]
    NoReason,
    #[error("suppress `{0}`, which covers nearly everything: name at least two parts before `/*`, and a network")]
    TooWide(String),
    #[error("take `{0}` as an address or a network")]
    NoAddress(String),
    #[error("take the values of `{field}`: at most {VALUES_MAX} of 1 to {VALUE_BYTES_MAX} bytes each")]
    TooMuch { field: &'static str },
    #[error("suppress until {expires}: it has to end after now and within {SUPPRESSION_DAYS_MAX} days")]
    Expiry { expires: Timestamp },
    #[error("approve as `{approver}`: the approver is another person than the requester and the owner")]
    SamePerson { approver: String },
    #[error("change suppression `{id}`: it has {ended}; ask for a new one")]
    Ended { id: String, ended: &'static str },
}

/// Whether a request may be written down.
pub fn check_request(request: &SuppressionRequest<'_>, now: Timestamp) -> Result<(), SuppressionFault> {
    if request.rule_id.trim().is_empty() {
        return Err(SuppressionFault::NoRule);
    }
    if request.reason.trim().is_empty() || REASON_BYTES_MAX < request.reason.len() {
        return Err(SuppressionFault::NoReason);
    }
    let latest = now + SignedDuration::from_hours(24 * SUPPRESSION_DAYS_MAX);
    if request.expires <= now || latest < request.expires {
        return Err(SuppressionFault::Expiry { expires: request.expires });
    }
    request.condition.check()
}

impl Condition {
    fn check(&self) -> Result<(), SuppressionFault> {
        let fields = [
            ("actor", &self.actor),
            ("resource", &self.resource),
            ("src_ip", &self.src_ip),
            ("user_agent", &self.user_agent),
        ];
        let is_good = |value: &String| !value.trim().is_empty() && value.len() <= VALUE_BYTES_MAX;
        for (field, values) in fields {
            if VALUES_MAX < values.len() || !values.iter().all(is_good) {
                return Err(SuppressionFault::TooMuch { field });
            }
        }
        if self.actor.is_empty() && self.resource.is_empty() {
            return Err(SuppressionFault::NamesNobody);
        }
        if let Some(wide) = self.resource.iter().find(|resource| is_too_wide(resource)) {
            return Err(SuppressionFault::TooWide(wide.clone()));
        }
        if let Some(all) = self.src_ip.iter().find(|text| Network::parse(text).is_some_and(Network::is_too_wide)) {
            return Err(SuppressionFault::TooWide(all.clone()));
        }
        match self.src_ip.iter().find(|text| Network::parse(text).is_none()) {
            Some(text) => Err(SuppressionFault::NoAddress(text.clone())),
            None => Ok(()),
        }
    }

    /// The names of the fields it asks about; values are personal and stay out of the log's clear part.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let asked = [
            ("actor", !self.actor.is_empty()),
            ("resource", !self.resource.is_empty()),
            ("src_ip", !self.src_ip.is_empty()),
            ("user_agent", !self.user_agent.is_empty()),
        ];
        asked.into_iter().filter(|(_, is_asked)| *is_asked).map(|(name, _)| name).collect()
    }

    /// Whether the finding shows all of it. What it does not say, it does not show.
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        // A stretch of events may have had several addresses and agents, and the finding names one.
        let one_event = finding.correlation.is_none();
        let actor = self.actor.is_empty() || finding.actor.as_ref().is_some_and(|actor| self.actor.contains(actor));
        let agent = self.user_agent.is_empty()
            || (one_event && observed(finding, USER_AGENT).is_some_and(|agent| self.user_agent.contains(agent)));
        let address = self.src_ip.is_empty()
            || (one_event && observed(finding, SOURCE_IP).is_some_and(|text| self.has_address(text)));
        actor && agent && address && self.covers_resources(&finding.resources)
    }

    fn covers_resources(&self, resources: &[String]) -> bool {
        if self.resource.is_empty() {
            return true;
        }
        let is_listed = |resource: &String| self.resource.iter().any(|named| is_within(resource, named));
        !resources.is_empty() && resources.len() < RESOURCES_LISTED_MAX && resources.iter().all(is_listed)
    }

    fn has_address(&self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        self.src_ip.iter().filter_map(|text| Network::parse(text)).any(|network| network.holds(address))
    }
}

impl Suppression {
    /// Whether it counts for what was discovered at an instant.
    #[must_use]
    pub fn in_force(&self, at: Timestamp) -> bool {
        let approved = self.approved_at.is_some_and(|approved| approved <= at);
        let revoked = self.revoked_at.is_some_and(|revoked| revoked <= at);
        approved && !revoked && at < self.expires
    }

    /// Whether it keeps this finding from opening an incident. Judged by when the finding was discovered, so that a replay
    /// judges alike.
    #[must_use]
    pub fn withholds(&self, finding: &Finding) -> bool {
        self.rule_id == finding.rule.id && self.in_force(finding.discovered) && self.condition.covers(finding)
    }
}

const SOURCE_IP: &str = "src_endpoint.ip";
const USER_AGENT: &str = "http_request.user_agent";

fn observed<'f>(finding: &'f Finding, name: &str) -> Option<&'f String> {
    finding.observables.iter().find(|observable| observable.name == name).map(|observable| &observable.value)
}

/// The shortest prefix of a network: the largest that were ever given to one owner.
const NETWORK_BITS_MIN: u32 = 8;

/// Parts that a resource has to name before `/*`.
const PARENT_PARTS_MIN: usize = 2;

/// Whether it is a pattern for nearly everything: `/subscriptions/*`, `s3://*`, `arn:aws:s3:::*`. The name of a scheme, a
/// provider or a service names nobody's resource.
fn is_too_wide(resource: &str) -> bool {
    let Some(parent) = resource.strip_suffix('*') else { return false };
    if parent.is_empty() || resource.ends_with(":*") {
        return true;
    }
    if !parent.ends_with('/') {
        return false;
    }
    let path = parent.rsplit_once("://").map_or(parent, |(_, path)| path);
    let count = |mark: char| path.split(mark).filter(|part| !part.trim_matches('/').is_empty()).count();
    let in_arn = path.starts_with("arn:").then(|| count(':'));
    let parts = count('/');
    // An ARN names its bucket or account behind partition and service.
    let is_named = match in_arn {
        Some(named) => 3 < named,
        None if resource.contains("://") => 0 < parts,
        None => PARENT_PARTS_MIN <= parts,
    };
    !is_named
}

fn is_within(resource: &str, named: &str) -> bool {
    match named.strip_suffix('*') {
        Some(parent) if parent.ends_with('/') => resource.starts_with(parent),
        _ => resource == named,
    }
}

/// An address range. A plain address is the range of itself.
#[derive(Debug, Clone, Copy)]
struct Network {
    first: u128,
    mask: u128,
    is_v4: bool,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (number, is_v4) = number(address.parse().ok()?);
        let width = if is_v4 { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if width < bits {
            return None;
        }
        let mask = if bits == 0 { 0 } else { u128::MAX << (width - bits) };
        Some(Self { first: number & mask, mask, is_v4 })
    }

    /// Half of the world is no network of somebody's.
    fn is_too_wide(self) -> bool {
        // The mask of an IPv4 network begins with the 96 bits that it has not.
        let bits = if self.is_v4 { self.mask.count_ones().saturating_sub(96) } else { self.mask.count_ones() };
        bits < NETWORK_BITS_MIN
    }

    fn holds(self, address: IpAddr) -> bool {
        let (number, is_v4) = number(address);
        is_v4 == self.is_v4 && number & self.mask == self.first
    }
}

/// An IPv4 address inside IPv6 (`::ffff:a.b.c.d`) is that IPv4 address.
fn number(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(u32::from(address)), true),
        IpAddr::V6(address) => (u128::from(address), false),
    }
}
