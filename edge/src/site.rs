//! Which site a request comes from: what its `Origin` says, not what its body claims.

/// The hostname in `origin`, without `www.`; `None` for a missing, opaque or odd origin.
#[must_use]
pub fn of_origin(origin: &str) -> Option<String> {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let host = match authority.split_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        Some(_) => return None,
        None => authority,
    };
    // the root's dot (RFC 1034, 3.1) names the same host
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return None;
    }
    Some(host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(&host).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_its_hostname() {
        for (origin, site) in [
            ("https://www.Example.com", Some("example.com")),
            ("http://localhost:3000", Some("localhost")),
            ("https://shop.example.co.uk", Some("shop.example.co.uk")),
            ("https://www.com", Some("www.com")),
            ("https://example.com.", Some("example.com")),
            ("https://.", None),
            ("https://127.0.0.1:8443", Some("127.0.0.1")),
            ("null", None),
            ("", None),
            ("file://", None),
            ("https://", None),
            ("chrome-extension://abcdef", None),
            ("https://a..b", None),
            ("https://example.com/path", None),
            ("https://user@example.com", None),
            ("https://example.com:x", None),
        ] {
            assert_eq!(of_origin(origin).as_deref(), site, "{origin}");
        }
    }
}
