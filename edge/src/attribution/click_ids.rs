//! Parameters that advertisers, senders of mail and affiliate networks put on a link. That they are there says where the
//! visitor came from; their values say who the visitor is.

use std::borrow::Cow;
use std::ops::Range;

use super::Parameters;
use super::channel::Channel::{Email, Paid, Referral, Search, Social};
use super::channel::Way;

/// Names, whatever their case, and what their presence tells. An earlier one counts more than a later one. `fbclid` is
/// not paid: Facebook puts it on every link.
const CLICK_IDS: &[(&str, Option<Way>)] = &[
    ("gclid", Some((Paid, "google"))),
    ("gbraid", Some((Paid, "google"))),
    ("wbraid", Some((Paid, "google"))),
    ("dclid", Some((Paid, "google"))),
    ("gad_source", Some((Paid, "google"))),
    ("gad_campaignid", Some((Paid, "google"))),
    ("msclkid", Some((Paid, "bing"))),
    ("ttclid", Some((Paid, "tiktok"))),
    ("twclid", Some((Paid, "x"))),
    ("li_fat_id", Some((Paid, "linkedin"))),
    ("epik", Some((Paid, "pinterest"))),
    ("sccid", Some((Paid, "snapchat"))),
    ("rdt_cid", Some((Paid, "reddit"))),
    ("yclid", Some((Paid, "yandex"))),
    ("qclid", Some((Paid, "quora"))),
    ("vmcid", Some((Paid, "yahoo"))),
    ("tblci", Some((Paid, "taboola"))),
    ("dicbo", Some((Paid, "outbrain"))),
    ("cto_pld", Some((Paid, "criteo"))),
    ("fbclid", Some((Social, "facebook"))),
    ("igshid", Some((Social, "instagram"))),
    ("igsh", Some((Social, "instagram"))),
    ("mc_eid", Some((Email, "mailchimp"))),
    ("mc_cid", Some((Email, "mailchimp"))),
    ("mkt_tok", Some((Email, "marketo"))),
    ("_hsenc", Some((Email, "hubspot"))),
    ("_hsmi", Some((Email, "hubspot"))),
    ("_kx", Some((Email, "klaviyo"))),
    ("ck_subscriber_id", Some((Email, "kit"))),
    ("ml_subscriber", Some((Email, "mailerlite"))),
    ("dm_i", Some((Email, "dotdigital"))),
    ("vero_id", Some((Email, "vero"))),
    ("oly_enc_id", Some((Email, "omeda"))),
    ("oly_anon_id", Some((Email, "omeda"))),
    ("srsltid", Some((Search, "google"))),
    ("ysclid", Some((Search, "yandex"))),
    ("cjevent", Some((Referral, "cj"))),
    ("irclickid", Some((Referral, "impact"))),
    ("awc", Some((Referral, "awin"))),
    ("zanpid", Some((Referral, "awin"))),
    ("tduid", Some((Referral, "tradedoubler"))),
    ("ransiteid", Some((Referral, "rakuten"))),
    ("sscid", Some((Referral, "shareasale"))),
    ("_ga", None),
    ("_gl", None),
];

/// What the click ids among `parameters` tell.
pub(super) fn of(parameters: &Parameters<'_>) -> Option<Way> {
    let is_there = |id: &str| parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case(id));
    CLICK_IDS.iter().find_map(|(id, way)| way.filter(|_| is_there(id)))
}

/// How much of a click id goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The value; the name stays. The pixel does the same in the page.
    Value,
    /// Name and value.
    Whole,
}

/// How often an address within an address may be percent-encoded.
const LAYERS: u8 = 3;

impl Cut {
    /// `text` without click ids, be it an address or something that holds one, in plain or percent-encoded. What else is in
    /// it stays to the letter.
    pub(crate) fn apply(self, text: &str) -> Cow<'_, str> {
        // what was found on two layers overlaps
        let mut goes = vec![false; text.len()];
        for place in self.find(text.as_bytes(), LAYERS).into_iter().flatten() {
            goes.get_mut(place).into_iter().for_each(|goes| *goes = true);
        }
        if !goes.contains(&true) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.char_indices().filter(|(at, _)| goes.get(*at) == Some(&false)).map(|(_, c)| c).collect())
    }

    /// What goes: on this layer, and on each below it.
    fn find(self, text: &[u8], layers: u8) -> Vec<Range<usize>> {
        let mut found = if text.contains(&b'=') { self.find_plain(text) } else { Vec::new() };
        if let Some((decoded, places)) = decoded(text).filter(|_| layers > 0) {
            let place = |at: usize| places.get(at).copied().unwrap_or(text.len());
            found.extend(self.find(&decoded, layers - 1).into_iter().map(|range| place(range.start)..place(range.end)));
        }
        found
    }

    fn find_plain(self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        // the separator behind which nothing has stayed yet: the last parameter takes it along
        let mut open = None;
        let mut at = 0;
        for part in text.split(|b| is_separator(*b)) {
            let end = at + part.len();
            let goes_on = text.get(end).is_some_and(|mark| *mark != b'#');
            match ClickId::among(part) {
                Some(id) if self == Self::Value => found.push(at + id.value..at + id.end),
                // there is more before or behind it than a parameter
                Some(id) if id.name > 0 || id.end < part.len() => {
                    found.push(at + id.name..at + id.end);
                    open = goes_on.then_some(end);
                }
                Some(_) if goes_on => found.push(at..end + 1),
                Some(_) => found.push(open.take().unwrap_or(at)..end),
                None => open = goes_on.then_some(end),
            }
            at = end + 1;
        }
        found
    }
}

/// Where a click id stands between two separators.
struct ClickId {
    name: usize,
    value: usize,
    end: usize,
}

impl ClickId {
    fn among(part: &[u8]) -> Option<Self> {
        let equals = part.iter().position(|b| *b == b'=')?;
        let (name, value) = part.split_at_checked(equals)?;
        // `&amp;gclid=`, and addresses in a text
        let name_at = name.iter().rposition(|b| *b == b';' || ends_address(*b)).map_or(0, |at| at + 1);
        let length = value.iter().position(|b| ends_address(*b)).unwrap_or(value.len());
        is_click_id(name.get(name_at..)?).then_some(Self { name: name_at, value: equals + 1, end: equals + length })
    }
}

/// Whether `name` is that of a click id.
pub(crate) fn is_click_id(name: &[u8]) -> bool {
    CLICK_IDS.iter().any(|(id, _)| name.eq_ignore_ascii_case(id.as_bytes()))
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'?' | b'&' | b'#')
}

/// Whether no address goes on beyond `byte` (RFC 3986, appendix C).
fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>')
}

/// `text` with percent-encoding (RFC 3986, 2.1) undone once, and where each byte of it stood; `None` when there is none.
fn decoded(text: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    let escaped = |at: usize| match text.get(at..at + 3)? {
        [b'%', high, low] => Some(u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?),
        _ => None,
    };
    let (mut bytes, mut places, mut at) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        let read = escaped(at);
        bytes.push(read.unwrap_or(*byte));
        places.push(at);
        at += if read.is_some() { 3 } else { 1 };
    }
    (bytes.len() < text.len()).then_some((bytes, places))
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_redaction_knows_the_same_names() {
        assert!(CLICK_IDS.iter().map(|(name, _)| *name).eq(redaction::CLICK_IDS.iter().copied()));
    }
}
