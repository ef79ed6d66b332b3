//! Writing again what was exported: the same objects, to a bucket that lost some, or a set of its own below another prefix.
//! Neither adds a row to what is exported, so a backfill never duplicates.

use chrono::{DateTime, Utc};
use futures::future::join_all;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, Postgres};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::deliver::{self, DeliverError, Delivered};
use super::placed;
use super::queue::put;
use super::{Exporter, Failure, Order, PutObject, Report, RunError, Target, keys};
use crate::config::Destination;
use crate::progress::{Progress, Work};
use crate::refusal;
use crate::store::deliveries::{self, Object};
use crate::store::export_batches::{self, ExportBatch, Reach};
use crate::store::{erasures, retention};

/// Why a batch was not written again.
#[derive(Debug, thiserror::Error)]
enum RewriteError {
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    #[error("a visitor is being erased from {name}, and that comes first")]
    Erasing { name: String },
    #[error(
        "the connection to the database broke ({0}): without it nothing keeps an erasure or retention away, and what follows was \
         not written again"
    )]
    Unkept(sqlx::Error),
    #[error("this version of the program writes {key} otherwise than it was exported: nothing was overwritten")]
    OtherBytes { key: String },
    #[error(
        "{dropped} of the {rows} row(s) of export batch {export_batch_id} of {hour} are no longer in the database \
         (retention.days): nothing was overwritten"
    )]
    Dropped { dropped: i64, rows: i64, export_batch_id: Uuid, hour: DateTime<Utc> },
}

impl RewriteError {
    fn code(&self) -> &str {
        match self {
            Self::Deliver(error) => error.code(),
            Self::Unkept(_) => refusal::DATABASE,
            Self::OtherBytes { .. } => refusal::OTHER_BYTES,
            Self::Erasing { .. } => refusal::ERASING,
            Self::Dropped { .. } => refusal::DROPPED,
        }
    }
}

impl Exporter {
    /// Exports what is due, and then again what is exported of the hours that are asked for. Meanwhile no day is dropped.
    pub(super) async fn backfill(
        &self,
        order: &Order,
        progress: &Progress,
        is_meant: impl Fn(&Target) -> bool,
    ) -> Result<Report, RunError> {
        order.hours.check().map_err(|reason| RunError::Refused { field: "from", reason })?;
        let mut connection = self.pool.acquire().await?;
        // What belongs to the session must not go back to the pool.
        connection.close_on_drop();
        retention::keep_days(&mut connection).await?;
        if !erasures::keep_away(&mut connection).await? {
            let reason =
                "a visitor is being erased, and nothing is written again meanwhile: try again when that is done";
            return Err(RunError::Refused { field: "from", reason: reason.to_owned() });
        }
        self.check_prefix(&mut connection, order.to_prefix.as_deref()).await?;
        let mut report = match order.to_prefix {
            Some(_) => self.claim_all(Reach::Now).await?,
            None => self.run_to(Reach::Now, true, progress, &is_meant).await?,
        };
        let batches: Vec<_> = export_batches::all(&mut connection)
            .await?
            .into_iter()
            .filter(|batch| order.hours.contains(batch.hour))
            .collect();
        let meant = self.targets.iter().filter(|target| is_meant(target));
        let to_prefix = order.to_prefix.as_deref();
        if let Some(prefix) = to_prefix {
            for target in meant.clone() {
                erasures::note_copy(&mut connection, &target.destination.name, prefix).await?;
            }
        }
        let keeping = Mutex::new(connection);
        for done in
            join_all(meant.map(|target| self.rewrite_all(target, &batches, to_prefix, progress, &keeping))).await
        {
            report.add(done);
        }
        Ok(report)
    }

    /// Writes the objects and the manifest of an exported batch again, as they were. Meanwhile no day must be dropped.
    pub async fn restore(&self, destination: &str, batch: &ExportBatch) -> Result<Vec<PutObject>, Failure> {
        let target = self.targets.iter().find(|target| target.destination.name == destination);
        let Some(target) = target else { return Ok(Vec::new()) };
        let written = match self.rewrite(target, batch.id, None, &Work::silent()).await {
            Err(error @ RewriteError::Dropped { .. }) => self.restore_manifest(target, batch, error).await,
            written => written,
        };
        written
            .map(|delivered| delivered.objects.iter().map(|object| put(destination, object)).collect())
            .map_err(|error| Failure::new(destination, Some(batch.id), error.code(), error.to_string()))
    }

    /// Writes the manifest alone, which needs no rows, where the bucket holds every object: `otherwise` that is not all.
    async fn restore_manifest(
        &self,
        target: &Target,
        batch: &ExportBatch,
        otherwise: RewriteError,
    ) -> Result<Delivered, RewriteError> {
        let Destination { name, prefix, .. } = &target.destination;
        let loaded = async {
            let mut connection = self.pool.acquire().await?;
            let recorded = deliveries::objects(&mut connection, batch.id, name).await?;
            Ok::<_, sqlx::Error>((recorded, deliver::told(&mut connection, batch, name).await?))
        };
        let (recorded, mut told) = loaded.await.map_err(DeliverError::from)?;
        for object in &recorded {
            if !deliver::holds(&target.bucket, object).await.map_err(DeliverError::from)? {
                return Err(otherwise);
            }
        }
        told.objects = recorded.iter().map(Into::into).collect();
        deliver::publish(&target.bucket, prefix, batch, &[], &told).await?;
        Ok(Delivered { objects: Vec::new(), rows: 0, dropped: 0 })
    }

    /// Writes batches again while the connection that is `keeping` erasures and retention away does so.
    async fn rewrite_all(
        &self,
        target: &Target,
        batches: &[ExportBatch],
        to_prefix: Option<&str>,
        progress: &Progress,
        keeping: &Mutex<PoolConnection<Postgres>>,
    ) -> Report {
        let name = &target.destination.name;
        let mut report = Report::default();
        let work = progress.begin(name, batches.iter().map(|batch| batch.rows.unsigned_abs()).sum());
        for batch in batches {
            let is_kept = keeping.lock().await.ping().await;
            let done = work.done();
            let rewritten = match is_kept {
                Ok(()) => self.rewrite(target, batch.id, to_prefix, &work).await,
                Err(error) => Err(RewriteError::Unkept(error)),
            };
            match rewritten {
                Ok(Delivered { objects, dropped, .. }) => {
                    report.objects.extend(objects.iter().map(|object| put(name, object)));
                    report.note_dropped(name, dropped);
                }
                Err(error) => {
                    let failure = Failure::new(name, Some(batch.id), error.code(), error.to_string());
                    tracing::error!(destination = name, export_batch_id = %batch.id, reason = failure.reason, "export failed");
                    report.failures.push(failure);
                    // What it is may concern all that follow.
                    if matches!(error, RewriteError::Deliver(_) | RewriteError::Unkept(_)) {
                        return report;
                    }
                }
            }
            work.settle(done + batch.rows.unsigned_abs());
        }
        report
    }

    /// What is not exported yet is left to its delivery, unless it goes below another prefix. What the bucket has is never
    /// replaced by less. Should an erasure have come in between all the same, what it has made of the batch is written over it.
    async fn rewrite(
        &self,
        target: &Target,
        export_batch_id: Uuid,
        to_prefix: Option<&str>,
        work: &Work,
    ) -> Result<Delivered, RewriteError> {
        let Destination { name, prefix: own, .. } = &target.destination;
        let prefix = to_prefix.unwrap_or(own);
        let mut put_before: Option<Vec<Object>> = None;
        loop {
            let loaded = async {
                let mut connection = self.pool.acquire().await?;
                let batch = export_batches::get(&mut connection, export_batch_id).await?;
                let state = deliveries::state(&mut connection, batch.id, name).await?;
                let recorded = deliveries::objects(&mut connection, batch.id, name).await?;
                let told = deliver::told(&mut connection, &batch, name).await?;
                Ok::<_, sqlx::Error>((batch, state, recorded, told))
            };
            let (batch, state, recorded, mut told) = loaded.await.map_err(DeliverError::from)?;
            let is_as_it_was = to_prefix.is_none() && put_before.is_none();
            if is_as_it_was && !state.exported {
                return Ok(Delivered { objects: Vec::new(), rows: 0, dropped: 0 });
            }
            if is_as_it_was && state.is_behind {
                return Err(RewriteError::Erasing { name: name.clone() });
            }
            let dropped = state.dropped_rows;
            if to_prefix.is_none() && dropped.cast_unsigned() > told.dropped {
                let ExportBatch { id: export_batch_id, hour, rows, .. } = batch;
                return Err(RewriteError::Dropped { dropped, rows, export_batch_id, hour });
            }
            let rendition =
                self.renditions.of(&self.pool, &batch, &told.selection, work).await.map_err(DeliverError::from)?;
            let at_keys_of = put_before.as_deref().unwrap_or(if is_as_it_was { &recorded } else { &[] });
            let placed =
                placed::place(prefix, &batch, &rendition, &told.selection, at_keys_of).map_err(DeliverError::from)?;
            let objects: Vec<Object> = placed.iter().map(|it| it.object.clone()).collect();
            if is_as_it_was {
                let same = |(a, b): (&Object, &Object)| (&a.key, &a.sha256) == (&b.key, &b.sha256);
                let other = objects.iter().zip(&recorded).find(|pair| !same(*pair)).map(|(object, _)| &object.key);
                let more =
                    objects.get(recorded.len()).or_else(|| recorded.get(objects.len())).map(|object| &object.key);
                if let Some(key) = other.or(more) {
                    return Err(RewriteError::OtherBytes { key: key.clone() });
                }
            } else {
                told.count(&rendition);
            }
            told.objects = objects.iter().map(Into::into).collect();
            told.repeats = to_prefix.map(|_| own.clone());
            deliver::publish(&target.bucket, prefix, &batch, &placed, &told).await?;
            let now = async { export_batches::get(&mut *self.pool.acquire().await?, export_batch_id).await };
            if now.await.map_err(DeliverError::from)?.generation == batch.generation {
                return Ok(Delivered { objects, rows: rendition.rows, dropped: rendition.dropped });
            }
            put_before = Some(objects);
        }
    }

    /// A set of its own must lie where nobody looks for the export.
    async fn check_prefix(&self, connection: &mut PgConnection, to_prefix: Option<&str>) -> Result<(), RunError> {
        let Some(to_prefix) = to_prefix else { return Ok(()) };
        Destination::check_prefix(to_prefix).ok().filter(|()| !to_prefix.is_empty()).ok_or_else(|| {
            RunError::Refused { field: "to_prefix", reason: "must be a folder such as backfill-1/".to_owned() }
        })?;
        let mut starts = vec![keys::MANIFESTS.to_owned(), "probe/".to_owned()];
        let now = self.plan.rendering.layout.clone();
        let layouts = export_batches::layouts(connection).await?.into_iter().chain([now]);
        starts.extend(layouts.map(|layout| layout.fixed_start().to_owned()));
        for target in &self.targets {
            let own = &target.destination.prefix;
            let meets = |start: &String| {
                let place = format!("{own}{start}");
                to_prefix.starts_with(&place) || place.starts_with(to_prefix)
            };
            if starts.iter().any(meets) {
                let name = &target.destination.name;
                let reason = format!("{to_prefix} is where the export to {name} is: choose a folder of its own");
                return Err(RunError::Refused { field: "to_prefix", reason });
            }
        }
        Ok(())
    }
}
