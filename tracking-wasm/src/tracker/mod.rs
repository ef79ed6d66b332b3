//! One page load: turns what page.js saw into numbered events, fills batches with them and says when there is something to
//! do. Storage and network are page.js's; what to do with them is decided here.

use wire::limits::{BATCH_BYTES, DATA_BYTES, EVENT_TYPE_CHARS, PIXEL_IDLE_MS, PIXEL_STORE_BYTES};

use crate::attention::Attention;
use crate::batch::{Batch, Stored, count_refused};
use crate::click::{self, Burst};
use crate::form::Field;
use crate::moment::{Moment, UUID_CHARS};
use crate::page::put_route;
use crate::queue::{BATCH_KEY, Queue, RECORD, put_batch, put_record, take_record};
use crate::scroll::Depth;
use crate::scrub::scrub;
use crate::text::{Text, before, fill, is_listed, number, put, put_number, take};

/// An event is in storage at most this long after it happened, so that a killed tab loses no more.
const SAVE_MS: i64 = 1_000;
/// Others take a batch that is still being filled for abandoned when it was not touched for this long.
const ABANDONED_MS: i64 = PIXEL_IDLE_MS + 30_000;
/// Bytes of batches in memory while storage is full and the edge answers.
const WAITING_BYTES: usize = 256 * 1024;
/// Bytes of records for page.js at a time: all that may be stored, and as much again.
const OUT_BYTES: usize = 2 * PIXEL_STORE_BYTES;
type Line = Text<[u8; 8 * 1024]>;
type Long = Text<[u8; 16 * 1024]>;
/// The pixel keeps a batch this long: it and the Queue together stay within the window of the exporter.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Begins a section of what page.js says.
const SECTION: u8 = 0x1f;
/// What an event says before the inside of its data. Behind it come two braces: one belongs to the data, as the one here does.
const DATA_START: &[u8] = b",\"data\":{";
/// What is added to a click without effect.
const DEAD: &[u8] = b",\"dead\":true";
const NEVER: i64 = i64::MAX;

/// The state of one page load.
#[expect(clippy::struct_excessive_bools, reason = "what is due and what the site wants: each is a fact of its own")]
pub struct Tracker {
    stream: Text<[u8; UUID_CHARS]>,
    seq: i64,
    /// See `EdgeState::skew`.
    skew: i64,
    /// The page that is open, as an entry of a batch's `pages`; empty before the first.
    page: Long,
    url: Line,
    route: Line,
    depth: Depth,
    attention: Attention,
    /// Forms that were begun and not submitted: number, when, and the name of the last field, a line each, and what the form is
    /// called; a record a form.
    forms: Long,
    burst: Burst,
    /// Where the last click ends in the batch, if it may turn out to have had no effect; 0 otherwise.
    click: usize,
    /// What a batch says of consent, as part of a JSON object.
    consent: Text<[u8; 64]>,
    is_cookieless: bool,
    is_debugged: bool,
    keeps_click_ids: bool,
    /// Begun so far.
    batches: i64,
    /// Being filled.
    batch: Batch,
    /// Complete, and not yet in storage: records.
    complete: Text<[u8; WAITING_BYTES]>,
    /// Whether `complete` waits for room in storage.
    waits_for_room: bool,
    /// Events that never got into a batch.
    lost: i64,
    flush: bool,
    last_event: i64,
    /// When the oldest event happened that is not in storage.
    unsaved_since: Option<i64>,
    /// When to look at the queue.
    wake: i64,
    hurry: bool,
    /// The event that is being made: its type, a line feed, and the inside of its data before anything is taken out.
    raw: Long,
    /// What an event begins and ends with.
    start: Text<[u8; 256]>,
    end: Long,
    /// For page.js: see [`Self::tell`].
    out: Text<[u8; OUT_BYTES]>,
}

impl Tracker {
    /// A page load begins. All of it is zero, which costs a download nothing.
    pub const NEW: Self = Self {
        stream: Text::NEW,
        seq: 0,
        skew: 0,
        page: Text::NEW,
        url: Text::NEW,
        route: Text::NEW,
        depth: Depth::NEW,
        attention: Attention::NEW,
        forms: Text::NEW,
        burst: Burst::NEW,
        click: 0,
        consent: Text::NEW,
        is_cookieless: false,
        is_debugged: false,
        keeps_click_ids: false,
        batches: 0,
        batch: Batch::NEW,
        complete: Text::NEW,
        waits_for_room: false,
        lost: 0,
        flush: false,
        last_event: 0,
        unsaved_since: None,
        wake: 0,
        hurry: false,
        raw: Text::NEW,
        start: Text::NEW,
        end: Text::NEW,
        out: Text::NEW,
    };

    /// Something happened, or is to be done. `input` is what, the browser's clock (Unix milliseconds), the milliseconds since the
    /// page load and fifteen random hexadecimal digits, with spaces between them; then lines as below; then sections. Facts
    /// are the inside of a JSON object, names the inside of a JSON string. Storage is a section, a record an entry:
    /// `key\nvalue`.
    ///
    /// | what | lines | sections |
    /// |---|---|---|
    /// | `mode` | consent, then words: `cookieless`, `debug`, `click_ids` (keep them) | storage |
    /// | `page` | navigation, address, facts of the page, referrer, facts of the first page view | |
    /// | `click` | href, `true` if it is to be saved, x, y, `true` if it should have an effect, facts | |
    /// | `dead` | (the last click had no effect) | |
    /// | `scroll` | bottom of the viewport, height of the page, `true` if it was scrolled | |
    /// | `edit` | number of the form, name of the field, facts of the form | |
    /// | `form` | number of the form, facts of the form | a line a field: see [`Field::read`] |
    /// | `track` | event type, facts | |
    /// | `view` | `hidden`, `visible`, `focus` or `blur` | |
    /// | `active` | (the visitor is there) | |
    /// | `online` | (a wait that nobody asked for ends) | |
    /// | `beat` | | storage |
    /// | `leave` | `true` if the page will not come back | storage |
    /// | `next` | how long others leave the batch alone (milliseconds), `true` if the page is being left, `true` if it will not come back | storage |
    /// | `reply` | key, status, `Retry-After`, the edge's clock, token | storage, a line a refusal: `seq` and reason |
    ///
    /// Gives, a record each, `key\nvalue` to be stored,
    /// `key\n` to be removed, `turn\n` when it is time to send, `log\n` and an event for the console. After `next` the last
    /// of them is also the batch to be sent now. Behind the records are the milliseconds until `beat` is due, -1 when nothing is
    /// planned.
    #[must_use]
    pub fn tell(&mut self, input: &[u8]) -> &[u8] {
        let mut tail = input;
        let mut rest = take(&mut tail, SECTION);
        let what = take(&mut rest, b' ');
        let mut clock = take(&mut rest, b'\n');
        let (now, t) = (number(take(&mut clock, b' ')), number(take(&mut clock, b' ')));
        let moment = Moment { now, t, random: clock };
        let mut lines: [&[u8]; 6] = Default::default();
        for line in &mut lines {
            *line = take(&mut rest, b'\n');
        }
        if self.stream.is_empty() {
            moment.put_id(&mut self.stream, now, 0xfff);
        }
        self.out.clear();
        self.tell_of(&moment, what, &lines, tail);
        let wait = self.wait(t);
        put_number(&mut self.out, wait);
        &self.out
    }

    /// The answer once more.
    #[must_use]
    pub fn answer(&self) -> &[u8] {
        &self.out
    }

    fn tell_of(&mut self, moment: &Moment<'_>, what: &[u8], lines: &[&[u8]; 6], tail: &[u8]) {
        let &[first, second, third, fourth, fifth, _] = lines;
        self.raw.clear();
        match what.first() {
            Some(b'm') => self.mode(first, second, tail),
            Some(b'p') => self.page(moment, lines),
            Some(b'c') => {
                fill(&mut self.raw, b"click\n\x06", lines, &[]);
                click::put_link(&mut self.raw, first, is_true(second), &self.url);
                if self.burst.is_rage(moment.t, number(third), number(fourth)) {
                    put(&mut self.raw, b",\"rage\":true");
                }
                let end = self.add(moment);
                let has_room = self.end.len() + DEAD.len() <= DATA_BYTES + DATA_START.len();
                self.click = if is_true(fifth) && has_room { end } else { 0 };
            }
            Some(b'd') => self.batch.mark(std::mem::take(&mut self.click), DEAD),
            Some(b's') => {
                self.depth.reach(number(first), number(second), is_true(third));
                while let Some(milestone) = self.depth.milestone() {
                    let ms = moment.t - self.attention.opened;
                    self.add_filled(moment, b"scroll_depth\n\"milestone\":\x0e,\"ms\":\x0f", lines, &[milestone, ms]);
                }
            }
            Some(b'e') => {
                let since = self.form(first).unwrap_or_else(|| {
                    self.add_filled(moment, b"form_start\n\x03", lines, &[]);
                    moment.t
                });
                fill(&mut self.forms, b"\x01\n\x0e\n\x02\n\x03\x1e", lines, &[since]);
            }
            Some(b'f') => {
                self.form(first);
                self.submit(moment, second, tail);
            }
            Some(b't') => self.add_filled(moment, b"\x01\n\x02", lines, &[]),
            Some(b'v') => {
                let ms = self.attention.change(first, moment.t);
                self.add_filled(moment, b"page_visibility\n\"state\":\"\x01\",\"ms\":\x0e", lines, &[ms]);
            }
            Some(b'a') => self.attention.act(moment.t),
            Some(b'o') => {
                self.hurry = true;
                self.wake = 0;
            }
            Some(b'b') => self.beat(moment, tail, false),
            Some(b'l') => {
                self.exit(moment, is_true(first));
                self.beat(moment, tail, true);
            }
            Some(b'n') => self.next(moment, number(first), is_true(second), is_true(third), tail),
            Some(b'r') => self.reply(moment, lines, tail),
            _ => {}
        }
    }

    fn mode(&mut self, consent: &[u8], words: &[u8], storage: &[u8]) {
        self.is_cookieless = is_listed(words, b"cookieless");
        self.is_debugged = is_listed(words, b"debug");
        self.keeps_click_ids = is_listed(words, b"click_ids");
        self.consent.clear();
        fill(&mut self.consent, b",\"consent\":\"\x01\"", &[consent], &[]);
        if self.is_cookieless {
            put(&mut self.consent, b",\"cookieless\":true");
            let mut queue = Queue::read(storage, 0);
            queue.state.token = b"";
            queue.store_state(&mut self.out);
        }
    }

    /// A page is shown: loaded, restored from the back/forward cache (`bfcache`), or reached by a route change, which
    /// counts when its path is another one. Of a route change the page before is the referrer.
    fn page(&mut self, moment: &Moment<'_>, lines: &[&[u8]; 6]) {
        let [navigation, url, facts, referrer, device, _] = *lines;
        self.raw.clear();
        put_route(&mut self.raw, url);
        let is_first = self.page.is_empty();
        let is_route = !is_first && navigation != b"bfcache";
        if is_route && **self.raw == **self.route {
            return;
        }
        self.raw.clear();
        self.exit(moment, true);
        let texts = [navigation, &self.route, if is_first { device } else { b"" }];
        fill(
            &mut self.raw,
            if is_route {
                b"pageview\n\"navigation\":\"\x01\",\"previous_path\":\"\x02\""
            } else {
                b"pageview\n\"navigation\":\"\x01\"\x03"
            },
            &texts,
            &[],
        );
        self.route.clear();
        put_route(&mut self.route, url);
        let referrer = if is_route { &self.url } else { referrer };
        self.end.clear();
        let texts = [url, &self.route, referrer, facts];
        fill(&mut self.end, b"{\"url\":\"\x01\",\"path\":\"\x02\",\"referrer\":\"\x03\",\x04}", &texts, &[]);
        self.page.clear();
        scrub(&self.end, &mut self.page, self.keeps_click_ids);
        self.url.clear();
        put(&mut self.url, url);
        self.batch.has_page = false;
        self.depth = Depth::NEW;
        self.attention.open(moment.t);
        self.add(moment);
        self.flush = true;
    }

    /// The page is left, and will not come back if it is `gone`.
    fn exit(&mut self, moment: &Moment<'_>, gone: bool) {
        while gone && !self.forms.is_empty() {
            let mut rest = &**self.forms;
            let mut form = take_record(&mut rest);
            let bytes = form.len() + 1;
            take(&mut form, b'\n');
            let (since, field) = (number(take(&mut form, b'\n')), take(&mut form, b'\n'));
            let template = b"form_abandon\n\x01,\"field\":\"\x02\",\"ms\":\x0e";
            fill(&mut self.raw, template, &[form, field], &[moment.t - since]);
            self.forms.drop_first(bytes);
            self.add(moment);
        }
        if !self.page.is_empty() && !std::mem::replace(&mut self.attention.is_over, true) {
            self.attention.act(moment.t);
            let numbers = [moment.t - self.attention.opened, self.attention.engaged, self.depth.reached];
            self.add_filled(moment, b"page_exit\n\"ms\":\x0e,\"engaged_ms\":\x0f,\"depth\":\x10", &[], &numbers);
        }
    }

    /// Forgets a form that was begun: since when it was.
    fn form(&mut self, form: &[u8]) -> Option<i64> {
        let (mut since, mut left) = (None, self.forms.len());
        // each record goes to the end again, but for the one
        while left > 0 {
            let mut rest = &**self.forms;
            let mut begun = take_record(&mut rest);
            let bytes = begun.len() + 1;
            left -= bytes;
            if take(&mut begun, b'\n') == form {
                since = Some(number(begun));
            } else {
                self.forms.repeat(bytes);
            }
            self.forms.drop_first(bytes);
        }
        since
    }

    /// A form was submitted. Of a very long one the first fields are named, and how many there are.
    fn submit(&mut self, moment: &Moment<'_>, facts: &[u8], mut fields: &[u8]) {
        fill(&mut self.raw, b"form_submit\n\x01,\"fields\":[", &[facts], &[]);
        let mut count = 0;
        while !fields.is_empty() {
            let field = Field::read(take(&mut fields, b'\n'));
            if field.is_input() {
                let length = self.raw.len();
                field.put(&mut self.raw, count);
                count += 1;
                // room for the count
                if self.raw.len() > DATA_BYTES - 32 {
                    self.raw.truncate(length);
                }
            }
        }
        if self.raw.ends_with(b",") {
            let length = self.raw.len() - 1;
            self.raw.truncate(length);
        }
        self.add_filled(moment, b"],\"field_count\":\x0e", &[], &[count]);
    }

    /// Milliseconds until `beat` has something to do; -1 when nothing is planned.
    fn wait(&self, t: i64) -> i64 {
        if self.flush || !(self.complete.is_empty() || self.waits_for_room) {
            return 0;
        }
        let mut next = self.unsaved_since.map_or(self.wake, |since| self.wake.min(since + SAVE_MS));
        if self.batch.count > 0 {
            next = next.min(self.last_event + PIXEL_IDLE_MS);
        }
        if next == NEVER { -1 } else { (next - t).max(0) }
    }

    /// Does what is due: closes the batch after a page view, a minute without events or when the page is left, and saves
    /// what is new.
    fn beat(&mut self, moment: &Moment<'_>, storage: &[u8], leaving: bool) {
        let mut queue = Queue::read(storage, moment.now);
        self.skew = queue.state.skew;
        let keep_from = &mut self.start;
        keep_from.clear();
        put(keep_from, BATCH_KEY);
        moment.put_id(keep_from, (moment.now + self.skew.min(0) - KEPT_MS).max(0), 0);
        while queue.drop_before(keep_from, &mut self.out) {}
        if self.flush || leaving || moment.t - self.last_event >= PIXEL_IDLE_MS {
            self.close(moment.now);
        }
        queue.state.dropped += std::mem::take(&mut self.lost);
        self.flush = false;
        let force = leaving || queue.state.failures > 0 || !self.complete.has_room(2 * BATCH_BYTES);
        let mut left = self.complete.len();
        if self.unsaved_since.is_some() && self.batch.count > 0 {
            self.store(moment.now, moment.now + ABANDONED_MS);
        }
        while !self.complete.is_empty() {
            let mut rest = &**self.complete;
            let record = take_record(&mut rest);
            let (key, bytes) = (before(record, b'\n'), record.len() + 1);
            let force = force && left > 0;
            if !self.out.has_room(bytes) || !queue.make_room(key, bytes, force, &mut self.out) {
                // it waits in memory; what is stored of it is still not for others
                if let Some(batch) = Stored::read(queue.get(key)) {
                    put_batch(&mut self.out, key, &batch, moment.now + ABANDONED_MS);
                }
                break;
            }
            put(&mut self.out, record);
            put(&mut self.out, RECORD);
            self.complete.drop_first(bytes);
            if left > 0 {
                left -= bytes;
                self.wake = moment.t;
            }
        }
        // the batch that is being filled is not complete
        self.complete.truncate(left);
        self.waits_for_room = left > 0;
        if self.waits_for_room {
            // another tab may make it
            self.wake = self.wake.min(moment.t + PIXEL_IDLE_MS);
        }
        self.unsaved_since = None;
        queue.store_state(&mut self.out);
        if self.wake <= moment.t {
            self.wake = NEVER;
            put_record(&mut self.out, b"turn", b"");
        }
    }

    /// The batch to be sent now: to be stored so before its request is made. Nothing when there is none, or it is not the time. A
    /// page that is hidden and not gone leaves it to its turn who the visitor is: another tab may just be asking.
    fn next(&mut self, moment: &Moment<'_>, hold: i64, leaving: bool, gone: bool, storage: &[u8]) {
        let mut queue = Queue::read(storage, moment.now);
        let hurry = std::mem::take(&mut self.hurry) || leaving;
        let wait = queue.state.wait(moment.now, hurry);
        if wait > 0 {
            self.wake = moment.t + wait;
            return;
        }
        if leaving && !gone && !self.is_cookieless && queue.state.token.is_empty() {
            return;
        }
        match queue.next(leaving) {
            Ok((key, mut batch)) => {
                if !batch.is_attempted() {
                    let token = if self.is_cookieless { b"" } else { queue.state.token };
                    batch.attempt(token, std::mem::take(&mut queue.state.dropped));
                    queue.store_state(&mut self.out);
                }
                put_batch(&mut self.out, key, &batch, moment.now + hold);
            }
            Err(wait) => self.wake = wait.saturating_add(moment.t),
        }
    }

    /// The request for a batch has ended. Its status is 0 when there was no answer; the clock is 0 when it was not the edge's: a
    /// captive portal also answers 200.
    fn reply(&mut self, moment: &Moment<'_>, lines: &[&[u8]; 6], tail: &[u8]) {
        let [key, status, retry_after, edge_now, token, _] = *lines;
        let edge_now = number(edge_now);
        let mut refused = tail;
        let storage = take(&mut refused, SECTION);
        let mut queue = Queue::read(storage, moment.now);
        let batch = Stored::read(queue.get(key));
        match number(status) {
            200..=299 if edge_now > 0 => {
                queue.state.acknowledged(if self.is_cookieless { b"" } else { token }, edge_now, moment.now);
                put_record(&mut self.out, key, b"");
                let count = count_refused(refused, None);
                if let Some(batch) = batch.filter(|batch| count > 0 && batch.is_mendable()) {
                    put(&mut self.out, BATCH_KEY);
                    moment.put_id(&mut self.out, edge_now, 0);
                    put(&mut self.out, b"\n");
                    batch.mend(&mut self.out, refused, count, edge_now - moment.now, edge_now, moment);
                    put(&mut self.out, RECORD);
                }
            }
            400 | 413 | 422 => {
                queue.state.dropped += batch.map_or(0, |batch| batch.lost());
                put_record(&mut self.out, key, b"");
            }
            _ => {
                queue.state.failed(number(retry_after), moment);
                if let Some(batch) = batch {
                    put_batch(&mut self.out, key, &batch, 0);
                }
            }
        }
        self.skew = queue.state.skew;
        self.wake = moment.t + queue.state.wait(moment.now, false);
        queue.store_state(&mut self.out);
    }

    /// Adds what `template` says to the event that is being made, and adds that.
    fn add_filled(&mut self, moment: &Moment<'_>, template: &[u8], texts: &[&[u8]], numbers: &[i64]) {
        fill(&mut self.raw, template, texts, numbers);
        self.add(moment);
    }

    /// Adds the event that was made: where it ends in the batch. What cannot be stored is counted as dropped.
    fn add(&mut self, moment: &Moment<'_>) -> usize {
        let mut facts = &**self.raw;
        let kind = take(&mut facts, b'\n');
        self.end.clear();
        put(&mut self.end, DATA_START);
        let fits = scrub(facts, &mut self.end, self.keeps_click_ids);
        put(&mut self.end, b"}}");
        let seq = self.seq;
        self.seq += 1;
        let time = moment.now + self.skew;
        self.start.clear();
        put(&mut self.start, b"{\"id\":\"");
        moment.put_id(&mut self.start, time, seq & 0x7ff);
        fill(
            &mut self.start,
            b"\",\"seq\":\x0e,\"type\":\"\x01\",\"ts\":\x0f,\"t\":\x10,\"page\":",
            &[kind],
            &[seq, moment.now, moment.t.min(u32::MAX.into())],
        );
        let fits =
            fits && self.end.len() <= DATA_BYTES + DATA_START.len() && is_event_type(kind) && !self.page.is_empty();
        self.raw.clear();
        if !fits {
            self.lost += 1;
            return 0;
        }
        if self.is_debugged {
            fill(&mut self.out, b"log\n\x01\x03\x02\x1e", &[&self.start, &self.end, &self.page], &[]);
        }
        // the page may have to be named again; separators and the index take a few bytes more
        if !self.batch.has_room(self.page.len() + self.start.len() + self.end.len() + 8) {
            self.close(moment.now);
        }
        if self.batch.count == 0 {
            self.batches += 1;
            moment.put_id(&mut self.batch.id, time, 0x800 + self.batches);
        }
        let end = self.batch.add(&self.page, &self.start, &self.end);
        self.last_event = moment.t;
        self.unsaved_since = self.unsaved_since.or(Some(moment.t));
        self.attention.act(moment.t);
        end
    }

    /// The batch that was filled is complete. While nobody takes anything, memory ends too.
    fn close(&mut self, now: i64) {
        self.click = 0;
        if self.batch.count > 0 {
            if self.complete.has_room(2 * BATCH_BYTES) {
                self.store(now, 0);
            } else {
                self.lost += self.batch.count;
            }
            self.batch.clear();
        }
    }

    /// Appends the batch that is being filled to the complete ones.
    fn store(&mut self, now: i64, hold: i64) {
        fill(&mut self.complete, b"evothesis:b:\x01\n", &[&self.batch.id], &[]);
        self.batch.store(&mut self.complete, &self.stream, now, &self.consent, hold);
        put(&mut self.complete, RECORD);
    }
}

/// Whether `name` may be an event's type. The rule is that of `wire::check`, which is not part of the pixel.
fn is_event_type(name: &[u8]) -> bool {
    let is_sign = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    name.len() <= EVENT_TYPE_CHARS && name.first().is_some_and(u8::is_ascii_lowercase) && name.iter().all(is_sign)
}

fn is_true(text: &[u8]) -> bool {
    text == b"true"
}

#[cfg(test)]
mod tests;
