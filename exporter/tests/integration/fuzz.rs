//! The checks of the fuzz targets for bodies of `/ingest`, for a short time and on any toolchain: over batches with pieces of them
//! cut, doubled and exchanged, and over what their compressed forms become by the same.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;
use wire::ForwardBatch;

use crate::samples::{batch, event};

#[path = "../../../fuzz/ingest.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets use it, too")]
mod holds;

/// What a piece of the input becomes: it is cut, doubled, or taken from here.
const PIECES: [&[u8]; 12] = [
    b"",
    b"null",
    b"-1",
    b"1e999",
    b"[]",
    b"{}",
    b"\"\\u0000\"",
    b"\"\\ud800\"",
    b"jane@example.org",
    b"\xff",
    b",",
    b"\"",
];

fn body() -> Vec<u8> {
    let mut events: Vec<_> = (0..3).map(event).collect();
    let data = r#"{"note": "to jane@example.org", "list": [1, {"a": null}], "n": 1.50}"#;
    events[1].event.data = RawValue::from_string(data.to_owned()).expect("json");
    serde_json::to_vec(&ForwardBatch { dropped: 2, ..batch(events) }).expect("json")
}

fn changed(mut input: Vec<u8>, changes: &[(usize, usize, usize)]) -> Vec<u8> {
    for (at, length, piece) in changes {
        let at = at % (input.len() + 1);
        let end = (at + length % 24).min(input.len());
        let piece = PIECES.get(*piece).map_or_else(|| input[at..end].repeat(2), |piece| piece.to_vec());
        input.splice(at..end, piece);
    }
    input
}

fn changes() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    vec((any::<usize>(), any::<usize>(), 0..PIECES.len() + 1), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn bodies_hold(changes in changes(), random in vec(any::<u8>(), 0..80)) {
        holds::body(&changed(body(), &changes));
        holds::body(&random);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn encoded_bodies_hold(changes in changes(), random in vec(any::<u8>(), 0..80)) {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&body()).expect("memory");
        for encoded in [gzip.finish().expect("memory"), zstd::encode_all(&body()[..], 3).expect("memory")] {
            holds::encoded(&encoded);
            holds::encoded(&changed(encoded, &changes));
        }
        holds::encoded(&random);
    }
}

#[test]
fn what_is_checked_is_read() {
    assert!(exporter::ingest::decode::decode(&body()).is_ok());
}
