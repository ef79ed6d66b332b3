//! One event and the page it happened on, as the pixel writes them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Something a visitor did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// UUIDv7, minted by the pixel and unchanged on every retry.
    pub id: Uuid,
    /// Position within one page load, from 0: a gap is a lost event.
    pub seq: u32,
    /// `pageview`, `click`, … or a name of the site's own.
    #[serde(rename = "type")]
    pub kind: String,
    /// The browser's clock when it happened, Unix milliseconds. Never rewritten by anyone.
    pub ts: i64,
    /// Milliseconds since the page load, by the browser's monotonic clock.
    pub t: u32,
    /// Which entry of the batch's `pages` it happened on.
    pub page: u16,
    /// What the type calls for: a JSON object, kept to the letter so that numbers survive exactly.
    pub data: Box<RawValue>,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.seq, &self.kind, self.ts, self.t, self.page, self.data.get())
            == (other.id, other.seq, &other.kind, other.ts, other.t, other.page, other.data.get())
    }
}

/// Where an event happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The address, without what the pixel dropped from it.
    pub url: String,
    /// The path of `url`.
    pub path: String,
    /// The document's title.
    #[serde(default)]
    pub title: String,
    /// Where the visitor came from; empty when there was nothing.
    #[serde(default)]
    pub referrer: String,
    /// The campaign, as sent.
    #[serde(default)]
    pub attribution: Attribution,
    /// `direct, internal, search, social, email, ai, paid, referral` or `unknown`. The edge finds it, and the platform with
    /// it, where it comes empty.
    #[serde(default)]
    pub channel: String,
    /// The name of the channel's platform (`google`, …); empty when it has none.
    #[serde(default)]
    pub platform: String,
}

/// The campaign parameters of a page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attribution {
    /// Who sent the visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_source: Option<String>,
    /// By what kind of link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_medium: Option<String>,
    /// For which campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_campaign: Option<String>,
    /// On which paid keyword.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_term: Option<String>,
    /// Which of several links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_content: Option<String>,
    /// The campaign's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_id: Option<String>,
}

/// What the visitor has said about being measured, as known when the batch was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Not asked, or not answered yet.
    #[default]
    Unknown,
    /// Agreed.
    Granted,
    /// Refused: only what needs no consent is collected.
    Denied,
}

impl Consent {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Granted => "granted",
            Self::Denied => "denied",
        }
    }
}
