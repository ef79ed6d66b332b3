//! The other checks: values in, judgements out.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;
use wire::Reason;

use super::check::{Check, State};
use crate::config::Config;
use crate::doctor::{Refusal, refusal};
use crate::ingest::tally::{DROPPED_BY_PIXEL, IMPLAUSIBLE_DROPS, LATE};
use crate::retention::CLOCKS;
use crate::store::backlog::Backlog;
use crate::store::erasures::Erasure;
use crate::store::losses::Loss;
use crate::store::operator::DestinationStatus;
use crate::store::outcomes::OfDay;
use crate::store::redaction_findings::OfVersion;

/// A share of delivered events below which something should be done, and below which it must be.
const DELIVERED: (f64, f64) = (0.999, 0.99);
/// Fewer events than that tell nothing of shares.
const ENOUGH: i64 = 1000;
/// A day that is overdue for so long is held back, rather than waiting for the next run.
const OVERDUE: Days = Days::new(2);
/// An erasure that is not finished after so long does not go by itself, and one after so long is nearly overdue (GDPR, article
/// 12 (3): a month).
const ERASURE: TimeDelta = TimeDelta::hours(1);
const ERASURE_DUE: TimeDelta = TimeDelta::days(14);
/// A required destination that lacks rows for so long beyond its interval.
const LAG: (TimeDelta, TimeDelta) = (TimeDelta::hours(1), TimeDelta::hours(24));

pub(super) fn partitions(missing: &[NaiveDate]) -> Check {
    match missing {
        [] => Check::ok("partitions", "every day that events may belong to has a partition"),
        [first, ..] => Check::trouble(
            "partitions",
            State::Critical,
            format!("{} day(s) have no partition, the first is {first}", missing.len()),
            "run `exporter migrate`, then `exporter doctor`; the log of Postgres says what is in the way",
        ),
    }
}

/// Of this machine's clock, so much `ahead` of the database's.
pub(super) fn clocks(ahead: TimeDelta) -> Check {
    const NAME: &str = "clocks";
    if ahead.abs() <= CLOCKS {
        return Check::ok(NAME, "this machine and the database agree on the time");
    }
    Check::trouble(
        NAME,
        State::Warning,
        format!(
            "this machine's clock is {} s {} the database's",
            ahead.num_seconds().abs(),
            if ahead > TimeDelta::zero() { "ahead of" } else { "behind" }
        ),
        "set both right with chrony or systemd-timesyncd: the edge's batches are refused while this machine's is wrong by more \
         than five minutes, and days are dropped by the earlier one",
    )
}

/// Whether days that should be gone wait for more than the next run, with `first` as the oldest to keep.
pub(super) fn is_held_back(held: &[NaiveDate], first: Option<NaiveDate>) -> bool {
    let late = first.and_then(|first| first.checked_sub_days(OVERDUE));
    held.first().zip(late).is_some_and(|(oldest, late)| *oldest < late)
}

/// Of the days that should be gone, with `first` as the oldest to keep, and what the destinations that must hold them do.
pub(super) fn retention(
    required: &[String],
    held: &[NaiveDate],
    first: Option<NaiveDate>,
    exports: &[DestinationStatus],
) -> Check {
    const NAME: &str = "retention";
    let Some(first) = first else {
        return Check::ok(NAME, "no day is ever dropped: retention.days is 0");
    };
    let Some(oldest) = held.first().filter(|_| is_held_back(held, Some(first))) else {
        return Check::ok(NAME, format!("days before {first} are dropped once every required destination holds them"));
    };
    let finding = format!("{} day(s) should be dropped and are held back, the oldest is {oldest}", held.len());
    match exports.iter().find(|it| it.doubted_batches > 0 && required.contains(&it.destination)) {
        None => Check::trouble(
            NAME,
            State::Warning,
            finding,
            "`exporter retention --dry-run` says by what; mostly it is a destination that does not take its export",
        ),
        Some(DestinationStatus { destination, doubted_batches, .. }) => Check::trouble(
            NAME,
            State::Warning,
            format!("{finding}; {destination} was found not to hold {doubted_batches} export batch(es) as exported"),
            format!(
                "`exporter verify --repair --destination {destination}` delivers them again, and says what it cannot repair; \
                 `exporter retention --dry-run` names each day and what holds it"
            ),
        ),
    }
}

pub(super) fn export(config: &Config, backlogs: &[Backlog], now: DateTime<Utc>) -> Check {
    const NAME: &str = "export";
    let every = config.export.schedule.gap();
    let required = config.required_names();
    let mut worst = Check::ok(NAME, "every destination is up to date");
    for it in backlogs {
        let age = it.oldest.map_or(TimeDelta::zero(), |oldest| now - oldest);
        let late = age - every * 2;
        let state = match () {
            () if late > LAG.1 && required.contains(&it.destination) => State::Critical,
            () if late > LAG.0 => State::Warning,
            () => State::Ok,
        };
        if state > worst.state {
            let (name, rows, hours) = (&it.destination, it.pending_rows, age.num_hours());
            worst = Check::trouble(
                NAME,
                state,
                format!("{name} lacks {rows} row(s), the oldest for {hours} hour(s)"),
                "GET /export/status says why the last attempts failed; `exporter doctor` tries the bucket. Nothing is lost \
                 meanwhile: it stays here until the destination takes it",
            );
        }
    }
    worst
}

/// Of the latest error of each destination whose last delivery failed.
pub(super) fn credentials(failures: &[(String, String)]) -> Check {
    const NAME: &str = "credentials";
    let means = |error: &str, meant: &[Refusal]| {
        error.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| !word.is_empty() && meant.contains(&refusal(word)))
    };
    let is_refused = |error: &str| {
        means(error, &[Refusal::Credentials, Refusal::Expired, Refusal::Denied]) || error.contains("no credentials")
    };
    let refused: Vec<_> =
        failures.iter().filter(|(_, error)| is_refused(error)).map(|(name, _)| name.as_str()).collect();
    if refused.is_empty() {
        return Check::ok(NAME, "no destination refuses them");
    }
    Check::trouble(
        NAME,
        State::Critical,
        format!("refused, or missing, at {}", refused.join(", ")),
        "`exporter doctor` says why; `exporter credentials set` stores others. Nothing is lost: events wait here, and exports go \
         on by themselves",
    )
}

pub(super) fn redaction(found: &[OfVersion]) -> Check {
    const NAME: &str = "redaction";
    if found.is_empty() {
        return Check::ok(NAME, "edges have let no personal data pass since yesterday");
    }
    let said = found.iter().map(|it| format!("edge {}: {} of {}", it.edge_version, it.findings, it.kinds.join(", ")));
    Check::trouble(
        NAME,
        State::Critical,
        format!(
            "edges let personal data pass since yesterday, it was taken out here: {}",
            said.collect::<Vec<_>>().join("; ")
        ),
        "deploy the edge of this release, with the same settings as [redaction] here; its Queue may hold older batches for days",
    )
}

/// Of the last day that is over.
pub(super) fn loss(yesterday: Option<&Loss>, unmeasured: i64) -> Check {
    const NAME: &str = "loss";
    if unmeasured >= 1000 {
        return Check::trouble(
            NAME,
            State::Warning,
            "the figures are behind: 1000 segments or more are not measured yet",
            "after an update this goes by; otherwise look for \"cannot measure\" in the log",
        );
    }
    let Some((loss, share)) = yesterday.and_then(|loss| Some((loss, loss.delivered()?))) else {
        return Check::ok(NAME, "no event of yesterday");
    };
    let finding = format!("{} of yesterday's events came, {} are missing", percent(share), loss.missing);
    let state = match () {
        () if loss.events < ENOUGH || share >= DELIVERED.0 => return Check::ok(NAME, finding),
        () if share >= DELIVERED.1 => State::Warning,
        () => State::Critical,
    };
    let remedy = "`exporter status` names the sites; see the edge's dead-letter queue and its counts of refused events, and \
                  whether a site blocks the edge";
    Check::trouble(NAME, state, finding, remedy)
}

/// Of those that are not finished, the oldest first, and the export batches that they cannot search.
pub(super) fn erasures(unfinished: &[Erasure], unsearched: &[(Uuid, String)], now: DateTime<Utc>) -> Check {
    const NAME: &str = "erasures";
    let unsearched = match unsearched {
        [] => String::new(),
        [(id, reason), ..] => {
            format!("; {} export batch(es) are nowhere to be read, the first is {id}: {reason}", unsearched.len())
        }
    };
    match unfinished.first() {
        Some(oldest) if now - oldest.requested_at >= ERASURE => Check::trouble(
            NAME,
            if now - oldest.requested_at < ERASURE_DUE { State::Warning } else { State::Critical },
            format!(
                "{} visitor(s) are not forgotten everywhere, the oldest request is of {}{unsearched}",
                unfinished.len(),
                oldest.requested_at
            ),
            "`exporter forget --resume` says what is in the way: mostly a destination that does not answer",
        ),
        _ => Check::ok(NAME, "nobody waits to be forgotten"),
    }
}

/// Of what was refused on `today`.
pub(super) fn refused(outcomes: &[OfDay], today: NaiveDate) -> Check {
    const NAME: &str = "refused";
    let of_today = || outcomes.iter().filter(|it| it.day == today);
    let beside = ["accepted", "duplicate", Reason::Erased.name(), LATE, DROPPED_BY_PIXEL, IMPLAUSIBLE_DROPS];
    let refused = || of_today().filter(|it| !beside.contains(&it.outcome.as_str()));
    let accepted: i64 = of_today().filter(|it| it.outcome == "accepted").map(|it| it.events).sum();
    let count: i64 = refused().map(|it| it.events).sum();
    let reason = refused().max_by_key(|it| it.events).map_or("", |it| it.outcome.as_str());
    let finding = match count {
        0 => "no event was refused today".to_owned(),
        _ => format!("{count} event(s) were refused today, most as {reason}"),
    };
    if count < ENOUGH / 10 || count * 100 < accepted + count {
        return Check::ok(NAME, finding);
    }
    let remedy = match reason {
        "expired" | "from_the_future" => "see that the clocks of this machine and of the edge are right",
        "conflict" => "an id came with other content: two versions of the edge redact differently; deploy one of them",
        "refused_by_store" => "the log names the SQLSTATE; report it, since every check had passed",
        _ => "the edge should have refused these: deploy the edge of this release",
    };
    Check::trouble(NAME, State::Warning, finding, remedy)
}

/// A share as people read it: three digits after the point, and 100 % only when nothing is missing.
#[must_use]
pub fn percent(share: f64) -> String {
    let cut = (share * 100_000.0).floor() / 1000.0;
    format!("{cut:.3} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day")
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        for (share, text) in [(1.0, "100.000 %"), (0.999_999_9, "99.999 %"), (0.999, "99.900 %"), (0.0, "0.000 %")] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn clocks_that_differ_are_told() {
        for (seconds, state) in
            [(0, State::Ok), (300, State::Ok), (-300, State::Ok), (301, State::Warning), (-301, State::Warning)]
        {
            assert_eq!(clocks(TimeDelta::seconds(seconds)).state, state, "{seconds}");
        }
        assert!(clocks(TimeDelta::days(-60)).finding.contains("5184000 s behind"));
    }

    #[test]
    fn loss_is_judged_where_there_is_enough_to_judge() {
        let judged = |events, missing| {
            let loss = Loss { day: day(), events, missing, ..Loss::default() };
            super::loss(Some(&loss), 0).state
        };
        assert_eq!(judged(999_000, 1000), State::Ok);
        assert_eq!(judged(998_999, 1001), State::Warning);
        assert_eq!(judged(989_000, 11_000), State::Critical);
        assert_eq!(judged(10, 10), State::Ok);
        assert_eq!(super::loss(None, 0).state, State::Ok);
        assert_eq!(super::loss(None, 1000).state, State::Warning);
    }

    #[test]
    fn refusals_are_judged_by_their_share() {
        let judged = |events: &[(&str, i64)]| {
            let of_day = |&(outcome, events): &(&str, i64)| OfDay { day: day(), outcome: outcome.to_owned(), events };
            super::refused(&events.iter().map(of_day).collect::<Vec<_>>(), day())
        };
        assert_eq!(judged(&[]).state, State::Ok);
        assert_eq!(judged(&[("accepted", 1000), ("duplicate", 5000), ("late", 500)]).state, State::Ok);
        assert_eq!(judged(&[("accepted", 1000), ("implausible_drops", 500)]).state, State::Ok);
        assert_eq!(judged(&[("accepted", 9_901), ("expired", 99)]).state, State::Ok);
        assert_eq!(judged(&[("accepted", 9_900), ("expired", 100)]).state, State::Warning);
        assert!(judged(&[("accepted", 10), ("expired", 1000), ("bad_id", 9)]).remedy.contains("clocks"));
    }

    #[test]
    fn an_erasure_has_to_be_finished_in_time() {
        let requested_at = day().and_time(chrono::NaiveTime::MIN).and_utc();
        let erasure = Erasure {
            id: Uuid::nil(),
            visitor_hash: Vec::new(),
            visitor_id: None,
            requested_at,
            taken_out_at: None,
            searched_number: 0,
            searched_at: None,
            finished_at: None,
            rows_database: 0,
            rows_buckets: 0,
        };
        let judged =
            |hours| erasures(std::slice::from_ref(&erasure), &[], requested_at + TimeDelta::hours(hours)).state;
        assert_eq!([0, 1, 24 * 14].map(judged), [State::Ok, State::Warning, State::Critical]);
        assert_eq!(erasures(&[], &[], requested_at).state, State::Ok);
    }

    #[test]
    fn a_day_is_held_back_only_after_the_next_runs() {
        let first = day();
        let before = |days| first - Days::new(days);
        let judged = |held: &[NaiveDate], first| retention(&[], held, first, &[]).state;
        assert_eq!(judged(&[before(1)], Some(first)), State::Ok);
        assert_eq!(judged(&[before(3), before(1)], Some(first)), State::Warning);
        assert_eq!(judged(&[before(3)], None), State::Ok);
        assert_eq!(judged(&[], Some(first)), State::Ok);
    }
}
