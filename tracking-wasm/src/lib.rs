//! The pixel: numbers what happens on a page, keeps it until it is acknowledged, and decides when it is sent.
//!
//! `loader/gate.js` loads the rest unless somebody objects, `loader/page.js` reads the page, redacts what it says, stores and sends. What
//! an event's place and time are, when it is stored and sent, and what an answer means is decided here, from values, and tested on
//! the host. This file is the only one that knows the browser: text goes in and comes out through one buffer, since each richer type
//! costs every visitor its share of glue.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod batch;
mod edge_state;
mod moment;
mod queue;
mod text;
pub mod tracker;

use std::cell::UnsafeCell;
use std::mem::offset_of;

use wasm_bindgen::prelude::wasm_bindgen;
use wire::limits::PIXEL_STORE_BYTES;

use crate::text::until;
use crate::tracker::Tracker;

/// Longest text that page.js says: all that the pixel may store, and as much again.
const INPUT_BYTES: usize = 2 * PIXEL_STORE_BYTES;

/// What is in memory from the start. What page.js is told is the end of the tracker, right before what page.js says.
#[repr(C)]
struct Shared {
    tracker: Tracker,
    input: [u8; INPUT_BYTES],
}

const _: () = assert!(Tracker::ANSWER_END == offset_of!(Shared, input), "page.js looks for the answer there");

struct Memory(UnsafeCell<Shared>);

#[expect(unsafe_code, reason = "a page has one thread, and each page load an instance of its own")]
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new(Shared { tracker: Tracker::NEW, input: [0; INPUT_BYTES] }));

#[expect(unsafe_code, reason = "one thread; no entry below calls another, or keeps what it borrows")]
fn memory() -> &'static mut Shared {
    unsafe { &mut *MEMORY.0.get() }
}

/// Where page.js writes what it says, before [`run`]. The answer lies in the 256 KiB before it.
#[wasm_bindgen]
#[must_use]
pub fn input() -> *const u8 {
    memory().input.as_ptr()
}

/// Tells the tracker the `length` bytes that were written. Gives the length of its answer: see [`Tracker::tell`].
#[wasm_bindgen]
#[must_use]
pub fn run(length: usize) -> usize {
    let Shared { tracker, input } = memory();
    tracker.tell(until(input, length)).len()
}
