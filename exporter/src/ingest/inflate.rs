//! Bodies that were sent compressed. No more is made of one than a body may have, whatever it would grow to.

use std::borrow::Cow;
use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use wire::limits::INGEST_BODY_BYTES;

/// What a sender may choose from.
pub const ENCODINGS: &str = "gzip, zstd";
/// The window that a sender over HTTP may use is at most 8 MiB (<https://www.rfc-editor.org/rfc/rfc9659#section-3>).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Why a body cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Of another encoding, or of several.
    #[error("content-encoding is neither gzip nor zstd")]
    Unknown,
    /// More than a body may have.
    #[error("the body is too large inflated")]
    TooLong,
    /// Not what its encoding says.
    #[error("the body is not compressed as content-encoding says")]
    Corrupt,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// What `Content-Encoding` says.
    pub fn of(headers: &HeaderMap) -> Result<Self, InflateError> {
        let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(name) = named.next() else { return Ok(Self::Identity) };
        let name = name.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        match (name.as_str(), named.next()) {
            ("identity" | "", None) => Ok(Self::Identity),
            ("gzip" | "x-gzip", None) => Ok(Self::Gzip),
            ("zstd", None) => Ok(Self::Zstd),
            _ => Err(InflateError::Unknown),
        }
    }

    /// The `body` as it was before it was compressed.
    pub fn inflate(self, body: &[u8]) -> Result<Cow<'_, [u8]>, InflateError> {
        match self {
            Self::Identity => Ok(Cow::Borrowed(body)),
            Self::Gzip => limited(MultiGzDecoder::new(body)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(|_| InflateError::Corrupt)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|_| InflateError::Corrupt)?;
                limited(decoder)
            }
        }
    }
}

fn limited(inflating: impl Read) -> Result<Cow<'static, [u8]>, InflateError> {
    let mut inflated = Vec::new();
    let one_too_many = INGEST_BODY_BYTES as u64 + 1;
    inflating.take(one_too_many).read_to_end(&mut inflated).map_err(|_| InflateError::Corrupt)?;
    if inflated.len() > INGEST_BODY_BYTES { Err(InflateError::TooLong) } else { Ok(Cow::Owned(inflated)) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn compressed(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
        match encoding {
            Encoding::Identity => plain.to_vec(),
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect("memory");
                encoder.finish().expect("memory")
            }
            Encoding::Zstd => zstd::encode_all(plain, 3).expect("memory"),
        }
    }

    #[test]
    fn what_was_compressed_is_had_again() {
        let longest = vec![b'x'; INGEST_BODY_BYTES];
        for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
            for plain in [&b"{}"[..], &longest] {
                assert_eq!(encoding.inflate(&compressed(encoding, plain)).as_deref(), Ok(plain), "{encoding:?}");
            }
        }
    }

    #[test]
    fn a_bomb_goes_off_at_the_limit() {
        let bomb = vec![0; 200 * INGEST_BODY_BYTES];
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let small = compressed(encoding, &bomb);
            assert!(small.len() < INGEST_BODY_BYTES, "{encoding:?}: {}", small.len());
            assert_eq!(encoding.inflate(&small), Err(InflateError::TooLong), "{encoding:?}");
            assert_eq!(
                encoding.inflate(&compressed(encoding, &bomb[..=INGEST_BODY_BYTES])),
                Err(InflateError::TooLong)
            );
        }
    }

    #[test]
    fn what_is_cut_or_spoiled_is_corrupt() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let good = compressed(encoding, &[b'x'; 1000]);
            assert_eq!(encoding.inflate(&good[..good.len() - 1]), Err(InflateError::Corrupt), "{encoding:?}");
            assert_eq!(encoding.inflate(b"no such thing"), Err(InflateError::Corrupt), "{encoding:?}");
        }
        // A window of more than 8 MiB.
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("memory");
        encoder.window_log(24).expect("valid");
        encoder.write_all(b"x").expect("memory");
        encoder.flush().expect("memory");
        let wide = encoder.finish().expect("memory");
        assert_eq!(Encoding::Zstd.inflate(&wide), Err(InflateError::Corrupt));
    }

    #[test]
    fn one_encoding_is_known_by_its_name() {
        let of = |names: &[&'static str]| {
            let headers = names.iter().map(|name| (header::CONTENT_ENCODING, name.parse().expect("ascii")));
            Encoding::of(&headers.collect())
        };
        assert_eq!(of(&[]), Ok(Encoding::Identity));
        assert_eq!(of(&["identity"]), Ok(Encoding::Identity));
        assert_eq!(of(&["GZIP"]), Ok(Encoding::Gzip));
        assert_eq!(of(&["zstd"]), Ok(Encoding::Zstd));
        for other in [&["br"][..], &["gzip, gzip"], &["gzip", "zstd"]] {
            assert_eq!(of(other), Err(InflateError::Unknown), "{other:?}");
        }
    }
}
