//! When the disk will be full, by what the last full days have added: their events and segments, which retention takes away
//! again, and what else is noted of them, which nothing does.

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
    /// What a full day adds: the mean of the last seven that hold events, and what stays of them for ever. Absent before the
    /// first one is over.
    pub bytes_a_day: Option<i64>,
    /// The part of it that retention does not drop: what the database notes of what it stored and exported.
    pub lasting_bytes_a_day: Option<i64>,
    /// Days until nothing is free. Absent without a size or a growth.
    pub days_left: Option<i64>,
    /// Whether retention drops as many events as come before the disk is full. False while it is held back.
    pub is_kept_from_filling: bool,
}

/// The forecast for a database that takes `used`, may take `disk_bytes`, and of which retention keeps the events of
/// `retention_days`; `None` when it drops none, or cannot.
#[must_use]
pub fn forecast(used: &Used, disk_bytes: Option<i64>, retention_days: Option<i64>) -> Disk {
    let last = used.days.iter().rev().take(DAYS);
    let (count, sum) = last.fold((0, 0), |(count, sum), day| (count + 1, sum + day.bytes));
    let lasting = used.lasting_bytes_a_day;
    let bytes_a_day = (count > 0).then(|| sum / count + used.segments_bytes_a_day + lasting);
    let free_bytes = disk_bytes.map(|disk| (disk - used.bytes).max(0));
    let kept = i64::try_from(used.days.len()).unwrap_or(i64::MAX);
    // What is older than that is dropped a day later at the latest.
    let until_dropped = retention_days.map(|days| (days + 1 - kept).max(0));
    let mut disk = Disk {
        used_bytes: used.bytes,
        disk_bytes,
        free_bytes,
        bytes_a_day,
        lasting_bytes_a_day: bytes_a_day.map(|_| lasting),
        days_left: None,
        is_kept_from_filling: false,
    };
    let Some((daily, free)) = bytes_a_day.zip(free_bytes) else { return disk };
    let left_then = until_dropped.map(|days| (days, free - daily.saturating_mul(days)));
    match left_then.filter(|(_, left)| *left > 0) {
        None => disk.days_left = Some(free / daily.max(1)),
        Some((days, left)) => {
            disk.is_kept_from_filling = true;
            disk.days_left = (lasting > 0).then(|| days + left / lasting);
        }
    }
    disk
}

/// Whether the disk lasts, where retention `drops_days` and where it never does.
#[must_use]
pub fn check(disk: &Disk, drops_days: bool) -> Check {
    const NAME: &str = "disk";
    let Some(size) = disk.disk_bytes else {
        let finding = format!("the database takes {}; how much it may take is not known", readable(disk.used_bytes));
        if !drops_days {
            return Check::trouble(
                NAME,
                State::Warning,
                format!("{finding}, and no day is ever dropped"),
                "events grow until the disk is full: set database.disk to be told when, or retention.days to drop what the \
                 buckets hold",
            );
        }
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
    let left = match (disk.days_left, disk.is_kept_from_filling) {
        (Some(days), false) => format!("full in {days} day(s)"),
        (None, true) => "retention keeps it from filling".to_owned(),
        (Some(days), true) => {
            let lasting = readable(disk.lasting_bytes_a_day.unwrap_or_default());
            format!("retention keeps events from filling it; full in {days} day(s) of the {lasting} a day that stay")
        }
        (None, false) => String::new(),
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
        Used {
            bytes,
            segments_bytes_a_day: 0,
            lasting_bytes_a_day: 0,
            days: days.iter().enumerate().map(|(at, &bytes)| OfDay { day: day(at), bytes }).collect(),
        }
    }

    fn judged(used: &Used, disk: Option<i64>, retention: Option<i64>) -> (Option<i64>, State) {
        let disk = forecast(used, disk, retention);
        (disk.days_left, check(&disk, retention.is_some()).state)
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
        // Nobody says how much there is: then something has to keep it from growing for ever.
        assert_eq!(judged(&used(99 * GB, &days), None, Some(31)), (None, State::Ok));
        assert_eq!(judged(&used(GB, &[]), None, None), (None, State::Warning));
    }

    #[test]
    fn retention_may_keep_it_from_filling() {
        let month = [GB; 31];
        // 31 days are there, of 31 and the one that is dropped next.
        assert_eq!(judged(&used(31 * GB, &month), Some(40 * GB), Some(31)), (None, State::Ok));
        // 60 more days to come before the first is dropped.
        assert_eq!(judged(&used(31 * GB, &month), Some(40 * GB), Some(90)), (Some(9), State::Warning));
        // Whoever is held back drops nothing, however many days there are.
        assert_eq!(judged(&used(60 * GB, &[GB; 60]), Some(70 * GB), None), (Some(10), State::Warning));
    }

    #[test]
    fn what_retention_leaves_fills_the_disk_all_the_same() {
        let with = |lasting, bytes, days: &[i64]| Used { lasting_bytes_a_day: lasting, ..used(bytes, days) };
        let month = [GB; 31];
        let disk = forecast(&with(GB, 31 * GB, &month), Some(60 * GB), Some(31));
        assert_eq!((disk.bytes_a_day, disk.lasting_bytes_a_day), (Some(2 * GB), Some(GB)));
        // One more day of both, and then of what stays alone.
        assert_eq!((disk.days_left, disk.is_kept_from_filling), (Some(1 + 27), true));
        assert_eq!(check(&disk, true).state, State::Warning);
        assert!(check(&disk, true).finding.contains("retention keeps events from filling it; full in 28 day(s)"));
        // Full before the first day is dropped.
        let disk = forecast(&with(GB, 31 * GB, &month), Some(60 * GB), Some(90));
        assert_eq!((disk.days_left, disk.is_kept_from_filling), (Some(14), false));
        assert_eq!(forecast(&with(GB, GB, &[]), Some(60 * GB), None).days_left, None);
        // Segments come with events, and go with them.
        let disk = forecast(&Used { segments_bytes_a_day: GB, ..used(31 * GB, &month) }, Some(60 * GB), Some(31));
        assert_eq!((disk.bytes_a_day, disk.days_left, disk.is_kept_from_filling), (Some(2 * GB), None, true));
    }
}
