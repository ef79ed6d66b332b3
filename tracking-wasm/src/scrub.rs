//! Redaction at the source: one pass over the JSON of an event or a page, whatever its keys. It takes out what is worth its bytes
//! in the page: the values of telling parameters, click ids and token-like values in addresses, and email addresses. The edge
//! has the full rules.
//!
//! The same pass makes the JSON fit to be stored: NUL and halves of surrogate pairs, which no database takes, become U+FFFD.

use wire::limits::DATA_DEPTH;

use crate::moment::hex;
use crate::telling::is_telling;
use crate::text::{Id, Memory, after_last, before, from, has, is_listed, until};

/// Click ids that do not end in `clid` or `braid`.
const CLICK_IDS: &[u8] = b"li_fat_id epik igshid srsltid rdt_cid mc_eid mkt_tok _hsenc _hsmi _kx _ga _gl vero_id";
#[expect(clippy::cast_possible_wrap, reason = "a small number")]
const DEEPEST: i64 = DATA_DEPTH as i64;
/// Shorter values are no tokens.
const TOKEN_CHARS: usize = 20;
/// Values of hexadecimal digits alone: those of hashes and keys, longer than a number or a colour.
const HEX_TOKEN_CHARS: usize = 32;

/// Appends `json`, a part of a JSON text that `JSON.stringify` wrote, without what must not leave the page. Whether objects and
/// arrays in it stay within `depth` levels.
pub(crate) fn scrub(json: &[u8], m: &mut Memory, out: Id, keeps_click_ids: bool) -> bool {
    let (mut rest, mut depth, mut fits, mut quoted) = (json, 1, true, false);
    // before it nothing may be taken back: a string or an escape begins there
    let mut floor = m.length(out);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'"' {
            quoted = !quoted;
            floor = m.length(out) + 1;
        } else if byte == b'\\' {
            let is_code = after.first() == Some(&b'u');
            let escape = until(after, if is_code { 5 } else { 1 });
            rest = from(after, escape.len());
            m.push(out, byte);
            // JSON.stringify escapes no surrogates but single ones
            let code = hex(escape);
            m.put(out, if is_code && (code == 0 || code >> 12 == 0xd) { b"ufffd" } else { escape });
            floor = m.length(out);
            continue;
        } else if !quoted {
            // brackets and braces differ in one bit
            depth += i64::from(byte | 32 == b'{');
            fits &= depth <= DEEPEST;
            depth -= i64::from(byte | 32 == b'}');
        } else {
            // in an address inside an address signs are written as `%` and two digits
            let digits = if byte == b'%' { 2 } else { 0 };
            let sign = if digits > 0 { hex(until(rest, digits)) } else { i64::from(byte) };
            let (text, after) = (from(m.text(out), floor), from(rest, digits));
            if sign == i64::from(b'=') {
                let value = value(after);
                let key = from(text, name_start(text, b"_-.[]%"));
                // what stands before the name of a parameter
                let mark = text.len().wrapping_sub(key.len() + 1);
                let dropped = if digits > 0 {
                    is_telling(from(after_last(text, b'%'), digits))
                } else if key.is_empty() || !text.get(mark).is_some_and(|mark| has(b"?&#;", *mark)) {
                    false
                } else if is_click_id(key) {
                    !keeps_click_ids
                } else {
                    // OAuth's codes are long, those of vouchers are not (RFC 6749, 4.1.2)
                    let is_code = value.len() >= 16 && key == b"code";
                    is_code || is_telling(key) || (is_token(value) && !key.starts_with(b"utm_"))
                };
                if dropped {
                    m.push(out, byte);
                    m.put(out, until(rest, digits));
                    rest = from(after, value.len());
                    continue;
                }
            } else if sign == i64::from(b'@') {
                let domain = domain(after);
                let name = name_start(text, NAME);
                if domain > 0 && name < text.len() {
                    m.truncate(out, floor + name);
                    m.put(out, b"[email]");
                    rest = from(after, domain);
                    continue;
                }
            }
        }
        m.push(out, byte);
    }
    fits
}

/// Signs in the name of an email address beside letters and digits: see [`is_part`].
const NAME: &[u8] = b"%._+-\x80";

/// Whether `byte` is a letter, a digit or one of `signs`, where `\x80` stands for all that is no ASCII.
fn is_part(byte: u8, signs: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || has(signs, byte.min(0x80))
}

/// Where the name begins that `text` ends with.
#[inline(never)]
fn name_start(text: &[u8], signs: &[u8]) -> usize {
    text.iter().rposition(|byte| !is_part(*byte, signs)).map_or(0, |at| at + 1)
}

/// The length of the domain of an email address that `text` begins with, 0 when there is none.
fn domain(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| !is_part(*byte, from(NAME, 1))).unwrap_or(text.len());
    let mut domain = until(text, end);
    while let Some(shorter) = domain.strip_suffix(b".") {
        domain = shorter;
    }
    // `logo@2x.png` and `package@1.2.3` are none
    let begins = domain.first().is_some_and(|byte| !byte.is_ascii_digit());
    if begins && has(domain, b'.') { domain.len() } else { 0 }
}

/// The value of a parameter that `text` begins with.
#[inline(never)]
fn value(text: &[u8]) -> &[u8] {
    until(text, text.iter().position(|byte| has(b"\"&#\\ ", *byte)).unwrap_or(text.len()))
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
        hex &= byte.is_ascii_hexdigit();
    }
    (kinds == 7 && value.len() >= TOKEN_CHARS && changes * 5 >= value.len() * 2)
        || (hex && value.len() >= HEX_TOKEN_CHARS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::text::OUT;

    fn scrubbed(json: &str) -> String {
        let mut m = Box::new(Memory::NEW);
        assert!(scrub(json.as_bytes(), &mut m, OUT, false));
        String::from_utf8(m.text(OUT).to_vec()).expect("UTF-8")
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
        let mut m = Box::new(Memory::NEW);
        scrub(b"\"/?gclid=Cj0KCQjw0000000000000000\"", &mut m, OUT, true);
        assert_eq!(m.text(OUT), b"\"/?gclid=Cj0KCQjw0000000000000000\"");
    }

    #[test]
    fn what_no_database_takes_is_replaced() {
        assert_eq!(scrubbed(r#""a\u0000b\ud800c\\u0000""#), r#""a\ufffdb\ufffdc\\u0000""#);
        assert_eq!(scrubbed(r#""\njane@b.example""#), r#""\n[email]""#);
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let mut m = Box::new(Memory::NEW);
        let deep = "[".repeat(7) + &"]".repeat(7);
        assert!(scrub(deep.as_bytes(), &mut m, OUT, false) && scrub(b"\"[[[[[[[[[[\"", &mut m, OUT, false));
        assert!(!scrub(format!("[{deep}]").as_bytes(), &mut m, OUT, false));
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
