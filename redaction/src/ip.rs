//! Network addresses, cut to what no longer names a household.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of `address`: its first 24 bits in version 4, 48 in version 6. An embedded version 4 address counts as one.
#[must_use]
pub fn truncate(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_network_is_left() {
        for (address, network) in [
            ("203.0.113.77", "203.0.113.0"),
            ("::ffff:203.0.113.77", "203.0.113.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("::1", "::"),
        ] {
            assert_eq!(truncate(address.parse().expect("an address")).to_string(), network);
        }
    }
}
