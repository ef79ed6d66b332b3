//! What this process counts of itself, for Prometheus. Every label has few values, whatever is sent: routes are those of the
//! program, statuses are classes, and versions of the edge are told apart up to a number.

mod gauges;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};
use wire::Outcome;

pub use self::gauges::{Pool, Process, gauges};
use crate::ingest::group::VERSIONS;
use crate::ingest::tally::{Names, Tally};

/// What the text is, by <https://prometheus.io/docs/instrumenting/exposition_formats/>.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds: from what a commit takes to what nobody waits for.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 25.0];
/// Events in one transaction.
const GROUP_EVENTS: [f64; 7] = [1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0];

/// The counters. Copies count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGaugeVec,
    events: IntCounterVec,
    groups: IntCounter,
    group_events: prometheus::Histogram,
    body_bytes: IntCounter,
    findings: IntCounterVec,
    /// Those of the edge that findings are counted by, of all days: a counter that there was once stays.
    versions: Arc<Names>,
}

impl Metrics {
    /// Counters at zero.
    ///
    /// # Errors
    /// When two of them have one name.
    pub fn new() -> prometheus::Result<Self> {
        let requests = Opts::new("evothesis_http_requests_total", "Requests answered.");
        let seconds =
            HistogramOpts::new("evothesis_http_request_duration_seconds", "From a request's head to its answer's.");
        let in_flight = Opts::new("evothesis_http_requests_in_flight", "Requests that are being answered.");
        let events = Opts::new("evothesis_ingest_events_total", "Events by what became of them.");
        let groups = Opts::new("evothesis_ingest_groups_total", "Groups of batches committed, or given up.");
        let group_events = HistogramOpts::new("evothesis_ingest_group_events", "Events that were committed together.");
        let body_bytes = Opts::new("evothesis_ingest_body_bytes_total", "Bytes of signed bodies, as they were sent.");
        let findings = Opts::new(
            "evothesis_redaction_findings_total",
            "Personal data that an edge let pass and that was taken out on arrival.",
        );
        let labels = ["listener", "route", "status"];
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(requests, &labels)?,
            seconds: HistogramVec::new(seconds.buckets(SECONDS.to_vec()), &labels)?,
            in_flight: IntGaugeVec::new(in_flight, &["listener"])?,
            events: IntCounterVec::new(events, &["outcome"])?,
            groups: IntCounter::with_opts(groups)?,
            group_events: prometheus::Histogram::with_opts(group_events.buckets(GROUP_EVENTS.to_vec()))?,
            body_bytes: IntCounter::with_opts(body_bytes)?,
            findings: IntCounterVec::new(findings, &["edge_version"])?,
            versions: Arc::new(Names::new(VERSIONS)),
        };
        metrics.register()?;
        // There from the start, so that the first one is an increase.
        metrics.events.with_label_values(&["accepted"]);
        metrics.events.with_label_values(&["duplicate"]);
        Ok(metrics)
    }

    fn register(&self) -> prometheus::Result<()> {
        self.registry.register(Box::new(self.requests.clone()))?;
        self.registry.register(Box::new(self.seconds.clone()))?;
        self.registry.register(Box::new(self.in_flight.clone()))?;
        self.registry.register(Box::new(self.events.clone()))?;
        self.registry.register(Box::new(self.groups.clone()))?;
        self.registry.register(Box::new(self.group_events.clone()))?;
        self.registry.register(Box::new(self.body_bytes.clone()))?;
        self.registry.register(Box::new(self.findings.clone()))
    }

    /// Counts a request as under way until what this returns is dropped.
    #[must_use]
    pub fn begin(&self, listener: &'static str) -> UnderWay {
        let gauge = self.in_flight.with_label_values(&[listener]);
        gauge.inc();
        UnderWay(gauge)
    }

    /// Counts a request that was answered.
    pub fn answered(&self, listener: &'static str, route: &str, status: u16, time: Duration) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        let labels = [listener, route, class];
        self.requests.with_label_values(&labels).inc();
        self.seconds.with_label_values(&labels).observe(time.as_secs_f64());
    }

    /// Counts a group: what became of its rows, where that is known.
    pub fn group(&self, outcomes: &[Option<Outcome>]) {
        self.groups.inc();
        #[expect(clippy::cast_precision_loss, reason = "some thousand at most")]
        self.group_events.observe(outcomes.len() as f64);
        let mut sums = BTreeMap::<_, u64>::new();
        for outcome in outcomes.iter().flatten() {
            *sums.entry(outcome.reason().map_or(outcome.name(), wire::Reason::name)).or_default() += 1;
        }
        for (name, events) in sums {
            self.events.with_label_values(&[name]).inc_by(events);
        }
    }

    /// Counts what came with the rows of a group: events that were refused before, and what edges let pass.
    pub fn beside(&self, tally: &Tally<'_>) {
        for (outcome, events) in tally.by_outcome() {
            self.events.with_label_values(&[outcome]).inc_by(events.unsigned_abs());
        }
        for (version, findings) in tally.by_version() {
            let version = self.versions.known(NaiveDate::MIN, version);
            self.findings.with_label_values(&[version]).inc_by(findings.unsigned_abs());
        }
    }

    /// Counts a signed body.
    pub fn body(&self, bytes: usize) {
        self.body_bytes.inc_by(bytes as u64);
    }

    /// The text that Prometheus reads: these, and `others`.
    ///
    /// # Errors
    /// When a family has no name, or none of its members.
    pub fn text(&self, others: &Registry) -> prometheus::Result<String> {
        let mut text = Vec::new();
        let encoder = TextEncoder::new();
        encoder.encode(&self.registry.gather(), &mut text)?;
        encoder.encode(&others.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct UnderWay(prometheus::IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_edge_are_told_apart_up_to_a_number_however_long_it_runs() {
        let metrics = Metrics::new().expect("metrics");
        for version in (0..100).map(|n| format!("0.{n}.0")) {
            let mut tally = Tally::new(NaiveDate::MIN);
            tally.add_findings(&version, BTreeMap::from([("email".to_owned(), 1)]));
            metrics.beside(&tally);
        }
        let text = metrics.text(&Registry::new()).expect("text");
        let series: Vec<_> =
            text.lines().filter(|line| line.starts_with("evothesis_redaction_findings_total{")).collect();
        assert_eq!(series.len(), VERSIONS + 1, "{series:?}");
        assert!(text.contains("edge_version=\"(other)\"} 84\n"), "{series:?}");
    }
}
