//! The visit that the demo drives and the tests count: every kind of event of the pixel, and personal data on the way.

use std::time::Duration;

use anyhow::Result;

use crate::browser::Browser;

/// Personal data that the visit carries, none of which may be found anywhere afterwards.
pub const PLANTED: [&str; 7] = [
    "jane.doe@example.org",
    "jane.doe%40example.org",
    "4111111111111111",
    "4111 1111 1111 1111",
    "correct-horse-battery",
    "Jane Doe-Planted",
    "5500 0000 0000 0004",
];

/// Two page loads, one route change, three clicks and more, a custom event, a form, and all of a long page.
///
/// # Errors
/// When the site does not look as expected.
pub async fn drive(browser: &Browser, site: &str) -> Result<()> {
    let arrival = "/?utm_source=newsletter&utm_campaign=autumn&email=jane.doe%40example.org";
    let tab = browser.open(&format!("{site}{arrival}")).await?;
    pixel_ready(&tab).await?;
    tab.follow("#to-products").await?;
    pixel_ready(&tab).await?;
    for share in [0.3, 0.55, 0.8, 1.0] {
        tab.scroll_to(share).await?;
        // a reader's pace: the pixel looks at the depth between frames
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    tab.click("#buy").await?;
    tab.click("#tab-details").await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    tab.go(&format!("{site}/contact.html")).await?;
    pixel_ready(&tab).await?;
    tab.type_into("#name", "Jane Doe-Planted").await?;
    tab.type_into("#email", "jane.doe@example.org").await?;
    tab.type_into("#card", "5500 0000 0000 0004").await?;
    tab.type_into("#password", "correct-horse-battery").await?;
    tab.type_into("#message", "Please call").await?;
    tab.follow("#send").await?;
    pixel_ready(&tab).await?;
    tab.close().await
}

/// Waits until the pixel runs: `window.evothesis` is there from the start, `ready` when the Wasm is.
///
/// # Errors
/// When it does not come.
pub async fn pixel_ready(tab: &crate::browser::Tab) -> Result<()> {
    crate::process::until("the pixel", 20, || async {
        tab.evaluate::<bool>("window.evothesis?.ready === true").await.unwrap_or(false)
    })
    .await
}
