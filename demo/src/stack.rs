//! All parts together, in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::edge::Edge;
use crate::exporter::{DESTINATIONS, Exporter, Settings};
use crate::s3::S3;
use crate::site::Site;

/// The system, running.
#[derive(Debug)]
pub struct Stack {
    /// The buckets.
    pub s3: S3,
    /// The service that stores and exports.
    pub exporter: Exporter,
    /// The Worker.
    pub edge: Edge,
    /// The site that carries the pixel.
    pub site: Site,
    /// The database's address.
    pub database: String,
    folder: PathBuf,
}

impl Stack {
    /// Starts everything on top of the database at `database`; buckets, configuration and logs are in `folder`. Exports
    /// happen `every` so often.
    ///
    /// # Errors
    /// The first part that does not come up, and where its log is.
    pub async fn start(database: &str, folder: &Path, every: &str) -> Result<Self> {
        let logs = folder.join("logs");
        fs::create_dir_all(&logs)?;
        let s3 = S3::start(&folder.join("s3"), &DESTINATIONS).await?;
        let settings = Settings { database, s3: s3.address(), every };
        let exporter = Exporter::start(&settings, folder, &logs.join("exporter.log")).await?;
        let edge = Edge::start(exporter.ingest(), &logs.join("edge.log")).await?;
        let site = Site::start(edge.address()).await?;
        Ok(Self { s3, exporter, edge, site, database: database.to_owned(), folder: folder.to_path_buf() })
    }

    /// The folder of everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a destination's bucket.
    #[must_use]
    pub fn bucket(&self, destination: &str) -> PathBuf {
        self.s3.folder().join(destination)
    }

    /// Stops the parts in the order of the flow, so that each can still deliver.
    ///
    /// # Errors
    /// The part that cannot be stopped.
    pub async fn stop(&mut self) -> Result<()> {
        self.edge.stop().await?;
        self.exporter.stop().await
    }
}
