//! Clock and randomness, handed in by page.js so that every decision can be made again in a test.

use crate::text::{Text, from, put, put_hex, until};

/// When something happens, and digits nobody can guess.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    /// The browser's clock, Unix milliseconds.
    pub now: i64,
    /// Milliseconds since the page load, by the monotonic clock.
    pub t: i64,
    /// Fifteen hexadecimal digits.
    pub random: &'a [u8],
}

impl Moment<'_> {
    /// Appends a UUIDv7 (RFC 9562, 5.7) for `time`, Unix milliseconds. `counter`, of which twelve bits count, keeps the ids of
    /// one moment apart and those of one millisecond in order (RFC 9562, 6.2, method 1).
    pub(crate) fn put_id(&self, out: &mut Text, time: i64, counter: i64) {
        put_time(out, time);
        put(out, b"-7");
        put_hex(out, counter, 3);
        put(out, b"-8");
        put(out, until(self.random, 3));
        put(out, b"-");
        put(out, from(self.random, 3));
    }
}

/// Writes the time that a UUIDv7 begins with: 48 bits, and a hyphen after 32 of them.
pub(crate) fn put_time(out: &mut Text, time: i64) {
    put_hex(out, time >> 16, 8);
    put(out, b"-");
    put_hex(out, time, 4);
}

/// The time inside a UUIDv7, Unix milliseconds.
pub(crate) fn time_of(id: &[u8]) -> i64 {
    let mut time = 0;
    for byte in until(id, TIME_CHARS) {
        let digit = char::from(*byte).to_digit(16);
        time = digit.map_or(time, |digit| time << 4 | i64::from(digit));
    }
    time
}

/// Characters of a UUID that hold its time, with their hyphen.
pub(crate) const TIME_CHARS: usize = 13;
/// Characters of a UUID.
pub(crate) const UUID_CHARS: usize = 36;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::ids;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_version_7_with_their_time(time in 0_i64..1 << 48, counter in any::<i64>(), random in "[0-9a-f]{15}") {
            let mut out = Text::<[u8; 99]>::NEW;
            Moment { now: 0, t: 0, random: random.as_bytes() }.put_id(&mut out, time, counter);
            prop_assert_eq!(time_of(&out), time);
            let text = String::from_utf8(out.to_vec()).expect("ASCII");
            let digits: String = text.split('-').collect();
            prop_assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
            let id = u128::from_str_radix(&digits, 16).expect("digits").to_be_bytes();
            prop_assert!(ids::is_v7(&id));
            prop_assert_eq!(ids::time_ms(&id), time);
        }
    }
}
