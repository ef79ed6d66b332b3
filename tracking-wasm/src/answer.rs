//! How the edge answered one batch, and what that means for it.

use crate::text::{is_listed, number, take};

/// What page.js read of the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// HTTP status; 0 when there was no answer.
    pub status: i32,
    /// `Retry-After` in seconds, 0 when it was absent.
    pub retry_after: i64,
    /// The new token.
    pub token: &'a str,
    /// The edge's clock, Unix milliseconds; 0 when the answer was not ours.
    pub now: i64,
    /// A line for each event that was refused: `seq reason`.
    pub refused: &'a str,
}

impl Answer<'_> {
    /// The edge has it. A 2xx that is not ours, from a captive portal say, does not count.
    pub(crate) fn is_acknowledged(&self) -> bool {
        matches!(self.status, 200..=299) && self.now > 0
    }

    /// It will never be taken.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.status, 400 | 413 | 422)
    }

    pub(crate) fn is_retried(&self) -> bool {
        !self.is_acknowledged() && !self.is_final()
    }

    pub(crate) fn retry_after_ms(&self) -> i64 {
        self.retry_after.saturating_mul(1000)
    }

    /// The `seq` of the events whose ids lie outside the window of the edge's clock.
    pub(crate) fn refused_for_time(&self) -> Vec<i64> {
        let (mut rest, mut seqs) = (self.refused, Vec::new());
        while !rest.is_empty() {
            let mut line = take(&mut rest, b'\n');
            let seq = number(take(&mut line, b' '));
            if is_listed("expired from_the_future", line) {
                seqs.push(seq);
            }
        }
        seqs
    }
}
