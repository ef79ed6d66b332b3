//! The words themselves, in a dozen languages, and the table they are looked up in. The table is made by the compiler,
//! so that the first call costs no more than any other. Words are written lower-case and without diacritics, a phrase
//! with spaces; a plural with `s` is known with its singular.

mod clue;
pub(crate) mod flag;
mod fold;
pub(crate) mod list;
mod told;

use crate::kind::Kind;
use crate::shape::Shape;
pub(crate) use clue::Clue;
use clue::{CLUE_WORDS, CLUES};
use flag::{FLAGS, JOINS, NAME};
pub(crate) use fold::folded;
use told::TOLD_WORDS;
pub(crate) use told::{TOLD, Told};

/// What is known of a word or phrase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    flags: u32,
    /// A place in [`TOLD`] and in [`CLUES`], from 1.
    told: [u8; 2],
    clue: u8,
    is_known: bool,
}

impl Entry {
    const NONE: Self = Self { flags: 0, told: [0; 2], clue: 0, is_known: false };

    const fn is(self, other: Self) -> bool {
        self.flags == other.flags
            && self.told[0] == other.told[0]
            && self.told[1] == other.told[1]
            && self.clue == other.clue
    }

    pub(crate) fn is_known(self) -> bool {
        self.is_known
    }

    pub(crate) fn flags(self) -> u32 {
        self.flags
    }

    pub(crate) fn has(self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The same, with what `shorter` tells where this tells nothing.
    pub(crate) fn or_told(self, shorter: Self) -> Self {
        if self.tells() { self } else { Self { told: shorter.told, ..self } }
    }

    /// Whether a key with the word holds something.
    pub(crate) fn tells(self) -> bool {
        self.told != [0; 2]
    }

    /// What a key with the word holds, in the order of [`TOLD`].
    pub(crate) fn told(self) -> impl Iterator<Item = usize> {
        self.told.into_iter().filter_map(|place| usize::from(place).checked_sub(1))
    }

    pub(crate) fn clue(self) -> Option<Clue> {
        CLUES.get(usize::from(self.clue).checked_sub(1)?).copied()
    }

    /// What a word says right before a value that it is the key of elsewhere.
    pub(crate) fn clue_of_key(self) -> Option<Clue> {
        match TOLD.get(self.told().next()?)? {
            Told { kind: Kind::NationalId, shape: Shape::Digits(_) } => Some(Clue::Number),
            Told { kind: Kind::Password, shape: Shape::Code } => Some(Clue::Password),
            _ => None,
        }
    }

    pub(crate) fn begins_compounds(self) -> bool {
        self.has(JOINS)
    }

    pub(crate) fn ends_compounds(self) -> bool {
        self.told.iter().any(|place| *place > 0) || self.has(NAME)
    }
}

/// FNV-1a.
pub(crate) const SEED: u32 = 0x811c_9dc5;

pub(crate) const fn extend(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// Names a phrase by the one before its last word and that word.
pub(crate) const fn join(phrase: u32, word: u32) -> u32 {
    (phrase.rotate_left(7) ^ word).wrapping_mul(0x9e37_79b1)
}

const BUCKETS: usize = 2048;
const ENTRIES: usize = WORDS.length;
const MEANINGS: usize = 256;

/// For each first letter, the second letters of the words that begin compounds.
static COMPOUNDS: [u32; 26] = compounds();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn compounds() -> [u32; 26] {
    let (mut seconds, mut list) = ([0; 26], 0);
    while list < FLAGS.len() {
        let (flag, words) = (FLAGS[list].0, FLAGS[list].1.as_bytes());
        let mut at = 0;
        while flag == JOINS && at + 1 < words.len() {
            if (at == 0 || words[at - 1] == b',')
                && words[at].is_ascii_lowercase()
                && words[at + 1].is_ascii_lowercase()
            {
                seconds[(words[at] - b'a') as usize] |= 1 << (words[at + 1] - b'a');
            }
            at += 1;
        }
        list += 1;
    }
    seconds
}

/// Whether a word in small letters may begin with one that begins compounds.
pub(crate) fn may_begin_compound(word: &[u8]) -> bool {
    let [first, second, ..] = word else { return false };
    COMPOUNDS
        .get(usize::from(first.wrapping_sub(b'a')))
        .is_some_and(|seconds| seconds & (1 << (second.wrapping_sub(b'a') & 31)) != 0)
}

/// The words in buckets by their hash. Of the hash is kept what the bucket does not say, and of what is known a place
/// among the few hundred things that are known of any word, so that the table is small in the Worker.
struct Table {
    /// Where each bucket begins.
    buckets: [u16; BUCKETS + 1],
    /// Of each word the rest of its hash, and in the lowest byte the place of what it means.
    words: [u32; ENTRIES],
    meanings: [Entry; MEANINGS],
    /// A bit for each phrase's beginning, so that few words are looked up as the next of one.
    beginnings: [u32; BEGINNINGS],
}

/// A hash as a bucket and a rest of 21 bits. Nothing of it is lost.
const fn parted(hash: u32) -> (usize, u32) {
    let mixed = hash ^ (hash >> 15);
    (mixed as usize & (BUCKETS - 1), mixed >> BUCKETS.ilog2())
}

const BEGINNINGS: usize = 512;

const fn beginning(hash: u32) -> (usize, u32) {
    ((hash >> 5) as usize & (BEGINNINGS - 1), 1 << (hash & 31))
}

/// Whether a phrase may begin with the word or phrase of this name.
pub(crate) fn may_begin_phrase(hash: u32) -> bool {
    let (place, bit) = beginning(hash);
    TABLE.beginnings.get(place).is_some_and(|bits| bits & bit != 0)
}

static TABLE: Table = build();

/// What is known of the word or phrase with this hash.
pub(crate) fn look_up(hash: u32) -> Entry {
    let (bucket, rest) = parted(hash);
    let Some([begin, end]) = TABLE.buckets.get(bucket..bucket + 2) else { return Entry::NONE };
    let words = TABLE.words.get(usize::from(*begin)..usize::from(*end)).unwrap_or_default();
    let found = words.iter().find(|word| **word >> 8 == rest);
    found.and_then(|word| TABLE.meanings.get(*word as usize & 0xFF)).copied().unwrap_or(Entry::NONE)
}

/// The words as they are collected by the compiler.
struct Words {
    /// Open addressing: a slot holds the place of a word, from 1.
    slots: [u16; SLOTS],
    hashes: [u32; MOST],
    entries: [Entry; MOST],
    length: usize,
    beginnings: [u32; BEGINNINGS],
}

const SLOTS: usize = 8192;
const MOST: usize = 4000;

const WORDS: Words = collect();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs in the compiler, which checks it")]
const fn build() -> Table {
    let mut table = Table {
        buckets: [0; BUCKETS + 1],
        words: [0; ENTRIES],
        meanings: [Entry::NONE; MEANINGS],
        beginnings: WORDS.beginnings,
    };
    let words = &WORDS;
    // How many there are in each bucket, and where it ends.
    let mut at = 0;
    while at < ENTRIES {
        table.buckets[parted(words.hashes[at]).0] += 1;
        at += 1;
    }
    let (mut bucket, mut sum) = (0, 0);
    while bucket <= BUCKETS {
        sum += table.buckets[bucket];
        table.buckets[bucket] = sum;
        bucket += 1;
    }
    let mut known = 0;
    at = ENTRIES;
    while at > 0 {
        at -= 1;
        let mut meaning = 0;
        while meaning < known && !table.meanings[meaning].is(words.entries[at]) {
            meaning += 1;
        }
        if meaning == known {
            table.meanings[known] = Entry { is_known: true, ..words.entries[at] };
            known += 1;
        }
        let (bucket, rest) = parted(words.hashes[at]);
        table.buckets[bucket] -= 1;
        table.words[table.buckets[bucket] as usize] = rest << 8 | meaning as u32;
    }
    table
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::large_stack_arrays,
    reason = "runs in the compiler, which checks it"
)]
const fn collect() -> Words {
    let mut table = Words {
        slots: [0; SLOTS],
        hashes: [0; MOST],
        entries: [Entry::NONE; MOST],
        length: 0,
        beginnings: [0; BEGINNINGS],
    };
    let mut list = 0;
    while list < TOLD_WORDS.len() {
        table = add(table, TOLD_WORDS[list].1, 0, list as u8 + 1, 0);
        list += 1;
    }
    list = 0;
    while list < CLUE_WORDS.len() {
        table = add(table, CLUE_WORDS[list].1, 0, 0, list as u8 + 1);
        list += 1;
    }
    list = 0;
    while list < FLAGS.len() {
        table = add(table, FLAGS[list].1, FLAGS[list].0, 0, 0);
        list += 1;
    }
    table
}

/// Adds each of `words`, which stand between commas.
#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs in the compiler, which checks it")]
const fn add(mut table: Words, words: &str, flags: u32, told: u8, clue: u8) -> Words {
    let bytes = words.as_bytes();
    let (mut at, mut word, mut phrase) = (0, SEED, 0);
    while at <= bytes.len() {
        if at < bytes.len() && bytes[at] != b',' && bytes[at] != b' ' {
            word = extend(word, bytes[at]);
            at += 1;
            continue;
        }
        let hash = if phrase == 0 { word } else { join(phrase, word) };
        if at < bytes.len() && bytes[at] == b' ' {
            table.beginnings[beginning(hash).0] |= beginning(hash).1;
            (at, word, phrase) = (at + 1, SEED, hash);
            continue;
        }
        let mut found = hash as usize & (SLOTS - 1);
        while table.slots[found] > 0 && table.hashes[table.slots[found] as usize - 1] != hash {
            found = (found + 1) & (SLOTS - 1);
        }
        if table.slots[found] == 0 {
            table.hashes[table.length] = hash;
            table.length += 1;
            table.slots[found] = table.length as u16;
        }
        let entry = &mut table.entries[table.slots[found] as usize - 1];
        entry.flags |= flags;
        if told > 0 && entry.told[0] == 0 {
            entry.told[0] = told;
        } else if told > 0 && entry.told[0] != told {
            entry.told[1] = told;
        }
        if clue > 0 && entry.clue == 0 {
            entry.clue = clue;
        }
        (at, word, phrase) = (at + 1, SEED, 0);
    }
    table
}
