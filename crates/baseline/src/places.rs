//! An offline table of where addresses are, of the user's choosing: networks with country, system number, coordinates.
//!
//! Parsed from CSV text that somebody else has read. Of several networks that hold an address the longest prefix answers.

use std::net::{IpAddr, Ipv6Addr};

use crate::facts::plain;

/// Rows of one table; the whole routed internet is about 1.5 million prefixes.
pub const PLACES_MAX: usize = 10_000_000;
/// Bits between an IPv4 prefix and the same prefix in IPv6 clothes.
const MAPPED_BITS: u32 = 96;
const NO_PARENT: u32 = u32::MAX;

/// What is known about a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// ISO 3166 code, as written.
    pub country: Option<String>,
    pub asn: Option<u32>,
    /// Latitude and longitude in hundredths of a degree.
    pub position: Option<(i16, i16)>,
}

/// Why a table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacesError {
    #[error(
        "the first line of the table must name the columns; `cidr` is missing (of cidr, country, asn, latitude, longitude)"
    )]
    Header,
    #[error("line {line} of the table: {problem}")]
    Row { line: usize, problem: String },
    #[error("the table has more than {PLACES_MAX} rows")]
    TooMany,
}

#[derive(Debug, Clone)]
struct Network {
    start: u128,
    end: u128,
    parent: u32,
    place: Place,
}

/// The table.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// By start, the wider one first.
    networks: Vec<Network>,
}

impl Places {
    /// Reads `cidr,country,asn,latitude,longitude`; columns may come in any order, others are ignored, all but `cidr` may
    /// be empty.
    ///
    /// # Errors
    /// A row that cannot be read; a table with silent holes would make baselines guess.
    pub fn parse(csv: &str) -> Result<Self, PlacesError> {
        let mut lines = csv.lines().enumerate();
        let (_, header) = lines.next().ok_or(PlacesError::Header)?;
        let columns = Columns::of(header.trim_start_matches('\u{feff}')).ok_or(PlacesError::Header)?;
        let mut networks = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            if networks.len() == PLACES_MAX {
                return Err(PlacesError::TooMany);
            }
            let at_line = |problem| PlacesError::Row { line: index + 1, problem };
            networks.push(columns.network(line).map_err(at_line)?);
        }
        Ok(Self::of(networks))
    }

    fn of(mut networks: Vec<Network>) -> Self {
        networks.sort_by(|one, other| one.start.cmp(&other.start).then(other.end.cmp(&one.end)));
        let mut open: Vec<u32> = Vec::new();
        for index in 0..networks.len() {
            let end = networks[index].end;
            while open.last().is_some_and(|last| networks[*last as usize].end < end) {
                open.pop();
            }
            networks[index].parent = open.last().copied().unwrap_or(NO_PARENT);
            open.push(u32::try_from(index).unwrap_or(NO_PARENT));
        }
        Self { networks }
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.networks.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// Where an address is.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<&Place> {
        let wanted = number(address);
        let before = self.networks.partition_point(|network| network.start <= wanted);
        let mut candidate = self.networks.get(before.checked_sub(1)?)?;
        while candidate.end < wanted {
            candidate = self.networks.get(usize::try_from(candidate.parent).ok()?)?;
        }
        Some(&candidate.place)
    }
}

/// IPv4 addresses stand where IPv6 maps them, so one order holds both.
fn number(address: IpAddr) -> u128 {
    let v6: Ipv6Addr = match plain(address) {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    u128::from(v6)
}

struct Columns {
    cidr: usize,
    country: Option<usize>,
    asn: Option<usize>,
    latitude: Option<usize>,
    longitude: Option<usize>,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let names: Vec<String> = header.split(',').map(|name| bare(name).to_ascii_lowercase()).collect();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        Some(Self {
            cidr: place("cidr")?,
            country: place("country"),
            asn: place("asn"),
            latitude: place("latitude"),
            longitude: place("longitude"),
        })
    }

    fn network(&self, line: &str) -> Result<Network, String> {
        let cells: Vec<&str> = line.split(',').map(bare).collect();
        let cell = |place: Option<usize>| cells.get(place?).copied().filter(|text| !text.is_empty());
        let cidr = cell(Some(self.cidr)).ok_or("cidr is empty")?;
        let (start, end) = range(cidr).ok_or_else(|| format!("`{cidr}` is no network; write `192.0.2.0/24`"))?;
        let asn = cell(self.asn).map(|text| {
            let digits = text.trim_start_matches(['A', 'S', 'a', 's']);
            digits.parse::<u32>().map_err(|_| format!("asn `{text}` is not a number"))
        });
        let position = match (cell(self.latitude), cell(self.longitude)) {
            (Some(latitude), Some(longitude)) => Some((degrees(latitude, 90)?, degrees(longitude, 180)?)),
            _ => None,
        };
        let country = cell(self.country).map(str::to_owned);
        Ok(Network { start, end, parent: NO_PARENT, place: Place { country, asn: asn.transpose()?, position } })
    }
}

fn bare(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

fn range(cidr: &str) -> Option<(u128, u128)> {
    let (address, bits) = match cidr.split_once('/') {
        Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse::<u32>().ok()?)),
        None => (cidr.parse::<IpAddr>().ok()?, None),
    };
    let (most, before) = if address.is_ipv4() { (32, MAPPED_BITS) } else { (128, 0) };
    let bits = bits.unwrap_or(most);
    if most < bits {
        return None;
    }
    // Networks of IPv4 in IPv6 clothes would need other arithmetic; nobody writes them in tables.
    let host_bits = 128 - (bits + before);
    let hosts = if host_bits == 128 { u128::MAX } else { (1 << host_bits) - 1 };
    let raw = match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    };
    let start = raw & !hosts;
    Some((start, start | hosts))
}

/// Hundredths of a degree.
fn degrees(text: &str, limit: i32) -> Result<i16, String> {
    let wrong = || format!("`{text}` is not a number of degrees between -{limit} and {limit}");
    let value: f64 = text.parse().map_err(|_| wrong())?;
    if !(-f64::from(limit)..=f64::from(limit)).contains(&value) {
        return Err(wrong());
    }
    // At most ±18,000.
    format!("{:.0}", value * 100.0).parse::<i16>().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = "cidr,country,asn,latitude,longitude\n\
        198.51.0.0/16,US,64500,40.71,-74.01\n\
        198.51.100.0/24,IE,AS64501,53.35,-6.26\n\
        \"198.51.100.128/25\",\"DE\",,,\n\
        2001:db8::/32,FR,64502,48.85,2.35\n";

    fn country(places: &Places, ip: &str) -> Option<String> {
        places.find(ip.parse().unwrap())?.country.clone()
    }

    #[test]
    fn the_longest_prefix_answers() {
        let places = Places::parse(TABLE).unwrap();
        let cases = [
            ("198.51.1.1", Some("US")),
            ("198.51.100.1", Some("IE")),
            ("198.51.100.200", Some("DE")),
            ("198.51.101.0", Some("US")),
            ("198.52.0.0", None),
            ("::ffff:198.51.100.1", Some("IE")),
            ("2001:db8:ffff::1", Some("FR")),
            ("2001:db9::", None),
            ("0.0.0.0", None),
        ];
        for (ip, expected) in cases {
            assert_eq!(country(&places, ip).as_deref(), expected, "{ip}");
        }
        let ireland = places.find("198.51.100.1".parse().unwrap()).unwrap();
        assert_eq!((ireland.asn, ireland.position), (Some(64_501), Some((5335, -626))));
    }

    #[test]
    fn mistakes_name_their_line() {
        let wrong = |row: &str| Places::parse(&format!("cidr,country,asn,latitude,longitude\n{row}")).unwrap_err();
        assert!(wrong("198.51.100.0/33,US,,,").to_string().starts_with("line 2 of the table: `198.51.100.0/33`"));
        assert!(wrong("198.51.100.0/24,US,x,,").to_string().contains("asn `x`"));
        assert!(wrong("198.51.100.0/24,US,,91,0").to_string().contains("-90 and 90"));
        assert_eq!(Places::parse("net,country\n").unwrap_err(), PlacesError::Header);
        assert_eq!(Places::parse("").unwrap_err(), PlacesError::Header);
    }

    proptest! {
        #[test]
        fn agrees_with_looking_at_every_row(
            rows in proptest::collection::vec((any::<u32>(), 0_u32..=32), 1..60),
            asked in any::<u32>(),
            near in any::<u8>(),
        ) {
            let mut csv = "cidr,asn\n".to_owned();
            for (index, (base, bits)) in rows.iter().enumerate() {
                csv.push_str(&format!("{}/{bits},{index}\n", std::net::Ipv4Addr::from(*base)));
            }
            let places = Places::parse(&csv).unwrap();
            // Half of the questions are about the neighbourhood of a row.
            let first = rows.first().map_or(0, |row| row.0);
            for ip in [asked, first.wrapping_add(u32::from(near))] {
                let holds = |base: u32, bits: u32| bits == 0 || (base ^ ip) >> (32 - bits) == 0;
                let longest = rows.iter().filter(|(base, bits)| holds(*base, *bits)).map(|(_, bits)| *bits).max();
                let found = places.find(IpAddr::V4(ip.into())).and_then(|place| place.asn);
                let found_bits = found.and_then(|row| rows.get(row as usize)).map(|(_, bits)| *bits);
                prop_assert_eq!(found_bits, longest);
            }
        }
    }
}
