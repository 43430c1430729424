//! Address ranges for `cidr`. An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.

use std::net::{IpAddr, Ipv6Addr};

/// All addresses that share the first bits of `base`, in the 128-bit space where IPv4 is `::ffff:0:0/96`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    base: u128,
    mask: u128,
}

/// The longest textual address: `0000:0000:0000:0000:0000:ffff:255.255.255.255`, and a scope.
const ADDRESS_BYTES_MAX: usize = 64;

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or a single address. Bits beyond the prefix are ignored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let (family_bits, unused) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let bits = match prefix {
            Some(prefix) => prefix.trim().parse::<u32>().ok().filter(|bits| *bits <= family_bits)?,
            None => family_bits,
        };
        let mask = u128::MAX.checked_shl(128 - unused - bits).unwrap_or(0);
        Some(Self { base: wide(address) & mask, mask })
    }

    pub(crate) fn holds(self, text: &[u8]) -> bool {
        if ADDRESS_BYTES_MAX < text.len() {
            return false;
        }
        let address = std::str::from_utf8(text).ok().and_then(|text| text.parse::<IpAddr>().ok());
        address.is_some_and(|address| wide(address) & self.mask == self.base)
    }
}

fn wide(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    u128::from(address)
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn ranges() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.9.9.9/8", "10.0.0.1", true),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:DB8:1::9", true),
            ("::/0", "2001:db8::1", true),
            ("10.0.0.0/8", "AWS Internal", false),
        ];
        for (network, address, expected) in cases {
            assert_eq!(Network::parse(network).unwrap().holds(address.as_bytes()), expected, "{network} {address}");
        }
        for bad in ["10.0.0.0/33", "10.0.0/8", "x", "", "::/129", "10.0.0.0/"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
