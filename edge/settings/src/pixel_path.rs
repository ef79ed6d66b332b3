//! Where on the edge's domain the pixel lives: the setting `PIXEL_PATH`, and every path that follows from it.

/// The path of the loader, checked. Everything else of the pixel lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelPath {
    /// With a slash at both ends.
    folder: String,
    /// The loader's file name without `.js`.
    stem: String,
}

/// What a path is to the pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The loader, under the path that stands in the tag of most pages.
    Loader,
    /// The loader of one build, named by the hash in the path.
    Version(&'a str),
    /// What only takes batches.
    Collect,
    /// The image for pages without scripts.
    Image,
    /// A file of that name beside the loader.
    File(&'a str),
    /// Nothing of the pixel's.
    Elsewhere,
}

impl PixelPath {
    /// Where the pixel lives unless the setting says otherwise.
    pub const DEFAULT: &str = "/pixel.js";

    /// Reads the setting. `None` unless it is a plain path to a script: `/`, then letters, digits and `/ _ . -`, no empty
    /// part and none that begins with a dot, `.js`.
    #[must_use]
    pub fn new(setting: &str) -> Option<Self> {
        let (folder, name) = setting.strip_suffix(".js")?.rsplit_once('/')?;
        let is_plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        };
        let mut parts = folder.split('/');
        let is_absolute = parts.next() == Some("");
        let is_good = is_absolute && parts.all(is_plain) && is_plain(name) && !setting.contains("..");
        is_good.then(|| Self { folder: format!("{folder}/"), stem: name.to_owned() })
    }

    /// The path of the loader.
    #[must_use]
    pub fn loader(&self) -> String {
        format!("{}{}.js", self.folder, self.stem)
    }

    /// The path of the loader whose hash is `hash`: it never serves anything else, so that a page can pin it.
    #[must_use]
    pub fn versioned(&self, hash: &str) -> String {
        format!("{}{}-{hash}.js", self.folder, self.stem)
    }

    /// What `path` is.
    #[must_use]
    pub fn place<'a>(&self, path: &'a str) -> Place<'a> {
        let Some(name) = path.strip_prefix(&self.folder).filter(|name| !name.is_empty() && !name.contains('/')) else {
            return Place::Elsewhere;
        };
        match name.strip_prefix(&self.stem) {
            Some(".js") => return Place::Loader,
            Some(".gif") => return Place::Image,
            Some(rest) => {
                let hash = rest.strip_prefix('-').and_then(|rest| rest.strip_suffix(".js"));
                if let Some(hash) = hash.filter(|hash| is_hash(hash)) {
                    return Place::Version(hash);
                }
            }
            None => {}
        }
        if name == "collect" && self.collects_beside() { Place::Collect } else { Place::File(name) }
    }

    /// Whether batches are posted to `place`. A loader called `pixel…` posts to `collect` beside it, one of any other name
    /// to where it came from: then one path of the site's own is all that has to be passed on to the edge. It may have
    /// come from an earlier deployment, and is listened to all the same.
    #[must_use]
    pub fn collects_at(&self, place: Place<'_>) -> bool {
        match place {
            Place::Collect => true,
            Place::Loader | Place::Version(_) => !self.collects_beside(),
            Place::Image | Place::File(_) | Place::Elsewhere => false,
        }
    }

    fn collects_beside(&self) -> bool {
        self.stem.starts_with("pixel")
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(setting: &str) -> PixelPath {
        PixelPath::new(setting).expect("a good setting")
    }

    #[test]
    fn only_a_plain_path_to_a_script_will_do() {
        for good in ["/pixel.js", "/w8/m.js", "/a/b-c_d/e.min.js", "/health.js"] {
            assert_eq!(path(good).loader(), good);
        }
        for bad in [
            "",
            "/",
            ".js",
            "/.js",
            "pixel.js",
            "/pixel",
            "/pixel.mjs",
            "/a//b.js",
            "//a.js",
            "/../a.js",
            "/a/../b.js",
            "/a..js",
            "/./a.js",
            "/a b.js",
            "/a%20.js",
            "/ä.js",
            "/a.js?x",
            "/a.js#x",
            "https://a.example/a.js",
            "/health",
            "/w8/",
            "/a.js/",
        ] {
            assert_eq!(PixelPath::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn by_default_everything_lies_at_the_root() {
        let pixel = path(PixelPath::DEFAULT);
        for (at, place) in [
            ("/pixel.js", Place::Loader),
            ("/pixel-0123456789abcdef.js", Place::Version("0123456789abcdef")),
            ("/collect", Place::Collect),
            ("/pixel.gif", Place::Image),
            ("/0123456789abcdef.wasm", Place::File("0123456789abcdef.wasm")),
            ("/pixel-0123456789ABCDEF.js", Place::File("pixel-0123456789ABCDEF.js")),
            ("/pixel-0123.js", Place::File("pixel-0123.js")),
            ("/w8/pixel.js", Place::Elsewhere),
            ("/", Place::Elsewhere),
        ] {
            assert_eq!(pixel.place(at), place, "{at}");
            assert_eq!(pixel.collects_at(place), place == Place::Collect);
        }
        assert_eq!(pixel.versioned("0123456789abcdef"), "/pixel-0123456789abcdef.js");
    }

    #[test]
    fn a_path_of_the_sites_own_gives_and_takes() {
        let pixel = path("/w8/m.js");
        for (at, place, collects) in [
            ("/w8/m.js", Place::Loader, true),
            ("/w8/m-0123456789abcdef.js", Place::Version("0123456789abcdef"), true),
            ("/w8/m.gif", Place::Image, false),
            ("/w8/0123456789abcdef.js", Place::File("0123456789abcdef.js"), false),
            ("/w8/collect", Place::File("collect"), false),
            ("/w8/", Place::Elsewhere, false),
            ("/pixel.js", Place::Elsewhere, false),
            ("/collect", Place::Elsewhere, false),
            ("/0123456789abcdef.js", Place::Elsewhere, false),
        ] {
            assert_eq!(pixel.place(at), place, "{at}");
            assert_eq!(pixel.collects_at(place), collects, "{at}");
        }
    }

    #[test]
    fn a_pixel_in_a_folder_collects_beside_itself() {
        let pixel = path("/a/pixel-eu.js");
        assert_eq!(pixel.place("/a/collect"), Place::Collect);
        assert_eq!(pixel.place("/collect"), Place::Elsewhere);
        assert!(!pixel.collects_at(Place::Loader));
    }
}
