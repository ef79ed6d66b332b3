//! Whose batches an installation takes: everybody's who sends some, or those of a list.

/// The list of sites; empty for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sites(Vec<String>);

impl Sites {
    /// Reads hostnames with commas between them; `*.` before one stands for every name below it. `None` when one of them
    /// is none.
    #[must_use]
    pub fn read(setting: Option<&str>) -> Option<Self> {
        let hosts = crate::list(setting);
        let hosts: Vec<String> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let is_host = |host: &String| host.strip_prefix("*.").unwrap_or(host).split('.').all(is_label);
        hosts.iter().all(is_host).then_some(Self(hosts))
    }

    /// Whether every site is taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the batches of `site`, a hostname without `www.`, are taken.
    #[must_use]
    pub fn takes(&self, site: &str) -> bool {
        let is_named = |host: &String| match host.strip_prefix("*.") {
            Some(parent) => site.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            None => host.strip_prefix("www.").unwrap_or(host) == site || host == site,
        };
        self.is_open() || self.0.iter().any(is_named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_takes_what_it_names() {
        let sites = Sites::read(Some("shop.example, *.bank.example,WWW.other.example")).expect("a list");
        for (site, taken) in [
            ("shop.example", true),
            ("a.shop.example", false),
            ("ashop.example", false),
            ("login.bank.example", true),
            ("a.b.bank.example", true),
            ("bank.example", false),
            (".bank.example", false),
            ("evilbank.example", false),
            ("bank.example.evil.example", false),
            ("other.example", true),
            ("", false),
        ] {
            assert_eq!(sites.takes(site), taken, "{site}");
        }
        assert!(!sites.is_open());
    }

    #[test]
    fn no_list_takes_all_and_a_wrong_one_is_none() {
        assert!(Sites::read(None).expect("none").takes("anything.example"));
        for wrong in ["https://shop.example", "*", "a b", "shop.example/path", "a..b", "*.", "sh*p.example"] {
            assert_eq!(Sites::read(Some(wrong)), None, "{wrong}");
        }
    }
}
