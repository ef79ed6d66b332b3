//! What a client sets about redaction, checked before anything is redacted by it.

use serde::{Deserialize, Serialize};

use crate::click_ids::CLICK_IDS;
use crate::keys::words::{self, KeyHash};
use crate::kind::Kind;
use crate::patterns::own::{self, OwnShape};
use crate::rules::NAMES;

/// The settings as they are read from a file. Every field has a default; a field nobody knows is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Query keys whose values are not judged for looking random, and that stay when others are dropped. What is
    /// personal by its shape still goes. Those that tell of a campaign are always among them: `utm_source`, `utm_medium`,
    /// `utm_campaign`, `utm_term`, `utm_content`, `utm_id`.
    pub allowed_query_keys: Vec<String>,
    /// Whether the value of every other query key is dropped.
    pub keeps_only_allowed: bool,
    /// Whether the ids of clicks ([`CLICK_IDS`](crate::CLICK_IDS)) are allowed keys too.
    pub keeps_click_ids: bool,
    /// Keys of JSON, queries and forms whose values nothing touches, whatever is in them.
    pub never_touch_keys: Vec<String>,
    /// The client's own rules.
    pub rules: Vec<ClientRule>,
}

/// A rule of the client's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientRule {
    /// A short name of the form `[a-z][a-z0-9_]*`, for `explain`.
    pub name: String,
    /// What the rule takes its finds for.
    pub kind: Kind,
    /// Words of keys, in any naming style, whose values are of that kind: `membership no` is in `userMembershipNo`.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What such data looks like: `#` is a digit, `?` a letter, `*` a letter or digit, `\` makes the next character
    /// itself, and everything else is itself: `AB-######`. It is looked for between other characters than letters and digits.
    #[serde(default)]
    pub shapes: Vec<String>,
}

/// Why settings are refused: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct PolicyError {
    /// The field, with the place in its list from 0: `rules[1].shapes[0]`.
    pub field: String,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A key without a letter.
    #[error("holds no word")]
    NoWord,
    /// A key or a shape of more than 64 characters.
    #[error("longer than 64 characters")]
    TooLong,
    /// A list of more entries than so many.
    #[error("more than {0} entries")]
    TooMany(usize),
    /// A name that is not of the form `[a-z][a-z0-9_]*` with at most 40 characters.
    #[error("must match [a-z][a-z0-9_]*, with at most 40 characters")]
    BadName,
    /// The name of another rule.
    #[error("names another rule")]
    NameTaken,
    /// A rule with neither keys nor shapes.
    #[error("has neither keys nor shapes")]
    Empty,
    /// A shape that would be found everywhere.
    #[error("shorter than 4 characters, or without a digit or two characters of its own")]
    TooVague,
    /// A shape that ends in the middle of an escape, or begins or ends with neither letter nor digit.
    #[error("must begin and end with a letter or digit, or what stands for one")]
    BadShape,
    /// Words of a rule of the client's own that are in a key which is never to be touched: one of the two would be
    /// silent.
    #[error("is in a key that is never to be touched")]
    Contradiction,
    /// A kind that only the list of allowed keys gives.
    #[error("is not a kind for rules")]
    BadKind,
}

/// As many entries has a list at most.
const ENTRIES: usize = 256;
/// As many rules there are at most: of a key is kept in one byte which of them names it.
const RULES: usize = 250;

/// Settings that were checked: what every function here redacts by. The default changes nothing about the built-in rules.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub(crate) keeps_only_allowed: bool,
    allowed: Vec<KeyHash>,
    never: Vec<KeyHash>,
    rules: Vec<OwnRule>,
    /// Whether any rule has shapes.
    pub(crate) has_shapes: bool,
}

/// A rule of the client's, ready for use.
#[derive(Clone, Debug)]
pub(crate) struct OwnRule {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    keys: Vec<Vec<u32>>,
    pub(crate) shapes: Vec<OwnShape>,
}

impl Policy {
    /// Checks `settings`.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn new(settings: Settings) -> Result<Self, PolicyError> {
        let keys = |field: &str, keys: &[String]| {
            let hash = |(place, key): (usize, &String)| {
                check_key(&format!("{field}[{place}]"), key).map(|()| KeyHash::of(key))
            };
            check_count(field, keys.len(), ENTRIES)
                .and_then(|()| keys.iter().enumerate().map(hash).collect::<Result<Vec<_>, _>>())
        };
        let mut allowed = keys("allowed_query_keys", &settings.allowed_query_keys)?;
        if settings.keeps_click_ids {
            allowed.extend(CLICK_IDS.iter().map(|name| KeyHash::of(name)));
        }
        let never = keys("never_touch_keys", &settings.never_touch_keys)?;
        let never_words: Vec<_> = settings.never_touch_keys.iter().map(|key| words_of(key)).collect();
        check_count("rules", settings.rules.len(), RULES)?;
        let mut rules: Vec<OwnRule> = Vec::with_capacity(settings.rules.len());
        for (place, rule) in settings.rules.into_iter().enumerate() {
            let field = |name: &str| format!("rules[{place}].{name}");
            check_name(&rule.name)
                .and_then(|()| {
                    let is_taken =
                        NAMES.contains(&rule.name.as_str()) || rules.iter().any(|known| known.name == rule.name);
                    if is_taken { Err(Reason::NameTaken) } else { Ok(()) }
                })
                .map_err(|reason| error(field("name"), reason))?;
            if rule.kind == Kind::Unlisted {
                return Err(error(field("kind"), Reason::BadKind));
            }
            if rule.keys.is_empty() && rule.shapes.is_empty() {
                return Err(error(format!("rules[{place}]"), Reason::Empty));
            }
            keys(&field("keys"), &rule.keys)?;
            let of_keys: Vec<_> = rule.keys.iter().map(|key| words_of(key)).collect();
            let is_untouched = |words: &Vec<u32>| never_words.iter().any(|never| holds(never, words));
            if let Some(key) = of_keys.iter().position(is_untouched) {
                return Err(error(format!("{}[{key}]", field("keys")), Reason::Contradiction));
            }
            check_count(&field("shapes"), rule.shapes.len(), ENTRIES)?;
            let shapes = rule.shapes.iter().enumerate().map(|(shape, text)| {
                OwnShape::read(text).map_err(|reason| error(format!("{}[{shape}]", field("shapes")), reason))
            });
            let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
            rules.push(OwnRule { keys: of_keys, name: rule.name, kind: rule.kind, shapes });
        }
        let has_shapes = rules.iter().any(|rule| !rule.shapes.is_empty());
        Ok(Self { keeps_only_allowed: settings.keeps_only_allowed, allowed, never, rules, has_shapes })
    }

    /// Whether no key has to be looked up.
    pub(crate) fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.never.is_empty() && self.rules.is_empty()
    }

    pub(crate) fn never_touches(&self, key: KeyHash) -> bool {
        self.never.contains(&key)
    }

    pub(crate) fn allows(&self, key: KeyHash) -> bool {
        self.allowed.contains(&key)
    }

    /// The place of the first rule that names words of `key`, from 1.
    pub(crate) fn rule_of_key(&self, key: &str) -> u8 {
        if self.rules.is_empty() {
            return 0;
        }
        let words = words_of(key);
        let place = self.rules.iter().position(|rule| rule.keys.iter().any(|told| holds(&words, told)));
        place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or_default()
    }

    pub(crate) fn own_rule(&self, place: u8) -> Option<&OwnRule> {
        self.rules.get(usize::from(place).checked_sub(1)?)
    }

    /// What the client's shapes find at `at`.
    pub(crate) fn own_shape(&self, text: &str, at: usize) -> Option<crate::span::Found<'_>> {
        self.rules.iter().find_map(|rule| {
            let range = rule.shapes.iter().find_map(|shape| own::find(shape, text, at))?;
            Some((range, rule.kind, rule.name.as_str()))
        })
    }
}

/// Whether `words` has `told` among them, in a row.
fn holds(words: &[u32], told: &[u32]) -> bool {
    words.windows(told.len()).any(|found| found == told)
}

fn words_of(key: &str) -> Vec<u32> {
    let mut hashes = Vec::new();
    words::each(key, true, |word| hashes.push(word.hash));
    hashes
}

fn error(field: String, reason: Reason) -> PolicyError {
    PolicyError { field, reason }
}

fn check_count(field: &str, count: usize, most: usize) -> Result<(), PolicyError> {
    if count > most { Err(error(field.to_owned(), Reason::TooMany(most))) } else { Ok(()) }
}

fn check_key(field: &str, key: &str) -> Result<(), PolicyError> {
    if key.chars().count() > 64 {
        return Err(error(field.to_owned(), Reason::TooLong));
    }
    if words_of(key).is_empty() { Err(error(field.to_owned(), Reason::NoWord)) } else { Ok(()) }
}

fn check_name(name: &str) -> Result<(), Reason> {
    let is_good = name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_good { Ok(()) } else { Err(Reason::BadName) }
}
