use figment::value::Value;

use super::*;

const SAMPLE: &str = include_str!("../../../deploy/exporter.toml");

/// The sample with its secrets filled in.
fn filled() -> Figment {
    let key = "01".repeat(32);
    let text = SAMPLE
        .replace("k1 = \"\"", &format!("k1 = \"{key}\""))
        .replace("token = \"\"", "token = \"token-not-shown-\"")
        .replace("_key = \"\"", "_key = \"not-shown\"");
    Figment::from(Toml::string(DEFAULT)).merge(layer("sample".to_owned(), &text).expect("toml"))
}

/// Settings without defaults and without destinations, and `more`.
pub(super) fn without_destinations(more: &str) -> Figment {
    let text = format!(
        "[database]\nurl = \"postgres://h/d\"\n[operator]\ntoken = \"token-not-shown-\"\n[ingest.keys]\nk1 = \"{}\"\n{more}",
        "01".repeat(32)
    );
    Figment::new().merge(layer("the file".to_owned(), &text).expect("toml"))
}

/// The filled sample with `change` merged over it.
fn sample_with(change: &str) -> Result<Config, String> {
    Config::extract(&filled().merge(Toml::string(change))).map_err(|error| error.to_string())
}

#[test]
fn the_sample_lacks_nothing_but_its_secrets() {
    let error = Config::from_text(SAMPLE).expect_err("not usable").to_string();
    assert_eq!(error, "ingest.keys.k1: must be 64 hexadecimal digits");
    let public = ["0000", "change-me"];
    assert!(public.iter().all(|it| !SAMPLE.contains(it)), "a secret that everybody knows");
}

#[test]
fn the_environment_names_destinations() {
    let merged = |name: &str, secret: Value| {
        let fields = Dict::from([("secret_key".to_owned(), secret)]);
        environment::into_destinations(filled(), BTreeMap::from([(name.to_owned(), fields)]))
            .and_then(|settings| Config::extract(&settings))
    };
    let config = merged("backup", "from-environment".into()).expect("valid");
    let keys: Vec<_> = config.destinations.iter().filter_map(|it| Some(it.secret_key.as_ref()?.expose())).collect();
    assert_eq!(keys, ["not-shown", "from-environment"]);
    assert_eq!(config.destinations[1].bucket, "example-events-backup");
    let error = merged("other", "x".into()).expect_err("nobody").to_string();
    assert_eq!(error, "EVOTHESIS_DESTINATIONS__OTHER: there is no destination of this name");
    let error = merged("backup", 4242.into()).expect_err("a number").to_string();
    assert!(error.starts_with("destinations.1.secret_key: must be a text"), "{error}");
    assert!(error.ends_with(" (in the file or the environment)") && !error.contains("4242"), "{error}");
}

#[test]
fn a_mistake_is_placed_and_not_quoted() {
    for (text, place) in [
        ("[operator]\ntoken = \"hunter2\n", "the text: line 2, column "),
        ("[operator]\n\ntoken = hunter2\n", "the text: line 3, column 9: "),
        (
            "[operator]\ntoken = 4242",
            "operator.token: must be a text: put quotes around it, around digits alone too (in the text)",
        ),
        ("[operator]\ntoken = [\"hunter2\"]", "operator.token: must be a text"),
        ("[operator]\nlisten = \"hunter2\"", "operator.listen: has no valid value"),
        ("[export]\nschedule = \"hunter2\"", "export.schedule: has no valid value"),
        ("[export]\nformats = [\"hunter2\"]", "export.formats.0: must be of parquet, jsonl, csv"),
        (
            "[export]\nevry = \"hunter2\"",
            "export.evry: is no setting; there are schedule, formats, lease, tries, retry, layout, jsonl_compression, csv_formula_safe, raw_event_data",
        ),
        ("[[destinations]]\nname = \"a\"", "destinations.0.bucket: must be set"),
    ] {
        let error = Config::from_text(text).expect_err(text);
        let shown = format!("{error} {error:?}");
        assert!(error.to_string().starts_with(place), "{error} should begin with {place}");
        assert!(!shown.contains("hunter2") && !shown.contains("4242"), "{shown}");
    }
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
    let commented = |from: &str, to: &str| -> String {
        let lines = DEFAULT.lines().skip_while(|line| *line != from).take_while(|line| *line != to);
        let lines = lines.filter_map(|line| line.strip_prefix("# "));
        lines.filter(|line| line.contains(" = ") || line.starts_with("[[")).flat_map(|line| [line, "\n"]).collect()
    };
    let destination = commented("# [[destinations]]", "# [destinations.select]").replace("\"\"", "\"x/\"");
    let config = sample_with(&destination).expect("valid");
    assert_eq!(config.destination_names(), ["client"]);
    assert!(config.destinations[0].endpoint.is_some());
    let selection = commented("# [destinations.select]", "");
    assert_eq!(selection.lines().count(), 6);
    let selection: Selection = toml::from_str(&selection).expect("keys that exist");
    assert!(selection.is_partial());
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
    let half = |kept: &str| {
        let mut fields = toml_fields();
        fields.retain(|field| !field.contains("_key = ") || field.split(" = ").next() == Some(kept));
        format!("[[destinations]]\n{}\n", fields.join("\n"))
    };
    assert!(sample_with(&half("")).is_ok());
    for (change, field) in [
        ("[database]\nurl = \"\"".to_owned(), "database.url"),
        ("[database]\nurl = \"nonsense\"".to_owned(), "database.url"),
        ("[ingest.keys]\nk1 = \"abc\"".to_owned(), "ingest.keys.k1"),
        (format!("[ingest.keys]\nk1 = \"{}\"", "00".repeat(32)), "ingest.keys.k1"),
        ("[operator]\ntoken = \"short\"".to_owned(), "operator.token"),
        ("[operator]\ntoken = \"change-me-change-me\"".to_owned(), "operator.token"),
        ("[database]\ndisk = \"100\"".to_owned(), "database.disk"),
        ("[retention]\ndays = 30".to_owned(), "retention.days"),
        ("[sites]\nevents = 0".to_owned(), "sites.events"),
        ("[sites]\nnew_a_day = 100000000".to_owned(), "sites.new_a_day"),
        ("[billing]\ntell_at_percent = [0]".to_owned(), "billing.tell_at_percent"),
        ("[webhooks]\nurl = \"https://billing.example.com/\"".to_owned(), "webhooks.keys"),
        ("[webhooks]\nurl = \"http://billing.example.com/\"".to_owned(), "webhooks.url"),
        ("[webhooks]\nurl = \"https://169.254.169.254/\"".to_owned(), "webhooks.url"),
        ("[webhooks]\nloopback = \"10.0.0.1:80\"".to_owned(), "webhooks.loopback"),
        ("[webhooks.keys]\nk1 = \"whsec_short\"".to_owned(), "webhooks.keys.k1"),
        ("[export]\nformats = []".to_owned(), "export.formats"),
        ("[export]\nformats = [\"jsonl\", \"jsonl\"]".to_owned(), "export.formats"),
        ("destinations = []".to_owned(), "destinations"),
        ("[export]\nlayout = \"{date}\"".to_owned(), "export.layout"),
        ("[export]\nlayout = \"a/../{date}\"".to_owned(), "export.layout"),
        (destination("select = { sites = [\"a\"] }"), "destinations[0].select"),
        (destination("select = { visitors_per_10000 = 10000 }"), "destinations[0].select"),
        (destination("select = { columns = [\"nonsense\"] }"), "destinations[0].select.columns"),
        (destination("select = { rename = { url = \"path\" } }"), "destinations[0].select.rename"),
        (destination("required = false"), "destinations"),
        (destination("name = \"Client A\""), "destinations[0].name"),
        (destination("bucket = \"\""), "destinations[0].bucket"),
        (destination("prefix = \"folder\""), "destinations[0].prefix"),
        (destination("prefix = \"/\""), "destinations[0].prefix"),
        (destination("prefix = \"a/../b/\""), "destinations[0].prefix"),
        (destination("endpoint = \"http://storage.example.com\""), "destinations[0].endpoint"),
        (destination("secret_key = \"\""), "destinations[0].secret_key"),
        (destination("access_key = \"change-me\""), "destinations[0].access_key"),
        (half("access_key"), "destinations[0].secret_key"),
        (half("secret_key"), "destinations[0].access_key"),
        (format!("{}session_token = \"t\"", half("")), "destinations[0].access_key"),
        (format!("{0}\n{0}", destination("name = \"a\"")), "destinations[1].name"),
        (format!("{}\n{}", destination("name = \"a\""), destination("name = \"b\"")), "destinations[1]"),
    ] {
        let error = sample_with(&change).expect_err(&change);
        assert!(error.starts_with(&format!("{field}: ")), "{error} should name {field}");
    }
    assert!(sample_with(&destination("select = { rename = { url = \"address\" } }")).is_ok());
    let part = "required = false\nprefix = \"part/\"\nselect = { sites = [\"a\"] }";
    let both = format!("{}\n{}", destination("name = \"a\""), destination(part));
    assert_eq!(sample_with(&both).map(|config| config.required_names()), Ok(vec!["a".to_owned()]));
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
    for secret in ["not-shown", "0101"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("[redacted]"));
}
