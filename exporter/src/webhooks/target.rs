//! Where messages go, taken apart and checked as far as it can be before anything is resolved.

use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;

use super::address::is_public;

/// A receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it is https.
    pub is_secure: bool,
    /// Name or address, an IPv6 one without brackets.
    pub host: String,
    /// As named, or the scheme's.
    pub port: u16,
    /// What stands in the header `host`.
    pub authority: String,
    /// Path and query.
    pub path: String,
    loopback: Option<SocketAddr>,
}

impl Target {
    /// The receiver that a URL names; `loopback` is the one address of this machine that it may name all the same.
    ///
    /// # Errors
    /// Why it may not be one.
    pub fn parse(url: &str, loopback: Option<SocketAddr>) -> Result<Self, &'static str> {
        const SHAPE: &str = "must be an https URL without user and password";
        let uri: Uri = url.parse().map_err(|_| SHAPE)?;
        let (scheme, authority) = (uri.scheme_str().ok_or(SHAPE)?, uri.authority().ok_or(SHAPE)?);
        if authority.as_str().contains('@') {
            return Err(SHAPE);
        }
        let is_secure = scheme == "https";
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = match (authority.port_u16(), scheme) {
            (Some(port), _) => port,
            (None, "https") => 443,
            (None, _) => 80,
        };
        let target = Self {
            is_secure,
            host,
            port,
            authority: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
            loopback,
        };
        let literal: Option<IpAddr> = target.host.parse().ok();
        if literal.is_some_and(|ip| target.loopback == Some(SocketAddr::new(ip, target.port))) {
            return if matches!(scheme, "https" | "http") { Ok(target) } else { Err(SHAPE) };
        }
        if !is_secure {
            return Err(SHAPE);
        }
        if literal.is_some_and(|ip| !is_public(ip)) {
            return Err("must name a public address");
        }
        Ok(target)
    }

    /// Whether a connection for it may be made to `address`.
    #[must_use]
    pub fn allows(&self, address: SocketAddr) -> bool {
        is_public(address.ip()) || self.is_loopback(address)
    }

    /// The loopback address counts only where the URL itself names it: no other name may resolve to it.
    fn is_loopback(&self, address: SocketAddr) -> bool {
        self.loopback == Some(address) && self.host.parse() == Ok(address.ip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https_or_the_named_loopback_is_a_receiver() {
        let loopback = Some("127.0.0.1:9000".parse().expect("an address"));
        for (url, good) in [
            ("https://billing.example.com/hooks?x=1", true),
            ("https://1.1.1.1/", true),
            ("https://[2606:4700::1]:8443/", true),
            ("http://127.0.0.1:9000/hooks", true),
            ("https://127.0.0.1:9000/hooks", true),
            ("http://127.0.0.1:9001/", false),
            ("http://localhost:9000/", false),
            ("http://billing.example.com/", false),
            ("https://127.0.0.1/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:169.254.169.254]/", false),
            ("https://10.0.0.1/", false),
            ("https://user:password@example.com/", false),
            ("ftp://example.com/", false),
            ("file:///etc/passwd", false),
            ("gopher://127.0.0.1:9000/", false),
            ("/hooks", false),
            ("", false),
        ] {
            assert_eq!(Target::parse(url, loopback).is_ok(), good, "{url}");
        }
        assert!(Target::parse("http://127.0.0.1:9000/", None).is_err());
    }

    #[test]
    fn a_name_that_resolves_to_the_loopback_is_still_refused() {
        let loopback = "127.0.0.1:9000".parse().expect("an address");
        let named = Target::parse("https://rebound.example.com:9000/", Some(loopback)).expect("good so far");
        assert!(!named.allows(loopback));
        assert!(named.allows("1.1.1.1:9000".parse().expect("an address")));
        let literal = Target::parse("http://127.0.0.1:9000/", Some(loopback)).expect("named");
        assert!(literal.allows(loopback));
        assert!(!literal.allows("127.0.0.1:9001".parse().expect("an address")));
    }
}
