//! What follows from what was counted, every half a minute: sites are confirmed or forgotten, months are closed, and
//! passed shares of the plan are told. Several exporters may do so at once: each step is a transaction that finds nothing
//! left when another was first.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgPool;

use crate::billing::{Month, bill};
use crate::config::{Billing, Sites};
use crate::store::billing::{self, Closing};
use crate::store::{sites, usage, webhooks};

/// How long after its end a month is closed: longer than any transaction that may still count for it.
const GRACE: TimeDelta = TimeDelta::hours(1);
/// How long messages are kept in the outbox.
const KEEP_MESSAGES_DAYS: u32 = 90;

/// Does all that is due.
///
/// # Errors
/// The first one. What comes after it is done all the same.
pub async fn keep(pool: &PgPool, of_sites: &Sites, of_billing: &Billing) -> sqlx::Result<()> {
    let done = [
        confirm_sites(pool, of_sites).await,
        forget_sites(pool, of_sites).await,
        forget_visitors(pool).await,
        close_months(pool, of_billing).await,
        tell_passed(pool, of_billing).await,
        remove_old_messages(pool).await,
    ];
    done.into_iter().collect()
}

async fn confirm_sites(pool: &PgPool, settings: &Sites) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    let confirmed = sites::confirm_by_threshold(&mut transaction, settings.threshold()).await?;
    sites::count_visitors(&mut transaction, settings.visitors).await?;
    transaction.commit().await?;
    if !confirmed.is_empty() {
        tracing::info!(sites = ?confirmed, "confirmed");
    }
    Ok(())
}

async fn forget_sites(pool: &PgPool, settings: &Sites) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    let forgotten = sites::forget_silent(&mut transaction, settings.forget_after_days).await?;
    transaction.commit().await?;
    if !forgotten.is_empty() {
        tracing::info!(sites = forgotten.len(), "unconfirmed and silent, forgotten");
    }
    Ok(())
}

async fn forget_visitors(pool: &PgPool) -> sqlx::Result<()> {
    sites::forget_late_visitors(&mut *pool.acquire().await?).await
}

/// Closes the months that are over, each for itself.
async fn close_months(pool: &PgPool, settings: &Billing) -> sqlx::Result<()> {
    let mut connection = pool.acquire().await?;
    let now = billing::now(&mut connection).await?;
    let Some(first) = billing::first_month(&mut connection).await? else { return Ok(()) };
    for month in billing::open_months(&mut connection, first, Month::of(now.date_naive()).first()).await? {
        close(pool, settings, month, now).await?;
    }
    Ok(())
}

async fn remove_old_messages(pool: &PgPool) -> sqlx::Result<()> {
    webhooks::remove_old(&mut *pool.acquire().await?, KEEP_MESSAGES_DAYS).await?;
    Ok(())
}

/// Closes a month that ended long enough before `now`.
async fn close(pool: &PgPool, settings: &Billing, first: NaiveDate, now: DateTime<Utc>) -> sqlx::Result<()> {
    let month = Month::of(first);
    if now.naive_utc() < month.end().and_time(chrono::NaiveTime::MIN) + GRACE {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    let billed = usage::totals(&mut transaction, first, month.end(), true).await?;
    // What came last may have passed a share of the plan that nobody was told of.
    pass(&mut transaction, settings, month, billed.page_views).await?;
    let bill = bill(month, settings.plan, settings.hipaa, billed.page_views.unsigned_abs());
    let closing = Closing {
        month: first,
        plan: settings.plan.name(),
        hipaa: settings.hipaa,
        rows: billed.events,
        page_views: billed.page_views,
        total_cents: i64::try_from(bill.total_cents).unwrap_or(i64::MAX),
    };
    let is_closed = billing::close(&mut transaction, closing).await?;
    transaction.commit().await?;
    if is_closed {
        tracing::info!(%month, page_views = billed.page_views, total_cents = bill.total_cents, "month closed");
    }
    Ok(())
}

async fn tell_passed(pool: &PgPool, settings: &Billing) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    let month = Month::of(billing::now(&mut transaction).await?.date_naive());
    let billed = usage::totals(&mut transaction, month.first(), month.end(), true).await?;
    pass(&mut transaction, settings, month, billed.page_views).await?;
    transaction.commit().await
}

async fn pass(
    connection: &mut sqlx::PgConnection,
    settings: &Billing,
    month: Month,
    page_views: i64,
) -> sqlx::Result<()> {
    let included = i64::try_from(settings.plan.included()).unwrap_or(i64::MAX);
    for &percent in &settings.tell_at_percent {
        if is_passed(page_views.unsigned_abs(), settings.plan.included(), percent)
            && billing::pass(connection, month.first(), percent, page_views, included).await?
        {
            tracing::warn!(%month, percent, page_views, included, "a share of the plan's page views is used");
        }
    }
    Ok(())
}

/// Whether `page_views` are `percent` of what is `included`, or more.
fn is_passed(page_views: u64, included: u64, percent: u32) -> bool {
    u128::from(page_views) * 100 >= u128::from(included) * u128::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_passed_when_it_is_reached() {
        for (page_views, percent, passed) in
            [(799_999, 80, false), (800_000, 80, true), (1_000_000, 100, true), (999_999, 100, false), (1, 0, true)]
        {
            assert_eq!(is_passed(page_views, 1_000_000, percent), passed, "{page_views} {percent}");
        }
        assert!(is_passed(u64::MAX, u64::MAX, 100));
    }
}
