//! The proof that something went through the rules, and the functions that give it.

use std::ops::Deref;

use serde::Serialize;
use serde_json::value::RawValue;
use wire::{Attribution, Event, Page};

use crate::report::Report;
use crate::span::Spans;
use crate::text::{LAYERS, find as find_in_text};
use crate::{json, url};

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

/// Redacts a page, and cuts its fields to what can be stored: after the redaction, since half an address is none.
#[must_use]
pub fn page(mut page: Page) -> (Redacted<Page>, Report) {
    let mut report = Report::default();
    for address in [&mut page.url, &mut page.path, &mut page.referrer] {
        redact(address, &mut report, |address, out| {
            find_in_text(address, LAYERS, out);
            url::find(address, LAYERS, out);
        });
    }
    let Attribution { utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id } = &mut page.attribution;
    let campaign = [utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id].into_iter().flatten();
    for plain in [&mut page.title, &mut page.channel, &mut page.platform].into_iter().chain(campaign) {
        redact(plain, &mut report, |plain, out| find_in_text(plain, LAYERS, out));
    }
    wire::check::tidy_page(&mut page);
    (Redacted(page), report)
}

/// Redacts an event. Of its fields only `data` is free; everything else is a number, an id or a checked name.
#[must_use]
pub fn event(mut event: Event) -> (Redacted<Event>, Report) {
    let mut report = Report::default();
    let mut data = event.data.get().to_owned();
    if redact(&mut data, &mut report, |data, out| json::find(data, LAYERS, out)) {
        // Strings stay strings and numbers become strings, so what was valid still is; an empty object is the safe side.
        event.data =
            RawValue::from_string(data).or_else(|_| RawValue::from_string("{}".to_owned())).unwrap_or_default();
    }
    (Redacted(event), report)
}

/// Redacts a text that comes with neither page nor event, such as a user agent.
#[must_use]
pub fn text(text: &str) -> (String, Report) {
    let (mut text, mut report) = (text.to_owned(), Report::default());
    redact(&mut text, &mut report, |text, out| find_in_text(text, LAYERS, out));
    (text, report)
}

/// Replaces what `find` points at until it points at nothing, and says whether it ever did. A placeholder can uncover
/// what its surroundings hid, so that one pass is not always enough; each pass leaves less to find.
fn redact(text: &mut String, report: &mut Report, find: impl Fn(&str, &mut Spans)) -> bool {
    const PASSES: usize = 4;
    for pass in 0..PASSES {
        let mut found = Spans::default();
        find(text, &mut found);
        match found.apply(text, report) {
            Some(redacted) => *text = redacted,
            None => return pass > 0,
        }
    }
    true
}
