//! Measured loss: the numbers that page loads gave their events, and which of them never came.

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use wire::limits::BATCH_EVENTS;

/// A gap that no page makes: whoever sends such a number makes it up, and may not spoil the figure of all others. It is the
/// gap that a page load adds on one day, or what a pixel says that it dropped.
///
/// Nor is a page load believed that lacks far more than came of it: more than a batch holds ([`BATCH_EVENTS`]) and more than
/// [`PLAUSIBLE_PER_EVENT`] for each event that came. One event and a gap of 9,999 is made up; a page load of 30 events that
/// lost 200 in its middle, as the network went, is not, nor one whose only full batch was lost. So whoever wants to spoil the
/// figure has to send a real part of it.
pub const IMPLAUSIBLE: i64 = 10_000;
/// What a page load may lack for each of its events that came.
pub const PLAUSIBLE_PER_EVENT: i64 = 10;

/// The loss of one day, all sites together or one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the columns of `losses`, explained there")]
pub struct Loss {
    pub day: NaiveDate,
    pub site_id: Option<String>,
    pub streams: i64,
    pub incomplete_streams: i64,
    pub implausible_streams: i64,
    pub events: i64,
    pub missing: i64,
}

impl Loss {
    /// The share of the numbered events that came, from 0 to 1; none where no event came.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
    pub fn delivered(&self) -> Option<f64> {
        let numbered = self.events + self.missing;
        (numbered > 0).then(|| self.events as f64 / numbered as f64)
    }
}

/// Takes up to `limit` segments that are not measured yet, adds what they hold to the streams, notes the days that are to be
/// summed up anew, and returns how many segments those were. Belongs into a transaction. Any number of exporters may do this
/// at once.
pub async fn measure(connection: &mut PgConnection, limit: i64) -> sqlx::Result<usize> {
    let segments = sqlx::query!(
        "-- name: take_unmeasured_segments
        update segments set measured_at = now()
        where id in (
            select id from segments where measured_at is null order by id limit $1 for update skip locked
        )
        returning id, min_event_id, max_event_id",
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    let (Some(first), Some(last)) =
        (segments.iter().map(|it| it.min_event_id).min(), segments.iter().map(|it| it.max_event_id).max())
    else {
        return Ok(0);
    };
    let ids: Vec<_> = segments.iter().map(|it| it.id).collect();
    sqlx::query!(
        "-- name: measure_segments
        with touched as (
            insert into stream_days (stream_id, site_id, day, last_seq, events)
            select stream_id, site_id, events_day(event_id), max(seq), count(*)
            from events
            where segment_id = any ($1)
                -- Leaves the partitions out that the segments do not touch.
                and event_id between $2 and $3
            group by 1, 2, 3
            -- Two that add to the same rows in different orders would deadlock.
            order by 1, 2, 3
            on conflict (stream_id, site_id, day) do update
            set last_seq = greatest(stream_days.last_seq, excluded.last_seq),
                events = stream_days.events + excluded.events
            returning stream_id, site_id, day
        )
        insert into unsummed_days (day)
        select day from touched
        union
        -- What is missing on one day of a page load depends on what came on the others.
        select other.day
        from touched
        join stream_days as other on other.stream_id = touched.stream_id and other.site_id = touched.site_id
        -- Days that were forgotten keep their figures.
        where other.day > '-infinity'
        order by day
        -- Whoever is about to sum it up has to wait, and to see this.
        on conflict (day) do update set day = excluded.day",
        &ids,
        first,
        last,
    )
    .execute(connection)
    .await?;
    Ok(ids.len())
}

/// The days that are to be summed up, the oldest first.
pub async fn unsummed(connection: &mut PgConnection) -> sqlx::Result<Vec<NaiveDate>> {
    sqlx::query_scalar!(
        "-- name: unsummed_days
        select day from unsummed_days order by day"
    )
    .fetch_all(connection)
    .await
}

/// Sums the streams of `day` up, by the sites that are listed, of which there are no more than the operator lets there be.
/// Belongs into a transaction.
pub async fn sum_up(connection: &mut PgConnection, day: NaiveDate) -> sqlx::Result<()> {
    // Before the look at the streams: what is noted after it is another look's.
    sqlx::query!(
        "-- name: take_unsummed_day
        delete from unsummed_days where day = $1",
        day,
    )
    .execute(&mut *connection)
    .await?;
    // A site may be listed no more.
    sqlx::query!(
        "-- name: clear_losses
        delete from losses where day = $1",
        day,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: sum_up_losses
        insert into losses (day, site_id, streams, incomplete_streams, implausible_streams, events, missing)
        select
            $1, coalesce(sites.site_id, '*') as listed_id, count(*),
            count(*) filter (where missing > 0 and is_plausible),
            count(*) filter (where missing > 0 and not is_plausible),
            sum(events),
            coalesce(sum(missing) filter (where is_plausible), 0)
        from (
            select
                site_id,
                day,
                events,
                missing,
                missing <= $2::bigint and missing_in_all <= greatest($3::bigint, $4::bigint * came) as is_plausible
            from (
                select
                    site_id,
                    day,
                    events,
                    greatest(missing, 0) - greatest(lag(missing, 1, 0) over stream, 0) as missing,
                    max(missing) over whole as missing_in_all,
                    sum(events) over whole as came
                from (
                    select
                        stream_id,
                        site_id,
                        day,
                        events,
                        -- What a later day holds is not missing, though a clock that was set back gave it the smaller numbers, or
                        -- the greater ones to the day before.
                        min(missing) over (
                            partition by stream_id, site_id order by day rows between current row and unbounded following
                        ) as missing
                    from (
                        select
                            stream_id,
                            site_id,
                            day,
                            events,
                            (max(last_seq) over so_far + 1 - sum(events) over so_far)::bigint as missing
                        from stream_days
                        where (stream_id, site_id) in (select stream_id, site_id from stream_days where day = $1)
                        window so_far as (partition by stream_id, site_id order by day)
                    ) as so_far
                ) as at_last
                window stream as (partition by stream_id, site_id order by day),
                    whole as (partition by stream_id, site_id)
            ) as of_day
        ) as stream
        left join sites using (site_id)
        where day = $1
        group by listed_id
        order by listed_id",
        day,
        IMPLAUSIBLE,
        i64::try_from(BATCH_EVENTS).unwrap_or(i64::MAX),
        PLAUSIBLE_PER_EVENT,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The loss of the days since `first`, the newest first: of the sites that count, or of all others. Those count that are
/// confirmed; until one is, all that nobody has ignored.
pub async fn by_day(connection: &mut PgConnection, first: NaiveDate, counts: bool) -> sqlx::Result<Vec<Loss>> {
    sqlx::query_as!(
        Loss,
        r#"-- name: losses_by_day
        select
            day as "day!",
            null::text as site_id,
            sum(streams)::bigint as "streams!",
            sum(incomplete_streams)::bigint as "incomplete_streams!",
            sum(implausible_streams)::bigint as "implausible_streams!",
            sum(events)::bigint as "events!",
            sum(missing)::bigint as "missing!"
        from losses_that_count where day >= $1 and counts = $2
        group by day
        order by day desc"#,
        first,
        counts,
    )
    .fetch_all(connection)
    .await
}

/// Of the sites that count, those that most is missing of since `first`, a line for each site and day, at most `limit`.
pub async fn worst_sites(connection: &mut PgConnection, first: NaiveDate, limit: i64) -> sqlx::Result<Vec<Loss>> {
    sqlx::query_as!(
        Loss,
        r#"-- name: worst_losses
        select
            day as "day!",
            site_id,
            streams as "streams!",
            incomplete_streams as "incomplete_streams!",
            implausible_streams as "implausible_streams!",
            events as "events!",
            missing as "missing!"
        from losses_that_count where day >= $1 and counts and missing > 0
        order by missing desc, day desc, site_id
        limit $2"#,
        first,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Segments whose loss is not measured yet, counted up to a thousand.
pub async fn unmeasured(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"-- name: unmeasured_segments
        select count(*) as "segments!" from (select from segments where measured_at is null limit 1000) as first"#
    )
    .fetch_one(connection)
    .await
}

/// Forgets what was lost on the days before `first`.
pub async fn forget_days(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: forget_losses
        delete from losses where day < $1",
        first,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets page loads and pixels' reports before `first`, which nothing can be added to any more. Of a page load that goes on,
/// one row stands for all its forgotten days: what came on them is not missing. Not to be done while [`measure`] is.
pub async fn forget(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<()> {
    // Of no page loads nothing would be summed up.
    sqlx::query!(
        "-- name: forget_unsummed_days
        delete from unsummed_days where day < $1",
        first,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: forget_streams
        with gone as (
            delete from stream_days where day < $1 and day > '-infinity'
            returning stream_id, site_id, last_seq, events
        )
        insert into stream_days (stream_id, site_id, day, last_seq, events)
        select stream_id, site_id, '-infinity', max(last_seq), sum(events)
        from gone
        where exists (
            select from stream_days as kept
            where kept.stream_id = gone.stream_id and kept.site_id = gone.site_id and kept.day >= $1
        )
        group by stream_id, site_id
        on conflict (stream_id, site_id, day) do update
        set last_seq = greatest(stream_days.last_seq, excluded.last_seq),
            events = stream_days.events + excluded.events",
        first,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: forget_ended_streams
        delete from stream_days as forgotten
        where day = '-infinity'
            and not exists (
                select from stream_days as kept
                where kept.stream_id = forgotten.stream_id and kept.site_id = forgotten.site_id and kept.day > '-infinity'
            )"
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: forget_pixel_drops
        delete from pixel_drops where received_at < $1::date",
        first,
    )
    .execute(connection)
    .await?;
    Ok(())
}
