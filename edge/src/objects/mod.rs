//! Durable Objects: the little that has to be remembered between requests, and what each of them may keep.
//!
//! What an object decides is told apart from where it keeps things, so that a test can look at everything it ever kept.

pub(crate) mod cookieless;
pub(crate) mod known_sites;
mod storage;

pub(crate) use storage::Storage;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Env, Method, Request, RequestInit, Response, Result};

use crate::forwarder::within;

/// A visitor's batch waits behind this; without an answer it goes on without one.
const TIME: Duration = Duration::from_secs(1);

/// Asks the object called `name` of the namespace `binding`; `None` when it does not answer in time.
async fn ask<A: DeserializeOwned>(env: &Env, binding: &str, name: &str, question: &impl Serialize) -> Option<A> {
    let exchange = async {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(serde_json::to_string(question)?.into()));
        let request = Request::new_with_init("https://object.invalid/", &init)?;
        let mut response = env.durable_object(binding)?.get_by_name(name)?.fetch_with_request(request).await?;
        response.json::<Option<A>>().await
    };
    match within(TIME, exchange).await {
        Some(Ok(answer)) => answer,
        Some(Err(_)) | None => None,
    }
}

/// Answers a question that came by [`ask`].
fn reply(answer: &impl Serialize) -> Result<Response> {
    Response::from_json(answer)
}
