//! How much may be under way at once, in bodies' bytes and in batches. Whatever is beyond is asked to come back, so that
//! memory is bounded however slow the database is.
//!
//! Anybody can send a body, and stall: whether the edge has signed it is known only at its end. So bodies that are still to be
//! verified have a room of their own, and when it is full the one that is longest on its way has to go. The edge's are here
//! in a moment, however many others take their time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Bytes of verified bodies, inflated. What is made of them takes some four times as much.
const BYTES: usize = 16 * 1024 * 1024;
/// Bytes of bodies that are still to be verified, as they came: half as much. Nothing is made of them yet.
const UNVERIFIED: usize = BYTES / 2;
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
    unverified: Arc<Mutex<Unverified>>,
}

/// The bodies that are still to be verified, by the order in which they began to come.
#[derive(Debug, Default)]
struct Unverified {
    begun: u64,
    bytes: usize,
    bodies: BTreeMap<u64, Body>,
}

#[derive(Debug)]
struct Body {
    bytes: usize,
    has_to_go: Arc<Notify>,
}

/// The place of a body that is still to be verified, free again when dropped.
#[derive(Debug)]
pub struct Arriving {
    number: u64,
    unverified: Arc<Mutex<Unverified>>,
    has_to_go: Arc<Notify>,
    room: Arc<Semaphore>,
    batch: Option<OwnedSemaphorePermit>,
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
        Self {
            bytes: Arc::new(Semaphore::new(BYTES)),
            batches: Arc::new(Semaphore::new(BATCHES)),
            unverified: Arc::default(),
        }
    }
}

impl Room {
    /// A place for a batch of whose body `bytes` come first. None while there would be none for them once they are verified.
    pub fn take(&self, bytes: usize) -> Result<Arriving, Full> {
        let batch = self.batches.clone().try_acquire_owned().map_err(|_| Full)?;
        if self.bytes.available_permits() < bytes {
            return Err(Full);
        }
        let has_to_go = Arc::new(Notify::new());
        let number = locked(&self.unverified).begin(has_to_go.clone());
        let (unverified, room) = (self.unverified.clone(), self.bytes.clone());
        let arriving = Arriving { number, unverified, has_to_go, room, batch: Some(batch) };
        arriving.grow(bytes)?;
        Ok(arriving)
    }

    /// The bytes of verified bodies and the batches that there is room for.
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

impl Unverified {
    fn begin(&mut self, has_to_go: Arc<Notify>) -> u64 {
        let number = self.begun;
        self.begun += 1;
        self.bodies.insert(number, Body { bytes: 0, has_to_go });
        number
    }

    /// Has the oldest go until a body of `bytes` fits.
    fn grow(&mut self, number: u64, bytes: usize) -> Result<(), Full> {
        let body = self.bodies.get_mut(&number).ok_or(Full)?;
        let more = bytes.saturating_sub(body.bytes);
        body.bytes += more;
        self.bytes += more;
        while self.bytes > UNVERIFIED
            && let Some((_, oldest)) = self.bodies.pop_first()
        {
            self.bytes -= oldest.bytes;
            oldest.has_to_go.notify_one();
        }
        if self.bodies.contains_key(&number) { Ok(()) } else { Err(Full) }
    }

    fn end(&mut self, number: u64) {
        // One that had to go is not there any more.
        self.bytes -= self.bodies.remove(&number).map_or(0, |body| body.bytes);
    }
}

fn locked(unverified: &Mutex<Unverified>) -> MutexGuard<'_, Unverified> {
    unverified.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Arriving {
    /// Makes it a place for a body of `bytes`, when that is more. Others that are longer on their way may have to go for it.
    pub fn grow(&self, bytes: usize) -> Result<(), Full> {
        locked(&self.unverified).grow(self.number, bytes)
    }

    /// Returns once it has to go.
    pub async fn has_to_go(&self) -> Full {
        self.has_to_go.notified().await;
        Full
    }

    /// The place of a body of `bytes` that is verified.
    pub fn verified(mut self, bytes: usize) -> Result<Place, Full> {
        let batch = self.batch.take().ok_or(Full)?;
        Ok(Place { room: self.room.clone(), bytes: some(&self.room, bytes)?, _batch: batch })
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        locked(&self.unverified).end(self.number);
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
    use futures::FutureExt;

    use super::*;

    /// The place of a verified body of `bytes`.
    fn verified(room: &Room, bytes: usize) -> Result<Place, Full> {
        room.take(0)?.verified(bytes)
    }

    #[test]
    fn bytes_are_counted_until_the_place_is_given_up() {
        let room = Room::default();
        let mut most = verified(&room, BYTES - 10).expect("room");
        assert!(verified(&room, 11).is_err() && room.take(11).is_err());
        let ten = verified(&room, 10).expect("room");
        assert_eq!(most.grow(BYTES - 9), Err(Full));
        drop(ten);
        assert_eq!(most.grow(BYTES - 9), Ok(()));
        assert_eq!(most.grow(1), Ok(()));
        assert!(verified(&room, 10).is_err());
        drop(most);
        assert!(verified(&room, BYTES).is_ok());
        assert_eq!(room.left(), (BYTES, BATCHES));
    }

    #[test]
    fn the_body_that_is_longest_on_its_way_goes_for_one_that_comes() {
        const PART: usize = UNVERIFIED / 16;
        let room = Room::default();
        let stalled: Vec<_> = (0..16).map(|_| room.take(PART).expect("room")).collect();
        assert!(stalled.iter().all(|it| it.has_to_go().now_or_never().is_none()));
        let new = room.take(1).expect("room");
        let has_to_go: Vec<_> = stalled.iter().map(|it| it.has_to_go().now_or_never().is_some()).collect();
        assert_eq!(has_to_go.iter().filter(|it| **it).count(), 1);
        assert!(has_to_go[0] && stalled[0].grow(1).is_err());
        assert_eq!(new.grow(2 * PART), Ok(()));
        assert_eq!((stalled[1].grow(PART), stalled[2].grow(PART), stalled[3].grow(PART)), (Err(Full), Ok(()), Ok(())));
        // Who is here longest goes, also for itself.
        assert_eq!(stalled[3].grow(PART + 1), Ok(()), "as much as the others have left");
        assert_eq!(stalled[3].grow(3 * PART), Err(Full));
        assert_eq!(stalled[4].grow(PART), Ok(()));
        // Verified, it takes nothing of that room.
        let place = new.verified(2 * PART).expect("room");
        drop(stalled);
        assert_eq!(locked(&room.unverified).bytes, 0);
        assert_eq!(room.left(), (BYTES - 2 * PART, BATCHES - 1));
        drop(place);
        assert_eq!(room.left(), (BYTES, BATCHES));
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
