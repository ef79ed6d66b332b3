//! Redaction at the source: one pass over the JSON of an event or a page, whatever its keys. It takes out what is worth its bytes
//! in the page: the values of telling parameters, click ids and token-like values in addresses, and email addresses. The edge
//! has the full rules.
//!
//! The same pass makes the JSON fit to be stored: NUL and halves of surrogate pairs, which no database takes, become U+FFFD.

use wire::limits::DATA_DEPTH;

use crate::telling::is_telling;
use crate::text::{Text, after_last, before, from, has, is_listed, put, until};

/// Click ids that do not end in `clid` or `braid`.
const CLICK_IDS: &[u8] = b"li_fat_id epik igshid srsltid rdt_cid mc_eid mkt_tok _hsenc _hsmi _kx _ga _gl vero_id";
/// Shorter values are no tokens.
const TOKEN_CHARS: usize = 20;
/// Values of hexadecimal digits alone: those of hashes and keys, longer than a number or a colour.
const HEX_TOKEN_CHARS: usize = 32;

/// Appends `json`, a part of a JSON text that `JSON.stringify` wrote, without what must not leave the page. Whether objects and
/// arrays in it stay within `depth` levels.
pub(crate) fn scrub(json: &[u8], out: &mut Text, keeps_click_ids: bool) -> bool {
    let (mut rest, mut depth, mut fits, mut quoted) = (json, 1, true, false);
    // before it nothing may be taken back: a string or an escape begins there
    let mut floor = out.len();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                quoted = !quoted;
                floor = out.len() + 1;
            }
            b'\\' => {
                let digits = if after.first() == Some(&b'u') { 5 } else { 1 };
                let escape = until(after, digits);
                rest = from(after, digits);
                put(out, &[byte]);
                // JSON.stringify escapes no surrogates but single ones
                put(out, if escape == b"u0000" || escape.starts_with(b"ud") { b"ufffd" } else { escape });
                floor = out.len();
                continue;
            }
            b'{' | b'[' if !quoted => {
                depth += 1;
                fits = fits && depth <= DATA_DEPTH;
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            b'=' if quoted => {
                let key = key_of(from(out, floor));
                if !key.is_empty() {
                    let value = until(rest, length(rest, |byte| !has(b"\"&#\\ ", byte)));
                    let dropped = if is_click_id(key) {
                        !keeps_click_ids
                    } else {
                        // OAuth's codes are long, those of vouchers are not (RFC 6749, 4.1.2)
                        let is_code = key == b"code" && value.len() >= 16;
                        is_code || is_telling(key) || (is_token(value) && !key.starts_with(b"utm_"))
                    };
                    if dropped {
                        rest = from(rest, value.len());
                    }
                }
            }
            // an address inside an address
            b'%' if quoted && (rest.starts_with(b"3D") || rest.starts_with(b"3d")) => {
                let key = from(after_last(from(out, floor), b'%'), 2);
                if is_telling(key) {
                    put(out, b"%3D");
                    rest = from(rest, length(rest, |byte| !has(b"\"&#\\ ", byte)));
                    continue;
                }
            }
            b'@' | b'%' if quoted => {
                let domain = if byte == b'@' { Some(rest) } else { rest.strip_prefix(b"40") };
                if let Some(after) = domain.and_then(|domain| email(domain, out, floor)) {
                    rest = after;
                    continue;
                }
            }
            _ => {}
        }
        put(out, &[byte]);
    }
    fits
}

/// Replaces the name at the end of `out`, if `rest` is the domain of an email address, and gives what comes after it.
fn email<'a>(rest: &'a [u8], out: &mut Text, floor: usize) -> Option<&'a [u8]> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || has(b"._%+-", byte);
    let name = from(out, floor).iter().rev().take_while(|byte| is_name(**byte)).count();
    let mut domain = until(rest, length(rest, |byte| is_name(byte) && byte != b'%'));
    while let Some(shorter) = domain.strip_suffix(b".") {
        domain = shorter;
    }
    // `logo@2x.png` and `package@1.2.3` are none
    let begins = domain.first().is_some_and(|byte| !byte.is_ascii_digit());
    (name > 0 && begins && has(domain, b'.')).then(|| {
        out.truncate(out.len() - name);
        put(out, b"[email]");
        from(rest, domain.len())
    })
}

/// The name of the parameter whose `=` comes next; empty when it is none.
fn key_of(text: &[u8]) -> &[u8] {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || has(b"_-.[]%", **byte);
    let start = text.len() - text.iter().rev().take_while(is_name).count();
    let mark = start.checked_sub(1).and_then(|at| text.get(at));
    if mark.is_some_and(|mark| has(b"?&#;", *mark)) { from(text, start) } else { b"" }
}

fn is_click_id(key: &[u8]) -> bool {
    key.ends_with(b"clid") || key.ends_with(b"braid") || is_listed(CLICK_IDS, key)
}

/// Whether a value looks like a key to something: long hexadecimal digits, or long and changing between small letters, capitals and
/// digits at two of five places, which words written together do not.
fn is_token(value: &[u8]) -> bool {
    let value = before(value, b'%');
    let (mut kinds, mut last, mut changes, mut hex) = (0, 0, 0, true);
    for byte in value {
        let kind = match byte {
            b'0'..=b'9' => 1,
            b'a'..=b'z' => 2,
            b'A'..=b'Z' => 4,
            _ => 0,
        };
        kinds |= kind;
        changes += usize::from(kind != last && kind > 0);
        last = kind;
        hex = hex && byte.is_ascii_hexdigit();
    }
    (kinds == 7 && value.len() >= TOKEN_CHARS && changes * 5 >= value.len() * 2)
        || (hex && value.len() >= HEX_TOKEN_CHARS)
}

fn length(text: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_part(**byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn scrubbed(json: &str) -> String {
        let mut out = Text::<[u8; 9_999]>::NEW;
        assert!(scrub(json.as_bytes(), &mut out, false));
        String::from_utf8(out.to_vec()).expect("UTF-8")
    }

    #[test]
    fn what_tells_goes_and_the_rest_stays() {
        for (before, after) in [
            ("https://a.example/?email=jane%40b.example&page=2", "https://a.example/?email=&page=2"),
            ("https://a.example/?q=jane@b.example#x", "https://a.example/?q=[email]#x"),
            ("https://a.example/?q=jane%40b.example", "https://a.example/?q=[email]"),
            ("/?gclid=Cj0abc&utm_source=x&fbclid=1", "/?gclid=&utm_source=x&fbclid="),
            ("/?reset_token=a#access=eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "/?reset_token=#access="),
            ("/?k=d41d8cd98f00b204e9800998ecf8427e", "/?k="),
            ("write to jane.doe+x@b.example.", "write to [email]."),
            ("/?next=%2Fa%3Ftoken%3Dabc%26p%3D1&q=2", "/?next=%2Fa%3Ftoken%3D&q=2"),
            ("mailto:jane@b.example?subject=Hi", "mailto:[email]?subject=Hi"),
        ] {
            assert_eq!(scrubbed(&format!("\"{before}\"")), format!("\"{after}\""));
        }
        for same in [
            "/logo@2x.png",
            "package@1.2.3",
            "@jane",
            "https://x.example/@jane/1",
            "a = b; c=eyJhbGciOiJIUzI1NiJ9",
            "/?id=550e8400-e29b-41d4-a716-446655440000&v=40123456789012&color=ff8800",
            "/?q=blue+Shoes+size+42+for+the+winter",
            "/?utm_campaign=4tYq9Xk2Lm8Zb3Vn7Rc1&c=SpringSale2026NewCustomers",
            "2 @ 3.50 each",
        ] {
            assert_eq!(scrubbed(&format!("\"{same}\"")), format!("\"{same}\""));
        }
    }

    #[test]
    fn click_ids_are_kept_on_request() {
        let mut out = Text::<[u8; 9_999]>::NEW;
        scrub(b"\"/?gclid=Cj0KCQjw0000000000000000\"", &mut out, true);
        assert_eq!(**out, *b"\"/?gclid=Cj0KCQjw0000000000000000\"");
    }

    #[test]
    fn what_no_database_takes_is_replaced() {
        assert_eq!(scrubbed(r#""a\u0000b\ud800c\\u0000""#), r#""a\ufffdb\ufffdc\\u0000""#);
        assert_eq!(scrubbed(r#""\njane@b.example""#), r#""\n[email]""#);
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let mut out = Text::<[u8; 9_999]>::NEW;
        let deep = "[".repeat(7) + &"]".repeat(7);
        assert!(scrub(deep.as_bytes(), &mut out, false) && scrub(b"\"[[[[[[[[[[\"", &mut out, false));
        assert!(!scrub(format!("[{deep}]").as_bytes(), &mut out, false));
    }

    proptest! {
        #[test]
        fn halves_of_pairs_pass_at_the_edge_in_any_order(units in prop::collection::vec(prop::sample::select(vec!["\\u0000", "\\ud800", "\\udc00", "😀", "\\\\", "a", "\\\"", "\\n", "u0000"]), 0..20)) {
            let data = scrubbed(&format!("{{\"a\":\"{}\"}}", units.concat()));
            prop_assert_eq!(wire::check::data(&data), Ok(()));
        }

        #[test]
        fn json_stays_json_and_twice_is_as_once(text in any::<String>(), mail in "[a-z\n\"é%]{0,4}(@|%40)[a-z.%é]{0,6}[?&=][a-z=]{0,9}") {
            for text in [text, mail] {
                let once = scrubbed(&Value::from(text).to_string());
                prop_assert!(serde_json::from_str::<Value>(&once).is_ok(), "{}", once);
                prop_assert_eq!(scrubbed(&once), once);
            }
        }
    }
}
