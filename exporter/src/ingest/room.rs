//! How much may be under way at once, in bodies' bytes and in batches. Whatever is beyond is asked to come back, so that
//! memory is bounded however slow the database is.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of bodies, inflated. What is made of them takes some four times as much.
const BYTES: usize = 16 * 1024 * 1024;
/// Batches. Those whose caller has hung up count until they are committed.
const BATCHES: usize = 1024;

/// There is no room now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is under way")]
pub struct Full;

/// The room that is left.
#[derive(Debug)]
pub struct Room {
    bytes: Arc<Semaphore>,
    batches: Arc<Semaphore>,
}

/// A batch's place, free again when dropped.
#[derive(Debug)]
pub struct Place {
    room: Arc<Semaphore>,
    bytes: OwnedSemaphorePermit,
    _batch: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: Arc::new(Semaphore::new(BYTES)), batches: Arc::new(Semaphore::new(BATCHES)) }
    }
}

impl Room {
    /// A place for a batch whose body has `bytes`.
    pub fn take(&self, bytes: usize) -> Result<Place, Full> {
        let batch = self.batches.clone().try_acquire_owned().map_err(|_| Full)?;
        Ok(Place { room: self.bytes.clone(), bytes: some(&self.bytes, bytes)?, _batch: batch })
    }

    /// The bytes and the batches that there is room for.
    #[must_use]
    pub fn left(&self) -> (usize, usize) {
        (self.bytes.available_permits(), self.batches.available_permits())
    }

    /// Returns once nothing is under way.
    pub async fn emptied(&self) {
        // Never closed, so it never fails.
        let _ = self.batches.acquire_many(u32::try_from(BATCHES).unwrap_or(u32::MAX)).await;
    }
}

impl Place {
    /// Makes it a place for a body of `bytes`, when that is more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        self.bytes.merge(some(&self.room, bytes.saturating_sub(self.bytes.num_permits()))?);
        Ok(())
    }
}

fn some(room: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Full> {
    let bytes = u32::try_from(bytes).map_err(|_| Full)?;
    room.clone().try_acquire_many_owned(bytes).map_err(|_| Full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_until_the_place_is_given_up() {
        let room = Room::default();
        let mut most = room.take(BYTES - 10).expect("room");
        assert!(room.take(11).is_err());
        let ten = room.take(10).expect("room");
        assert_eq!(most.grow(BYTES - 9), Err(Full));
        drop(ten);
        assert_eq!(most.grow(BYTES - 9), Ok(()));
        assert_eq!(most.grow(1), Ok(()));
        assert!(room.take(10).is_err());
        drop(most);
        assert!(room.take(BYTES).is_ok());
    }

    #[test]
    fn batches_are_counted_however_small() {
        let room = Room::default();
        let places: Vec<_> = (0..BATCHES).map(|_| room.take(0).expect("room")).collect();
        assert!(room.take(0).is_err());
        drop(places);
        assert!(room.take(0).is_ok());
    }
}
