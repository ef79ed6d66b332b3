//! A page view without scripts: the image always comes, and what it tells is stored like any other event.

use anyhow::{Context, Result, ensure};
use local_stack::edge::Edge;
use local_stack::process::until;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, REFERER};

use crate::fixture::{export_and_verify, exported, stored, text, with_stack};

/// Asks for the image as a browser without scripts would, with `headers`, and checks that it is one.
async fn ask(edge: &str, query: &str, headers: &[(&str, &str)]) -> Result<()> {
    let request = reqwest::Client::new().get(format!("{edge}/pixel.gif{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.header("user-agent", "Lynx/2.9.0 libwww-FM/2.14").send().await?;
    ensure!(answer.status() == 200, "{query} {headers:?}: {}", answer.status());
    for (name, expected) in [
        (CONTENT_TYPE.as_str(), "image/gif"),
        (CACHE_CONTROL.as_str(), "no-store"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        let value = answer.headers().get(name).context("a header is missing")?;
        ensure!(value == expected, "{name}: {value:?}");
    }
    let image = answer.bytes().await?;
    ensure!(image.len() == 43 && image.starts_with(b"GIF89a"), "no image: {} bytes", image.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_view_without_scripts_arrives() -> Result<()> {
    with_stack(async |stack| {
        let edge = stack.edge.address();
        let site = (REFERER.as_str(), "https://www.shop.example/");
        let query = "?path=%2Fprices%3Futm_source%3Dbing%26utm_medium%3Dcpc%26mail%3Djane.doe%40example.org%26gclid%3DCj0abc\
                     &title=Prices&referrer=https%3A%2F%2Fwww.bing.com%2F";
        ask(edge, query, &[site]).await?;
        ask(edge, "", &[site]).await?;
        ensure!(stored(stack).await? == 2, "{} are stored", stored(stack).await?);

        export_and_verify(stack).await?;
        let rows = exported(stack)?;
        let row = |path: &str| rows.iter().find(|row| text(row, "path") == path).context("a page is missing");
        let (told, bare) = (row("/prices")?, row("/")?);
        for (column, expected) in [
            ("event_type", "pageview"),
            ("site_id", "shop.example"),
            ("title", "Prices"),
            ("referrer", "https://www.bing.com/"),
            ("channel", "paid"),
            ("platform", "google"),
            ("utm_source", "bing"),
            ("seq", "0"),
            ("data", "{\"navigation\":\"noscript\"}"),
        ] {
            ensure!(text(told, column) == expected, "{column}: {}", text(told, column));
        }
        let url = text(told, "url");
        ensure!(!url.contains("jane.doe") && !url.contains("Cj0abc") && url.contains("gclid="), "{url}");
        ensure!(text(bare, "channel") == "direct", "{}", text(bare, "channel"));
        // nothing on the device: the edge knows who it was for the rest of the day
        ensure!(text(told, "visitor_id") == text(bare, "visitor_id"));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_objects_or_names_no_site_gets_the_image_only() -> Result<()> {
    with_stack(async |stack| {
        let edge = stack.edge.address();
        let site = (REFERER.as_str(), "https://shop.example/");
        for headers in [
            &[site, ("sec-gpc", "1")][..],
            &[site, ("dnt", "1")],
            &[],
            &[(REFERER.as_str(), "no address")],
            &[("origin", "https://shop.example")],
        ] {
            ask(edge, "?path=%2F", headers).await?;
        }
        ensure!(stored(stack).await? == 0, "something was recorded");
        // it is written some time after the answer
        for (reason, times) in [("the visitor objects", 2), ("no referer", 2), ("the referer names no site", 1)] {
            until(&format!("{reason:?} {times} times in the log"), 10, async || {
                std::fs::read_to_string(stack.edge.log()).is_ok_and(|log| log.matches(reason).count() == times)
            })
            .await?;
        }
        // the other way round: a signal that is off stops nothing
        ask(edge, "", &[site, ("sec-gpc", "0"), ("dnt", "0")]).await?;
        ensure!(stored(stack).await? == 1, "a signal that is off stopped the page view");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_image_comes_even_when_nothing_can_be_delivered() -> Result<()> {
    with_stack(async |stack| {
        let log = stack.folder().join("logs/lonely-edge.log");
        let mut edge = Edge::start_without_queue("http://127.0.0.1:9", &log).await?;
        ask(edge.address(), "", &[(REFERER.as_str(), "https://shop.example/")]).await?;
        edge.stop().await?;
        let log = std::fs::read_to_string(&log)?;
        ensure!(log.contains("not taken"), "the loss is not in the log:\n{log}");
        Ok(())
    })
    .await
}
