//! `exporter access` and `exporter forget` as people run them: exit codes, and no word of whom it is about.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use exporter::config::Config;
use serde_json::Value;
use wire::signature;

use crate::database::{self, with_database};
use crate::erasure::{JANE, JOE, Person, export, store};
use crate::samples::{KEY, TOKEN};
use crate::storage::Storage;

/// Settings with the two buckets of [`Storage::config`], the second at an address of its own.
pub(crate) fn settings(folder: &Path, database: &str, storage: &Storage, backup: &str) -> PathBuf {
    let path = folder.join(format!("exporter-{}.toml", backup.len()));
    let destination = |name: &str, bucket: &str, prefix: &str, address: &str| {
        format!(
            "[[destinations]]\nname = \"{name}\"\nbucket = \"{bucket}\"\nprefix = \"{prefix}\"\nregion = \"eu-central-1\"\n\
             endpoint = \"http://{address}\"\npath_style = true\naccess_key = \"key\"\nsecret_key = \"secret\"\n"
        )
    };
    let text = format!(
        "[database]\nurl = \"{database}\"\n[operator]\ntoken = \"{TOKEN}\"\n[ingest.keys]\nk1 = \"{}\"\n{}{}",
        signature::hex(&KEY),
        destination("client", "example-events", "", &storage.address().to_string()),
        destination("backup", "example-events-backup", "evothesis/", backup),
    );
    Config::from_text(&text).expect("valid");
    std::fs::write(&path, text).expect("written");
    path
}

/// Runs the program, which says all that it does, and nothing of `person`.
fn run(settings: &Path, arguments: &[&str], stdin: &str, person: Person) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exporter"));
    command.args(arguments).arg("--config").arg(settings).env("RUST_LOG", "trace");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    // A command that does not want it may be gone already.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("ended");
    let said = [("stdout", &output.stdout[..]), ("stderr", &output.stderr[..])];
    assert!(person.found_in(said.into_iter()).is_empty(), "{arguments:?} tells who it is");
    output
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

/// What a browser keeps.
fn stored(person: Person) -> String {
    let mut token = vec![0; 101];
    token[0] = 2;
    token[9..25].copy_from_slice(person.visitor().as_bytes());
    format!("'{}'\n", BASE64_URL_SAFE_NO_PAD.encode(token))
}

#[tokio::test]
async fn a_visitor_is_told_and_forgotten_from_the_command_line() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let name: String =
            sqlx::query_scalar("select current_database()::text").fetch_one(&pools.export).await.expect("a name");
        let database = database::url(&name);
        let both = settings(folder.path(), &database, &storage, &storage.address().to_string());
        // A port that nobody listens on.
        let without_backup = settings(folder.path(), &database, &storage, "127.0.0.1:1");
        store(&pools, &JANE.batch(0..3, 0)).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        export(&pools, &storage.config()).await;
        let run = async |settings: &Path, arguments: &'static [&'static str], stdin: String| {
            let settings = settings.to_owned();
            tokio::task::spawn_blocking(move || run(&settings, arguments, &stdin, JANE)).await.expect("ran")
        };

        let told = folder.path().join("told.jsonl");
        let out: &'static str = told.display().to_string().leak();
        let arguments: &'static [&'static str] = vec!["access", "--visitor", "-", "--json", "--out", out].leak();
        let output = run(&both, arguments, stored(JANE)).await;
        assert_eq!(code(&output), 0, "{output:?}");
        let summary: Value = serde_json::from_slice(&output.stdout).expect("json");
        assert_eq!((&summary["rows_database"], &summary["rows_buckets"]), (&3.into(), &0.into()));
        let lines = std::fs::read_to_string(&told).expect("written");
        assert!(lines.lines().count() == 3 && lines.contains(&JANE.visitor().to_string()), "{lines}");
        assert_eq!(std::fs::metadata(&told).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(code(&run(&both, arguments, stored(JANE)).await), 2, "nothing is written over");

        for arguments in [&["forget", "--visitor", "-"][..], &["access", "--visitor", "no-such-visitor"]] {
            let output = run(&both, arguments, "not an id".to_owned()).await;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(code(&output) == 2 && said.contains("--visitor: must be") && !said.contains("no-such"), "{said}");
        }
        let output = run(&both, &["forget", "--visitor", "-", "--dry-run"], JANE.visitor().to_string()).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            code(&output) == 0 && said.contains("would delete 3 row(s)") && said.contains("backup, client"),
            "{said}"
        );

        let output = run(&without_backup, &["forget", "--visitor", "-", "--reason", "asked"], stored(JANE)).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(code(&output) == 1 && said.contains("backup: batch") && said.contains("what to do"), "{said}");
        // Whoever was never here is not to wait for somebody else.
        let nobody = ["forget", "--visitor", "a11ce000-0000-4000-8000-000000009999"];
        let output = run(&without_backup, Vec::leak(nobody.to_vec()), String::new()).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(code(&output) == 0 && said.contains("1 other visitor"), "{said}");
        let output = run(&both, &["status", "--json"], String::new()).await;
        assert!(String::from_utf8_lossy(&output.stdout).contains("erasures"));
        let output = run(&both, &["forget", "--resume", "--json"], String::new()).await;
        let summary: Value = serde_json::from_slice(&output.stdout).expect("json");
        assert!(code(&output) == 0 && summary["erasures"][0]["finished"] == true, "{summary}");
        let output = run(&both, &["forget", "--resume"], String::new()).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(code(&output) == 0 && said.contains("nothing is left to do"), "{said}");
        assert_eq!(code(&run(&both, &["verify"], String::new()).await), 0);
        let reasons: Vec<String> =
            sqlx::query_scalar("select action || ' ' || reason from visitor_requests order by id")
                .fetch_all(&pools.export)
                .await
                .expect("recorded");
        assert_eq!(reasons, ["access ", "forget asked", "forget ", "finished ", "resume ", "finished "]);
    })
    .await;
}
