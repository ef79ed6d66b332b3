//! Parts of an address. It comes from the browser, absolute and in its canonical form, as the inside of a JSON string.

use crate::text::{Id, Memory, before, find, from};

/// The host with its port; empty for anything but `http` and `https`.
pub(crate) fn host(url: &[u8]) -> &[u8] {
    before(after_scheme(url), b'/')
}

/// What an address with a host has behind `://`, where its first slashes are.
#[inline(never)]
fn after_scheme(url: &[u8]) -> &[u8] {
    if url.starts_with(b"http") { from(url, find(url, b'/') + 2) } else { b"" }
}

/// The path, without query and fragment.
pub(crate) fn path(url: &[u8]) -> &[u8] {
    let rest = after_scheme(url);
    before(before(from(rest, find(rest, b'/')), b'?'), b'#')
}

/// Appends the path, and with it the route that some applications keep in the fragment: `#/…` or `#!…`, without its query.
pub(crate) fn put_route(m: &mut Memory, out: Id, url: &[u8]) {
    m.put(out, path(url));
    let fragment = from(url, find(url, b'#'));
    if fragment.starts_with(b"#/") || fragment.starts_with(b"#!") {
        m.put(out, before(before(fragment, b'?'), b'&'));
    }
}

/// Whether both are on one host, or one on a host below the other's; `www.` does not count.
pub(crate) fn is_same_site(url: &[u8], other: &[u8]) -> bool {
    let name = |url| {
        let host = before(host(url), b':');
        host.strip_prefix(b"www.").unwrap_or(host)
    };
    let (one, other) = (name(url), name(other));
    is_under(one, other) || is_under(other, one)
}

fn is_under(host: &[u8], parent: &[u8]) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::OUT;

    #[test]
    fn routes() {
        for (url, expected) in [
            ("https://a.example/", "/"),
            ("https://a.example/b/c?d=/e#f", "/b/c"),
            ("https://a.example:8080/b#/c?d#e", "/b#/c"),
            ("https://a.example/#!c&d", "/#!c"),
            ("about:blank", ""),
        ] {
            let mut m = Box::new(Memory::NEW);
            put_route(&mut m, OUT, url.as_bytes());
            assert_eq!(m.text(OUT), expected.as_bytes());
        }
        assert_eq!(host(b"https://a.example:8080/b"), b"a.example:8080");
        assert_eq!(host(b"mailto:x"), b"");
        assert_eq!((host(b"https://a.example"), path(b"https://a.example")), (&b"a.example"[..], &b""[..]));
    }

    #[test]
    fn a_site_and_what_is_below_it_are_one() {
        let same = |one: &str, other: &str| is_same_site(one.as_bytes(), other.as_bytes());
        assert!(same("https://www.a.example/", "http://a.example:8080/x"));
        assert!(same("https://shop.a.example/", "https://a.example/"));
        assert!(same("https://a.example/", "https://shop.a.example/"));
        assert!(!same("https://nota.example/", "https://a.example/"));
    }
}
