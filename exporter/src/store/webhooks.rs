//! The outbox: messages on their way to the receiver, worked on under a lease as deliveries are.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A message, and the right to send it while its epoch lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The idempotency key.
    pub id: Uuid,
    /// Proves that nobody took over since.
    pub epoch: i64,
    /// Attempts, this one included.
    pub attempts: i32,
    /// What is sent, to the byte.
    pub body: String,
}

/// A message as the operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The idempotency key.
    pub id: Uuid,
    /// What it tells.
    pub kind: String,
    /// When that happened.
    pub created_at: DateTime<Utc>,
    /// pending, delivered or dead.
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// When the next attempt is due, while it is pending.
    pub next_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Leases the message that is due longest and that nobody works on.
pub async fn lease(connection: &mut PgConnection, seconds: u32) -> sqlx::Result<Option<Leased>> {
    sqlx::query_as!(
        Leased,
        "-- name: lease_webhook
        update webhooks
        set lease_until = clock_timestamp() + make_interval(secs => $1), epoch = epoch + 1, attempts = attempts + 1
        where id = (
            select id
            from webhooks
            where delivered_at is null
                and dead_at is null
                and next_at <= clock_timestamp()
                and (lease_until is null or lease_until < clock_timestamp())
            order by next_at, number
            limit 1
            for update skip locked
        )
        returning id, epoch, attempts, body",
        f64::from(seconds),
    )
    .fetch_optional(connection)
    .await
}

/// Marks a message delivered. False when the lease is lost.
pub async fn finish(connection: &mut PgConnection, leased: &Leased) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: finish_webhook
        update webhooks
        set delivered_at = now(), lease_until = null, last_error = null
        where id = $1 and epoch = $2 and delivered_at is null and dead_at is null",
        leased.id,
        leased.epoch,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes why an attempt failed, and that the next one is due after about `delay` seconds, or that there will be none.
pub async fn fail(
    connection: &mut PgConnection,
    leased: &Leased,
    reason: &str,
    delay: Option<u32>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: fail_webhook
        update webhooks
        set lease_until = null,
            last_error = $3,
            -- A fifth more or less, so that what failed together does not come back together.
            next_at = clock_timestamp() + make_interval(secs => coalesce($4::float8, 0) * (0.8 + 0.4 * random())),
            dead_at = case when $4::float8 is null then now() end
        where id = $1 and epoch = $2 and delivered_at is null and dead_at is null",
        leased.id,
        leased.epoch,
        reason,
        delay.map(f64::from),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest messages, at most `limit`; of one state, if one is named.
pub async fn list(connection: &mut PgConnection, state: Option<&str>, limit: i64) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as!(
        Message,
        r#"-- name: list_webhooks
        select id as "id!", kind as "kind!", created_at as "created_at!", state as "state!", attempts as "attempts!",
            case when state = 'pending' then next_at end as next_at, last_error
        from (
            select *,
                case when delivered_at is not null then 'delivered' when dead_at is not null then 'dead' else 'pending'
                end as state
            from webhooks
        ) as webhooks
        where $1::text is null or state = $1
        order by number desc
        limit $2"#,
        state,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// How the outbox is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outbox {
    /// Messages that are to be delivered.
    pub pending: i64,
    /// When the oldest of them was written.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// Messages that were given up.
    pub dead: i64,
    /// Why one of them was not delivered: one that was given up, where there is any.
    pub last_error: Option<String>,
}

/// How the outbox is doing.
pub async fn outbox(connection: &mut PgConnection) -> sqlx::Result<Outbox> {
    sqlx::query_as!(
        Outbox,
        r#"-- name: outbox
        select
            count(*) filter (where dead_at is null) as "pending!",
            min(created_at) filter (where dead_at is null) as oldest_pending,
            count(*) filter (where dead_at is not null) as "dead!",
            (array_agg(last_error order by dead_at desc nulls last, number) filter (where last_error is not null))[1]
                as last_error
        from webhooks
        where delivered_at is null"#
    )
    .fetch_one(connection)
    .await
}

/// Makes messages due again, whatever became of them: those of `ids`, or all dead ones when it is absent. Returns how many.
pub async fn replay(connection: &mut PgConnection, ids: Option<&[Uuid]>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "-- name: replay_webhooks
        update webhooks
        set attempts = 0, epoch = epoch + 1, next_at = now(), lease_until = null, last_error = null,
            delivered_at = null, dead_at = null
        where id = any ($1) or ($1 is null and dead_at is not null)",
        ids,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Removes messages older than `days`: those that were delivered, and what nobody was told of sites that anyone may make up.
/// What is told of bills stays until it is delivered.
pub async fn remove_old(connection: &mut PgConnection, days: u32) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "-- name: remove_old_webhooks
        delete from webhooks
        where created_at < now() - make_interval(days => $1)
            and (delivered_at is not null or kind = 'site.discovered')",
        i32::try_from(days).unwrap_or(i32::MAX),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
