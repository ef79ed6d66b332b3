//! The checks of what the ledger keeps: messages to the receiver of webhooks, and sites that are new.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::check::{Check, State};
use crate::store::webhooks::Outbox;

/// A message that is not delivered after so long does not go by itself.
const PENDING: TimeDelta = TimeDelta::hours(1);

/// Sites that came for the first time today (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewSites {
    /// Those that were listed.
    pub new_today: i32,
    /// Events of sites beyond `sites.new_a_day`: stored, and not billed.
    pub beyond_today: i64,
}

/// Whether the receiver, if there `is_one`, gets what it is to be told.
pub(super) fn webhooks(is_one: bool, outbox: &Outbox, now: DateTime<Utc>) -> Check {
    const NAME: &str = "webhooks";
    if !is_one {
        return Check::ok(NAME, "nothing is sent: webhooks.url is not set");
    }
    let why = outbox.last_error.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    if outbox.dead > 0 {
        return Check::trouble(
            NAME,
            State::Warning,
            format!("{} message(s) were given up{why}", outbox.dead),
            "`exporter webhooks list --state dead` names them; mend the receiver, then `exporter webhooks replay --dead`",
        );
    }
    match outbox.oldest_pending {
        Some(oldest) if now - oldest >= PENDING => Check::trouble(
            NAME,
            State::Warning,
            format!("{} message(s) wait, the oldest since {}{why}", outbox.pending, oldest.format("%Y-%m-%d %H:%M")),
            "`exporter webhooks list --state pending` says why; see that the receiver answers 2xx. They are tried again for \
             about three days",
        ),
        _ => Check::ok(NAME, "every message was delivered, or soon is"),
    }
}

/// Whether there are more new sites than the `new_a_day` that are listed.
pub(super) fn sites(new_a_day: u32, found: NewSites) -> Check {
    const NAME: &str = "sites";
    let NewSites { new_today, beyond_today } = found;
    if beyond_today == 0 {
        return Check::ok(NAME, format!("{new_today} site(s) are new today, none beyond sites.new_a_day"));
    }
    Check::trouble(
        NAME,
        State::Warning,
        format!(
            "{beyond_today} event(s) came today of sites beyond sites.new_a_day = {new_a_day}: stored, and not billed"
        ),
        "anyone can make up sites, and those need nothing. A site of yours among them: `exporter sites confirm NAME`; where \
         many of yours are new, raise sites.new_a_day",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_receiver_does_not_get_is_told() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let judged = |outbox: &Outbox| webhooks(true, outbox, now);
        let waits = |minutes| Outbox {
            pending: 3,
            oldest_pending: Some(now - TimeDelta::minutes(minutes)),
            last_error: Some("it answered 500".to_owned()),
            ..Outbox::default()
        };
        assert_eq!(judged(&Outbox::default()).state, State::Ok);
        assert_eq!(judged(&waits(59)).state, State::Ok);
        let late = judged(&waits(60));
        assert_eq!(late.state, State::Warning);
        assert!(late.finding.ends_with("it answered 500"), "{late:?}");
        let dead = Outbox { dead: 2, ..Outbox::default() };
        assert!(judged(&dead).remedy.contains("replay --dead"));
        assert_eq!(webhooks(false, &Outbox { dead: 2, ..waits(600) }, now).state, State::Ok);
    }

    #[test]
    fn sites_beyond_the_cap_are_told() {
        let judged = |beyond_today| sites(100, NewSites { new_today: 100, beyond_today }).state;
        assert_eq!([0, 1].map(judged), [State::Ok, State::Warning]);
    }
}
