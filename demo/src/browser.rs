//! Headless Chromium over its DevTools protocol.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType};
use chromiumoxide::{BrowserConfig, Page};
use futures::StreamExt;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A browser with a profile of its own; nothing of it is left behind.
#[derive(Debug)]
pub struct Browser {
    chromium: chromiumoxide::Browser,
    events: JoinHandle<()>,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser that `CHROME` names, or the system's.
    ///
    /// # Errors
    /// When there is none or it does not start.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut config = BrowserConfig::builder()
            .user_data_dir(profile.path())
            // it opens nothing but our own pages on loopback, and the sandbox does not work for root or in containers
            .no_sandbox()
            .new_headless_mode()
            .args(["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--window-size=1280,800"]);
        if let Some(chrome) = std::env::var_os("CHROME") {
            config = config.chrome_executable(PathBuf::from(chrome));
        }
        let config = config.build().map_err(anyhow::Error::msg)?;
        let (browser, mut handler) = chromiumoxide::Browser::launch(config).await.context("Chromium does not start")?;
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Ok(Self { chromium: browser, events, _profile: profile })
    }

    /// Opens `address` in a new tab and waits until it has loaded.
    ///
    /// # Errors
    /// When the page cannot be opened.
    pub async fn open(&self, address: &str) -> Result<Tab> {
        let page = self.chromium.new_page(address).await?;
        page.wait_for_navigation().await?;
        Ok(Tab { page })
    }

    /// Closes it and everything in it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn close(mut self) -> Result<()> {
        self.chromium.close().await?;
        self.chromium.wait().await?;
        self.events.abort();
        Ok(())
    }
}

/// One tab.
#[derive(Debug)]
pub struct Tab {
    page: Page,
}

impl Tab {
    /// Goes to `address` as if it were typed.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn go(&self, address: &str) -> Result<()> {
        self.page.goto(address).await?;
        self.page.wait_for_navigation().await?;
        Ok(())
    }

    /// Clicks what `selector` finds, with a real mouse event.
    ///
    /// # Errors
    /// When nothing is found.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let element = self.page.find_element(selector).await.with_context(|| format!("no {selector} on the page"))?;
        element.click().await?;
        Ok(())
    }

    /// Clicks what `selector` finds and waits for the page that it leads to.
    ///
    /// # Errors
    /// When nothing is found or nothing is loaded.
    pub async fn follow(&self, selector: &str) -> Result<()> {
        let before = self.evaluate::<f64>("performance.timeOrigin").await?;
        self.click(selector).await?;
        let arrived = format!("performance.timeOrigin !== {before} && document.readyState === 'complete'");
        crate::process::until("the next page", 20, || async { self.evaluate::<bool>(&arrived).await.unwrap_or(false) })
            .await
    }

    /// Types `text` into the field that `selector` finds.
    ///
    /// # Errors
    /// When nothing is found.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        self.page.find_element(selector).await.with_context(|| format!("no {selector}"))?.click().await?;
        for character in text.chars() {
            let key = DispatchKeyEventParams::builder().r#type(DispatchKeyEventType::Char).text(character.to_string());
            self.page.execute(key.build().map_err(anyhow::Error::msg)?).await?;
        }
        Ok(())
    }

    /// Scrolls to `share` of the page's height, 1 being its end.
    ///
    /// # Errors
    /// When the page is gone.
    pub async fn scroll_to(&self, share: f64) -> Result<()> {
        let script = format!("window.scrollTo(0, document.documentElement.scrollHeight * {share}); true");
        self.evaluate::<bool>(&script).await?;
        Ok(())
    }

    /// What `script` comes to.
    ///
    /// # Errors
    /// When it throws, or is of another type.
    pub async fn evaluate<T: serde::de::DeserializeOwned>(&self, script: &str) -> Result<T> {
        Ok(self.page.evaluate(script).await?.into_value()?)
    }

    /// Closes the tab as a visitor does: the page is hidden and left.
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn close(self) -> Result<()> {
        self.page.close().await?;
        Ok(())
    }

    /// The tab in the protocol's own terms.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }
}
