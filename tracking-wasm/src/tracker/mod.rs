//! One page load: turns what page.js saw into numbered events, fills batches with them and says when there is something to
//! do. Storage and network are page.js's; what to do with them is decided here.

use std::mem::offset_of;

use wire::limits::{BATCH_BYTES, DATA_BYTES, PIXEL_IDLE_MS};

use crate::batch::{
    Batch, FIRST_ATTEMPT, MOST_EVENTS, RETRY, consent_of, has_room, is_attempted, is_cookieless, is_of, lost, mark,
    read_batch, store, store_again,
};
use crate::queue::{BATCH_KEY, Queue, RECORD, look, next_batch};
use crate::text::{
    BATCH_ID, COMPLETE, CONSENT, COUNT, DROPPED, END, FAILURES, ID, Memory, NOW, ONE, OTHER, OUT, PAGE, Parts, RANDOM,
    SEQ, SKEW, START, STREAM, TIME, TOKEN, before, from, number, split, t, take,
};

/// An event is in storage at most this long after it happened, so that a killed tab loses no more.
const SAVE_MS: i64 = 1_000;
/// Others take a batch that is still being filled for abandoned when it was not touched for this long.
const ABANDONED_MS: i64 = PIXEL_IDLE_MS + 30_000;
/// Others leave a batch alone for this long: while its request may run (30 seconds, see sending.js) …
const HOLD_MS: i64 = 35_000;
/// … or until the next page may repeat it.
const LEFT_MS: i64 = 5_000;
/// The pixel keeps a batch this long: it and the Queue together stay within the window of the exporter.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Begins a section of what page.js says.
const SECTION: u8 = 0x1f;
/// What a click without effect says last, and the spaces are for that its facts end with.
const DEAD: &[u8] = b",\"dead\":true";
/// Bytes that an event may end with: its data, what names it, and a brace.
const MOST_END: usize = DATA_BYTES + b",\"data\":}".len();
const NEVER: i64 = 1 << 52;

/// The state of one page load. In this order: addresses are numbers in the Wasm, of which small ones are short.
#[repr(C)]
pub struct Tracker {
    /// Where the last click ends in the batch, if it may turn out to have had no effect; 0 otherwise.
    click: usize,
    is_cookieless: bool,
    /// Of the stream that its events are numbered in, since 1970 in UTC.
    day: i64,
    /// Being filled.
    batch: Batch,
    /// Whether complete batches wait for room in storage.
    waits_for_room: bool,
    /// Events that never got into a batch.
    lost: i64,
    flush: bool,
    last_event: i64,
    /// When the oldest event that is not in storage is to be there; 0 when all are.
    save_at: i64,
    /// When to look at the queue.
    wake: i64,
    hurry: bool,
    m: Memory,
}

impl Tracker {
    /// A page load begins. All of it is zero, which costs a download nothing.
    pub const NEW: Self = Self {
        m: Memory::NEW,
        click: 0,
        is_cookieless: false,
        day: 0,
        batch: Batch::NEW,
        waits_for_room: false,
        lost: 0,
        flush: false,
        last_event: 0,
        save_at: 0,
        wake: 0,
        hurry: false,
    };

    /// Where the room of the answer ends, in bytes from the beginning.
    pub const ANSWER_END: usize = offset_of!(Self, m) + Memory::OUT_END;

    /// Something happened, or is to be done. `input` is what, the browser's clock (Unix milliseconds), the milliseconds since the
    /// page load and fifteen random hexadecimal digits, with spaces between them; then lines as below; then sections. Facts
    /// are the inside of a JSON object. Storage is a section: the state and the token, and each batch, in the order of their
    /// keys, `key\nvalue`, each with [`RECORD`] behind it.
    ///
    /// | what | lines | sections |
    /// |---|---|---|
    /// | `mode` | `"cookieless":true` if it is, and consent, as both go into a batch | storage |
    /// | `page` | event type, facts of the event, facts of the page | |
    /// | `click` | event type and facts of a click that should have an effect, with as many spaces at their end as `DEAD` has bytes | |
    /// | `dead` | (it had none) | |
    /// | `track` | event type, empty for what is no event, and facts | |
    /// | `online` | (a wait that nobody asked for ends) | |
    /// | `beat` | | storage |
    /// | `leave` | `true` if the page will not come back | storage |
    /// | `next` | `true` if the page is being left, `true` if it will not come back | storage |
    /// | `reply` | key, status, `Retry-After`, the edge's clock, token | storage, a record to be stored in place of the batch |
    ///
    /// Gives, a record each, `key\nvalue` to be stored,
    /// `key\n` to be removed, `turn\n` when it is time to send. After `next` the last of them is also the batch to be sent now. Behind
    /// the records are the milliseconds until `beat` is due, -1 when nothing is planned.
    #[must_use]
    pub fn tell(&mut self, input: &[u8]) -> &[u8] {
        let mut tail = input;
        let mut rest = take(&mut tail, SECTION);
        let [what, now, t, random, ..] = split(take(&mut rest, b'\n'), b' ');
        let m = &mut self.m;
        m.numbers[NOW] = number(now);
        m.numbers[TIME] = number(t);
        m.clear(RANDOM);
        m.put(RANDOM, random);
        m.clear(OUT);
        let time = m.numbers[NOW] + m.numbers[SKEW];
        let day = time / DAY_MS;
        // who is not to be known again on the next day must not be by the page that is still open
        if m.length(STREAM) == 0 || (day != self.day && self.is_nobody()) {
            self.close();
            self.day = day;
            self.m.make_id(STREAM, time, 0xfff);
            self.m.numbers[SEQ] = 0;
        }
        self.tell_of(what, &split(rest, b'\n'), tail);
        let wait = self.wait();
        self.m.put_number(OUT, wait);
        self.m.text(OUT)
    }

    fn tell_of(&mut self, what: &[u8], lines: &Parts<'_>, tail: &[u8]) {
        match what.first() {
            Some(b'm') => self.mode(lines, tail),
            Some(b'p') => self.page(lines),
            Some(b'c') => self.click = self.add(lines),
            Some(b'd') => mark(&mut self.m, std::mem::take(&mut self.click), DEAD),
            Some(b't') => drop(self.add(lines)),
            Some(b'o') => {
                self.hurry = true;
                self.wake = 0;
            }
            Some(b'b') => self.beat(tail, false, false),
            Some(b'l') => self.beat(tail, true, is_true(lines[0])),
            Some(b'n') => self.next(lines, tail),
            Some(b'r') => self.reply(lines, tail),
            _ => {}
        }
    }

    /// What happened until now was under the consent of then. The edge gives what is cookieless a stream of its own, and may leave out
    /// what is without consent: numbers that went on would have gaps there.
    fn mode(&mut self, lines: &Parts<'_>, storage: &[u8]) {
        if lines[0] == self.m.text(CONSENT) {
            return;
        }
        self.close();
        self.m.read_queue(storage);
        let was_nobody = self.is_nobody();
        self.is_cookieless = is_cookieless(lines[0]);
        if was_nobody || self.is_nobody() {
            self.m.clear(STREAM);
        }
        self.m.clear(CONSENT);
        self.m.put(CONSENT, lines[0]);
    }

    /// Who is not to be known again, or where a page has no token: then the edge may see to that by its own settings.
    fn is_nobody(&self) -> bool {
        self.is_cookieless || self.m.length(TOKEN) == 0
    }

    /// A page is shown.
    fn page(&mut self, lines: &Parts<'_>) {
        let m = &mut self.m;
        m.clear(PAGE);
        m.fill(PAGE, t!("{{THIRD}}"), lines);
        self.batch.has_page = false;
        self.add(lines);
        self.flush = true;
    }

    /// Milliseconds until `beat` has something to do; -1 when nothing is planned.
    fn wait(&self) -> i64 {
        if self.flush || !(self.m.length(COMPLETE) == 0 || self.waits_for_room) {
            return 0;
        }
        let mut next = self.wake;
        if self.save_at > 0 {
            next = next.min(self.save_at);
        }
        if self.m.numbers[COUNT] > 0 {
            next = next.min(self.last_event + PIXEL_IDLE_MS);
        }
        if next >= NEVER { -1 } else { (next - self.m.numbers[TIME]).max(0) }
    }

    /// Does what is due: closes the batch after a page view, a minute without events or when the page is left, and saves
    /// what is new. What finds no room when the page is `gone` is counted as dropped.
    fn beat(&mut self, storage: &[u8], leaving: bool, gone: bool) {
        let mut queue = self.m.read_queue(storage);
        let (now, t) = (self.m.numbers[NOW], self.m.numbers[TIME]);
        self.m.make_id(ID, (now + self.m.numbers[SKEW].min(0) - KEPT_MS).max(0), 0);
        while self.m.drop_oldest(&mut queue, true) {}
        self.flush |= leaving;
        if std::mem::take(&mut self.flush) || t - self.last_event >= PIXEL_IDLE_MS {
            self.close();
        }
        let m = &mut self.m;
        m.numbers[DROPPED] += std::mem::take(&mut self.lost);
        let force = leaving || m.numbers[FAILURES] > 0 || !m.has_room(COMPLETE, 2 * BATCH_BYTES);
        let mut left = m.length(COMPLETE);
        if std::mem::take(&mut self.save_at) > 0 && m.numbers[COUNT] > 0 {
            store(m, now + ABANDONED_MS);
        }
        while m.length(COMPLETE) > 0 {
            let bytes = save(m, &mut queue, force && left > 0, gone);
            if bytes == 0 {
                break;
            }
            m.drop_first(COMPLETE, bytes);
            if left > 0 {
                left -= bytes;
                self.wake = t;
            }
        }
        // the batch that is being filled is not complete
        m.truncate(COMPLETE, left);
        self.waits_for_room = left > 0;
        if self.waits_for_room {
            // another tab may make it
            self.wake = self.wake.min(t + PIXEL_IDLE_MS);
        }
        m.store_state();
        if self.wake <= t {
            self.wake = NEVER;
            m.put(OUT, b"turn\n\x1e");
        }
    }

    /// The batch to be sent now: to be stored so before its request is made. Nothing when there is none, or it is not the time. A
    /// page that is hidden and not gone leaves it to its turn who the visitor is: another tab may just be asking.
    ///
    /// It is the oldest that nobody holds. Before the first token a batch that was attempted goes first whoever holds it, unless
    /// the page is being left: its answer decides who the visitor is. Who leaves for good without one sends only what is of this
    /// page load: another tab may have heard of it.
    fn next(&mut self, lines: &Parts<'_>, storage: &[u8]) {
        let (leaving, gone) = (is_true(lines[0]), is_true(lines[1]));
        let m = &mut self.m;
        let mut rest = m.read_queue(storage).batches;
        let (now, t) = (m.numbers[NOW], m.numbers[TIME]);
        let hurry = std::mem::take(&mut self.hurry) || leaving;
        let mut wait = m.wait(hurry);
        if wait > 0 {
            self.wake = t + wait;
            return;
        }
        let is_unknown = m.length(TOKEN) == 0 && !self.is_cookieless;
        if leaving && !gone && is_unknown {
            return;
        }
        wait = NEVER;
        while !rest.is_empty() {
            let (key, value) = next_batch(&mut rest);
            let batch = read_batch(value);
            // the one that we are filling is ours until it is complete, whatever a clock that jumps makes of its hold
            if batch[4].is_empty() || (m.numbers[COUNT] > 0 && from(key, BATCH_KEY.len()) == m.text(BATCH_ID)) {
                continue;
            }
            if leaving && is_unknown && !is_of(key, m.text(STREAM)) {
                continue;
            }
            let held = m.held(&batch);
            let decides = !leaving && m.length(TOKEN) == 0 && is_attempted(&batch);
            if decides || held <= 0 {
                let mut template = RETRY;
                if !is_attempted(&batch) {
                    m.numbers[ONE] = std::mem::take(&mut m.numbers[DROPPED]);
                    m.numbers[OTHER] = m.numbers[ONE] + lost(&batch);
                    // what is older was sent with it: who the visitor was is forgotten
                    if is_cookieless(consent_of(&batch)) {
                        m.clear(TOKEN);
                    }
                    m.store_state();
                    template = FIRST_ATTEMPT;
                }
                store_again(m, key, template, &batch, now + if leaving { LEFT_MS } else { HOLD_MS });
                return;
            }
            wait = wait.min(held);
        }
        self.wake = wait + t;
    }

    /// The request for a batch has ended. Its status is 0 when there was no answer; the clock is 0 when it was not the edge's: a
    /// captive portal also answers 200.
    fn reply(&mut self, lines: &Parts<'_>, tail: &[u8]) {
        let [key, status, retry_after, edge_now, token] = *lines;
        let edge_now = number(edge_now);
        let mut mended = tail;
        let storage = take(&mut mended, SECTION);
        let m = &mut self.m;
        let batch = read_batch(look(m.read_queue(storage).batches, key).1);
        // its owner may have put a longer one there since, when a clock that jumped had it sent too early
        let is_sent = is_attempted(&batch);
        match number(status) {
            200..=299 if edge_now > 0 => {
                m.acknowledged(token, edge_now);
                if is_sent {
                    m.remove(key);
                    // moving the times of its events is tried once
                    if batch[2].is_empty() {
                        m.put(OUT, mended);
                    }
                }
            }
            400 | 413 | 422 => {
                if is_sent {
                    m.numbers[DROPPED] += lost(&batch);
                    m.remove(key);
                }
            }
            _ => {
                m.failed(number(retry_after));
                if is_sent {
                    store_again(m, key, RETRY, &batch, 0);
                }
            }
        }
        self.wake = m.numbers[TIME] + m.wait(false);
        m.store_state();
    }

    /// Adds an event, by its type and its facts: where it ends in the batch. What cannot be stored is counted as dropped.
    #[inline(never)]
    fn add(&mut self, lines: &Parts<'_>) -> usize {
        let m = &mut self.m;
        let t = m.numbers[TIME];
        let time = m.numbers[NOW] + m.numbers[SKEW];
        m.make_id(ID, time, m.numbers[SEQ] & 0x7ff);
        m.numbers[ONE] = t.min(u32::MAX.into());
        m.clear(END);
        m.fill(END, t!(",\"data\":{{SECOND}}}"), lines);
        m.clear(START);
        m.fill(
            START,
            t!("{\"id\":\"{ID}\",\"seq\":{SEQ},\"type\":\"{FIRST}\",\"ts\":{NOW},\"t\":{ONE},\"page\":"),
            lines,
        );
        m.numbers[SEQ] += 1;
        let fits = !lines[0].is_empty() && (1..=MOST_END).contains(&m.length(END)) && m.length(PAGE) > 0;
        if !fits {
            self.lost += 1;
            return 0;
        }
        if !has_room(m) {
            self.close();
        }
        let end = self.batch.add(&mut self.m, time);
        self.last_event = t;
        if self.save_at == 0 {
            self.save_at = t + SAVE_MS;
        }
        if self.m.numbers[COUNT] < MOST_EVENTS {
            return end;
        }
        self.close();
        0
    }

    /// The batch that was filled is complete. While nobody takes anything, memory ends too.
    fn close(&mut self) {
        let m = &mut self.m;
        self.click = 0;
        if m.numbers[COUNT] > 0 {
            if m.has_room(COMPLETE, 2 * BATCH_BYTES) {
                store(m, 0);
            } else {
                self.lost += m.numbers[COUNT];
            }
            m.numbers[COUNT] = 0;
        }
    }
}

/// Says that the first of `COMPLETE` is to be stored, if there is room for it: its bytes, 0 when there is none and it waits.
fn save(m: &mut Memory, queue: &mut Queue<'_>, force: bool, gone: bool) -> usize {
    let mut record = before(m.text(COMPLETE), RECORD);
    let bytes = record.len() + 1;
    let (key, old) = look(queue.batches, take(&mut record, b'\n'));
    let old_batch = read_batch(old);
    let new_events = lost(&read_batch(record)) - lost(&old_batch);
    if m.has_room(OUT, bytes) && m.make_room(queue, bytes.saturating_sub(old.len()), force) {
        m.copy(OUT, COMPLETE, 0, bytes);
        return bytes;
    }
    if gone {
        m.numbers[DROPPED] += new_events;
        return bytes;
    }
    // it waits in memory; what is stored of it is still not for others
    store_again(m, key, RETRY, &old_batch, m.numbers[NOW] + ABANDONED_MS);
    0
}

#[inline(never)]
fn is_true(text: &[u8]) -> bool {
    text.first() == Some(&b't')
}

#[cfg(test)]
mod tests;
