//! The parts of an address (URL). Browsers have resolved and normalised it before, so it is cut and never changed. A full
//! parser would bring the tables of international names, and make the Worker larger by a quarter.

use std::borrow::Cow;

/// An absolute address in parts that borrow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) scheme: &'a str,
    /// Without user, password and port; never empty.
    pub(crate) host: &'a str,
    /// With its colon; empty when there is none.
    port: &'a str,
    path: &'a str,
    /// Without its mark.
    query: &'a str,
    /// Without its mark.
    fragment: &'a str,
}

impl<'a> Address<'a> {
    /// Reads `scheme://host…`; `None` for anything else.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, tail) = split(rest, rest.find(['/', '\\', '?', '#']));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // the colons of an IPv6 address stand in brackets
        let colon = authority.rfind(':').filter(|at| authority.rfind(']').is_none_or(|bracket| bracket < *at));
        let (host, port) = split(authority, colon);
        let (rest, fragment) = tail.split_once('#').unwrap_or((tail, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_of_host = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.[]:".contains(c);
        let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let is_good = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(is_of_scheme)
            && !host.is_empty()
            && host.chars().all(is_of_host);
        is_good.then_some(Self { scheme, host, port, path, query, fragment })
    }

    /// Reads the address of a web page.
    pub(crate) fn web(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(Self::is_web)
    }

    pub(crate) fn is_web(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("https") || self.scheme.eq_ignore_ascii_case("http")
    }

    /// In lower case, without the root's dot (RFC 1034, 3.1).
    pub(crate) fn plain_host(&self) -> String {
        self.host.strip_suffix('.').unwrap_or(self.host).to_ascii_lowercase()
    }

    /// As a browser names it in the header `Origin`.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}{}", self.scheme.to_ascii_lowercase(), self.host, self.port)
    }

    /// Path and query: what stands behind the origin, without the fragment.
    pub(crate) fn target(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { self.path };
        if self.query.is_empty() { path.to_owned() } else { format!("{path}?{}", self.query) }
    }

    /// The path, with the route of a single-page app that keeps it behind the `#`.
    pub(crate) fn path(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { self.path };
        let is_route = self.fragment.starts_with(['/', '!']);
        match self.fragment.split(['?', '&']).next().filter(|_| is_route) {
            Some(route) => format!("{path}#{route}"),
            None => path.to_owned(),
        }
    }

    /// Every parameter, decoded: those of the query, then those that single-page apps and some links keep behind the `#`.
    pub(crate) fn parameters(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let behind_the_hash = match self.fragment.split_once('?') {
            Some((_, query)) => query,
            None if self.fragment.starts_with(['/', '!']) => "",
            None => self.fragment,
        };
        let decode = |query: &'a str| form_urlencoded::parse(query.as_bytes());
        decode(self.query).chain(decode(behind_the_hash)).collect()
    }
}

/// The text before `at` and from it on.
fn split(text: &str, at: Option<usize>) -> (&str, &str) {
    at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts() {
        let address = Address::parse("https://jane:pw@Shop.example.:8443/a/b?x=1&y=%20#top").expect("an address");
        assert_eq!(address.plain_host(), "shop.example");
        assert_eq!(address.origin(), "https://Shop.example.:8443");
        assert_eq!((address.path().as_str(), address.target().as_str()), ("/a/b", "/a/b?x=1&y=%20"));
        let pair = |name: &'static str, value: &'static str| (Cow::from(name), Cow::from(value));
        assert_eq!(address.parameters(), [pair("x", "1"), pair("y", " "), pair("top", "")]);
        let host = |text: &'static str| Address::parse(text).map(|address| address.host);
        assert_eq!(host("https://[::1]:80/"), Some("[::1]"));
        assert_eq!(host("https://[::1]"), Some("[::1]"));
        assert_eq!(host("https://a.example\\@b.example/"), Some("a.example"));
        assert_eq!(host("android-app://com.example"), Some("com.example"));
        assert_eq!(Address::parse("https://a.example?x").map(|address| address.path()), Some("/".to_owned()));
    }

    #[test]
    fn what_names_no_host_is_none() {
        for text in
            ["", "a.example", "//a.example", "https://", "https:///a", "://a", "mailto:a@b", "https://a b/", "1://a"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(Address::web("android-app://com.example"), None);
    }

    #[test]
    fn a_route_behind_the_hash_belongs_to_the_path() {
        let path = |text: &'static str| Address::parse(text).map(|address| address.path()).unwrap_or_default();
        assert_eq!(path("https://a.example/#/cart?id=1"), "/#/cart");
        assert_eq!(path("https://a.example/x#!/cart"), "/x#!/cart");
        assert_eq!(path("https://a.example/x?y#section"), "/x");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,5}(://)?[a-zé@:/?#\\[\\]\\\\ %=&.]{0,30}") {
            if let Some(address) = Address::parse(&text) {
                let again = format!("{}{}", address.origin(), address.target());
                let read = Address::parse(&again).expect("still an address");
                prop_assert_eq!((read.host, read.port, read.query), (address.host, address.port, address.query));
                let _ = (address.path(), address.parameters());
            }
        }
    }
}
