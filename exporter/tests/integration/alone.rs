//! `exporter verify --bucket-only` as a client runs it: what it says, how it ends, and what it needs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use exporter::export::Exporter;
use exporter::export::hours::Hours;
use exporter::progress::Progress;
use exporter::store::Pools;
use exporter::verify::Depth;
use exporter::verify::bucket_only::{self, Unread, Verdict};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::process::Command;
use uuid::Uuid;
use wire::signature::hex;

use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::{batch, deliver, event};
use crate::storage::Storage;

const MANY: usize = usize::MAX;

fn command(endpoint: &str, prefix: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exporter"));
    command
        .args(["verify", "--bucket-only", "--bucket", "example-events", "--path-style"])
        .args(["--endpoint", endpoint, "--prefix", prefix])
        .envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
    command
}

/// Exit code, and what is said.
async fn run(endpoint: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(endpoint, "").args(arguments).output().await.expect("started");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Three batches of one event in two formats: their lines and manifests, in the order in which they are compared.
async fn fill(pools: &Pools, storage: &Storage) -> (Vec<String>, Vec<String>) {
    let exporter = Exporter::new(pools.export.clone(), &storage.config(), "test".to_owned());
    for n in 0..3 {
        deliver(pools, &batch(vec![event(n)])).await.expect("stored");
        let report = exporter.run().await.expect("run");
        assert!(report.failures.is_empty(), "{report:?}");
    }
    (storage.keys("example-events/format=jsonl/"), storage.keys("example-events/manifests/"))
}

async fn compare(proxy: &Proxy, storage: &Storage) -> Verdict {
    let mut destination = storage.config().destinations.remove(0);
    destination.endpoint = Some(proxy.address());
    bucket_only::verify(&destination, Depth::Full, Hours::default(), &Progress::silent()).await
}

fn told(verdict: &Verdict) -> Vec<String> {
    verdict.discrepancies.iter().map(ToString::to_string).collect()
}

fn key(path: &str) -> String {
    path.trim_start_matches("example-events/").to_owned()
}

#[tokio::test]
async fn an_object_that_cannot_be_read_hides_nothing_else() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let (objects, _) = fill(&pools, &storage).await;
        storage.delete(&objects[2]);
        let unreadable = key(&objects[0]);
        proxy.fail(Fault::Refuse(403, "AccessDenied"), &unreadable.replace('=', "%3D"), 0, MANY);
        let verdict = compare(&proxy, &storage).await;
        assert_eq!(told(&verdict), [format!("example-events: missing object {}", key(&objects[2]))]);
        assert_eq!(verdict.unread, [Unread { key: Some(unreadable.clone()), reason: "AccessDenied".to_owned() }]);
        assert_eq!((verdict.manifests, verdict.objects, verdict.newest.len()), (2, 5, 1));
        // What was found weighs more than what could not be read.
        let (code, said, _) = run(&proxy.address(), &[]).await;
        assert!(
            said.contains("missing object") && said.contains(&format!("could not read {unreadable}: AccessDenied")),
            "{said}"
        );
        assert_eq!(code, Some(1), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_storage_that_is_gone_in_the_middle_leaves_what_was_found_and_the_code_of_what_is_not_done() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let (objects, manifests) = fill(&pools, &storage).await;
        let refuse = |pass| proxy.fail(Fault::Refuse(403, "AccessDenied"), "", pass, MANY);
        // One list, three manifests, two lists for strays, the two objects of the first batch.
        refuse(8);
        let verdict = compare(&proxy, &storage).await;
        assert_eq!((verdict.manifests, verdict.objects, told(&verdict)), (1, 2, Vec::new()));
        let reasons: Vec<_> = verdict.unread.iter().map(|it| (it.key.is_some(), it.reason.as_str())).collect();
        let gone = "nothing more was asked of the storage, which failed 3 times in a row";
        assert_eq!(reasons, [(true, "AccessDenied"), (true, "AccessDenied"), (true, "AccessDenied"), (false, gone)]);
        refuse(8);
        let (code, said, errors) = run(&proxy.address(), &[]).await;
        assert_eq!(code, Some(2), "{said} {errors}");
        assert!(said.contains("1 export batch(es), 2 object(s), 1 row(s) compared") && said.contains(gone), "{said}");
        refuse(8);
        let (code, said, _) = run(&proxy.address(), &["--json"]).await;
        let answer: Value = serde_json::from_str(&said).expect("one object");
        assert_eq!((code, answer["unread"].as_array().map(Vec::len)), (Some(2), Some(4)), "{said}");

        // What was found by then is told.
        storage.delete(&objects[0]);
        refuse(8);
        let (code, said, _) = run(&proxy.address(), &[]).await;
        assert!(said.contains(&format!("missing object {}", key(&objects[0]))) && said.contains(gone), "{said}");
        assert_eq!(code, Some(1), "{said}");

        // Of a manifest that cannot be read nothing is claimed, neither that it is missing nor that its objects are stray.
        proxy.fail(Fault::Refuse(403, "AccessDenied"), &key(&manifests[1]).replace('=', "%3D"), 0, MANY);
        let verdict = compare(&proxy, &storage).await;
        assert_eq!(told(&verdict), [format!("example-events: missing object {}", key(&objects[0]))]);
        assert_eq!((verdict.unread.len(), verdict.newest.len(), verdict.manifests), (2, 0, 2), "{verdict:?}");

        // Nothing answers at all.
        proxy.mend();
        refuse(0);
        let (code, said, errors) = run(&proxy.address(), &[]).await;
        assert_eq!(code, Some(2), "{said} {errors}");
        assert!(said.contains("could not read manifests/: AccessDenied"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_prefix_without_manifests_proves_nothing_and_says_so() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        fill(&pools, &storage).await;
        let endpoint = format!("http://{}", storage.address());
        let (code, said, errors) = run(&endpoint, &[]).await;
        assert_eq!((code, said.contains("0 discrepancies")), (Some(0), true), "{said} {errors}");
        let output = command(&endpoint, "elsewhere/").output().await.expect("started");
        let errors = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("no manifest is below this prefix, so nothing was proved"), "{errors}");
    })
    .await;
}

#[tokio::test]
async fn a_range_without_manifests_proves_nothing_and_says_so() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let (_, manifests) = fill(&pools, &storage).await;
        let endpoint = format!("http://{}", storage.address());
        // As with a newest day that is lost, and with a year that is mistyped.
        for range in [["--from", "2100-01-01"], ["--to", "2001-01-01"]] {
            let (code, said, errors) = run(&endpoint, &range).await;
            assert_eq!(code, Some(2), "{said} {errors}");
            assert!(errors.contains("no manifest is of this range, so nothing was proved of it"), "{errors}");
            assert!(said.contains("0 export batch(es)") && said.contains("the newest batch is"), "{said}");
        }
        let (code, _, errors) = run(&endpoint, &["--from", "2001-01-01"]).await;
        assert_eq!((code, errors.contains("nothing was proved")), (Some(0), false), "{errors}");
        // What is wrong elsewhere weighs more.
        let read = |key: &String| serde_json::from_slice::<Value>(&storage.get(key).expect("there")).expect("json");
        let previous = manifests.iter().find_map(|key| read(key)["previous"].as_str().map(str::to_owned));
        let previous = previous.expect("a chain");
        storage.delete(manifests.iter().find(|key| key.contains(&previous)).expect("a manifest"));
        let (code, said, errors) = run(&endpoint, &["--from", "2100-01-01"]).await;
        assert_eq!((code, errors.contains("nothing was proved")), (Some(1), true), "{said} {errors}");
    })
    .await;
}

/// A bucket of one batch with so many rows, as JSON Lines and as CSV.
fn put_batch(storage: &Storage, rows: u64) {
    let zipped = |text: String| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    let id = |n: u64| Uuid::from_u64_pair(n, 7);
    let mut lines = String::new();
    let mut records = "event_id\r\n".to_owned();
    for n in 0..rows {
        writeln!(lines, "{{\"event_id\":\"{}\"}}", id(n)).expect("memory");
        write!(records, "{}\r\n", id(n)).expect("memory");
    }
    let batch_id = Uuid::from_u128(1);
    let object = |format: &str, suffix: &str, text: String| {
        let bytes = zipped(text);
        let key = format!("format={format}/date=2026-11-22/hour=09/{batch_id}.{suffix}");
        let object = json!({
            "key": key, "format": format, "rows": rows, "bytes": bytes.len(), "sha256": hex(&Sha256::digest(&bytes)),
        });
        storage.put(&format!("example-events/{key}"), bytes);
        object
    };
    let objects = [object("jsonl", "jsonl.gz", lines), object("csv", "csv.gz", records)];
    let manifest = json!({
        "export_batch_id": batch_id, "previous": null, "hour": "2026-11-22T09:00:00Z", "rows": rows, "objects": objects,
    });
    let manifest_key = format!("example-events/manifests/date=2026-11-22/hour=09/{batch_id}.json");
    storage.put(&manifest_key, serde_json::to_vec(&manifest).expect("json"));
}

/// The most memory that a comparison took at any time, in KiB, as the kernel counted it until its end.
async fn peak(endpoint: &str) -> u64 {
    const MEASURE: &str = "import resource, subprocess, sys\n\
        subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/readers.sh");
    let exporter = command(endpoint, "");
    let output = Command::new(python)
        .args(["-c", MEASURE])
        .arg(exporter.as_std().get_program())
        .args(exporter.as_std().get_args())
        .envs(exporter.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .await
        .expect("started");
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().unwrap_or_else(|_| panic!("{said} {}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn the_rows_of_a_batch_take_no_memory() {
    // Both are more than is in memory at a time. The others are 7 MiB in each format.
    const ROWS: [u64; 2] = [140_000, 600_000];
    const MOST_KIB: u64 = 3 << 10;
    let mut peaks = Vec::new();
    for rows in ROWS {
        let storage = Storage::start().await;
        put_batch(&storage, rows);
        peaks.push(peak(&format!("http://{}", storage.address())).await);
    }
    assert!(peaks[1] < peaks[0] + MOST_KIB, "KiB for {ROWS:?} rows: {peaks:?}");
}
