//! No command, log line or answer shows a secret, however it is asked.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, put};
use exporter::config::Config;
use wire::signature;

use crate::behaving::{ACCESS_KEY, Behaving, Manners, SECRET_KEY, SESSION_TOKEN};
use crate::database::{self, with_database};
use crate::samples::{KEY, TOKEN, batch, deliver, event};

const EXPORTER: &str = env!("CARGO_BIN_EXE_exporter");
const OTHER_KEY: &str = "AKIAPLANTEDOTHERKEYS";
const OTHER_SECRET: &str = "planted+other/secret";

/// Everything that must appear nowhere.
fn planted(master: &Path) -> Vec<String> {
    let master = std::fs::read_to_string(master).unwrap_or_default();
    let mut planted: Vec<String> = master.lines().map(str::to_owned).collect();
    planted.extend(
        [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, OTHER_KEY, OTHER_SECRET, TOKEN, &signature::hex(&KEY)]
            .map(str::to_owned),
    );
    planted
}

fn exporter(settings: &Path, arguments: &[&str], stdin: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(EXPORTER);
    command
        .args(arguments)
        .arg("--config")
        .arg(settings)
        .env("RUST_LOG", "trace")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.envs(environment.iter().copied());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    // A command that does not want it may be gone already.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    child.wait_with_output().expect("ended")
}

/// Settings for the program, with the destination here and its keys as `keys` says.
fn settings(folder: &Path, database: &str, storage: &Behaving, keys: &str) -> std::path::PathBuf {
    let path = folder.join("exporter.toml");
    let text = format!(
        "[database]\nurl = \"{database}\"\n[operator]\ntoken = \"{TOKEN}\"\n[ingest.keys]\nk1 = \"{}\"\n\
         [credentials]\nmaster_key_file = \"{}\"\n[[destinations]]\nname = \"client\"\nbucket = \"example-events\"\n\
         region = \"eu-central-1\"\nendpoint = \"{}\"\npath_style = true\n{keys}\n",
        signature::hex(&KEY),
        folder.join("master-key").display(),
        storage.address()
    );
    std::fs::write(&path, text).expect("written");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_a_secret_at_any_level_of_logging() {
    with_database(async |pools| {
        let storage = Behaving::start(Manners::default()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let master = folder.path().join("master-key");
        let name = pools.export.connect_options();
        let url = database::url(name.get_database().expect("a name"));
        let file = settings(folder.path(), &url, &storage, "");
        deliver(&pools, &batch(vec![event(0)])).await.expect("stored");
        let right = format!("{ACCESS_KEY}\n{SECRET_KEY}\n");
        let with_token = format!(r#"{{"AccessKeyId": "{ACCESS_KEY}", "SecretAccessKey": "{SECRET_KEY}", "SessionToken": "{SESSION_TOKEN}"}}"#);
        let other = format!("{OTHER_KEY}\n{OTHER_SECRET}\n");
        let path = master.to_str().expect("text").to_owned();
        let run = |arguments: &[&str], stdin: &str, code: i32| {
            let output = exporter(&file, arguments, stdin, &[]);
            let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            for secret in planted(&master) {
                assert!(!said.contains(&secret), "{arguments:?} shows {secret}: {said}");
            }
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
            said
        };
        // The days of today, which is not the day of the tests.
        run(&["migrate"], "", 0);
        run(&["credentials", "set", "client"], &right, 2);
        run(&["credentials", "generate-key", &path], "", 0);
        run(&["credentials", "generate-key", &path], "", 2);
        assert!(run(&["credentials", "set", "clientele"], &right, 2).contains("the settings have client"));
        run(&["credentials", "set", "client"], ACCESS_KEY, 2);
        run(&["credentials", "set", "client"], &format!("{ACCESS_KEY} {SECRET_KEY}\nx"), 2);
        run(&["credentials", "set", "client"], &format!("{{\"AccessKeyId\": \"{ACCESS_KEY}\", \"x\": {SECRET_KEY}"), 2);
        assert!(run(&["credentials", "set", "client"], &with_token, 0).contains("version 1"));
        run(&["doctor", "--json"], "", 0);
        run(&["export"], "", 0);
        run(&["verify", "--json"], "", 0);
        run(&["status"], "", 0);
        let refused = run(&["credentials", "rotate", "client"], &other, 1);
        assert!(refused.contains("the old ones stay in use"), "{refused}");
        run(&["export"], "", 0);
        // The storage changes sides: what was stored is refused, and the new ones are taken.
        storage.know(OTHER_KEY, OTHER_SECRET);
        deliver(&pools, &batch(vec![event(1)])).await.expect("stored");
        run(&["doctor"], "", 1);
        run(&["export"], "", 1);
        run(&["credentials", "rotate", "client", "--reason", "quarterly"], &other, 0);
        run(&["export"], "", 0);
        run(&["credentials", "generate-key", "--replace", &path], "", 0);
        run(&["credentials", "rewrap"], "", 0);
        let list = run(&["credentials", "list", "--changes"], "", 0);
        assert!(["version 2", "rewrap", "refused", "quarterly"].iter().all(|it| list.contains(it)), "{list}");
        run(&["credentials", "list", "--json"], "", 0);
        run(&["credentials", "revoke", "client"], "", 0);
        run(&["credentials", "revoke", "client"], "", 2);
        let said = run(&["doctor"], "", 1);
        assert!(said.contains("no credentials"), "{said}");
        let rows = "select credentials::text from credentials union all select credential_changes::text from credential_changes";
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&pools.export).await.expect("rows");
        assert!(planted(&master).iter().all(|secret| rows.iter().all(|row| !row.contains(secret))));
        std::fs::write(&master, "hunter2").expect("written");
        assert!(!run(&["credentials", "rewrap"], "", 2).contains("hunter2"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_machine_and_temporary_keys_of_the_environment_work() {
    let storage = Behaving::start(Manners::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = settings(folder.path(), "postgres://nobody@127.0.0.1:1/nothing", &storage, "");
    let role = format!(
        r#"{{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "{ACCESS_KEY}", "SecretAccessKey": "{SECRET_KEY}",
        "Token": "{SESSION_TOKEN}", "Expiration": "2099-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z"}}"#
    );
    let metadata = Router::new()
        .route("/latest/api/token", put(async || ([("x-aws-ec2-metadata-token-ttl-seconds", "21600")], "token")))
        .route("/latest/meta-data/iam/security-credentials/", get(async || "role"))
        .route("/latest/meta-data/iam/security-credentials/role", get(async move || role.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, metadata).await });
    let of_role = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", address.as_str())];
    let of_environment = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ];
    for environment in [&of_role[..], &of_environment[..]] {
        let output = exporter(&file, &["doctor"], "", environment);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("doctor.txt was written, reads back"), "{said}");
        for secret in [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_metadata_service_nothing_hangs() {
    let storage = Behaving::start(Manners::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = settings(folder.path(), "postgres://nobody@127.0.0.1:1/nothing", &storage, "");
    // Accepts, and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    #[expect(clippy::disallowed_methods, reason = "the test is of how long it takes")]
    let began = Instant::now();
    let environment = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", address.as_str())];
    let output = exporter(&file, &["doctor"], "", &environment);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(String::from_utf8_lossy(&output.stdout).contains("no credentials"), "{output:?}");
}

#[test]
fn settings_that_are_shown_hide_them_all() {
    let url = ["postgres://u:", "planted-password", "@h/d"].concat();
    let text = format!(
        "[database]\nurl = \"{url}\"\n[operator]\ntoken = \"{TOKEN}\"\n[ingest.keys]\nk1 = \"{}\"\n\
         [[destinations]]\nname = \"client\"\nbucket = \"b\"\nregion = \"r\"\naccess_key = \"{ACCESS_KEY}\"\n\
         secret_key = \"{SECRET_KEY}\"\nsession_token = \"{SESSION_TOKEN}\"\n",
        signature::hex(&KEY)
    );
    let config = Config::from_text(&text).expect("valid");
    let keys = config.destinations[0].keys().expect("set");
    let sdk = keys.for_sdk("settings");
    let shown = format!("{config:?} {keys:?} {}", serde_json::to_string(&config).expect("json"));
    for secret in planted(Path::new("/nowhere")).iter().map(String::as_str).chain(["planted-password"]) {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(!format!("{sdk:?}").contains(SECRET_KEY) && !format!("{sdk:?}").contains(SESSION_TOKEN));
}
