//! What a visitor downloads and what Cloudflare runs, in bytes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::pixel::Files;
use crate::{progress, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    part: &'static str,
    path: String,
    raw: usize,
    gzip: usize,
    brotli: usize,
}

#[derive(Serialize)]
struct Table {
    files: Vec<Row>,
}

/// Measures the last build.
pub(crate) fn run(options: &Options) -> Result<()> {
    let files = Files::read()?;
    let pixel = workspace::pixel();
    let worker = workspace::root().join("edge/build");
    let files = [
        ("loader", pixel.join(files.loader)),
        ("glue", pixel.join(files.glue)),
        ("wasm", pixel.join(files.wasm)),
        ("worker", worker.join("index_bg.wasm")),
        ("worker", worker.join("index.js")),
    ];
    let files = files.into_iter().map(|(part, path)| measure(part, path)).collect::<Result<Vec<_>>>()?;
    if options.json {
        println!("{}", serde_json::to_string(&Table { files })?);
        return Ok(());
    }
    println!("{:<8} {:<40} {:>9} {:>9} {:>9}", "part", "file", "raw", "gzip -9", "brotli 11");
    for Row { part, path, raw, gzip, brotli } in &files {
        println!("{part:<8} {path:<40} {raw:>9} {gzip:>9} {brotli:>9}");
    }
    let pixel: usize = files.iter().filter(|row| row.part != "worker").map(|row| row.brotli).sum();
    progress::say(&format!("the pixel in all: {pixel} bytes brotli"));
    Ok(())
}

fn measure(part: &'static str, path: PathBuf) -> Result<Row> {
    let content = fs::read(&path).with_context(|| format!("{} is missing: run `cargo xtask edge`", path.display()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&content)?;
    let mut brotli = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut content.as_slice(), &mut brotli, &parameters)?;
    let path = path.strip_prefix(workspace::root()).map(Path::to_path_buf).unwrap_or(path).display().to_string();
    Ok(Row { part, path, raw: content.len(), gzip: gzip.finish()?.len(), brotli: brotli.len() })
}
