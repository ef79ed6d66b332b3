//! What each module of the pixel costs.
//!
//! Of a script, esbuild says how many bytes each source became. Of the Wasm, the line table that the compiler left for
//! debuggers says which source each instruction comes from, through all inlining.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};
use serde::Deserialize;
use wasmparser::{Parser, Payload};

use crate::setup::{cargo_tools, node, wasm};
use crate::{progress, workspace};

/// Bytes by module.
type Bytes = BTreeMap<String, u64>;

/// Prints the shares, given what each file weighs in brotli.
pub(crate) fn print(loader: usize, glue: usize, wasm: usize) -> Result<()> {
    let folder = workspace::root().join("target/pixel-anatomy");
    let with_lines = with_lines(&folder)?;
    println!("what each module costs; its bytes of brotli are its share of its file's, as if all of it packed alike");
    table("loader", &of_script("loader.js", &folder)?, loader);
    table("glue", &of_script("page.js", &folder)?, glue);
    table("wasm", &of_wasm(&with_lines)?, wasm);
    Ok(())
}

fn table(part: &str, bytes: &Bytes, brotli: usize) {
    let total: u64 = bytes.values().sum();
    let mut rows: Vec<_> = bytes.iter().collect();
    rows.sort_by_key(|(_, raw)| std::cmp::Reverse(**raw));
    println!("\n{:<26} {:>9} {:>9} {:>9}", format!("{part}, module"), "raw", "share", "~brotli");
    for (name, raw) in rows {
        let of = |whole: u64| (raw * whole + total / 2) / total.max(1);
        println!("{name:<26} {raw:>9} {:>8}% {:>9}", of(100), of(brotli as u64));
    }
}

/// The Wasm of the last build again, with its line table.
fn with_lines(folder: &Path) -> Result<Vec<u8>> {
    let compiled = compiled()?;
    cargo_tools::wasm_bindgen(&compiled, folder, &["--target", "bundler", "--keep-debug"])?;
    let small = folder.join("small.wasm");
    let mut wasm_opt = Command::new(workspace::npm_bin("wasm-opt"));
    wasm_opt.env("PATH", node::path()).arg(folder.join("tracking_wasm_bg.wasm")).arg("-o").arg(&small);
    wasm_opt.args(["--debuginfo", "--traps-never-happen", "--zero-filled-memory", "-Oz", "-Oz"]).args(wasm::FEATURES);
    progress::step("wasm-opt, with the line table", &mut wasm_opt)?;
    Ok(fs::read(small)?)
}

/// What esbuild makes of each source of `entry`.
fn of_script(entry: &str, folder: &Path) -> Result<Bytes> {
    #[derive(Deserialize)]
    struct Metafile {
        outputs: BTreeMap<String, Output>,
    }
    #[derive(Deserialize)]
    struct Output {
        bytes: u64,
        inputs: BTreeMap<String, Input>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        bytes_in_output: u64,
    }
    let metafile = folder.join("metafile.json");
    let mut esbuild = Command::new(workspace::npm_bin("esbuild"));
    esbuild.env("PATH", node::path()).arg(workspace::root().join("tracking-wasm/loader").join(entry));
    esbuild.args(["--bundle", "--minify", "--target=es2022", "--format=esm", "--legal-comments=none"]);
    // whatever is loaded by a hashed name is no part of the script
    esbuild.args(["WASM", "FALLBACK", "DEBUG", "GLUE"].map(|part| format!("--define:{part}_FILE=\"later.js\"")));
    esbuild.arg("--external:./later.js");
    esbuild
        .arg(format!("--metafile={}", metafile.display()))
        .arg(format!("--outfile={}", folder.join(entry).display()));
    progress::step(&format!("esbuild of {entry}"), &mut esbuild)?;
    let metafile: Metafile = serde_json::from_slice(&fs::read(metafile)?)?;
    let output = metafile.outputs.into_values().next().context("esbuild's metafile has no output")?;
    let name = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut bytes: Bytes = output.inputs.into_iter().map(|(path, input)| (name(path), input.bytes_in_output)).collect();
    bytes.insert("(between them)".to_owned(), output.bytes - bytes.values().sum::<u64>());
    Ok(bytes)
}

/// What each source file became in `wasm`, which has a line table.
fn of_wasm(wasm: &[u8]) -> Result<Bytes> {
    let mut debug = BTreeMap::new();
    let mut bodies = Vec::new();
    let mut bytes = Bytes::new();
    let mut code_starts = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CustomSection(section) => {
                debug.insert(section.name(), section.data());
            }
            Payload::CodeSectionStart { unchecked_range, .. } => code_starts = unchecked_range.start,
            // in the line table, addresses count from there
            Payload::CodeSectionEntry(body) => {
                bodies.push(body.range().start - code_starts..body.range().end - code_starts);
            }
            Payload::DataSection(data) => {
                let size = data.range().end - data.range().start;
                bytes.insert("(texts and tables)".to_owned(), size);
            }
            _ => {}
        }
    }
    let sources = sources(|id| debug.get(id.name()).copied().unwrap_or_default())?;
    for body in bodies {
        attribute(body, &sources, &mut bytes);
    }
    Ok(bytes)
}

/// Where each run of instructions begins, and the source that it comes from.
fn sources<'a>(section: impl Fn(SectionId) -> &'a [u8]) -> Result<BTreeMap<u64, Source>> {
    let dwarf = Dwarf::load(|id| Ok::<_, gimli::Error>(EndianSlice::new(section(id), LittleEndian)))?;
    let mut sources = BTreeMap::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let Some(program) = unit.line_program.clone() else { continue };
        let mut rows = program.rows();
        while let Some((header, row)) = rows.next_row()? {
            let Some(file) = row.file(header).filter(|_| !row.end_sequence()) else { continue };
            let mut path = String::new();
            if let Some(folder) = file.directory(header) {
                path = dwarf.attr_string(&unit, folder)?.to_string_lossy().into_owned() + "/";
            }
            path += &dwarf.attr_string(&unit, file.path_name())?.to_string_lossy();
            sources.insert(row.address(), Source::of(&path));
        }
    }
    Ok(sources)
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// A module of the pixel.
    Own(String),
    /// A crate that it uses.
    Library(String),
}

impl Source {
    fn of(path: &str) -> Self {
        let after = |part: &str| path.split_once(part).map(|(_, rest)| rest);
        if let Some(module) = after("tracking-wasm/src/") {
            return Self::Own(module.trim_end_matches(".rs").trim_end_matches("/mod").to_owned());
        }
        let name =
            after("/library/").or_else(|| after("/registry/src/").and_then(|rest| rest.split_once('/')).map(|it| it.1));
        Self::Library(name.and_then(|name| name.split('/').next()).unwrap_or("(other)").to_owned())
    }
}

/// Shares out the bytes of one function. What a module has taken in of a library is the module's.
fn attribute(body: std::ops::Range<u64>, sources: &BTreeMap<u64, Source>, bytes: &mut Bytes) {
    let rows: Vec<(u64, &Source)> = sources.range(body.clone()).map(|(address, source)| (*address, source)).collect();
    let own = |row: &&(u64, &Source)| matches!(row.1, Source::Own(_));
    let mut owner = rows.iter().find(own).or(rows.first()).map(|row| row.1);
    let mut from = body.start;
    for (address, source) in rows.iter().copied().chain([(body.end, &Source::Own(String::new()))]) {
        let (Source::Own(name) | Source::Library(name)) = owner.unwrap_or(&Source::Own("(no line)".to_owned())).clone();
        *bytes.entry(name).or_default() += address - from;
        from = address;
        if matches!(source, Source::Own(_)) {
            owner = Some(source);
        }
    }
}

/// What the compiler left of the last build.
fn compiled() -> Result<PathBuf> {
    let folder = workspace::root().join("target").join(format!("pixel-{}", wasm::toolchain()?.name()));
    Ok(folder.join(wasm::TARGET).join("pixel/tracking_wasm.wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_takes_in_of_a_library_is_the_modules() {
        let own = |name: &str| Source::Own(name.to_owned());
        let library = Source::Library("core".to_owned());
        let sources =
            [(10, library.clone()), (12, own("click")), (15, library.clone()), (20, own("text")), (40, library)];
        let (sources, mut bytes) = (BTreeMap::from(sources), Bytes::new());
        attribute(8..30, &sources, &mut bytes);
        attribute(40..47, &sources, &mut bytes);
        let expected = [("click", 12), ("core", 7), ("text", 10)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(bytes, Bytes::from(expected));
    }

    #[test]
    fn a_path_tells_whose_a_source_is() {
        assert_eq!(Source::of("/a/tracking-wasm/src/tracker/mod.rs"), Source::Own("tracker".to_owned()));
        assert_eq!(Source::of("/rustc/library/core/src/str.rs"), Source::Library("core".to_owned()));
        assert_eq!(
            Source::of("/c/registry/src/index-1/dlmalloc-1/src/lib.rs"),
            Source::Library("dlmalloc-1".to_owned())
        );
    }
}
