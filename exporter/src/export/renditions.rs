//! One read of the database for several destinations: who asks for a batch that is being rendered, or that another still
//! sends, gets the same files.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;
use wire::Selection;

use super::objects::{self, RenderError, Rendition};
use crate::progress::Work;
use crate::store::export_batches::ExportBatch;

/// What is being sent, by batch and generation and by what is taken of it. The files are gone when the last destination lets go of them.
#[derive(Debug, Default)]
pub(super) struct Renditions {
    shared: Mutex<HashMap<(Uuid, i32, String), Shared>>,
}

/// Locked while it is being rendered.
type Shared = Arc<Mutex<Weak<Rendition>>>;

impl Renditions {
    /// The objects of `batch` for a destination of this `selection`. A rendition that fails is tried again by the next who
    /// asks. `work` advances with the rows that are rendered, and not where another renders them.
    pub(super) async fn of(
        &self,
        pool: &PgPool,
        batch: &ExportBatch,
        selection: &Selection,
        work: &Work,
    ) -> Result<Arc<Rendition>, RenderError> {
        // Cannot fail: texts, numbers and lists of them.
        let taken = serde_json::to_string(selection).unwrap_or_default();
        let one = {
            let mut shared = self.shared.lock().await;
            // Those that nobody holds and nobody waits for.
            shared.retain(|_, it| Arc::strong_count(it) > 1 || it.try_lock().is_ok_and(|weak| weak.strong_count() > 0));
            shared.entry((batch.id, batch.generation, taken)).or_default().clone()
        };
        let mut one = one.lock().await;
        if let Some(rendition) = one.upgrade() {
            return Ok(rendition);
        }
        let rendition = Arc::new(objects::render(pool, batch, selection, work).await?);
        *one = Arc::downgrade(&rendition);
        Ok(rendition)
    }
}
