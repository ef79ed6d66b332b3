//! Text taken apart into words and phrases of up to three words, each with what the vocabulary knows of it. Nothing is
//! allocated: words are only ever their hashes, lower-cased and without diacritics.

use super::vocabulary::{self, Entry, extend};

/// Longer words are in no vocabulary and are told apart by their beginnings only.
const WORD: usize = 40;

/// A word, and what is known of it and of the phrase that it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// Names the word.
    pub(crate) hash: u32,
    /// Where the word ends.
    pub(crate) end: usize,
    /// What the vocabulary says of the word by itself.
    pub(crate) single: Entry,
    /// What it says of the longest phrase that ends with the word, and is not just the word.
    pub(crate) phrase: Entry,
    /// Whether the known one is there in the plural.
    pub(crate) is_plural: bool,
}

impl Word {
    /// What is known of the phrase, or else of the word.
    pub(crate) fn entry(&self) -> Entry {
        if self.phrase.is_known() { self.phrase } else { self.single }
    }
}

/// The hash of a word that has been read so far.
#[derive(Clone, Copy, Default)]
struct Hash {
    now: u32,
    before_last: u32,
    last: u8,
}

impl Hash {
    fn new() -> Self {
        Self { now: vocabulary::SEED, before_last: vocabulary::SEED, last: 0 }
    }

    fn push(&mut self, byte: u8) {
        (self.before_last, self.last) = (self.now, byte);
        self.now = extend(self.now, byte);
    }

    /// What the vocabulary knows, and whether of the singular of what was read.
    fn look_up(&self) -> (Entry, bool) {
        let entry = vocabulary::look_up(self.now);
        if entry.is_known() || self.last != b's' {
            return (entry, false);
        }
        let entry = vocabulary::look_up(self.before_last);
        (entry, entry.is_known())
    }
}

/// Reads `text` and hands over each word. With `in_key`, camel case and known words that are run together are split.
pub(crate) fn each(text: &str, in_key: bool, mut take: impl FnMut(Word)) {
    if in_key && let Some(word) = simple(text.as_bytes()) {
        return take(word);
    }
    let mut reader = Reader { single: Hash::new(), double: None, triple: None, letters: [0; WORD], length: 0, last: 0 };
    let bytes = text.as_bytes();
    let (mut at, mut previous) = (0, Case::Other);
    while let Some(byte) = bytes.get(at).copied() {
        let begin = at;
        let case = if byte.is_ascii() {
            at += 1;
            Case::of_ascii(byte)
        } else {
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            at += c.len_utf8();
            match is_word_char(c) {
                true if c.is_uppercase() => Case::Upper,
                true => Case::Lower,
                false => Case::Other,
            }
        };
        if case == Case::Other {
            reader.finish(begin, in_key, &mut take);
            // `card_last4` holds no card.
            if byte == b'4' && in_key && reader.last == LAST {
                reader.forget();
                for byte in b"masked" {
                    reader.push_byte(*byte);
                }
                reader.finish(at, in_key, &mut take);
            }
        } else {
            if in_key && case == Case::Upper && reader.length > 0 {
                let next_is_lower = || match bytes.get(at) {
                    Some(next) if next.is_ascii() => next.is_ascii_lowercase(),
                    _ => text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(char::is_lowercase),
                };
                if previous == Case::Lower || (previous == Case::Upper && next_is_lower()) {
                    reader.finish(begin, in_key, &mut take);
                }
            }
            if byte.is_ascii() {
                reader.push_byte(byte.to_ascii_lowercase());
            } else if let Some(c) = text.get(begin..).and_then(|rest| rest.chars().next()) {
                reader.push(c);
            }
        }
        previous = case;
    }
    reader.finish(text.len(), in_key, &mut take);
}

/// A key that is one word in small letters, as most are, unless it may be two run together.
fn simple(key: &[u8]) -> Option<Word> {
    let mut hash = Hash::new();
    for byte in key {
        if !byte.is_ascii_lowercase() {
            return None;
        }
        hash.push(*byte);
    }
    let (single, is_plural) = hash.look_up();
    let may_be_two = !single.is_known() && key.len() >= 6 && vocabulary::may_begin_compound(key);
    (!may_be_two && !key.is_empty()).then(|| Word {
        hash: hash.now,
        end: key.len(),
        single,
        phrase: Entry::default(),
        is_plural,
    })
}

/// The hash of `last`.
const LAST: u32 = {
    let mut hash = vocabulary::SEED;
    let mut rest: &[u8] = b"last";
    while let [byte, tail @ ..] = rest {
        (hash, rest) = (extend(hash, *byte), tail);
    }
    hash
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
    Other,
}

impl Case {
    fn of_ascii(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' => Self::Lower,
            b'A'..=b'Z' => Self::Upper,
            _ => Self::Other,
        }
    }
}

/// Whether `c` belongs to words. Marks that follow a letter do, in scripts that have them.
pub(crate) fn is_word_char(c: char) -> bool {
    c.is_ascii_alphabetic()
        || (!c.is_ascii()
            && !c.is_whitespace()
            && !matches!(c, '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff1f}' | '\u{fffd}' | '\u{964}'))
}

struct Reader {
    single: Hash,
    /// The hash that began with the word before, and with the one before that.
    double: Option<Hash>,
    triple: Option<Hash>,
    letters: [u8; WORD],
    length: usize,
    /// The hash of the word before.
    last: u32,
}

impl Reader {
    fn push(&mut self, c: char) {
        let mut buffer = [0; 4];
        for byte in vocabulary::folded(c, &mut buffer) {
            self.push_byte(*byte);
        }
    }

    fn push_byte(&mut self, byte: u8) {
        self.single.push(byte);
        for longer in [&mut self.double, &mut self.triple].into_iter().flatten() {
            longer.push(byte);
        }
        if let Some(letter) = self.letters.get_mut(self.length) {
            *letter = byte;
        }
        self.length += 1;
    }

    fn forget(&mut self) {
        (self.double, self.triple) = (None, None);
    }

    fn finish(&mut self, end: usize, in_key: bool, take: &mut impl FnMut(Word)) {
        if self.length == 0 {
            return;
        }
        let (single, of_single) = self.single.look_up();
        if in_key && !single.is_known() && (6..=WORD).contains(&self.length) && self.part(end, take) {
            return;
        }
        let (triple, of_triple) = self.triple.map(|hash| hash.look_up()).unwrap_or_default();
        let (phrase, of_phrase) = if triple.is_known() {
            (triple, of_triple)
        } else {
            self.double.as_ref().map(Hash::look_up).unwrap_or_default()
        };
        let is_plural = if phrase.is_known() { of_phrase } else { of_single };
        take(Word { hash: self.single.now, end, single, phrase, is_plural });
        self.next();
    }

    /// Makes ready for another word of the phrase.
    fn next(&mut self) {
        let continued = |mut hash: Hash| {
            hash.push(b' ');
            hash
        };
        self.last = self.single.now;
        self.triple = self.double.map(continued);
        self.double = Some(continued(self.single));
        self.single = Hash::new();
        self.length = 0;
    }

    /// Splits a word that is two run together, such as `useremail`, if both are known for that.
    fn part(&mut self, end: usize, take: &mut impl FnMut(Word)) -> bool {
        let (letters, length) = (self.letters, self.length);
        let word = letters.get(..length).unwrap_or_default();
        let mut head = vocabulary::SEED;
        for (at, byte) in word.iter().enumerate() {
            if at > 12 {
                return false;
            }
            if at >= 2 && vocabulary::look_up(head).begins_compounds() {
                let tail = word.get(at..).unwrap_or_default();
                let (known, _) = hash_of(tail).look_up();
                if known.ends_compounds() {
                    for part in [word.get(..at).unwrap_or_default(), tail] {
                        let before = (self.double, self.triple);
                        *self = Self {
                            single: Hash::new(),
                            double: before.0,
                            triple: before.1,
                            letters: [0; WORD],
                            length: 0,
                            last: 0,
                        };
                        if part.len() == at && part.as_ptr() == word.as_ptr() {
                            (self.double, self.triple) = (None, None);
                        }
                        for byte in part {
                            self.push_byte(*byte);
                        }
                        self.finish(end, false, take);
                    }
                    return true;
                }
            }
            head = extend(head, *byte);
        }
        false
    }
}

fn hash_of(word: &[u8]) -> Hash {
    let mut hash = Hash::new();
    for byte in word {
        hash.push(*byte);
    }
    hash
}

/// Names a key whatever its naming style: `orderRef`, `order_ref` and `order-ref` are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHash(u64);

impl Default for KeyHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl KeyHash {
    /// Adds the next word.
    pub(crate) fn push(&mut self, word: u32) {
        self.0 = (self.0 ^ u64::from(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
    }

    pub(crate) fn of(key: &str) -> Self {
        let mut hash = Self::default();
        each(key, true, |word| hash.push(word.hash));
        hash
    }
}
