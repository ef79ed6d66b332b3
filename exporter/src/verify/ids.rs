//! Event ids in their order, however many there are: sorted in runs, which are merged when they are read. In memory is one
//! run while ids come, and a piece of each run while they are read; the rest is in a temporary file.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::export::objects::spool;

/// Ids of a run: 2 MiB.
const RUN: usize = 1 << 17;
/// Ids of a run that are in memory while it is read: of a thousand million ids, some 50 MiB.
const PIECE: usize = 1 << 8;
/// The length of an id.
const BYTES: usize = 16;

/// A set of events whatever their order, in a few bytes: equal for equal sets, and for others only to one who breaks SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    count: u64,
    sum: u128,
}

impl Fingerprint {
    pub(super) fn add(&mut self, id: Uuid) {
        let hash = Sha256::digest(id.as_bytes());
        let number = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        self.sum = self.sum.wrapping_add(number);
        self.count += 1;
    }
}

/// Ids as they come.
#[derive(Debug)]
pub(super) struct Ids {
    /// The run that is being filled.
    run: Vec<Uuid>,
    /// Runs that were full, one after the other; none while one run has room for all.
    full: Option<BufWriter<File>>,
    count: u64,
    run_length: usize,
}

impl Default for Ids {
    fn default() -> Self {
        Self::in_runs_of(RUN)
    }
}

impl Ids {
    fn in_runs_of(run_length: usize) -> Self {
        Self { run: Vec::new(), full: None, count: 0, run_length }
    }

    pub(super) fn add(&mut self, id: Uuid) -> io::Result<()> {
        self.run.push(id);
        self.count += 1;
        if self.run.len() < self.run_length {
            return Ok(());
        }
        self.run.sort_unstable();
        let file = match &mut self.full {
            Some(file) => file,
            none => none.insert(BufWriter::new(tempfile::tempfile_in(spool::folder())?)),
        };
        for id in self.run.drain(..) {
            file.write_all(id.as_bytes())?;
        }
        Ok(())
    }

    /// All that came.
    pub(super) fn sorted(mut self) -> io::Result<Sorted> {
        self.run.sort_unstable();
        let full = self.full.map(BufWriter::into_inner).transpose().map_err(io::IntoInnerError::into_error)?;
        Ok(Sorted { last: self.run, full, count: self.count, run_length: self.run_length as u64 })
    }
}

/// Ids that can be read in their order, as often as need be.
#[derive(Debug)]
pub(super) struct Sorted {
    last: Vec<Uuid>,
    full: Option<File>,
    count: u64,
    run_length: u64,
}

type Run<'a> = Box<dyn Iterator<Item = io::Result<Uuid>> + 'a>;

impl Sorted {
    /// Each of them, ascending.
    pub(super) fn ascending(&self) -> io::Result<Merge<'_>> {
        let mut runs: Vec<Run<'_>> = vec![Box::new(self.last.iter().copied().map(Ok))];
        if let Some(file) = &self.full {
            let ids = self.count - self.last.len() as u64;
            let run = |first: u64| {
                let pieces = (first..first + self.run_length).step_by(PIECE);
                let end = first + self.run_length;
                pieces.flat_map(move |from| piece(file, from, end.min(from + PIECE as u64)))
            };
            for first in (0..ids).step_by(usize::try_from(self.run_length).unwrap_or(usize::MAX)) {
                runs.push(Box::new(run(first)));
            }
        }
        let mut heads = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            if let Some(head) = run.next() {
                heads.push(Reverse((head?, number)));
            }
        }
        Ok(Merge { runs, heads })
    }

    /// How many come more than once, and the first of them.
    pub(super) fn repeated(&self) -> io::Result<(u64, Option<Uuid>)> {
        let (mut count, mut first) = (0, None);
        let (mut last, mut times) = (None, 0_u64);
        for id in self.ascending()? {
            let id = id?;
            times = if last == Some(id) { times + 1 } else { 1 };
            if times == 2 {
                count += 1;
                first = first.or(Some(id));
            }
            last = Some(id);
        }
        Ok((count, first))
    }
}

/// The ids of a file from one to before another.
fn piece(file: &File, from: u64, to: u64) -> Vec<io::Result<Uuid>> {
    let mut bytes = [0; PIECE * BYTES];
    let length = usize::try_from(to - from).unwrap_or(PIECE) * BYTES;
    let Some(bytes) = bytes.get_mut(..length) else { return Vec::new() };
    match file.read_exact_at(bytes, from * BYTES as u64) {
        Ok(()) => bytes.as_chunks::<BYTES>().0.iter().map(|id| Ok(Uuid::from_bytes(*id))).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// Runs read side by side.
pub(super) struct Merge<'a> {
    runs: Vec<Run<'a>>,
    /// The next id of each run that has one.
    heads: BinaryHeap<Reverse<(Uuid, usize)>>,
}

impl Iterator for Merge<'_> {
    type Item = io::Result<Uuid>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((id, number)) = self.heads.pop()?;
        match self.runs.get_mut(number)?.next() {
            Some(Ok(head)) => self.heads.push(Reverse((head, number))),
            Some(Err(error)) => {
                self.heads.clear();
                return Some(Err(error));
            }
            None => {}
        }
        Some(Ok(id))
    }
}

/// How the events that were found differ from those that were expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// How many were not found.
    pub missing: u64,
    /// How many were not expected, or were found once more.
    pub unexpected: u64,
    /// The first that was not found.
    pub first_missing: Option<Uuid>,
    /// The first that was not expected, or was found once more.
    pub first_unexpected: Option<Uuid>,
}

impl Difference {
    pub(super) fn between(expected: &Sorted, found: &Sorted) -> io::Result<Self> {
        let mut difference = Self::default();
        let (mut expected, mut found) = (expected.ascending()?, found.ascending()?);
        let (mut left, mut right) = (expected.next().transpose()?, found.next().transpose()?);
        loop {
            let order = match (left, right) {
                (Some(left), Some(right)) => left.cmp(&right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Ok(difference),
            };
            if order == Ordering::Less {
                difference.missing += 1;
                difference.first_missing = difference.first_missing.or(left);
            }
            if order == Ordering::Greater {
                difference.unexpected += 1;
                difference.first_unexpected = difference.first_unexpected.or(right);
            }
            if order != Ordering::Greater {
                left = expected.next().transpose()?;
            }
            if order != Ordering::Less {
                right = found.next().transpose()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In runs so short that a few ids make many.
    fn stored(numbers: &[u128]) -> Sorted {
        let mut ids = Ids::in_runs_of(3);
        for n in numbers {
            ids.add(Uuid::from_u128(*n)).expect("written");
            assert!(ids.run.len() < 3, "more than a run in memory");
        }
        ids.sorted().expect("written")
    }

    fn count(numbers: &[u128], n: u128) -> u64 {
        numbers.iter().filter(|it| **it == n).count() as u64
    }

    #[test]
    fn runs_longer_than_what_is_read_at_once_are_read_whole() {
        let mut ids = Ids::in_runs_of(PIECE * 2 + 1);
        let numbers = (0..PIECE as u128 * 7).rev();
        for n in numbers.clone() {
            ids.add(Uuid::from_u128(n)).expect("written");
        }
        let sorted = ids.sorted().expect("written");
        let read: Vec<_> = sorted.ascending().expect("read").map(|id| id.expect("read").as_u128()).collect();
        assert_eq!(read, numbers.rev().collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn ids_are_read_in_their_order_each_time(mut numbers in prop::collection::vec(0..200_u128, 0..40)) {
            let stored = stored(&numbers);
            numbers.sort_unstable();
            for _ in 0..2 {
                let read: Vec<_> = stored.ascending().expect("read").map(|id| id.expect("read").as_u128()).collect();
                prop_assert_eq!(&read, &numbers);
            }
        }

        #[test]
        fn what_comes_twice_is_counted(mut numbers in prop::collection::vec(0..50_u128, 0..40)) {
            let (repeated, first) = stored(&numbers).repeated().expect("read");
            numbers.sort_unstable();
            let twice: Vec<_> = numbers.chunk_by(PartialEq::eq).filter(|same| same.len() > 1).map(|it| it[0]).collect();
            prop_assert_eq!((repeated, first), (twice.len() as u64, twice.first().copied().map(Uuid::from_u128)));
        }

        #[test]
        fn what_is_missing_and_what_is_too_much_is_counted_and_named(
            expected in prop::collection::vec(0..30_u128, 0..30),
            found in prop::collection::vec(0..30_u128, 0..30),
        ) {
            let difference = Difference::between(&stored(&expected), &stored(&found)).expect("read");
            let surplus = |of: &[u128], over: &[u128]| {
                let surplus = |n| count(of, n).saturating_sub(count(over, n));
                let first = (0..30).find(|n| surplus(*n) > 0).map(Uuid::from_u128);
                ((0..30).map(surplus).sum::<u64>(), first)
            };
            let (missing, first_missing) = surplus(&expected, &found);
            let (unexpected, first_unexpected) = surplus(&found, &expected);
            prop_assert_eq!(difference, Difference { missing, unexpected, first_missing, first_unexpected });
        }

        #[test]
        fn a_fingerprint_knows_no_order(mut numbers in prop::collection::vec(0..50_u128, 1..20)) {
            let of = |numbers: &[u128]| {
                let mut print = Fingerprint::default();
                for n in numbers {
                    print.add(Uuid::from_u128(*n));
                }
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
