//! Addresses as a sign of one actor: only strange ones that few use. Half a city may stand behind one address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Span;
use jiff::civil::Date;
use lake::Lake;
use ocsf::Finding;

use crate::config::Config;
use crate::exit::{Failure, OrFail as _};
use crate::stored_findings::quoted_lists;
use crate::utc_day::utc_day;

/// An address with more actors than this tells nobody apart.
const ACTORS_MAX: u64 = 3;
/// For how many days around a finding the users of its address are counted.
const AROUND_DAYS: i64 = 3;
/// Days of findings in one batch whose addresses are looked up: a record may say any time.
const DAYS_MAX: usize = 32;
/// Rows of one answer.
const ADDRESSES_MAX: usize = 10_000;
/// The settings that name networks of ours and of those we work with.
const OUR_NETWORKS: &[&str] = &["corporate_networks", "partner_networks", "known_egress"];

/// The addresses of a batch's findings that point at somebody, by the day of the finding.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    telling: BTreeSet<(Date, String)>,
}

impl Addresses {
    pub(super) async fn read(lake: &Lake, config: &Config, findings: &[Finding]) -> Result<Self, Failure> {
        let ours: Vec<IpNet> = our_networks(config);
        let mut by_day: BTreeMap<Date, BTreeSet<&str>> = BTreeMap::new();
        for finding in findings {
            let strange = addresses_of(finding).filter(|text| strange(text, &ours).is_some());
            by_day.entry(utc_day(finding.time)).or_default().extend(strange);
        }
        let mut telling = BTreeSet::new();
        for (day, texts) in by_day.into_iter().rev().filter(|(_, texts)| !texts.is_empty()).take(DAYS_MAX) {
            for list in quoted_lists(texts.into_iter()) {
                let few = used_by_few(lake, day, &list).await?;
                telling.extend(few.into_iter().map(|text| (day, text)));
            }
        }
        Ok(Self { telling })
    }

    /// The keys that the finding's addresses give.
    pub(super) fn keys(&self, finding: &Finding) -> BTreeSet<String> {
        let day = utc_day(finding.time);
        let telling = addresses_of(finding).filter(|text| self.telling.contains(&(day, (*text).to_owned())));
        telling.filter_map(|text| Some(format!("address:{}", canonical(text)?))).collect()
    }
}

fn our_networks(config: &Config) -> Vec<IpNet> {
    let named = OUR_NETWORKS.iter().filter_map(|name| config.placeholders.get(*name)).flatten();
    named.filter_map(|text| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))).collect()
}

/// The source addresses of a finding, as its records spell them.
fn addresses_of(finding: &Finding) -> impl Iterator<Item = &str> {
    let sources = finding.observables.iter().filter(|observable| observable.name == "src_endpoint.ip");
    sources.map(|observable| observable.value.as_str())
}

fn canonical(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A public address that is not known to be ours.
fn strange(text: &str, ours: &[IpNet]) -> Option<IpAddr> {
    let address = canonical(text)?;
    let is_public = match address {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            // 100.64.0.0/10 is shared by the customers of a carrier.
            let is_shared = first == 100 && (64..128).contains(&second);
            !(is_shared || first == 0 || ip.is_private() || ip.is_loopback() || ip.is_link_local())
        }
        IpAddr::V6(ip) => {
            !(ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified())
        }
    };
    (is_public && !ours.iter().any(|network| network.contains(&address))).then_some(address)
}

/// Which of these addresses few have used with success around a day. Who fails may call himself anything, and interfaces
/// and addresses are no people.
async fn used_by_few(lake: &Lake, day: Date, list: &str) -> Result<Vec<String>, Failure> {
    let around = |days: i64| day.saturating_add(Span::new().days(days));
    let query = format!(
        "SELECT src_ip, COUNT(DISTINCT CASE WHEN status = 'Success' AND actor <> '' AND actor NOT LIKE 'eni:%' \
         AND actor NOT LIKE 'ip:%' THEN actor END) AS actors FROM events \
         WHERE src_ip IN ({list}) AND day BETWEEN DATE '{}' AND DATE '{}' GROUP BY src_ip",
        around(-AROUND_DAYS),
        around(AROUND_DAYS),
    );
    let rows = lake.sql(&query, ADDRESSES_MAX).await.or_fail("failed to count who uses an address")?;
    let few = |row: &Vec<serde_json::Value>| {
        let text = row.first()?.as_str()?.to_owned();
        (row.get(1)?.as_u64()? <= ACTORS_MAX).then_some(text)
    };
    Ok(rows.rows.iter().filter_map(few).collect())
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
            ("::ffff:10.1.2.3", false),
            ("::ffff:203.0.113.7", true),
            ("100.64.1.2", false),
            ("::", false),
            ("AWS Internal", false),
        ];
        for (address, expected) in cases {
            assert_eq!(strange(address, &ours).is_some(), expected, "{address}");
        }
        assert_eq!(canonical("2001:DB8::44"), canonical("2001:db8:0:0::44"), "one address, one key");
    }
}
