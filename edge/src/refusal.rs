//! Why a request to `/collect` is refused as a whole. Every refusal has a name, and says whether the page should try again.

use wire::{CollectError, limits};

use crate::pipeline::DecodeError;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No origin of a site, or one whose batches are not taken.
    #[error("the request must name the http or https origin of a site that is known here")]
    Origin,
    /// The body is of a type that is not read.
    #[error("the body must be text/plain or application/json in UTF-8")]
    MediaType,
    /// The body is compressed.
    #[error("the body must not be compressed")]
    Encoding,
    /// The body is no batch.
    #[error("{0}")]
    Body(#[from] DecodeError),
    /// More batches than are taken from this address or for this site.
    #[error("too many batches, try again later")]
    TooMany {
        /// When to try again, in seconds.
        seconds: u32,
    },
    /// More new sites than are taken in a day.
    #[error("too many new sites today, try again later")]
    NewSite,
    /// Neither exporter nor Queue has it, or the settings are wrong.
    #[error("try again later")]
    Unavailable,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Origin => 403,
            Self::MediaType | Self::Encoding => 415,
            Self::Body(error) => error.status(),
            Self::TooMany { .. } | Self::NewSite => 429,
            Self::Unavailable => 503,
        }
    }

    /// Seconds that the page should wait before it sends the same again; `None` when that will never help.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Origin | Self::MediaType | Self::Encoding | Self::Body(_) => None,
            Self::TooMany { seconds } => Some(*seconds),
            Self::NewSite => Some(3600),
            Self::Unavailable => Some(10),
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn answer(&self) -> CollectError {
        let (error, field) = match self {
            Self::Body(error) => return error.answer(),
            Self::Origin => ("forbidden_origin", "origin"),
            Self::MediaType => ("unsupported_media_type", "content-type"),
            Self::Encoding => ("unsupported_encoding", "content-encoding"),
            Self::TooMany { .. } => ("too_many_requests", ""),
            Self::NewSite => ("too_many_sites", "origin"),
            Self::Unavailable => ("unavailable", ""),
        };
        CollectError { error: error.to_owned(), field: field.to_owned(), reason: self.to_string() }
    }
}

/// What the headers say of a body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Described<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
    /// `Content-Length`.
    pub content_length: Option<&'a str>,
}

impl Described<'_> {
    /// Whether such a body is read at all.
    ///
    /// # Errors
    /// Why it is not.
    pub fn judge(self) -> Result<(), Refusal> {
        if !is_plain(self.content_encoding.unwrap_or("identity")) {
            return Err(Refusal::Encoding);
        }
        // a beacon of bare bytes has no type
        if !self.content_type.is_none_or(is_json) {
            return Err(Refusal::MediaType);
        }
        // one that cannot be read is no promise
        let is_short = |length: &str| length.parse::<usize>().is_ok_and(|length| length <= limits::COLLECT_BODY_BYTES);
        if self.content_length.is_none_or(is_short) { Ok(()) } else { Err(DecodeError::TooLarge.into()) }
    }
}

fn is_plain(encoding: &str) -> bool {
    encoding.trim().eq_ignore_ascii_case("identity")
}

/// Whether a type can hold JSON in UTF-8. `text/plain` is what a page may send to another origin without asking first.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let is_known = ["text/plain", "application/json"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
        }
        _ => true,
    };
    is_known && parts.all(is_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_judged_by_its_headers_before_it_is_read() {
        let described = |content_type, content_encoding, content_length| {
            Described { content_type, content_encoding, content_length }.judge().err().map(|refusal| refusal.status())
        };
        for content_type in
            ["text/plain", "text/plain;charset=UTF-8", "application/json; charset=\"utf-8\"", "Text/Plain; x=1"]
        {
            assert_eq!(described(Some(content_type), None, Some("100")), None, "{content_type}");
        }
        for content_type in [
            "",
            "text/html",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain; charset=utf-16",
            "application/jsonp",
            "application/json, text/plain",
        ] {
            assert_eq!(described(Some(content_type), None, None), Some(415), "{content_type}");
        }
        assert_eq!(described(None, Some("identity"), None), None);
        for encoding in ["gzip", "br", "deflate", "identity, gzip", ""] {
            assert_eq!(described(None, Some(encoding), None), Some(415), "{encoding}");
        }
        for (length, status) in
            [("65536", None), ("65537", Some(413)), ("99999999999999999999999", Some(413)), ("x", Some(413))]
        {
            assert_eq!(described(None, None, Some(length)), status, "{length}");
        }
    }

    #[test]
    fn each_refusal_has_a_name_a_status_and_says_whether_to_come_back() {
        let all = [
            (Refusal::Origin, 403, "forbidden_origin", false),
            (Refusal::MediaType, 415, "unsupported_media_type", false),
            (Refusal::Encoding, 415, "unsupported_encoding", false),
            (Refusal::Body(DecodeError::TooLarge), 413, "too_large", false),
            (Refusal::Body(DecodeError::UnknownVersion), 422, "unknown_version", false),
            (Refusal::TooMany { seconds: 7 }, 429, "too_many_requests", true),
            (Refusal::NewSite, 429, "too_many_sites", true),
            (Refusal::Unavailable, 503, "unavailable", true),
        ];
        for (refusal, status, name, comes_back) in all {
            let answer = refusal.answer();
            assert_eq!((refusal.status(), answer.error.as_str()), (status, name));
            assert_eq!(refusal.retry_after().is_some(), comes_back, "{name}");
            assert!(!answer.reason.is_empty());
        }
    }
}
