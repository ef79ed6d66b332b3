//! What a key says of its value: `resetToken` tells, `token_count` and `keyboard` do not.

use super::vocabulary::{Entry, TOLD, Told, flag};
use super::words;
use crate::kind::Kind;
use crate::policy::Policy;
use crate::shape::Shape;

/// What is known of a key. Empty for what is no key.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the key")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key {
    /// Places in [`TOLD`], the first to count first; `u8::MAX` ends them.
    told: Places,
    is_plural: bool,
    /// What is said of the last word, and of any word or phrase.
    last: Flags,
    any: Flags,
    /// Whether one of the words names a thing of the business.
    is_thing: bool,
    /// Whether one of the words is a version's.
    pub(crate) is_version: bool,
    /// Whether the last word is an id.
    is_id: bool,
    is_serial: bool,
    /// Whether the last word is what the key is about, and the telling one says which: `secret_menu`.
    is_of_another: bool,
    words: u8,
    /// The place of the client's rule that names the key, from 1.
    own_rule: u8,
    /// Whether the client wants the value left alone.
    pub(crate) is_untouched: bool,
    pub(crate) is_allowed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Flags(u32);

impl Flags {
    fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Places([u8; 4]);

impl Default for Places {
    fn default() -> Self {
        Self([u8::MAX; 4])
    }
}

impl Places {
    /// Adds a place in order, if there is room.
    fn add(&mut self, place: usize) {
        let Ok(mut place) = u8::try_from(place) else { return };
        for known in &mut self.0 {
            if *known == place {
                return;
            }
            if *known > place {
                std::mem::swap(known, &mut place);
            }
        }
    }

    fn is_only(self, place: usize) -> bool {
        matches!(self.0, [first, u8::MAX, ..] if usize::from(first) == place)
    }

    fn iter(&self) -> impl Iterator<Item = &'static Told> {
        self.0.into_iter().filter_map(|place| TOLD.get(usize::from(place)))
    }
}

/// The place in [`TOLD`] of the first list with this kind and shape.
fn place_of(kind: Kind, shape: Shape) -> usize {
    TOLD.iter().position(|told| told.kind == kind && told.shape == shape).unwrap_or(usize::MAX)
}

impl Key {
    /// What `key` tells.
    pub(crate) fn of(key: &str, policy: &Policy) -> Self {
        // A remark behind the name of a field: `Telefon (optional)`.
        let key = key.strip_suffix(')').and_then(|key| key.rsplit_once(" (")).map_or(key, |(key, _)| key);
        let mut known = Self::default();
        let mut first = Entry::default();
        let (mut named, mut before) = (Entry::default(), Entry::default());
        // Whether the words that could say otherwise are part of a phrase that tells: `born on`, `no secu`.
        let (mut is_head_told, mut is_tail_told) = (false, false);
        let mut is_person = false;
        let mut hash = super::words::KeyHash::default();
        words::each(key, true, |word| {
            hash.push(word.hash);
            if known.words == 0 {
                first = word.single;
            }
            known.words = known.words.saturating_add(1);
            let entry = word.entry();
            let teller = match word.phrase {
                phrase if phrase.tells() => phrase,
                // A page token is where the next page begins.
                phrase if phrase.has(flag::THING) => Entry::default(),
                _ => word.single,
            };
            if word.phrase.tells() && word.phrase_words == known.words {
                known.told = Places::default();
            }
            is_person |= teller.tells() && !word.single.has(flag::NAME);
            for place in teller.told() {
                known.told.add(place);
                known.is_plural |= word.is_plural;
            }
            if word.single.has(flag::NAME) && before.has(flag::PERSON) {
                known.told.add(place_of(Kind::Name, Shape::Letters));
            }
            known.any.0 |= word.single.flags() | word.phrase.flags();
            known.is_thing |= entry.has(flag::THING) || word.single.has(flag::THING);
            known.is_version |= entry.has(flag::VERSION) || word.single.has(flag::VERSION);
            known.is_id = word.single.has(flag::NAMING);
            known.is_serial = word.single.has(flag::SERIAL);
            is_head_told |= word.phrase.tells() && word.phrase_words == known.words;
            if !known.is_id {
                (named, is_tail_told) = (word.single, word.phrase.tells());
            }
            known.is_of_another = known.tells() && !teller.tells() && !goes_with_a_value(word.single);
            known.last = Flags(word.single.flags());
            before = word.single;
        });
        // `nom_produit` is what a thing is called.
        if (known.is_thing || known.any(flag::NAMED))
            && !is_person
            && known.told.is_only(place_of(Kind::Name, Shape::Person))
        {
            known.told = Places::default();
        }
        if !policy.is_empty() {
            known.own_rule = policy.rule_of_key(key);
            known.is_untouched = policy.never_touches(hash);
            known.is_allowed = policy.allows(hash);
        }
        if known.words > 1
            && (first.has(flag::HEAD) && !is_head_told || named.has(flag::TAIL | flag::NOTES) && !is_tail_told)
        {
            known.told = Places::default();
        }
        known
    }

    /// Whether the client wants the key to stay as it came.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_allowed || self.is_untouched
    }

    /// Whether the key says something of its value.
    pub(crate) fn tells(&self) -> bool {
        self.told != Places::default() || self.own_rule > 0
    }

    /// The kind and rule of `text`, if it can be what the key says. `strictly` where prose is as likely as a value.
    pub(crate) fn fits<'p>(&self, text: &str, strictly: bool, policy: &'p Policy) -> Option<(Kind, &'p str)> {
        if !self.tells() {
            return None;
        }
        if let Some(rule) = policy.own_rule(self.own_rule).filter(|_| Shape::Any.fits(text)) {
            return Some((rule.kind, &rule.name));
        }
        let narrow = crate::text::width::narrow(text);
        let text = narrow.as_ref().map_or(text, |view| view.text.as_str());
        let fits = |told: &&Told| {
            self.can_be(told, text)
                && told.shape.fits(text)
                && !self.counts(told, text)
                && !(strictly && told.shape.is_vague() && !looks_chosen(told.kind, text))
        };
        let is_mailbox = || text.split_once('@').is_some_and(|(_, host)| host.contains('.'));
        self.told.iter().find(fits).map(|told| {
            let kind = if told.kind == Kind::Name && is_mailbox() { Kind::Email } else { told.kind };
            (kind, crate::rules::TELLING_KEY)
        })
    }

    /// The same for `number`, the text of a JSON number.
    pub(crate) fn fits_number<'p>(&self, number: &str, policy: &'p Policy) -> Option<(Kind, &'p str)> {
        if let Some(rule) = policy.own_rule(self.own_rule) {
            return Some((rule.kind, &rule.name));
        }
        let fits =
            |told: &&Told| self.can_be(told, number) && told.shape.fits_number(number) && !self.counts(told, number);
        self.told.iter().find(fits).map(|told| (told.kind, crate::rules::TELLING_KEY))
    }

    /// The same for a JSON number beside a name. Metrics are written like that, too, so only what consists of digits is
    /// taken, and of a password only as many as make one.
    pub(crate) fn fits_number_beside<'p>(&self, number: &str, policy: &'p Policy) -> Option<(Kind, &'p str)> {
        let found = self.fits_number(number, policy)?;
        match found.0 {
            Kind::Password if number.len() < 6 && !Shape::Pin.fits_number(number) => None,
            Kind::Password if self.told.iter().next().is_some_and(|told| told.shape == Shape::Any) => {
                Shape::Key.fits_number(number).then_some(found)
            }
            Kind::Email | Kind::Secret | Kind::Token => None,
            _ => Some(found),
        }
    }

    fn can_be(&self, told: &Told, text: &str) -> bool {
        // `phone_case_sku` is about the case.
        if self.words > 1 && self.last.has(flag::THING) && !matches!(told.kind, Kind::Token | Kind::Secret) {
            return false;
        }
        match told.kind {
            Kind::Email if self.is_of_another && !text.contains('@') => false,
            // `user_segment`, `nome_pagina`
            Kind::Name if told.shape == Shape::Person => !self.is_of_another,
            Kind::NationalId => !crate::shape::is_decimal(text),
            Kind::Card | Kind::Phone => !(self.is_id && self.words > 1),
            Kind::Email => {
                let is_number = self.is_id && !text.contains('@') && text.bytes().any(|b| b.is_ascii_digit());
                !(self.words > 1 && (self.is_serial || is_number))
            }
            Kind::Token | Kind::Secret if self.is_of_another && !crate::shape::is_token(text) => false,
            Kind::Address if self.is_of_another && told.shape == Shape::Street => {
                text.contains([' ', '+']) || !text.is_ascii() || text.bytes().any(|b| b.is_ascii_digit())
            }
            Kind::Coordinates if self.is_of_another => crate::shape::is_precise(text),
            Kind::Token if told.shape == Shape::Loose => {
                // A session that is named by a UUID is the analysis' own.
                !(self.words > 1 && (self.is_serial || (self.is_id && self.words == 2 && crate::shape::is_uuid(text))))
            }
            Kind::Token if told.shape == Shape::Random => !self.is_thing,
            _ => true,
        }
    }

    /// Whether `text` is how many there are: `sessions=1234567`.
    fn counts(&self, told: &Told, text: &str) -> bool {
        /// Longer numbers count nothing.
        const LONGEST: usize = 12;
        let is_counted = self.is_plural && matches!(told.kind, Kind::Email | Kind::Secret | Kind::Token);
        is_counted && text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit())
    }

    /// Whether only what looks random is what the key tells of.
    pub(crate) fn must_be_random(&self) -> bool {
        self.own_rule == 0 && self.told.iter().all(|told| told.shape == Shape::Random)
    }

    /// Whether what the key tells of is a number, in groups or not.
    pub(crate) fn is_number(&self) -> bool {
        self.told.iter().next().is_some_and(|told| {
            matches!(
                told.kind,
                Kind::Phone | Kind::NationalId | Kind::Card | Kind::Iban | Kind::BirthDate | Kind::Postcode
            )
        })
    }

    /// Whether the value is a code that is typed once.
    pub(crate) fn is_code(&self) -> bool {
        self.told.iter().next().is_some_and(|told| told.shape == Shape::Code)
    }

    /// Whether the value is a street or an address.
    pub(crate) fn is_street(&self) -> bool {
        self.told.iter().any(|told| told.kind == Kind::Address)
    }

    /// Whether the value is a network address, alone or with others.
    pub(crate) fn is_network(&self) -> bool {
        self.told.iter().any(|told| told.kind == Kind::Ip)
    }

    /// Whether one of the words is a thing of the business, so that what looks random is its id.
    pub(crate) fn is_thing(&self) -> bool {
        self.is_thing
    }

    /// Whether the last word is what the key is about, and the telling one says which.
    pub(crate) fn is_of_another(&self) -> bool {
        self.is_of_another
    }

    /// How many words there are.
    pub(crate) fn words(&self) -> u8 {
        self.words
    }

    /// Whether a word or phrase has `flag`.
    pub(crate) fn any(&self, flag: u32) -> bool {
        self.any.has(flag)
    }

    /// Whether what stands in a container under the key speaks about the data.
    pub(crate) fn is_notes(&self) -> bool {
        self.last.has(flag::NOTES)
    }

    pub(crate) fn is_person(&self) -> bool {
        self.last.has(flag::PERSON) && !self.last.has(flag::ROLE)
    }

    pub(crate) fn is_address(&self) -> bool {
        self.last.has(flag::ADDRESS)
    }

    /// Whether the key is nothing but the word for a name.
    pub(crate) fn is_name(&self) -> bool {
        self.words == 1 && self.last.has(flag::NAME)
    }

    /// Whether only what stands around it says whose name the value is.
    pub(crate) fn is_bare_name(&self) -> bool {
        self.is_name() && self.is_vague_name()
    }

    /// Whether the key tells nothing, or only that the value may be a name.
    pub(crate) fn is_vague_name(&self) -> bool {
        self.own_rule == 0 && (self.told == Places::default() || self.told.is_only(place_of(Kind::Name, Shape::Person)))
    }

    /// Whether the value is a password only where somebody logs in.
    pub(crate) fn is_pass(&self) -> bool {
        self.words == 1 && self.told.is_only(place_of(Kind::Password, Shape::Pass)) && self.own_rule == 0
    }

    /// The same without what it tells.
    pub(crate) fn untold(self) -> Self {
        Self { told: Places::default(), ..self }
    }

    /// Whether a name in a container under the key is that of a thing.
    pub(crate) fn is_named(&self) -> bool {
        let is_thing = |flags: Flags| flags.has(flag::THING | flag::NAMED) && !flags.has(flag::RECORD);
        is_thing(self.last) || is_thing(self.any) && !self.any.has(flag::PERSON)
    }

    /// Whether the key says whom something is for, so that a street may follow.
    pub(crate) fn is_role(&self) -> bool {
        self.last.has(flag::ROLE)
    }

    /// Whether the key speaks about what is above it.
    pub(crate) fn is_about(&self) -> bool {
        self.last.has(flag::TAIL)
    }

    pub(crate) fn is_line(&self) -> bool {
        self.last.has(flag::LINE)
    }

    /// Keys that name the field whose value stands beside them.
    pub(crate) fn names_a_field(&self) -> bool {
        self.words <= 2 && self.last.has(flag::NAMES)
    }

    /// Keys that hold the value of the field named beside them.
    pub(crate) fn holds_the_value(&self) -> bool {
        self.words <= 2 && self.last.has(flag::HOLDS)
    }

    /// Whether what the key holds is for people to read, so that a field is named in words.
    pub(crate) fn is_question(&self) -> bool {
        self.words == 1 && self.last.has(flag::ASKS)
    }

    /// What a container tells of what is in it.
    pub(crate) fn passes_to(&self, inner: &Self) -> bool {
        let is_apart = inner.is_about() || self.is_birth() && inner.is_date_part();
        !is_apart && (inner.holds_the_value() || self.passes_to_all(inner))
    }

    fn passes_to_all(&self, inner: &Self) -> bool {
        inner.is_id && self.told.iter().next().is_some_and(|told| told.kind == Kind::Token)
            || self.told.iter().next().is_some_and(|told| {
                matches!(told.kind, Kind::Password | Kind::Secret | Kind::CardCode | Kind::NationalId)
            })
    }

    /// The key of a person's name.
    pub(crate) fn of_name() -> Self {
        let mut key = Self { words: 1, ..Self::default() };
        key.told.add(place_of(Kind::Name, Shape::Letters));
        key
    }

    /// The key of a line of an address.
    pub(crate) fn of_line() -> Self {
        let mut key = Self { words: 1, ..Self::default() };
        key.told.add(place_of(Kind::Address, Shape::Street));
        key.told.add(place_of(Kind::Address, Shape::HouseNumber));
        key
    }

    /// The key of a day, month or year of birth.
    pub(crate) fn of_date_part() -> Self {
        let mut key = Self { words: 1, ..Self::default() };
        key.told.add(place_of(Kind::BirthDate, Shape::HouseNumber));
        key
    }

    /// Whether the key is one of a part of a date.
    pub(crate) fn is_date_part(&self) -> bool {
        self.words == 1 && self.any.has(flag::DATE_PART)
    }

    /// Whether a container under the key is a date of birth in parts.
    pub(crate) fn is_birth(&self) -> bool {
        self.told.iter().next().is_some_and(|told| told.kind == Kind::BirthDate)
    }

    /// Whether the value is a person's own, so that a name beside it is that person's: not the name of another.
    pub(crate) fn is_own(&self) -> bool {
        self.told.iter().next().is_some_and(|told| match told.kind {
            Kind::Email | Kind::Phone | Kind::BirthDate | Kind::NationalId => true,
            Kind::Name => told.shape == Shape::Letters && !self.any.has(flag::PERSON),
            _ => false,
        })
    }

    /// Whether a name beside the value may be that of something that can be called.
    pub(crate) fn is_phone(&self) -> bool {
        self.told.iter().next().is_some_and(|told| told.kind == Kind::Phone)
    }

    /// Whether the key says whose the value is rather than what: its neighbours are a person's.
    pub(crate) fn is_personal(&self) -> bool {
        self.told.iter().next().is_some_and(|told| {
            matches!(
                told.kind,
                Kind::Email | Kind::Phone | Kind::BirthDate | Kind::NationalId | Kind::Postcode | Kind::Iban
            )
        })
    }
}

/// Whether a word behind the telling one says whose the value is, or which of them, rather than what it is.
fn goes_with_a_value(word: Entry) -> bool {
    word.has(flag::HOLDS | flag::SERIAL | flag::PERSON | flag::JOINS) || word.has(flag::NAMING) && !word.has(flag::NAME)
}

/// Whether `text` is no word, and so a value where prose is as likely: a password may be a word with a mark and digits.
fn looks_chosen(kind: Kind, text: &str) -> bool {
    let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
    crate::shape::is_loose(text)
        || kind == Kind::Password
            && (Shape::Pass.fits(text)
                // `Soleil_2021`
                || !text.contains([' ', '/']) && count(u8::is_ascii_digit) >= 2 && count(u8::is_ascii_alphabetic) >= 3)
}
