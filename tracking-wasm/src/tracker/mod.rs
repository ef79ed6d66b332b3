//! One page load: turns what page.js saw into numbered events, fills batches with them and says when there is something to
//! do. Storage and network are page.js's; what to do with them is decided here.

use wire::ids;
use wire::limits::PIXEL_IDLE_MS;

use crate::answer::Answer;
use crate::batch::{Batch, stored};
use crate::click::{self, Element, Position};
use crate::custom;
use crate::form::{self, Field, Form};
use crate::json::push_number;
use crate::moment::Moment;
use crate::page::{self, Device, Page, Place};
use crate::queue::{BATCH_KEY, Queue, contains};
use crate::scroll::Depth;
use crate::text::push_all;

/// An event is in storage at most this long after it happened, so that a killed tab loses no more.
const SAVE_MS: u32 = 1_000;
/// Others take a batch that is still being filled for abandoned when it was not touched for this long.
const ABANDONED_MS: i64 = PIXEL_IDLE_MS + 30_000;
/// Batches in memory while storage is full and the edge answers.
const WAITING_BATCHES: usize = 64;
/// The pixel keeps a batch this long: it and the Queue together stay within the window of the exporter.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Under what conditions a batch is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// By the only tab that sends.
    Locked,
    /// The browser has no locks: a batch is held for as long as its request may take.
    Unlocked,
    /// The page is being hidden: only its own batches, without waiting for a turn.
    Leaving,
}

impl Sending {
    fn hold_ms(self) -> i64 {
        match self {
            Self::Locked => 0,
            Self::Unlocked => 30_000,
            Self::Leaving => 5_000,
        }
    }
}

/// The state of one page load.
pub struct Tracker {
    stream: String,
    seq: u32,
    /// See `EdgeState::skew`.
    skew: i64,
    page: Option<Page>,
    page_since: u32,
    depth: Depth,
    /// Begun so far.
    batches: u16,
    /// Being filled.
    batch: Option<Batch>,
    /// Complete, and not yet in storage.
    complete: Vec<Batch>,
    /// Whether `complete` waits for room in storage.
    waits_for_room: bool,
    /// Events that never got into a batch.
    lost: i64,
    flush: bool,
    last_event: u32,
    unsaved_since: Option<u32>,
    /// Keys of the batches this page load made.
    own: Vec<String>,
    in_flight: Vec<String>,
    /// When to look at the queue.
    wake: Option<u32>,
    hurry: bool,
}

impl Tracker {
    /// A page load begins.
    #[must_use]
    pub fn new(moment: &Moment) -> Self {
        Self {
            stream: ids::to_text(&ids::v7(unsigned(moment.now), moment.random())),
            seq: 0,
            skew: 0,
            page: None,
            page_since: 0,
            depth: Depth::default(),
            batches: 0,
            batch: None,
            complete: Vec::new(),
            waits_for_room: false,
            lost: 0,
            flush: false,
            last_event: 0,
            unsaved_since: None,
            own: Vec::new(),
            in_flight: Vec::new(),
            wake: Some(0),
            hurry: false,
        }
    }

    /// A page is shown: loaded, restored from the back/forward cache (`bfcache`), or reached by a route change, which
    /// counts when its path is another one. The device is named with the first.
    pub fn page(&mut self, moment: &Moment, navigation: &str, place: &Place<'_>, device: &Device<'_>) -> bool {
        let before = self.page.take();
        let route = before.as_ref().filter(|_| navigation != "bfcache");
        let page = Page::new(place, route);
        if route.is_some_and(|before| before.path == page.path) {
            self.page = before;
            return false;
        }
        let data = page::page_view(navigation, route, before.is_none().then_some(device));
        self.page = Some(page);
        if let Some(batch) = &mut self.batch {
            batch.has_page = false;
        }
        self.page_since = moment.t;
        self.depth = Depth::default();
        self.add(moment, "pageview", &data);
        self.flush = true;
        true
    }

    /// An element was clicked.
    pub fn click(&mut self, moment: &Moment, element: &Element<'_>, position: &Position) {
        let url = self.page.as_ref().map_or("", |page| &page.url);
        let data = click::click(element, position, url);
        self.add(moment, "click", &data);
    }

    /// The page, `height` pixels high, is seen down to `bottom`.
    pub fn scroll(&mut self, moment: &Moment, bottom: i32, height: i32, scrolled: bool) {
        for (nth, milestone) in (0_u8..).zip(self.depth.reach(bottom, height, scrolled)) {
            let mut data = crate::json::Object::new();
            data.number("milestone", milestone.into());
            data.number("ms", moment.t.saturating_sub(self.page_since).into());
            // several at once need several ids
            let mut moment = *moment;
            if let Some(byte) = moment.random.get_mut(9) {
                *byte = byte.wrapping_add(nth);
            }
            self.add(&moment, "scroll_depth", &data.done());
        }
    }

    /// A form was submitted.
    pub fn form_submit<'a>(&mut self, moment: &Moment, form: &Form<'_>, fields: impl Iterator<Item = Field<'a>>) {
        self.add(moment, "form_submit", &form::form_submit(form, fields));
    }

    /// The site reports an event of its own; `data` is JSON, or empty. What cannot be sent is counted as dropped.
    pub fn track(&mut self, moment: &Moment, name: &str, data: &str) {
        if let Some(data) = custom::data(data).filter(|_| custom::is_event_type(name)) {
            self.add(moment, name, &data);
        } else {
            self.seq += 1;
            self.lost += 1;
        }
    }

    /// The browser is online again: a wait that nobody asked for ends.
    pub fn hurry(&mut self) {
        self.hurry = true;
        self.wake = Some(0);
    }

    /// Milliseconds until [`Self::tick`] has something to do; `None` when nothing is planned.
    #[must_use]
    pub fn wait(&self, t: u32) -> Option<u32> {
        if self.flush || (!self.complete.is_empty() && !self.waits_for_room) {
            return Some(0);
        }
        let mut next = self.wake.unwrap_or(u32::MAX);
        if let Some(since) = self.unsaved_since {
            next = next.min(since.saturating_add(SAVE_MS));
        }
        if self.batch.is_some() {
            next = next.min(self.last_event.saturating_add(IDLE_MS));
        }
        (next < u32::MAX).then(|| next.saturating_sub(t))
    }

    /// Whether it is time to take a turn at sending. Says so once: the turn finds out what comes after it.
    pub fn turn(&mut self, t: u32) -> bool {
        self.wake.take_if(|wake| *wake <= t).is_some()
    }

    /// Does what is due: closes the batch after a page view, a minute without events or when the page is left, and saves
    /// what is new. Takes what is in storage and gives the changes to be made there.
    pub fn tick(&mut self, moment: &Moment, storage: &str, leaving: bool) -> String {
        let mut queue = Queue::read(storage);
        self.skew = queue.state.skew;
        queue.state.dropped += std::mem::take(&mut self.lost);
        let keep_from = ids::v7(unsigned(moment.now + self.skew - KEPT_MS), [0; 10]);
        queue.drop_before(&key(&ids::to_text(&keep_from)));
        if self.flush || leaving || moment.t.saturating_sub(self.last_event) >= IDLE_MS {
            close(&mut self.batch, &mut self.complete);
        }
        self.flush = false;
        self.waits_for_room = false;
        let force = leaving || queue.state.failures > 0 || self.complete.len() > WAITING_BATCHES;
        while let Some(batch) = self.complete.first() {
            let key = key(&batch.id);
            let reported = queue.state.dropped;
            let value = batch.store(&self.stream, moment.now, reported, 0);
            if !queue.store(&key, &value, force, &self.in_flight) {
                self.waits_for_room = true;
                break;
            }
            queue.state.dropped -= reported;
            self.complete.remove(0);
            self.own.push(key);
            self.wake = Some(moment.t);
        }
        if let Some(batch) = self.batch.as_ref().filter(|_| self.unsaved_since.is_some()) {
            let value = batch.store(&self.stream, moment.now, 0, moment.now + ABANDONED_MS);
            // no room: it stays in memory, and is stored when it is complete
            let _ = queue.store(&key(&batch.id), &value, false, &[]);
        }
        self.unsaved_since = None;
        queue.changes()
    }

    /// The batch to be sent now, as `key\nvalue`: to be stored so before its request is made. `None` when there is none, or
    /// it is not the time.
    pub fn next(&mut self, moment: &Moment, storage: &str, sending: Sending) -> Option<String> {
        let queue = Queue::read(storage);
        let hurry = std::mem::take(&mut self.hurry) || sending == Sending::Leaving;
        let wait = queue.state.wait(moment.now, hurry);
        let at = |wait: i64| moment.t.saturating_add(u32::try_from(wait).unwrap_or(u32::MAX));
        if wait > 0 {
            self.wake = Some(at(wait));
            return None;
        }
        let filling = self.batch.as_ref().map(|batch| key(&batch.id)).unwrap_or_default();
        let next = queue.next(moment.now, |key| {
            filling != key
                && !contains(&self.in_flight, key)
                && (sending != Sending::Leaving || contains(&self.own, key))
        });
        match next {
            Ok(key) => {
                self.in_flight.push(String::from(key));
                let value = queue.get(key).unwrap_or_default();
                let mut entry = String::from(key);
                let sent = stored::attempt(value, &queue.state.token, moment.now + sending.hold_ms());
                push_all(&mut entry, &["\n", &sent]);
                Some(entry)
            }
            Err(wait) => {
                self.wake = wait.map(at);
                None
            }
        }
    }

    /// The request for the batch under `key` has ended. Takes what is in storage and gives the changes to be made there.
    pub fn answered(&mut self, moment: &Moment, storage: &str, key_sent: &str, answer: &Answer<'_>) -> String {
        let mut queue = Queue::read(storage);
        forget(&mut self.in_flight, key_sent);
        let value = queue.get(key_sent).unwrap_or_default();
        if answer.is_acknowledged() {
            queue.state.acknowledged(answer.token, answer.now, moment.now);
            queue.remove(key_sent);
            let skew = answer.now - moment.now;
            if let Some((id, mended)) = stored::mend(value, &answer.refused_for_time(), skew, answer.now, moment) {
                let key = key(&id);
                queue.put(&key, &mended);
                self.own.push(key);
            }
        } else if answer.is_final() {
            queue.drop_batch(key_sent);
        } else {
            queue.state.failed(answer.retry_after_ms(), moment.now, moment.random[0]);
            if !value.is_empty() {
                queue.put(key_sent, &stored::with_hold(value, 0));
            }
        }
        if !answer.is_retried() {
            forget(&mut self.own, key_sent);
        }
        self.skew = queue.state.skew;
        let wait = u32::try_from(queue.state.wait(moment.now, false)).unwrap_or(u32::MAX);
        self.wake = Some(moment.t.saturating_add(wait));
        queue.changes()
    }

    /// Adds an event; `kind` is one of ours or was checked.
    fn add(&mut self, moment: &Moment, kind: &str, data: &str) {
        let Some(page) = &self.page else { return };
        let id = ids::to_text(&ids::v7(unsigned(moment.now + self.skew), moment.random()));
        let mut before = String::new();
        push_all(&mut before, &["{\"id\":\"", &id, "\",\"seq\":"]);
        push_number(&mut before, self.seq.into());
        push_all(&mut before, &[",\"type\":\"", kind, "\",\"ts\":"]);
        push_number(&mut before, moment.now);
        before.push_str(",\"t\":");
        push_number(&mut before, moment.t.into());
        before.push_str(",\"page\":");
        let mut after = String::new();
        push_all(&mut after, &[",\"data\":", data, "}"]);
        // the page may have to be named again; separators and the index take a few bytes more
        let bytes = page.json.len() + before.len() + after.len() + 8;
        if self.batch.as_ref().is_some_and(|batch| !batch.has_room(bytes)) {
            close(&mut self.batch, &mut self.complete);
        }
        if self.batch.is_none() {
            // a counter before the randomness keeps the batches of one millisecond in order
            let mut random = moment.more_random();
            let [high, low] = self.batches.to_be_bytes();
            (random[0], random[1]) = (high, low);
            self.batches = self.batches.wrapping_add(1);
            self.batch = Some(Batch::new(&ids::v7(unsigned(moment.now + self.skew), random)));
        }
        let Some(batch) = &mut self.batch else { return };
        batch.add(&page.json, &before, &after);
        if batch.is_full() {
            close(&mut self.batch, &mut self.complete);
        }
        self.seq += 1;
        self.last_event = moment.t;
        self.unsaved_since = self.unsaved_since.or(Some(moment.t));
    }
}

/// The batch that was filled is complete.
fn close(batch: &mut Option<Batch>, complete: &mut Vec<Batch>) {
    if let Some(batch) = batch.take() {
        complete.push(batch);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a minute")]
const IDLE_MS: u32 = PIXEL_IDLE_MS as u32;

fn key(id: &str) -> String {
    let mut key = String::from(BATCH_KEY);
    key.push_str(id);
    key
}

fn forget(keys: &mut Vec<String>, key: &str) {
    if let Some(at) = keys.iter().position(|entry| entry == key) {
        keys.swap_remove(at);
    }
}

/// Times before 1970 count as 1970.
fn unsigned(time: i64) -> u64 {
    u64::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests;
