//! Event ids beyond what fits into memory: whether one comes twice among millions of objects.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Files that ids are spread over; one of them is in memory at a time.
const PARTS: usize = 32;

/// A set of events whatever their order, in a few bytes: equal for equal sets, and for others only to one who breaks SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    count: u64,
    sum: u128,
}

impl Fingerprint {
    pub(super) fn add(&mut self, ids: &[Uuid]) {
        for id in ids {
            let hash = Sha256::digest(id.as_bytes());
            let number = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
            self.sum = self.sum.wrapping_add(number);
            self.count += 1;
        }
    }
}

/// Ids on disk.
pub(super) struct Ids {
    parts: Vec<BufWriter<File>>,
}

impl Ids {
    pub(super) fn new() -> io::Result<Self> {
        let part = |_| Ok(BufWriter::new(tempfile::tempfile_in(crate::export::objects::spool::folder())?));
        Ok(Self { parts: (0..PARTS).map(part).collect::<io::Result<_>>()? })
    }

    pub(super) fn add(&mut self, ids: &[Uuid]) -> io::Result<()> {
        for id in ids {
            // The end of an id is random.
            let part = id.as_bytes().last().map_or(0, |byte| usize::from(*byte) % PARTS);
            if let Some(part) = self.parts.get_mut(part) {
                part.write_all(id.as_bytes())?;
            }
        }
        Ok(())
    }

    /// How many come more than once, and one of them.
    pub(super) fn repeated(self) -> io::Result<(u64, Option<Uuid>)> {
        let (mut count, mut first) = (0, None);
        for part in self.parts {
            let mut file = part.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            let mut bytes = Vec::new();
            BufReader::new(file).read_to_end(&mut bytes)?;
            let mut ids: Vec<Uuid> = bytes.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok()).collect();
            drop(bytes);
            ids.sort_unstable();
            let twice = ids.chunk_by(PartialEq::eq).filter(|same| same.len() > 1);
            for same in twice {
                count += 1;
                first = first.or(same.first().copied());
            }
        }
        Ok((count, first))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_comes_twice_is_counted(numbers in prop::collection::vec(0..200_u128, 0..100)) {
            let ids: Vec<_> = numbers.iter().map(|n| Uuid::from_u128(*n)).collect();
            let mut stored = Ids::new().expect("files");
            stored.add(&ids).expect("written");
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            let expected = sorted.chunk_by(PartialEq::eq).filter(|same| same.len() > 1).count() as u64;
            let (count, first) = stored.repeated().expect("read");
            prop_assert_eq!((count, first.is_some()), (expected, expected > 0));
        }

        #[test]
        fn a_fingerprint_knows_no_order(mut numbers in prop::collection::vec(0..50_u128, 1..20)) {
            let of = |numbers: &[u128]| {
                let mut print = Fingerprint::default();
                print.add(&numbers.iter().map(|n| Uuid::from_u128(*n)).collect::<Vec<_>>());
                print
            };
            let before = of(&numbers);
            numbers.reverse();
            prop_assert_eq!(of(&numbers), before);
            numbers[0] += 1;
            prop_assert_ne!(of(&numbers), before);
        }
    }
}
