//! The batches in storage, of all tabs of the site: which is sent next, and which has to go when there are too many.
//!
//! Storage comes in as one text, an entry a record, and what has to change goes out the same way. A batch is a key of its
//! own, so tabs never overwrite one another. Its name is a UUIDv7: the smallest key is the oldest batch.

use wire::limits::PIXEL_STORE_BYTES;

use crate::batch::Stored;
use crate::edge_state::EdgeState;
use crate::text::{Text, put, take};

/// Separates records. JSON text holds no raw control character, and keys and states hold none at all.
pub(crate) const RECORD: &[u8] = b"\x1e";
/// Where [`EdgeState`] is kept.
pub(crate) const STATE_KEY: &[u8] = b"evothesis:state";
/// Begins the key of a batch; its id follows.
pub(crate) const BATCH_KEY: &[u8] = b"evothesis:b:";
/// Leaves room for the state beside the batches.
const CEILING_BYTES: usize = PIXEL_STORE_BYTES - 1024;
/// A longer hold than any we make comes from a clock that was set back since.
const LONGEST_HOLD_MS: i64 = 10 * 60 * 1000;

/// What is in storage.
pub(crate) struct Queue<'a> {
    storage: &'a [u8],
    pub(crate) state: EdgeState<'a>,
    /// Of all batches, those included that are to be stored.
    bytes: usize,
    /// The browser's clock, Unix milliseconds.
    now: i64,
    /// Batches up to this key were dropped, or are held.
    passed: &'a [u8],
}

impl<'a> Queue<'a> {
    pub(crate) fn read(storage: &'a [u8], now: i64) -> Self {
        let mut queue = Self { storage, state: EdgeState::default(), bytes: storage.len(), now, passed: b"" };
        queue.state = EdgeState::read(queue.get(STATE_KEY));
        queue
    }

    /// Appends the state as a change to be made.
    pub(crate) fn store_state(&self, out: &mut Text) {
        begin_record(out, STATE_KEY);
        self.state.store(out);
        put(out, RECORD);
    }

    /// The value under `key`; empty when it is not there.
    pub(crate) fn get(&self, key: &[u8]) -> &'a [u8] {
        let mut rest = self.storage;
        while !rest.is_empty() {
            let mut value = take_record(&mut rest);
            if take(&mut value, b'\n') == key {
                return value;
            }
        }
        b""
    }

    /// The batch that comes after `key` in order of age.
    fn after(&self, key: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut rest = self.storage;
        let mut next: Option<(&'a [u8], &'a [u8])> = None;
        while !rest.is_empty() {
            let mut value = take_record(&mut rest);
            let found = take(&mut value, b'\n');
            if found.starts_with(BATCH_KEY) && found > key && next.is_none_or(|next| found < next.0) {
                next = Some((found, value));
            }
        }
        next
    }

    /// How long others hold the batch, milliseconds; 0 or less when nobody does.
    fn held(&self, batch: &Stored<'_>) -> i64 {
        let held = batch.hold - self.now;
        if held > LONGEST_HOLD_MS { 0 } else { held }
    }

    /// The oldest batch that nobody holds; otherwise how long until one is let go, milliseconds, `i64::MAX` when there is
    /// nothing to wait for.
    ///
    /// Before the first token a batch that was attempted goes first whoever holds it, unless the page is being left: its answer
    /// decides who the visitor is.
    pub(crate) fn next(&self, leaving: bool) -> Result<(&'a [u8], Stored<'a>), i64> {
        let mut wait = i64::MAX;
        let mut key: &[u8] = b"";
        while let Some((next, value)) = self.after(key) {
            key = next;
            let Some(batch) = Stored::read(value) else { continue };
            let held = self.held(&batch);
            let decides = !leaving && self.state.token.is_empty() && batch.is_attempted();
            if decides || held <= 0 {
                return Ok((key, batch));
            }
            wait = wait.min(held);
        }
        Err(wait)
    }

    /// Whether there is room for `bytes` under `key`. If `force`, it is made: the oldest go and are counted.
    pub(crate) fn make_room(&mut self, key: &[u8], bytes: usize, force: bool, changes: &mut Text) -> bool {
        let bytes = bytes.saturating_sub(self.get(key).len());
        while self.bytes + bytes > CEILING_BYTES {
            if !(force && self.drop_before(b"~", changes)) {
                return false;
            }
        }
        self.bytes += bytes;
        true
    }

    /// Drops and counts the oldest batch that nobody holds, if it is older than `key`: who fills or sends one has counted on it.
    /// What is no batch goes uncounted.
    pub(crate) fn drop_before(&mut self, key: &[u8], changes: &mut Text) -> bool {
        while let Some((oldest, value)) = self.after(self.passed).filter(|oldest| oldest.0 < key) {
            self.passed = oldest;
            let batch = Stored::read(value).unwrap_or_default();
            if self.held(&batch) <= 0 {
                self.state.dropped += batch.lost();
                self.bytes = self.bytes.saturating_sub(oldest.len() + value.len());
                put_record(changes, oldest, b"");
                return true;
            }
        }
        false
    }
}

/// Begins a record; the value follows, and [`RECORD`].
fn begin_record(out: &mut Text, key: &[u8]) {
    put(out, key);
    put(out, b"\n");
}

/// Appends `key\nvalue` as a record; no value means that the key is to go.
pub(crate) fn put_record(out: &mut Text, key: &[u8], value: &[u8]) {
    begin_record(out, key);
    put(out, value);
    put(out, RECORD);
}

/// Appends a batch, held until `hold`, as a record.
#[inline(never)]
pub(crate) fn put_batch(out: &mut Text, key: &[u8], batch: &Stored<'_>, hold: i64) {
    begin_record(out, key);
    batch.store(out, hold);
    put(out, RECORD);
}

/// Takes the next record.
pub(crate) fn take_record<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    take(rest, 0x1e)
}
