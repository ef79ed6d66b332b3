//! Every example of every rule.

use redaction::{Policy, Report, rules::RULES};
use serde_json::value::RawValue;

fn redact(example: &str) -> (String, Report) {
    if !example.starts_with('{') {
        return redaction::text(&Policy::default(), example);
    }
    let data = RawValue::from_string(example.to_owned()).expect("an example is valid JSON");
    let (event, report) = redaction::event(
        &Policy::default(),
        wire::Event { id: uuid::Uuid::nil(), seq: 0, kind: "click".to_owned(), ts: 0, t: 0, page: 0, data },
    );
    (event.data.get().to_owned(), report)
}

#[test]
fn what_a_rule_takes_is_taken_and_counted() {
    let mut wrong = Vec::new();
    for rule in RULES {
        for (before, after) in rule.redacted {
            let (redacted, report) = redact(before);
            if redacted != *after || report.is_empty() {
                wrong.push(format!("{}: {before}\n  expected {after}\n  got      {redacted}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_rule_keeps_is_kept_to_the_byte() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let done = rule.redacted.iter().map(|(_, after)| after);
        for kept in rule.kept.iter().chain(done) {
            let (redacted, report) = redact(kept);
            if redacted != *kept || !report.is_empty() {
                wrong.push(format!("{}: {kept}\n  got {redacted}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_explains_itself() {
    for rule in RULES {
        assert!(!rule.explanation.is_empty() && !rule.kept.is_empty(), "{}", rule.name);
    }
}
