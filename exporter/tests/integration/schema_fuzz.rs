//! The operator's API against what schemathesis makes of its description: no 5xx, and no answer that the description has not.

use std::io::Write;
use std::process::Stdio;

use tokio::process::Command;

use crate::database::with_database;
use crate::operator::serve;
use crate::samples::{TOKEN, batch, deliver, event};
use crate::sites::of_site;

/// Names the program `schemathesis`, as `cargo xtask test` installs it.
const PROGRAM: &str = "SCHEMATHESIS";

#[tokio::test]
async fn no_request_that_can_be_made_up_is_answered_otherwise_than_described() {
    let Ok(program) = std::env::var(PROGRAM) else {
        // Past what the harness keeps of tests that pass.
        let skipped = "SKIPPED the fuzzing of the operator's API: run `cargo xtask test`, or name schemathesis by";
        writeln!(std::io::stderr(), "{skipped} {PROGRAM}").expect("written");
        return;
    };
    with_database(async |pools| {
        deliver(&pools, &batch((0..30).map(event).collect())).await.expect("stored");
        deliver(&pools, &of_site("other.example.com", 100, 5)).await.expect("stored");
        let served = serve(&pools).await;
        let folder = std::env::temp_dir().join(format!("exporter-schema-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let output = Command::new(program)
            .current_dir(&folder)
            .arg("run")
            .arg(format!("http://{}/openapi.json", served.address))
            .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
            // It has no end.
            .args(["--exclude-path", "/events/stream"])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "30", "--seed", "1", "--no-color"])
            .stdin(Stdio::null())
            .output()
            .await
            .expect("started");
        std::fs::remove_dir_all(&folder).expect("removed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    })
    .await;
}
