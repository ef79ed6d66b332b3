//! What was not redacted here cannot be read in as if it were.

fn main() {
    let _ = serde_json::from_str::<redaction::Redacted<wire::Event>>("{}");
}
