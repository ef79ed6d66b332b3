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

/// The report of a month.
pub async fn report(
    connection: &mut PgConnection,
    settings: &config::Billing,
    month: Month,
) -> sqlx::Result<UsageReport> {
    let (first, end) = (month.first(), month.end());
    let mut billed = usage::totals(connection, first, end, true).await?;
    let closed = billing::closed(connection, first).await?;
    let (mut plan, mut hipaa) = (settings.plan, settings.hipaa);
    if let Some(closed) = &closed {
        plan = Plan::named(&closed.plan).unwrap_or(plan);
        hipaa = closed.hipaa;
        billed = Totals { events: closed.rows, page_views: closed.page_views };
    }
    Ok(UsageReport {
        month: month.to_string(),
        closed_at: closed.map(|it| it.closed_at),
        billed,
        sites: usage::sites(connection, first, end, true).await?,
        unbilled: usage::totals(connection, first, end, false).await?,
        unbilled_sites: usage::sites(connection, first, end, false).await?,
        days: usage::days(connection, first, end).await?,
        bill: bill(month, plan, hipaa, billed.page_views.unsigned_abs()),
    })
}
