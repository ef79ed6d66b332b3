//! The pixel: decides what is an event, what of it may leave the page, and when it is sent.
//!
//! `loader/loader.js` loads the rest unless somebody objects, `loader/page.js` listens, stores and sends; every decision is made here, from
//! values, and tested on the host. This file is the only one that knows the browser: clock, randomness, and how the values
//! come in. Strings that belong together come as lines of one text, so that a call costs one conversion.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod address;
pub mod answer;
mod attribution;
mod batch;
pub mod click;
mod custom;
mod edge_state;
pub mod form;
mod json;
pub mod moment;
pub mod page;
mod queue;
mod retry;
mod scroll;
mod telling;
mod text;
pub mod tracker;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;
use crate::click::{Element, Position};
use crate::form::Form;
use crate::moment::Moment;
use crate::page::{Device, Place};
use crate::text::{number, take};
use crate::tracker::{Sending, Tracker};

/// One thread and a few hundred small allocations: what is smallest is best.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
#[expect(unsafe_code, reason = "a page has one thread, which is all that is promised here")]
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn unix_ms() -> f64;
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn since_load_ms() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_randomly(bytes: &mut [u8]);
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
fn moment() -> Moment {
    let mut random = [0; 20];
    fill_randomly(&mut random);
    Moment { now: unix_ms() as i64, t: since_load_ms() as u32, random }
}

/// One page load, as page.js sees it. Each entry costs its weight in glue, so there are few and they take text.
#[wasm_bindgen]
pub struct Pixel(Tracker);

#[wasm_bindgen]
impl Pixel {
    /// A page load begins.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::new_without_default, clippy::must_use_candidate, reason = "called from JavaScript")]
    pub fn new() -> Self {
        Self(Tracker::new(&moment()))
    }

    /// Something happened. Gives the milliseconds until `step("tick")` is due, -1 when nothing is planned.
    ///
    /// | `what` | `text`, a line each |
    /// |---|---|
    /// | `page` | navigation, url, title, referrer, language, time zone, width and height of the screen, of the viewport, device pixels to a hundred CSS pixels, then a line a query parameter |
    /// | `click` | tag, id, classes, role, text, href, selector, `true` if it is to be saved, then as in [`Position`] |
    /// | `scroll` | bottom of the viewport, height of the page, `true` if it was scrolled |
    /// | `submit` | id, name, action, method, then a line a field: name, type, autocomplete, `true` if filled, with tabs |
    /// | `track` | name, then JSON |
    /// | `online` | |
    pub fn see(&mut self, what: &str, text: &str) -> i32 {
        let moment = moment();
        let mut rest = text;
        let mut part = || take(&mut rest, b'\n');
        match what {
            "page" => {
                let (navigation, url, title, referrer) = (part(), part(), part(), part());
                let (language, timezone) = (part(), part());
                let mut number = || int(part());
                let (screen, viewport) = ((number(), number()), (number(), number()));
                let device = Device { language, timezone, screen, viewport, pixel_percent: number() };
                let place = Place { url, title, referrer, query: rest };
                self.0.page(&moment, navigation, &place, &device);
            }
            "click" => {
                let (tag, id, classes, role, text, href, selector) =
                    (part(), part(), part(), part(), part(), part(), part());
                let download = part() == "true";
                let mut number = || int(part());
                let (x, y, page_x, page_y) = (number(), number(), number(), number());
                let element = Element { tag, id, classes, role, text, href, selector, download };
                let position = Position { x, y, page_x, page_y, width: number(), height: number() };
                self.0.click(&moment, &element, &position);
            }
            "scroll" => {
                let (bottom, height) = (int(part()), int(part()));
                self.0.scroll(&moment, bottom, height, part() == "true");
            }
            "submit" => {
                let form = Form { id: part(), name: part(), action: part(), method: part() };
                self.0.form_submit(&moment, &form, form::fields(rest));
            }
            "track" => {
                let name = part();
                self.0.track(&moment, name, rest);
            }
            "online" => self.0.hurry(),
            _ => {}
        }
        self.0.wait(moment.t).map_or(-1, |wait| i32::try_from(wait).unwrap_or(i32::MAX))
    }

    /// See [`Tracker::turn`].
    pub fn turn(&mut self) -> bool {
        self.0.turn(moment().t)
    }

    /// Does one thing with what is in storage, and gives the changes to be made there.
    ///
    /// | `what` | |
    /// |---|---|
    /// | `tick`, `leave` | [`Tracker::tick`] |
    /// | `locked`, `unlocked`, `leaving` | [`Tracker::next`]; nothing when nothing is to be sent |
    /// | `answered` | [`Tracker::answered`]; `text`: key, status, `Retry-After`, the edge's clock, token, then a line a refusal |
    pub fn step(&mut self, what: &str, storage: &str, text: &str) -> String {
        let moment = moment();
        let sending = match what {
            "locked" => Sending::Locked,
            "unlocked" => Sending::Unlocked,
            "leaving" => Sending::Leaving,
            "answered" => {
                let mut rest = text;
                let mut part = || take(&mut rest, b'\n');
                let (key, status, retry_after) = (part(), int(part()), number(part()));
                let (now, token) = (number(part()), part());
                let answer = Answer { status, retry_after, token, now, refused: rest };
                return self.0.answered(&moment, storage, key, &answer);
            }
            _ => return self.0.tick(&moment, storage, what == "leave"),
        };
        self.0.next(&moment, storage, sending).unwrap_or_default()
    }
}

fn int(text: &str) -> i32 {
    i32::try_from(number(text)).unwrap_or_default()
}
