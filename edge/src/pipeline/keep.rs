//! What a page and an event lose by the privacy settings, beyond what redaction takes from everybody's.

use std::borrow::Cow;
use std::fmt;

use edge_settings::{ClickIds, Previews, Privacy};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use wire::{Event, Page};

use crate::attribution::{self, Cut};
use crate::outcome::Item;

/// The type of event that carries a preview, and its name there.
const COPY: &str = "text_copy";
const PREVIEW: &str = "preview";

/// Takes click ids out of addresses, once they have told the channel.
pub(super) fn of_pages(mut pages: Vec<Page>, privacy: &Privacy) -> Vec<Page> {
    let Some(cut) = cut(privacy) else { return pages };
    for page in &mut pages {
        for address in [&mut page.url, &mut page.path, &mut page.referrer] {
            if let Cow::Owned(clean) = cut.apply(address) {
                *address = clean;
            }
        }
    }
    pages
}

/// Takes the first words out of what was copied, and click ids out of links and whatever else holds an address.
pub(super) fn of_events(items: Vec<Item<Event>>, privacy: &Privacy) -> Vec<Item<Event>> {
    let cut = cut(privacy);
    let keep = |mut event: Event| {
        if privacy.previews == Previews::Drop && event.kind == COPY {
            event.data = without(PREVIEW, &event.data);
        }
        if let Some(clean) = cut.and_then(|cut| Clean::of(cut, &event.data)) {
            event.data = clean;
        }
        Ok(event)
    };
    items.into_iter().map(|item| item.step(keep)).collect()
}

fn cut(privacy: &Privacy) -> Option<Cut> {
    match privacy.click_ids {
        ClickIds::Keep => None,
        ClickIds::Name => Some(Cut::Value),
        ClickIds::Drop => Some(Cut::Whole),
    }
}

/// The object without one key. Other values stay to the letter; an object that cannot be read is an empty one.
fn without(key: &str, object: &RawValue) -> Box<RawValue> {
    let mut text = String::from("{");
    for (name, value) in fields(object.get()).iter().filter(|(name, _)| name != key) {
        write_name(&mut text, name);
        text.push_str(value.get());
    }
    text.push('}');
    RawValue::from_string(text).unwrap_or_default()
}

fn fields(object: &str) -> Vec<(String, &RawValue)> {
    serde_json::Deserializer::from_str(object).deserialize_map(Fields).unwrap_or_default()
}

/// Goes on with the object that `text` ends in.
fn write_name(text: &mut String, name: &str) {
    if !text.ends_with('{') {
        text.push(',');
    }
    text.push_str(&serde_json::Value::from(name).to_string());
    text.push(':');
}

/// JSON without click ids.
struct Clean {
    cut: Cut,
    text: String,
    is_changed: bool,
}

impl Clean {
    /// `data` without click ids, wherever in it: `None` when there are none.
    fn of(cut: Cut, data: &RawValue) -> Option<Box<RawValue>> {
        let mut clean = Self { cut, text: String::with_capacity(data.get().len()), is_changed: false };
        clean.value(data.get());
        clean.is_changed.then(|| RawValue::from_string(clean.text).unwrap_or_default())
    }

    fn value(&mut self, json: &str) {
        match json.as_bytes().first() {
            Some(b'{') => self.object(json),
            Some(b'[') => self.array(json),
            Some(b'"') => self.string(json),
            _ => self.text.push_str(json),
        }
    }

    fn object(&mut self, json: &str) {
        self.text.push('{');
        for (name, value) in fields(json) {
            let is_id = attribution::is_click_id(name.as_bytes());
            self.is_changed |= is_id;
            if is_id && self.cut == Cut::Whole {
                continue;
            }
            write_name(&mut self.text, &name);
            if is_id { self.text.push_str("\"\"") } else { self.value(value.get()) }
        }
        self.text.push('}');
    }

    fn array(&mut self, json: &str) {
        self.text.push('[');
        let values: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        for (place, value) in values.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.value(value.get());
        }
        self.text.push(']');
    }

    fn string(&mut self, json: &str) {
        let text: String = serde_json::from_str(json).unwrap_or_default();
        match self.cut.apply(&text) {
            Cow::Borrowed(_) => self.text.push_str(json),
            Cow::Owned(clean) => {
                self.is_changed = true;
                self.text.push_str(&serde_json::Value::from(clean).to_string());
            }
        }
    }
}

/// Reads an object's fields in their order.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_goes_and_the_rest_stays_to_the_letter() {
        for (before, after) in [
            (r#"{"length": 51, "preview": "Some words"}"#, r#"{"length":51}"#),
            (r#"{"preview":{"a":[1]},"n":1.10,"big":9007199254740993}"#, r#"{"n":1.10,"big":9007199254740993}"#),
            (r#"{"pre\u0076iew":"x","k\"":"\u00e9"}"#, r#"{"k\"":"\u00e9"}"#),
            ("{}", "{}"),
        ] {
            let object = RawValue::from_string(before.to_owned()).expect("JSON");
            assert_eq!(without("preview", &object).get(), after);
        }
    }

    #[test]
    fn click_ids_go_wherever_in_the_data_they_are() {
        for (before, value, whole) in [
            (
                r#"{"href": "https://a.example/?gclid=Cj0&x=1", "n": 1.10}"#,
                r#"{"href":"https://a.example/?gclid=&x=1","n":1.10}"#,
                r#"{"href":"https://a.example/?x=1","n":1.10}"#,
            ),
            (
                r#"{"a":[{"b":"/login?next=%2Fshop%3Fmc_eid%3D0a1b"},2],"k\"":"\u00e9"}"#,
                r#"{"a":[{"b":"/login?next=%2Fshop%3Fmc_eid%3D"},2],"k\"":"\u00e9"}"#,
                r#"{"a":[{"b":"/login?next=%2Fshop"},2],"k\"":"\u00e9"}"#,
            ),
            (r#"{"GCLID":"Cj0","a":{"_ga":{"b":1}}}"#, r#"{"GCLID":"","a":{"_ga":""}}"#, r#"{"a":{}}"#),
            (r#"{"text":"gclid\u003dCj0"}"#, r#"{"text":"gclid="}"#, r#"{"text":""}"#),
        ] {
            let object = RawValue::from_string(before.to_owned()).expect("JSON");
            let clean = |cut| Clean::of(cut, &object).expect("click ids").get().to_owned();
            assert_eq!((clean(Cut::Value).as_str(), clean(Cut::Whole).as_str()), (value, whole));
        }
        for plain in ["{}", r#"{ "a" : "x=1&gclidx=2", "n": [1e3, null, true], "gl": "US" }"#] {
            let object = RawValue::from_string(plain.to_owned()).expect("JSON");
            assert!(Clean::of(Cut::Whole, &object).is_none(), "{plain}");
        }
    }
}
