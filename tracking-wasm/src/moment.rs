//! Clock and randomness, handed in by page.js so that every decision can be made again in a test.

use crate::text::{Id, Memory, RANDOM};

impl Memory {
    /// Makes a text a UUIDv7 (RFC 9562, 5.7) for `time`, Unix milliseconds. `counter`, of which twelve bits count, keeps the ids
    /// of one moment apart and those of one millisecond in order (RFC 9562, 6.2, method 1).
    #[inline(never)]
    pub(crate) fn make_id(&mut self, out: Id, time: i64, counter: i64) {
        self.clear(out);
        self.put_hex(out, time >> 16, 8);
        self.push(out, b'-');
        self.put_hex(out, time, 4);
        self.put(out, b"-7");
        self.put_hex(out, counter, 3);
        self.put(out, b"-8");
        self.copy(out, RANDOM, 0, 3);
        self.push(out, b'-');
        self.copy(out, RANDOM, 3, 15);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::ids;

    use super::*;
    use crate::text::ID;

    proptest! {
        #[test]
        fn ids_are_version_7_with_their_time(time in 0_i64..1 << 48, counter in any::<i64>(), random in "[0-9a-f]{15}") {
            let mut m = Box::new(Memory::NEW);
            m.put(RANDOM, random.as_bytes());
            m.make_id(ID, time, counter);
            let text = String::from_utf8(m.text(ID).to_vec()).expect("ASCII");
            let digits: String = text.split('-').collect();
            prop_assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
            let id = u128::from_str_radix(&digits, 16).expect("digits").to_be_bytes();
            prop_assert!(ids::is_v7(&id));
            prop_assert_eq!(ids::time_ms(&id), time);
        }
    }
}
