//! Speed, always beside something else in the same run: this machine's figures say little, ratios say more.

mod edge;
mod export;
mod exporter;
mod pixel;
mod target;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Ingest and export, each alone and side by side, beside a plain COPY of the same rows.
    Exporter(exporter::Options),
    /// Many rows to one bucket, beside what others do with the same rows.
    Export(export::Options),
    /// A batch through the Worker, beside an echo of it.
    Edge(edge::Options),
    /// What the pixel costs a page, beside other trackers and none.
    Pixel(pixel::Options),
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    match &options.what {
        What::Exporter(options) => exporter::run(options).await,
        What::Export(options) => export::run(options).await,
        What::Edge(options) => edge::run(options).await,
        What::Pixel(options) => pixel::run(options).await,
    }
}

/// The value that `share` of all `values` do not pass; a half is the median.
fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}
