//! What is known of an object or array while the scanner is in it.

use super::literal::Literal;
use crate::keys::beside::Beside;
use crate::keys::telling::Key;
use crate::keys::vocabulary::flag;

/// An object or array that the scanner is in.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the container")]
#[derive(Default)]
pub(super) struct Frame {
    pub(super) is_object: bool,
    /// The key before the container.
    pub(super) outer: Key,
    /// Whether what is in here speaks about the data instead of holding it.
    pub(super) is_notes: bool,
    /// Whether nothing in here is touched.
    pub(super) is_untouched: bool,
    /// Whether the next string of the object is a key.
    pub(super) awaits_key: bool,
    pub(super) key: Key,
    /// The value beside `name` as a key, and whether it is a question in words.
    pub(super) named: Option<(Key, bool)>,
    /// What stands beside `value` and its like.
    pub(super) values: Vec<Literal>,
    /// What is told by its neighbours alone, and its key.
    pub(super) doubtful: Vec<(Literal, Key)>,
    pub(super) beside: Beside,
    /// Whether something was found within one of the values.
    pub(super) is_changed: bool,
}

impl Frame {
    /// A container in `above`, or the outermost, which stands under `key`.
    pub(super) fn within(above: Option<&Self>, key: Key, is_object: bool) -> Self {
        let Some(above) = above else {
            return Self { is_object, awaits_key: is_object, outer: key, ..Self::default() };
        };
        let outer = if above.is_object { above.inherited() } else { above.outer };
        Self {
            is_object,
            awaits_key: is_object,
            outer,
            beside: Beside::under(&outer, &above.beside),
            is_notes: above.is_notes || (above.is_object && above.key.is_notes()),
            is_untouched: above.is_untouched || (above.is_object && above.key.is_untouched),
            ..Self::default()
        }
    }

    /// What is known of the value that the scanner is at.
    pub(super) fn told(&self) -> Key {
        if !self.is_object {
            return self.outer;
        }
        if self.is_notes {
            return Key::default();
        }
        if self.key.is_name() && self.beside.is_of_person(&self.outer) {
            return Key::of_name();
        }
        let is_line =
            self.outer.is_address() && self.key.is_line() || self.outer.is_role() && self.key.any(flag::STREET_LINE);
        if !self.key.tells() && is_line {
            return Key::of_line();
        }
        let is_code = self.key.must_be_random() && self.outer.is_code();
        if (!self.key.tells() || is_code) && self.outer.tells() && self.outer.passes_to(&self.key) {
            return self.outer;
        }
        if self.outer.is_birth() && self.key.is_date_part() {
            return Key::of_date_part();
        }
        if self.key.is_bare_name() { self.key.untold() } else { self.key }
    }

    /// What a container under the current key passes on.
    fn inherited(&self) -> Key {
        if !self.key.tells()
            && !self.key.is_person()
            && !self.key.is_address()
            && self.outer.tells()
            && self.outer.passes_to(&self.key)
        {
            return self.outer;
        }
        self.key
    }
}
