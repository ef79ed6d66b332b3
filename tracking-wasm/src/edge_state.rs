//! What the edge said last, and what follows for all tabs of the site: one line in storage that they share.

use wire::limits::TOKEN_BYTES;

use crate::moment::{Moment, time_of};
use crate::text::{self, Text, fill, take, until};

/// No clock is a century off.
const MOST_SKEW_MS: i64 = 100 * 365 * 24 * 60 * 60 * 1000;
/// A smaller difference of clocks is transit time, or does no harm.
const CLOCK_ERROR_MS: i64 = 60_000;
/// After a failure we wait about this long, and twice as long after each further one …
const FIRST_MS: i64 = 2_000;
/// … up to this. Jitter keeps the pages of a site from coming back all at once.
const CEILING_MS: i64 = 5 * 60 * 1000;
/// No request of the edge is obeyed for longer, and no wait we begin is.
const LONGEST_MS: i64 = 60 * 60 * 1000;

/// A batch says no larger number.
const MOST_DROPPED: i64 = i32::MAX as i64;

/// The state shared by all tabs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EdgeState<'a> {
    /// To be added to the browser's clock to get the edge's, milliseconds.
    pub(crate) skew: i64,
    /// Attempts that failed in a row.
    pub(crate) failures: i64,
    /// Nothing is sent before, Unix milliseconds.
    not_before: i64,
    /// Whether the edge asked for that (1): then nothing shortens it.
    asked: i64,
    /// Events dropped that no batch has reported yet.
    pub(crate) dropped: i64,
    /// Opaque; empty before the first answer.
    pub(crate) token: &'a [u8],
}

impl<'a> EdgeState<'a> {
    /// What other scripts may have left there counts as nothing.
    pub(crate) fn read(text: &'a [u8]) -> Self {
        let mut rest = text;
        let mut number = || text::number(take(&mut rest, b' '));
        let (skew, failures, not_before, asked, dropped) = (number(), number(), number(), number(), number());
        let skew = if skew.abs() > MOST_SKEW_MS { 0 } else { skew };
        let mut state = Self { skew, failures, not_before, asked, dropped: dropped.clamp(0, MOST_DROPPED), token: b"" };
        state.set_token(rest);
        state
    }

    /// Appends it as it is stored.
    pub(crate) fn store(&self, out: &mut Text) {
        let numbers = [self.skew, self.failures, self.not_before, self.asked];
        fill(out, b"\x0e \x0f \x10 \x11 ", &[], &numbers);
        fill(out, b"\x0e \x01", &[self.token], &[self.dropped]);
    }

    /// Remembers a token; what is none changes nothing.
    fn set_token(&mut self, token: &'a [u8]) {
        if token.len() <= TOKEN_BYTES
            && token.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'"' && *byte != b'\\')
        {
            self.token = token;
        }
    }

    /// The edge, whose clock says `edge_now`, has taken a batch.
    pub(crate) fn acknowledged(&mut self, token: &'a [u8], edge_now: i64, now: i64) {
        let skew = edge_now - now;
        self.skew = if skew.abs() < CLOCK_ERROR_MS { 0 } else { skew };
        (self.failures, self.not_before, self.asked) = (0, 0, 0);
        self.set_token(token);
    }

    /// A batch was not taken; `retry_after`, in seconds, is what the edge asked for, or 0.
    pub(crate) fn failed(&mut self, retry_after: i64, moment: &Moment<'_>) {
        self.asked = i64::from(retry_after > 0);
        let step = (FIRST_MS << self.failures.clamp(0, 16)).min(CEILING_MS);
        // between half of the step and all of it, by eight random bits
        let backoff = step / 2 + step * time_of(until(moment.random, 2)) / 512;
        let wait = if retry_after > 0 { retry_after.min(LONGEST_MS) * 1000 } else { backoff };
        self.not_before = moment.now + wait.min(LONGEST_MS);
        self.failures += 1;
    }

    /// Milliseconds until a batch may be sent. A hurry only shortens a wait that nobody asked for; a longer wait than any we
    /// make comes from a clock that was set back since.
    pub(crate) fn wait(&self, now: i64, hurry: bool) -> i64 {
        let wait = self.not_before - now;
        if wait > LONGEST_MS || (hurry && self.asked == 0) { 0 } else { wait.max(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment<'_> = Moment { now: 1_000, t: 0, random: b"00" };

    fn failed(failures: i64, random: &[u8]) -> i64 {
        let mut state = EdgeState { failures, ..EdgeState::default() };
        state.failed(0, &Moment { random, ..MOMENT });
        state.wait(1_000, false)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let token = b"v1.abc";
        let state = EdgeState { skew: -5, failures: 3, not_before: 17, asked: 1, dropped: 9, token };
        let mut stored = Text::<[u8; 99]>::NEW;
        state.store(&mut stored);
        assert_eq!(EdgeState::read(&stored), state);
        assert_eq!(EdgeState::read(b""), EdgeState::default());
        assert_eq!(EdgeState::read(b"what another script left here").token, b"");
        assert_eq!(EdgeState::read(b"0 0 0 0 0 \"}").token, b"");
    }

    #[test]
    fn waits_double_up_to_the_ceiling() {
        assert_eq!((failed(0, b"00"), failed(0, b"ff")), (1_000, 1_996));
        assert_eq!((failed(1, b"00"), failed(3, b"00")), (2_000, 8_000));
        for failures in [9, 100, i64::MAX / 2] {
            assert_eq!(failed(failures, b"00"), CEILING_MS / 2);
            assert!(failed(failures, b"ff") <= CEILING_MS);
        }
    }

    #[test]
    fn retry_after_is_obeyed_even_in_a_hurry() {
        let mut state = EdgeState::default();
        state.failed(120, &MOMENT);
        assert_eq!((state.wait(1_000, false), state.wait(1_000, true)), (120_000, 120_000));
        state.acknowledged(b"t", 2_000, 2_000);
        state.failed(0, &MOMENT);
        assert!(state.wait(1_000, false) > 0);
        assert_eq!(state.wait(1_000, true), 0);
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_pixel() {
        let state = EdgeState { not_before: 10_000_000_000, asked: 1, ..EdgeState::default() };
        assert_eq!(state.wait(1_000, false), 0);
    }

    #[test]
    fn small_differences_of_clocks_are_transit() {
        let mut state = EdgeState::default();
        state.acknowledged(b"t", 59_000, 0);
        assert_eq!(state.skew, 0);
        state.acknowledged(b"t", 61_000, 0);
        assert_eq!(state.skew, 61_000);
    }
}
