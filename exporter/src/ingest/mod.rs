//! The way of a batch into the database: authenticate, decode, redact, admit, commit. Each verb is a file; nothing here knows
//! HTTP, and nothing but `commit` touches the database.

pub mod admit;
pub mod authenticate;
pub mod commit;
pub mod decode;
pub mod redact;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use redaction::Policy;
use sqlx::PgPool;
use wire::{IngestAnswer, Refused};

use self::admit::Admitted;
use self::authenticate::{Claim, Unauthorized};
use self::decode::DecodeError;

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

/// Stores what is new in a `body` that is signed as the request's headers claim, and answers for each of its events, once
/// all of them are committed.
pub async fn ingest(
    pool: &PgPool,
    redaction: &Policy,
    claim: &Claim<'_>,
    now: DateTime<Utc>,
    body: &[u8],
) -> Result<IngestAnswer, IngestError> {
    claim.verify(body)?;
    let mut batch = decode::decode(body)?;
    let missed = redact::redact(redaction, &mut batch);
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

fn log_refusals(refused: &[Refused]) {
    if !refused.is_empty() {
        tracing::warn!(events = refused.len(), reasons = ?counts(refused), "refused");
    }
}

fn counts(refused: &[Refused]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for it in refused {
        *counts.entry(it.reason.name()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use wire::Reason;

    use super::*;

    #[test]
    fn refusals_are_counted_by_reason() {
        let refused = [Reason::BadId, Reason::Conflict, Reason::BadId].map(|reason| Refused { seq: None, reason });
        assert_eq!(counts(&refused), BTreeMap::from([("bad_id", 2), ("conflict", 1)]));
    }
}
