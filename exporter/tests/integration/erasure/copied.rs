//! Copies below other prefixes: nobody is told that a visitor is forgotten while one of them has the visitor.

use exporter::config::Config;
use exporter::erasure::{self, Report};
use exporter::export::Order;
use exporter::export::hours::Hours;
use exporter::export::layout::Layout;
use exporter::progress::Progress;
use exporter::store::Pools;
use wire::ForwardBatch;

use super::{
    JANE, JOE, Person, author, config, contents, ensure_clean, ensure_gone, export, exporter, forget, found,
    is_finished, store,
};
use crate::database::with_database;
use crate::storage::Storage;

/// A copy of everything in the first bucket.
async fn copy(pools: &Pools, config: &Config, to_prefix: &str) {
    let order = Order {
        destination: Some("client".to_owned()),
        hours: Hours { from: "2000-01-01".parse().ok(), to: None },
        to_prefix: Some(to_prefix.to_owned()),
    };
    let report = exporter(pools, config).run_now(&order, &Progress::silent()).await.expect("run");
    assert!(report.failures.is_empty() && !report.objects.is_empty(), "{report:?}");
}

/// As somebody who asks for it.
async fn resume(pools: &Pools, config: &Config) -> Report {
    let exporter = exporter(pools, config);
    erasure::resume(&pools.export, &exporter, &author(), &Progress::silent()).await.expect("done")
}

/// The prefixes of copies that are behind.
fn behind(report: &Report) -> Vec<String> {
    let prefix = |it: &erasure::Pending| {
        assert!(it.destination.as_deref() == Some("client") && it.remedy.contains("delete"), "{it:?}");
        assert!(it.reason.ends_with("has 1 batch(es) as they were before an erasure"), "{it:?}");
        it.reason.split(' ').nth(3).expect("a prefix").to_owned()
    };
    report.pending.iter().map(prefix).collect()
}

#[tokio::test]
async fn a_visitor_is_not_forgotten_while_a_copy_has_what_was_erased() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.export.layout = Layout::new("format={format}/site={site}");
        let on_a_site_of_hers = ForwardBatch { site_id: "b.example".to_owned(), ..JANE.batch(0..3, 0) };
        store(&pools, &on_a_site_of_hers).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        export(&pools, &config).await;
        store(&pools, &JOE.batch(3..4, 0)).await;
        export(&pools, &config).await;
        // One below the other.
        copy(&pools, &config, "copies/").await;
        copy(&pools, &config, "copies/b/").await;

        for _ in 0..2 {
            let report = forget(&pools, &config, JANE).await;
            assert!(report.erasures.iter().all(|it| it.finished), "{report:?}");
            assert_eq!(behind(&report), ["copies/", "copies/b/"]);
        }
        let objects = contents(&storage);
        assert!(found(&objects, JANE).iter().all(|key| key.starts_with("example-events/copies/")));
        assert_eq!(behind(&resume(&pools, &config).await), ["copies/", "copies/b/"]);
        // Who never was in it is not kept waiting by it.
        assert!(is_finished(&forget(&pools, &config, Person(0x3333)).await));

        // Written over, it still has objects that the new one has not.
        copy(&pools, &config, "copies/").await;
        assert_eq!(behind(&resume(&pools, &config).await), ["copies/", "copies/b/"]);
        for key in ["format=", "manifests/"].iter().flat_map(|it| storage.keys(&format!("example-events/copies/{it}")))
        {
            storage.delete(&key);
        }
        copy(&pools, &config, "copies/").await;
        assert_eq!(behind(&resume(&pools, &config).await), ["copies/b/"]);
        for key in storage.keys("example-events/copies/b/") {
            storage.delete(&key);
        }
        assert!(is_finished(&resume(&pools, &config).await));
        assert!(is_finished(&forget(&pools, &config, JANE).await));
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage, &config).await;
    })
    .await;
}

#[tokio::test]
async fn a_copy_that_cannot_be_looked_into_is_named() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.destinations.truncate(1);
        store(&pools, &JANE.batch(0..3, 0)).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        export(&pools, &config).await;
        copy(&pools, &config, "copies/").await;
        assert!(!is_finished(&forget(&pools, &config, JANE).await));
        for (endpoint, reason) in
            [("http://127.0.0.1:1", "was not looked into: list"), ("", "no longer in the settings")]
        {
            if endpoint.is_empty() {
                "other".clone_into(&mut config.destinations[0].name);
            } else {
                config.destinations[0].endpoint = Some(endpoint.to_owned());
            }
            let report = resume(&pools, &config).await;
            let reasons: Vec<_> = report.pending.iter().map(|it| it.reason.as_str()).collect();
            assert!(matches!(reasons[..], [told] if told.contains(reason)), "{reasons:?}");
        }
    })
    .await;
}
