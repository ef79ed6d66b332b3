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
    /// How many words the phrase has; 0 when there is none.
    pub(crate) phrase_words: u8,
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

    /// The hash of the phrase that the word ends.
    fn after(self, phrase: u32) -> Self {
        let join = |word| vocabulary::join(phrase, word);
        Self { now: join(self.now), before_last: join(self.before_last), last: self.last }
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
    let mut reader = Reader::new(in_key);
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
            if byte == b'4' && in_key && reader.is_after_last {
                (reader.before, reader.two_before) = (None, None);
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
    let may_be_two = !single.is_known()
        && key.len() >= 5
        && (vocabulary::may_begin_compound(key)
            || key.windows(2).any(|pair| matches!(pair, [b'a' | b'o' | b'u', b'e']))
            || may_end_compound(key) && SERIAL_ENDS.iter().chain(&TELLING_ENDS).any(|ending| key.ends_with(ending)));
    (!may_be_two && !key.is_empty()).then(|| Word {
        hash: hash.now,
        end: key.len(),
        single,
        phrase: Entry::default(),
        phrase_words: 0,
        is_plural,
    })
}

/// How words end that number something.
const SERIAL_ENDS: [&[u8]; 5] = [b"number", b"nummer", b"numero", b"nr", b"no"];

/// Words that tell whatever is put before them: `leveransadress`, `ご住所`.
const TELLING_ENDS: [&[u8]; 10] = [
    b"anschrift",
    b"vorname",
    b"nachname",
    b"adresse",
    b"adress",
    b"adres",
    b"telefon",
    "住所".as_bytes(),
    "電話".as_bytes(),
    "氏名".as_bytes(),
];

/// Whether the last two letters are those of an ending: most words are none with one look.
fn may_end_compound(key: &[u8]) -> bool {
    matches!(
        key,
        [.., b'f', b't']
            | [.., b'm', b'e']
            | [.., b'e', b'r' | b's']
            | [.., b's', b'e' | b's']
            | [.., b'n', b'o' | b'r']
            | [.., b'r' | b'o', b'o' | b'n']
    )
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
    /// The word before, and the phrase of the two before.
    before: Option<u32>,
    two_before: Option<u32>,
    letters: [u8; WORD],
    length: usize,
    /// Whether the word before was `last`.
    is_after_last: bool,
    /// The word before and this one run together, in keys.
    both: Option<Hash>,
    /// How long the word before is.
    length_before: usize,
    in_key: bool,
}

impl Reader {
    fn new(in_key: bool) -> Self {
        Self {
            both: None,
            length_before: 0,
            in_key,
            single: Hash::new(),
            before: None,
            two_before: None,
            letters: [0; WORD],
            length: 0,
            is_after_last: false,
        }
    }

    fn push(&mut self, c: char) {
        let mut buffer = [0; 4];
        for byte in vocabulary::folded(c, &mut buffer) {
            self.push_byte(*byte);
        }
    }

    fn push_byte(&mut self, byte: u8) {
        self.single.push(byte);
        if let Some(both) = &mut self.both {
            both.push(byte);
        }
        if let Some(letter) = self.letters.get_mut(self.length) {
            *letter = byte;
        }
        self.length += 1;
    }

    fn finish(&mut self, end: usize, in_key: bool, take: &mut impl FnMut(Word)) {
        if self.length == 0 {
            return;
        }
        let (single, of_single) = self.single.look_up();
        if !single.is_known() && self.unfold() {
            let (single, of_single) = self.single.look_up();
            return self.take(end, single, of_single, take);
        }
        if in_key && !single.is_known() && (5..=WORD).contains(&self.length) && self.part(end, take) {
            return;
        }
        self.take(end, single, of_single, take);
    }

    /// Reads `ae`, `oe` and `ue` as the letters with marks that they stand for where those cannot be typed, and says
    /// whether that is a known word.
    fn unfold(&mut self) -> bool {
        let word = self.letters.get(..self.length).unwrap_or_default();
        if vocabulary::may_begin_phrase(self.single.now)
            || !word.windows(2).any(|pair| matches!(pair, [b'a' | b'o' | b'u', b'e']))
        {
            return false;
        }
        let (mut hash, mut before) = (Hash::new(), 0);
        for byte in word {
            if !(*byte == b'e' && matches!(before, b'a' | b'o' | b'u')) {
                hash.push(*byte);
            }
            before = *byte;
        }
        let is_known = hash.look_up().0.is_known() || vocabulary::may_begin_phrase(hash.now);
        if is_known {
            self.single = hash;
        }
        is_known
    }

    /// Hands over the word, and makes ready for another of the phrase.
    fn take(&mut self, end: usize, single: Entry, of_single: bool, take: &mut impl FnMut(Word)) {
        let (mut phrase, mut phrase_words) = ((Entry::default(), of_single), 0);
        for (words, longer) in [(2, self.before), (3, self.two_before)] {
            let Some(longer) = longer else { continue };
            if vocabulary::may_begin_phrase(longer) {
                let (entry, is_plural) = self.single.after(longer).look_up();
                if entry.is_known() {
                    // The longer one counts, unless only the shorter says something of a value.
                    let told = phrase.0;
                    (phrase, phrase_words) = ((entry.or_told(told), is_plural), words);
                }
            }
        }
        if let Some((both, is_plural)) = self.run_together().filter(|_| !phrase.0.tells()) {
            (phrase, phrase_words) = ((both, is_plural), 2);
        }
        let hash = self.single.now;
        self.both = self.in_key.then_some(self.single);
        self.length_before = self.length;
        take(Word { hash, end, single, phrase: phrase.0, phrase_words, is_plural: phrase.1 });
        self.two_before = self.before.map(|before| vocabulary::join(before, hash));
        self.before = Some(hash);
        self.is_after_last = hash == LAST;
        self.single = Hash::new();
        self.length = 0;
    }

    /// What a key tells whose last two words are mostly written as one: `geburtsDatum`, `vor_name`. Of short ones the
    /// whole is a matter of chance.
    fn run_together(&self) -> Option<(Entry, bool)> {
        const LEAST: usize = 3;
        let both = self.both.filter(|_| self.length_before >= LEAST && self.length >= LEAST)?;
        Some(both.look_up()).filter(|(entry, _)| entry.tells())
    }

    fn take_both(&mut self, end: usize, head: Hash, tail: Hash, take: &mut impl FnMut(Word)) {
        (self.before, self.two_before, self.both) = (None, None, None);
        for part in [head, tail] {
            self.single = part;
            let (single, of_single) = part.look_up();
            self.take(end, single, of_single, take);
        }
    }

    /// Splits a word that is two run together, such as `useremail`, if both are known for that.
    fn part(&mut self, end: usize, take: &mut impl FnMut(Word)) -> bool {
        /// Those that begin compounds are no longer.
        const HEAD: usize = 12;
        let letters = self.letters;
        let word = letters.get(..self.length).unwrap_or_default();
        // `cprnr` and `panno` number what they begin with.
        let numbered = SERIAL_ENDS.iter().find_map(|ending| {
            let head = hash_of(word.strip_suffix(*ending)?);
            head.look_up().0.tells().then(|| (head, hash_of(ending)))
        });
        if let Some((head, tail)) = numbered {
            self.take_both(end, head, tail, take);
            return true;
        }
        let told = TELLING_ENDS.iter().find_map(|ending| Some((word.strip_suffix(*ending)?, hash_of(ending))));
        if let Some((head, tail)) = told {
            self.take_both(end, hash_of(head), tail, take);
            return true;
        }
        if !vocabulary::may_begin_compound(word) && word.is_ascii() {
            return false;
        }
        let mut head = Hash::new();
        for (at, byte) in word.iter().enumerate().take(HEAD + 1) {
            if at >= 2 && vocabulary::look_up(head.now).begins_compounds() {
                let tail = hash_of(word.get(at..).unwrap_or_default());
                if tail.look_up().0.ends_compounds() {
                    self.take_both(end, head, tail, take);
                    return true;
                }
            }
            head.push(*byte);
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
