//! Whose batches an installation takes: everybody's who sends some, or those of a list; and which site a hostname is.

/// The list of sites; `None` for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sites(Option<Vec<String>>);

impl Sites {
    /// Reads hostnames with commas between them; `*.` before one stands for every name below it. `None` when one of them
    /// is none, or a list names nobody.
    #[must_use]
    pub fn read(setting: Option<&str>) -> Option<Self> {
        let Some(setting) = setting else { return Some(Self(None)) };
        let hosts: Vec<String> = crate::list(Some(setting)).iter().map(|host| host.to_ascii_lowercase()).collect();
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let is_host = |host: &String| host.strip_prefix("*.").unwrap_or(host).split('.').all(is_label);
        (!hosts.is_empty() && hosts.iter().all(is_host)).then_some(Self(Some(hosts)))
    }

    /// Whether every site is taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// The site that `host` is: the hostname without `www.`. `None` when its batches are not taken. The list is asked for
    /// the whole hostname: `www.bank.example` is below `*.bank.example`, and `bank.example` is not.
    #[must_use]
    pub fn site<'a>(&self, host: &'a str) -> Option<&'a str> {
        let site = without_www(host);
        let is_named = |named: &String| match named.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            None => without_www(named) == site,
        };
        self.0.as_ref().is_none_or(|named| named.iter().any(is_named)).then_some(site)
    }
}

/// `www.com` is a name of its own.
fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_takes_what_it_names() {
        let sites = Sites::read(Some("shop.example, *.bank.example,WWW.other.example,www.com")).expect("a list");
        for (host, site) in [
            ("shop.example", Some("shop.example")),
            ("www.shop.example", Some("shop.example")),
            ("a.shop.example", None),
            ("ashop.example", None),
            ("login.bank.example", Some("login.bank.example")),
            ("a.b.bank.example", Some("a.b.bank.example")),
            ("www.bank.example", Some("bank.example")),
            ("www.login.bank.example", Some("login.bank.example")),
            ("bank.example", None),
            (".bank.example", None),
            ("evilbank.example", None),
            ("bank.example.evil.example", None),
            ("other.example", Some("other.example")),
            ("www.other.example", Some("other.example")),
            ("www.www.other.example", None),
            ("www.com", Some("www.com")),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(sites.site(host), site, "{host}");
        }
        assert!(!sites.is_open());
    }

    #[test]
    fn no_list_takes_all_and_a_wrong_or_empty_one_is_none() {
        let all = Sites::read(None).expect("none");
        assert!(all.is_open() && all.site("www.anything.example") == Some("anything.example"));
        for wrong in
            ["", " ", ",", " , ", "https://shop.example", "*", "a b", "shop.example/path", "a..b", "*.", "sh*p.example"]
        {
            assert_eq!(Sites::read(Some(wrong)), None, "{wrong}");
        }
    }
}
