//! What one installation sets: read from the Worker's variables and secrets, checked before anything else happens.

use wire::signature::unhex;
use worker::Env;

use crate::pixel_path::PixelPath;

/// The settings of one installation.
pub struct Config {
    /// Where the exporter listens, without a slash at the end.
    pub exporter_url: String,
    /// Names [`Self::forward_key`] to the exporter.
    pub forward_key_id: String,
    /// Signs what is forwarded.
    pub forward_key: Key,
    /// Signs the token and derives ids.
    pub token_key: Key,
    /// What happens to visitors' addresses.
    pub ip_policy: IpPolicy,
}

/// A secret of 32 bytes. It has no `Debug`, so that no log line can hold it.
pub struct Key([u8; 32]);

impl Key {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What happens to a visitor's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpPolicy {
    /// It is not passed on.
    Drop,
    /// Its network is: the first 24 bits, or 48 in IPv6.
    Truncate,
    /// It is passed on as it is.
    Keep,
}

impl IpPolicy {
    /// The policy of that name. A name that is none drops: a slip of the pen must not store addresses.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "truncate" => Self::Truncate,
            "keep" => Self::Keep,
            _ => Self::Drop,
        }
    }
}

/// What is wrong with the settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable or secret is not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A key is no key.
    #[error("{0} must be 64 hexadecimal digits")]
    NoKey(&'static str),
    /// The exporter's address is none.
    #[error("EXPORTER_URL must begin with http:// or https://")]
    NoUrl,
    /// The path of the pixel is none.
    #[error(
        "PIXEL_PATH must be a path such as /pixel.js: it begins with /, ends in .js, and holds only letters, digits and / _ . -"
    )]
    NoPath,
}

/// What `env` knows by name, variables and secrets.
pub fn of(env: &Env) -> impl Fn(&str) -> Option<String> {
    |name| env.var(name).ok().map(|value| value.to_string())
}

/// Reads where the pixel lives. Apart from the other settings: a file needs no keys, and a Queue no path.
///
/// # Errors
/// When the setting is no path of a script.
pub fn pixel_path(get: impl Fn(&str) -> Option<String>) -> Result<PixelPath, ConfigError> {
    let setting = get("PIXEL_PATH").filter(|value| !value.is_empty());
    PixelPath::new(setting.as_deref().unwrap_or(PixelPath::DEFAULT)).ok_or(ConfigError::NoPath)
}

impl Config {
    /// Reads the settings through `get`, which knows variables and secrets by name.
    ///
    /// # Errors
    /// The first setting that is missing or wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = |name| get(name).filter(|value| !value.is_empty()).ok_or(ConfigError::Missing(name));
        let key = |name| {
            let bytes = unhex(&required(name)?).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            bytes.map(Key).ok_or(ConfigError::NoKey(name))
        };
        let exporter_url = required("EXPORTER_URL")?.trim_end_matches('/').to_owned();
        if !exporter_url.starts_with("http://") && !exporter_url.starts_with("https://") {
            return Err(ConfigError::NoUrl);
        }
        Ok(Self {
            exporter_url,
            forward_key_id: required("FORWARD_KEY_ID")?,
            forward_key: key("FORWARD_KEY")?,
            token_key: key("TOKEN_KEY")?,
            ip_policy: get("IP_POLICY").map_or(IpPolicy::Truncate, |name| IpPolicy::named(&name)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: (&str, Option<&str>)) -> Result<Config, ConfigError> {
        let key = "0f".repeat(32);
        Config::read(|name| match name {
            _ if name == change.0 => change.1.map(str::to_owned),
            "EXPORTER_URL" => Some("https://exporter.example/".to_owned()),
            "FORWARD_KEY_ID" => Some("k1".to_owned()),
            "FORWARD_KEY" | "TOKEN_KEY" => Some(key.clone()),
            _ => None,
        })
    }

    #[test]
    fn good_settings_are_read() {
        let config = read(("IP_POLICY", None)).expect("good settings");
        assert_eq!(config.exporter_url, "https://exporter.example");
        assert_eq!(config.ip_policy, IpPolicy::Truncate);
    }

    #[test]
    fn an_unknown_policy_drops() {
        for (name, policy) in [
            ("keep", IpPolicy::Keep),
            ("truncate", IpPolicy::Truncate),
            ("drop", IpPolicy::Drop),
            ("Keep", IpPolicy::Drop),
        ] {
            assert_eq!(read(("IP_POLICY", Some(name))).expect("good settings").ip_policy, policy);
        }
    }

    #[test]
    fn the_pixel_lives_where_the_setting_says() {
        let path = |setting: Option<&str>| pixel_path(|_| setting.map(str::to_owned)).map(|path| path.loader());
        assert_eq!(path(None), Ok("/pixel.js".to_owned()));
        assert_eq!(path(Some("")), Ok("/pixel.js".to_owned()));
        assert_eq!(path(Some("/w8/m.js")), Ok("/w8/m.js".to_owned()));
        assert_eq!(path(Some("w8/m.js")), Err(ConfigError::NoPath));
    }

    #[test]
    fn wrong_settings_are_named() {
        for (name, value, error) in [
            ("EXPORTER_URL", None, ConfigError::Missing("EXPORTER_URL")),
            ("EXPORTER_URL", Some("exporter:80"), ConfigError::NoUrl),
            ("FORWARD_KEY", Some("0f"), ConfigError::NoKey("FORWARD_KEY")),
            ("TOKEN_KEY", Some(""), ConfigError::Missing("TOKEN_KEY")),
        ] {
            assert_eq!(read((name, value)).err(), Some(error));
        }
    }
}
