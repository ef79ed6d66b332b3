//! What the edge said last, and what follows for all tabs of the site: one line in storage that they share.

use wire::limits::TOKEN_BYTES;

use crate::json::push_number;
use crate::retry;
use crate::text::{self, take};

/// A smaller difference of clocks is transit time, or does no harm.
const CLOCK_ERROR_MS: i64 = 60_000;

/// The state shared by all tabs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EdgeState {
    /// To be added to the browser's clock to get the edge's, milliseconds.
    pub(crate) skew: i64,
    /// Attempts that failed in a row.
    pub(crate) failures: u32,
    /// Nothing is sent before, Unix milliseconds.
    pub(crate) not_before: i64,
    /// Whether the edge asked for that: then nothing shortens it.
    pub(crate) asked: bool,
    /// Events dropped that no batch has reported yet.
    pub(crate) dropped: i64,
    /// Opaque; empty before the first answer.
    pub(crate) token: String,
}

impl EdgeState {
    /// What other scripts may have left there counts as nothing.
    pub(crate) fn read(text: &str) -> Self {
        let mut rest = text;
        let mut number = || text::number(take(&mut rest, b' '));
        Self {
            skew: number(),
            failures: u32::try_from(number()).unwrap_or_default(),
            not_before: number(),
            asked: number() == 1,
            dropped: number().clamp(0, u32::MAX.into()),
            token: String::from(if is_token(rest) { rest } else { "" }),
        }
    }

    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        for number in &[self.skew, self.failures.into(), self.not_before, self.asked.into(), self.dropped] {
            push_number(&mut out, *number);
            out.push(' ');
        }
        out.push_str(&self.token);
        out
    }

    /// The edge took a batch and answered.
    pub(crate) fn acknowledged(&mut self, token: &str, edge_now: i64, now: i64) {
        let skew = edge_now.saturating_sub(now);
        self.skew = if skew.abs() < CLOCK_ERROR_MS { 0 } else { skew };
        (self.failures, self.not_before, self.asked) = (0, 0, false);
        if is_token(token) {
            token.clone_into(&mut self.token);
        }
    }

    /// An attempt failed. `retry_after` is what the edge asked for, in milliseconds, or 0.
    pub(crate) fn failed(&mut self, retry_after: i64, now: i64, random: u8) {
        self.asked = retry_after > 0;
        let wait = if self.asked { retry_after.min(retry::LONGEST_MS) } else { retry::backoff(self.failures, random) };
        self.not_before = now.saturating_add(wait);
        self.failures = self.failures.saturating_add(1);
    }

    /// How long to wait until something may be sent, milliseconds. What lies further ahead than any wait we begin comes from
    /// a clock that was set back since.
    pub(crate) fn wait(&self, now: i64, hurry: bool) -> i64 {
        let wait = self.not_before.saturating_sub(now);
        if wait > retry::LONGEST_MS || (hurry && !self.asked) { 0 } else { wait.max(0) }
    }
}

fn is_token(text: &str) -> bool {
    text.len() <= TOKEN_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let state =
            EdgeState { skew: -5, failures: 3, not_before: 17, asked: true, dropped: 9, token: "v1.abc".to_owned() };
        assert_eq!(EdgeState::read(&state.write()), state);
        assert_eq!(EdgeState::read(""), EdgeState::default());
        assert_eq!(EdgeState::read("what another script left here").token, "");
    }

    #[test]
    fn retry_after_is_obeyed_even_in_a_hurry() {
        let mut state = EdgeState::default();
        state.failed(120_000, 1_000, 0);
        assert_eq!((state.wait(1_000, false), state.wait(1_000, true)), (120_000, 120_000));
        state.acknowledged("t", 2_000, 2_000);
        state.failed(0, 1_000, 0);
        assert!(state.wait(1_000, false) > 0);
        assert_eq!(state.wait(1_000, true), 0);
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_pixel() {
        let state = EdgeState { not_before: 10_000_000_000, asked: true, ..EdgeState::default() };
        assert_eq!(state.wait(1_000, false), 0);
    }

    #[test]
    fn small_differences_of_clocks_are_transit() {
        let mut state = EdgeState::default();
        state.acknowledged("t", 59_000, 0);
        assert_eq!(state.skew, 0);
        state.acknowledged("t", 61_000, 0);
        assert_eq!(state.skew, 61_000);
    }
}
