//! Clock and randomness, handed in by the caller so that every decision can be made again in a test.

/// When something happens, and bytes nobody can guess.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The browser's clock, Unix milliseconds.
    pub now: i64,
    /// Milliseconds since the page load, by the monotonic clock.
    pub t: u32,
    /// Ten for an event's id, ten for what it brings with it.
    pub random: [u8; 20],
}

impl Moment {
    pub(crate) fn random(&self) -> [u8; 10] {
        self.random.first_chunk().copied().unwrap_or_default()
    }

    pub(crate) fn more_random(&self) -> [u8; 10] {
        self.random.last_chunk().copied().unwrap_or_default()
    }
}
