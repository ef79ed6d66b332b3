//! Addresses and forms: what stands in the path after `reset` or `invite`, in the query, in the fragment. Segments and
//! values are percent-decoded twice, in the addresses of a page three times; what is encoded more often stays as it came.
//! Keys stay, since which of them were there is what the analysis asks; values go.

use std::ops::Range;

use crate::kind::Kind;
use crate::span::Spans;
use crate::words::{self, Telling};
use crate::{patterns, percent, shape, text};

/// Words of a path segment after which a secret may follow.
#[rustfmt::skip]
const BEFORE_A_SECRET: &[&str] = &[
    "reset", "verify", "verification", "confirm", "invite", "invites", "invitation", "invitations", "activate", "activation",
    "magic", "unsubscribe", "recover", "recovery", "token", "password", "passwordless",
];

/// What can be confirmed, and has a number that is no secret.
const NUMBERED: &[&str] =
    &["order", "orders", "ord", "booking", "bookings", "reservation", "invoice", "payment", "purchase", "ticket"];

/// Whether `chunk`, which has no white space, is an address rather than a word with a slash in it.
pub(crate) fn is_address(chunk: &str) -> bool {
    let host = chunk.split(['/', '?', '#']).next().unwrap_or_default();
    chunk.starts_with(['/', '?', '#', '.'])
        || chunk.contains("://")
        || (host.len() < chunk.len()
            && host
                .rsplit_once('.')
                .is_some_and(|(_, top)| top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic())))
}

/// Points at the personal data in an address, absolute or relative.
pub(crate) fn find(address: &str, layers: u8, out: &mut Spans) {
    let hash = address.find('#').unwrap_or(address.len());
    let before_hash = address.get(..hash).unwrap_or_default();
    let question = before_hash.find('?').unwrap_or(hash);
    let start = match before_hash.find("://") {
        Some(found) if found < question => {
            address.get(found + 3..question).and_then(|rest| rest.find('/')).map_or(question, |slash| found + 3 + slash)
        }
        _ => 0,
    };
    out.within(address, start..question, |segments, out| path(segments, layers, out));
    out.within(address, (question + 1).min(hash)..hash, |parameters, out| query(parameters, layers, out));
    let fragment = (hash + 1).min(address.len())..address.len();
    out.within(address, fragment, |fragment, out| {
        if is_address(fragment) && layers > 0 {
            find(fragment, layers - 1, out);
        } else {
            query(fragment, layers, out);
        }
    });
}

fn path(segments: &str, layers: u8, out: &mut Spans) {
    /// A secret may come in two parts: who and what.
    const PARTS: u8 = 2;
    let (mut expected, mut before) = (0_u8, "");
    for range in split(segments, &['/']) {
        let Some(segment) = segments.get(range.clone()).filter(|segment| !segment.is_empty()) else { continue };
        out.within(segments, range, |part, out| {
            decoded(part, layers, out, |segment, layers, out| {
                let is_file =
                    segment.rsplit_once('.').is_some_and(|(_, ending)| patterns::FILE_ENDINGS.contains(&ending));
                if (expected > 0 && shape::is_loose(segment) && !is_numbered(before, segment))
                    || (!is_file && shape::is_random(segment))
                {
                    out.push(segment, 0..segment.len(), Kind::Token);
                } else if layers > 0 {
                    text::find(segment, layers - 1, out);
                }
            });
        });
        let tells =
            segment.len() <= 40 && words::words(segment).iter().any(|word| BEFORE_A_SECRET.contains(&word.as_str()));
        expected = if tells { PARTS } else { expected.saturating_sub(1) };
        before = segment;
    }
}

/// Whether `segment` is the number of an order, as in `order-2024-118273` and `order/118273`.
fn is_numbered(before: &str, segment: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_thing = |word: &str| NUMBERED.iter().any(|thing| word.eq_ignore_ascii_case(thing));
    let mut parts = segment.split(['-', '_']);
    let begins = parts.next().is_some_and(|first| is_thing(first) || (is_number(first) && is_thing(before)));
    begins && parts.all(is_number)
}

/// Points at the personal data in `key=value` pairs between `&` or `;`: a query, a form's body, a cookie.
pub(crate) fn query(parameters: &str, layers: u8, out: &mut Spans) {
    for range in split(parameters, &['&', ';']) {
        out.within(parameters, range, |parameter, out| {
            let Some(equals) = parameter.find('=') else {
                return value(parameter, None, false, layers, out);
            };
            let key = parameter.get(..equals).unwrap_or_default();
            let plain_key = percent::decode(key).map_or_else(|| key.to_owned(), |view| view.text);
            if layers > 0 {
                out.within(parameter, 0..equals, |key, out| text::find(key, layers - 1, out));
            }
            // Campaign parameters are chosen by the site, so that only what is personal by itself has to go.
            let campaign = plain_key.starts_with("utm_");
            let told = words::telling(&plain_key).filter(|_| !campaign);
            out.within(parameter, equals + 1..parameter.len(), |part, out| value(part, told, campaign, layers, out));
        });
    }
}

fn value(encoded: &str, told: Option<Telling>, campaign: bool, layers: u8, out: &mut Spans) {
    decoded(encoded, layers, out, |value, layers, out| {
        if let Some(told) = told.filter(|told| told.fits(value)) {
            out.push(value, 0..value.len(), told.kind);
        } else if !campaign && shape::is_random_value(value) {
            out.push(value, 0..value.len(), Kind::Token);
        } else if layers > 0 {
            text::find(value, layers - 1, out);
        }
    });
}

/// Runs `find` on `encoded` once nothing in it is percent-encoded any more.
fn decoded(encoded: &str, layers: u8, out: &mut Spans, find: impl FnOnce(&str, u8, &mut Spans)) {
    let Some(view) = percent::decode(encoded).filter(|_| layers > 0) else {
        return find(encoded, layers, out);
    };
    out.within_view(&view, |once, out| match percent::decode(once).filter(|_| layers > 1) {
        Some(twice) => out.within_view(&twice, |text, out| find(text, layers - 2, out)),
        None => find(once, layers - 1, out),
    });
}

fn split(text: &str, separators: &'static [char]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split(separators).map(move |part| {
        let range = at..at + part.len();
        at = range.end + 1;
        range
    })
}
