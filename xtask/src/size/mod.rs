//! What a visitor downloads and what Cloudflare runs, in bytes; what of it each module costs; and what peers have.

mod features;
pub(crate) mod weight;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::pixel::Files;
use crate::size::weight::Weight;
use crate::{peers, progress, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Print the sizes of the pixel's files as JSON, and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Pixel {
    files: Vec<Weight>,
}

/// Measures the last build.
pub(crate) fn run(options: &Options) -> Result<()> {
    let built = Files::read()?;
    let in_pixel = |name: &str| workspace::pixel().join(name);
    let files = weigh([
        ("loader", in_pixel(&built.loader)),
        ("glue", in_pixel(&built.glue)),
        ("wasm", in_pixel(&built.wasm)),
        ("fallback", in_pixel(&built.fallback)),
    ])?;
    if options.json {
        println!("{}", serde_json::to_string(&Pixel { files })?);
        return Ok(());
    }
    let worker = workspace::root().join("edge/build");
    let rest = weigh([
        ("debug", in_pixel(&built.debug)),
        ("worker", worker.join("index_bg.wasm")),
        ("worker", worker.join("index.js")),
    ])
    .context("`cargo xtask edge` builds the Worker")?;
    println!("{:<26} {:<40} {:>9} {:>9} {:>9}", "part", "file", "raw", "gzip -9", "brotli 11");
    files.iter().chain(&rest).for_each(line);
    let of = |part: &str| files.iter().find(|file| file.part == part).map_or(0, |file| file.brotli);
    let total = of("loader") + of("glue") + of("wasm");
    println!("{:<26} {:<40} {:>9} {:>9} {total:>9}\n", "the pixel in all", "loader + glue + wasm", "", "");

    features::print(of("loader"), of("glue"), of("wasm"))?;
    match peers::install() {
        Ok(folder) => peer_table(&folder, total),
        Err(error) => {
            progress::say(&format!("\npeers are not measured, as npm cannot bring them: {error:#}"));
            Ok(())
        }
    }
}

fn weigh<const N: usize>(files: [(&str, PathBuf); N]) -> Result<Vec<Weight>> {
    files.into_iter().map(|(part, path)| Weight::of(part, path)).collect()
}

fn line(Weight { part, path, raw, gzip, brotli }: &Weight) {
    println!("{part:<26} {path:<40} {raw:>9} {gzip:>9} {brotli:>9}");
}

/// Peers by weight; `ours` is the pixel's, in bytes of brotli.
fn peer_table(folder: &std::path::Path, ours: usize) -> Result<()> {
    let peers = peers::scripts()?.into_iter().map(|script| Weight::of(script.label, folder.join(script.file)));
    let mut peers = peers.collect::<Result<Vec<_>>>()?;
    peers.sort_by_key(|peer| peer.brotli);
    println!("\n{:<66} {:>9} {:>9} {:>9} {:>9}", "peer, from npm", "raw", "gzip -9", "brotli 11", "of ours");
    for Weight { part, raw, gzip, brotli, .. } in &peers {
        println!("{part:<66} {raw:>9} {gzip:>9} {brotli:>9} {:>8}%", brotli * 100 / ours.max(1));
    }
    Ok(())
}
