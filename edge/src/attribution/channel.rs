//! The channels, by the names on the wire.

/// The kinds of way to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Direct,
    Internal,
    Search,
    Social,
    Email,
    Ai,
    Paid,
    Referral,
    Unknown,
}

impl Channel {
    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Internal => "internal",
            Self::Search => "search",
            Self::Social => "social",
            Self::Email => "email",
            Self::Ai => "ai",
            Self::Paid => "paid",
            Self::Referral => "referral",
            Self::Unknown => "unknown",
        }
    }
}

/// A channel and the name of its platform, which is empty when it has none that is known.
pub(super) type Way = (Channel, &'static str);
