//! The words themselves, in a dozen languages, and the table they are looked up in. The table is made by the compiler,
//! so that the first call costs no more than any other. Words are written lower-case and without diacritics, a phrase
//! with spaces; a plural with `s` is known with its singular.

mod clue;
pub(crate) mod flag;
mod fold;
mod told;

pub(crate) use clue::Clue;
use clue::{CLUE_WORDS, CLUES};
use flag::{FLAGS, JOINS, NAME};
pub(crate) use fold::folded;
use told::TOLD_WORDS;
pub(crate) use told::{TOLD, Told};

/// What is known of a word or phrase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    hash: u32,
    flags: u32,
    /// A place in [`TOLD`] and in [`CLUES`], from 1.
    told: [u8; 2],
    clue: u8,
}

impl Entry {
    const NONE: Self = Self { hash: 0, flags: 0, told: [0; 2], clue: 0 };

    pub(crate) fn is_known(self) -> bool {
        self.hash != 0
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

const SLOTS: usize = 8192;
const ENTRIES: usize = 3400;

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

const fn slot(hash: u32) -> usize {
    ((hash ^ (hash >> 15)) as usize) & (SLOTS - 1)
}

/// Open addressing: a slot holds the place of an entry, from 1.
struct Table {
    slots: [u16; SLOTS],
    entries: [Entry; ENTRIES],
    length: usize,
    /// A bit for each phrase's beginning, so that few words are looked up as the next of one.
    beginnings: [u32; BEGINNINGS],
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
    let mut at = slot(hash);
    while let Some(place) = TABLE.slots.get(at).copied().filter(|place| *place > 0) {
        match TABLE.entries.get(usize::from(place) - 1) {
            Some(entry) if entry.hash == hash => return *entry,
            _ => at = (at + 1) & (SLOTS - 1),
        }
    }
    Entry::NONE
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::large_stack_arrays,
    reason = "runs in the compiler, which checks it"
)]
const fn build() -> Table {
    let mut table =
        Table { slots: [0; SLOTS], entries: [Entry::NONE; ENTRIES], length: 0, beginnings: [0; BEGINNINGS] };
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
const fn add(mut table: Table, words: &str, flags: u32, told: u8, clue: u8) -> Table {
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
        let mut found = slot(hash);
        while table.slots[found] > 0 && table.entries[table.slots[found] as usize - 1].hash != hash {
            found = (found + 1) & (SLOTS - 1);
        }
        if table.slots[found] == 0 {
            table.entries[table.length].hash = hash;
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
