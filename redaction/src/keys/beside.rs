//! What the neighbours of a value say of it, where its key says too little: `name` is a person's beside an email address,
//! and a product's beside a price.

use super::telling::Key;
use super::vocabulary::flag;
use crate::kind::Kind;
use crate::shape::{self, Shape};

/// What is known of the keys and values of one object, or of one query.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the neighbours")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    /// Whether a key may hold something of a person's.
    is_person: bool,
    /// Whether a value is a person's, or only a telephone number.
    is_certain: bool,
    is_reachable: bool,
    /// Whether something is for sale.
    is_goods: bool,
    /// Whether it has a version.
    is_software: bool,
    /// Whether somebody logs in.
    is_login: bool,
    /// Whether it is a thing that has a name of its own, or something in one.
    is_named: bool,
    is_in_named: bool,
    /// Whether they stand under a key, which would say so if they were a person's.
    is_part: bool,
}

impl Beside {
    /// What is known before a neighbour is read: that they stand under `outer`, and where that stands.
    pub(crate) fn under(outer: &Key, above: &Self) -> Self {
        let is_in_named = (above.is_named || above.is_in_named) && !outer.is_person();
        Self { is_named: outer.is_named(), is_in_named, is_part: outer.words() > 0, ..Self::default() }
    }

    /// The same, for one that stands under `outer`: `form[name]`.
    pub(crate) fn part_of(self, outer: &Key) -> Self {
        Self { is_named: self.is_named || outer.is_named(), is_part: self.is_part || outer.words() > 0, ..self }
    }

    /// Adds a key.
    pub(crate) fn add(&mut self, key: &Key) {
        self.is_person |= key.is_personal();
        self.is_software |= key.is_version;
        self.is_goods |= key.any(flag::GOODS);
        self.is_login |= key.any(flag::LOGIN);
    }

    /// Adds that the value under `key` is what the key says.
    pub(crate) fn confirm(&mut self, key: &Key) {
        if key.is_phone() {
            self.is_reachable = true;
        } else {
            self.is_certain |= key.is_own();
        }
    }

    /// Whether any name under `outer` is a person's: `{"customer": {"name": …}}`, `{"name": {"first": …}}`.
    pub(crate) fn is_of_person(&self, outer: &Key) -> bool {
        !self.is_software && (outer.is_person() || outer.is_name() && !self.is_in_named)
    }

    /// What `text` is by its neighbours, under a key that is a word for any name or pass.
    pub(crate) fn tells(&self, key: &Key, text: &str) -> Option<(Kind, &'static str)> {
        let kind = if key.is_pass() { Kind::Password } else { Kind::Name };
        let fits = match kind {
            Kind::Password => self.is_login && !self.is_goods && Shape::Any.fits(text),
            _ => self.is_name(key, text),
        };
        fits.then_some((kind, crate::rules::TELLING_KEY))
    }

    /// Whether `text`, under `key`, which is a word for any name, is a person's.
    fn is_name(&self, key: &Key, text: &str) -> bool {
        if self.is_named || self.is_software {
            return false;
        }
        let is_doubtful = self.is_goods || self.is_in_named;
        if self.is_certain || self.is_reachable && !is_doubtful {
            return shape::may_be_name(text);
        }
        !is_doubtful && (self.is_person || key.tells() && !self.is_part) && Shape::Person.fits(text)
    }
}
