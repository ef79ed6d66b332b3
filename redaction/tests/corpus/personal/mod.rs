//! What must go.

mod contact;
mod makers;
mod money;
mod national;
mod secrets;
mod whereabouts;

use super::checksums::Dice;
use super::{Context, Row, encode, template};
use makers::{HEX, token};

/// How many values of each sort.
const TIMES: usize = 12;

/// A value, the keys it may stand under, and the sentences it may stand in. A sort without sentences is personal only
/// under its keys; one whose `is_by_itself` is true also where nothing tells.
pub(super) struct Sort {
    pub(super) category: &'static str,
    pub(super) is_by_itself: bool,
    pub(super) keys: &'static [&'static str],
    pub(super) texts: &'static [&'static str],
    pub(super) make: fn(&mut Dice) -> String,
}

/// Where in an address a value under a key stands. `{k}` is the key, `{v}` the value encoded once, `{w}` twice.
const URLS: &[&str] = &[
    "https://shop.example/checkout?step=2&{k}={v}&utm_source=mail",
    "/account?{k}={v}#top",
    "!https://shop.example/a/b?x=1&{k}={w}",
    "https://shop.example/#/profile?{k}={v}&tab=orders",
    "!?{k}={v}",
    "https://go.example/r?next={n}",
];
/// The same where nothing tells.
const BARE_URLS: &[&str] = &[
    "https://shop.example/search?q={v}&page=2",
    "https://shop.example/search?q={w}",
    "/find/{v}/all",
    "!https://shop.example/?ref=https%3A%2F%2Fx.example%2F%3Fq%3D{w}",
    "!https://shop.example/p#{v}",
];
const JSONS: &[&str] = &[
    r#"{"event": "submit", "data": {"{k}": "{j}", "ok": true}}"#,
    r#"[{"name": "{k}", "value": "{j}"}, {"name": "color", "value": "red"}]"#,
    r#"!{"a": {"b": [{"{k}": "{j}"}]}, "n": 1.50}"#,
    r#"{"body": "{\"{k}\": \"{jj}\"}", "status": 200}"#,
    r#"!{"payload": "step=1&{k}={v}&x=2"}"#,
    r#"!{"fields": [{"field": "{k}", "type": "text", "value": "{j}"}]}"#,
];
const BARE_JSONS: &[&str] = &[
    r#"{"text": "{j}", "n": 3}"#,
    r#"{"items": [{"title": "hello {j} there"}]}"#,
    r#"!{"href": "https://x.example/?q={v}", "tag": "a"}"#,
];
/// Paths where the segment before the value tells.
const PATHS: &[&str] = &[
    "/account/reset/{v}/done",
    "https://shop.example/invite/{v}",
    "/verify-email/{v}?x=1",
    "!/de/passwort/zuruecksetzen/{v}",
    "/unsubscribe/{v}",
    "!https://shop.example/auth/magic-link/{v}",
    "/confirm/{v}",
    "!/activate-account/{v}/",
];

fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    json[1..json.len() - 1].to_owned()
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut dice = Dice::new(7);
    let row = |category, context, input: String, secret: &str, is_held_out, keeps: Vec<String>| Row {
        category,
        context,
        input,
        secret: Some(secret.to_owned()),
        keeps,
        is_held_out,
    };
    let sorts = [contact::SORTS, money::SORTS, national::SORTS, secrets::SORTS, whereabouts::SORTS];
    for sort in sorts.into_iter().flatten() {
        for time in 0..TIMES {
            for text in sort.texts {
                let (text, held) = template(text);
                let value = (sort.make)(&mut dice);
                let (before, after) = text.split_once("{}").unwrap();
                // Marks that hold on to a value may go with it.
                let keeps = [before, after]
                    .iter()
                    .flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && !"'".contains(c)))
                    .filter(|word| word.chars().count() > 3 && word.is_ascii())
                    .map(str::to_owned)
                    .collect();
                rows.push(row(sort.category, Context::Text, text.replace("{}", &value), &value, held, keeps));
            }
            for (place, key) in sort.keys.iter().enumerate() {
                let is_bare =
                    matches!(*key, "note" | "q" | "message" | "href" | "dsn" | "config" | "position" | "location");
                let value = (sort.make)(&mut dice);
                rows.push(row(
                    sort.category,
                    Context::KeyValue((*key).to_owned()),
                    value.clone(),
                    &value,
                    false,
                    vec![],
                ));
                if is_bare || value.contains('\n') {
                    continue;
                }
                let fill = |pattern: &str| {
                    let next = encode(&format!("https://x.example/?{}={}", encode(key), encode(&value)));
                    pattern
                        .replace("{k}", &if pattern.starts_with(['{', '[']) { quoted(key) } else { encode(key) })
                        .replace("{v}", &encode(&value))
                        .replace("{w}", &encode(&encode(&value)))
                        .replace("{n}", &next)
                        .replace("{jj}", &quoted(&quoted(&value)))
                        .replace("{j}", &quoted(&value))
                };
                let (url, held) = template(URLS[(place + time) % URLS.len()]);
                rows.push(row(sort.category, Context::Url, fill(url), &value, held, vec![]));
                let (json, held) = template(JSONS[(place + time) % JSONS.len()]);
                rows.push(row(sort.category, Context::Json, fill(json), &value, held, vec![]));
            }
            if sort.is_by_itself {
                let value = (sort.make)(&mut dice);
                if !value.contains('\n') {
                    let (url, held) = template(BARE_URLS[time % BARE_URLS.len()]);
                    rows.push(row(
                        sort.category,
                        Context::Url,
                        url.replace("{v}", &encode(&value)).replace("{w}", &encode(&encode(&value))),
                        &value,
                        held,
                        vec!["example".to_owned()].into_iter().filter(|_| url.contains("example")).collect(),
                    ));
                }
                let (json, held) = template(BARE_JSONS[time % BARE_JSONS.len()]);
                rows.push(row(
                    sort.category,
                    Context::Json,
                    json.replace("{v}", &encode(&value)).replace("{j}", &quoted(&value)),
                    &value,
                    held,
                    vec![],
                ));
            }
        }
    }
    for time in 0..TIMES * 2 {
        for path in PATHS {
            let (path, held) = template(path);
            let value = match time % 4 {
                0 => token(&mut dice, 32),
                1 => dice.of(HEX, 31) + "7",
                2 => token(&mut dice, 12),
                _ => format!(
                    "{}-{}-4{}-a{}-{}",
                    dice.of(HEX, 8),
                    dice.of(HEX, 4),
                    dice.of(HEX, 3),
                    dice.of(HEX, 3),
                    dice.of(HEX, 12)
                ),
            };
            rows.push(row("path_token", Context::Url, path.replace("{v}", &value), &value, held, vec![]));
        }
        let value = token(&mut dice, 32);
        rows.push(row(
            "url_entropy",
            Context::Url,
            format!("https://shop.example/cb?x={value}&page=2"),
            &value,
            false,
            vec!["page=2".to_owned()],
        ));
        let value = dice.of(HEX, 39) + "7";
        rows.push(row("url_entropy", Context::Url, format!("https://shop.example/r?r={value}"), &value, false, vec![]));
    }
    // Numbers in JSON, and names of keys that say it together with those above.
    for (category, json, secret) in [
        ("card", r#"{"pay": {"n": 4111111111111111}}"#, "4111111111111111"),
        ("phone", r#"{"phone": 4915112345678}"#, "4915112345678"),
        ("coordinates", r#"{"geo": {"lat": 52.520008, "lng": 13.404954}}"#, "52.520008"),
        ("coordinates", r#"{"location": [52.520008, 13.404954]}"#, "13.404954"),
        ("postcode", r#"{"address": {"zip": 10115}}"#, "10115"),
        ("name", r#"{"customer": {"id": 7, "name": "Jane Doe"}}"#, "Jane Doe"),
        ("name", r#"{"name": "Jane Doe", "email": "x@example.com"}"#, "Jane Doe"),
        ("address", r#"{"shipping": {"address": {"line1": "12 High St", "country": "GB"}}}"#, "12 High St"),
        ("email", r#"{"jane.doe@example.com": {"n": 1}}"#, "jane.doe@example.com"),
        ("phone", r#"{"+4915112345678": true}"#, "4915112345678"),
        ("phone", r#"{"contact": {"phone": {"number": "030 1234567"}}}"#, "030 1234567"),
        ("name", r#"{"shipping_address": {"first_name": "Jane"}}"#, "Jane"),
        ("name", r#"[{"label": "First name", "value": "Jane"}]"#, "Jane"),
        ("email", r#"{"m": "jane\u0040example.com"}"#, "jane\\u0040example.com"),
        ("name", r#"{"customer.name": "Jane Doe"}"#, "Jane Doe"),
        ("password", r#"{"fields": {"password": {"value": "hunter2"}}}"#, "hunter2"),
        ("birth_date", r#"{"birth": {"date": "1985-04-12"}}"#, "1985-04-12"),
        ("name", r#"{"user": {"nom": "Dupont"}}"#, "Dupont"),
        ("birth_date", r#"{"dob": 19850412}"#, "19850412"),
        ("card", r#"{"card": {"number": "4111 1111 1111 1111"}}"#, "4111 1111 1111 1111"),
    ] {
        rows.push(row(category, Context::Json, json.to_owned(), secret, false, vec![]));
    }
    rows
}
