//! The kinds of personal data, and the placeholder that takes the place of each.

/// What a piece of text was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A postal address.
    Address,
    /// A date of birth.
    BirthDate,
    /// A payment card number.
    Card,
    /// The check code of a payment card.
    CardCode,
    /// An email address.
    Email,
    /// A bank account number.
    Iban,
    /// A network address.
    Ip,
    /// A person's name or login name.
    Name,
    /// A number that a state gave to a person.
    NationalId,
    /// A password, a PIN or a one-time code.
    Password,
    /// A telephone number.
    Phone,
    /// A key of a known shape, or the credentials in an address.
    Secret,
    /// What admits its bearer: a session, a reset link, an invitation.
    Token,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Address,
        Self::BirthDate,
        Self::Card,
        Self::CardCode,
        Self::Email,
        Self::Iban,
        Self::Ip,
        Self::Name,
        Self::NationalId,
        Self::Password,
        Self::Phone,
        Self::Secret,
        Self::Token,
    ];

    /// The name used in counts.
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
            Self::Email => "[email]",
            Self::Iban => "[iban]",
            Self::Ip => "[ip]",
            Self::Name => "[name]",
            Self::NationalId => "[national_id]",
            Self::Password => "[password]",
            Self::Phone => "[phone]",
            Self::Secret => "[secret]",
            Self::Token => "[token]",
        }
    }
}

/// Whether `text` is what this crate wrote on an earlier pass.
pub(crate) fn is_placeholder(text: &str) -> bool {
    text.starts_with('[') && Kind::ALL.iter().any(|kind| kind.placeholder() == text)
}
