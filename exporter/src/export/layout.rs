//! Where objects are in a bucket: folders by a template, and a name that no other object has.
//!
//! Of what a visitor sent only the site may become part of a key, encoded so that it can neither leave its folder nor
//! meet another site.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wire::signature::hex;

/// What a template may name.
const PLACEHOLDERS: [&str; 7] = ["format", "date", "hour", "year", "month", "day", "site"];
/// Longer sites are cut: a key has at most 1,024 bytes.
const SITE_BYTES: usize = 200;
/// Bytes of a template, which leave room for the site, the destination's prefix and the object's name.
const TEMPLATE_BYTES: usize = 300;

/// The template of the folders between a destination's prefix and an object's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Layout(String);

/// What a template's placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `parquet`, `jsonl` or `csv`.
    pub format: &'a str,
    /// The hour of arrival.
    pub hour: DateTime<Utc>,
    /// The site, for layouts that have objects for each.
    pub site: &'a str,
}

impl Layout {
    /// A template, not checked yet.
    #[must_use]
    pub fn new(template: impl Into<String>) -> Self {
        Self(template.into())
    }

    /// # Errors
    /// Why it is no template: the rest of a sentence that begins with the setting.
    pub fn check(&self) -> Result<(), String> {
        if self.0.len() > TEMPLATE_BYTES {
            return Err(format!("must have at most {TEMPLATE_BYTES} characters"));
        }
        if self.fixed_start().is_empty() {
            return Err(
                "must begin with a fixed text, by which objects are found again, such as format={format}".to_owned()
            );
        }
        for folder in self.0.split('/') {
            let mut rest = folder;
            let mut fixed = String::new();
            while let Some((before, after)) = rest.split_once('{') {
                let name = after.split_once('}').map(|(name, after)| {
                    rest = after;
                    name
                });
                if !name.is_some_and(|name| PLACEHOLDERS.contains(&name)) {
                    return Err(format!("may hold only the placeholders {{{}}}", PLACEHOLDERS.join("}, {")));
                }
                fixed.push_str(before);
            }
            fixed.push_str(rest);
            if !fixed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'-' | b'_' | b'.')) {
                return Err("may hold only letters, digits, = - _ . / and placeholders".to_owned());
            }
            if folder.bytes().all(|b| b == b'.') {
                return Err("must be folders with names, one slash between two".to_owned());
            }
        }
        if ["manifests", "probe"].contains(&self.0.split('/').next().unwrap_or_default()) {
            return Err("must not begin with manifests or probe: those folders hold something else".to_owned());
        }
        Ok(())
    }

    /// Whether there are objects for each site.
    #[must_use]
    pub fn is_by_site(&self) -> bool {
        self.0.contains("{site}")
    }

    /// What all keys of this layout have in common, below the prefix.
    #[must_use]
    pub fn fixed_start(&self) -> &str {
        self.0.split('{').next().unwrap_or_default()
    }

    /// The folders of an object, with a slash at the end.
    #[must_use]
    pub fn folders(&self, place: &Place<'_>) -> String {
        let date = |format: &str| place.hour.format(format).to_string();
        let mut folders = self.0.clone();
        for placeholder in PLACEHOLDERS {
            let value = match placeholder {
                "format" => place.format.to_owned(),
                "date" => date("%Y-%m-%d"),
                "hour" => date("%H"),
                "year" => date("%Y"),
                "month" => date("%m"),
                "day" => date("%d"),
                _ => encoded(place.site),
            };
            // An encoded site has no brace: nothing that was put in is taken for a placeholder.
            folders = folders.replace(&format!("{{{placeholder}}}"), &value);
        }
        folders.push('/');
        folders
    }
}

/// A site as part of a folder's name: letters, digits, `-`, `_` and inner dots as they are, all other bytes as `%XX`, as
/// Hive writes and reads partitions. Two sites are never encoded alike.
#[must_use]
pub fn encoded(site: &str) -> String {
    if site.is_empty() {
        // No site holds it: ingest refuses NUL.
        return "%00".to_owned();
    }
    let mut encoded = String::new();
    for (at, byte) in site.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => encoded.push(char::from(byte)),
            b'.' if at > 0 => encoded.push('.'),
            // Writing to a text cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    if encoded.len() > SITE_BYTES {
        // `~` is in no other encoded site.
        encoded.truncate(SITE_BYTES);
        encoded.push('~');
        encoded.push_str(&hex(&Sha256::digest(site.as_bytes())));
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(site: &str) -> Place<'_> {
        Place { format: "parquet", hour: "2026-11-22T09:00:00Z".parse().expect("a time"), site }
    }

    #[test]
    fn folders_are_what_readers_rely_on() {
        for (template, folders) in [
            ("format={format}/date={date}/hour={hour}", "format=parquet/date=2026-11-22/hour=09/"),
            ("events/{year}/{month}/{day}", "events/2026/11/22/"),
            ("events/site={site}/x-{format}", "events/site=a.example%2F..%2Fb/x-parquet/"),
        ] {
            let layout = Layout::new(template);
            assert_eq!(layout.folders(&place("a.example/../b")), folders);
        }
    }

    #[test]
    fn a_template_is_checked() {
        for good in ["format={format}/date={date}/hour={hour}", "e/{site}/d{date}", "a"] {
            assert_eq!(Layout::new(good).check(), Ok(()), "{good}");
        }
        for bad in
            ["", "{format}/x", "/a", "a/", "a//b", "a/../b", "a/{sites}", "a/{", "a/}", "a b", "manifests/x", "a\u{fc}"]
        {
            assert!(Layout::new(bad).check().is_err(), "{bad}");
        }
        assert!(Layout::new(format!("a{}", "b".repeat(TEMPLATE_BYTES))).check().is_err());
    }

    proptest! {
        #[test]
        fn a_site_stays_in_its_folder(site in any::<String>()) {
            let folders = Layout::new("e/site={site}").folders(&place(&site));
            let rest = folders.strip_prefix("e/site=").and_then(|it| it.strip_suffix('/')).expect("one folder");
            prop_assert!(!rest.is_empty() && rest.len() < 300);
            prop_assert!(rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.%~".contains(&b)), "{rest}");
            prop_assert!(!rest.starts_with('.'));
        }

        #[test]
        fn two_sites_are_two_folders(a in "[a.%/~ü]{0,6}", b in "[a.%/~ü]{0,6}") {
            prop_assert_eq!(encoded(&a) == encoded(&b), a == b);
        }
    }

    #[test]
    fn a_long_site_is_told_from_others() {
        let (a, b) = ("a".repeat(1000), "a".repeat(1001));
        assert_ne!(encoded(&a), encoded(&b));
    }
}
