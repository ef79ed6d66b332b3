//! The pixel's files, embedded at build time, and the headers they are served with.

/// One file of the pixel.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name in the build; but for the loader it is served under it.
    pub name: &'static str,
    /// The first eight bytes of its SHA-256, in 16 hexadecimal digits.
    pub hash: &'static str,
    /// What a page may pin it by, as the attribute `integrity` says it: `sha256-…`.
    pub integrity: &'static str,
    /// Whether it is the loader: the only file whose name says nothing about its content.
    pub is_loader: bool,
    /// Its content.
    pub bytes: &'static [u8],
}

/// Every file of the pixel; none in a build on the host that came before the pixel was built.
pub static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/pixel.rs"));

/// How long a browser may keep a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Minutes: what is under this path changes with a deployment.
    Short,
    /// For ever: the path changes with the content.
    Immutable,
}

/// The loader among `assets`.
#[must_use]
pub fn loader(assets: &[Asset]) -> Option<&Asset> {
    assets.iter().find(|asset| asset.is_loader)
}

/// The content type of a file of that name.
#[must_use]
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "wasm")) => "application/wasm",
        Some((_, "gif")) => "image/gif",
        _ => "text/javascript; charset=utf-8",
    }
}

impl Asset {
    /// Whether `if_none_match`, the header of a request, says that the browser has this content.
    #[must_use]
    pub fn is_known(&self, if_none_match: &str) -> bool {
        let own = self.etag();
        let same = |tag: &str| tag.trim().trim_start_matches("W/") == own;
        if_none_match.trim() == "*" || if_none_match.split(',').any(same)
    }

    /// Its entity tag.
    fn etag(&self) -> String {
        format!("\"{}\"", self.hash)
    }

    /// The response headers. Modules and Wasm are fetched across origins, so every origin may read them.
    #[must_use]
    pub fn headers(&self, lifetime: Lifetime) -> [(&'static str, String); 7] {
        let caching = match lifetime {
            Lifetime::Short => "public, max-age=300",
            Lifetime::Immutable => "public, max-age=31536000, immutable",
        };
        [
            ("content-type", content_type(self.name).to_owned()),
            ("cache-control", caching.to_owned()),
            ("etag", self.etag()),
            ("access-control-allow-origin", "*".to_owned()),
            ("cross-origin-resource-policy", "cross-origin".to_owned()),
            ("timing-allow-origin", "*".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADER: Asset =
        Asset { name: "pixel.js", hash: "0123456789abcdef", integrity: "sha256-", is_loader: true, bytes: b"" };

    #[test]
    fn a_lifetime_and_a_type_go_with_each_file() {
        let wasm = Asset { name: "0123456789abcdef.wasm", is_loader: false, ..LOADER };
        let has = |headers: [(&str, String); 7], name: &str, value: &str| headers.contains(&(name, value.to_owned()));
        assert!(has(LOADER.headers(Lifetime::Short), "cache-control", "public, max-age=300"));
        assert!(has(LOADER.headers(Lifetime::Short), "content-type", "text/javascript; charset=utf-8"));
        assert!(has(LOADER.headers(Lifetime::Short), "timing-allow-origin", "*"));
        assert!(has(wasm.headers(Lifetime::Immutable), "cache-control", "public, max-age=31536000, immutable"));
        assert!(has(wasm.headers(Lifetime::Immutable), "content-type", "application/wasm"));
    }

    #[test]
    fn a_tag_is_known_in_any_form() {
        assert!(LOADER.is_known("\"0\", W/\"0123456789abcdef\"") && LOADER.is_known("*"));
        assert!(!LOADER.is_known("\"0123456789abcdef0\"") && !LOADER.is_known(""));
    }
}
