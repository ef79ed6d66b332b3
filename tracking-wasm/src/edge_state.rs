//! What the edge said last, and what follows for all tabs of the site: a line in storage that they share, and the token beside it.
//!
//! A tab sees what another stored some time later, and what it stores itself in between wins. The token is a key of its own, so that
//! a tab that has not heard of it yet leaves it alone when it stores the rest.

use wire::limits::TOKEN_BYTES;

use crate::text::{
    ASKED, DROPPED, FAILURES, Memory, NO_PARTS, NOT_BEFORE, NOW, OUT, RANDOM, SKEW, TOKEN, number, t, take,
};

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

impl Memory {
    /// Reads the state. What other scripts may have left there counts as nothing.
    pub(crate) fn read_state(&mut self, text: &[u8]) {
        let mut rest = text;
        if let Some(numbers) = self.numbers.get_mut(SKEW..=DROPPED) {
            for value in numbers {
                *value = number(take(&mut rest, b' '));
            }
        }
        if self.numbers[SKEW].abs() > MOST_SKEW_MS {
            self.numbers[SKEW] = 0;
        }
        self.numbers[DROPPED] = self.numbers[DROPPED].clamp(0, MOST_DROPPED);
        self.clear(TOKEN);
        self.set_token(rest);
    }

    /// Says that the state is to be stored.
    #[inline(never)]
    pub(crate) fn store_state(&mut self) {
        let template =
            t!("evothesis:state\n{SKEW} {FAILURES} {NOT_BEFORE} {ASKED} {DROPPED}\x1eevothesis:token\n{TOKEN}\x1e");
        self.fill(OUT, template, NO_PARTS);
    }

    /// Remembers a token; what is none changes nothing.
    fn set_token(&mut self, token: &[u8]) {
        if token.len() <= TOKEN_BYTES && token.iter().all(|byte| matches!(byte, b'#'..=b'[' | b']'..=b'~')) {
            self.clear(TOKEN);
            self.put(TOKEN, token);
        }
    }

    /// The edge, whose clock says `edge_now`, has taken a batch.
    pub(crate) fn acknowledged(&mut self, token: &[u8], edge_now: i64) {
        let skew = edge_now - self.numbers[NOW];
        self.numbers[SKEW] = if skew.abs() < CLOCK_ERROR_MS { 0 } else { skew };
        self.numbers[FAILURES] = 0;
        self.numbers[NOT_BEFORE] = 0;
        self.numbers[ASKED] = 0;
        self.set_token(token);
    }

    /// A batch was not taken; `retry_after`, in seconds, is what the edge asked for, or 0.
    pub(crate) fn failed(&mut self, retry_after: i64) {
        self.numbers[ASKED] = i64::from(retry_after > 0);
        let step = (FIRST_MS << self.numbers[FAILURES].clamp(0, 16)).min(CEILING_MS);
        // between half of the step and all of it, by eight random bits
        let backoff = step / 2 + step * self.chance() / 512;
        let wait = if retry_after > 0 { retry_after * 1000 } else { backoff };
        self.numbers[NOT_BEFORE] = self.numbers[NOW] + wait.min(LONGEST_MS);
        self.numbers[FAILURES] += 1;
    }

    /// A number below 256 that nobody can guess.
    fn chance(&self) -> i64 {
        // an odd factor has all sums come up, and almost equally often, whatever the digits are written with
        self.text(RANDOM).iter().fold(0, |sum, digit| (sum * 37 + i64::from(*digit)) & 255)
    }

    /// Milliseconds until a batch may be sent. A hurry only shortens a wait that nobody asked for; a longer wait than any we
    /// make comes from a clock that was set back since.
    pub(crate) fn wait(&self, hurry: bool) -> i64 {
        let wait = self.numbers[NOT_BEFORE] - self.numbers[NOW];
        if wait > LONGEST_MS || (hurry && self.numbers[ASKED] == 0) { 0 } else { wait.max(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(failures: i64, not_before: i64, asked: i64, now: i64) -> Box<Memory> {
        let mut m = Box::new(Memory::NEW);
        m.put(RANDOM, b"00");
        m.numbers[FAILURES] = failures;
        m.numbers[NOT_BEFORE] = not_before;
        m.numbers[ASKED] = asked;
        m.numbers[NOW] = now;
        m
    }

    fn failed(failures: i64, random: &[u8]) -> i64 {
        let mut state = state(failures, 0, 0, 1_000);
        state.clear(RANDOM);
        state.put(RANDOM, random);
        state.failed(0);
        state.wait(false)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut state = state(0, 0, 0, 0);
        state.read_state(b"-5 3 17 1 9 v1.abc");
        assert_eq!(state.numbers[..=DROPPED], [-5, 3, 17, 1, 9]);
        assert_eq!(state.text(TOKEN), b"v1.abc");
        state.store_state();
        assert_eq!(str::from_utf8(state.text(OUT)), Ok("evothesis:state\n-5 3 17 1 9\x1eevothesis:token\nv1.abc\x1e"));
        state.read_state(b"0 0 0 0 0 \"}");
        assert_eq!(state.text(TOKEN), b"");
        for other in ["", "what another script left here"] {
            state.read_state(other.as_bytes());
            assert_eq!((&state.numbers[..=DROPPED], state.text(TOKEN)), (&[0; 5][..], &b""[..]));
        }
    }

    #[test]
    fn waits_double_up_to_the_ceiling() {
        let random: Vec<String> = (0..1 << 12).map(|number| format!("{number:03x}")).collect();
        let waits = |failures| random.iter().map(move |digits| failed(failures, digits.as_bytes()));
        for (failures, step) in [(0, FIRST_MS), (1, 2 * FIRST_MS), (3, 8 * FIRST_MS)] {
            let most = step / 2 + step * 255 / 512;
            assert_eq!((waits(failures).min(), waits(failures).max()), (Some(step / 2), Some(most)));
        }
        for failures in [9, 100, i64::MAX / 2] {
            assert!(waits(failures).all(|wait| (CEILING_MS / 2..CEILING_MS).contains(&wait)));
        }
        // of 256 waits each comes 16 times, more or less
        let mut counts = std::collections::BTreeMap::new();
        waits(0).for_each(|wait| *counts.entry(wait).or_insert(0) += 1);
        assert!(counts.len() == 256 && counts.values().all(|count| (8..32).contains(count)), "{counts:?}");
    }

    #[test]
    fn retry_after_is_obeyed_even_in_a_hurry() {
        let mut state = state(0, 0, 0, 1_000);
        state.failed(120);
        assert_eq!((state.wait(false), state.wait(true)), (120_000, 120_000));
        state.acknowledged(b"t", 2_000);
        state.failed(0);
        assert!(state.wait(false) > 0);
        assert_eq!(state.wait(true), 0);
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_pixel() {
        assert_eq!(state(0, 10_000_000_000, 1, 1_000).wait(false), 0);
    }

    #[test]
    fn small_differences_of_clocks_are_transit() {
        let mut state = state(0, 0, 0, 0);
        state.acknowledged(b"t", 59_000);
        assert_eq!(state.numbers[SKEW], 0);
        state.acknowledged(b"t", 61_000);
        assert_eq!(state.numbers[SKEW], 61_000);
    }
}
