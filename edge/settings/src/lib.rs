//! What one installation of the edge may set: names, values, bounds. The Worker reads its settings by this crate, and
//! `cargo xtask edge` checks them by it before anything is built.
//!
//! Values in, values out: settings come through a function that knows them by name.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod choice;
mod complaint;
mod key;
mod pixel_path;
mod privacy;
mod sites;

use sha2::{Digest, Sha256};

pub use choice::Choice;
pub use complaint::Complaint;
pub use key::{Key, Keys};
pub use pixel_path::{PixelPath, Place as PathPlace};
pub use privacy::{ClickIds, ConsentRule, Ip, Place, Preset, Previews, Privacy, QueryKeys, UserAgent};
pub use sites::Sites;

/// Knows settings by name.
pub type Get<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Settings that are secrets: they are set by `wrangler secret put` and stand in no file.
pub const SECRETS: [&str; 3] = ["FORWARD_KEY", "TOKEN_KEY", "TOKEN_KEY_PREVIOUS"];

/// Secrets that an installation cannot do without.
pub const REQUIRED_SECRETS: [&str; 2] = ["FORWARD_KEY", "TOKEN_KEY"];

/// Settings that are none.
pub const VARIABLES: [&str; 20] = [
    "EXPORTER_URL",
    "FORWARD_KEY_ID",
    "PIXEL_PATH",
    "SITES",
    "NEW_SITES_A_DAY",
    "BATCHES_A_MINUTE_PER_ADDRESS",
    "BATCHES_A_MINUTE_PER_SITE",
    "BOTS",
    Preset::SETTING,
    Ip::SETTING,
    Place::SETTING,
    UserAgent::SETTING,
    ClickIds::SETTING,
    ConsentRule::SETTING,
    Previews::SETTING,
    QueryKeys::SETTING,
    "ALLOWED_QUERY_KEYS",
    "NEVER_TOUCH_KEYS",
    "REDACTION_RULES",
    "RETENTION_DAYS",
];

choice::choice! {
    /// What happens to the events of machines.
    Bots = "BOTS" {
        Flag = "flag", "they are taken, with the reason in the column `bot`";
        Filter = "filter", "they are filtered, reason `bot`";
    }
}

/// How many batches are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// From one address, a minute and isolate.
    pub per_address: u32,
    /// For one site, a minute and isolate.
    pub per_site: u32,
    /// Sites that were never seen before, a day; none where it is 0.
    pub new_sites: u32,
}

/// The settings of one installation.
pub struct Settings {
    /// Where the exporter listens, without a slash at the end.
    pub exporter_url: String,
    /// Names [`Self::forward_key`] to the exporter.
    pub forward_key_id: String,
    /// Signs what is forwarded.
    pub forward_key: Key,
    /// Sign the token and derive ids.
    pub token_keys: Keys,
    /// Where the pixel lives.
    pub pixel_path: PixelPath,
    /// Whose batches are taken.
    pub sites: Sites,
    /// How many batches are taken.
    pub rates: Rates,
    /// What happens to the events of machines.
    pub bots: Bots,
    /// What is kept of a visitor.
    pub privacy: Privacy,
    /// What redaction does beyond its own rules.
    pub redaction: redaction::Policy,
    /// What was wrong and could be replaced by something stricter.
    pub complaints: Vec<Complaint>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Without a setting that has no safe substitute: a key, an address, a path.
    pub fn read(get: &Get<'_>) -> Result<Self, Complaint> {
        // An empty value is one that cannot be read wherever something stricter can take its place; elsewhere it is none.
        let said = get;
        let get = |name: &str| said(name).filter(|value| !value.is_empty());
        let required = |name| get(name).ok_or(Complaint::Missing(name));
        let key = |name| required(name).and_then(|text| Key::read(&text).ok_or(Complaint::NoKey(name)));
        let mut complaints = Vec::new();
        let exporter_url = required("EXPORTER_URL")?.trim_end_matches('/').to_owned();
        if !exporter_url.starts_with("http://") && !exporter_url.starts_with("https://") {
            return Err(Complaint::NoUrl);
        }
        let forward_key_id = required("FORWARD_KEY_ID")?;
        if !is_name(&forward_key_id) {
            return Err(Complaint::NoName("FORWARD_KEY_ID"));
        }
        let path = get("PIXEL_PATH");
        let privacy = Privacy::read(said, &mut complaints);
        let previous = get("TOKEN_KEY_PREVIOUS").map(|_| key("TOKEN_KEY_PREVIOUS")).transpose()?;
        Ok(Self {
            exporter_url,
            forward_key_id,
            forward_key: key("FORWARD_KEY")?,
            token_keys: Keys { current: key("TOKEN_KEY")?, previous },
            pixel_path: PixelPath::new(path.as_deref().unwrap_or(PixelPath::DEFAULT)).ok_or(Complaint::NoPath)?,
            sites: Sites::read(said("SITES").as_deref()).ok_or(Complaint::NoSites)?,
            rates: rates(said, &mut complaints),
            bots: bots(said, &mut complaints),
            redaction: redaction(&get, &privacy)?,
            privacy,
            complaints,
        })
    }

    /// Names what is set, without telling it: the first eight bytes of a SHA-256 over every setting that is no secret, in
    /// hexadecimal digits. Two installations that show the same are set up alike.
    #[must_use]
    pub fn hash(get: &Get<'_>) -> String {
        let mut hash = Sha256::new();
        for name in VARIABLES {
            let value = get(name).unwrap_or_default();
            hash.update((value.len() as u64).to_be_bytes());
            hash.update(value);
        }
        wire::signature::hex(hash.finalize().get(..8).unwrap_or_default())
    }
}

/// Letters, digits and `_ . -`, at most 64: what a header can carry and a log can show.
fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Words between commas.
fn list(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Rules that cannot be read have no safe substitute: to go on without them would let through what the client wants taken out.
fn redaction(get: &Get<'_>, privacy: &Privacy) -> Result<redaction::Policy, Complaint> {
    let rules = get("REDACTION_RULES").map(|text| serde_json::from_str(&text)).transpose();
    let rules = rules.map_err(|error| Complaint::NoRules { line: error.line(), column: error.column() })?;
    let settings = redaction::Settings {
        allowed_query_keys: list(get("ALLOWED_QUERY_KEYS").as_deref()),
        keeps_only_allowed: privacy.query_keys == QueryKeys::Listed,
        keeps_click_ids: privacy.click_ids == ClickIds::Keep,
        never_touch_keys: list(get("NEVER_TOUCH_KEYS").as_deref()),
        rules: rules.unwrap_or_default(),
    };
    redaction::Policy::new(settings).map_err(Complaint::Redaction)
}

fn rates(get: &Get<'_>, complaints: &mut Vec<Complaint>) -> Rates {
    let mut number = |setting: &'static str, least: u32, unless_said: u32| match get(setting).map(|text| text.parse()) {
        None => unless_said,
        Some(Ok(number)) if number >= least => number,
        Some(_) => {
            complaints.push(Complaint::NoNumber { setting, least });
            least
        }
    };
    Rates {
        // a large office behind one address: some hundred people, each with a batch every few seconds
        per_address: number("BATCHES_A_MINUTE_PER_ADDRESS", 1, 3_000),
        per_site: number("BATCHES_A_MINUTE_PER_SITE", 1, 60_000),
        new_sites: number("NEW_SITES_A_DAY", 0, 20),
    }
}

fn bots(get: &Get<'_>, complaints: &mut Vec<Complaint>) -> Bots {
    let Some(name) = get(Bots::SETTING) else { return Bots::Flag };
    Bots::named(&name).unwrap_or_else(|| {
        let known = Bots::ALL.iter().map(|(_, name, _)| *name).collect();
        complaints.push(Complaint::Unknown { setting: Bots::SETTING, known });
        Bots::Filter
    })
}

#[cfg(test)]
mod tests;
