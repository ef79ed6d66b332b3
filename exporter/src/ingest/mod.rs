//! The way of a batch into the database: authenticate, decode, redact, admit, commit. Each verb is a file; nothing here knows
//! HTTP, and nothing but `commit` touches the database.

pub mod admit;
pub mod authenticate;
pub mod commit;
pub mod decode;
pub mod redact;

use axum::http::HeaderMap;
use sqlx::PgPool;
use wire::IngestAnswer;

use self::admit::Admitted;
use self::authenticate::{Keys, Unauthorized};
use self::decode::DecodeError;
use crate::clock::Clock;

/// Why a batch was not stored. Nothing of it was then.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Not signed by the edge.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// Signed, and not a batch.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// The database did not commit. What it did commit of the batch is a duplicate next time.
    #[error("the batch could not be committed: {0}")]
    Store(#[from] sqlx::Error),
}

/// Stores what is new in a signed `body` and answers for each of its events, once all of them are committed.
pub async fn ingest(
    pool: &PgPool,
    keys: &Keys,
    clock: Clock,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<IngestAnswer, IngestError> {
    let now = clock.now();
    authenticate::authenticate(keys, headers, body, now)?;
    let mut batch = decode::decode(body)?;
    let missed = redact::redact(&mut batch);
    if !missed.is_empty() {
        tracing::error!(edge_version = batch.edge_version, kinds = ?missed.counts(), "personal data on arrival");
    }
    let Admitted { rows, mut duplicates, mut refused } = admit::admit(&batch, now);
    let committed = commit::commit(pool, &rows, admit::pixel_drop(&batch).as_ref(), now).await?;
    duplicates += committed.duplicates;
    refused.extend(committed.refused);
    log_refusals(&refused);
    Ok(IngestAnswer { accepted: committed.accepted, duplicates, refused })
}

fn log_refusals(refused: &[wire::Refused]) {
    if let Some(first) = refused.first() {
        tracing::warn!(events = refused.len(), first_reason = first.reason.name(), "refused");
    }
}
