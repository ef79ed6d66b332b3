//! Headless Chromium over its DevTools protocol.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams};
use chromiumoxide::cdp::browser_protocol::network::{
    EmulateNetworkConditionsByRuleParams, EnableParams, NetworkConditions,
};
use chromiumoxide::cdp::browser_protocol::page::CrashParams;
use chromiumoxide::cdp::browser_protocol::target::CreateTargetParams;
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::detection::{DetectionOptions, default_executable};
use chromiumoxide::layout::Point;
use chromiumoxide::{BrowserConfig, Page};
use futures::StreamExt;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::process::Process;

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
            // its own defaults are there beside these; it writes the two hyphens
            .args(["disable-gpu", "disable-quic", "disable-component-update"]);
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

    /// Opens `address` in a new tab where `script` runs before the scripts of every page, and waits until it has loaded.
    ///
    /// # Errors
    /// When the page cannot be opened.
    pub async fn open_prepared(&self, script: &str, address: &str) -> Result<Tab> {
        let page = self.chromium.new_page("about:blank").await?;
        page.evaluate_on_new_document(script).await?;
        let tab = Tab { page };
        tab.go(address).await?;
        Ok(tab)
    }

    /// Opens `address` in a new tab, in front of the others or behind them, without waiting for anything.
    ///
    /// # Errors
    /// When there is no such tab.
    pub async fn open_at_once(&self, address: &str, in_front: bool) -> Result<()> {
        let target = CreateTargetParams::builder().url(address).background(!in_front);
        self.chromium.execute(target.build().map_err(anyhow::Error::msg)?).await?;
        Ok(())
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

/// A browser that nobody watches: some of what it does for visitors, such as prerendering, it leaves when a tool is
/// attached. What happens in it is up to the page.
#[derive(Debug)]
pub struct UnwatchedBrowser {
    _process: Process,
    _profile: TempDir,
}

impl UnwatchedBrowser {
    /// Opens `address` in the browser that `CHROME` names, or the system's; it is closed when this is dropped.
    ///
    /// # Errors
    /// When there is none or it does not start.
    pub fn open(address: &str) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let program = match std::env::var_os("CHROME") {
            Some(chrome) => PathBuf::from(chrome),
            None => default_executable(DetectionOptions::default()).map_err(anyhow::Error::msg)?,
        };
        let mut command = Command::new(program);
        command
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", address]);
        let process = Process::start("Chromium", &mut command, &profile.path().join("said.log"))?;
        Ok(Self { _process: process, _profile: profile })
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

    /// Runs `script`, waits for what it promises, and ignores what it comes to.
    ///
    /// # Errors
    /// When it throws, or the promise is rejected.
    pub async fn run(&self, script: &str) -> Result<()> {
        let expression = format!("(async () => {{ {script} }})()");
        let params = EvaluateParams::builder().expression(expression).await_promise(true).user_gesture(true);
        self.page.execute(params.build().map_err(anyhow::Error::msg)?).await.map(|answer| answer.result).map_or_else(
            |error| Err(error.into()),
            |result| result.exception_details.map_or(Ok(()), |details| anyhow::bail!("the script threw: {details:?}")),
        )
    }

    /// Waits until `condition`, a script, comes to true.
    ///
    /// # Errors
    /// After 15 s.
    pub async fn until(&self, condition: &str) -> Result<()> {
        let ended = tokio::time::timeout(Duration::from_secs(15), async {
            while !self.evaluate::<bool>(condition).await.unwrap_or(false) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        ended.await.with_context(|| format!("waited in vain until {condition}"))
    }

    /// Clicks, with a real mouse, the middle of the element that `script` comes to.
    ///
    /// # Errors
    /// When there is none.
    pub async fn click_on(&self, script: &str) -> Result<()> {
        let middle = format!(
            "(() => {{ let e = {script}; e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             let {{ x, y, width, height }} = e.getBoundingClientRect(); x += width / 2; y += height / 2; \
             for (let f; (f = e.ownerDocument.defaultView.frameElement); e = f) {{ \
             const r = f.getBoundingClientRect(); x += r.x + f.clientLeft; y += r.y + f.clientTop; }} \
             return [x, y]; }})()"
        );
        let (x, y) = self.evaluate::<(f64, f64)>(&middle).await.with_context(|| format!("no {script} on the page"))?;
        self.page.click(Point::new(x, y)).await?;
        Ok(())
    }

    /// Gives the field that `selector` finds the focus and puts `text` there at once, as an input method does.
    ///
    /// # Errors
    /// When nothing is found.
    pub async fn put_into(&self, selector: &str, text: &str) -> Result<()> {
        self.page.find_element(selector).await.with_context(|| format!("no {selector}"))?.focus().await?;
        self.page.execute(InsertTextParams::new(text)).await?;
        Ok(())
    }

    /// Presses `key` (`Enter`, `Tab`, `a`, …) on the element that `selector` finds.
    ///
    /// # Errors
    /// When nothing is found or there is no such key.
    pub async fn press(&self, selector: &str, key: &str) -> Result<()> {
        let element = self.page.find_element(selector).await.with_context(|| format!("no {selector}"))?;
        element.focus().await?.press_key(key).await?;
        Ok(())
    }

    /// Takes the network away from the tab, or gives it back.
    ///
    /// # Errors
    /// When the tab is gone.
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        self.page.execute(EnableParams::default()).await?;
        let everywhere = NetworkConditions::new("", 0.0, -1.0, -1.0);
        self.page.execute(EmulateNetworkConditionsByRuleParams::new(offline, vec![everywhere])).await?;
        Ok(())
    }

    /// Kills the process that the page runs in: no event tells it.
    pub async fn crash(&self) {
        // the command dies with the process that should answer it
        let _ = tokio::time::timeout(Duration::from_millis(500), self.page.execute(CrashParams::default())).await;
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
