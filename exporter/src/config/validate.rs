//! What a configuration must be like before anything is started with it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;
use redaction::Policy;
use sqlx::postgres::PgConnectOptions;
use wire::limits::WINDOW_DAYS;

use super::{Config, Destination, Webhooks};
use crate::export::selection;
use crate::secret::Secret;
use crate::webhooks;

/// Shorter operator tokens can be guessed.
const TOKEN_CHARS: usize = 16;
/// What samples hold where a secret belongs.
const PLACEHOLDER: &str = "change-me";
/// A signing key, in bytes.
const KEY_BYTES: usize = 32;

/// Above any number that makes sense.
const MOST: u32 = 1_000_000;
/// More would be never.
const MOST_TRIES: u32 = 100;
/// S3, "Multipart upload limits".
const FEWEST_PART_BYTES: i64 = 5 << 20;
const MOST_PART_BYTES: i64 = 512 << 20;

/// A value that makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Invalid {
    /// The setting, as in `export.formats`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Invalid {
    Invalid { field: field.into(), reason: reason.into() }
}

impl Config {
    /// # Errors
    /// The first setting that makes no sense.
    pub fn validate(&self) -> Result<(), Invalid> {
        let url = self.database.url.expose();
        if url.is_empty() {
            return Err(invalid("database.url", "must be set"));
        }
        if PgConnectOptions::from_str(url).is_err() {
            return Err(invalid("database.url", "is no URL such as postgres://user:password@host/database"));
        }
        self.validate_secrets()?;
        self.redaction()?;
        // Ingest takes what is up to a window old, by any exporter's clock: that day must always be there.
        if self.retention.kept().is_some_and(|days| i64::from(days) <= WINDOW_DAYS) {
            let fewest = WINDOW_DAYS + 1;
            return Err(invalid(
                "retention.days",
                format!("must be 0 or {fewest} and more: events may be {WINDOW_DAYS} days on their way"),
            ));
        }
        for (field, number) in [
            ("sites.events", self.sites.events),
            ("sites.visitors", self.sites.visitors),
            ("sites.days", self.sites.days),
            ("sites.forget_after_days", self.sites.forget_after_days),
        ] {
            if !(1..=MOST).contains(&number) {
                return Err(invalid(field, format!("must be 1 to {MOST}")));
            }
        }
        if self.sites.new_a_day > MOST {
            return Err(invalid("sites.new_a_day", format!("must be 0 to {MOST}")));
        }
        if self.billing.tell_at_percent.iter().any(|percent| !(1..=1000).contains(percent)) {
            return Err(invalid("billing.tell_at_percent", "must be of 1 to 1000"));
        }
        self.webhooks.validate()?;
        let formats: BTreeSet<_> = self.export.formats.iter().collect();
        if formats.is_empty() || formats.len() != self.export.formats.len() {
            return Err(invalid("export.formats", "must name at least one format, each once"));
        }
        if !(1..=MOST_TRIES).contains(&self.export.tries) {
            return Err(invalid("export.tries", format!("must lie between 1 and {MOST_TRIES}")));
        }
        self.export.layout.check().map_err(|reason| invalid("export.layout", reason))?;
        if self.destinations.is_empty() {
            return Err(invalid("destinations", "at least one must be set"));
        }
        for (index, destination) in self.destinations.iter().enumerate() {
            destination.validate(&format!("destinations[{index}]"), self.export.raw_event_data)?;
            let earlier = &self.destinations[..index];
            if earlier.iter().any(|it| it.name == destination.name) {
                return Err(invalid(format!("destinations[{index}].name"), "is taken by another destination"));
            }
            if earlier.iter().any(|it| it.place() == destination.place()) {
                return Err(invalid(format!("destinations[{index}]"), "writes where another destination does"));
            }
        }
        if !self.destinations.iter().any(|destination| destination.required) {
            return Err(invalid("destinations", "at least one must be required"));
        }
        Ok(())
    }

    /// What is redacted on arrival.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn redaction(&self) -> Result<Policy, Invalid> {
        let settings = self.redaction.texts.clone();
        Policy::new(settings).map_err(|error| invalid(format!("redaction.{}", error.field), error.reason.to_string()))
    }

    fn validate_secrets(&self) -> Result<(), Invalid> {
        if self.ingest.keys.is_empty() {
            return Err(invalid("ingest.keys", "at least one must be set"));
        }
        for (id, key) in &self.ingest.keys {
            match wire::signature::unhex(key.expose()) {
                Some(key) if key.len() == KEY_BYTES && key.iter().any(|byte| *byte != 0) => {}
                Some(key) if key.len() == KEY_BYTES => {
                    return Err(invalid(format!("ingest.keys.{id}"), "is known to everybody: make one of your own"));
                }
                _ => return Err(invalid(format!("ingest.keys.{id}"), "must be 64 hexadecimal digits")),
            }
        }
        if is_placeholder(&self.operator.token) {
            return Err(invalid("operator.token", "is known to everybody: make one of your own"));
        }
        if self.operator.token.expose().len() < TOKEN_CHARS {
            return Err(invalid("operator.token", format!("must have {TOKEN_CHARS} characters or more")));
        }
        Ok(())
    }
}

impl Webhooks {
    fn validate(&self) -> Result<(), Invalid> {
        if self.loopback.is_some_and(|address| !address.ip().is_loopback()) {
            return Err(invalid("webhooks.loopback", "must be an address of this machine, such as 127.0.0.1:9000"));
        }
        for (id, key) in &self.keys {
            if webhooks::key(key).is_none() {
                return Err(invalid(format!("webhooks.keys.{id}"), "must be whsec_ and 24 to 64 bytes of base64"));
            }
        }
        if self.keys.len() > 2 {
            return Err(invalid("webhooks.keys", "must be one, or two while one replaces the other"));
        }
        if self.url.is_empty() {
            return Ok(());
        }
        webhooks::Target::parse(&self.url, self.loopback).map_err(|reason| invalid("webhooks.url", reason))?;
        if self.keys.is_empty() {
            return Err(invalid("webhooks.keys", "at least one must be set"));
        }
        Ok(())
    }
}

impl Destination {
    fn validate(&self, at: &str, with_raw: bool) -> Result<(), Invalid> {
        let named = |field: &str, reason: &str| Err(invalid(format!("{at}.{field}"), reason));
        if self.name.is_empty() || !self.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')) {
            return named("name", "must be of lower-case letters, digits, - and _");
        }
        if self.bucket.is_empty() {
            return named("bucket", "must be set");
        }
        if self.region.is_empty() {
            return named("region", "must be set");
        }
        if let Err(reason) = Self::check_prefix(&self.prefix) {
            return named("prefix", &reason);
        }
        let keys = [
            ("access_key", &self.access_key),
            ("secret_key", &self.secret_key),
            ("session_token", &self.session_token),
        ];
        for (field, secret) in &keys {
            if secret.as_ref().is_some_and(|secret| secret.expose().is_empty() || is_placeholder(secret)) {
                return named(
                    field,
                    "must be set, or left out where `exporter credentials` or a role of this machine has it",
                );
            }
        }
        match keys.map(|(_, secret)| secret.is_some()) {
            [true, true, _] | [false, false, false] => {}
            [false, ..] => return named("access_key", "must be set beside secret_key and session_token"),
            [_, false, _] => return named("secret_key", "must be set beside access_key"),
        }
        if self.endpoint.as_deref().is_some_and(|endpoint| !is_safe(endpoint)) {
            return named("endpoint", "must be an https URL; http only on this machine");
        }
        if self.part_size.bytes() < FEWEST_PART_BYTES || self.part_size.bytes() > MOST_PART_BYTES {
            return named(
                "part_size",
                "must lie between 5MiB, the least that S3 takes, and 512MiB: a part is in memory",
            );
        }
        if let Err((field, reason)) = selection::check(&self.select, with_raw) {
            return named(&format!("select.{field}"), &reason);
        }
        if self.required && self.select.is_partial() {
            return named(
                "select",
                "leaves out events or columns, and events may be deleted only when a required destination has all of \
                 them: set required = false here, and have another destination that is required",
            );
        }
        Ok(())
    }

    /// # Errors
    /// Why it is no prefix of keys: the rest of a sentence that begins with the setting.
    pub fn check_prefix(prefix: &str) -> Result<(), String> {
        let mut folders = prefix.split_terminator('/');
        if !prefix.is_empty() && (!prefix.ends_with('/') || folders.any(|it| matches!(it, "" | "." | ".."))) {
            return Err("must be empty, or a path such as evothesis/ that ends with a slash".to_owned());
        }
        Ok(())
    }

    fn place(&self) -> (Option<&str>, &str, &str) {
        (self.endpoint.as_deref(), &self.bucket, &self.prefix)
    }
}

fn is_placeholder(secret: &Secret) -> bool {
    secret.expose().starts_with(PLACEHOLDER)
}

/// Whether keys and events may travel to `endpoint`.
fn is_safe(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<Uri>() else { return false };
    let Some(host) = uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']')) else { return false };
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        _ => false,
    }
}
