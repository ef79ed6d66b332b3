//! What an event must be like to be stored. The edge asks before it accepts, the exporter again before it inserts: one
//! row that Postgres refuses would fail the whole statement it stands in.

use std::borrow::Cow;

use crate::event::{Event, Page};
use crate::outcome::Reason;
use crate::{ids, limits};

/// The last millisecond of the year 9999, the largest that RFC 3339 can write.
const LAST_MS: i64 = 253_402_300_799_999;

/// Whether `event`, one of a batch with `pages` pages, can be stored when the clock says `now` (Unix milliseconds).
///
/// # Errors
/// The first reason against it.
pub fn event(event: &Event, pages: usize, now: i64) -> Result<(), Reason> {
    time_of_id(event, now)?;
    if !is_event_type(&event.kind) {
        return Err(Reason::BadType);
    }
    if !(0..=LAST_MS).contains(&event.ts) {
        return Err(Reason::BadTime);
    }
    if usize::from(event.page) >= pages {
        return Err(Reason::UnknownPage);
    }
    data(event.data.get())
}

/// The time inside the id decides on the partition, so it must lie in the window that is kept.
fn time_of_id(event: &Event, now: i64) -> Result<(), Reason> {
    let id = event.id.as_bytes();
    if !ids::is_v7(id) {
        return Err(Reason::BadId);
    }
    let ahead = ids::time_ms(id).saturating_sub(now);
    if ahead > limits::FUTURE_MS {
        Err(Reason::FromTheFuture)
    } else if ahead < -limits::WINDOW_MS {
        Err(Reason::Expired)
    } else {
        Ok(())
    }
}

/// Whether `name` matches `[a-z][a-z0-9_]{0,63}`.
#[must_use]
pub fn is_event_type(name: &str) -> bool {
    name.len() <= limits::EVENT_TYPE_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether `json`, which must be valid JSON, is an object within the limits that holds nothing Postgres refuses.
///
/// # Errors
/// The first reason against it.
pub fn data(json: &str) -> Result<(), Reason> {
    if json.len() > limits::DATA_BYTES {
        return Err(Reason::DataTooLarge);
    }
    if !json.starts_with('{') {
        return Err(Reason::DataNotAnObject);
    }
    let mut open: Vec<Open<'_>> = Vec::with_capacity(limits::DATA_DEPTH);
    let (mut is_key, mut rest) = (false, json);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let length = string(rest)?;
                if let (true, Some(Open::Object(keys))) = (is_key, open.last_mut()) {
                    keys.push(key(rest.get(..length).unwrap_or_default()));
                }
                is_key = false;
                length
            }
            '-' | '0'..='9' => number(rest)?,
            '{' | '[' => {
                if open.len() == limits::DATA_DEPTH {
                    return Err(Reason::DataTooDeep);
                }
                is_key = first == '{';
                open.push(if is_key { Open::Object(Vec::new()) } else { Open::Array });
                1
            }
            '}' | ']' => {
                if let Some(Open::Object(keys)) = open.pop()
                    && has_twice(keys)
                {
                    return Err(Reason::DuplicateKey);
                }
                1
            }
            ',' => {
                is_key = matches!(open.last(), Some(Open::Object(_)));
                1
            }
            other => other.len_utf8(),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// What is not closed yet.
enum Open<'a> {
    /// With its keys so far.
    Object(Vec<Cow<'a, str>>),
    Array,
}

/// The key that a string literal stands for.
fn key(literal: &str) -> Cow<'_, str> {
    match literal.get(1..literal.len().saturating_sub(1)) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(literal).unwrap_or_default()),
    }
}

fn has_twice(mut keys: Vec<Cow<'_, str>>) -> bool {
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair.first() == pair.last())
}

/// The length of the string literal that `rest` begins with.
fn string(rest: &str) -> Result<usize, Reason> {
    let mut escaped_high = false;
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        let unit = match c {
            '"' if escaped_high => return Err(Reason::LoneSurrogate),
            '"' => return Ok(at + 1),
            '\\' => match chars.next() {
                Some((at, 'u')) => {
                    let unit = rest.get(at + 1..at + 5).and_then(|hex| u16::from_str_radix(hex, 16).ok());
                    chars.nth(3);
                    unit.unwrap_or_default()
                }
                _ => u16::from(b'\\'),
            },
            '\0' => 0,
            _ => u16::from(b' '),
        };
        escaped_high = match (escaped_high, unit) {
            (_, 0) => return Err(Reason::NulCharacter),
            (false, 0xD800..=0xDBFF) => true,
            (true, 0xDC00..=0xDFFF) => false,
            (true, _) | (false, 0xDC00..=0xDFFF) => return Err(Reason::LoneSurrogate),
            (false, _) => false,
        };
    }
    Err(Reason::Malformed)
}

/// The length of the number that `rest` begins with.
fn number(rest: &str) -> Result<usize, Reason> {
    let length = rest.find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9')).unwrap_or(rest.len());
    let text = rest.get(..length).unwrap_or_default();
    let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
    if finite && length <= limits::NUMBER_CHARS { Ok(length) } else { Err(Reason::NumberOutOfRange) }
}

/// Cuts every field of a page to its limit and replaces NUL, so that no page can cost the events that name it.
pub fn tidy_page(page: &mut Page) {
    for text in [&mut page.url, &mut page.path, &mut page.referrer] {
        tidy(text, limits::URL_BYTES);
    }
    tidy(&mut page.title, limits::TITLE_BYTES);
    for text in [&mut page.channel, &mut page.platform] {
        tidy(text, limits::CAMPAIGN_BYTES);
    }
    let campaign = &mut page.attribution;
    for text in [
        &mut campaign.utm_source,
        &mut campaign.utm_medium,
        &mut campaign.utm_campaign,
        &mut campaign.utm_term,
        &mut campaign.utm_content,
        &mut campaign.utm_id,
    ]
    .into_iter()
    .flatten()
    {
        tidy(text, limits::CAMPAIGN_BYTES);
    }
}

/// Cuts `text` to `bytes` at a character boundary and replaces each NUL with U+FFFD.
pub fn tidy(text: &mut String, bytes: usize) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{FFFD}");
    }
    text.truncate(text.floor_char_boundary(bytes));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn click_at(time: i64) -> Event {
        Event {
            id: Uuid::from_bytes(ids::v7(u64::try_from(time).expect("positive"), [1; 10])),
            seq: 0,
            kind: "click".to_owned(),
            ts: NOW,
            t: 0,
            page: 0,
            data: RawValue::from_string("{}".to_owned()).expect("valid"),
        }
    }

    #[test]
    fn the_time_inside_the_id_must_lie_in_the_window() {
        for (time, verdict) in [
            (NOW, Ok(())),
            (NOW + limits::FUTURE_MS, Ok(())),
            (NOW + limits::FUTURE_MS + 1, Err(Reason::FromTheFuture)),
            (NOW - limits::WINDOW_MS, Ok(())),
            (NOW - limits::WINDOW_MS - 1, Err(Reason::Expired)),
        ] {
            assert_eq!(event(&click_at(time), 1, NOW), verdict);
        }
        let random = Event { id: Uuid::from_u128(u128::MAX), ..click_at(NOW) };
        assert_eq!(event(&random, 1, NOW), Err(Reason::BadId));
    }

    #[test]
    fn each_field_has_its_reason() {
        let good = click_at(NOW);
        assert_eq!(event(&Event { kind: "Click".to_owned(), ..good.clone() }, 1, NOW), Err(Reason::BadType));
        assert_eq!(event(&Event { kind: String::new(), ..good.clone() }, 1, NOW), Err(Reason::BadType));
        assert_eq!(event(&Event { ts: i64::MAX, ..good.clone() }, 1, NOW), Err(Reason::BadTime));
        assert_eq!(event(&Event { page: 1, ..good }, 1, NOW), Err(Reason::UnknownPage));
    }

    #[test]
    fn data_that_postgres_would_refuse_has_a_name() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for (json, verdict) in [
            (r#"{"a": [1, -2.5e3, "x", null, true], "b": {}}"#.to_owned(), Ok(())),
            (r#"{"smile": "\ud83d\ude00", "quote": "\"", "back": "\\"}"#.to_owned(), Ok(())),
            ("[]".to_owned(), Err(Reason::DataNotAnObject)),
            (r#"{"a": "\u0000"}"#.to_owned(), Err(Reason::NulCharacter)),
            (r#"{"a": "\\u0000"}"#.to_owned(), Ok(())),
            (r#"{"a": "\ud83d"}"#.to_owned(), Err(Reason::LoneSurrogate)),
            (r#"{"a": "\ude00\ud83d"}"#.to_owned(), Err(Reason::LoneSurrogate)),
            (r#"{"a\ud83dx": 1}"#.to_owned(), Err(Reason::LoneSurrogate)),
            (r#"{"a": 1, "a": 2}"#.to_owned(), Err(Reason::DuplicateKey)),
            (r#"{"a": 1, "\u0061": 2}"#.to_owned(), Err(Reason::DuplicateKey)),
            (r#"{"a\"": 1, "b": [{"c": [], "d": {}, "c": 2}]}"#.to_owned(), Err(Reason::DuplicateKey)),
            (r#"{"": 1, "": 2}"#.to_owned(), Err(Reason::DuplicateKey)),
            (r#"{"a": {"a": ["a", "a", {"a": "a"}]}, "A": "a"}"#.to_owned(), Ok(())),
            (r#"{"a": 1e131072}"#.to_owned(), Err(Reason::NumberOutOfRange)),
            (format!(r#"{{"a": {}}}"#, "1".repeat(41)), Err(Reason::NumberOutOfRange)),
            (r#"{"a": 9007199254740993}"#.to_owned(), Ok(())),
            (nested(8), Ok(())),
            (nested(9), Err(Reason::DataTooDeep)),
            (format!(r#"{{"a": "{}"}}"#, "[".repeat(100)), Ok(())),
            (format!(r#"{{"a": "{}"}}"#, "x".repeat(limits::DATA_BYTES)), Err(Reason::DataTooLarge)),
        ] {
            assert_eq!(data(&json), verdict, "{json}");
        }
    }

    #[test]
    fn a_page_is_cut_rather_than_refused() {
        let mut page = Page { url: "é".repeat(limits::URL_BYTES), title: "a\0b".to_owned(), ..Page::default() };
        tidy_page(&mut page);
        assert_eq!(page.url.len(), limits::URL_BYTES);
        assert_eq!(page.title, "a\u{FFFD}b");
    }

    proptest! {
        /// Whatever serde_json can read as text, the check passes or names; and what it passes has no NUL in it.
        #[test]
        fn strings_agree_with_serde_json(text in "\\PC{0,40}|[\\x00-\\x1f]{0,4}") {
            let json = serde_json::json!({ "a": text }).to_string();
            let verdict = data(&json);
            prop_assert_eq!(verdict, if text.contains('\0') { Err(Reason::NulCharacter) } else { Ok(()) });
        }

        #[test]
        fn keys_agree_with_serde_json(keys in prop::collection::vec("[ab\"\\\\é]{0,2}", 0..6), escaped in 0..6_usize) {
            let literal = |(at, key): (usize, &String)| {
                let plain = serde_json::Value::from(key.as_str()).to_string();
                if at == escaped { plain.replace('a', "\\u0061") } else { plain }
            };
            let fields: Vec<String> = keys.iter().enumerate().map(|field| format!("{}:{{}}", literal(field))).collect();
            let json = format!("{{{}}}", fields.join(","));
            let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).expect("JSON");
            let verdict = if read.len() == keys.len() { Ok(()) } else { Err(Reason::DuplicateKey) };
            prop_assert_eq!(data(&json), verdict, "{}", json);
        }

        #[test]
        fn nothing_panics(json in ".{0,200}") {
            let _ = data(&json);
        }
    }
}
