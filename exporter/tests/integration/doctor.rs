//! What `doctor` says of storages of many manners.

use chrono::TimeDelta;
use exporter::clock::Clock;
use exporter::config::Config;
use exporter::doctor::{self, Finding, Report};

use crate::behaving::{Behaving, Conditional, Manners};
use crate::database::with_database;
use crate::samples::clock;

/// Of the buckets alone: no database is at this address.
async fn examine(config: &Config) -> Vec<Finding> {
    let mut config = config.clone();
    config.database.url = exporter::secret::Secret::from("postgres://nobody@127.0.0.1:1/nothing");
    let Report { mut findings, .. } = doctor::examine(&config, Clock::system()).await;
    findings.retain(|it| it.subject != "database");
    findings
}

fn said(findings: &[Finding], check: &str) -> String {
    findings.iter().find(|it| it.check == check).map(ToString::to_string).unwrap_or_default()
}

fn failed(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().filter(|it| it.is_trouble()).map(|it| it.check).collect()
}

#[tokio::test]
async fn a_good_bucket_passes_and_nothing_but_the_probes_is_touched() {
    let storage = Behaving::start(Manners {
        delete_denied: true,
        lifecycle: Some(""),
        lists_uploads: true,
        ..Manners::default()
    })
    .await;
    std::fs::create_dir_all(storage.bucket().join("evothesis/events")).expect("made");
    std::fs::write(storage.bucket().join("evothesis/events/theirs"), "theirs").expect("written");
    let findings = examine(&storage.config()).await;
    assert_eq!(failed(&findings), Vec::<&str>::new(), "{findings:#?}");
    for (check, word) in [
        ("credentials", "ok      destination client (bucket example-events): credentials: from access_key"),
        ("reach", "takes the credentials"),
        ("clock", "agrees"),
        ("write and read", "evothesis/probe/doctor.txt was written"),
        ("checksums", "wrong checksum is refused"),
        ("conditional writes", "honoured"),
        ("large objects", "uploads in parts can be begun, completed, aborted and listed"),
        ("deleting", "may not delete"),
        ("public access", "nothing can be read"),
        ("lifecycle", "none aborts stale uploads"),
    ] {
        let said = said(&findings, check);
        assert!(said.contains(word), "{check} should say {word}: {said}");
    }
    let changes = storage.changes();
    assert!(
        changes.len() > 5 && changes.iter().all(|it| it.contains(" /example-events/evothesis/probe/doctor")),
        "{changes:?}"
    );
    assert_eq!(std::fs::read_to_string(storage.bucket().join("evothesis/events/theirs")).expect("there"), "theirs");
}

#[tokio::test]
async fn what_a_storage_does_differently_is_told() {
    const EXPIRES: &str = "<Rule><ID>tidy</ID><Status>Enabled</Status><Filter><Prefix>evothesis/</Prefix></Filter>\
        <Expiration><Days>30</Days></Expiration></Rule>";
    let usual = Manners::default;
    for (manners, check, word, fails) in [
        (Manners { conditional: Some(Conditional::Ignored), ..usual() }, "conditional writes", "ignored", false),
        (
            Manners { conditional: Some(Conditional::Refused), ..usual() },
            "conditional writes",
            "refused (NotImplemented)",
            false,
        ),
        (usual(), "deleting", "a key that may not is better", false),
        (usual(), "large objects", "cannot be listed (NotImplemented)", false),
        (Manners { checksum_refused: true, ..usual() }, "write and read", "objects with a checksum", true),
        (Manners { checksum_ignored: true, ..usual() }, "checksums", "does not look at x-amz-checksum-sha256", false),
        (
            Manners { parts_refused: Some("InvalidRequest"), ..usual() },
            "large objects",
            "begin an upload in parts",
            true,
        ),
        (
            Manners { lifecycle: Some(EXPIRES), ..usual() },
            "lifecycle",
            "\"tidy\" deletes exports after 30 day(s)",
            true,
        ),
        (Manners { lifecycle: Some("denied"), ..usual() }, "lifecycle", "s3:GetLifecycleConfiguration", false),
        (Manners { public: true, ..usual() }, "public access", "anybody can read", true),
        (Manners { flipped: true, ..usual() }, "write and read", "not to be trusted", true),
        (Manners { ahead: TimeDelta::minutes(2), ..usual() }, "clock", "s behind the storage's", false),
        (Manners { ahead: TimeDelta::minutes(-7), ..usual() }, "clock", "s ahead of the storage's", true),
        (Manners { list_denied: true, ..usual() }, "reach", "allow the access key to list", true),
    ] {
        let storage = Behaving::start(manners.clone()).await;
        let findings = examine(&storage.config()).await;
        let said = said(&findings, check);
        assert!(said.contains(word), "{manners:?} should say {word}: {said}");
        assert_eq!(failed(&findings).contains(&check), fails, "{manners:?}: {findings:#?}");
    }
}

#[tokio::test]
async fn what_lets_nobody_in_is_named_with_its_remedy() {
    for (status, code, region, ahead, remedy) in [
        (403, "AccessDenied", None, 0, "the policy that it needs is below"),
        (403, "InvalidAccessKeyId", None, 0, "exporter credentials set"),
        (403, "SignatureDoesNotMatch", None, 0, "exporter credentials set"),
        (400, "ExpiredToken", None, 0, "has run out"),
        (404, "NoSuchBucket", None, 0, "create the bucket"),
        (301, "PermanentRedirect", Some("eu-west-3"), 0, "set region = \"eu-west-3\", now it is \"eu-central-1\""),
        (400, "AuthorizationHeaderMalformed", None, 0, "correct region (now \"eu-central-1\")"),
        (403, "RequestTimeTooSkewed", None, 1200, "s behind the storage's: set this machine's clock"),
        (503, "SlowDown", None, 0, "try again later"),
    ] {
        let ahead = TimeDelta::seconds(ahead);
        let storage =
            Behaving::start(Manners { refused: Some((status, code)), region, ahead, ..Manners::default() }).await;
        let findings = examine(&storage.config()).await;
        let said = said(&findings, "reach");
        assert!(said.starts_with("FAIL") && said.contains(code) && said.contains(remedy), "{code}: {said}");
        assert!(storage.changes().is_empty(), "{code}");
    }
}

#[tokio::test]
async fn wrong_keys_and_addresses_are_told_apart() {
    let storage = Behaving::start(Manners::default()).await;
    let mut config = storage.config();
    config.destinations[0].secret_key = Some(exporter::secret::Secret::from("another"));
    assert!(said(&examine(&config).await, "reach").contains("SignatureDoesNotMatch"));
    config.destinations[0].access_key = Some(exporter::secret::Secret::from("nobody"));
    assert!(said(&examine(&config).await, "reach").contains("NotSignedUp"));
    let mut config = storage.config();
    config.destinations[0].bucket = "no-such-bucket".to_owned();
    assert!(said(&examine(&config).await, "reach").contains("create the bucket"));
    config.destinations[0].endpoint = Some("http://127.0.0.1:1".to_owned());
    assert!(said(&examine(&config).await, "reach").contains("nothing listens there"));
    config.destinations[0].endpoint = Some(storage.address().replace("http:", "https:"));
    assert!(said(&examine(&config).await, "reach").contains("does not speak TLS"));
}

#[tokio::test]
async fn the_database_is_examined_and_the_policies_come_with_it() {
    with_database(async |pools| {
        let storage = Behaving::start(Manners::default()).await;
        let mut config = storage.config();
        let options = pools.export.connect_options();
        let name = options.get_database().expect("a name");
        config.database.url = exporter::secret::Secret::from(crate::database::url(name).as_str());
        let report = doctor::examine(&config, clock()).await;
        let checks: Vec<_> = report.findings.iter().filter(|it| it.subject == "database").map(|it| it.check).collect();
        assert_eq!(checks[..3], ["reach", "version", "durability"]);
        assert_eq!(checks[checks.len() - 2..], ["migrations", "partitions"]);
        let json = serde_json::to_value(&report).expect("json");
        assert_eq!(
            json["policies"][0]["policy"]["Statement"][0]["Resource"],
            "arn:aws:s3:::example-events/evothesis/*"
        );
        assert!(json["findings"].as_array().expect("findings").iter().all(|it| it["state"].is_string()));
    })
    .await;
}
