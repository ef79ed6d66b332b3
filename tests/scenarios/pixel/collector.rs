//! A stand-in for the edge that does as it is told: it serves the built pixel, takes batches by the edge's rules, and
//! answers, refuses, is silent or down by a script. It keeps every byte that it was ever sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::answering;
use super::delivered::{Delivery, Event};
use crate::fixture::now_ms;

/// What happens to a request that carries a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// This status and nothing else.
    Status(u16),
    /// This status, with `Retry-After` in seconds.
    RetryAfter(u16, u32),
    /// 200 and something that is not the edge's.
    Garbage,
    /// The batch is taken, and the answer never comes.
    Silence,
    /// The batch is taken, and the connection is cut before the answer.
    Cut,
}

#[derive(Clone)]
pub(crate) struct Collector {
    address: String,
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) folder: PathBuf,
    state: Mutex<State>,
    pub(super) changed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) script: VecDeque<Answer>,
    pub(super) is_down: bool,
    pub(super) needs_consent: bool,
    lapse: Option<(i64, i64)>,
    pub(super) corrupt: Option<String>,
    pub(super) fetched: Vec<String>,
    pub(super) deliveries: Vec<Delivery>,
}

/// The pixel's files: `PIXEL_DIR`, or those that `cargo xtask pixel` built.
fn folder() -> PathBuf {
    std::env::var_os("PIXEL_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pixel"), PathBuf::from)
}

impl Collector {
    pub(crate) async fn start() -> Result<Self> {
        let folder = folder();
        ensure!(folder.join("pixel.json").is_file(), "no pixel in {}: build it first", folder.display());
        let inner = Arc::new(Inner { folder, state: Mutex::default(), changed: Notify::new() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let serving = inner.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = serving.clone();
                // a handler's error closes the connection without an answer
                let service = hyper::service::service_fn(move |request| answering::handle(inner.clone(), request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Ok(Self { address, inner })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What `pixel.json` says of `part`.
    pub(crate) fn built(&self, part: &str) -> Result<Value> {
        let list: Value = serde_json::from_slice(&std::fs::read(self.inner.folder.join("pixel.json"))?)?;
        Ok(list[part].clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state()
    }

    /// The next batches meet these fates, one each; later ones are taken.
    pub(crate) fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().script.extend(answers);
    }

    /// While it is down every connection that would carry a batch is reset.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// From now on it leaves out what comes without consent, and who says so is nobody.
    pub(crate) fn need_consent(&self) {
        self.state().needs_consent = true;
    }

    /// From now on its clock runs `factor` times as fast, as a page's under [`super::lapse`] of the same `start` does.
    pub(crate) fn lapse(&self, start: i64, factor: i64) {
        self.state().lapse = Some((start, factor));
    }

    /// Serves `file` with its last byte changed.
    pub(crate) fn corrupt(&self, file: &str) {
        self.state().corrupt = Some(file.to_owned());
    }

    /// The paths of what was fetched with GET so far.
    pub(crate) fn fetched(&self) -> Vec<String> {
        self.state().fetched.clone()
    }

    /// Every request that carried a batch, in the order of arrival.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state().deliveries.clone()
    }

    /// The events that were taken, each once, in the order of their page load and number.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = BTreeMap::new();
        for delivery in self.deliveries() {
            for event in delivery.events().filter(|event| delivery.accepted.contains(&event.id)) {
                events.entry((event.stream.clone(), event.seq, event.id.clone())).or_insert(event);
            }
        }
        events.into_values().collect()
    }

    /// Waits until `enough` says yes to the events, and answers them.
    pub(crate) async fn until(&self, what: &str, enough: impl Fn(&[Event]) -> bool) -> Result<Vec<Event>> {
        self.within(15, what, enough).await
    }

    /// The same within `seconds`.
    pub(crate) async fn within(
        &self,
        seconds: u64,
        what: &str,
        enough: impl Fn(&[Event]) -> bool,
    ) -> Result<Vec<Event>> {
        let waiting = async {
            loop {
                let changed = self.inner.changed.notified();
                let events = self.events();
                if enough(&events) {
                    return events;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(seconds), waiting)
            .await
            .with_context(|| format!("waited {seconds} s in vain for {what}"))
    }

    /// Waits until `count` requests have carried a batch.
    pub(crate) async fn until_tried(&self, count: usize) -> Result<Vec<Delivery>> {
        self.until(&format!("{count} requests"), |_| self.state().deliveries.len() >= count).await?;
        Ok(self.deliveries())
    }

    /// Checks that nothing is lost and nothing is there twice: the events of each page load that arrived are numbered
    /// 0, 1, 2 …, each number has one id, and what is missing was counted as dropped.
    pub(crate) fn ensure_whole(&self) -> Result<()> {
        let mut streams: BTreeMap<String, BTreeMap<u64, BTreeSet<String>>> = BTreeMap::new();
        for event in self.events() {
            streams.entry(event.stream).or_default().entry(event.seq).or_default().insert(event.id);
        }
        let mut missing = 0;
        for (stream, numbers) in &streams {
            for (seq, ids) in numbers {
                ensure!(ids.len() == 1, "event {seq} of {stream} came as {ids:?}");
            }
            missing += numbers.keys().last().map_or(0, |last| last + 1) - numbers.len() as u64;
        }
        let dropped = self.dropped();
        ensure!(missing == dropped, "{missing} events are missing, {dropped} were counted as dropped: {streams:?}");
        Ok(())
    }

    /// The events that the pixel says it dropped.
    pub(crate) fn dropped(&self) -> u64 {
        let deliveries = self.deliveries();
        let taken = deliveries.iter().filter(|delivery| delivery.is_taken);
        let reports: BTreeMap<_, _> =
            taken.map(|d| (d.batch["batch_id"].to_string(), d.batch["dropped"].as_u64().unwrap_or_default())).collect();
        reports.values().sum()
    }
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> i64 {
        let now = now_ms();
        self.state().lapse.map_or(now, |(start, factor)| start + (now - start) * factor)
    }
}
