//! A batch of plain events is no parcel.

fn main() {
    let batch: wire::ForwardBatch<wire::Page, wire::Event> = serde_json::from_str("{}").unwrap();
    let _ = edge::forwarder::Parcel::new(&batch);
}
