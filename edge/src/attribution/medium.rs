//! What kind of link a `utm_medium` names. Everybody has words of their own; these are the usual ones.

use super::channel::Channel::{self, Ai, Email, Paid, Referral, Search, Social};

#[rustfmt::skip]
const PAID: &[&str] = &[
    "cpc", "ppc", "cpm", "cpv", "cpa", "cpl", "cpp", "cpi", "cpe", "ocpm", "vcpm", "pla", "psearch", "psocial", "sem", "sea",
    "ad", "ads", "adwords", "googleads", "gads", "bingads", "facebookads", "fbads", "advert", "advertising", "display", "banner",
    "banners", "interstitial", "expandable", "programmatic", "retargeting", "remarketing", "sponsored", "promoted", "boosted",
];

/// Channel, the words that decide wherever they stand, and the texts that decide as a whole. The first that fits counts:
/// `organic_social` is social, `ai-search` is ai.
const KINDS: &[(Channel, &[&str], &[&str])] = &[
    (
        Email,
        &["email", "emails", "emailing", "newsletter", "newsletters", "edm"],
        &["mail", "e mail", "mailing", "mailings", "e newsletter"],
    ),
    (Ai, &["ai", "llm", "llms", "chatbot", "chatbots"], &[]),
    (Social, &["social"], &["sm", "smm", "socialmedia", "socialnetwork"]),
    (Search, &["organic", "seo"], &["search", "web search", "natural search"]),
    (
        Referral,
        &["affiliate", "affiliates", "affiliation", "referral", "referrals"],
        &["link", "links", "backlink", "backlinks"],
    ),
];

/// The channel that `text`, in lower case, names; `None` when it names none.
pub(super) fn kind(text: &str) -> Option<Channel> {
    let words: Vec<&str> = text.split(is_separator).filter(|word| !word.is_empty()).collect();
    let is_any = |listed: &[&str]| words.iter().any(|word| listed.contains(word));
    // `non-brand/cpc` is paid, `non-paid` is not
    let before = std::iter::once(&"").chain(&words);
    let is_paid = |word: &str| word.starts_with("paid") || PAID.contains(&word);
    if words.iter().zip(before).any(|(word, before)| is_paid(word) && !matches!(*before, "non" | "not")) {
        return Some(Paid);
    }
    let whole = words.join(" ");
    let fits = |listed: &[&str], wholes: &[&str]| is_any(listed) || wholes.contains(&whole.as_str());
    KINDS.iter().find(|(_, listed, wholes)| fits(listed, wholes)).map(|(channel, ..)| *channel)
}

/// A dot is none: `email.example.com` is a host.
pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '+' | '/' | '|' | ':' | ',' | ';' | '&' | '(' | ')')
}
