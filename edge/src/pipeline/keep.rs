//! What a page and an event lose by the privacy settings, beyond what redaction takes from everybody's.

use std::fmt;

use edge_settings::{ClickIds, Previews, Privacy};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use wire::{Event, Page};

use crate::attribution;
use crate::outcome::Item;

/// The type of event that carries a preview, and its name there.
const COPY: &str = "text_copy";
const PREVIEW: &str = "preview";

/// Takes click ids out of addresses, once they have told the channel.
pub(super) fn of_pages(mut pages: Vec<Page>, privacy: &Privacy) -> Vec<Page> {
    let cut = match privacy.click_ids {
        ClickIds::Keep => return pages,
        ClickIds::Name => attribution::emptied,
        ClickIds::Drop => attribution::without_click_ids,
    };
    for page in &mut pages {
        page.url = cut(&page.url);
        page.referrer = cut(&page.referrer);
    }
    pages
}

/// Takes the first words out of what was copied.
pub(super) fn of_events(items: Vec<Item<Event>>, privacy: &Privacy) -> Vec<Item<Event>> {
    if privacy.previews == Previews::Keep {
        return items;
    }
    let cut = |event: Event| {
        let data = if event.kind == COPY { without(PREVIEW, &event.data) } else { event.data };
        Ok(Event { data, ..event })
    };
    items.into_iter().map(|item| item.step(cut)).collect()
}

/// The object without one key. Other values stay to the letter; an object that cannot be read is an empty one.
fn without(key: &str, object: &RawValue) -> Box<RawValue> {
    let fields = serde_json::Deserializer::from_str(object.get()).deserialize_map(Fields).unwrap_or_default();
    let mut text = String::from("{");
    for (name, value) in fields.iter().filter(|(name, _)| name != key) {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name.as_str()).to_string());
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    RawValue::from_string(text).unwrap_or_default()
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
}
