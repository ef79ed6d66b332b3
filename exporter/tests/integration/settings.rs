//! What the program says on the terminal of settings that it cannot work with.

use std::process::Command;

const EXPORTER: &str = env!("CARGO_BIN_EXE_exporter");

fn said(file: &str, environment: (&str, &str)) -> String {
    let path = std::env::temp_dir().join(format!("exporter-settings-{}-{}.toml", std::process::id(), file.len()));
    std::fs::write(&path, file).expect("written");
    let output = Command::new(EXPORTER)
        .args(["--config", path.to_str().expect("a path"), "doctor"])
        .env(environment.0, environment.1)
        .output()
        .expect("started");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stdout).expect("text"), "");
    String::from_utf8(output.stderr).expect("text").replace(path.to_str().expect("a path"), "FILE")
}

#[test]
fn an_unclosed_quote_is_placed_and_the_secret_not_shown() {
    let said = said("[[destinations]]\nsecret_key = \"hunter2\n", ("EVOTHESIS_DATABASE__URL", ""));
    assert!(said.starts_with("exporter: FILE: line 2, column "), "{said}");
    assert!(!said.contains("hunter2") && said.lines().count() == 1 && said.matches("TOML").count() == 1, "{said}");
}

#[test]
fn a_token_of_digits_is_named_and_not_shown() {
    let said = said("", ("EVOTHESIS_OPERATOR__TOKEN", "12345678901234567890"));
    assert!(said.starts_with("exporter: operator.token: must be a text: put quotes around it"), "{said}");
    assert!(!said.contains("1234") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_destination_of_the_environment_must_exist() {
    let said = said("[export]\nschedule = \"1h\"\n", ("EVOTHESIS_DESTINATIONS__NOBODY__SECRET_KEY", "hunter2"));
    assert_eq!(said, "exporter: EVOTHESIS_DESTINATIONS__NOBODY: there is no destination of this name\n");
}

#[test]
fn a_missing_file_is_told_once() {
    let output =
        Command::new(EXPORTER).args(["--config", "/nowhere/exporter.toml", "doctor"]).output().expect("started");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(said, "exporter: cannot read /nowhere/exporter.toml: No such file or directory (os error 2)\n");
}
