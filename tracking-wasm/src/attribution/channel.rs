//! Which channel brought the visitor: what the link was marked with comes before where the visitor was.

use super::{Query, hosts};
use crate::address::Address;
use crate::text::{before, cut, is_listed, take};

/// The kinds of way to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
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
    pub(crate) fn name(self) -> &'static str {
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

/// Click ids that only advertisements carry. `fbclid` is not one of them: Facebook puts it on every link.
const PAID: &str = "gclid=google gbraid=google wbraid=google dclid=google msclkid=bing ttclid=tiktok twclid=x \
    li_fat_id=linkedin epik=pinterest ScCid=snapchat rdt_cid=reddit";
const PAID_WORDS: &str = "cpc ppc cpm cpv cpa paid paidsearch paidsocial display banner retargeting";

/// The channel and its platform, which is empty when it has none that is known.
pub(crate) fn classify(query: Query<'_>, page: &Address<'_>, referrer: &Address<'_>) -> (Channel, &'static str) {
    let mut paid = PAID;
    while !paid.is_empty() {
        let (id, platform) = cut(take(&mut paid, b' '), b'=').unwrap_or_default();
        if query.get(id).is_some() {
            return (Channel::Paid, platform);
        }
    }
    let lower = |name| query.get(name).unwrap_or_default().to_ascii_lowercase();
    let (source, medium) = (lower("utm_source"), lower("utm_medium"));
    let from_source = hosts::known(&source, true);
    // some name the kind of link where its sender belongs
    if let Some(channel) = by_medium(&medium).or_else(|| by_medium(&source)) {
        return (channel, from_source.map_or("", |(_, platform)| platform));
    }
    if from_source.is_none() && query.get("fbclid").is_some() {
        return (Channel::Social, "facebook");
    }
    let tagged = !source.is_empty() || !medium.is_empty();
    from_source
        .or_else(|| by_referrer(page, referrer))
        .unwrap_or((if tagged { Channel::Unknown } else { Channel::Direct }, ""))
}

fn by_medium(medium: &str) -> Option<Channel> {
    let mut rest = medium;
    while !rest.is_empty() {
        let (word, after) = before(rest, b"-_ +/");
        if is_listed(PAID_WORDS, word) {
            return Some(Channel::Paid);
        }
        rest = after.get(1..).unwrap_or_default();
    }
    for &(channel, names) in &[
        (Channel::Email, "email e-mail e_mail mail newsletter"),
        (Channel::Social, "social social-media social_media social-network social_network"),
        (Channel::Search, "organic search"),
        (Channel::Referral, "referral affiliate affiliates"),
        (Channel::Ai, "ai"),
    ] {
        if is_listed(names, medium) {
            return Some(channel);
        }
    }
    None
}

/// `None` when there is no referrer.
fn by_referrer(page: &Address<'_>, referrer: &Address<'_>) -> Option<(Channel, &'static str)> {
    if referrer.host.is_empty() {
        return None;
    }
    if referrer.is_same_site(page) {
        return Some((Channel::Internal, ""));
    }
    Some(hosts::known(referrer.host, false).unwrap_or((Channel::Referral, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(referrer: &str) -> (&'static str, &'static str) {
        of("", referrer)
    }

    fn of(query: &str, referrer: &str) -> (&'static str, &'static str) {
        let query = query.replace('&', "\n").replace('=', "\t");
        let page = Address::parse("https://shop.example/");
        let (channel, platform) = classify(Query(&query), &page, &Address::parse(referrer));
        (channel.name(), platform)
    }

    #[test]
    fn the_referrer_is_known_by_its_host() {
        for (referrer, expected) in [
            ("", ("direct", "")),
            ("https://www.google.com/", ("search", "google")),
            ("https://www.google.co.uk/", ("search", "google")),
            ("https://google.com.br/", ("search", "google")),
            ("https://news.google.de/", ("search", "google")),
            ("android-app://com.google.android.gm/", ("email", "gmail")),
            ("https://mail.google.com/", ("email", "gmail")),
            ("https://gemini.google.com/", ("ai", "gemini")),
            ("https://chatgpt.com/", ("ai", "chatgpt")),
            ("https://l.facebook.com/", ("social", "facebook")),
            ("https://t.co/abc", ("social", "x")),
            ("https://duckduckgo.com/", ("search", "duckduckgo")),
            ("https://www.shop.example/other", ("internal", "")),
            ("https://blog.example/", ("referral", "")),
        ] {
            assert_eq!(from(referrer), expected, "{referrer}");
        }
    }

    #[test]
    fn a_host_that_contains_a_known_one_is_another_host() {
        for referrer in [
            "https://notgoogle.com/",
            "https://google.com.evil.example/",
            "https://google.evil.com/",
            "https://google.zip/",
            "https://ibing.com/",
            "https://cat.company/",
            "https://evil.example/google.com",
            "https://google.com@evil.example/",
            "https://myshop.example/",
        ] {
            assert_eq!(from(referrer), ("referral", ""), "{referrer}");
        }
    }

    #[test]
    fn of_what_marks_a_paid_click_only_the_name_leaves_the_page() {
        for (id, _) in PAID.split(' ').filter_map(|entry| entry.split_once('=')) {
            let url = format!("https://shop.example/?{id}=");
            assert_eq!(Address::parse(&format!("{url}Cj0abc")).cleaned(), url);
        }
    }

    #[test]
    fn what_the_link_is_marked_with_comes_first() {
        for (query, referrer, expected) in [
            ("gclid=1", "", ("paid", "google")),
            ("msclkid=1", "https://www.bing.com/", ("paid", "bing")),
            ("utm_source=Google&utm_medium=CPC", "https://www.google.com/", ("paid", "google")),
            ("utm_source=linkedin&utm_medium=paid_social", "", ("paid", "linkedin")),
            ("utm_source=spring&utm_medium=email", "https://mail.google.com/", ("email", "")),
            ("utm_source=chatgpt.com", "", ("ai", "chatgpt")),
            ("utm_source=newsletter", "", ("email", "")),
            ("utm_source=partner", "", ("unknown", "")),
            ("utm_source=partner", "https://www.google.com/", ("search", "google")),
            ("fbclid=1", "", ("social", "facebook")),
            ("fbclid=1&utm_medium=cpc", "", ("paid", "")),
            ("utm_medium=unpaid", "", ("unknown", "")),
        ] {
            assert_eq!(of(query, referrer), expected, "{query}");
        }
    }
}
