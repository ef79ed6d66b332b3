//! The check that docs/reading-your-data.md gives to whoever has only a copy of the bucket: as it is printed, on copies that
//! are whole and on copies that are not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use exporter::config::Format;
use exporter::export::Exporter;
use exporter::store::Pools;
use serde_json::Value;

use crate::database::with_database;
use crate::samples::{batch, deliver, event};
use crate::storage::Storage;

const BATCHES: u32 = 4;
const DOCUMENT: &str = include_str!("../../../docs/reading-your-data.md");

/// The program, for a destination with this prefix.
fn program(prefix: &str) -> String {
    let section = DOCUMENT.split("\n## ").find(|it| it.starts_with("Is everything there?")).expect("the section");
    let (_, code) = section.split_once("```python\n").expect("the program");
    let (code, _) = code.split_once("```").expect("its end");
    assert_eq!(code.matches("prefix = \"\"").count(), 1);
    code.replace("prefix = \"\"", &format!("prefix = \"{prefix}\""))
}

/// What it prints beside `copy`, or what it complains of.
fn check(folder: &Path, prefix: &str) -> Result<String, String> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/readers.sh");
    let output = Command::new(python).args(["-c", &program(prefix)]).current_dir(folder).output().expect("Python");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

/// A copy of a bucket as the storage has it now.
fn copy(storage: &Storage, bucket: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for key in storage.keys(bucket) {
        let path = folder.path().join("copy").join(key.strip_prefix(bucket).expect("a key of it"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, storage.get(&key).expect("there")).expect("written");
    }
    folder
}

/// What is below a folder and has such a name, by when its batch was made.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// The manifests in the order of the chain.
fn chain(folder: &Path) -> Vec<PathBuf> {
    let mut manifests = files(folder, ".json");
    manifests.sort_by_key(|path| read(path)["created_at"].to_string());
    manifests
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("there")).expect("json")
}

fn change(path: &Path, field: &str, value: Value) {
    let mut manifest = read(path);
    manifest[field] = value;
    fs::write(path, manifest.to_string()).expect("written");
}

async fn export(pools: &Pools, storage: &Storage) {
    let mut config = storage.config();
    config.export.formats = Format::ALL.to_vec();
    let exporter = Exporter::new(pools.export.clone(), &config, "test".to_owned());
    for n in 0..BATCHES {
        deliver(pools, &batch(vec![event(2 * n), event(2 * n + 1)])).await.expect("stored");
        assert_eq!(exporter.run().await.expect("run").failures.len(), 0);
    }
}

#[tokio::test]
async fn what_is_printed_proves_a_whole_copy_and_nothing_else() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        export(&pools, &storage).await;

        for (bucket, prefix) in [("example-events/", ""), ("example-events-backup/", "evothesis/")] {
            let whole = || copy(&storage, bucket);
            let said = check(whole().path(), prefix).expect("all is there");
            assert!(said.starts_with("4 batches, 8 rows, all there up to the hour 2"), "{said}");

            let wrong = if prefix.is_empty() { "evothesis/" } else { "" };
            let told = check(whole().path(), wrong).expect_err("nothing was read");
            assert!(told.contains("there is no manifest"), "{told}");
            let empty = tempfile::tempdir().expect("a folder");
            assert!(check(empty.path(), prefix).expect_err("there is no copy").contains("there is no manifest"));

            // What a batch says that it leaves out is told.
            let copy = whole();
            change(&chain(copy.path())[1], "complete", Value::Bool(false));
            change(&chain(copy.path())[1], "outcomes", serde_json::json!({ "left_out": 3, "dropped": 1 }));
            let said = check(copy.path(), prefix).expect("what is there is right");
            assert!(
                said.starts_with("PARTIAL: 1 batches leave out 3 events\n4 batches, 8 rows, all that was"),
                "{said}"
            );

            // A manifest of the middle, and the first.
            for at in [0, 1, 2] {
                let copy = whole();
                fs::remove_file(&chain(copy.path())[at]).expect("removed");
                check(copy.path(), prefix).expect_err("a manifest is gone");
            }
            // An object, and a byte of one.
            for format in ["parquet", "jsonl.gz", "csv.gz"] {
                let copy = whole();
                let object = &files(copy.path(), format)[0];
                let mut bytes = fs::read(object).expect("there");
                bytes[20] ^= 1;
                fs::write(object, bytes).expect("written");
                check(copy.path(), prefix).expect_err("an object is another one");
                fs::remove_file(object).expect("removed");
                check(copy.path(), prefix).expect_err("an object is gone");
            }
            // A circle of all, a circle beside the rest, a fork, one that says it is the first.
            let ids: Vec<_> = chain(whole().path()).iter().map(|path| read(path)["export_batch_id"].clone()).collect();
            for (at, previous) in [(0, &ids[3]), (0, &ids[1]), (2, &ids[0]), (2, &Value::Null)] {
                let copy = whole();
                change(&chain(copy.path())[at], "previous", previous.clone());
                check(copy.path(), prefix).expect_err("the chain is broken");
            }
            let copy = whole();
            change(&chain(copy.path())[1], "objects", Value::Array(Vec::new()));
            check(copy.path(), prefix).expect_err("a batch names no objects");
            let copy = whole();
            change(&chain(copy.path())[1], "segments", read(&chain(copy.path())[0])["segments"].clone());
            check(copy.path(), prefix).expect_err("a segment is there twice");
        }
    })
    .await;
}
