//! The connection to Postgres breaks after a commit and before its answer: nothing is counted twice.

use std::sync::{Arc, Mutex, PoisonError};

use exporter::ingest::Ingest;
use exporter::ingest::authenticate::Keys;
use exporter::ingest::redact::Rules;
use exporter::metrics::Metrics;
use exporter::store::Pools;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::{ForwardBatch, IngestAnswer};

use crate::database::with_database;
use crate::samples::{batch, config, deliver, deliver_to, event, id, number};

/// What the answer says that is lost, once.
type Lost = Arc<Mutex<Option<&'static [u8]>>>;

/// A way to the database that loses an answer.
async fn line(pools: &Pools) -> (PgPool, Lost) {
    let options = (*pools.ingest.connect_options()).clone();
    let upstream = (options.get_host().to_owned(), options.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let lost = Lost::default();
    let of_line = lost.clone();
    tokio::spawn(async move {
        while let Ok((here, _)) = listener.accept().await {
            let there = TcpStream::connect(upstream.clone()).await.expect("the database");
            tokio::spawn(carry(here, there, of_line.clone()));
        }
    });
    (PgPoolOptions::new().max_connections(4).connect_lazy_with(options.host("127.0.0.1").port(port)), lost)
}

/// Carries what is said both ways, until the end or the answer that is lost.
async fn carry(here: TcpStream, there: TcpStream, lost: Lost) {
    let (mut from_here, mut to_here) = here.into_split();
    let (mut from_there, mut to_there) = there.into_split();
    let asked = tokio::spawn(async move { tokio::io::copy(&mut from_here, &mut to_there).await });
    let mut answer = Vec::new();
    while from_there.read_buf(&mut answer).await.is_ok_and(|bytes| bytes > 0) {
        let is_lost = {
            let lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
            lost.is_some_and(|lost| answer.windows(lost.len()).any(|part| part == lost))
        };
        // Ready for the next query: by then all is done.
        let is_whole = answer.len() > 6 && answer[answer.len() - 6..].starts_with(b"Z\0\0\0\x05");
        if is_lost && is_whole {
            *lost.lock().unwrap_or_else(PoisonError::into_inner) = None;
            break;
        }
        if !is_lost {
            if to_here.write_all(&answer).await.is_err() {
                break;
            }
            answer.clear();
        }
    }
    asked.abort();
}

fn lose(lost: &Lost, answer: &'static [u8]) {
    *lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
}

fn is_lost(lost: &Lost) -> bool {
    lost.lock().unwrap_or_else(PoisonError::into_inner).is_none()
}

/// The counts of some outcome.
async fn counted(pools: &Pools, outcome: &'static str) -> i64 {
    let sql = "select coalesce(sum(events), 0)::bigint from outcomes where outcome = $1";
    sqlx::query_scalar(sql).bind(outcome).fetch_one(&pools.export).await.expect("counted")
}

#[tokio::test]
async fn what_was_committed_and_not_answered_is_accepted_once_and_no_duplicate() {
    with_database(async |pools| {
        let (pool, lost) = line(&pools).await;
        let keys = Keys::new(&config().ingest.keys);
        let ingest = Ingest::new(keys, Rules::default(), pool, 100, Metrics::new().expect("metrics"));
        // One that was there before, and one that is there twice, are duplicates all the same.
        deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        let mixed = batch(vec![event(0), event(1), event(2), event(3), event(1)]);
        lose(&lost, b"SELECT 3\0");
        let answer = deliver_to(&ingest, &mixed).await.expect("stored");
        assert!(is_lost(&lost));
        assert_eq!(answer, IngestAnswer { accepted: 3, duplicates: 2, refused: vec![] });
        assert_eq!((counted(&pools, "accepted").await, counted(&pools, "duplicate").await), (4, 2));
        assert_eq!(number(&pools, "select count(*) from events").await, 4);
        assert_eq!(number(&pools, "select sum(rows) from segments").await, 4);

        // What came to anything else is counted once, whether that was committed or not.
        let mut old = event(9);
        old.event.id = id(9, 0);
        let known = ForwardBatch { dropped: 5, ..batch(vec![event(0), old]) };
        for (n, answer) in [(1, &b"COMMIT\0"[..]), (2, &b"INSERT 0 2\0"[..])] {
            lose(&lost, answer);
            let answer = deliver_to(&ingest, &known).await.expect("counted");
            assert!(is_lost(&lost));
            assert_eq!((answer.accepted, answer.duplicates, answer.refused.len()), (0, 1, 1));
            let found = [counted(&pools, "duplicate").await, counted(&pools, "expired").await];
            assert_eq!((found, counted(&pools, "dropped_by_pixel").await), ([2 + n, n], 5));
        }
    })
    .await;
}
