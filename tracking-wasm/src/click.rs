//! A click or the activation of an element by keyboard: what was meant, where, and where it leads.

use wire::limits::ELEMENT_TEXT_CHARS;

use crate::address::Address;
use crate::json::Object;
use crate::text::{before, cut_last, is_listed};

/// What was clicked, as page.js read it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Element<'a> {
    /// Local name.
    pub tag: &'a str,
    /// Attribute `id`.
    pub id: &'a str,
    /// Attribute `class`.
    pub classes: &'a str,
    /// Attribute `role`.
    pub role: &'a str,
    /// Accessible name or text; empty for inputs and editables.
    pub text: &'a str,
    /// Absolute address of the link that was clicked, empty for anything else.
    pub href: &'a str,
    /// A short stable selector.
    pub selector: &'a str,
    /// Whether the link asks to be saved.
    pub download: bool,
}

/// Where, in CSS pixels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position {
    /// In the viewport.
    pub x: i32,
    /// In the viewport.
    pub y: i32,
    /// In the page.
    pub page_x: i32,
    /// In the page.
    pub page_y: i32,
    /// Of the page.
    pub width: i32,
    /// Of the page.
    pub height: i32,
}

/// Endings of files that are saved or opened by another program.
const FILES: &str = "pdf doc docx odt rtf xls xlsx ods csv ppt pptx odp txt epub zip rar 7z gz tar dmg exe msi apk pkg mp3 \
    wav mp4 mov ics vcf";

/// The `data` of a click on the page at `url`.
pub(crate) fn click(element: &Element<'_>, at: &Position, url: &str) -> String {
    let mut inner = Object::new();
    inner.text("tag", element.tag, 64);
    inner.text("id", element.id, 128);
    inner.text("classes", element.classes, 256);
    inner.text("role", element.role, 64);
    inner.text("text", first_chars(element.text, ELEMENT_TEXT_CHARS), ELEMENT_TEXT_CHARS * 6);
    let target = Address::parse(element.href);
    inner.text("href", &target.cleaned(), 1024);
    inner.text("selector", element.selector, 256);
    let mut data = Object::new();
    data.json("element", &inner.done());
    data.number("x", at.x.into());
    data.number("y", at.y.into());
    data.number("page_x", at.page_x.into());
    data.number("page_y", at.page_y.into());
    data.number("percent_x", percent(at.page_x, at.width));
    data.number("percent_y", percent(at.page_y, at.height));
    if !element.href.is_empty() {
        let path = target.path();
        let name = cut_last(&path, b'/').map_or("", |(_, name)| name);
        let ending = cut_last(name, b'.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        let is_file = is_listed(FILES, &ending);
        let link = match target.scheme {
            "mailto" => "mailto",
            "tel" => "tel",
            _ if element.download || is_file => "download",
            "http" | "https" if is_anchor(element.href, url) => "anchor",
            "http" | "https" if target.is_same_site(&Address::parse(url)) => "internal",
            "http" | "https" => "outbound",
            _ => "",
        };
        data.text("link", link, 16);
        if link == "download" {
            data.text("file_type", &ending, 16);
        }
    }
    data.done()
}

/// A place on the page that is open.
fn is_anchor(href: &str, url: &str) -> bool {
    href.strip_prefix(before(url, b"#").0).is_some_and(|rest| rest.starts_with('#'))
}

fn percent(part: i32, whole: i32) -> i64 {
    (i64::from(part) * 100 / i64::from(whole.max(1))).clamp(0, 100)
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const URL: &str = "https://shop.example/products?page=2#top";

    fn data(element: &Element<'_>) -> Value {
        let at = Position { x: 10, y: 20, page_x: 10, page_y: 520, width: 1000, height: 2000 };
        serde_json::from_str(&click(element, &at, URL)).expect("JSON")
    }

    #[test]
    fn where_a_link_leads() {
        for (href, link, file_type) in [
            ("https://shop.example/cart", "internal", None),
            ("https://www.shop.example/cart", "internal", None),
            ("https://other.example/", "outbound", None),
            ("https://notshop.example/", "outbound", None),
            ("https://shop.example/products?page=2#details", "anchor", None),
            ("https://shop.example/products#details", "internal", None),
            ("https://other.example/list.PDF?x=1", "download", Some("pdf")),
            ("https://shop.example/v1.2/", "internal", None),
            ("mailto:jane@example.org", "mailto", None),
            ("tel:+49123", "tel", None),
        ] {
            let data = data(&Element { tag: "a", href, ..Element::default() });
            assert_eq!(data["link"], link, "{href}");
            assert_eq!(data["file_type"].as_str(), file_type, "{href}");
        }
        assert_eq!(data(&Element { href: "javascript:alert(1)", ..Element::default() })["link"], Value::Null);
        assert_eq!(data(&Element { href: "blob:x", download: true, ..Element::default() })["link"], "download");
    }

    #[test]
    fn an_address_of_a_person_stays_on_the_page() {
        let data = data(&Element { href: "mailto:jane@example.org?subject=x", ..Element::default() });
        assert_eq!(data["element"]["href"], "mailto:");
    }

    #[test]
    fn text_is_cut_by_characters_and_the_place_is_given_in_percent() {
        let text = "ü".repeat(150);
        let data = data(&Element { text: &text, ..Element::default() });
        assert_eq!(data["element"]["text"].as_str().map(|text| text.chars().count()), Some(100));
        assert_eq!((data["percent_x"].as_i64(), data["percent_y"].as_i64()), (Some(1), Some(26)));
    }
}
