//! The two listeners, over real connections.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use exporter::endpoints::{Services, ingest_router, operator_router, readers};
use exporter::export::Exporter;
use exporter::ingest::Ingest;
use exporter::ingest::authenticate::Keys;
use exporter::ingest::redact::Rules;
use exporter::metrics::Metrics;
use exporter::secret::Secret;
use exporter::store::{Pools, SPARE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::database::with_database;
use crate::samples::{KEY, TOKEN, batch, clock, config, deliver, event, number, signed, signed_by, taking_with};

pub(crate) async fn start(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn services(pools: &Pools) -> Arc<Services> {
    let config = config();
    let metrics = Metrics::new().expect("metrics");
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

pub(crate) fn post(address: SocketAddr, headers: &[(&'static str, String)], body: Vec<u8>) -> RequestBuilder {
    let request = Client::new().post(format!("http://{address}/ingest")).body(body);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
}

async fn answer(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.expect("json"))
}

#[tokio::test]
async fn a_signed_batch_is_stored_and_all_else_is_the_same_401() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let body = serde_json::to_vec(&batch(vec![event(0)])).expect("json");
        let good = signed(&KEY, &body);
        let mut unknown = good.clone();
        unknown[2].1 = "k2".to_owned();
        let mut old = good.clone();
        old[0].1 = "1".to_owned();
        let mut refusals = Vec::new();
        for headers in [signed(&[2; 32], &body), unknown, old, Vec::new()] {
            refusals.push(answer(post(address, &headers, body.clone()).send().await.expect("answered")).await);
        }
        // Not even a batch: the signature is looked at first.
        refusals.push(answer(post(address, &good, b"{".to_vec()).send().await.expect("answered")).await);
        let unauthorized = json!({
            "type": "urn:evothesis:problem:unauthorized", "title": "not authorised", "status": 401,
            "detail": "the request does not prove who sends it",
        });
        for refusal in &refusals {
            assert_eq!(*refusal, (401, unauthorized.clone()));
        }
        assert_eq!(number(&pools, "select count(*) from events").await, 0);

        let stored = answer(post(address, &good, body).send().await.expect("answered")).await;
        assert_eq!(stored, (200, json!({"accepted": 1, "duplicates": 0, "refused": []})));
        assert_eq!(number(&pools, "select count(*) from events").await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_batch_has_a_name() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let mut newer = batch(vec![event(0)]);
        newer.v += 1;
        let crowd = batch((0..51).map(event).collect());
        for (body, status, error) in [
            (b"{".to_vec(), 400, "malformed"),
            (serde_json::to_vec(&newer).expect("json"), 503, "version"),
            (serde_json::to_vec(&crowd).expect("json"), 422, "too_many"),
            (vec![b'x'; wire::limits::INGEST_BODY_BYTES + 1], 413, "body"),
        ] {
            let headers = signed(&KEY, &body);
            let (found, answer) = answer(post(address, &headers, body).send().await.expect("answered")).await;
            let expected = format!("urn:evothesis:problem:{error}");
            assert_eq!((found, answer["type"].as_str()), (status, Some(expected.as_str())));
            assert_eq!(answer["status"], status);
        }
    })
    .await;
}

#[tokio::test]
async fn a_compressed_batch_is_signed_as_it_was_sent() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let gzip = |plain: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        };
        let zstd = |plain: &[u8]| zstd::encode_all(plain, 0).expect("memory");
        let plain = |n| serde_json::to_vec(&batch(vec![event(n)])).expect("json");
        let bomb = vec![b' '; 100 * wire::limits::INGEST_BODY_BYTES];
        for (encoding, signed_body, body, status) in [
            ("gzip", gzip(&plain(0)), gzip(&plain(0)), 200),
            ("zstd", zstd(&plain(1)), zstd(&plain(1)), 200),
            // Signed before it was compressed.
            ("gzip", plain(2), gzip(&plain(2)), 401),
            // Nothing of it is inflated.
            ("zstd", plain(2), zstd(&bomb), 401),
            ("zstd", zstd(&bomb), zstd(&bomb), 413),
            ("gzip", gzip(&bomb), gzip(&bomb), 413),
            ("gzip", zstd(&plain(2)), zstd(&plain(2)), 400),
            ("br", plain(2), plain(2), 415),
        ] {
            let headers = signed(&KEY, &signed_body);
            let request = post(address, &headers, body).header("content-encoding", encoding);
            let response = request.send().await.expect("answered");
            assert_eq!(response.status().as_u16(), status, "{encoding}");
            assert_eq!(response.headers().contains_key("accept-encoding"), status == 415);
        }
        assert_eq!(number(&pools, "select count(*) from events").await, 2);
    })
    .await;
}

#[tokio::test]
async fn two_keys_are_good_while_one_replaces_the_other() {
    with_database(async |pools| {
        let mut keys = config().ingest.keys;
        keys.insert("k2".to_owned(), Secret::from(wire::signature::hex(&[2; 32]).as_str()));
        let mut services = Arc::into_inner(services(&pools)).expect("nobody else has it");
        let metrics = services.metrics.clone();
        services.ingest = Ingest::new(Keys::new(&keys), Rules::default(), pools.ingest.clone(), 100, metrics);
        let address = start(ingest_router(Arc::new(services))).await;
        let body = serde_json::to_vec(&batch(vec![event(0)])).expect("json");
        for (id, key, status) in
            [("k1", [1; 32], 200), ("k2", [2; 32], 200), ("k1", [2; 32], 401), ("k3", [2; 32], 401)]
        {
            let headers = signed_by(id, &key, &body);
            let response = post(address, &headers, body.clone()).send().await.expect("answered");
            assert_eq!(response.status().as_u16(), status, "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_body_is_read_of_a_request_without_our_headers() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let mut connection = tokio::net::TcpStream::connect(address).await.expect("connected");
        let head = "POST /ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n";
        connection.write_all(head.as_bytes()).await.expect("written");
        // Answered, and closed: nothing is kept open for a body that may never come.
        let mut answer = Vec::new();
        let read = connection.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(5), read).await.expect("before any body").expect("answered");
        assert!(answer.starts_with(b"HTTP/1.1 401"), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn bodies_that_are_announced_and_do_not_come_leave_room_for_others() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        // Nobody has signed them, but each has all the headers.
        let headers: Vec<_> =
            signed(&[2; 32], b"").into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let length = wire::limits::INGEST_BODY_BYTES;
        let head = format!("POST /ingest HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n");
        let mut announced = Vec::new();
        for _ in 0..300 {
            let mut connection = tokio::net::TcpStream::connect(address).await.expect("connected");
            connection.write_all(head.as_bytes()).await.expect("written");
            announced.push(connection);
        }
        let body = serde_json::to_vec(&batch(vec![event(0)])).expect("json");
        let stored = answer(post(address, &signed(&KEY, &body), body).send().await.expect("answered")).await;
        assert_eq!(stored, (200, json!({"accepted": 1, "duplicates": 0, "refused": []})));
    })
    .await;
}

#[tokio::test]
async fn bodies_that_stall_before_their_last_byte_leave_room_for_those_that_are_signed() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let headers: Vec<_> =
            signed(&[2; 32], b"").into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = wire::limits::INGEST_BODY_BYTES;
        let mut request =
            format!("POST /ingest HTTP/1.1\r\nhost: x\r\n{}content-length: {length}\r\n\r\n", headers.concat());
        request.push_str(&"x".repeat(length - 1));
        let mut stalled = Vec::new();
        for _ in 0..60 {
            let mut connection = tokio::net::TcpStream::connect(address).await.expect("connected");
            // Who has to go is not read to the end.
            let _ = connection.write_all(request.as_bytes()).await;
            stalled.push(connection);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        for (n, agent) in [(0, 100), (1, length - 5_000)] {
            let signed_batch = wire::ForwardBatch { user_agent: "x".repeat(agent), ..batch(vec![event(n)]) };
            let body = serde_json::to_vec(&signed_batch).expect("json");
            let stored = answer(post(address, &signed(&KEY, &body), body).send().await.expect("answered")).await;
            assert_eq!(stored, (200, json!({"accepted": 1, "duplicates": 0, "refused": []})));
        }
        // The first that came was told to come back.
        let mut told = vec![0; 12];
        let read = stalled[0].read_exact(&mut told);
        tokio::time::timeout(Duration::from_secs(5), read).await.expect("in time").expect("answered");
        assert_eq!(told, b"HTTP/1.1 429");
    })
    .await;
}

#[tokio::test]
async fn where_there_is_no_room_the_edge_is_told_when_to_come_back() {
    with_database(async |pools| {
        let services = services(&pools);
        let address = start(ingest_router(services.clone())).await;
        let body = serde_json::to_vec(&batch(vec![event(0)])).expect("json");
        let headers = signed(&KEY, &body);
        let claimed = headers
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().expect("ascii")));
        let claimed: axum::http::HeaderMap = claimed.collect();
        let (_, batches) = services.ingest.room();
        let taken: Vec<_> =
            (0..batches).map(|_| services.ingest.expect(&claimed, 0, clock().now()).expect("room")).collect();
        let refused = post(address, &headers, body.clone()).send().await.expect("answered");
        let later = refused.headers()["retry-after"].to_str().expect("ascii").parse::<u32>().expect("seconds");
        assert!((1..=60).contains(&later), "{later}");
        let (status, problem) = answer(refused).await;
        assert_eq!((status, problem["status"].as_u64()), (429, Some(429)), "{problem}");
        assert_eq!(number(&pools, "select count(*) from events").await, 0);
        drop(taken);
        let stored = answer(post(address, &headers, body).send().await.expect("answered")).await;
        assert_eq!(stored, (200, json!({"accepted": 1, "duplicates": 0, "refused": []})));
    })
    .await;
}

#[tokio::test]
async fn the_edges_health_is_that_of_its_own_connections() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        pools.operator.close().await;
        assert_eq!(reqwest::get(format!("http://{address}/health")).await.expect("answered").status(), 200);
        pools.ingest.close().await;
        assert_eq!(reqwest::get(format!("http://{address}/health")).await.expect("answered").status(), 503);
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_after_the_health_takes_no_connections_from_those_that_commit() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let health = format!("http://{address}/health");
        let asked = futures::future::join_all((0..20).map(|_| reqwest::get(&health))).await;
        assert!(asked.into_iter().all(|answer| answer.expect("answered").status() == 200));
        assert!(pools.ingest.size() <= SPARE, "{} connections", pools.ingest.size());
    })
    .await;
}

#[tokio::test]
async fn the_operator_is_told_how_things_are_however_much_else_is_asked() {
    with_database(async |pools| {
        let address = start(operator_router(services(&pools))).await;
        let mut searches = Vec::new();
        for _ in 0..pools.operator.options().get_max_connections() {
            searches.push(pools.operator.acquire().await.expect("connected"));
        }
        for path in ["/health", "/metrics"] {
            let url = format!("http://{address}{path}");
            let answer = reqwest::Client::new().get(url).bearer_auth(TOKEN).send().await.expect("answered");
            assert_eq!(answer.status(), 200, "{path}");
            let text = answer.text().await.expect("text");
            assert!(path == "/health" || text.contains("evothesis_database_up 1"), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_a_search_can_be_narrowed_down() {
    with_database(async |pools| {
        let address = start(operator_router(services(&pools))).await;
        deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        // Whatever is asked, Postgres gives it up.
        sqlx::raw_sql(
            "create function given_up() returns boolean language plpgsql volatile as $$ begin
                raise exception 'too slow' using errcode = '57014'; end $$;
            alter table segments rename to old_segments;
            create view segments as select * from old_segments where given_up();
            alter table usage_counts rename to old_usage_counts;
            create view usage_counts as select * from old_usage_counts where given_up()",
        )
        .execute(&pools.export)
        .await
        .expect("slow");
        for (path, status) in [("/events/count", 422), ("/sites", 503), ("/usage", 503)] {
            let url = format!("http://{address}{path}");
            let answer = reqwest::Client::new().get(url).bearer_auth(TOKEN).send().await.expect("answered");
            assert_eq!(answer.status().as_u16(), status, "{path}");
            assert_eq!(answer.headers().contains_key("retry-after"), status == 503, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_database_the_edge_is_asked_to_come_back() {
    with_database(async |pools| {
        let address = start(ingest_router(services(&pools))).await;
        let health = format!("http://{address}/health");
        let well = answer(reqwest::get(&health).await.expect("answered")).await;
        assert_eq!(well, (200, json!({"status": "ok", "database": "connected"})));
        pools.ingest.close().await;
        pools.export.close().await;
        let unwell = answer(reqwest::get(&health).await.expect("answered")).await;
        assert_eq!(unwell, (503, json!({"status": "unavailable", "database": "unreachable"})));
        assert!(reqwest::get(&health).await.expect("answered").headers().contains_key("retry-after"));
        let body = serde_json::to_vec(&batch(vec![event(0)])).expect("json");
        let response = post(address, &signed(&KEY, &body), body).send().await.expect("answered");
        assert_eq!(response.status().as_u16(), 503);
        assert!(response.headers().contains_key("retry-after"));
    })
    .await;
}

#[tokio::test]
async fn the_operator_needs_the_token_for_everything() {
    with_database(async |pools| {
        let services = services(&pools);
        let address = start(operator_router(services.clone())).await;
        let ingest = start(ingest_router(services)).await;
        let body = serde_json::to_vec(&batch(vec![event(0), event(1)])).expect("json");
        post(ingest, &signed(&KEY, &body), body).send().await.expect("answered").error_for_status().expect("stored");

        let get = async |path: &str, token: &str| {
            let request = Client::new().get(format!("http://{address}{path}")).bearer_auth(token);
            answer(request.send().await.expect("answered")).await
        };
        for path in ["/health", "/events/count", "/events/recent", "/export/status", "/export/config"] {
            assert_eq!(get(path, TOKEN).await.0, 200, "{path}");
            assert_eq!(get(path, "token-of-the-test").await.0, 401, "{path}");
            assert_eq!(reqwest::get(format!("http://{address}{path}")).await.expect("answered").status(), 401);
        }
        for (header, status) in [
            (format!("bearer {TOKEN}"), 200),
            (format!("BEARER  {TOKEN}"), 200),
            (format!("Bearer{TOKEN}"), 401),
            (format!("Basic {TOKEN}"), 401),
            (TOKEN.to_owned(), 401),
        ] {
            let request = Client::new().get(format!("http://{address}/health")).header("authorization", &header);
            assert_eq!(request.send().await.expect("answered").status().as_u16(), status, "{header}");
        }
        assert_eq!(get("/events/count", TOKEN).await.1, json!({"count": 2}));
        let recent = get("/events/recent?limit=1", TOKEN).await.1;
        assert_eq!(recent["events"].as_array().map(Vec::len), Some(1));
        assert_eq!(recent["events"][0]["seq"], 1);
        assert_eq!(get("/events/recent?limit=many", TOKEN).await.0, 400);
        let status = get("/export/status", TOKEN).await.1;
        let client = &status["destinations"][0];
        assert_eq!(client["destination"], "client");
        assert_eq!(
            (&client["pending_rows"], &client["pending_batches"], &client["dead_letters"]),
            (&json!(2), &json!(0), &json!(0))
        );
        assert_eq!(
            (&client["waits"], &client["failures"], &client["verified"]),
            (&Value::Null, &json!([]), &json!([]))
        );
        assert!(client["next_run"].as_str().is_some_and(|next| next > "2026-11-22T12"), "{client}");
        for (query, status, field) in [
            ("from=yesterday", 400, "from"),
            ("nonsense=1", 400, "nonsense"),
            ("destination=nobody", 409, "destination"),
            ("to_prefix=a", 409, "to_prefix"),
        ] {
            let url = format!("http://{address}/export/run?{query}");
            let refused = answer(Client::new().post(url).bearer_auth(TOKEN).send().await.expect("answered")).await;
            assert_eq!((refused.0, &refused.1["field"]), (status, &json!(field)), "{query}");
        }
        let config = get("/export/config", TOKEN).await.1.to_string();
        assert!(config.contains("[redacted]") && !config.contains("-of-the-tests"), "{config}");
    })
    .await;
}
