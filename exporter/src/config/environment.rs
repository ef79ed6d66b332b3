//! The environment as the last layer. Destinations are a list in a file, where a place in the list would be a poor name:
//! `EVOTHESIS_DESTINATIONS__CLIENT__SECRET_KEY` goes to the destination that is called `client`.

use std::collections::BTreeMap;

use figment::providers::{Env, Serialized};
use figment::value::{Dict, Value};
use figment::{Error, Figment};

use super::{ConfigError, Invalid, Named};

const PREFIX: &str = "EVOTHESIS_";
const DESTINATIONS: &str = "destinations";
/// Before the name of a destination.
const BY_NAME: &str = "destinations.";

/// `settings` with the environment merged over them.
pub(super) fn merge(settings: Figment) -> Result<Figment, ConfigError> {
    let variables = || Env::prefixed(PREFIX).split("__");
    let settings = settings.merge(variables().filter(|key| !key.starts_with(BY_NAME)));
    let by_name = Figment::from(variables().filter(|key| key.starts_with(BY_NAME)));
    let by_name: BTreeMap<String, Dict> = match by_name.extract_inner(DESTINATIONS) {
        Ok(by_name) => by_name,
        Err(error) if error.missing() => return Ok(settings),
        Err(error) => return Err(shape(error)),
    };
    into_destinations(settings, by_name)
}

/// Puts fields into the destinations that they name.
pub(super) fn into_destinations(settings: Figment, by_name: BTreeMap<String, Dict>) -> Result<Figment, ConfigError> {
    let mut destinations: Vec<Dict> = match settings.extract_inner(DESTINATIONS) {
        Ok(destinations) => destinations,
        Err(error) if error.missing() => Vec::new(),
        Err(error) => return Err(shape(error)),
    };
    for (name, fields) in by_name {
        let named =
            |it: &&mut Dict| it.get("name").and_then(Value::as_str).is_some_and(|it| it.replace('-', "_") == name);
        let Some(destination) = destinations.iter_mut().find(named) else {
            let field = format!("{PREFIX}DESTINATIONS__{}", name.to_uppercase());
            return Err(Invalid { field, reason: "there is no destination of this name".to_owned() }.into());
        };
        destination.extend(fields);
    }
    let settings_of_all = Serialized::defaults(BTreeMap::from([(DESTINATIONS, destinations)]));
    Ok(settings.merge(Named { origin: "the file or the environment".to_owned(), settings: settings_of_all }))
}

fn shape(error: Error) -> ConfigError {
    ConfigError::Shape(error.into())
}
