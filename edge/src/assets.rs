//! The pixel's files, embedded at build time, and the headers they are served with.

/// One file of the pixel.
#[derive(Debug)]
pub struct Asset {
    /// The path it is served under.
    pub path: &'static str,
    /// Its entity tag, quotes included.
    pub etag: &'static str,
    /// Whether it is the loader: the only file whose name says nothing about its content.
    pub is_loader: bool,
    /// Its content.
    pub bytes: &'static [u8],
}

/// Every file of the pixel; none in a build on the host that came before the pixel was built.
pub static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/pixel.rs"));

/// The file under `path`.
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// Whether `if_none_match`, the header of a request, says that the browser has this content.
    #[must_use]
    pub fn is_known(&self, if_none_match: &str) -> bool {
        let strong = |tag: &str| tag.trim().trim_start_matches("W/") == self.etag;
        if_none_match.trim() == "*" || if_none_match.split(',').any(strong)
    }

    /// The response headers. Modules and Wasm are fetched across origins, so every origin may read them.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &'static str); 6] {
        let content_type = match self.path.rsplit_once('.') {
            Some((_, "wasm")) => "application/wasm",
            _ => "text/javascript; charset=utf-8",
        };
        let caching = if self.is_loader { "public, max-age=300" } else { "public, max-age=31536000, immutable" };
        [
            ("content-type", content_type),
            ("cache-control", caching),
            ("etag", self.etag),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("x-content-type-options", "nosniff"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loader_is_asked_for_again() {
        let loader = Asset { path: "/pixel.js", etag: "\"1\"", is_loader: true, bytes: b"" };
        let wasm = Asset { path: "/0123456789abcdef.wasm", is_loader: false, ..loader };
        assert!(loader.headers().contains(&("cache-control", "public, max-age=300")));
        assert!(wasm.headers().contains(&("cache-control", "public, max-age=31536000, immutable")));
        assert!(wasm.headers().contains(&("content-type", "application/wasm")));
    }

    #[test]
    fn a_tag_is_known_in_any_form() {
        let asset = Asset { path: "/pixel.js", etag: "\"1\"", is_loader: true, bytes: b"" };
        assert!(asset.is_known("\"0\", W/\"1\"") && asset.is_known("*") && !asset.is_known("\"11\""));
    }
}
