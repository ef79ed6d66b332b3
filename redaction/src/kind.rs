//! The kinds of personal data, and the placeholder that takes the place of each.

use serde::{Deserialize, Serialize};

/// What a piece of text was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A postal address, or what leads to a door.
    Address,
    /// A date of birth.
    BirthDate,
    /// A payment card number.
    Card,
    /// The check code of a payment card.
    CardCode,
    /// A place on Earth, precise enough to be somebody's.
    Coordinates,
    /// An email address.
    Email,
    /// A bank account number.
    Iban,
    /// A network address.
    Ip,
    /// The hardware address of a network card.
    Mac,
    /// A person's name or login name.
    Name,
    /// A number that a state gave to a person.
    NationalId,
    /// A password, a PIN or a one-time code.
    Password,
    /// A telephone number.
    Phone,
    /// A postal code.
    Postcode,
    /// A key of a known shape, or the credentials in an address.
    Secret,
    /// What admits its bearer: a session, a reset link, an invitation.
    Token,
    /// The value of a query parameter that is not on the list of those to keep.
    Unlisted,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Address,
        Self::BirthDate,
        Self::Card,
        Self::CardCode,
        Self::Coordinates,
        Self::Email,
        Self::Iban,
        Self::Ip,
        Self::Mac,
        Self::Name,
        Self::NationalId,
        Self::Password,
        Self::Phone,
        Self::Postcode,
        Self::Secret,
        Self::Token,
        Self::Unlisted,
    ];

    /// The name used in counts and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        let placeholder = self.placeholder();
        placeholder.get(1..placeholder.len() - 1).unwrap_or_default()
    }

    /// What stands where the data was. No rule finds anything in it, and it needs no escaping in JSON.
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Address => "[address]",
            Self::BirthDate => "[birth_date]",
            Self::Card => "[card]",
            Self::CardCode => "[card_code]",
            Self::Coordinates => "[coordinates]",
            Self::Email => "[email]",
            Self::Iban => "[iban]",
            Self::Ip => "[ip]",
            Self::Mac => "[mac]",
            Self::Name => "[name]",
            Self::NationalId => "[national_id]",
            Self::Password => "[password]",
            Self::Phone => "[phone]",
            Self::Postcode => "[postcode]",
            Self::Secret => "[secret]",
            Self::Token => "[token]",
            Self::Unlisted => "[unlisted]",
        }
    }
}

/// Whether `text` is what this crate wrote on an earlier pass.
pub(crate) fn is_placeholder(text: &str) -> bool {
    text.starts_with('[') && Kind::ALL.iter().any(|kind| kind.placeholder() == text)
}

/// Whether something in `text` was replaced. `login[password]` is the name of a field.
pub(crate) fn was_replaced(text: &str) -> bool {
    text.match_indices('[').any(|(at, _)| {
        let is_part = text
            .get(..at)
            .is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ']')));
        !is_part && text.get(at..).is_some_and(|rest| Kind::ALL.iter().any(|kind| rest.starts_with(kind.placeholder())))
    })
}

/// Whether nothing is left in `text` but what this crate wrote, in brackets that an address may have encoded.
pub(crate) fn holds_placeholder(text: &str) -> bool {
    text.contains('[') && Kind::ALL.iter().any(|kind| text.contains(kind.placeholder()))
}
