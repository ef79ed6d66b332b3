//! What a click means: where it leads, and whether it is one of a burst.

use crate::page::{host, is_same_site, path};
use crate::text::{Memory, RAW, URL, after_last, before, is_listed, until};

/// Endings of files that are saved or opened by another program.
const FILES: &[u8] =
    b"pdf doc docx odt rtf xls xlsx ods csv ppt pptx odp txt epub zip rar 7z gz tar dmg exe msi apk pkg mp3 \
wav mp4 mov ics vcf";
/// Clicks that follow one another within this time …
const RAGE_MS: i64 = 500;
/// … and this distance, added up over both axes, in CSS pixels, are clicks in rage from the third on.
const RAGE_PX: i64 = 30;

/// Clicks that follow one another at one place.
#[derive(Debug)]
pub(crate) struct Burst {
    /// Of the last click.
    t: i64,
    x: i64,
    y: i64,
    count: i64,
}

impl Burst {
    pub(crate) const NEW: Self = Self { t: 0, x: 0, y: 0, count: 0 };

    /// Whether the click at `t` is the third or a later one of a burst.
    pub(crate) fn is_rage(&mut self, t: i64, x: i64, y: i64) -> bool {
        let is_next = t - self.t <= RAGE_MS && (x - self.x).abs() + (y - self.y).abs() <= RAGE_PX;
        *self = Self { t, x, y, count: if is_next { self.count + 1 } else { 1 } };
        self.count > 2
    }
}

/// Says of the click what there is to be said of a link to `href`, an absolute address: its kind, and of a file its type.
pub(crate) fn put_link(m: &mut Memory, href: &[u8], is_download: bool) {
    let ending = after_last(after_last(path(href), b'/'), b'.');
    let ending = if ending.iter().all(u8::is_ascii_alphanumeric) { ending } else { b"" };
    let url = m.text(URL);
    let page = before(url, b'#');
    let scheme = before(href, b':');
    let kind: &[u8] = if host(href).is_empty() {
        if !is_listed(b"mailto tel", scheme, false) {
            return;
        }
        scheme
    } else if is_download || is_listed(FILES, ending, false) {
        m.put(RAW, b",\"file_type\":\"");
        for byte in until(ending, 8) {
            m.push(RAW, byte.to_ascii_lowercase());
        }
        m.push(RAW, b'"');
        b"download"
    } else if href.len() > page.len() && before(href, b'#') == page {
        b"anchor"
    } else if is_same_site(href, url) {
        b"internal"
    } else {
        b"outbound"
    };
    m.put(RAW, b",\"link\":\"");
    m.put(RAW, kind);
    m.push(RAW, b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(href: &str, is_download: bool) -> String {
        let mut m = Box::new(Memory::NEW);
        m.put(URL, b"https://www.a.example/shop?x=1#top");
        put_link(&mut m, href.as_bytes(), is_download);
        String::from_utf8(m.text(RAW).to_vec()).expect("UTF-8")
    }

    #[test]
    fn links_are_told_apart() {
        for (href, kind) in [
            ("https://a.example/next", "internal"),
            ("https://shop.a.example/", "internal"),
            ("https://www.a.example/shop?x=1#prices", "anchor"),
            ("https://www.a.example/shop?x=2#prices", "internal"),
            ("https://nota.example/", "outbound"),
            ("http://b.example", "outbound"),
            ("mailto:", "mailto"),
            ("tel:", "tel"),
        ] {
            assert_eq!(link(href, false), format!(",\"link\":\"{kind}\""), "{href}");
        }
        assert_eq!(link("javascript:", false), "");
        assert_eq!(link("", false), "");
        assert_eq!(link("https://b.example/list.PDF?v=1", false), ",\"file_type\":\"pdf\",\"link\":\"download\"");
        assert_eq!(link("https://b.example/list", true), ",\"file_type\":\"\",\"link\":\"download\"");
    }

    #[test]
    fn the_third_click_at_one_place_is_rage() {
        let mut burst = Burst::NEW;
        let mut click = |t, x| burst.is_rage(t, x, 5);
        assert_eq!([click(100, 10), click(300, 12), click(500, 11), click(700, 11)], [false, false, true, true]);
        assert!(!click(2_500, 11) && !click(2_600, 11) && click(2_700, 11));
        assert!(!click(2_800, 90));
    }
}
