//! The way of a batch into the database: authenticate, inflate, decode, redact, and with whoever came meanwhile, admit and commit.
//! Each verb is a file; nothing here knows HTTP, and nothing but `commit` touches the database.

pub mod admit;
pub mod alarm;
pub mod authenticate;
pub mod commit;
pub mod decode;
pub mod group;
pub mod inflate;
pub mod redact;
pub mod room;
pub mod tally;

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wire::{IngestAnswer, Refused};

use self::alarm::Alarm;
use self::authenticate::{Claim, Keys, Unauthorized};
use self::decode::DecodeError;
use self::group::{Groups, NotCommitted};
use self::inflate::{Encoding, InflateError};
use self::redact::Rules;
use self::room::{Arriving, Full, Room};
use crate::metrics::Metrics;

/// Why a batch was not stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Not signed by the edge.
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// Too much is under way.
    #[error(transparent)]
    Full(#[from] Full),
    /// Signed, and compressed in no way that can be undone.
    #[error(transparent)]
    Inflate(#[from] InflateError),
    /// Signed, and not a batch.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// The database failed.
    #[error(transparent)]
    NotCommitted(#[from] NotCommitted),
}

/// What takes batches in.
#[derive(Debug)]
pub struct Ingest {
    keys: Keys,
    redaction: Rules,
    room: Room,
    groups: Groups,
    alarm: Alarm,
    metrics: Metrics,
}

/// A request whose headers are in order, and whose body is still to be read.
#[derive(Debug)]
pub struct Expected<'a> {
    claim: Claim<'a>,
    encoding: Result<Encoding, InflateError>,
    place: Arriving,
    now: DateTime<Utc>,
}

impl Expected<'_> {
    /// Keeps room for a body of `bytes`, when that is more than there is kept already.
    pub fn grow(&self, bytes: usize) -> Result<(), IngestError> {
        Ok(self.place.grow(bytes)?)
    }

    /// Returns once the body has to go for others, having been on its way for too long.
    pub async fn has_to_go(&self) -> IngestError {
        self.place.has_to_go().await.into()
    }
}

impl Ingest {
    /// Takes what is signed by one of `keys` into the database of `pool`, and lists up to `new_sites` a day.
    #[must_use]
    pub fn new(keys: Keys, redaction: Rules, pool: PgPool, new_sites: u32, metrics: Metrics) -> Self {
        let groups = Groups::new(pool, new_sites, metrics.clone());
        Self { keys, redaction, room: Room::default(), groups, alarm: Alarm::default(), metrics }
    }

    /// The room that is left, in bytes of bodies and in batches.
    #[must_use]
    pub fn room(&self) -> (usize, usize) {
        self.room.left()
    }

    /// Looks at the headers of a request that came `now`, and keeps room for the first `bytes` of its body.
    pub fn expect<'a>(
        &'a self,
        headers: &'a HeaderMap,
        bytes: usize,
        now: DateTime<Utc>,
    ) -> Result<Expected<'a>, IngestError> {
        let claim = authenticate::claim(&self.keys, headers, now)?;
        Ok(Expected { claim, encoding: Encoding::of(headers), place: self.room.take(bytes)?, now })
    }

    /// Stores what is new in a `body` that is signed, as it was sent, as its headers claim, and answers for each of its events, once all of
    /// them are committed.
    pub async fn take(&self, expected: Expected<'_>, body: &[u8]) -> Result<IngestAnswer, IngestError> {
        let Expected { claim, encoding, place, now } = expected;
        claim.verify(body)?;
        let mut place = place.verified(body.len())?;
        self.metrics.body(body.len());
        let body = encoding?.inflate(body)?;
        place.grow(body.len())?;
        let mut batch = decode::decode(&body)?;
        // Nobody needs it while the batch waits.
        drop(body);
        let missed = redact::redact(&self.redaction, &mut batch);
        if !missed.is_empty() {
            self.alarm.sound(&batch.edge_version, &missed, now);
        }
        let answer = self.groups.commit(batch, missed, now, place).await?;
        log_refusals(&answer.refused);
        Ok(answer)
    }

    /// Returns once all that was taken in is committed, or was answered otherwise.
    pub async fn drained(&self) {
        self.room.emptied().await;
    }
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
