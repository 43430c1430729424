//! Addresses as a sign of one actor: only strange ones that few use. Half a city may stand behind one address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lake::Lake;
use ocsf::Finding;

use super::{hours_after, hours_before};
use crate::config::Config;
use crate::exit::{Failure, OrFail as _};

/// An address with more actors than this tells nobody apart.
const ACTORS_MAX: u64 = 3;
/// For how long around a finding the users of its address are counted.
const AROUND_HOURS: i64 = 72;
/// Addresses looked up for the findings of one batch.
const ADDRESSES_MAX: usize = 500;
/// The settings that name networks of ours and of those we work with.
const OUR_NETWORKS: &[&str] = &["corporate_networks", "partner_networks", "known_egress"];

/// The addresses of a batch's findings that point at somebody.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    telling: BTreeSet<IpAddr>,
}

impl Addresses {
    pub(super) async fn read(lake: &Lake, config: &Config, findings: &[Finding]) -> Result<Self, Failure> {
        let ours: Vec<IpNet> = our_networks(config);
        let mut seen: BTreeMap<IpAddr, (Timestamp, Timestamp)> = BTreeMap::new();
        for finding in findings {
            let strange = addresses_of(finding).filter(|address| is_strange(*address, &ours));
            for address in strange {
                let span = seen.entry(address).or_insert((finding.time, finding.time));
                *span = (span.0.min(finding.time), span.1.max(finding.time));
            }
        }
        let asked: BTreeMap<_, _> = seen.into_iter().take(ADDRESSES_MAX).collect();
        let actors = actors(lake, &asked).await?;
        Ok(Self { telling: asked.into_keys().filter(|ip| actors.get(ip).is_some_and(|n| *n <= ACTORS_MAX)).collect() })
    }

    /// The keys that the finding's addresses give.
    pub(super) fn keys(&self, finding: &Finding) -> BTreeSet<String> {
        addresses_of(finding).filter(|ip| self.telling.contains(ip)).map(|ip| format!("address:{ip}")).collect()
    }
}

fn our_networks(config: &Config) -> Vec<IpNet> {
    let named = OUR_NETWORKS.iter().filter_map(|name| config.placeholders.get(*name)).flatten();
    named.filter_map(|text| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))).collect()
}

fn addresses_of(finding: &Finding) -> impl Iterator<Item = IpAddr> + '_ {
    let sources = finding.observables.iter().filter(|observable| observable.name == "src_endpoint.ip");
    sources.filter_map(|observable| observable.value.parse().ok())
}

/// A public address that is not known to be ours.
fn is_strange(address: IpAddr, ours: &[IpNet]) -> bool {
    let is_public = match address {
        IpAddr::V4(ip) => !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()),
        IpAddr::V6(ip) => !(ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local()),
    };
    is_public && !ours.iter().any(|network| network.contains(&address))
}

/// How many actors each address had around its findings.
async fn actors(
    lake: &Lake,
    spans: &BTreeMap<IpAddr, (Timestamp, Timestamp)>,
) -> Result<BTreeMap<IpAddr, u64>, Failure> {
    let Some(first) = spans.values().map(|span| span.0).min() else { return Ok(BTreeMap::new()) };
    let last = spans.values().map(|span| span.1).max().unwrap_or(first);
    let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    let list: Vec<String> = spans.keys().map(|ip| format!("'{ip}'")).collect();
    let query = format!(
        "SELECT src_ip, COUNT(DISTINCT actor) AS actors FROM events WHERE src_ip IN ({}) \
         AND day BETWEEN DATE '{}' AND DATE '{}' GROUP BY src_ip",
        list.join(","),
        day(hours_before(first, AROUND_HOURS)),
        day(hours_after(last, AROUND_HOURS)),
    );
    let rows = lake.sql(&query, ADDRESSES_MAX).await.or_fail("failed to count who uses an address")?;
    let count = |row: &Vec<serde_json::Value>| Some((row.first()?.as_str()?.parse().ok()?, row.get(1)?.as_u64()?));
    Ok(rows.rows.iter().filter_map(count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_that_are_not_ours_are_strange() {
        let ours: Vec<IpNet> = vec!["198.51.100.0/24".parse().unwrap()];
        let cases = [
            ("203.0.113.7", true),
            ("198.51.100.7", false),
            ("10.1.2.3", false),
            ("2001:db8::1", true),
            ("fd00::1", false),
            ("127.0.0.1", false),
        ];
        for (address, strange) in cases {
            assert_eq!(is_strange(address.parse().unwrap(), &ours), strange, "{address}");
        }
    }
}
