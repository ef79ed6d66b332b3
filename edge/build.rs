//! Embeds the pixel: the files that `pixel.json` lists in the folder where `cargo xtask pixel` puts them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=EVOTHESIS_PIXEL_DIR");
    let workspace = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    let folder = env::var_os("EVOTHESIS_PIXEL_DIR").map_or_else(|| workspace.join("target/pixel"), PathBuf::from);
    let list = folder.join("pixel.json");
    println!("cargo::rerun-if-changed={}", list.display());
    let files: BTreeMap<String, String> = match fs::read_to_string(&list) {
        Ok(json) => serde_json::from_str(&json)?,
        // A Worker without the pixel is of no use; tests and lints on the host do without.
        Err(error) if env::var("CARGO_CFG_TARGET_ARCH")? == "wasm32" => {
            return Err(format!("{}: {error}; run `cargo xtask pixel` first", list.display()).into());
        }
        Err(_) => BTreeMap::new(),
    };

    let mut source = String::from("&[\n");
    for (role, name) in files {
        let path = fs::canonicalize(folder.join(&name))?;
        let path = path.to_str().ok_or("the path of the pixel must be UTF-8")?;
        println!("cargo::rerun-if-changed={path}");
        let mut hash = DefaultHasher::new();
        fs::read(path)?.hash(&mut hash);
        let is_loader = role == "loader";
        let name = if is_loader { "pixel.js" } else { &name };
        writeln!(
            source,
            "    Asset {{ path: \"/{name}\", etag: \"\\\"{:016x}\\\"\", is_loader: {is_loader}, bytes: include_bytes!({path:?}) }},",
            hash.finish()
        )?;
    }
    source.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("pixel.rs"), source)?;
    Ok(())
}
