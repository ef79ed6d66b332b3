//! Nobody but the crate itself makes a `Redacted`.

fn main() {
    let event: wire::Event = serde_json::from_str("{}").unwrap();
    let _ = redaction::Redacted::<wire::Event>(event);
}
