//! What is told of the running service: health, metrics, request ids and logs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Days, TimeDelta};
use exporter::endpoints::{Services, ingest_router, operator_router, readers};
use exporter::export::Exporter;
use exporter::metrics::{CONTENT_TYPE, Metrics, Process, gauges};
use exporter::regular::{self, Turn};
use exporter::status::{self, State};
use exporter::store::Pools;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use reqwest::Client;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::MakeWriter;
use wire::ForwardBatch;

use crate::database::with_database;
use crate::http::{post, start};
use crate::samples::{KEY, NOW_MS, TOKEN, batch, clock, config, event, id, now, number, signed, taking_with};

fn services(pools: &Pools) -> Arc<Services> {
    let (config, metrics) = (config(), Metrics::new().expect("metrics"));
    Arc::new(Services {
        exporter: Exporter::new(pools.export.clone(), &config, "test".to_owned()),
        ingest: taking_with(pools, metrics.clone()),
        metrics,
        pools: pools.clone(),
        clock: clock(),
        config,
        readers: readers(),
        stop: tokio::sync::watch::channel(false).1,
    })
}

/// A sample of the text format: its name, its labels and its value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads the text that Prometheus reads (<https://prometheus.io/docs/instrumenting/exposition_formats/>), and refuses what is
/// not as it should be: each family has HELP and TYPE before its samples, once; names and labels are well formed; counters
/// end with `_total`; no series is there twice; buckets grow, and end with all.
fn parsed(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'), "the last line must end, too");
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeMap::new());
    let mut samples: Vec<Sample> = Vec::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a text");
            assert!(is_name(name) && !help.is_empty() && helped.insert(name.to_owned()), "{line}");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert!(helped.contains(name) && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(typed.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = match series.split_once('{') {
            None => (series, BTreeMap::new()),
            Some((name, labels)) => (name, labels_of(labels.strip_suffix('}').expect("closed"))),
        };
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            name.strip_suffix(end).filter(|family| typed.get(*family).is_some_and(|kind| kind == "histogram"))
        });
        let family = family.unwrap_or(name);
        assert!(typed.contains_key(family) && family.starts_with("evothesis_"), "{line}");
        assert!(labels.keys().all(|label| is_name(label)), "{line}");
        let value: f64 = value.parse().expect(line);
        assert!(value.is_finite(), "{line}");
        let sample = (name.to_owned(), labels, value);
        assert!(!samples.iter().any(|it| (&it.0, &it.1) == (&sample.0, &sample.1)), "twice: {line}");
        samples.push(sample);
    }
    for (name, labels, count) in samples.iter().filter(|it| it.0.ends_with("_count")) {
        let name = name.replace("_count", "_bucket");
        let buckets: Vec<f64> = samples
            .iter()
            .filter(|it| it.0 == name && labels.iter().all(|label| it.1.get(label.0) == Some(label.1)))
            .map(|it| it.2)
            .collect();
        assert!(buckets.is_sorted() && buckets.last() == Some(count), "{name} {labels:?}");
    }
    samples
}

fn labels_of(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for label in text.split("\",") {
        let (name, value) = label.split_once("=\"").expect("a label");
        labels.insert(name.to_owned(), value.trim_end_matches('"').to_owned());
    }
    labels
}

fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let has = |it: &Sample| labels.iter().all(|(label, value)| it.1.get(*label).is_some_and(|it| it == value));
    samples.iter().find(|it| it.0 == name && has(it)).map(|it| it.2)
}

#[tokio::test]
async fn metrics_are_what_prometheus_reads_and_no_label_is_unbounded() {
    with_database(async |pools| {
        let services = services(&pools);
        let (ingest, operator) = (start(ingest_router(services.clone())).await, start(operator_router(services)).await);
        let get = async |path: &str| {
            let request = Client::new().get(format!("http://{operator}{path}")).bearer_auth(TOKEN);
            request.send().await.expect("answered")
        };
        // Whatever may be made up is made up: versions, sites, types, paths, methods and ids.
        for n in 0..40_u32 {
            let mut leaky = event(n);
            leaky.event.kind = format!("type_{n}");
            leaky.event.data = RawValue::from_string(r#"{"note": "to jane@example.org"}"#.to_owned()).expect("json");
            let mut old = event(99);
            old.event.id = id(99, 0);
            let batch = ForwardBatch {
                edge_version: format!("0.{n}\"\n\\"),
                site_id: format!("site-{n}.example"),
                ..batch(vec![leaky, old])
            };
            let body = serde_json::to_vec(&batch).expect("json");
            post(ingest, &signed(&KEY, &body), body)
                .send()
                .await
                .expect("answered")
                .error_for_status()
                .expect("stored");
            get(&format!("/nowhere-{n}")).await;
            let method = reqwest::Method::from_bytes(format!("M{n}").as_bytes()).expect("a method");
            Client::new().request(method, format!("http://{ingest}/ingest")).send().await.expect("answered");
        }
        let mut turn = Turn::take(&pools.export).await.expect("asked").expect("nobody else");
        regular::measure(turn.connection()).await.expect("measured");

        let answer = get("/metrics").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], CONTENT_TYPE);
        let samples = parsed(&answer.text().await.expect("text"));
        for (name, labels, expected) in [
            (
                "evothesis_http_requests_total",
                &[("listener", "ingest"), ("route", "/ingest"), ("status", "2xx")][..],
                40.0,
            ),
            ("evothesis_http_requests_total", &[("listener", "ingest"), ("route", "/ingest"), ("status", "4xx")], 40.0),
            ("evothesis_http_requests_total", &[("listener", "operator"), ("route", "unmatched")], 40.0),
            ("evothesis_http_request_duration_seconds_count", &[("route", "/ingest"), ("status", "2xx")], 40.0),
            ("evothesis_http_requests_in_flight", &[("listener", "operator")], 1.0),
            ("evothesis_ingest_events_total", &[("outcome", "accepted")], 40.0),
            ("evothesis_ingest_events_total", &[("outcome", "expired")], 40.0),
            ("evothesis_ingest_group_events_sum", &[], 40.0),
            ("evothesis_redaction_findings_total", &[("edge_version", "(other)")], 24.0),
            ("evothesis_ingest_room", &[("of", "batches")], 1024.0),
            ("evothesis_events_today", &[("outcome", "accepted")], 40.0),
            ("evothesis_export_pending_rows", &[("destination", "client")], 40.0),
            ("evothesis_partitions", &[("state", "missing")], 0.0),
            ("evothesis_state", &[("check", "redaction")], 2.0),
            ("evothesis_database_up", &[], 1.0),
            ("evothesis_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0),
        ] {
            assert_eq!(value(&samples, name, labels), Some(expected), "{name} {labels:?}");
        }
        assert!(value(&samples, "evothesis_missing_events", &[("day", "today")]).is_some());
        let mut series: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, ..) in &samples {
            *series.entry(name).or_default() += 1;
        }
        series.retain(|name, _| !name.ends_with("_bucket"));
        let most = series.iter().max_by_key(|(_, count)| **count).expect("some");
        assert!(*most.1 <= 18, "{most:?}");

        // Without a database, what the process counts is there all the same.
        pools.status.close().await;
        let samples = parsed(&get("/metrics").await.text().await.expect("text"));
        assert_eq!(value(&samples, "evothesis_database_up", &[]), Some(0.0));
        assert_eq!(value(&samples, "evothesis_ingest_events_total", &[("outcome", "accepted")]), Some(40.0));
    })
    .await;
}

#[tokio::test]
async fn alarms_and_documentation_name_what_there_is() {
    with_database(async |pools| {
        let services = services(&pools);
        let (ingest, operator) = (start(ingest_router(services.clone())).await, start(operator_router(services)).await);
        let mut leaky = event(0);
        leaky.event.data = RawValue::from_string(r#"{"note": "to jane@example.org"}"#.to_owned()).expect("json");
        leaky.event.id = id(0, NOW_MS - 24 * 60 * 60 * 1000);
        let body = serde_json::to_vec(&batch(vec![leaky])).expect("json");
        post(ingest, &signed(&KEY, &body), body).send().await.expect("answered").error_for_status().expect("stored");
        let mut turn = Turn::take(&pools.export).await.expect("asked").expect("nobody else");
        regular::measure(turn.connection()).await.expect("measured");
        let request = Client::new().get(format!("http://{operator}/metrics")).bearer_auth(TOKEN);
        let text = request.send().await.expect("answered").text().await.expect("text");
        // Only a disk that fills has days left.
        let there: BTreeSet<String> = parsed(&text).into_iter().map(|it| it.0).collect();
        let is_there = |name: &str| {
            name == "evothesis_database_days_left" || there.contains(name) || there.contains(&format!("{name}_bucket"))
        };
        for document in
            [include_str!("../../../deploy/prometheus.rules.yml"), include_str!("../../../docs/operations.md")]
        {
            let names: BTreeSet<&str> = document
                .split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
                .filter(|word| word.starts_with("evothesis_"))
                .collect();
            assert!(names.len() > 8, "{names:?}");
            for name in names {
                assert!(is_there(name), "{name} is no metric");
            }
        }
        let operations = include_str!("../../../docs/operations.md");
        for (_, labels, _) in parsed(&text).iter().filter(|it| it.0 == "evothesis_state") {
            let check = &labels["check"];
            assert!(operations.contains(&format!("\n| `{check}` | ")), "{check} is not explained");
        }
    })
    .await;
}

#[tokio::test]
async fn metrics_and_health_want_the_token() {
    with_database(async |pools| {
        let operator = start(operator_router(services(&pools))).await;
        for path in ["/metrics", "/health"] {
            let answer = reqwest::get(format!("http://{operator}{path}")).await.expect("answered");
            assert_eq!(answer.status(), 401);
            assert!(answer.headers().contains_key("x-request-id"));
        }
    })
    .await;
}

#[tokio::test]
async fn health_says_what_is_wrong_and_what_to_do() {
    with_database(async |pools| {
        let services = services(&pools);
        let operator = start(operator_router(services.clone())).await;
        let health = async || -> Value {
            let request = Client::new().get(format!("http://{operator}/health")).bearer_auth(TOKEN);
            request.send().await.expect("answered").error_for_status().expect("200").json().await.expect("json")
        };
        let well = health().await;
        // The clock of the tests is not the database's.
        assert_eq!((&well["status"], &well["database"]), (&json!("warning"), &json!("connected")), "{well}");
        let ill = |well: &Value| {
            let checks = well["checks"].as_array().expect("checks").iter().filter(|it| it["state"] != "ok");
            checks.map(|it| it["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ill(&well), ["clocks"]);
        assert_eq!(well["disk"]["disk_bytes"], json!(100_000_000_000_i64));
        assert!(well["disk"]["used_bytes"].as_i64().is_some_and(|bytes| bytes > 1_000_000), "{well}");
        let day = now().format("%Y%m%d");
        sqlx::raw_sql(AssertSqlSafe(format!("drop table events_{day}"))).execute(&pools.export).await.expect("gone");
        let ill = health().await;
        assert_eq!(ill["status"], "critical");
        let check = ill["checks"].as_array().expect("checks").iter().find(|it| it["state"] == "critical").expect("one");
        assert_eq!(check["name"], "partitions");
        assert!(check["remedy"].as_str().is_some_and(|it| it.contains("exporter migrate")), "{check}");

        // For people, the same.
        let mut connection = pools.operator.acquire().await.expect("connected");
        let status = status::examine(&mut connection, &services.config, now()).await.expect("examined");
        let text = exporter::commands::status::text(&status).expect("text");
        assert!(text.starts_with("critical  partitions  1 day(s) have no partition"), "{text}");
        assert!(text.contains("export to client\n  last success    never"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn the_disk_is_judged_by_what_full_days_added() {
    with_database(async |pools| {
        let mut connection = pools.operator.acquire().await.expect("connected");
        // Only days that are over and hold something tell how it grows.
        let size = async |connection: &mut sqlx::PgConnection| {
            let used = exporter::store::disk::used(connection, now().date_naive()).await.expect("asked");
            used.days.len()
        };
        assert_eq!(size(&mut connection).await, 0, "nothing has come yet");
        crate::samples::deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        assert_eq!(size(&mut connection).await, 0);
        let mut old = event(1);
        old.event.id = id(1, NOW_MS - 24 * 60 * 60 * 1000);
        crate::samples::deliver(&pools, &batch(vec![old])).await.expect("stored");
        assert_eq!(size(&mut connection).await, 1);

        // All beside the events grows with the segments, by the day of their arrival.
        let beside = async |connection: &mut sqlx::PgConnection, arrivals: &[i64]| {
            for (days_ago, number) in arrivals.iter().zip(0_i64..) {
                sqlx::query(
                    "update segments set ingested_at = $1 where id = (select id from segments order by id limit 1 offset $2)",
                )
                .bind(now() - Days::new(days_ago.unsigned_abs()))
                .bind(number)
                .execute(&mut *connection)
                .await
                .expect("moved");
            }
            let used = exporter::store::disk::used(connection, now().date_naive()).await.expect("asked");
            (used.segments_bytes_a_day, used.lasting_bytes_a_day)
        };
        let segments = number(&pools, "select pg_total_relation_size('segments')").await;
        let tables = "select sum(pg_total_relation_size(oid))::bigint from pg_class
            where relkind = 'r' and relnamespace = 'public'::regnamespace and relname !~ '^events_'";
        let others = number(&pools, tables).await - segments;
        assert!(others > 100_000, "{others}");
        for (arrivals, days) in
            [([0, 0], 0.0), ([1, 1], 1.0), ([2, 2], 0.5), ([2, 0], 0.25), ([90, 90], 0.0)]
        {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small, and rounded")]
            let share = |bytes: i64| (bytes as f64 * days).round() as i64;
            assert_eq!(beside(&mut connection, &arrivals).await, (share(segments), share(others)), "{arrivals:?}");
        }
        // What is left of a batch that is gone says nothing of how large the segments of a day are.
        sqlx::raw_sql("update segments set dropped_rows = rows where id = (select min(id) from segments)")
            .execute(&mut *connection)
            .await
            .expect("dropped");
        assert_eq!(beside(&mut connection, &[2, 1]).await.0, number(&pools, "select pg_total_relation_size('segments')").await);
    })
    .await;
}

#[tokio::test]
async fn what_the_ledger_cannot_bring_on_is_told() {
    with_database(async |pools| {
        let mut config = config();
        config.webhooks.url = "https://billing.example.com/hooks".to_owned();
        let examined = async || {
            let mut connection = pools.operator.acquire().await.expect("connected");
            let status = status::examine(&mut connection, &config, now()).await.expect("examined");
            let process = Process::new((0, 0), &pools);
            let registry = gauges(&process, Some(&status)).expect("gauges");
            let text = Metrics::new().expect("metrics").text(&registry).expect("text");
            let check = |name| status.checks.iter().find(|it| it.name == name).expect("a check").clone();
            (check("webhooks"), check("sites"), parsed(&text))
        };
        let (webhooks, sites, samples) = examined().await;
        assert_eq!((webhooks.state, sites.state), (State::Ok, State::Ok));
        assert_eq!(value(&samples, "evothesis_webhooks", &[("state", "dead")]), Some(0.0));

        for (minutes, expected) in [(59, State::Ok), (61, State::Warning)] {
            sqlx::query("insert into webhooks (kind, body, created_at) values ('site.discovered', '{}', $1)")
                .bind(now() - TimeDelta::minutes(minutes))
                .execute(&pools.export)
                .await
                .expect("written");
            assert_eq!(examined().await.0.state, expected, "{minutes}");
        }
        sqlx::raw_sql(
            "update webhooks set dead_at = now(), last_error = 'it answered 500' where number = 1;
            insert into usage_counts (day, site_id, billed, slot, rows, page_views)
            values ((now() at time zone 'utc')::date, '*', false, 0, 7, 0)",
        )
        .execute(&pools.export)
        .await
        .expect("written");
        let (webhooks, sites, samples) = examined().await;
        assert_eq!(webhooks.finding, "1 message(s) were given up: it answered 500");
        assert_eq!((webhooks.state, sites.state), (State::Warning, State::Warning));
        assert!(sites.finding.starts_with("7 event(s) came today"), "{sites:?}");
        for (name, labels, expected) in [
            ("evothesis_webhooks", &[("state", "dead")][..], 1.0),
            ("evothesis_webhooks", &[("state", "pending")], 1.0),
            ("evothesis_webhooks_oldest_pending_seconds", &[], 3660.0),
            ("evothesis_new_sites_today", &[], 0.0),
            ("evothesis_events_beyond_site_cap_today", &[], 7.0),
            ("evothesis_state", &[("check", "sites")], 1.0),
            ("evothesis_state", &[("check", "webhooks")], 1.0),
        ] {
            assert_eq!(value(&samples, name, labels), Some(expected), "{name} {labels:?}");
        }
    })
    .await;
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Requests of all kinds that hold what no log may; the status and the id that each was answered with.
async fn ask(pools: &Pools) -> Vec<(&'static str, (u16, String))> {
    let services = services(pools);
    let router = ingest_router(services.clone());
    let operator = operator_router(services);
    let mut leaky = event(0);
    leaky.event.data =
        RawValue::from_string(r#"{"note": "to jane@example.org", "tel": "+49 151 23456789"}"#.to_owned())
            .expect("json");
    let mut conflict = event(0);
    conflict.event.data = RawValue::from_string(r#"{"name": "Jane Roe"}"#.to_owned()).expect("json");
    let batch = ForwardBatch { ip: Some("203.0.113.77".to_owned()), ..batch(vec![leaky, conflict]) };
    let good = serde_json::to_vec(&batch).expect("json");
    let bad = br#"{"mail": "jane@example.org"}"#.to_vec();
    let mut ids = Vec::new();
    for (body, given, path) in [
        (good.clone(), "given-1", "/ingest"),
        (good, "jane@example.org", "/ingest"),
        (bad, "given-2", "/ingest"),
        (Vec::new(), "given-3", "/jane@example.org?mail=jane@example.org"),
    ] {
        let mut request = axum::http::Request::post(path).header("x-request-id", given);
        for (name, value) in signed(&KEY, &body) {
            request = request.header(name, value);
        }
        for name in ["x-forwarded-for", "cf-connecting-ip", "user-agent", "referer"] {
            request = request.header(name, "203.0.113.77");
        }
        let request = request.body(axum::body::Body::from(body)).expect("a request");
        ids.push((given, answered(router.clone(), request).await));
    }
    let request = axum::http::Request::get("/events/recent?limit=jane@example.org")
        .header("x-request-id", "given-4")
        .header("authorization", "Bearer hunter2-hunter2-hunter2")
        .body(axum::body::Body::empty())
        .expect("a request");
    ids.push(("given-4", answered(operator, request).await));
    ids
}

#[tokio::test]
async fn a_log_names_requests_and_nobody() {
    // Where two threads come to a place for the first time at once, a subscriber that begins just then may never hear of it.
    with_database(async |pools| drop(ask(&pools).await)).await;
    with_database(async |pools| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(log.clone());
        let ids = ask(&pools).with_subscriber(subscriber.finish()).await;
        let text = log.text();
        for (given, (status, id)) in &ids {
            assert_eq!(id == given, !given.contains('@'), "{id} for {given}");
            let lines: Vec<Value> = text
                .lines()
                .filter(|line| line.contains(id))
                .map(|line| serde_json::from_str(line).expect(line))
                .collect();
            let last = lines.iter().find(|it| it["message"] == "answered").expect("a line for each request");
            assert_eq!((&last["status"], &last["span"]["request_id"]), (&json!(status), &json!(id)), "{last}");
            assert!(last["ms"].is_f64() && last["span"]["route"].is_string() && last["bytes_out"].is_u64(), "{last}");
        }
        assert_eq!(ids.iter().map(|it| it.1.0).collect::<Vec<_>>(), [200, 200, 400, 404, 401]);
        // What a request came to is said under its id, too.
        assert!(text.lines().any(|line| line.contains("\"refused\"") && line.contains("given-1")), "{text}");
        for secret in ["jane", "Jane", "example.org", "23456789", "203.0.113", "hunter2", "shop.example.com"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    })
    .await;
}

/// The status and the id of the answer.
async fn answered(router: axum::Router, request: axum::http::Request<axum::body::Body>) -> (u16, String) {
    let answer = TowerToHyperService::new(router).call(request).await.expect("answered");
    let id = answer.headers()["x-request-id"].to_str().expect("an id").to_owned();
    (answer.status().as_u16(), id)
}

#[tokio::test]
async fn the_commands_of_the_binary_tell_the_same() {
    with_database(async |pools| {
        let text = include_str!("../../../deploy/exporter.toml")
            .replace("k1 = \"\"", &format!("k1 = \"{}\"", "01".repeat(32)))
            .replace("token = \"\"", "token = \"token-of-the-tests\"")
            .replace("_key = \"\"", "_key = \"key-of-the-tests\"");
        let path = std::env::temp_dir().join(format!("exporter-observed-{}.toml", std::process::id()));
        std::fs::write(&path, text).expect("written");
        let database: String =
            sqlx::query_scalar("select current_database()::text").fetch_one(&pools.export).await.expect("a name");
        let run = |arguments: &'static [&'static str]| {
            let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_exporter"));
            command
                .args(arguments)
                .arg("--config")
                .arg(&path)
                .env("EVOTHESIS_DATABASE__URL", crate::database::url(&database));
            async move {
                let output = command.output().await.expect("started");
                let said = String::from_utf8(output.stdout).expect("text");
                (output.status.code(), said, String::from_utf8(output.stderr).expect("text"))
            }
        };
        // By the real clock the days of the tests are long gone, or far ahead: some are missing.
        let (code, said, errors) = run(&["status", "--json"]).await;
        let status: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said} {errors}"));
        assert_eq!(code == Some(1), status["status"] == "critical", "{said}");
        let (_, said, _) = run(&["status"]).await;
        assert!(said.contains("delivered") && said.contains("next run"), "{said}");
        let (_, said, errors) = run(&["retention", "--dry-run"]).await;
        assert!(said.starts_with("days before ") && said.contains("(retention.days = 90)"), "{said} {errors}");
        let (_, said, _) = run(&["retention", "--dry-run", "--json"]).await;
        let plan: Value = serde_json::from_str(&said).expect("json");
        assert!(plan["days"].is_array());
        std::fs::remove_file(&path).expect("removed");
    })
    .await;
}
