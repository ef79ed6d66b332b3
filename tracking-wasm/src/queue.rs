//! The batches in storage, of all tabs of the site: which is sent next, and which has to go when there are too many.
//!
//! Storage comes in as one text, the state and then a record a batch, in the order of their keys, and what has to change goes out
//! as records. A batch is a key of its own, so tabs never overwrite one another. Its name is a UUIDv7: the first is the oldest.

use wire::limits::PIXEL_STORE_BYTES;

use crate::batch::{lost, read_batch};
use crate::text::{DROPPED, ID, Memory, NOW, OUT, Parts, from, number, take};

/// Separates records. JSON text holds no raw control character, and keys and states hold none at all.
pub(crate) const RECORD: u8 = 0x1e;
/// Begins the key of a batch; its id follows.
pub(crate) const BATCH_KEY: &[u8] = b"evothesis:b:";
/// Leaves room for the state beside the batches.
const CEILING_BYTES: usize = PIXEL_STORE_BYTES - 1024;
/// A longer hold than any we make comes from a clock that was set back since.
const LONGEST_HOLD_MS: i64 = 10 * 60 * 1000;

/// What is in storage: batches, the oldest first.
pub(crate) struct Queue<'a> {
    pub(crate) batches: &'a [u8],
    /// Those of them that were not dropped, and are not held.
    rest: &'a [u8],
    /// Of all batches, those included that are to be stored.
    bytes: usize,
}

/// Takes the next record: its key, and its value.
#[inline(never)]
pub(crate) fn next_batch<'a>(rest: &mut &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let mut value = take(rest, RECORD);
    let key = take(&mut value, b'\n');
    (key, value)
}

/// The record with this key; empty when there is none.
#[inline(never)]
pub(crate) fn look<'a>(batches: &'a [u8], key: &[u8]) -> (&'a [u8], &'a [u8]) {
    let mut rest = batches;
    while !rest.is_empty() {
        let (found, value) = next_batch(&mut rest);
        if found == key {
            return (found, value);
        }
    }
    (b"", b"")
}

impl Memory {
    pub(crate) fn read_queue<'a>(&mut self, storage: &'a [u8]) -> Queue<'a> {
        let mut batches = storage;
        self.read_state(take(&mut batches, RECORD));
        Queue { batches, rest: batches, bytes: storage.len() }
    }

    /// How long others hold the batch, milliseconds; 0 or less when nobody does.
    pub(crate) fn held(&self, batch: &Parts<'_>) -> i64 {
        let held = number(batch[0]) - self.numbers[NOW];
        if held > LONGEST_HOLD_MS { 0 } else { held }
    }

    /// Whether there is room for `bytes` more. If `force`, it is made: the oldest go and are counted.
    pub(crate) fn make_room(&mut self, queue: &mut Queue<'_>, bytes: usize, force: bool) -> bool {
        while queue.bytes + bytes > CEILING_BYTES {
            if !(force && self.drop_oldest(queue, false)) {
                return false;
            }
        }
        queue.bytes += bytes;
        true
    }

    /// Drops and counts the oldest batch that nobody holds, if `is_old` only one that is older than [`ID`]: who fills or sends one
    /// has counted on it. What is no batch goes uncounted.
    pub(crate) fn drop_oldest(&mut self, queue: &mut Queue<'_>, is_old: bool) -> bool {
        while !queue.rest.is_empty() {
            let mut rest = queue.rest;
            let (key, value) = next_batch(&mut rest);
            if is_old && from(key, BATCH_KEY.len()) >= self.text(ID) {
                break;
            }
            queue.rest = rest;
            let batch = read_batch(value);
            if self.held(&batch) <= 0 {
                self.numbers[DROPPED] += lost(&batch);
                queue.bytes = queue.bytes.saturating_sub(key.len() + value.len());
                self.remove(key);
                return true;
            }
        }
        false
    }

    /// Says that what is stored under `key` is to go.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.put(OUT, key);
        self.put(OUT, b"\n\x1e");
    }
}
