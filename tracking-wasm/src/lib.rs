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

use wasm_bindgen::prelude::wasm_bindgen;
use wire::limits::PIXEL_STORE_BYTES;

use crate::text::until;
use crate::tracker::Tracker;

/// Longest text that page.js says: all that the pixel may store, and as much again.
const INPUT_BYTES: usize = 2 * PIXEL_STORE_BYTES;

/// What is in memory from the start.
struct Memory(UnsafeCell<(Tracker, [u8; INPUT_BYTES])>);

#[expect(unsafe_code, reason = "a page has one thread, and each page load an instance of its own")]
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new((Tracker::NEW, [0; INPUT_BYTES])));

#[expect(unsafe_code, reason = "one thread; no entry below calls another, or keeps what it borrows")]
fn memory() -> &'static mut (Tracker, [u8; INPUT_BYTES]) {
    unsafe { &mut *MEMORY.0.get() }
}

/// Where page.js writes what it says, before [`run`].
#[wasm_bindgen]
#[must_use]
pub fn input() -> *const u8 {
    memory().1.as_ptr()
}

/// Tells the tracker the `length` bytes that were written. Gives the length of its answer: see [`Tracker::tell`].
#[wasm_bindgen]
#[must_use]
pub fn run(length: usize) -> usize {
    let (tracker, input) = memory();
    tracker.tell(until(input, length)).len()
}

/// Where the answer is.
#[wasm_bindgen]
#[must_use]
pub fn output() -> *const u8 {
    memory().0.answer().as_ptr()
}
