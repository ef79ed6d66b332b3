//! The Worker on the client's edge domain.
//!
//! `/collect` takes a batch through [`pipeline::run`], which decides everything and touches nothing, and hands what
//! comes out to the [`forwarder`]. This file alone talks to the platform's entry points and asks for time and randomness.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod address;
pub mod assets;
mod attribution;
#[cfg(feature = "bench")]
mod bench;
mod breaker;
pub mod collect;
pub mod config;
pub mod forwarder;
pub mod health;
mod known;
pub mod noscript;
mod objects;
pub mod outcome;
pub mod pipeline;
pub mod queue_consumer;
mod rates;
pub mod refusal;
pub mod router;
pub mod site;
pub mod token;

#[cfg(test)]
mod tests;

use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, MessageBatch, Request, Response, Result, event};

/// Answers a request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    #[cfg(feature = "bench")]
    let mut request = request;
    #[cfg(feature = "bench")]
    if let Some(answer) = bench::answer(&mut request, &env, now()).await {
        return answer;
    }
    router::route(request, &env, now(), random).await
}

/// Takes messages from the Queue.
#[event(queue)]
async fn queue(messages: MessageBatch<String>, env: Env, _context: Context) -> Result<()> {
    queue_consumer::consume(&messages, &env, now).await
}

/// The edge's clock, Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "the one place of the Worker that asks for the time")]
fn now() -> i64 {
    i64::try_from(worker::Date::now().as_millis()).unwrap_or(i64::MAX)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_randomly(bytes: &mut [u8]);
}

/// The one place of the Worker that asks for randomness.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_randomly(&mut bytes);
    bytes
}

fn random() -> noscript::Random {
    [random_bytes(), random_bytes(), random_bytes()]
}
