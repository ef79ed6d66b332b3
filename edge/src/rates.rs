//! How many batches came from one address and for one site within the minute. A table of fixed size in the isolate's
//! memory: whoever floods it with addresses pushes out old counts, and meets the count of the site.

use std::net::IpAddr;

use edge_settings::{Key, Rates};

use crate::token::truncated;

const SETS: usize = 512;
const WAYS: usize = 4;
const MINUTE_MS: i64 = 60_000;

/// One count. It is told apart by a MAC of what is counted: no address is kept.
#[derive(Clone, Copy)]
struct Count {
    tag: u64,
    minute: i64,
    batches: u32,
}

const NONE: Count = Count { tag: 0, minute: 0, batches: 0 };

/// The counts: 48 kB whatever comes.
pub(crate) struct Table([[Count; WAYS]; SETS]);

impl Table {
    /// An empty one.
    #[expect(clippy::large_stack_arrays, reason = "a constant, which never is on the stack")]
    pub(crate) const fn new() -> Self {
        Self([[NONE; WAYS]; SETS])
    }

    /// Counts a batch from `address` for `site`; in how many seconds to come again when it is one too many.
    pub(crate) fn count(
        &mut self,
        address: Option<IpAddr>,
        site: &str,
        now: i64,
        rates: Rates,
        key: &Key,
    ) -> Option<u32> {
        let network = address.map(network);
        let is_over = network.is_some_and(|network| self.add(&[b"address", &network], now, key) > rates.per_address)
            || self.add(&[b"rate of site", site.as_bytes()], now, key) > rates.per_site;
        let rest = u32::try_from(MINUTE_MS - now.rem_euclid(MINUTE_MS)).unwrap_or_default().div_ceil(1000);
        is_over.then_some(rest.max(1))
    }

    /// Counts one more of what is named, and says how many they are within the minute.
    fn add(&mut self, parts: &[&[u8]], now: i64, key: &Key) -> u32 {
        let tag = u64::from_be_bytes(truncated(key, parts));
        let minute = now.div_euclid(MINUTE_MS);
        let place = usize::try_from(tag % SETS as u64).unwrap_or_default();
        let Some(set) = self.0.get_mut(place) else { return 0 };
        let known = set.iter().position(|count| count.tag == tag && count.minute == minute);
        // otherwise the place of an older minute, or of who came least
        let place = known.or_else(|| {
            let mut places: Vec<usize> = (0..WAYS).collect();
            places.sort_by_key(|place| set.get(*place).map(|count| (count.minute, count.batches)));
            places.first().copied()
        });
        let Some(count) = place.and_then(|place| set.get_mut(place)) else { return 0 };
        if known.is_none() {
            *count = Count { tag, minute, batches: 0 };
        }
        count.batches = count.batches.saturating_add(1);
        count.batches
    }
}

/// What one sender has: an address of IPv4, or the first 64 bits of IPv6, below which a sender has as many addresses as it
/// likes (RFC 6177, 2).
fn network(address: IpAddr) -> [u8; 8] {
    match address.to_canonical() {
        IpAddr::V4(address) => (u64::from(address.to_bits()) | 0xFFFF << 32).to_be_bytes(),
        IpAddr::V6(address) => address.octets().first_chunk().copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;
    const RATES: Rates = Rates { per_address: 3, per_site: 5, new_sites: 1 };

    fn counted(table: &mut Table, address: &str, site: &str, now: i64) -> Option<u32> {
        table.count(address.parse().ok(), site, now, RATES, &Key::from([7; 32]))
    }

    #[test]
    fn an_address_has_so_many_a_minute() {
        let mut table = Table::new();
        let mut counts = |now| counted(&mut table, "192.0.2.1", "a.example", now);
        assert_eq!([counts(NOW), counts(NOW), counts(NOW + 1)], [None; 3]);
        assert_eq!(counts(NOW + 2_500), Some(58));
        assert_eq!(counts(NOW + 59_999), Some(1));
        assert_eq!(counts(NOW + 60_000), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_sender() {
        let mut table = Table::new();
        let mut count = |address: &str| counted(&mut table, address, address, NOW);
        for address in ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff:ffff:ffff:ffff"] {
            assert_eq!(count(address), None, "{address}");
        }
        assert_eq!(count("2001:db8:1:2:abcd::"), Some(60));
        assert_eq!(count("2001:db8:1:3::1"), None);
        // one written in IPv6 is the same; others are others
        for address in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"] {
            assert_eq!(count(address), None, "{address}");
        }
        assert_eq!(count("::ffff:c000:201"), Some(60));
        assert_eq!((count("192.0.2.2"), count("::1")), (None, None));
    }

    #[test]
    fn a_site_has_so_many_from_wherever() {
        let mut table = Table::new();
        for n in 0..5 {
            assert_eq!(counted(&mut table, &format!("192.0.2.{n}"), "a.example", NOW), None);
        }
        assert_eq!(counted(&mut table, "192.0.2.9", "a.example", NOW), Some(60));
        assert_eq!(counted(&mut table, "192.0.2.9", "b.example", NOW), None);
        assert_eq!(counted(&mut table, "", "a.example", NOW), Some(60));
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory_and_meets_the_count_of_the_site() {
        let mut table = Table::new();
        let refused = (0..20_000)
            .filter(|n| counted(&mut table, &format!("10.1.{}.{}", n / 256, n % 256), "a.example", NOW).is_some());
        assert!(refused.count() > 19_000);
        assert_eq!(size_of::<Table>(), SETS * WAYS * 24);
    }
}
