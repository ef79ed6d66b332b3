//! The proof that something went through the rules, and the functions that give it.

use std::ops::Deref;

use serde::Serialize;
use serde_json::value::RawValue;
use wire::{Attribution, Event, Page};

use crate::explain::Log;
use crate::keys::telling::Key;
use crate::patterns::network::Place;
use crate::policy::Policy;
use crate::report::Report;
use crate::span::{Span, Spans, apply};
use crate::text::LAYERS;
use crate::{json as in_json, text as in_text, url as in_url};

/// A `T` without personal data. Only this crate makes one; it can be read and written out, but neither changed nor read
/// in, so what holds it cannot hold anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// The value without its proof.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What was to be read as JSON and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON")]
pub struct NotJson;

/// Redacts a page, and cuts its fields to what can be stored: after the redaction, since half an address is none.
#[must_use]
pub fn page(policy: &Policy, mut page: Page) -> (Redacted<Page>, Report) {
    let mut report = Report::default();
    let mut redact = |field: &mut String, find: fn(&str, &mut Spans<'_>)| {
        if let Some(redacted) = redacted(policy, field, &mut report, None, find) {
            *field = redacted;
        }
    };
    for address in [&mut page.url, &mut page.path, &mut page.referrer] {
        redact(address, find_in_url);
    }
    let Attribution { utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id } = &mut page.attribution;
    let campaign = [utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id].into_iter().flatten();
    for plain in [&mut page.title, &mut page.channel, &mut page.platform].into_iter().chain(campaign) {
        redact(plain, find_in_text);
    }
    wire::check::tidy_page(&mut page);
    (Redacted(page), report)
}

/// Redacts an event. Of its fields only `data` is free; everything else is a number, an id or a checked name.
#[must_use]
pub fn event(policy: &Policy, mut event: Event) -> (Redacted<Event>, Report) {
    let mut report = Report::default();
    if let Some(data) = redacted_json(policy, event.data.get(), &mut report, None) {
        // Strings stay strings and numbers become strings, so what was valid still is; an empty object is the safe side.
        event.data =
            RawValue::from_string(data).or_else(|_| RawValue::from_string("{}".to_owned())).unwrap_or_default();
    }
    (Redacted(event), report)
}

/// Redacts a text that comes with neither page nor event, such as a user agent.
#[must_use]
pub fn text(policy: &Policy, text: &str) -> (String, Report) {
    copy(policy, text, find_in_text)
}

/// Redacts an address, absolute or relative.
#[must_use]
pub fn url(policy: &Policy, url: &str) -> (String, Report) {
    copy(policy, url, find_in_url)
}

/// Redacts the value of a key, and gives it back without the key.
#[must_use]
pub fn key_value(policy: &Policy, key: &str, value: &str) -> (String, Report) {
    copy(policy, value, |value, out| find_under_key(key, value, out))
}

/// Redacts any JSON. White space, the order of keys and how numbers are written stay to the letter.
///
/// # Errors
/// When `json` is not valid JSON, or nested deeper than 128 levels.
pub fn json(policy: &Policy, json: &str) -> Result<(String, Report), NotJson> {
    check_json(json)?;
    let mut report = Report::default();
    let redacted = redacted_json(policy, json, &mut report, None);
    Ok((redacted.unwrap_or_else(|| json.to_owned()), report))
}

pub(crate) fn check_json(json: &str) -> Result<(), NotJson> {
    serde_json::from_str::<serde::de::IgnoredAny>(json).map(|_| ()).map_err(|_| NotJson)
}

pub(crate) fn find_in_text(plain: &str, out: &mut Spans<'_>) {
    in_text::find(plain, LAYERS, Place::default(), out);
}

pub(crate) fn find_in_url(address: &str, out: &mut Spans<'_>) {
    // A referrer may be anything; what has white space in it is text.
    if address.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:")) {
        in_url::value(address, &Key::default(), false, LAYERS, out);
    } else if address.contains(char::is_whitespace) || address.starts_with("data:") {
        in_text::find(address, LAYERS, Place::default(), out);
    } else {
        in_url::find(address, LAYERS, out);
    }
}

pub(crate) fn find_under_key(key: &str, value: &str, out: &mut Spans<'_>) {
    let told = Key::of(key, out.policy);
    if told.is_untouched {
        return;
    }
    if let Some((kind, rule)) = told.fits(value, false, out.policy) {
        out.push(value, (0..value.len(), kind, rule));
    } else if in_json::is_container(value) {
        in_json::find_under(value, told, LAYERS - 1, out);
    } else {
        in_json::value(value, &told, LAYERS, out);
    }
}

fn copy(policy: &Policy, text: &str, find: impl Fn(&str, &mut Spans<'_>)) -> (String, Report) {
    let mut report = Report::default();
    let redacted = redacted(policy, text, &mut report, None, find);
    (redacted.unwrap_or_else(|| text.to_owned()), report)
}

/// A placeholder can uncover what its surroundings hid, so that one pass is not always enough; each leaves less to find.
const PASSES: usize = 4;

/// `text` with what `find` points at replaced, until it points at nothing; `None` when it never did.
pub(crate) fn redacted(
    policy: &Policy,
    text: &str,
    report: &mut Report,
    mut log: Option<&mut Log>,
    find: impl Fn(&str, &mut Spans<'_>),
) -> Option<String> {
    let mut redacted: Option<String> = None;
    for _ in 0..PASSES {
        let text = redacted.as_deref().unwrap_or(text);
        let mut out = Spans::new(policy);
        find(text, &mut out);
        match replaced(out, text, report, log.as_deref_mut()) {
            Some((text, _)) => redacted = Some(text),
            None => break,
        }
    }
    redacted
}

/// The same for JSON, of which only what changed is looked at again.
pub(crate) fn redacted_json(
    policy: &Policy,
    json: &str,
    report: &mut Report,
    mut log: Option<&mut Log>,
) -> Option<String> {
    let mut out = Spans::new(policy);
    let mut changes = in_json::find_under(json, Key::default(), LAYERS, &mut out);
    let (mut redacted, mut found) = replaced(out, json, report, log.as_deref_mut())?;
    for _ in 1..PASSES {
        let mut out = Spans::new(policy);
        changes = changes.find_again(&redacted, &found, &mut out);
        match replaced(out, &redacted, report, log.as_deref_mut()) {
            Some(next) => (redacted, found) = next,
            None => break,
        }
    }
    Some(redacted)
}

/// `text` with what was found replaced, and what that was; `None` when there was nothing.
fn replaced<'p>(
    out: Spans<'p>,
    text: &str,
    report: &mut Report,
    log: Option<&mut Log>,
) -> Option<(String, Vec<Span<'p>>)> {
    if out.len() == 0 {
        return None;
    }
    let found = out.merged();
    if let Some(log) = log {
        log.add(&found);
    }
    let redacted = apply(&found, text, report)?;
    Some((redacted, found))
}
