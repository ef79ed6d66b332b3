//! The environment of the classic system: `CLIENT_S3_*` and `BACKUP_S3_*` make the destinations `client` and `backup`,
//! `EXPORT_SCHEDULE` and `EXPORT_FORMAT` say when and what. They stand for settings that are made nowhere else.

use std::collections::BTreeMap;

use figment::Figment;
use figment::providers::Serialized;
use figment::value::{Dict, Value};

use super::{ConfigError, Invalid, Named};

/// What each destination's variables begin with.
const DESTINATIONS: [(&str, &str); 2] = [("client", "CLIENT_S3_"), ("backup", "BACKUP_S3_")];
/// How the rest of a variable's name is called here.
const FIELDS: [(&str, &str); 5] = [
    ("BUCKET", "bucket"),
    ("REGION", "region"),
    ("ACCESS_KEY", "access_key"),
    ("SECRET_KEY", "secret_key"),
    ("SESSION_TOKEN", "session_token"),
];
const SCHEDULE: &str = "EXPORT_SCHEDULE";
const FORMAT: &str = "EXPORT_FORMAT";
/// Where the region is when `CLIENT_S3_REGION` is not set, as for the classic system's boto3.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const REGION: &str = "us-east-1";

/// The classic variables of this process. An empty one counts as not set, as compose files write it.
pub(super) fn variables() -> BTreeMap<String, String> {
    let known = |name: &str| {
        [SCHEDULE, FORMAT].contains(&name)
            || REGIONS.contains(&name)
            || DESTINATIONS.iter().any(|(_, prefix)| name.starts_with(prefix))
    };
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| known(name))
        // What is no text makes no valid setting, and is told of as such.
        .map(|(name, value)| (name, value.to_string_lossy().trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// `settings`, without the defaults, and `variables` where they set nothing.
pub(super) fn merge(settings: Figment, variables: &BTreeMap<String, String>) -> Result<Figment, ConfigError> {
    let settings = destinations(settings, variables)?;
    let settings = schedule(settings, variables)?;
    formats(settings, variables)
}

fn destinations(settings: Figment, variables: &BTreeMap<String, String>) -> Result<Figment, ConfigError> {
    let mut made = Vec::new();
    for (name, prefix) in DESTINATIONS {
        let set: Vec<&String> = variables.keys().filter(|it| it.starts_with(prefix)).collect();
        let Some(first) = set.first() else { continue };
        if let Some(unknown) = set.iter().find(|it| FIELDS.iter().all(|(field, _)| it[prefix.len()..] != **field)) {
            let known: Vec<String> = FIELDS.iter().map(|(field, _)| format!("{prefix}{field}")).collect();
            return Err(invalid(unknown, format!("is no setting; there are {}", known.join(", "))));
        }
        if settings.find_value("destinations").is_ok() {
            let reason = "destinations are configured already: unset it, or remove [[destinations]] from the file";
            return Err(invalid(first, reason));
        }
        let get = |field: &str| variables.get(&format!("{prefix}{field}"));
        for (field, other) in [
            ("BUCKET", first.strip_prefix(prefix).unwrap_or_default()),
            ("ACCESS_KEY", "SECRET_KEY"),
            ("SECRET_KEY", "ACCESS_KEY"),
            ("SECRET_KEY", "SESSION_TOKEN"),
        ] {
            if get(field).is_none() && get(other).is_some() {
                return Err(invalid(&format!("{prefix}{field}"), format!("must be set beside {prefix}{other}")));
            }
        }
        let mut fields = Dict::from([("name".to_owned(), Value::from(name))]);
        let region = REGIONS.iter().find_map(|name| variables.get(*name)).map_or(REGION, String::as_str);
        fields.insert("region".to_owned(), Value::from(region));
        let given = FIELDS.iter().filter_map(|(field, ours)| Some(((*ours).to_owned(), get(field)?.as_str().into())));
        fields.extend(given);
        made.push(fields);
    }
    if made.is_empty() {
        return Ok(settings);
    }
    Ok(settings.merge(Named {
        origin: "CLIENT_S3_* and BACKUP_S3_*".to_owned(),
        settings: Serialized::defaults(BTreeMap::from([("destinations", made)])),
    }))
}

fn schedule(settings: Figment, variables: &BTreeMap<String, String>) -> Result<Figment, ConfigError> {
    let Some(given) = variables.get(SCHEDULE) else { return Ok(settings) };
    let words = given.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let ours = words.strip_prefix('@').map_or(words.as_str(), |word| if word == "midnight" { "daily" } else { word });
    export(settings, (SCHEDULE, "schedule"), ours.into())
}

fn formats(settings: Figment, variables: &BTreeMap<String, String>) -> Result<Figment, ConfigError> {
    let Some(given) = variables.get(FORMAT) else { return Ok(settings) };
    let ours = |name: &str| match name.trim().to_lowercase().as_str() {
        "json" => "jsonl".to_owned(),
        known => known.to_owned(),
    };
    let formats: Vec<Value> = given.split(',').map(|name| ours(name).into()).collect();
    export(settings, (FORMAT, "formats"), formats.into())
}

/// Sets `key` of `[export]`, which nothing else may have set.
fn export(settings: Figment, (variable, key): (&str, &str), value: Value) -> Result<Figment, ConfigError> {
    if settings.find_value(&format!("export.{key}")).is_ok() {
        return Err(invalid(variable, format!("export.{key} is set already: unset it, or remove that from the file")));
    }
    let section = Dict::from([(key.to_owned(), value)]);
    Ok(settings.merge(Named {
        origin: variable.to_owned(),
        settings: Serialized::defaults(BTreeMap::from([("export", section)])),
    }))
}

fn invalid(variable: &str, reason: impl Into<String>) -> ConfigError {
    Invalid { field: variable.to_owned(), reason: reason.into() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::without_destinations;
    use crate::config::{Config, Format};

    fn with(variables: &[(&str, &str)], file: &str) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = merge(without_destinations(file), &variables).map_err(|error| error.to_string())?;
        Config::from_layers(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn both_buckets_are_destinations_and_the_rest_has_defaults() {
        let config = with(
            &[
                ("CLIENT_S3_BUCKET", "events"),
                ("CLIENT_S3_REGION", "eu-central-1"),
                ("CLIENT_S3_ACCESS_KEY", "A"),
                ("CLIENT_S3_SECRET_KEY", "0123"),
                ("BACKUP_S3_BUCKET", "events-backup"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
                ("EXPORT_SCHEDULE", "Daily"),
                ("EXPORT_FORMAT", "JSON"),
            ],
            "",
        )
        .expect("valid");
        let [client, backup] = &config.destinations[..] else { panic!("{config:?}") };
        assert_eq!(
            (client.name.as_str(), client.bucket.as_str(), client.region.as_str()),
            ("client", "events", "eu-central-1")
        );
        // Digits alone stay a text.
        assert_eq!(client.secret_key.as_ref().expect("set").expose(), "0123");
        assert_eq!(
            (backup.name.as_str(), backup.region.as_str(), backup.access_key.is_none()),
            ("backup", "eu-west-1", true)
        );
        assert_eq!(config.export.schedule.to_string(), "daily");
        assert_eq!(config.export.formats, [Format::Jsonl]);
        let config = with(&[("BACKUP_S3_BUCKET", "b")], "").expect("valid");
        assert_eq!(
            (config.destination_names(), config.destinations[0].region.as_str()),
            (vec!["backup".to_owned()], "us-east-1")
        );
    }

    #[test]
    fn schedules_and_formats_are_translated() {
        for (schedule, ours) in [
            ("hourly", "hourly"),
            ("@daily", "daily"),
            ("0 * * * *", "0 * * * *"),
            ("*/15  * * * *", "*/15 * * * *"),
            ("90s", "90s"),
        ] {
            let config = with(&[("CLIENT_S3_BUCKET", "b"), ("EXPORT_SCHEDULE", schedule)], "").expect(schedule);
            assert_eq!(config.export.schedule.to_string(), ours);
        }
        let formats = with(&[("CLIENT_S3_BUCKET", "b"), ("EXPORT_FORMAT", "parquet, json")], "").expect("valid");
        assert_eq!(formats.export.formats, [Format::Parquet, Format::Jsonl]);
    }

    #[test]
    fn what_is_half_set_or_set_twice_is_named_and_not_quoted() {
        const BUCKET: (&str, &str) = ("CLIENT_S3_BUCKET", "b");
        let file = "[export]\nschedule = \"1h\"\nformats = [\"jsonl\"]\n";
        let destination = "[[destinations]]\nname = \"a\"\nbucket = \"b\"\nregion = \"r\"";
        for (variables, file, error) in [
            (
                &[("CLIENT_S3_ACCESS_KEY", "hunter2")][..],
                "",
                "CLIENT_S3_BUCKET: must be set beside CLIENT_S3_ACCESS_KEY",
            ),
            (&[BUCKET, ("CLIENT_S3_ACCESS_KEY", "hunter2")], "", "CLIENT_S3_SECRET_KEY: must be set beside"),
            (&[BUCKET, ("CLIENT_S3_SECRET_KEY", "hunter2")], "", "CLIENT_S3_ACCESS_KEY: must be set beside"),
            (&[BUCKET, ("CLIENT_S3_SESSION_TOKEN", "hunter2")], "", "CLIENT_S3_SECRET_KEY: must be set beside"),
            (
                &[BUCKET, ("CLIENT_S3_SECRET", "hunter2")],
                "",
                "CLIENT_S3_SECRET: is no setting; there are CLIENT_S3_BUCKET,",
            ),
            (&[BUCKET], destination, "CLIENT_S3_BUCKET: destinations are configured already"),
            (&[BUCKET, ("EXPORT_SCHEDULE", "daily")], file, "EXPORT_SCHEDULE: export.schedule is set already"),
            (&[BUCKET, ("EXPORT_FORMAT", "json")], file, "EXPORT_FORMAT: export.formats is set already"),
            (&[BUCKET, ("EXPORT_SCHEDULE", "hunter2")], "", "export.schedule: "),
            (&[BUCKET, ("EXPORT_FORMAT", "hunter2")], "", "export.formats.0: must be of "),
            (&[BUCKET, ("BACKUP_S3_BUCKET", "b")], "", "destinations[1]: writes where another destination does"),
        ] {
            let found = with(variables, file).expect_err(error);
            assert!(found.starts_with(error), "{found} should begin with {error}");
            assert!(!found.contains("hunter"), "{found}");
        }
        let found = with(&[BUCKET, ("EXPORT_FORMAT", "xml")], "").expect_err("no format");
        assert!(found.ends_with(" (in EXPORT_FORMAT)"), "{found}");
    }
}
