//! How an export makes way: while others commit often, it rests three times as long as it works. The machine's scheduler does not do it
//! alone, since Postgres, which reads the rows and commits the others, and this program have their shares of it each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::store::segments;

/// How often it is looked how many others commit.
const EVERY: Duration = Duration::from_millis(200);
/// So many transactions of events meanwhile are many: fewer leave a machine of two cores half idle.
const MANY: i64 = 20;
/// After so many rows it may rest.
const ROWS: u32 = 1000;
/// So many times as long as it took to read them.
const RESTS: u32 = 3;
/// At most so long, lest time that was spent waiting counts as work.
const LONGEST: Duration = Duration::from_millis(100);

/// Looks whether others commit often, and says so to `busy`, for as long as it is polled.
pub(super) async fn watch(pool: &PgPool, busy: &AtomicBool) -> ! {
    let mut before = None;
    loop {
        // Of no use in time when every connection is taken; and no error but what reading the rows meets, too.
        let last = match pool.try_acquire() {
            Some(mut connection) => segments::last(&mut connection).await.ok(),
            None => None,
        };
        if let Some((before, last)) = before.zip(last) {
            busy.store(last - before >= MANY, Ordering::Relaxed);
        }
        before = last;
        sleep(EVERY).await;
    }
}

/// The rests of one reading.
#[derive(Debug)]
pub(super) struct Pace<'a> {
    busy: &'a AtomicBool,
    rows: u32,
    since: Instant,
}

impl<'a> Pace<'a> {
    pub(super) fn new(busy: &'a AtomicBool) -> Self {
        Self { busy, rows: 0, since: Instant::now() }
    }

    /// Counts a row, and says how long to rest after it.
    pub(super) fn after_row(&mut self) -> Option<Duration> {
        self.rows += 1;
        if self.rows < ROWS {
            return None;
        }
        let rest = self.busy.load(Ordering::Relaxed).then(|| (self.since.elapsed() * RESTS).min(LONGEST));
        // To rest is no work.
        (self.rows, self.since) = (0, Instant::now() + rest.unwrap_or_default());
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_longer_than_it_works_while_others_are_busy() {
        let busy = AtomicBool::new(false);
        let mut pace = Pace::new(&busy);
        let mut rests = |is_busy, work: Duration| {
            busy.store(is_busy, Ordering::Relaxed);
            std::thread::sleep(work);
            (0..ROWS).filter_map(|_| pace.after_row()).collect::<Vec<_>>()
        };
        let moment = Duration::from_millis(5);
        assert!(rests(false, moment).is_empty());
        assert!(matches!(rests(true, moment)[..], [rest] if rest >= moment * RESTS));
        assert_eq!(rests(true, LONGEST * 3), [LONGEST]);
        assert!(rests(false, moment).is_empty());
    }
}
