//! Network and hardware addresses in text.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{ends_at, last_char, next_char};
use crate::keys::clue;
use crate::keys::telling::Key;
use crate::keys::vocabulary::Clue;
use crate::keys::vocabulary::list::last_word;

/// Where a number stands.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the place")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Under the key of a version.
    pub(crate) is_version: bool,
    /// Under the key of a thing of the business.
    pub(crate) is_thing: bool,
    /// Alone between the slashes of a path.
    pub(crate) is_segment: bool,
    /// Under the key of a network address, which may come with a port or in a list.
    pub(crate) is_network: bool,
}

impl Place {
    /// In `text`, which stands under `key`. What somebody wrote is no number of a thing, whatever its key.
    pub(crate) fn under(key: &Key, text: &str) -> Self {
        Self {
            is_version: key.is_version,
            is_thing: key.is_thing() && !text.contains(' '),
            is_segment: false,
            is_network: key.is_network(),
        }
    }
}

/// The address of version 4 that begins with the digit at `at`. Four numbers are a version after `v`, a slash, or a word that says so.
pub(crate) fn v4(text: &str, at: usize, place: Place) -> Option<Range<usize>> {
    let (address, end) = read_v4(text, at)?;
    let before = last_char(text, at);
    let is_open = before.is_none_or(|c| (!c.is_alphanumeric() || c > '\u{2e80}') && !matches!(c, '.' | '_' | '-'))
        || (before == Some('-') && text.get(..at)?.ends_with("ip-"));
    // A port may follow, and the end of a sentence, but no fifth number.
    let next = next_char(text, end);
    let goes_on = matches!(next, Some('.')) && next_char(text, end + 1).is_some_and(char::is_alphanumeric);
    if !is_open || goes_on || next.is_some_and(|c| (c.is_alphanumeric() && c < '\u{2e80}') || matches!(c, '_' | '-')) {
        return None;
    }
    if place.is_network {
        return Some(at..end);
    }
    if address.is_unspecified() || address.is_loopback() || address.is_broadcast() || place.is_version {
        return None;
    }
    // `vue@8.25.15.8` is a package.
    if before == Some('@') && address.octets().iter().all(|octet| *octet < 100) {
        return None;
    }
    if place.is_segment {
        return (address.octets().iter().filter(|octet| **octet >= 100).count() >= 2).then_some(at..end);
    }
    let clue = clue::before(text, at).filter(|(_, clue_end)| at - clue_end <= 24).map(|(clue, _)| clue);
    let is_small = address.octets().iter().all(|octet| *octet < 10);
    let after_slash = before == Some('/') && !text.get(..at)?.ends_with("//");
    let is_about_software =
        || address.octets().iter().all(|octet| *octet < 64) && clue::after(text, end) == Some(Clue::Version);
    let is_version = match clue {
        Some(Clue::Network) => after_slash && text.get(..at - 1)?.ends_with(|c: char| c.is_ascii_alphabetic()),
        Some(Clue::Version) => true,
        _ => is_small || after_slash || is_about_software() || is_program(text.get(..at)?, address),
    };
    (!is_version).then_some(at..end)
}

/// Whether four small numbers are the version of what `before` ends with, a name as programs have:
/// `TeamViewer 15.48.4.0`, `Resolve 18.6.4.6`.
fn is_program(before: &str, address: Ipv4Addr) -> bool {
    const LONGEST: usize = 24;
    let before = before.strip_suffix(' ').unwrap_or_default();
    let name =
        last_word(before.get(before.floor_char_boundary(before.len().saturating_sub(LONGEST))..).unwrap_or_default());
    // Most addresses in use have a larger number, and the others begin with 10.
    let is_small = address.octets().iter().all(|octet| *octet < 64) && address.octets()[0] != 10;
    is_small && name.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
}

/// Four numbers below 256 with dots, and where they end.
fn read_v4(text: &str, at: usize) -> Option<(Ipv4Addr, usize)> {
    let bytes = text.as_bytes();
    let (mut octets, mut end) = ([0_u8; 4], at);
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            if bytes.get(end) != Some(&b'.') {
                return None;
            }
            end += 1;
        }
        let digits = text.get(end..)?.bytes().take(4).take_while(u8::is_ascii_digit).count();
        let part = text
            .get(end..end + digits)
            .filter(|part| !part.is_empty() && (part.len() == 1 || !part.starts_with('0')))?;
        *octet = part.parse().ok()?;
        end += digits;
    }
    Some((Ipv4Addr::from(octets), end))
}

/// The address with colons around the first colon at `at`: version 6 or of a network card.
pub(crate) fn with_colons(text: &str, at: usize) -> Option<(Range<usize>, bool)> {
    /// The longest form, with an embedded address of version 4.
    const LONGEST: usize = 45;
    let bytes = text.as_bytes();
    let before = text.get(..at)?.bytes().rev().take(5).take_while(u8::is_ascii_hexdigit).count();
    let start = at - before;
    if before > 4
        || last_char(text, start)
            .is_some_and(|c| (c.is_alphanumeric() && c < '\u{2e80}') || matches!(c, ':' | '_' | '.'))
    {
        return None;
    }
    let length = bytes
        .get(start..)?
        .iter()
        .take(LONGEST + 1)
        .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        .count();
    let mut end = start + length;
    while end > at && matches!(bytes.get(end - 1), Some(b'.' | b':')) && !text.get(start..end)?.ends_with("::") {
        end -= 1;
    }
    let found = text.get(start..end)?;
    if next_char(text, end).is_some_and(|c| (c.is_alphanumeric() && c < '\u{2e80}') || c == '_') {
        return None;
    }
    if is_mac(found) {
        return Some((start..end, true));
    }
    let address: Ipv6Addr = found.parse().ok()?;
    let groups = found.split(':').filter(|group| !group.is_empty()).count();
    let has_digit = found.bytes().any(|b| b.is_ascii_digit());
    if address.is_loopback()
        || address.is_unspecified()
        || groups < 2
        || !has_digit
        || (found.contains("::") && groups == 2 && found.len() < 7)
    {
        return None;
    }
    // A zone belongs to the address.
    let zone = text.get(end..).filter(|rest| rest.starts_with('%')).map_or(0, |rest| {
        let zone = rest.bytes().skip(1).take(16).take_while(u8::is_ascii_alphanumeric).count();
        if zone > 0 { zone + 1 } else { 0 }
    });
    Some((start..end + zone, false))
}

/// The address of a network card with dashes or dots that begins at `at`.
pub(crate) fn card(text: &str, at: usize) -> Option<Range<usize>> {
    let length = text
        .as_bytes()
        .get(at..)?
        .iter()
        .take(18)
        .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'.'))
        .count();
    let end = at + length;
    let is_open = last_char(text, at).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    let found = text.get(at..end)?.trim_end_matches('.');
    let end = at + found.len();
    (is_open
        && is_mac(found)
        && ends_at(text, end)
        && (found.bytes().any(|b| b.is_ascii_alphabetic()) || found.contains('-') && found.len() == 17))
        .then_some(at..end)
}

/// Whether `text` is the address of a network card in one of the three usual forms.
pub(crate) fn is_mac(text: &str) -> bool {
    let is = |separator: char, groups: usize, length: usize| {
        text.split(separator).count() == groups
            && text.split(separator).all(|group| group.len() == length && group.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    text.len() <= 17 && (is(':', 6, 2) || is('-', 6, 2) || is('.', 3, 4))
}
