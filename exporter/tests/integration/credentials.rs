//! Stored credentials: in their order, without a restart, and opening for nobody else.

use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_s3::config::Credentials;
use chrono::{DateTime, Utc};
use exporter::clock::Clock;
use exporter::config::{self, Destination};
use exporter::credentials::master_keys::{self, MasterKey, MasterKeys};
use exporter::credentials::{Keys, Source, Sources, change};
use exporter::export::Exporter;
use exporter::status::State;
use exporter::store::Pools;
use exporter::store::credentials::{self as store, Author};

use crate::behaving::{ACCESS_KEY, Behaving, Manners, SECRET_KEY};
use crate::database::with_database;
use crate::samples::{batch, deliver, event, number};

fn author() -> Author {
    Author { os_user: "jane".to_owned(), reason: "a test".to_owned() }
}

fn keys(text: &str) -> Keys {
    Keys::from_text(text).expect("keys")
}

/// A file of master keys, the first first, and the settings that name it.
fn master_file(folder: &tempfile::TempDir, bytes: &[u8]) -> (config::Credentials, MasterKeys) {
    let path = folder.path().join("master-key");
    for (index, byte) in bytes.iter().rev().enumerate() {
        master_keys::add(&path, &MasterKey::new([*byte; 32]), index > 0).expect("written");
    }
    let keys = MasterKeys::load(Some(&path)).expect("read");
    (config::Credentials { master_key_file: Some(path) }, keys)
}

fn destination() -> Destination {
    crate::samples::config().destinations.remove(0)
}

async fn set(pools: &Pools, master: &MasterKeys, name: &str, text: &str) -> i32 {
    let mut connection = pools.export.acquire().await.expect("connected");
    change::set(&mut connection, master, (name, &keys(text)), false, &author()).await.expect("stored")
}

#[tokio::test]
async fn stored_ones_come_first_and_new_ones_are_used_without_a_restart() {
    static SECONDS: AtomicI64 = AtomicI64::new(0);
    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(SECONDS.load(Ordering::Relaxed), 0).expect("in range")
    }
    with_database(async |pools| {
        let folder = tempfile::tempdir().expect("a folder");
        let (settings, master) = master_file(&folder, &[1]);
        let provider = Sources::new(pools.export.clone(), &settings).at(Clock::from_fn(now)).of(&destination());
        let found = async || {
            let found = provider.find().await.expect("found");
            (found.source, found.credentials)
        };
        let of = |credentials: &Credentials| {
            (credentials.access_key_id().to_owned(), credentials.session_token().map(str::to_owned))
        };
        assert_eq!(found().await.0, Source::Settings);
        assert_eq!(set(&pools, &master, "client", "first\ns\nt").await, 1);
        set(&pools, &master, "backup", "other\ns").await;
        assert_eq!(found().await.0, Source::Settings, "fresh enough");
        SECONDS.store(5, Ordering::Relaxed);
        let (source, credentials) = found().await;
        assert_eq!(
            (source, of(&credentials)),
            (Source::Stored { version: 1 }, ("first".to_owned(), Some("t".to_owned())))
        );
        assert_eq!(set(&pools, &master, "client", "second\ns").await, 2);
        SECONDS.store(10, Ordering::Relaxed);
        let (source, credentials) = found().await;
        assert_eq!((source, of(&credentials)), (Source::Stored { version: 2 }, ("second".to_owned(), None)));
        let mut connection = pools.export.acquire().await.expect("connected");
        assert_eq!(change::revoke(&mut connection, "client", &author()).await.expect("revoked"), Some(2));
        assert_eq!(change::revoke(&mut connection, "client", &author()).await.expect("asked"), None);
        SECONDS.store(15, Ordering::Relaxed);
        assert_eq!(found().await.0, Source::Settings);
        let left = "select count(*) from credentials where destination = 'client' and ciphertext is not null";
        assert_eq!(number(&pools, left).await, 0);
        let done: Vec<_> = store::changes(&mut connection, 10).await.expect("asked");
        let done: Vec<_> = done.iter().map(|it| (it.action.as_str(), it.version, it.os_user.as_str())).collect();
        assert_eq!(
            done,
            [("revoke", Some(2), "jane"), ("set", Some(2), "jane"), ("set", Some(1), "jane"), ("set", Some(1), "jane")]
        );
        for sql in [
            "delete from credential_changes",
            "update credential_changes set os_user = ''",
            "truncate credential_changes",
        ] {
            assert!(sqlx::query(sql).execute(&mut *connection).await.is_err(), "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_copied_changed_or_sealed_by_an_unknown_key_opens_for_nobody() {
    with_database(async |pools| {
        let folder = tempfile::tempdir().expect("a folder");
        let (settings, master) = master_file(&folder, &[1]);
        set(&pools, &master, "backup", "other\ns").await;
        set(&pools, &master, "client", "first\ns").await;
        let find = async |settings: &config::Credentials| {
            Sources::new(pools.export.clone(), settings).of(&destination()).find().await.map(|found| found.source)
        };
        assert_eq!(find(&settings).await.expect("opens"), Source::Stored { version: 1 });
        let copy = "update credentials as it set wrap_nonce = other.wrap_nonce, wrapped_key = other.wrapped_key,
            nonce = other.nonce, ciphertext = other.ciphertext
            from credentials as other where it.destination = 'client' and other.destination = 'backup'";
        sqlx::query(copy).execute(&pools.export).await.expect("copied");
        // Nor do the settings stand in for them, which have some.
        let error = find(&settings).await.expect_err("forged").to_string();
        assert!(error.contains("does not open") && error.contains("exporter credentials set client"), "{error}");

        set(&pools, &master, "client", "first\ns").await;
        let other = tempfile::tempdir().expect("a folder");
        let (other, _) = master_file(&other, &[2]);
        let error = find(&other).await.expect_err("unknown").to_string();
        assert!(error.contains(MasterKey::new([1; 32]).id()), "{error}");
        let error = find(&config::Credentials::default()).await.expect_err("no key").to_string();
        assert!(error.contains("generate-key"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn after_rewrapping_the_new_master_key_is_enough() {
    with_database(async |pools| {
        let (a, b, c) =
            (tempfile::tempdir().expect("a"), tempfile::tempdir().expect("b"), tempfile::tempdir().expect("c"));
        let (_, old) = master_file(&a, &[1]);
        let (_, both) = master_file(&b, &[2, 1]);
        let (new, only_new) = master_file(&c, &[2]);
        set(&pools, &old, "client", "first\ns").await;
        set(&pools, &both, "backup", "other\ns").await;
        let mut connection = pools.export.acquire().await.expect("connected");
        change::rewrap(&mut connection, &only_new, &author()).await.expect_err("does not open");
        let rewrapped = change::rewrap(&mut connection, &both, &author()).await.expect("rewrapped");
        assert_eq!(rewrapped, ["client"]);
        let source = Sources::new(pools.export.clone(), &new).of(&destination()).find().await.expect("opens").source;
        assert_eq!(source, Source::Stored { version: 1 });
        assert!(change::rewrap(&mut connection, &only_new, &author()).await.expect("nothing to do").is_empty());
    })
    .await;
}

#[tokio::test]
async fn refused_credentials_lose_nothing_and_exports_go_on_once_they_are_right() {
    with_database(async |pools| {
        let storage = Behaving::start(Manners::default()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let (settings, master) = master_file(&folder, &[1]);
        let mut config = storage.config();
        (config.credentials, config.destinations[0].access_key, config.destinations[0].secret_key) =
            (settings, None, None);
        set(&pools, &master, "client", "AKIAWRONGWRONGWRONG\nwrong").await;
        let exporter = Exporter::new(pools.export.clone(), &config, "test".to_owned());
        deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        let report = exporter.run().await.expect("run");
        let [failure] = &report.failures[..] else { panic!("{report:?}") };
        assert!(failure.reason.contains("NotSignedUp") && !failure.reason.contains("AKIAWRONG"), "{failure:?}");
        let exported = "select count(*) from segments where exported_at is not null";
        assert_eq!(number(&pools, exported).await, 0);
        let told = async || {
            let mut connection = pools.operator.acquire().await.expect("connected");
            let status =
                exporter::status::examine(&mut connection, &config, crate::samples::now()).await.expect("status");
            status.checks.into_iter().find(|it| it.name == "credentials").expect("judged")
        };
        let check = told().await;
        assert!(check.state == State::Critical && check.finding.contains("client"), "{check:?}");

        set(&pools, &master, "client", &format!("{ACCESS_KEY}\n{SECRET_KEY}")).await;
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        let report = exporter.run().await.expect("run");
        assert!(report.failures.is_empty(), "{report:?}");
        assert_eq!(told().await.state, State::Ok);
        assert_eq!(number(&pools, exported).await, 1);
    })
    .await;
}
