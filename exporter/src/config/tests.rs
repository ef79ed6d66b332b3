use super::*;

const SAMPLE: &str = include_str!("../../../deploy/exporter.toml");

/// The sample with `change` merged over it.
fn sample_with(change: &str) -> Result<Config, String> {
    let figment = Figment::from(Toml::string(DEFAULT)).merge(Toml::string(SAMPLE)).merge(Toml::string(change));
    Config::extract(&figment).map_err(|error| error.to_string())
}

#[test]
fn the_sample_is_valid_and_the_defaults_fill_it() {
    let config = sample_with("").expect("valid");
    assert_eq!(config.export.lease.to_string(), "1m");
    assert_eq!(config.destination_names(), ["client", "backup"]);
    assert_eq!(config.required_names(), ["client", "backup"]);
}

#[test]
fn the_defaults_alone_say_what_is_missing() {
    let error = Config::extract(&Figment::from(Toml::string(DEFAULT))).expect_err("not usable");
    assert_eq!(error.to_string(), "database.url: must be set");
}

#[test]
fn every_commented_key_of_the_defaults_exists() {
    let destination: String = DEFAULT
        .lines()
        .skip_while(|line| *line != "# [[destinations]]")
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.contains(" = ") || line.starts_with("[["))
        .map(|line| line.replace("\"\"", "\"x/\"") + "\n")
        .collect();
    let config = sample_with(&destination).expect("valid");
    assert_eq!(config.destination_names(), ["client"]);
    assert!(config.destinations[0].endpoint.is_some());
}

#[test]
fn an_unknown_key_is_an_error() {
    assert!(sample_with("[export]\nevry = \"1h\"").expect_err("typo").contains("evry"));
}

#[test]
fn what_makes_no_sense_is_named() {
    let destination = |change: &str| {
        let mut fields = toml_fields();
        fields.retain(|field| field.split(" = ").next() != change.split(" = ").next());
        format!("[[destinations]]\n{}\n{change}", fields.join("\n"))
    };
    for (change, field) in [
        ("[database]\nurl = \"\"".to_owned(), "database.url"),
        ("[database]\nurl = \"nonsense\"".to_owned(), "database.url"),
        ("[ingest.keys]\nk1 = \"abc\"".to_owned(), "ingest.keys.k1"),
        ("[operator]\ntoken = \"short\"".to_owned(), "operator.token"),
        ("[export]\nformats = []".to_owned(), "export.formats"),
        ("[export]\nformats = [\"jsonl\", \"jsonl\"]".to_owned(), "export.formats"),
        ("destinations = []".to_owned(), "destinations"),
        (destination("required = false"), "destinations"),
        (destination("name = \"Client A\""), "destinations[0].name"),
        (destination("bucket = \"\""), "destinations[0].bucket"),
        (destination("prefix = \"folder\""), "destinations[0].prefix"),
        (destination("prefix = \"/\""), "destinations[0].prefix"),
        (destination("prefix = \"a/../b/\""), "destinations[0].prefix"),
        (destination("endpoint = \"http://storage.example.com\""), "destinations[0].endpoint"),
        (destination("secret_key = \"\""), "destinations[0].secret_key"),
        (format!("{0}\n{0}", destination("name = \"a\"")), "destinations[1].name"),
        (format!("{}\n{}", destination("name = \"a\""), destination("name = \"b\"")), "destinations[1]"),
    ] {
        let error = sample_with(&change).expect_err(&change);
        assert!(error.starts_with(&format!("{field}: ")), "{error} should name {field}");
    }
    assert!(sample_with(&destination("endpoint = \"http://127.0.0.1:9000\"")).is_ok());
    assert!(sample_with(&destination("endpoint = \"http://[::1]:9000\"")).is_ok());
}

fn toml_fields() -> Vec<&'static str> {
    vec![
        "name = \"client\"",
        "bucket = \"b\"",
        "region = \"r\"",
        "access_key = \"AKIA-not-shown\"",
        "secret_key = \"secret-not-shown\"",
    ]
}

#[test]
fn no_secret_is_ever_shown() {
    let config = sample_with(&format!("[[destinations]]\n{}", toml_fields().join("\n"))).expect("valid");
    let shown = format!("{config:?} {}", serde_json::to_string(&config).expect("serialisable"));
    for secret in ["not-shown", "change-me", "0000"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("[redacted]"));
}
