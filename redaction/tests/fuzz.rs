//! The checks of the fuzz targets, for a short time and on any toolchain: over random bytes, and over rows of the corpus
//! with pieces of them cut, doubled and exchanged. The same inputs every time.

#![expect(
    unreachable_pub,
    dead_code,
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "the corpus is shared with the test of quality"
)]

#[path = "corpus/mod.rs"]
mod corpus;
#[path = "../../fuzz/holds.rs"]
mod holds;

use corpus::checksums::Dice;
use corpus::{Context, Row};

/// How many inputs each check sees.
const INPUTS: usize = 4_000;

fn below(dice: &mut Dice, end: usize) -> usize {
    if end == 0 { 0 } else { dice.below(end as u64) as usize }
}

/// Bytes of any kind, those that begin something more often than others.
fn random(dice: &mut Dice) -> String {
    const MARKS: &[u8] = b"@.:=&?#/%+-_\"'\\{}[]() 0123456789aAzZeEyJ\n\xc3\xa9\xe9";
    let length = below(dice, 60);
    let bytes: Vec<u8> = (0..length)
        .map(|_| match dice.below(4) {
            0 => dice.below(256) as u8,
            _ => MARKS[below(dice, MARKS.len())],
        })
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn piece(dice: &mut Dice, text: &str) -> String {
    let from = text.floor_char_boundary(below(dice, text.len() + 1));
    let to = text.floor_char_boundary((from + below(dice, 24)).min(text.len()));
    text[from..to.max(from)].to_owned()
}

/// The row with a few pieces cut, doubled, or taken from `other`.
fn mutated(dice: &mut Dice, row: &str, other: &str) -> String {
    let mut text = row.to_owned();
    for _ in 0..=dice.below(3) {
        let at = text.floor_char_boundary(below(dice, text.len() + 1));
        match dice.below(3) {
            0 => {
                let end = text.floor_char_boundary((at + below(dice, 8)).min(text.len()));
                text.replace_range(at..end.max(at), "");
            }
            1 => {
                let doubled = piece(dice, &text);
                text.insert_str(at, &doubled);
            }
            _ => {
                let taken = piece(dice, other);
                text.insert_str(at, &taken);
            }
        }
    }
    text
}

fn rows(of: impl Fn(&Context) -> bool) -> Vec<Row> {
    corpus::personal::rows().into_iter().chain(corpus::clean::rows()).filter(|row| of(&row.context)).collect()
}

fn run(seed: u64, rows: &[Row], check: fn(&str)) {
    let mut dice = Dice::new(seed);
    for _ in 0..INPUTS {
        let row = &rows[below(&mut dice, rows.len())];
        let other = &rows[below(&mut dice, rows.len())];
        let input = mutated(&mut dice, &row.input, &other.input);
        match &row.context {
            Context::KeyValue(key) => check(&format!("{key}\n{input}")),
            _ => check(&input),
        }
        check(&random(&mut dice));
    }
}

#[test]
fn addresses_hold() {
    run(1, &rows(|context| *context == Context::Url), holds::url);
}

#[test]
fn texts_hold() {
    run(2, &rows(|context| *context == Context::Text), holds::text);
}

#[test]
fn values_hold() {
    run(3, &rows(|context| matches!(context, Context::KeyValue(_))), holds::key_value);
}

#[test]
fn json_holds() {
    run(4, &rows(|context| *context == Context::Json), |input| {
        holds::json(input);
        // As a string it is valid, whatever was cut from it.
        holds::json(&serde_json::json!({ "note": input, "list": [input, "x"] }).to_string());
    });
}
