//! The batches in storage, of all tabs of the site: which is sent next, and which has to go when there are too many.
//!
//! Storage comes in as one text, an entry a record, and what has to change goes out the same way. A batch is a key of its
//! own, so tabs never overwrite one another. Its name is a UUIDv7: the smallest key is the oldest batch.

use wire::limits::PIXEL_STORE_BYTES;

use crate::batch::{lost, read_batch};
use crate::text::{DROPPED, Memory, NOW, OUT, Parts, START, number, take};

/// Separates records. JSON text holds no raw control character, and keys and states hold none at all.
pub(crate) const RECORD: u8 = 0x1e;
/// Where the state is kept that all tabs share.
pub(crate) const STATE_KEY: &[u8] = b"evothesis:state";
/// Begins the key of a batch; its id follows.
pub(crate) const BATCH_KEY: &[u8] = b"evothesis:b:";
/// Leaves room for the state beside the batches.
const CEILING_BYTES: usize = PIXEL_STORE_BYTES - 1024;
/// A longer hold than any we make comes from a clock that was set back since.
const LONGEST_HOLD_MS: i64 = 10 * 60 * 1000;

/// What is in storage.
pub(crate) struct Queue<'a> {
    pub(crate) storage: &'a [u8],
    /// Of all batches, those included that are to be stored.
    bytes: usize,
    /// Batches up to this key were dropped, or are held.
    passed: &'a [u8],
}

/// Of `storage`, the record with this key, or the batch that comes after it in order of age: its key, empty when there is none,
/// and its value.
#[inline(never)]
pub(crate) fn look<'a>(storage: &'a [u8], key: &[u8], is_exact: bool) -> (&'a [u8], &'a [u8]) {
    let mut rest = storage;
    let mut best: (&'a [u8], &'a [u8]) = (b"", b"");
    while !rest.is_empty() {
        let mut value = take(&mut rest, RECORD);
        let found = take(&mut value, b'\n');
        let fits = if is_exact {
            found == key
        } else {
            found.starts_with(BATCH_KEY) && found > key && (best.0.is_empty() || found < best.0)
        };
        if fits {
            best = (found, value);
        }
    }
    best
}

impl Memory {
    pub(crate) fn read_queue<'a>(&mut self, storage: &'a [u8]) -> Queue<'a> {
        self.read_state(look(storage, STATE_KEY, true).1);
        Queue { storage, bytes: storage.len(), passed: b"" }
    }

    /// How long others hold the batch, milliseconds; 0 or less when nobody does.
    pub(crate) fn held(&self, batch: &Parts<'_>) -> i64 {
        let held = number(batch[0]) - self.numbers[NOW];
        if held > LONGEST_HOLD_MS { 0 } else { held }
    }

    /// Whether there is room for `bytes` more. If `force`, it is made: the oldest go and are counted.
    pub(crate) fn make_room(&mut self, queue: &mut Queue<'_>, bytes: usize, force: bool) -> bool {
        self.clear(START);
        self.push(START, b'~');
        while queue.bytes + bytes > CEILING_BYTES {
            if !(force && self.drop_oldest(queue)) {
                return false;
            }
        }
        queue.bytes += bytes;
        true
    }

    /// Drops and counts the oldest batch that nobody holds, if it is older than the key in `START`: who fills or sends one has
    /// counted on it. What is no batch goes uncounted.
    pub(crate) fn drop_oldest(&mut self, queue: &mut Queue<'_>) -> bool {
        loop {
            let (oldest, value) = look(queue.storage, queue.passed, false);
            if oldest.is_empty() || oldest >= self.text(START) {
                return false;
            }
            queue.passed = oldest;
            let batch = read_batch(value);
            if self.held(&batch) <= 0 {
                self.numbers[DROPPED] += lost(&batch);
                queue.bytes = queue.bytes.saturating_sub(oldest.len() + value.len());
                self.remove(oldest);
                return true;
            }
        }
    }

    /// Says that what is stored under `key` is to go.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.put(OUT, key);
        self.put(OUT, b"\n\x1e");
    }
}
