//! What the bench measures, and what it measures it by. Only a build for the bench has these routes.

use wire::CollectAnswer;
use worker::{Env, Request, Response, Result};

use crate::forwarder::Parcel;
use crate::pipeline::{self, Arrival};
use crate::{collect, config};

/// `POST /bench/echo` reads the body and gives it back. `POST /bench/batch/TIMES` takes the body from decoding to the signature
/// that often, and answers as `/collect` does. `None` for everything else.
pub(crate) async fn answer(request: &mut Request, env: &Env, now: i64) -> Option<Result<Response>> {
    let path = request.path();
    if path == "/bench/echo" {
        return Some(request.bytes().await.and_then(Response::from_bytes));
    }
    let times = path.strip_prefix("/bench/batch/")?.parse().ok()?;
    Some(batch(request, env, now, times).await)
}

async fn batch(request: &mut Request, env: &Env, now: i64, times: u32) -> Result<Response> {
    let failed = |error: &dyn std::fmt::Display| worker::Error::RustError(error.to_string());
    let settings = config::of(env).map_err(|error| failed(&error))?;
    let Some((origin, site)) = collect::origin(request, &settings)? else { return collect::forbidden() };
    let body = collect::read(request).await?.map_err(|error| failed(&error))?;
    let user_agent = request.headers().get("user-agent")?.unwrap_or_default();
    let address = request.headers().get("cf-connecting-ip")?.unwrap_or_default();
    let arrival = Arrival {
        body: &body,
        site: &site,
        user_agent: &user_agent,
        address: address.parse().ok(),
        country: Some("DE"),
        region: Some("Berlin"),
        now,
    };
    let mut done = None;
    for _ in 0..times {
        let draft = pipeline::draft(&arrival, &settings).map_err(|error| failed(&error))?;
        let processed = draft.finish(None, &arrival, &settings);
        let parcel = Parcel::new(&processed.batch);
        parcel.signature(&settings, now).ok_or_else(|| failed(&"not signed"))?;
        let accepted = processed.tally.taken();
        done = Some(CollectAnswer { token: processed.token, now, accepted, refused: processed.refused });
    }
    collect::answer(&origin, 200, &done)
}
