//! The batches in storage, of all tabs of the site: which is sent next, and which has to go when there are too many.
//!
//! Storage comes in as one text, an entry a record, and what has to change goes out the same way. A batch is a key of its
//! own, so tabs never overwrite one another. Its name is a UUIDv7: the smallest key is the oldest batch.

use wire::limits::PIXEL_STORE_BYTES;

use crate::batch::stored;
use crate::edge_state::EdgeState;
use crate::text::{cut, push_all, take};

/// Separates records. JSON text holds no raw control character, and keys and states hold none at all.
pub(crate) const RECORD: &str = "\u{1e}";
/// Where [`EdgeState`] is kept.
pub(crate) const STATE_KEY: &str = "evothesis:state";
/// Begins the key of a batch; its id follows.
pub(crate) const BATCH_KEY: &str = "evothesis:b:";
/// Leaves room for the state beside the batches.
const CEILING_BYTES: usize = PIXEL_STORE_BYTES - 1024;
/// A longer hold than any we make comes from a clock that was set back since.
const LONGEST_HOLD_MS: i64 = 10 * 60 * 1000;

/// What is in storage, and the changes to be made there.
pub(crate) struct Queue<'a> {
    /// Key and value.
    entries: Vec<(&'a str, &'a str)>,
    pub(crate) state: EdgeState,
    state_text: &'a str,
    changes: String,
    /// Of what `changes` will store.
    stored_bytes: usize,
}

impl<'a> Queue<'a> {
    pub(crate) fn read(storage: &'a str) -> Self {
        let mut rest = storage;
        let (mut entries, mut changes, mut state_text) = (Vec::new(), String::new(), "");
        while !rest.is_empty() {
            let Some((key, value)) = cut(take(&mut rest, RECORD_BYTE), b'\n') else { continue };
            if key == STATE_KEY {
                state_text = value;
            } else if key.starts_with(BATCH_KEY) {
                if stored::is_batch(value) {
                    entries.push((key, value));
                } else {
                    push_all(&mut changes, &[key, "\n", RECORD]);
                }
            }
        }
        Self { entries, state: EdgeState::read(state_text), state_text, changes, stored_bytes: 0 }
    }

    /// The changes, the state's among them: `key\nvalue`, a record each; no value means that the key is to go.
    pub(crate) fn changes(mut self) -> String {
        let state = self.state.write();
        if state != self.state_text {
            self.put(STATE_KEY, &state);
        }
        self.changes
    }

    /// Whether a batch is there.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.entries.iter().find(|entry| entry.0 == key).map(|entry| entry.1)
    }

    pub(crate) fn put(&mut self, key: &str, value: &str) {
        push_all(&mut self.changes, &[key, "\n", value, RECORD]);
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.put(key, "");
        self.forget(key);
    }

    /// Removes a batch and counts its events as dropped.
    pub(crate) fn drop_batch(&mut self, key: &str) {
        self.state.dropped += self.get(key).map_or(0, stored::events_lost);
        self.remove(key);
    }

    /// The oldest batch that `allowed` lets through and nobody holds; otherwise how long until one is let go,
    /// milliseconds, or `None` when there is nothing to wait for.
    ///
    /// Before the first token a batch that was attempted goes first whoever holds it: its answer decides who the visitor is.
    pub(crate) fn next(&self, now: i64, allowed: impl Fn(&str) -> bool) -> Result<&'a str, Option<i64>> {
        let mut next: Option<&'a str> = None;
        let mut wait: Option<i64> = None;
        for &(key, value) in &self.entries {
            if !allowed(key) {
                continue;
            }
            let held = stored::hold(value).saturating_sub(now);
            let decides = self.state.token.is_empty() && stored::is_attempted(value);
            if !decides && held > 0 && held <= LONGEST_HOLD_MS {
                wait = Some(wait.map_or(held, |wait| wait.min(held)));
            } else if next.is_none_or(|next| key < next) {
                next = Some(key);
            }
        }
        next.ok_or(wait)
    }

    /// Stores a batch. Where there is no room, the oldest go and are counted if `force`, except those in `keep`, which are on
    /// their way; otherwise nothing happens and the answer is `false`.
    pub(crate) fn store(&mut self, key: &str, value: &str, force: bool, keep: &[String]) -> bool {
        self.forget(key);
        let incoming = key.len() + value.len();
        while self.bytes() + incoming > CEILING_BYTES {
            if !force {
                return false;
            }
            let Some(oldest) = self.oldest(keep) else { break };
            self.drop_batch(oldest);
        }
        self.stored_bytes += incoming;
        self.put(key, value);
        true
    }

    /// Drops and counts what is older than `key`.
    pub(crate) fn drop_before(&mut self, key: &str) {
        while let Some(oldest) = self.oldest(&[]).filter(|oldest| *oldest < key) {
            self.drop_batch(oldest);
        }
    }

    fn oldest(&self, keep: &[String]) -> Option<&'a str> {
        let mut oldest: Option<&'a str> = None;
        for &(key, _) in &self.entries {
            if oldest.is_none_or(|oldest| key < oldest) && !contains(keep, key) {
                oldest = Some(key);
            }
        }
        oldest
    }

    fn forget(&mut self, key: &str) {
        if let Some(at) = self.entries.iter().position(|entry| entry.0 == key) {
            self.entries.swap_remove(at);
        }
    }

    fn bytes(&self) -> usize {
        self.entries.iter().fold(self.stored_bytes, |bytes, (key, value)| bytes + key.len() + value.len())
    }
}

const RECORD_BYTE: u8 = 0x1e;

pub(crate) fn contains(keys: &[String], key: &str) -> bool {
    keys.iter().any(|entry| entry == key)
}
