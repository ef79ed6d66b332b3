//! Parameters that advertisers, senders of mail and affiliate networks put on a link. That they are there says where the
//! visitor came from; their values say who the visitor is.

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

/// The address without the values of click ids: their names stay. The pixel does the same in the page.
pub(crate) fn emptied(address: &str) -> String {
    cut(address, |clean, name, mark| {
        clean.push_str(name);
        clean.push('=');
        clean.push_str(mark);
    })
}

/// The address without click ids, names and values.
pub(crate) fn without_click_ids(address: &str) -> String {
    cut(address, |clean, _, mark| match mark {
        "?" | "&" => {}
        // the last of its query takes the separator before it along
        fragment_or_end => {
            if clean.ends_with(['?', '&']) {
                clean.pop();
            }
            clean.push_str(fragment_or_end);
        }
    })
}

/// The address with each click id as `write` puts it behind what is there, given its name and the mark behind its value.
fn cut(address: &str, write: impl Fn(&mut String, &str, &str)) -> String {
    let mut rest = address;
    let mut clean = String::with_capacity(address.len());
    let mut is_pair = false;
    while !rest.is_empty() {
        let end = rest.find(['?', '&', '#']).map_or(rest.len(), |at| at + 1);
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        match part.split_once('=') {
            Some((name, value)) if is_pair && is_click_id(name) => {
                let mark = value.rfind(['?', '&', '#']).and_then(|at| value.get(at..)).unwrap_or_default();
                write(&mut clean, name, mark);
            }
            _ => clean.push_str(part),
        }
        is_pair = true;
        rest = after;
    }
    clean
}

/// Decoded before it is compared: `%67clid` is read as `gclid` by whoever reads the address.
fn is_click_id(encoded: &str) -> bool {
    let name = form_urlencoded::parse(encoded.as_bytes()).next().map(|(name, _)| name);
    name.is_some_and(|name| CLICK_IDS.iter().any(|(id, _)| name.eq_ignore_ascii_case(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_redaction_knows_the_same_names() {
        assert!(CLICK_IDS.iter().map(|(name, _)| *name).eq(redaction::CLICK_IDS.iter().copied()));
    }
}
