//! The numbers both ends of a boundary agree on. Bytes are of UTF-8, times are milliseconds unless the name says otherwise.

/// The pixel closes a batch before its body grows past this: four of them fit the 64 KiB that a page may have in flight
/// when it is left (<https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>, keepalive).
pub const BATCH_BYTES: usize = 16 * 1024;
/// The edge reads no more than this of a `/collect` body: room for a pixel of another version, not for an attack.
pub const COLLECT_BODY_BYTES: usize = 64 * 1024;
/// The exporter reads no more than this of an `/ingest` body: a batch with what the edge adds to it.
pub const INGEST_BODY_BYTES: usize = 512 * 1024;
/// Events in a batch.
pub const BATCH_EVENTS: usize = 50;
/// Pages in a batch; each event names one by its index.
pub const BATCH_PAGES: usize = 50;
/// The JSON of one event's `data`.
pub const DATA_BYTES: usize = 4 * 1024;
/// Objects and arrays inside one another in `data`, the outermost counted.
pub const DATA_DEPTH: usize = 8;
/// Characters of the text of one number in `data`. Longer ones are refused rather than rounded.
pub const NUMBER_CHARS: usize = 40;
/// An event type: `[a-z][a-z0-9_]{0,63}`.
pub const EVENT_TYPE_CHARS: usize = 64;
/// URL, path and referrer of a page, each.
pub const URL_BYTES: usize = 2048;
/// Title of a page.
pub const TITLE_BYTES: usize = 512;
/// Each campaign parameter, the channel and the platform of a page.
pub const CAMPAIGN_BYTES: usize = 256;
/// Text taken from an element or a selection, in characters.
pub const ELEMENT_TEXT_CHARS: usize = 100;
/// The token, as the edge signs it and the pixel carries it.
pub const TOKEN_BYTES: usize = 512;
/// The user agent header; longer ones are cut.
pub const USER_AGENT_BYTES: usize = 512;

/// How far the time inside an event id may lie ahead of the clock that judges it.
pub const FUTURE_MS: i64 = 5 * 60 * 1000;
/// How far it may lie behind: longer than a Queue keeps a message (14 days) and the pixel a batch (7 days) together.
/// Partitions are kept at least this long.
pub const WINDOW_DAYS: i64 = 30;
/// [`WINDOW_DAYS`] in milliseconds.
pub const WINDOW_MS: i64 = WINDOW_DAYS * 24 * 60 * 60 * 1000;
/// A session ends after this long without an event.
pub const SESSION_IDLE_MS: i64 = 30 * 60 * 1000;

/// The pixel keeps unacknowledged batches up to this many bytes; the oldest go first, counted.
pub const PIXEL_STORE_BYTES: usize = 64 * 1024;
/// The pixel sends what it has after this long without activity.
pub const PIXEL_IDLE_MS: i64 = 60 * 1000;
