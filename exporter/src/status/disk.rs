//! When the disk will be full, by what the last full days have added.

use serde::Serialize;
use utoipa::ToSchema;

use super::check::{Check, State};
use crate::config::readable;
use crate::store::disk::Used;

/// The full days that growth is judged by.
const DAYS: usize = 7;
/// Days left at which something should be done, and at which it must be.
const WARNING: i64 = 30;
const CRITICAL: i64 = 7;

/// The forecast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Disk {
    /// What the database takes.
    pub used_bytes: i64,
    /// What it may take, where the operator says so.
    pub disk_bytes: Option<i64>,
    /// What is left of that.
    pub free_bytes: Option<i64>,
    /// What a full day adds: the mean of the last seven that hold events. Absent before the first one is over.
    pub bytes_a_day: Option<i64>,
    /// Days until nothing is free. Absent without a size or a growth, and where retention keeps it from filling.
    pub days_left: Option<i64>,
    /// Whether retention drops as much as comes before the disk is full.
    pub is_kept_from_filling: bool,
}

/// The forecast for a database that takes `used`, may take `disk_bytes`, and keeps `retention_days`.
#[must_use]
pub fn forecast(used: &Used, disk_bytes: Option<i64>, retention_days: Option<i64>) -> Disk {
    let last = used.days.iter().rev().take(DAYS);
    let (count, sum) = last.fold((0, 0), |(count, sum), day| (count + 1, sum + day.bytes));
    let bytes_a_day = (count > 0).then(|| sum / count);
    let free_bytes = disk_bytes.map(|disk| (disk - used.bytes).max(0));
    let kept = i64::try_from(used.days.len()).unwrap_or(i64::MAX);
    let is_kept_from_filling = match (bytes_a_day, free_bytes, retention_days) {
        // What is older than that is dropped a day later at the latest.
        (Some(daily), Some(free), Some(days)) => daily.saturating_mul((days + 1 - kept).max(0)) < free,
        _ => false,
    };
    let days_left = match (bytes_a_day, free_bytes) {
        (Some(daily), Some(free)) if !is_kept_from_filling => Some(free / daily.max(1)),
        _ => None,
    };
    Disk { used_bytes: used.bytes, disk_bytes, free_bytes, bytes_a_day, days_left, is_kept_from_filling }
}

/// Whether the disk lasts.
#[must_use]
pub fn check(disk: &Disk) -> Check {
    const NAME: &str = "disk";
    let Some(size) = disk.disk_bytes else {
        let finding = format!("the database takes {}; how much it may take is not known", readable(disk.used_bytes));
        return Check {
            remedy: "set database.disk to be told when it will be full".to_owned(),
            ..Check::ok(NAME, finding)
        };
    };
    let used = format!("the database takes {} of {}", readable(disk.used_bytes), readable(size));
    let daily = disk.bytes_a_day.map_or_else(
        || "no full day to judge its growth by".to_owned(),
        |daily| format!("{} more a day", readable(daily)),
    );
    // Whatever the days say: Postgres needs some room to vacuum and to write ahead.
    let is_nearly_full = disk.free_bytes.is_some_and(|free| free < size / 20);
    let state = match disk.days_left {
        _ if is_nearly_full => State::Critical,
        Some(days) if days < CRITICAL => State::Critical,
        Some(days) if days < WARNING => State::Warning,
        _ => State::Ok,
    };
    let left = match disk.days_left {
        Some(days) => format!("full in {days} day(s)"),
        None if disk.is_kept_from_filling => "retention keeps it from filling".to_owned(),
        None => String::new(),
    };
    let finding = [used, daily, left].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("; ");
    if state == State::Ok {
        return Check::ok(NAME, finding);
    }
    let remedy = "make the disk larger and set database.disk to its new size, or lower retention.days; when old days are held \
                  back, `exporter retention --dry-run` says by what";
    Check::trouble(NAME, state, finding, remedy)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::store::disk::OfDay;

    const GB: i64 = 1_000_000_000;

    fn used(bytes: i64, days: &[i64]) -> Used {
        let day =
            |at: usize| NaiveDate::from_num_days_from_ce_opt(700_000 + i32::try_from(at).expect("few")).expect("a day");
        Used { bytes, days: days.iter().enumerate().map(|(at, &bytes)| OfDay { day: day(at), bytes }).collect() }
    }

    fn judged(used: &Used, disk: Option<i64>, retention: Option<i64>) -> (Option<i64>, State) {
        let disk = forecast(used, disk, retention);
        (disk.days_left, check(&disk).state)
    }

    #[test]
    fn growth_is_that_of_the_last_seven_days() {
        let used = used(50 * GB, &[90 * GB, GB, GB, GB, GB, GB, GB, GB]);
        assert_eq!(forecast(&used, Some(100 * GB), None).bytes_a_day, Some(GB));
    }

    #[test]
    fn days_left_decide() {
        let days = [GB; 3];
        for (disk, expected) in [
            (100, (Some(50), State::Ok)),
            (80, (Some(30), State::Ok)),
            (79, (Some(29), State::Warning)),
            (56, (Some(6), State::Critical)),
            (50, (Some(0), State::Critical)),
            (10, (Some(0), State::Critical)),
        ] {
            assert_eq!(judged(&used(50 * GB, &days), Some(disk * GB), None), expected, "{disk}");
        }
        assert_eq!(judged(&used(GB, &[]), Some(100 * GB), None), (None, State::Ok));
        assert_eq!(judged(&used(99 * GB, &[]), Some(100 * GB), None), (None, State::Critical));
        assert_eq!(judged(&used(99 * GB, &days), None, None), (None, State::Ok));
    }

    #[test]
    fn retention_may_keep_it_from_filling() {
        let month = [GB; 31];
        // 31 days are there, of 31 and the one that is dropped next.
        assert_eq!(judged(&used(31 * GB, &month), Some(40 * GB), Some(31)), (None, State::Ok));
        // 60 more days to come before the first is dropped.
        assert_eq!(judged(&used(31 * GB, &month), Some(40 * GB), Some(90)), (Some(9), State::Warning));
    }
}
