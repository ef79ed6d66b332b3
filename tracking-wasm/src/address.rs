//! What an address (URL) says, and what of it may leave the page. The browser has resolved and normalised it before.

use crate::telling::is_telling;
use crate::text::{before, cut, cut_last, is_listed, push_all};

/// Parameters that carry the id of a click or of a visitor, in lower case: that they are there says enough.
const CLICK_IDS: &str = "gclid gbraid wbraid dclid fbclid msclkid ttclid twclid li_fat_id epik sccid rdt_cid yclid ysclid \
    igshid srsltid mc_eid mkt_tok _hsenc _hsmi _kx _ga _gl vero_id oly_enc_id oly_anon_id";

/// An address in parts that borrow from it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Address<'a> {
    /// Without its colon; empty when the text is no absolute address.
    pub(crate) scheme: &'a str,
    /// Without user, password and port.
    pub(crate) host: &'a str,
    /// With its colon.
    port: &'a str,
    /// Path, query and fragment.
    tail: &'a str,
}

impl<'a> Address<'a> {
    pub(crate) fn parse(url: &'a str) -> Self {
        let (scheme, rest) = cut(url, b':').unwrap_or(("", ""));
        let Some(rest) = rest.strip_prefix("//") else { return Self { scheme, ..Self::default() } };
        let (authority, tail) = before(rest, b"/?#\\");
        let authority = cut_last(authority, b'@').map_or(authority, |(_, after)| after);
        // the colons of an IPv6 address stand in brackets
        let port_at = authority.bytes().rposition(|byte| byte == b':' || byte == b']');
        let (host, port) = authority.split_at_checked(port_at.unwrap_or(authority.len())).unwrap_or_default();
        let (host, port) = if port.starts_with(':') { (host, port) } else { (authority, "") };
        Self { scheme, host, port, tail }
    }

    /// The path, with the route of a single-page app that keeps it behind the `#`.
    pub(crate) fn path(&self) -> String {
        let (rest, fragment) = before(self.tail, b"#");
        let path = before(rest, b"?").0;
        let mut path = String::from(if path.is_empty() { "/" } else { path });
        if fragment.starts_with("#/") || fragment.starts_with("#!") {
            path.push_str(before(fragment, b"?&").0);
        }
        path
    }

    /// The address without user and password and without the value of any parameter that tells what it is, or is the id
    /// of a click. Of an address that names no host (`mailto:`, `tel:`, `data:`) only the scheme is left.
    pub(crate) fn cleaned(&self) -> String {
        let mut clean = String::from(self.scheme);
        if self.host.is_empty() && self.tail.is_empty() {
            if !clean.is_empty() {
                clean.push(':');
            }
            return clean;
        }
        let (path, mut rest) = before(self.tail, b"?#");
        push_all(&mut clean, &["://", self.host, self.port, path]);
        while let Some((mark, after)) = rest.split_at_checked(1) {
            let (pair, next) = before(after, b"?#&");
            clean.push_str(mark);
            match cut(pair, b'=') {
                Some((key, value)) if is_telling(key) || is_click_id(key) || holds_at(value) => {
                    push_all(&mut clean, &[key, "="]);
                }
                _ => clean.push_str(pair),
            }
            rest = next;
        }
        clean
    }

    /// Whether this is the same site as `other`: the same host or one below it, `www.` aside.
    pub(crate) fn is_same_site(&self, other: &Address<'_>) -> bool {
        let (own, other) = (without_www(self.host), without_www(other.host));
        !own.is_empty() && !other.is_empty() && (is_under(own, other) || is_under(other, own))
    }
}

/// Whether `host` is `suffix` or ends in `.suffix`; `notgoogle.com` is not under `google.com`.
pub(crate) fn is_under(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether the parameter names a click or a visitor to an advertiser or a sender of mail.
fn is_click_id(key: &str) -> bool {
    is_listed(CLICK_IDS, &key.to_ascii_lowercase())
}

/// What looks like the sign inside an email address, also percent-encoded.
fn holds_at(value: &str) -> bool {
    value.bytes().any(|byte| byte == b'@') || value.as_bytes().windows(3).any(|window| window == b"%40")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(url: &str) -> String {
        Address::parse(url).cleaned()
    }

    #[test]
    fn parts() {
        let address = Address::parse("https://jane:pw@shop.example:8443/a/b?x=1#top");
        assert_eq!((address.scheme, address.host, address.port), ("https", "shop.example", ":8443"));
        assert_eq!(address.path(), "/a/b");
        assert_eq!(Address::parse("https://[::1]:80/").host, "[::1]");
        assert_eq!(Address::parse("https://[::1]/").host, "[::1]");
        assert_eq!(Address::parse("no address").host, "");
        assert_eq!(Address::parse("https://shop.example").path(), "/");
    }

    #[test]
    fn a_route_behind_the_hash_belongs_to_the_path() {
        assert_eq!(Address::parse("https://a.example/#/cart?id=1").path(), "/#/cart");
        assert_eq!(Address::parse("https://a.example/x#!/cart").path(), "/x#!/cart");
        assert_eq!(Address::parse("https://a.example/x?y#section").path(), "/x");
    }

    #[test]
    fn credentials_and_telling_values_stay_on_the_page() {
        assert_eq!(cleaned("https://jane:pw@a.example/x"), "https://a.example/x");
        assert_eq!(
            cleaned("https://a.example/?email=j%40e.example&page=2&q=j@e.example"),
            "https://a.example/?email=&page=2&q="
        );
        assert_eq!(cleaned("https://a.example/#access_token=abc&state=1"), "https://a.example/#access_token=&state=1");
        assert_eq!(cleaned("https://a.example/#/login?resetToken=abc"), "https://a.example/#/login?resetToken=");
        assert_eq!(cleaned("mailto:jane@example.org"), "mailto:");
        assert_eq!(cleaned("tel:+4912345"), "tel:");
        assert_eq!(cleaned(""), "");
    }

    #[test]
    fn of_a_click_id_only_the_name_leaves_the_page() {
        assert_eq!(
            cleaned("https://a.example/?gclid=Cj0abc&utm_source=google&fbclid=IwAR0x#/x?ScCid=7&li_fat_id=a-b"),
            "https://a.example/?gclid=&utm_source=google&fbclid=#/x?ScCid=&li_fat_id="
        );
        assert_eq!(
            cleaned("https://a.example/?_ga=2.1.3&_gl=1*x&mc_eid=ab&yclid=1"),
            "https://a.example/?_ga=&_gl=&mc_eid=&yclid="
        );
        assert_eq!(cleaned("https://a.example/?gclid&ga=1&clid=2"), "https://a.example/?gclid&ga=1&clid=2");
    }

    #[test]
    fn a_site_and_what_is_below_it_are_one() {
        let same = |a, b| Address::parse(a).is_same_site(&Address::parse(b));
        assert!(same("https://www.a.example/", "https://a.example/x"));
        assert!(same("https://shop.a.example/", "https://a.example/"));
        assert!(!same("https://nota.example/", "https://a.example/"));
        assert!(!same("https://a.example/", ""));
    }

    proptest! {
        #[test]
        fn an_address_without_telling_parts_is_kept(url in "https://[a-z]{1,9}\\.example(:[0-9]{1,4})?(/[a-z]{0,5}){0,3}(\\?[xyz]=[0-9]{0,4}(&z=%20)?)?(#[a-z]{0,4})?") {
            prop_assert_eq!(cleaned(&url), url);
        }

        #[test]
        fn cleaning_never_fails_and_is_stable(url in any::<String>()) {
            let once = cleaned(&url);
            prop_assert_eq!(cleaned(&once), once);
        }
    }
}
