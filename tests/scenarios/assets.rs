//! What the edge serves: the loader for a while, the hashed files for ever.

use anyhow::{Context, Result, ensure};
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::fixture::{built, with_stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pixel_is_served_with_the_right_lifetimes() -> Result<()> {
    with_stack(async |stack| {
        let edge = stack.edge.address();
        let built = built()?;
        for (part, kind, lifetime) in [
            ("loader", "text/javascript", "max-age=300"),
            ("glue", "text/javascript", "immutable"),
            ("wasm", "application/wasm", "immutable"),
        ] {
            let name = built[part].as_str().context("pixel.json lacks a part")?;
            let answer = reqwest::get(format!("{edge}/{name}")).await?;
            ensure!(answer.status() == 200, "{part}: {}", answer.status());
            let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            ensure!(header(CONTENT_TYPE).starts_with(kind), "{part}: {}", header(CONTENT_TYPE));
            ensure!(header(CACHE_CONTROL).contains(lifetime), "{part}: {}", header(CACHE_CONTROL));
        }
        let health = reqwest::get(format!("{edge}/health")).await?;
        ensure!(health.status() == 200, "/health: {}", health.status());
        ensure!(reqwest::get(format!("{edge}/nothing-here")).await?.status() == 404);
        ensure!(reqwest::get(format!("{edge}/collect")).await?.status() == 405);
        Ok(())
    })
    .await
}
