//! Delivering again what a bucket lacks, where the rows are still here. Nothing is ever deleted.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Depth, Kind, Verdict};
use crate::export::Exporter;
use crate::refusal;
use crate::store::{deliveries, erasures, export_batches, retention};

/// What became of a discrepancy, or of all of a batch at a destination.
#[derive(Clone, Debug, Serialize)]
pub struct Repair {
    /// The destination.
    pub destination: String,
    /// The export batch; absent for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_batch_id: Option<Uuid>,
    /// What was found.
    pub found: Vec<String>,
    /// Objects that were written again, the manifest not counted.
    pub objects: usize,
    /// Why it was not repaired; absent when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Mends what `verdict` found, as far as that is possible.
///
/// # Errors
/// The database's.
pub async fn repair(pool: &PgPool, exporter: &Exporter, verdict: &Verdict) -> sqlx::Result<Vec<Repair>> {
    let mut connection = pool.acquire().await?;
    // What belongs to the session must not go back to the pool.
    connection.close_on_drop();
    let is_kept = erasures::keep_away(&mut connection).await?;
    retention::keep_days(&mut connection).await?;
    let mut batches: BTreeMap<(String, Option<Uuid>), Vec<String>> = BTreeMap::new();
    let mut repairs = Vec::new();
    for it in &verdict.discrepancies {
        let found = it.to_string();
        if let Kind::StrayObject { .. } | Kind::StrayManifest { .. } = it.kind {
            let refused = "nothing is ever deleted: remove it yourself once you know what it is".to_owned();
            repairs.push(Repair {
                destination: it.destination.clone(),
                export_batch_id: None,
                found: vec![found],
                objects: 0,
                refused: Some(refused),
            });
        } else {
            batches.entry((it.destination.clone(), it.export_batch_id)).or_default().push(found);
        }
    }
    for ((destination, export_batch_id), found) in batches {
        let Some(id) = export_batch_id else { continue };
        let done = if !is_kept {
            Err("a visitor is being erased, and nothing is written again meanwhile: try again when that is done"
                .to_owned())
        } else if !deliveries::state(&mut connection, id, &destination).await?.exported {
            Err(format!(
                "it never came there, though its segments are marked exported: `exporter export --destination {destination}` \
                 delivers it, `exporter export retry` where that was given up"
            ))
        } else {
            let batch = export_batches::get(&mut connection, id).await?;
            match exporter.restore(&destination, &batch).await {
                Ok(objects) => Ok(objects),
                Err(failure) if failure.code == refusal::DROPPED => {
                    Err(format!("{}: {}", failure.reason, lost(&mut connection, id, &destination).await?))
                }
                Err(failure) => Err(format!("{}: {}", failure.reason, failure.remedy)),
            }
        };
        if done.is_ok() {
            // All of it was read back.
            deliveries::end_doubt(&mut connection, id, &destination, Depth::Full.name()).await?;
        }
        let (objects, refused) = match done {
            // A batch of which a destination takes no row has a manifest and no objects.
            Ok(objects) => (objects.len(), None),
            Err(reason) => (0, Some(reason)),
        };
        repairs.push(Repair { destination, export_batch_id, found, objects, refused });
    }
    Ok(repairs)
}

/// What to do about an object that a destination has lost and whose rows are no longer here.
async fn lost(connection: &mut PgConnection, export_batch_id: Uuid, destination: &str) -> sqlx::Result<String> {
    let others = deliveries::others_with_all(connection, export_batch_id, destination).await?;
    let is_whole = deliveries::taken(connection, export_batch_id, destination).await?.is_whole();
    Ok(if is_whole && !others.is_empty() {
        format!(
            "copy the objects that it lost from {}, which has all of the batch, then repair once more for the manifest",
            others.join(" or ")
        )
    } else {
        "put the objects back from a version that the bucket keeps, then repair once more for the manifest".to_owned()
    })
}
