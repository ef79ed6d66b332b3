//! How much of what must go goes, and how much of what must stay stays, for each category. Run with `--nocapture` for
//! the figures; with `MISSES=1` it names the rows that went wrong, those held out apart.

#![expect(
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::too_many_lines,
    reason = "a corpus of a few thousand rows, made of small numbers"
)]

#[path = "corpus/mod.rs"]
mod corpus;

use std::collections::BTreeMap;

use corpus::{Context, Row};
use redaction::{Policy, json, key_value, text, url};

fn redact(row: &Row) -> String {
    let policy = Policy::default();
    match &row.context {
        Context::Url => url(&policy, &row.input).0,
        Context::Text => text(&policy, &row.input).0,
        Context::KeyValue(key) => key_value(&policy, key, &row.input).0,
        Context::Json => json(&policy, &row.input).expect("the corpus is valid JSON").0,
    }
}

/// Letters and digits, whatever encoded them.
fn bare(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..4 {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            let decoded = (*first == b'%')
                .then(|| tail.get(..2))
                .flatten()
                .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            bytes.push(decoded.unwrap_or(*first));
            rest = if decoded.is_some() { &tail[2..] } else { tail };
        }
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

fn is_right(row: &Row, output: &str) -> bool {
    match &row.secret {
        None => output == row.input,
        Some(secret) => {
            !bare(output).contains(&bare(secret)) && row.keeps.iter().all(|kept| output.contains(kept.as_str()))
        }
    }
}

#[derive(Default)]
struct Tally {
    right: usize,
    all: usize,
}

impl Tally {
    fn add(&mut self, is_right: bool) {
        self.right += usize::from(is_right);
        self.all += 1;
    }

    fn share(&self) -> f64 {
        100.0 * self.right as f64 / self.all.max(1) as f64
    }
}

#[test]
fn enough_goes_and_enough_stays() {
    let mut tallies: BTreeMap<(bool, &str), [Tally; 2]> = BTreeMap::new();
    let mut totals = [[Tally::default(), Tally::default()], [Tally::default(), Tally::default()]];
    for row in corpus::personal::rows().into_iter().chain(corpus::clean::rows()) {
        let output = redact(&row);
        let is_clean = row.secret.is_none();
        let is_right = is_right(&row, &output);
        let held = usize::from(row.is_held_out);
        tallies.entry((is_clean, row.category)).or_default()[held].add(is_right);
        totals[usize::from(is_clean)][held].add(is_right);
        if !is_right
            && std::env::var("MISSES").is_ok_and(|wanted| wanted == "1" && !row.is_held_out || wanted == "held")
        {
            println!("MISS {} {:?}\n   {}\n   {output}", row.category, row.context, row.input);
        }
    }
    println!("{:<24}{:>16}{:>24}", "", "tuned on", "held out");
    for ((is_clean, category), [tuned, held]) in &tallies {
        println!(
            "{:<24}{:>8.2} % of {:>5}{:>12.2} % of {:>5}",
            format!("{}{category}", if *is_clean { "keeps " } else { "" }),
            tuned.share(),
            tuned.all,
            held.share(),
            held.all
        );
    }
    for (name, [tuned, held]) in ["recall", "kept"].iter().zip(&totals) {
        println!("{name:<24}{:>8.2} % of {:>5}{:>12.2} % of {:>5}", tuned.share(), tuned.all, held.share(), held.all);
    }
    // The rows held out count for themselves: what was tuned on must not make up for them.
    let [recall, kept] = totals.each_ref().map(|parts| parts.each_ref().map(Tally::share));
    for (part, (recall, kept)) in ["tuned on", "held out"].iter().zip(recall.into_iter().zip(kept)) {
        assert!(recall >= 99.5 && kept >= 99.8, "{part}: recall {recall:.2} %, kept {kept:.2} %");
    }
    for ((is_clean, category), parts) in &tallies {
        for tally in parts.iter().filter(|tally| tally.all > 0) {
            let share = tally.share();
            assert!(share >= if *is_clean { 99.0 } else { 97.0 }, "{category}: {share:.2} %");
        }
    }
}
