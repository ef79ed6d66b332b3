//! UUIDs as the system uses them (RFC 9562): version 7 for what the pixel mints, version 8 for what the edge derives.
//!
//! The caller brings clock and randomness, so that every id can be made again in a test.

/// The sixteen bytes of a UUID, most significant first.
pub type UuidBytes = [u8; 16];

/// A UUIDv7 (RFC 9562, 5.7) of `unix_ms` and ten random bytes, of which 74 bits are used.
#[must_use]
pub fn v7(unix_ms: u64, random: [u8; 10]) -> UuidBytes {
    let [_, _, t0, t1, t2, t3, t4, t5] = unix_ms.to_be_bytes();
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9] = random;
    [t0, t1, t2, t3, t4, t5, 0x70 | (r0 & 0x0f), r1, 0x80 | (r2 & 0x3f), r3, r4, r5, r6, r7, r8, r9]
}

/// A UUIDv8 (RFC 9562, 5.8) of sixteen bytes that already are as good as random, such as a truncated MAC.
#[must_use]
pub fn v8(mut bytes: UuidBytes) -> UuidBytes {
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

/// The Unix time in milliseconds inside a UUIDv7; meaningless for other versions.
#[must_use]
pub fn time_ms(id: &UuidBytes) -> i64 {
    let [t0, t1, t2, t3, t4, t5, ..] = *id;
    i64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5])
}

/// Whether the version and variant bits are those of a UUIDv7.
#[must_use]
pub fn is_v7(id: &UuidBytes) -> bool {
    id[6] >> 4 == 7 && id[8] >> 6 == 0b10
}

/// The same id with another time in it: how the pixel mends an id that was refused because its clock was wrong.
#[must_use]
pub fn with_time(id: &UuidBytes, unix_ms: u64) -> UuidBytes {
    let [_, _, t0, t1, t2, t3, t4, t5] = unix_ms.to_be_bytes();
    let mut shifted = *id;
    shifted[..6].copy_from_slice(&[t0, t1, t2, t3, t4, t5]);
    shifted
}

/// The 36 lower-case characters of an id.
#[must_use]
pub fn to_text(id: &UuidBytes) -> String {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(36);
    for (position, byte) in id.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 0x0f] {
            text.extend(HEX.get(usize::from(nibble)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 9562, appendix A.6.
    const EXAMPLE: &str = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

    fn example() -> UuidBytes {
        v7(0x017F_22E2_79B0, [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f])
    }

    #[test]
    fn version_7_agrees_with_the_rfc() {
        assert_eq!(to_text(&example()), EXAMPLE);
        assert_eq!(time_ms(&example()), 0x017F_22E2_79B0);
        assert!(is_v7(&example()));
    }

    #[test]
    fn a_shifted_id_keeps_its_random_part() {
        let shifted = with_time(&example(), 1);
        assert_eq!(time_ms(&shifted), 1);
        assert_eq!(shifted[6..], example()[6..]);
    }

    #[test]
    fn version_8_is_marked_as_such() {
        let id = v8([0xff; 16]);
        assert_eq!(to_text(&id), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert!(!is_v7(&id));
    }
}
