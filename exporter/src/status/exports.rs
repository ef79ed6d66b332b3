//! The checks of what fails on its way to a bucket, and of what the buckets were compared for.

use chrono::{DateTime, TimeDelta, Utc};

use super::check::{Check, State};
use crate::config::Config;
use crate::store::operator::DestinationStatus;
use crate::store::verifications::Verification;

/// A comparison that is late by so much did not take place.
const LATE: TimeDelta = TimeDelta::hours(6);

/// Whether something fails, and needs somebody.
pub(super) fn deliveries(config: &Config, exports: &[DestinationStatus]) -> Check {
    const NAME: &str = "deliveries";
    let required = config.required_names();
    let mut worst = Check::ok(NAME, "no destination refuses anything");
    for it in exports {
        let name = &it.destination;
        let (state, finding, remedy) = match (&it.waits, it.failures.first()) {
            (_, Some(failure)) if it.dead_letters > 0 => (
                if required.contains(name) { State::Critical } else { State::Warning },
                format!("{name} has {} dead letter(s): {}", it.dead_letters, failure.meaning),
                format!("{}; then `exporter export retry --destination {name}`", failure.remedy),
            ),
            (Some(waits), _) => (
                State::Warning,
                format!("{name} takes nothing since {}: {}", waits.wait.since.format("%Y-%m-%d %H:%M"), waits.meaning),
                waits.remedy.to_owned(),
            ),
            _ => continue,
        };
        if state > worst.state {
            worst = Check::trouble(NAME, state, finding, remedy);
        }
    }
    worst
}

/// Whether the buckets still hold what they were given.
pub(super) fn verify(config: &Config, exports: &[DestinationStatus], now: DateTime<Utc>) -> Check {
    const NAME: &str = "verify";
    let mut worst = Check::ok(NAME, "the last comparison of each destination found nothing");
    for it in exports {
        for verified in &it.verified {
            let (state, finding, remedy) = match judged(config, verified, now) {
                Some((state, what, remedy)) => (state, format!("{}: {what}", it.destination), remedy),
                None => continue,
            };
            if state > worst.state {
                worst = Check::trouble(NAME, state, finding, remedy);
            }
        }
    }
    if exports.iter().all(|it| it.verified.is_empty()) {
        return Check::ok(NAME, "no destination was compared with the database yet");
    }
    worst
}

fn judged(config: &Config, it: &Verification, now: DateTime<Utc>) -> Option<(State, String, &'static str)> {
    let first = it.findings.first().map_or("", String::as_str);
    if it.discrepancies > 0 {
        let remedy = "`exporter verify` tells all; `exporter verify --repair` delivers again what is missing or differs, and \
                      says what it cannot repair";
        return Some((State::Critical, format!("{} discrepancies, the first is {first}", it.discrepancies), remedy));
    }
    if let Some(reason) = &it.unreachable {
        let what = format!("could not be compared to its end: {reason}");
        return Some((State::Warning, what, "`exporter doctor` tries the bucket"));
    }
    let schedule = if it.kind == "full" { &config.verify.full } else { &config.verify.head };
    let due = schedule.next(it.verified_at, &config.seed())?;
    let what = format!("was compared last on {}", it.verified_at.format("%Y-%m-%d %H:%M"));
    (due + LATE < now).then_some((State::Warning, what, "see that `serve` runs, and its log"))
}
