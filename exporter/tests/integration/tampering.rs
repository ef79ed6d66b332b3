//! Every way to tamper with a bucket: `verify` names it, from both sides and from the bucket alone, and repairs what the
//! database still has.

use exporter::export::hours::Hours;
use exporter::export::{Exporter, Plan, claim};
use exporter::progress::Progress;
use exporter::store::export_batches::Reach;
use exporter::verify::{self, Depth, bucket_only, verify};
use flate2::Compression;
use serde_json::Value;
use sha2::{Digest, Sha256};
use wire::signature::hex;

use crate::database::with_database;
use crate::samples::{batch, deliver, event};
use crate::storage::Storage;

const FOLDER: &str = "example-events/";

/// A bucket with three batches, and where things are in it.
struct Bucket<'a> {
    storage: &'a Storage,
    parquet: Vec<String>,
    jsonl: Vec<String>,
    manifests: Vec<String>,
}

impl Bucket<'_> {
    fn new(storage: &Storage) -> Bucket<'_> {
        let keys = |folder: &str| storage.keys(&format!("{FOLDER}{folder}"));
        Bucket {
            storage,
            parquet: keys("format=parquet/"),
            jsonl: keys("format=jsonl/"),
            manifests: keys("manifests/"),
        }
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.storage.get(key).expect("there").to_vec();
        change(&mut bytes);
        self.storage.put(key, bytes);
    }

    fn change_manifest(&self, key: &str, change: impl FnOnce(&mut Value)) {
        self.change(key, |bytes| {
            let mut manifest = serde_json::from_slice(bytes).expect("a manifest");
            change(&mut manifest);
            *bytes = serde_json::to_vec_pretty(&manifest).expect("json");
        });
    }

    /// Puts lines into an object, and makes its manifest say so: the best that somebody can do who wants to hide it.
    fn forge(&self, at: usize, lines: &str) {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(lines.as_bytes()).expect("memory");
        let forged = encoder.finish().expect("memory");
        let (bytes, hash, rows) = (forged.len(), hex(&Sha256::digest(&forged)), lines.lines().count());
        let name = self.jsonl[at].rsplit('/').next().expect("a name").to_owned();
        let id = name.trim_end_matches(".jsonl.gz");
        let manifest = self.manifests.iter().find(|key| key.contains(id)).expect("there").clone();
        self.change_manifest(&manifest, |manifest| {
            for object in manifest["objects"].as_array_mut().expect("objects") {
                if object["format"] == "jsonl" {
                    object["bytes"] = bytes.into();
                    object["sha256"] = hash.clone().into();
                    object["rows"] = rows.into();
                }
            }
        });
        self.storage.put(&self.jsonl[at], forged);
    }

    fn lines(&self, at: usize) -> String {
        use std::io::Read;
        let mut lines = String::new();
        let bytes = self.storage.get(&self.jsonl[at]).expect("there");
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut lines).expect("gzip");
        lines
    }
}

type Tampering = fn(&Bucket<'_>);

/// What is done, and what both kinds of comparison must say of it.
const CASES: [(&str, Tampering, &str, &str); 13] = [
    ("delete object", |it| drop(it.storage.delete(&it.parquet[0])), "missing object", "missing object"),
    (
        "swap two objects",
        |it| {
            let [a, b] = [0, 1].map(|at| it.storage.get(&it.jsonl[at]).expect("there"));
            it.storage.put(&it.jsonl[0], b);
            it.storage.put(&it.jsonl[1], a);
        },
        "has other content",
        "has other content",
    ),
    ("truncate", |it| it.change(&it.jsonl[0], |bytes| bytes.truncate(20)), "cannot be read", "cannot be read"),
    (
        "change a byte",
        |it| {
            it.change(&it.parquet[0], |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            });
        },
        "has other content",
        "has other content",
    ),
    ("delete manifest", |it| drop(it.storage.delete(&it.manifests[0])), "missing manifest", "stray object"),
    (
        "edit the manifest's sums",
        |it| it.change_manifest(&it.manifests[0], |manifest| manifest["rows"] = 7.into()),
        "differs in rows",
        "says 7 rows",
    ),
    (
        "edit the manifest's objects",
        |it| it.change_manifest(&it.manifests[0], |manifest| manifest["objects"][0]["sha256"] = "00".into()),
        "differs in objects",
        "has other content",
    ),
    (
        "edit the manifest's chain",
        |it| {
            it.change_manifest(&it.manifests[0], |manifest| {
                manifest["previous"] = "00000000-0000-4000-8000-000000000000".into();
            });
        },
        "differs in previous",
        "is not here",
    ),
    (
        "stray object",
        |it| it.storage.put("example-events/format=jsonl/date=2026-11-22/hour=09/other.jsonl.gz", "rows"),
        "stray object",
        "stray object",
    ),
    (
        "duplicate rows, forged",
        |it| {
            let line = it.lines(0);
            it.forge(0, &format!("{line}{line}"));
        },
        "has other content",
        "more than once in jsonl",
    ),
    (
        "rows of another batch, forged",
        |it| {
            let lines = it.lines(1);
            it.forge(0, &lines);
        },
        "has other content",
        "hold other events in",
    ),
    (
        "old manifest restored in another's place",
        |it| {
            let old = it.storage.get(&it.manifests[0]).expect("there");
            it.storage.put(&it.manifests[1], old);
        },
        "differs in",
        "is that of batch",
    ),
    ("manifest destroyed", |it| it.storage.put(&it.manifests[0], "{"), "is not what was written", "is no manifest"),
];

#[tokio::test]
async fn every_tampering_is_named_from_both_sides_and_from_the_bucket_alone() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        let exporter = Exporter::new(pools.export.clone(), &config, "test".to_owned());
        for n in 0..3 {
            deliver(&pools, &batch(vec![event(2 * n), event(2 * n + 1)])).await.expect("stored");
            assert!(exporter.run().await.expect("run").failures.is_empty());
        }
        let both_sides = async |depth| {
            let order = verify::Order { depth, ..verify::Order::default() };
            verify(&pools.export, &config, &order, &Progress::silent()).await.expect("answered")
        };
        let alone = async || {
            let silent = Progress::silent();
            let verdict = bucket_only::verify(&config.destinations[0], Depth::Full, Hours::default(), &silent).await;
            verdict.discrepancies.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(alone().await, Vec::<String>::new());
        for (name, tamper, of_both, of_bucket) in CASES {
            tamper(&Bucket::new(&storage));
            let verdict = both_sides(Depth::Full).await;
            let told: Vec<_> = verdict.discrepancies.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|it| it.contains(of_both)), "{name}: {told:#?}");
            assert!(told.iter().all(|it| it.starts_with("client: ")), "{name}: {told:#?}");
            let told = alone().await;
            assert!(told.iter().any(|it| it.contains(of_bucket)), "{name}, bucket alone: {told:#?}");
            let by_head = both_sides(Depth::Head).await.discrepancies.len();
            // What keeps its length and has lost the hash beside it is known by no description.
            assert!(by_head > 0 || ["change a byte", "swap two objects"].contains(&name), "{name}");

            let repairs = verify::repair(&pools.export, &exporter, &verdict).await.expect("answered");
            let refused: Vec<_> = repairs.iter().filter(|it| it.refused.is_some()).collect();
            assert_eq!(refused.len(), usize::from(name == "stray object"), "{name}: {repairs:?}");
            storage.delete("example-events/format=jsonl/date=2026-11-22/hour=09/other.jsonl.gz");
            let verdict = both_sides(Depth::Full).await;
            assert_eq!(verdict.discrepancies.len(), 0, "{name}: {:?}", verdict.discrepancies);
            assert_eq!(alone().await, Vec::<String>::new(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn events_that_are_missing_doubled_or_others_are_counted_and_named() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        let exporter = Exporter::new(pools.export.clone(), &config, "test".to_owned());
        deliver(&pools, &batch((0..4).map(event).collect())).await.expect("stored");
        assert!(exporter.run().await.expect("run").failures.is_empty());
        let bucket = Bucket::new(&storage);
        let lines = bucket.lines(0);
        let lines: Vec<_> = lines.lines().collect();
        let ids: Vec<String> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).expect("json")["event_id"].as_str().expect("an id").to_owned())
            .collect();
        let other = lines[1].replace(&ids[1], "00000000-0000-4000-8000-000000000000");
        for (forged, expected) in [
            (vec![lines[0], lines[1], lines[3]], format!("lacks 1 events of the database (one is {}) and holds 0 others", ids[2])),
            (
                vec![lines[0], lines[1], lines[2], lines[3], lines[2]],
                format!("lacks 0 events of the database and holds 1 others (one is {})", ids[2]),
            ),
            (
                vec![lines[0], &other, lines[2], lines[3]],
                format!(
                    "lacks 1 events of the database (one is {}) and holds 1 others (one is 00000000-0000-4000-8000-000000000000)",
                    ids[1]
                ),
            ),
        ] {
            bucket.forge(0, &(forged.join("\n") + "\n"));
            let verdict = verify(&pools.export, &config, &verify::Order::default(), &Progress::silent()).await;
            let told: Vec<_> = verdict.expect("answered").discrepancies.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|it| it.ends_with(&expected)), "{expected}: {told:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_without_objects_is_repaired_and_one_that_never_came_says_what_to_do() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = storage.config();
        // One that takes nothing of what there is.
        config.destinations[1].required = false;
        config.destinations[1].select.sites = vec!["nobody.example".to_owned()];
        let exporter = Exporter::new(pools.export.clone(), &config, "test".to_owned());
        let compare = async || {
            let order = verify::Order::default();
            verify(&pools.export, &config, &order, &Progress::silent()).await.expect("the database answers")
        };
        deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        assert!(exporter.run().await.expect("run").failures.is_empty());
        let keys = storage.keys("example-events-backup/");
        let [manifest] = &keys[..] else { panic!("no object should be there: {keys:?}") };
        storage.delete(manifest);
        let verdict = compare().await;
        let repairs = verify::repair(&pools.export, &exporter, &verdict).await.expect("answered");
        let of_repairs: Vec<_> = repairs.iter().map(|it| (it.destination.as_str(), it.objects, &it.refused)).collect();
        assert_eq!(of_repairs, [("backup", 0, &None)]);
        assert_eq!(compare().await.discrepancies, []);

        deliver(&pools, &batch(vec![event(1)])).await.expect("stored");
        claim(&pools.export, &Plan::of(&config), Reach::Now).await.expect("claimed").expect("something");
        sqlx::query("update segments set exported_at = now()").execute(&pools.export).await.expect("a lie");
        let verdict = compare().await;
        let repairs = verify::repair(&pools.export, &exporter, &verdict).await.expect("answered");
        let [repair] = &repairs[..] else { panic!("{repairs:?}") };
        let refused = repair.refused.as_deref().expect("refused");
        assert!(
            refused.contains("never came there") && refused.contains("`exporter export --destination client`"),
            "{refused}"
        );
        assert_eq!(repair.objects, 0);
        // It is as it says.
        assert!(exporter.run().await.expect("run").failures.is_empty());
        assert_eq!(compare().await.discrepancies, []);
    })
    .await;
}
