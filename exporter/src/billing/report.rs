//! What a month came to: usage per site and day, and the bill. A closed month is billed as it was closed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{Bill, Month, Plan, bill};
use crate::config;
use crate::store::billing;
use crate::store::usage::{self, SiteDay, SiteMonth, Totals};

/// A month of usage.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsageReport {
    /// The month, such as `2026-10`; UTC.
    pub month: String,
    /// When it was closed. A month that is not can still grow.
    pub closed_at: Option<DateTime<Utc>>,
    /// What is billed: everything of sites that were confirmed when it arrived.
    pub billed: Totals,
    /// The same per site.
    pub sites: Vec<SiteMonth>,
    /// What is stored and not billed.
    pub unbilled: Totals,
    /// The same per site: unconfirmed and ignored ones, and confirmed ones as far as it came before they were.
    pub unbilled_sites: Vec<SiteMonth>,
    /// Both, per day and site.
    pub days: Vec<SiteDay>,
    /// What is due.
    pub bill: Bill,
}

/// Why there is no report of a month.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is in the future.
    #[error("{0} has not begun: this month is {1}")]
    NotBegun(Month, Month),
    /// It is over, and was before anything was stored: nothing is due for it.
    #[error("nothing is due for {0}: no event was stored before {1}")]
    BeforeFirst(Month, Month),
    /// The database did not answer.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
}

/// The report of a `month`, or of this one: all of it as it was at one moment.
pub async fn report(
    connection: &mut PgConnection,
    settings: &config::Billing,
    month: Option<Month>,
) -> Result<UsageReport, ReportError> {
    let mut transaction = usage::one_moment(connection).await?;
    let connection = &mut *transaction;
    let this = Month::of(billing::now(connection).await?.date_naive());
    let oldest = billing::first_month(connection).await?.map_or(this, Month::of);
    let month = month.unwrap_or(this);
    if month > this {
        return Err(ReportError::NotBegun(month, this));
    }
    if month < oldest {
        return Err(ReportError::BeforeFirst(month, oldest));
    }
    let (first, end) = (month.first(), month.end());
    let mut billed = usage::totals(connection, first, end, true).await?;
    let closed = billing::closed(connection, first).await?;
    let (mut plan, mut hipaa) = (settings.plan, settings.hipaa);
    if let Some(closed) = &closed {
        plan = Plan::named(&closed.plan).unwrap_or(plan);
        hipaa = closed.hipaa;
        billed = Totals { events: closed.rows, page_views: closed.page_views };
    }
    let report = UsageReport {
        month: month.to_string(),
        closed_at: closed.map(|it| it.closed_at),
        billed,
        sites: usage::sites(connection, first, end, true).await?,
        unbilled: usage::totals(connection, first, end, false).await?,
        unbilled_sites: usage::sites(connection, first, end, false).await?,
        days: usage::days(connection, first, end).await?,
        bill: bill(month, plan, hipaa, billed.page_views.unsigned_abs()),
    };
    transaction.commit().await?;
    Ok(report)
}
