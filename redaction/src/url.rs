//! Addresses and forms: what stands in the path after `reset` or `invite`, in the query, in the fragment. Segments and
//! values are percent-decoded twice, in the addresses of a page three times; what is encoded more often stays as it came.
//! Keys stay, since which of them were there is what the analysis asks; values go.

use std::ops::Range;

use crate::keys::beside::Beside;
use crate::keys::telling::Key;
use crate::keys::vocabulary::flag;
use crate::kind::{Kind, is_placeholder};
use crate::patterns::network::Place;
use crate::patterns::{FILE_ENDINGS, OF_PAGES, network};
use crate::policy::Policy;
use crate::span::Spans;
use crate::{percent, rules, shape, text};

/// What can be confirmed, and has a number that is no secret.
const NUMBERED: &[&str] =
    &["order", "orders", "ord", "booking", "bookings", "reservation", "invoice", "payment", "purchase", "ticket"];

/// Where a shop says that it has the order, and gives its number.
const CONFIRMED: &[&str] =
    &["confirmation", "bestaetigung", "bestatigung", "confirmacion", "confirmacao", "potwierdzenie", "potvrzeni"];

/// The parameters by which a campaign is told. Others that begin like them may hold anything.
const CAMPAIGN: &[&str] = &["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"];

/// Whether `chunk`, which has no white space, is an address rather than a word with a slash in it.
pub(crate) fn is_address(chunk: &str) -> bool {
    let host = chunk.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = |host: &str| {
        let host = host.split(':').next().unwrap_or_default();
        host.rsplit_once('.').is_some_and(|(before, top)| {
            !before.is_empty()
                && top.len() >= 2
                && (top.bytes().all(|b| b.is_ascii_alphabetic()) || top.starts_with("xn--"))
        })
    };
    chunk.starts_with(['/', '?', '#', '.'])
        || chunk.contains("://")
        || (host.len() < chunk.len() && !host.contains('@') && (is_host(host) || host.is_empty()))
        || (chunk.contains('?') && chunk.contains('=') && !host.contains(['=', '&', '{', '"', '@']))
        || (host.len() < chunk.len()
            && chunk.matches('/').count() >= 2
            && host.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
            && !host.is_empty())
}

/// Whether `chunk` is `key=value` pairs.
pub(crate) fn is_form(chunk: &str) -> bool {
    chunk.split_once('=').is_some_and(|(key, value)| {
        !key.is_empty()
            && !value.is_empty()
            && key.len() <= 128
            && !key.contains(['{', '"', ',', '@', '|'])
            && !key.trim_start_matches('[').contains(':')
            // `#filter[data-token=…]` is a selector
            && key.rfind('[').is_none_or(|open| key.get(open..).is_some_and(|rest| rest.contains(']')))
    })
}

/// Points at the personal data in an address, absolute or relative.
pub(crate) fn find(address: &str, layers: u8, out: &mut Spans<'_>) {
    let hash = first(address, b'#').unwrap_or(address.len());
    let before_hash = address.get(..hash).unwrap_or_default();
    let question = first(before_hash, b'?').unwrap_or(hash);
    let mut host = "";
    let start = match before_hash.find("://") {
        Some(found) if found < question => {
            let rest = address.get(found + 3..question).unwrap_or_default();
            let end = first(rest, b'/').map_or(question, |slash| found + 3 + slash);
            authority(address, found + 3..end, layers, out);
            host = address.get(found + 3..end).unwrap_or_default();
            end
        }
        _ => 0,
    };
    // Only the number follows.
    let told = if host == "wa.me" { Key::of("phone", out.policy) } else { Key::default() };
    out.within(address, start..question, |segments, out| path(segments, told, layers, out));
    out.within(address, (question + 1).min(hash)..hash, |parameters, out| query(parameters, layers, out));
    let fragment = (hash + 1).min(address.len())..address.len();
    out.within(address, fragment, |fragment, out| {
        if layers > 0 && (is_address(fragment) || !is_form(fragment)) {
            if is_address(fragment) || fragment.contains('/') {
                find(fragment, layers - 1, out);
            } else {
                value(fragment, &Key::default(), true, layers, out);
            }
        } else {
            query(fragment, layers, out);
        }
    });
}

/// User and password, and a host that is a network address. Names of hosts stay, whatever they consist of.
fn authority(address: &str, range: Range<usize>, layers: u8, out: &mut Spans<'_>) {
    let Some(host) = address.get(range.clone()) else { return };
    let user = host.rfind('@').unwrap_or(0);
    if user > 0 {
        let found = range.start..range.start + user;
        out.push(address, (found, Kind::Secret, rules::SERVICE_KEY));
    }
    let begin = range.start + if user > 0 { user + 1 } else { 0 };
    let host = address.get(begin..range.end).unwrap_or_default();
    if host.starts_with(|c: char| c.is_ascii_digit()) {
        if let Some(found) = network::v4(address, begin, Place::default()) {
            out.push(address, (found, Kind::Ip, rules::IP));
        }
    } else if host.starts_with('[') || host.contains(['%', '@']) {
        out.within(address, begin..range.end, |host, out| {
            text::find(host, layers.saturating_sub(1).min(1), Place::default(), out);
        });
    }
}

/// What the segments of a path before the one that is judged say of it.
#[derive(Default)]
struct Before<'a> {
    told: Key,
    /// How many segments may be parts of a secret.
    expected: u8,
    is_network: bool,
    is_thing: bool,
    /// `/build/73792c7f71f3a05487cba0e79d81ac9cd22598c0`
    is_version: bool,
    last: &'a str,
}

impl<'a> Before<'a> {
    fn pass(&mut self, segment: &'a str, policy: &Policy) {
        /// A secret may come in two parts: who and what.
        const PARTS: u8 = 2;
        self.expected = self.expected.saturating_sub(1);
        self.last = segment;
        if segment.len() > 48 || (segment.starts_with('[') && is_placeholder(segment)) {
            (self.told, self.is_version) = (Key::default(), false);
            return;
        }
        let of_thing = self.is_thing;
        let told = Key::of(segment, policy);
        (self.is_network, self.is_thing) = (told.any(flag::NETWORK), told.any(flag::THING) && !told.is_version);
        self.is_version = told.is_version;
        // `magic-mushroom-lamp` is a product.
        let is_short = told.words() <= 3;
        if told.any(flag::BEFORE_A_SECRET) && is_short && !of_thing && !segment.contains('.') {
            self.expected = PARTS;
        }
        self.told = if is_short { told } else { Key::default() };
    }
}

fn path(segments: &str, told: Key, layers: u8, out: &mut Spans<'_>) {
    /// As many segments as say something of the one behind them.
    const SAYING: usize = 3;
    let mut known = Before { told, ..Before::default() };
    // Segments that hold nothing are only read for what they say once another follows that may hold something.
    let mut passed = [""; SAYING];
    let mut skipped = 0;
    // What is below `_next` and its like is the framework's.
    let mut is_internal = false;
    // `/a2bde82c928276216b6262ec19a527ab/hero.webp` names what is in it.
    let names_asset = |segment: &str| {
        let ending = segments.rsplit('.').next().unwrap_or_default();
        segment.bytes().all(|b| b.is_ascii_hexdigit())
            && FILE_ENDINGS.iter().take(OF_PAGES).any(|known| ending == *known)
    };
    for range in split(segments, b"/;") {
        let Some(segment) = segments.get(range.clone()).filter(|segment| !segment.is_empty()) else { continue };
        if out.policy.is_empty() && is_plain(segment) && !told.tells() && !shape::is_scrambled(segment) {
            if let Some(place) = passed.get_mut(skipped % SAYING) {
                *place = segment;
            }
            skipped += 1;
            is_internal |= segment.starts_with('_');
            continue;
        }
        if skipped > SAYING {
            known = Before::default();
        }
        for place in skipped.saturating_sub(SAYING)..skipped {
            known.pass(passed.get(place % SAYING).copied().unwrap_or_default(), out.policy);
        }
        skipped = 0;
        let before = &known;
        let behind = segments.get(range.end + 1..).unwrap_or_default();
        out.within(segments, range, |part, out| {
            decoded(part, false, layers, out, |segment, layers, out| {
                let is_file = segment.rsplit_once('.').is_some_and(|(_, ending)| FILE_ENDINGS.contains(&ending));
                if is_placeholder(segment) {
                    return;
                }
                // `/share/product/12345678`
                let is_number = before.is_thing && segment.bytes().all(|b| b.is_ascii_digit());
                let is_secret = before.expected > 0
                    && (shape::is_token(segment) || names_whom(segment, behind))
                    && !is_number
                    && !is_numbered(before.last, segment)
                    && !segment.contains('@')
                    && !is_file
                    && !crate::kind::holds_placeholder(segment)
                    && !segment.contains(['=', '[', ':']);
                if is_secret {
                    out.push(segment, (0..segment.len(), Kind::Token, rules::PATH));
                } else if let Some((kind, rule)) = before
                    .told
                    .fits(segment, true, out.policy)
                    .filter(|(kind, _)| in_path(*kind, &before.told, before.last, segment) && !is_file)
                {
                    out.push(segment, (0..segment.len(), kind, rule));
                } else if shape::is_half_of_place(segment)
                    && [before.last, behind.split('/').next().unwrap_or_default()]
                        .into_iter()
                        .any(shape::is_half_of_place)
                {
                    out.push(segment, (0..segment.len(), Kind::Coordinates, rules::COORDINATES));
                } else if !(is_file || before.is_thing || is_internal)
                    && shape::is_random(segment)
                    && !names_asset(segment)
                    && !(before.is_version && segment.bytes().all(|b| b.is_ascii_hexdigit()))
                {
                    out.push(segment, (0..segment.len(), Kind::Token, rules::TOKEN));
                } else if segment.contains('=') && is_form(segment) {
                    query(segment, layers, out);
                } else if layers > 0 {
                    let is_whole = |c: char| c.is_ascii_digit() || c == '.';
                    let place = Place {
                        is_segment: !before.is_network && segment.chars().all(is_whole),
                        is_thing: before.is_thing,
                        ..Place::default()
                    };
                    text::find(segment, layers - 1, place, out);
                }
            });
        });
        is_internal |= segment.starts_with('_');
        known.pass(segment, out.policy);
    }
}

/// Whether `segment` is the number of a user in base64, and a secret comes next: `NDcxMQ/c1x7g2-…`.
fn names_whom(segment: &str, behind: &str) -> bool {
    const LONGEST: usize = 16;
    /// What digits are written with at each place of four; at the second, where it is the last, only as the first four.
    const DIGITS: [&[u8]; 4] = [b"MNO", b"AQgwDTjz", b"AEIMQUYcgk", b"wxyz012345"];
    let mut places = DIGITS.iter().cycle();
    (2..=LONGEST).contains(&segment.len())
        && segment.bytes().all(|b| places.next().is_some_and(|known| known.contains(&b)))
        && behind.split('/').next().is_some_and(shape::is_token)
}

/// Whether `text` is small letters and dashes, which no rule without a telling key takes for anything.
fn is_plain(text: &str) -> bool {
    /// The hardware address `aa-bb-cc-dd-ee-ff`.
    const MAC: usize = 17;
    text.len() != MAC && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'-' | b'_'))
}

/// The same of a value that is no more than a word or two with a small number.
fn is_plain_value(text: &str) -> bool {
    let mut digits = 0;
    let mut is_plain = |b: u8| {
        digits += u8::from(b.is_ascii_digit());
        matches!(b, b'a'..=b'z' | b'-' | b'_' | b'0'..=b'9')
    };
    text.len() < 17 && text.bytes().all(&mut is_plain) && digits <= 2
}

/// What a segment may tell of the next one.
fn in_path(kind: Kind, told: &Key, before: &str, segment: &str) -> bool {
    // `/mobile-games/15663932`, and `/telefon/4006381333931` with the number of an article.
    if kind == Kind::Phone && (told.words() > 2 || told.is_about() || (!before.is_empty() && is_article(segment))) {
        return false;
    }
    // `/passport/fees-2025`
    if kind == Kind::NationalId && shape::is_named(segment) {
        return false;
    }
    matches!(
        kind,
        Kind::Phone
            | Kind::NationalId
            | Kind::BirthDate
            | Kind::Iban
            | Kind::Card
            | Kind::Ip
            | Kind::Mac
            | Kind::Coordinates
            | Kind::Postcode
    )
}

/// Whether `segment` is the number of an article (GS1, EAN-13).
fn is_article(segment: &str) -> bool {
    let digits = || segment.bytes().map(|b| u32::from(b.wrapping_sub(b'0')));
    let sum: u32 = digits().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit.min(9) * weight).sum();
    segment.len() == 13 && digits().all(|digit| digit < 10) && sum.is_multiple_of(10)
}

/// Whether `segment` is the number of an order, as in `order-2024-118273`, `order/118273` and `confirmation/118273`.
fn is_numbered(before: &str, segment: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_thing = |word: &str| NUMBERED.iter().any(|thing| word.eq_ignore_ascii_case(thing));
    if is_number(segment) && before.split(['-', '_']).all(|word| is_thing(word) || CONFIRMED.contains(&word)) {
        return true;
    }
    let mut parts = segment.split(['-', '_']);
    let begins = parts.next().is_some_and(|first| is_thing(first) || (is_number(first) && is_thing(before)));
    begins && parts.all(is_number)
}

/// Points at the personal data in `key=value` pairs between `&` or `;`: a query, a form's body, a cookie.
pub(crate) fn query(parameters: &str, layers: u8, out: &mut Spans<'_>) {
    let separators: &'static [u8] = if first(parameters, b'&').is_some() { b"&" } else { b"&;" };
    // Whether only the rules that come with this decide.
    let is_settled = out.policy.is_empty() && !out.policy.keeps_only_allowed;
    // `name=first_name&value=Jane`
    let mut named = None;
    let mut beside = Beside::default();
    // What its neighbours tell: where it stands, and its key.
    let mut doubtful = Vec::new();
    for range in split(parameters, separators) {
        let begin = range.start;
        out.within(parameters, range, |parameter, out| {
            let Some(equals) = first(parameter, b'=') else {
                // What has no value may be one: `/find?depression`.
                if out.policy.keeps_only_allowed && !Key::of(parameter, out.policy).is_kept() {
                    return out.push(parameter, (0..parameter.len(), Kind::Unlisted, rules::UNLISTED));
                }
                return value(parameter, &Key::default(), true, layers, out);
            };
            let key = parameter.get(..equals).unwrap_or_default();
            let view = percent::decode(key, false);
            let plain_key = view.as_ref().map_or(key, |view| view.text.as_str());
            let plain_key = plain_key.trim_start_matches([' ', '?']);
            // Campaign parameters are chosen by the site, so that only what is personal by itself has to go.
            let is_campaign = CAMPAIGN.contains(&plain_key);
            let mut told = match plain_key {
                "value" if named.is_some() => named.take().unwrap_or_default(),
                _ if is_campaign => Key::default(),
                _ => Key::of(plain_key, out.policy),
            };
            if matches!(plain_key, "name" | "field" | "key") {
                named = parameter.get(equals + 1..).map(|name| Key::of(name, out.policy)).filter(Key::tells);
            }
            if told.is_untouched {
                return;
            }
            beside.add(&told);
            let (outer, last) = parted(plain_key);
            let told_last = if outer.is_empty() { told } else { Key::of(last, out.policy) };
            let is_name = told_last.is_bare_name() && told.is_vague_name();
            if is_name && named.is_none() || told.is_pass() {
                doubtful.push((begin + equals + 1..begin + parameter.len(), told_last, Key::of(outer, out.policy)));
            }
            if is_name {
                told = told.untold();
            }
            if layers > 0 && !told.tells() && key.contains(|c: char| c == '@' || c == '%' || c.is_ascii_digit()) {
                out.within(parameter, 0..equals, |key, out| text::find(key, layers - 1, Place::default(), out));
            }
            if !told.tells() && is_settled && parameter.get(equals + 1..).is_some_and(is_plain_value) {
                return;
            }
            let is_kept = is_campaign || told.is_allowed || told.is_thing();
            let range = equals + 1..parameter.len();
            if out.policy.keeps_only_allowed && !is_campaign && !told.is_allowed && !told.tells() {
                return out.push(parameter, (range, Kind::Unlisted, rules::UNLISTED));
            }
            let known = out.len();
            let is_done = parameter.get(range.clone()).is_some_and(is_placeholder);
            out.within(parameter, range, |part, out| value(part, &told, !is_kept, layers, out));
            if is_done || out.len() > known {
                beside.confirm(&told);
            }
        });
    }
    for (range, key, outer) in doubtful {
        let view = parameters.get(range.clone()).and_then(|value| percent::decode(value, true));
        let plain = view.as_ref().map_or_else(|| parameters.get(range.clone()), |view| Some(view.text.as_str()));
        if let Some((kind, rule)) = beside.part_of(&outer).tells(&key, plain.unwrap_or_default()) {
            out.push(parameters, (range, kind, rule));
        }
    }
}

/// The last part of a key, and what it stands under: `form` and `name` of `form[name]` and of `form.name`.
fn parted(key: &str) -> (&str, &str) {
    let parts = key.strip_suffix(']').map_or_else(|| key.rsplit_once('.'), |key| key.rsplit_once('['));
    parts.unwrap_or(("", key))
}

/// A value of a form, perhaps encoded, under a key.
pub(crate) fn value(encoded: &str, told: &Key, is_judged: bool, layers: u8, out: &mut Spans<'_>) {
    if encoded.is_empty() {
        return;
    }
    decoded(encoded, true, layers, out, |value, layers, out| {
        if let Some((kind, rule)) = told.fits(value, false, out.policy) {
            out.push(value, (0..value.len(), kind, rule));
        } else if is_judged && shape::is_random_value(value) {
            out.push(value, (0..value.len(), Kind::Token, rules::TOKEN));
        } else if out.policy.keeps_only_allowed && !told.is_allowed && told.tells() {
            out.push(value, (0..value.len(), Kind::Unlisted, rules::UNLISTED));
        } else if layers > 0 && value.starts_with(['{', '[']) && crate::json::is_container(value) {
            crate::json::find(value, layers - 1, out);
        } else if layers > 0 && (is_address(value) && (value.contains("://") || value.starts_with(['/', '?']))) {
            find(value, layers - 1, out);
        } else if layers > 0 && is_form(value) && (value.contains(['&', '%']) || !value.contains(' ')) {
            query(value, layers - 1, out);
        } else if layers > 0 {
            text::find(value, layers - 1, Place::under(told, value), out);
        }
    });
}

/// Runs `find` on `encoded` once nothing in it is percent-encoded any more, or it is an address or a form with encoded
/// parts of its own. With `in_form`, a `+` is a space unless an
/// address for mail may have it.
fn decoded(encoded: &str, in_form: bool, layers: u8, out: &mut Spans<'_>, find: impl FnOnce(&str, u8, &mut Spans<'_>)) {
    let plus_is_space = in_form && encoded.contains('+') && is_space(encoded);
    let Some(view) = percent::decode(encoded, plus_is_space).filter(|_| layers > 0) else {
        return find(encoded, layers, out);
    };
    let has_parts =
        in_form && (view.text.contains("://") || view.text.starts_with(['/', '?']) || view.text.contains('='));
    out.within_view(&view, |once, out| match percent::decode(once, false).filter(|_| layers > 1 && !has_parts) {
        Some(twice) => out.within_view(&twice, |text, out| find(text, layers - 2, out)),
        None => find(once, layers - 1, out),
    });
}

/// Whether a `+` in `encoded` is a space rather than part of a mailbox: `Hi+jane@example.org`, not `jane+shop@example.org`.
fn is_space(encoded: &str) -> bool {
    /// What is said before a mailbox.
    const SAID: &[&str] = &[
        "hi", "hello", "hey", "dear", "to", "from", "by", "for", "cc", "bcc", "re", "via", "and", "or", "mail",
        "email", "e-mail", "contact", "write", "send", "hallo", "liebe", "lieber", "an", "von", "und", "kontakt",
        "bonjour", "salut", "pour", "de", "et", "hola", "para", "y", "ciao", "per", "da", "e", "hej", "till", "od",
        "do", "dla", "ola", "user", "customer", "me", "at", "is", "my",
    ];
    let Some(before) =
        ["@", "%40", "%2540"].iter().find_map(|mark| encoded.find(mark)).and_then(|at| encoded.get(..at))
    else {
        return true;
    };
    let mut pluses = before.split('+');
    let (first, Some(_)) = (pluses.next().unwrap_or_default(), pluses.next()) else { return true };
    // What encodes the `+` of a mailbox writes a space as one.
    let is_written_out = || ["%2b", "%2B", "%252B", "%252b"].iter().any(|plus| before.contains(plus));
    pluses.next().is_some() || is_written_out() || SAID.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Where the parts between separators stand.
fn split(text: &str, separators: &'static [u8]) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let at = next?;
        let rest = text.as_bytes().get(at..)?;
        let end = rest.iter().position(|b| separators.contains(b)).map(|length| at + length);
        next = end.map(|end| end + 1);
        Some(at..end.unwrap_or(text.len()))
    })
}

/// Where `byte` first stands. Parts of addresses are short, so that looking is quicker than what finds it in long texts.
fn first(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|b| b == byte)
}
