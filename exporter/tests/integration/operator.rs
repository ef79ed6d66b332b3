//! What the operator may ask, and what becomes of nonsense.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use exporter::endpoints::{Services, operator_router, readers};
use exporter::export::Exporter;
use exporter::metrics::Metrics;
use exporter::store::Pools;
use futures::future::join_all;
use reqwest::{Client, Response};
use serde_json::Value;
use sqlx::Executor;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::database::with_database;
use crate::samples::{NOW_MS, TOKEN, batch, clock, config, deliver, deliver_to, event, id, taking, taking_with};
use crate::sites::of_site;

/// The operator's listener, until the test ends.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
}

pub(crate) async fn serve(pools: &Pools) -> Served {
    let mut config = config();
    for destination in &mut config.destinations {
        // Nobody is there, and that is known at once.
        destination.endpoint = Some("http://127.0.0.1:9".to_owned());
    }
    let (stop, stopped) = watch::channel(false);
    let metrics = Metrics::new().expect("metrics");
    let services = Arc::new(Services {
        exporter: Exporter::new(pools.export.clone(), &config, "test".to_owned()),
        ingest: taking_with(pools, metrics.clone()),
        metrics,
        pools: pools.clone(),
        clock: clock(),
        config,
        readers: readers(),
        stop: stopped,
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, operator_router(services)).await });
    Served { address, stop }
}

impl Served {
    async fn send(&self, method: &str, path: &str) -> Response {
        let url = format!("http://{}{path}", self.address);
        let method = method.parse().expect("a method");
        Client::new().request(method, url).bearer_auth(TOKEN).send().await.expect("answered")
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.send("GET", path).await;
        (response.status().as_u16(), response.json().await.expect("json"))
    }
}

#[tokio::test]
async fn events_are_found_by_what_they_are() {
    with_database(async |pools| {
        let mut other = batch(vec![event(50), event(51)]);
        other.site_id = "other.example.com".to_owned();
        other.events[0].session_id = uuid::Uuid::from_u128(8);
        other.events[1].event.id = id(51, NOW_MS - 3_600_000);
        deliver(&pools, &of_site("shop.example.com", 0, 5)).await.expect("stored");
        deliver(&pools, &other).await.expect("stored");
        let served = serve(&pools).await;
        let (visitor, session) = (uuid::Uuid::from_u128(100), uuid::Uuid::from_u128(8));
        let now = "2026-11-22T12:00:00Z";
        for (query, expected) in [
            (String::new(), 7),
            ("?site=shop.example.com".to_owned(), 5),
            ("?site=nobody.example.com".to_owned(), 0),
            ("?type=pageview".to_owned(), 1),
            ("?type=click&site=other.example.com".to_owned(), 2),
            (format!("?visitor={visitor}"), 5),
            (format!("?session={session}"), 1),
            (format!("?from={now}"), 6),
            (format!("?to={now}"), 1),
            (format!("?from=2026-11-22T10:00:00Z&to={now}&site=other.example.com"), 1),
            ("?from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59-12:00".to_owned(), 7),
            (format!("?from={now}&to={now}"), 0),
        ] {
            let count = served.get(&format!("/events/count{query}")).await;
            assert_eq!((count.0, count.1["count"].as_i64()), (200, Some(expected)), "{query}");
            let recent = served.get(&format!("/events/recent{query}")).await;
            assert_eq!(
                (recent.0, recent.1["events"].as_array().map(Vec::len)),
                (200, usize::try_from(expected).ok()),
                "{query}"
            );
        }
        let newest = &served.get("/events/recent?limit=1").await.1["events"][0];
        assert_eq!(newest["seq"], 50);
        // To the letter.
        let text = served.send("GET", "/events/recent?limit=1").await.text().await.expect("text");
        assert!(text.contains(r#""data":{"price": 9007199254740993.10}"#), "{text}");
    })
    .await;
}

#[tokio::test]
async fn pages_are_stable_while_events_come() {
    with_database(async |pools| {
        deliver(&pools, &batch((0..25).map(event).collect())).await.expect("stored");
        let served = serve(&pools).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for page in 0..10 {
            let (status, answer) = served.get(&format!("/events/recent?limit=10{cursor}")).await;
            assert_eq!(status, 200);
            seen.extend(
                answer["events"].as_array().expect("events").iter().map(|event| event["seq"].as_u64().expect("seq")),
            );
            deliver(&pools, &batch(vec![event(100 + page)])).await.expect("stored");
            match answer["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, (0..25).rev().collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn nonsense_is_named_and_never_an_error_of_ours() {
    with_database(async |pools| {
        let served = serve(&pools).await;
        let long = "x".repeat(2000);
        for (path, field) in [
            ("/events/count?site=a%00b", "site"),
            ("/events/count?site=%ff%fe", "site"),
            (&*format!("/events/count?site={long}"), "site"),
            ("/events/count?type=Page%20View", "type"),
            ("/events/count?session=1", "session"),
            ("/events/count?visitor=%00", "visitor"),
            ("/events/count?from=now", "from"),
            ("/events/count?from=%2B294277-01-01T00:00:00Z", "from"),
            ("/events/count?to=soon", "to"),
            ("/events/count?limit=5", "limit"),
            ("/events/recent?limit=0", "limit"),
            ("/events/recent?limit=101", "limit"),
            ("/events/recent?limit=1e9", "limit"),
            ("/events/recent?limit=18446744073709551616", "limit"),
            ("/events/recent?cursor=x", "cursor"),
            ("/events/recent?cursor=%00", "cursor"),
            ("/events/recent?limit=1&limit=2", "limit"),
            ("/events/stream?type=%F0", "type"),
            ("/sites?state=good", "state"),
            ("/sites?after=%00", "after"),
            ("/usage?month=2026-13", "month"),
            ("/usage?month=0000-01", "month"),
            ("/usage?month=99999-01", "month"),
            ("/usage?month=2026-10-01", "month"),
            ("/openapi.json?x=1", "x"),
        ] {
            let response = served.send("GET", path).await;
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
            let status = response.status().as_u16();
            let problem: Value = response.json().await.expect("json");
            assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{path}: {problem}");
            for member in ["type", "title", "detail"] {
                assert!(problem[member].as_str().is_some_and(|it| !it.is_empty()), "{path}: {problem}");
            }
            assert_eq!(problem["status"], 400);
        }
        for (method, path, status) in [
            ("GET", "/nowhere", 404),
            ("POST", "/events/count", 405),
            ("DELETE", "/usage", 405),
            ("POST", "/sites/Shop.Example.com/confirm", 400),
            ("POST", "/sites/www.shop.example.com/confirm", 400),
            ("POST", "/sites/www.shop.example.com/ignore", 400),
            ("POST", "/sites/%00/confirm", 400),
            ("POST", "/sites/%ff/ignore", 400),
            ("POST", "/sites/*/ignore", 400),
            ("POST", "/sites//ignore", 400),
        ] {
            let response = served.send(method, path).await;
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            assert_eq!(response.headers().contains_key("allow"), status == 405);
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{method} {path}");
            assert_eq!(response.json::<Value>().await.expect("json")["status"], status);
        }
        // The far ends of what is allowed.
        for (path, status) in [
            ("/usage", 200),
            ("/usage?month=1970-01", 404),
            ("/usage?month=9999-12", 404),
            ("/events/count?from=9999-12-31T23:59:59.999999999Z", 200),
        ] {
            assert_eq!(served.get(path).await.0, status, "{path}");
        }
        // Without the token there is nothing to learn, not even which paths there are.
        let response = reqwest::get(format!("http://{}/nowhere?x=%00", served.address)).await.expect("answered");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["www-authenticate"]),
            (401, &"Bearer".parse().expect("ascii"))
        );
    })
    .await;
}

#[tokio::test]
async fn sites_are_listed_decided_on_and_billed() {
    with_database(async |pools| {
        for n in 0..3 {
            deliver(&pools, &of_site(&format!("{n}.example.com"), n * 10, 4)).await.expect("stored");
        }
        let served = serve(&pools).await;
        let first = served.get("/sites?limit=2").await.1;
        assert_eq!((first["sites"].as_array().map(Vec::len), first["next"].as_str()), (Some(2), Some("1.example.com")));
        assert_eq!(first["sites"][0]["events"], 4);
        assert_eq!(first["sites"][0]["visitors"], 1);
        assert_eq!((first["new_today"].as_i64(), first["beyond_today"].as_i64()), (Some(3), Some(0)));
        let second = served.get("/sites?limit=2&after=1.example.com").await.1;
        assert_eq!((second["sites"].as_array().map(Vec::len), second["next"].as_str()), (Some(1), None));
        let confirm = served.send("POST", "/sites/1.example.com/confirm").await.json::<Value>().await.expect("json");
        assert_eq!(confirm, serde_json::json!({"site_id": "1.example.com", "state": "confirmed", "changed": true}));
        served.send("POST", "/sites/2.example.com/ignore").await;
        deliver(&pools, &of_site("1.example.com", 100, 7)).await.expect("stored");
        assert_eq!(served.get("/sites?state=confirmed").await.1["sites"][0]["site_id"], "1.example.com");
        let usage = served.get("/usage").await.1;
        assert_eq!(usage["billed"], serde_json::json!({"events": 7, "page_views": 1}));
        assert_eq!(usage["unbilled"], serde_json::json!({"events": 12, "page_views": 3}));
        assert_eq!(usage["unbilled_sites"].as_array().map(Vec::len), Some(3));
        assert_eq!(usage["bill"]["total"], "199.00");
    })
    .await;
}

/// A reader of the stream.
struct Tail {
    response: Response,
    text: String,
}

impl Tail {
    async fn open(served: &Served, query: &str, last: Option<&str>) -> Self {
        let mut request =
            Client::new().get(format!("http://{}/events/stream{query}", served.address)).bearer_auth(TOKEN);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("answered").error_for_status().expect("a stream");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event as `(id, seq)`; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, u64)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                let event = std::mem::replace(&mut self.text, rest);
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let found = line("id: ").zip(line("data: "));
                if let Some((id, data)) = found {
                    let data: Value = serde_json::from_str(&data).expect("json");
                    return Some((id, data["seq"].as_u64().expect("a seq")));
                }
                continue;
            }
            let chunk = timeout(Duration::from_secs(20), self.response.chunk()).await.expect("in time").ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    async fn take(&mut self, count: usize) -> Vec<(String, u64)> {
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push(self.next().await.expect("an event"));
        }
        taken
    }
}

#[tokio::test]
async fn the_stream_shows_every_event_once_and_goes_on_where_it_was() {
    with_database(async |pools| {
        deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let served = serve(&pools).await;
        let mut all = Tail::open(&served, "", None).await;
        let mut clicks = Tail::open(&served, "?site=shop.example.com&type=pageview", None).await;
        // Two exporters at once, whose transactions end in any order; some of it comes twice.
        let ingests = [taking(&pools), taking(&pools)];
        let batches: Vec<_> = (1..=60).map(|n| of_site("shop.example.com", n * 5, 5)).collect();
        for copies in 0..2 {
            join_all(batches.iter().enumerate().map(|(n, batch)| deliver_to(&ingests[(n + copies) % 2], batch))).await;
        }
        let taken = all.take(300).await;
        let mut seqs: Vec<_> = taken.iter().map(|(_, seq)| *seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (5..305).collect::<Vec<_>>());
        assert!(clicks.take(60).await.iter().all(|(_, seq)| seq % 5 == 0));
        // Whoever comes back with any id gets exactly the rest.
        for at in [0, 1, 123, 298] {
            let mut again = Tail::open(&served, "", Some(&taken[at].0)).await;
            assert_eq!(again.take(299 - at).await, taken[at + 1..], "{at}");
        }
        served.stop.send(true).expect("heard");
        assert_eq!(all.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn the_stream_waits_for_a_transaction_that_began_earlier() {
    with_database(async |pools| {
        let served = serve(&pools).await;
        let mut tail = Tail::open(&served, "", None).await;
        // One that began and does not end, as an ingest of another exporter.
        let mut slow = pools.ingest.acquire().await.expect("connected");
        slow.execute("begin; select 1").await.expect("begun");
        deliver(&pools, &batch(vec![event(1)])).await.expect("stored");
        timeout(Duration::from_millis(1500), tail.next()).await.expect_err("nothing before it ends");
        slow.execute(
            "insert into segments (rows, min_event_id, max_event_id, min_timestamp, max_timestamp)
            values (1, gen_random_uuid(), gen_random_uuid(), now(), now()); commit",
        )
        .await
        .expect("ended");
        assert_eq!(tail.next().await.expect("an event").1, 1);
    })
    .await;
}

#[tokio::test]
async fn readers_of_the_stream_are_bounded() {
    with_database(async |pools| {
        let served = serve(&pools).await;
        let mut tails = Vec::new();
        for _ in 0..16 {
            tails.push(Tail::open(&served, "", None).await);
        }
        let (status, problem) = served.get("/events/stream").await;
        assert_eq!((status, problem["type"].as_str()), (429, Some("urn:evothesis:problem:busy")));
        // Readers hold no connection of the database.
        assert_eq!(served.get("/events/count").await.0, 200);
        drop(tails);
        let freed = async {
            while served.send("GET", "/events/stream").await.status() != 200 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(Duration::from_secs(20), freed).await.expect("places are free again");
    })
    .await;
}
