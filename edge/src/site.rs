//! Which host a request comes from: what its `Origin` says, not what its body claims.
//! [`edge_settings::Sites::site`] tells the site that it is.

/// The whole hostname in `origin`, in lower case; `None` for a missing, opaque or odd origin.
#[must_use]
pub fn host(origin: &str) -> Option<String> {
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
    Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_names_a_host() {
        for (origin, named) in [
            ("https://www.Example.com", Some("www.example.com")),
            ("http://localhost:3000", Some("localhost")),
            ("https://shop.example.co.uk", Some("shop.example.co.uk")),
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
            assert_eq!(host(origin).as_deref(), named, "{origin}");
        }
    }
}
