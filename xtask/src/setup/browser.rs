//! Chromium, which the demo visit and the end-to-end tests drive.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::debian;
use crate::{progress, workspace};

const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MAC: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// The browser of this machine, unpacked for this checkout where there is none. `CHROME` names another one.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(set) = std::env::var_os("CHROME") {
        return Ok(set.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .chain([PathBuf::from(MAC)])
        .find(|candidate| candidate.is_file());
    if let Some(installed) = installed {
        return Ok(installed);
    }
    let script = workspace::tools().join("chromium.sh");
    if script.is_file() {
        return Ok(script);
    }
    if !debian::here() {
        bail!(
            "no Chromium or Chrome found: install one (`apt-get install chromium`, `brew install --cask google-chrome`), \
             or name it by CHROME=/path/to/chrome"
        );
    }
    progress::say("no Chromium or Chrome found: unpacking Debian's for this checkout");
    let folder = workspace::tools().join("chromium");
    debian::unpack(&["chromium", "fonts-dejavu-core"], &folder)?;
    // Without a font no text has a width, and what has no width cannot be clicked. A package that the system has is not unpacked.
    let fonts = folder.join("fonts.conf");
    let (unpacked, cache) = (folder.join("usr/share/fonts"), folder.join("font-cache"));
    let settings = format!(
        "<?xml version=\"1.0\"?>\n<fontconfig><dir>{}</dir><dir>/usr/share/fonts</dir><cachedir>{}</cachedir></fontconfig>\n",
        unpacked.display(),
        cache.display()
    );
    fs::write(&fonts, settings)?;
    let chromium = folder.join("usr/lib/chromium/chromium");
    debian::wrap(&script, &chromium, &folder, &[("FONTCONFIG_FILE", &fonts)])?;
    Ok(script)
}
