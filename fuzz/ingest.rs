//! What holds of any body that comes to `/ingest`: nothing panics, no more is made of it than a body may be, and of each event
//! it is known whether it is stored. The fuzz targets call these, and so does a test of `exporter`, so that they cannot rot.

use exporter::ingest::admit::admit;
use exporter::ingest::decode::decode;
use exporter::ingest::inflate::Encoding;
use exporter::ingest::redact::{Rules, redact};
use wire::limits::{BATCH_EVENTS, BATCH_PAGES, INGEST_BODY_BYTES, URL_BYTES};

/// Of a body as it is parsed.
pub fn body(input: &[u8]) {
    let Ok(mut batch) = decode(input) else { return };
    assert!(batch.events.len() <= BATCH_EVENTS && batch.pages.len() <= BATCH_PAGES, "from {input:?}");
    assert!(batch.pages.iter().all(|page| page.url.len() <= URL_BYTES), "from {input:?}");
    let again = serde_json::to_vec(&batch).map(|body| decode(&body));
    assert!(matches!(again, Ok(Ok(ref again)) if *again == batch), "from {input:?}");
    let rules = Rules::default();
    redact(&rules, &mut batch);
    let admitted = admit(&batch, chrono::DateTime::from_timestamp_millis(batch.received_at).unwrap_or_default());
    assert_eq!(admitted.rows.len() + admitted.refused.len(), batch.events.len(), "from {input:?}");
    for row in admitted.rows {
        let texts = [row.site_id, row.user_agent, row.event_type, row.data, row.page.url.as_str(), row.edge_version];
        assert!(texts.iter().all(|text| !text.contains('\0')), "from {input:?}");
    }
    let once = batch.clone();
    assert!(redact(&rules, &mut batch).is_empty(), "from {input:?}");
    assert_eq!(batch, once, "from {input:?}");
}

/// Of a body as it is sent, whatever it says that it is.
pub fn encoded(input: &[u8]) {
    assert_eq!(Encoding::Identity.inflate(input).as_deref(), Ok(input));
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        if let Ok(plain) = encoding.inflate(input) {
            assert!(plain.len() <= INGEST_BODY_BYTES, "{encoding:?} of {input:?}");
        }
    }
}
