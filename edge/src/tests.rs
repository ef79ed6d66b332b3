//! What tests of several modules share.

use edge_settings::Settings;

use crate::pipeline::{self, Arrival, Processed};

/// Good settings with some changed.
pub(crate) fn settings(changes: &[(&str, &str)]) -> Settings {
    let get = |name: &str| {
        let usual = match name {
            "EXPORTER_URL" => Some("https://exporter.example".to_owned()),
            "FORWARD_KEY_ID" => Some("k1".to_owned()),
            "FORWARD_KEY" | "TOKEN_KEY" => Some("07".repeat(32)),
            "PRIVACY" => Some("standard".to_owned()),
            _ => None,
        };
        changes.iter().find(|(changed, _)| *changed == name).map(|(_, value)| (*value).to_owned()).or(usual)
    };
    Settings::read(&get).expect("good settings")
}

/// A batch through the whole pipeline, of a visitor of whom nothing is known but a token.
pub(crate) fn process(arrival: &Arrival<'_>, settings: &Settings) -> Processed {
    pipeline::draft(arrival, settings).expect("a batch").finish(None, arrival, settings)
}
