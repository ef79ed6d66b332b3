//! How long to wait after a failure: twice as long each time, up to five minutes, with jitter so that the pages of a site
//! do not come back all at once.

const FIRST_MS: i64 = 2_000;
const CEILING_MS: i64 = 5 * 60 * 1000;
/// No request of the edge is obeyed for longer, and no wait we begin is.
pub(crate) const LONGEST_MS: i64 = 60 * 60 * 1000;

/// The wait after `failures` earlier failures in a row: between half of the step and all of it, as `random` has it.
pub(crate) fn backoff(failures: u32, random: u8) -> i64 {
    let step = FIRST_MS.checked_shl(failures.min(16)).map_or(CEILING_MS, |step| step.min(CEILING_MS));
    step / 2 + step * i64::from(random) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_ceiling() {
        assert_eq!((backoff(0, 0), backoff(0, 255)), (1_000, 1_996));
        assert_eq!(backoff(1, 0), 2_000);
        assert_eq!(backoff(3, 0), 8_000);
        for failures in [9, 100, u32::MAX] {
            assert_eq!(backoff(failures, 0), CEILING_MS / 2);
            assert!(backoff(failures, 255) <= CEILING_MS);
        }
    }
}
