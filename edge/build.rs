//! Embeds the pixel: the files that `pixel.json` lists in the folder where `cargo xtask pixel` puts them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=EVOTHESIS_PIXEL_DIR");
    let workspace = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    let folder = env::var_os("EVOTHESIS_PIXEL_DIR").map_or_else(|| workspace.join("target/pixel"), PathBuf::from);
    let list = folder.join("pixel.json");
    println!("cargo::rerun-if-changed={}", list.display());
    let is_worker = env::var("CARGO_CFG_TARGET_ARCH")? == "wasm32";
    let entries: Map<String, Value> = match fs::read_to_string(&list) {
        Ok(json) => serde_json::from_str(&json)?,
        // A Worker without the pixel is of no use; tests and lints on the host do without.
        Err(error) if is_worker => {
            return Err(format!("{}: {error}; run `cargo xtask pixel` first", list.display()).into());
        }
        Err(_) => Map::new(),
    };
    if is_worker && !entries.contains_key("loader") {
        return Err(format!("{}: there is no loader", list.display()).into());
    }

    let mut source = String::from("&[\n");
    // an entry that names no file says something else about the pixel
    let files = entries.iter().filter_map(|(role, value)| Some((role, value.as_str()?)));
    for (role, name) in files.filter(|(_, name)| folder.join(name).is_file()) {
        let path = fs::canonicalize(folder.join(name))?;
        let path = path.to_str().ok_or("the path of the pixel must be UTF-8")?;
        println!("cargo::rerun-if-changed={path}");
        let digest = Sha256::digest(fs::read(path)?);
        let hash = digest.iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
        let integrity = STANDARD.encode(digest);
        let is_loader = role == "loader";
        writeln!(
            source,
            "    Asset {{ name: {name:?}, hash: \"{hash:016x}\", integrity: \"sha256-{integrity}\", is_loader: {is_loader}, \
             bytes: include_bytes!({path:?}) }},",
        )?;
    }
    source.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("pixel.rs"), source)?;
    Ok(())
}
