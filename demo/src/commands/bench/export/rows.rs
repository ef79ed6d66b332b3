//! Rows of the size and variety of real visits, made by Postgres itself: the same ones in every run.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Executor, PgPool};

/// Events that one ingest transaction stored.
const SEGMENT: u32 = 400;

/// Makes `rows` events of two days ago, as they would have arrived in one hour.
pub(super) async fn make(pool: &PgPool, rows: u32) -> Result<()> {
    let segments = rows.div_ceil(SEGMENT);
    let day: String = sqlx::query_scalar("select to_char(now() at time zone 'UTC' - interval '2 days', 'YYYY-MM-DD')")
        .fetch_one(pool)
        .await?;
    let sql = format!(
        r#"select events_add_partitions('{day}', '{day}');
        insert into segments (id, ingested_at, rows, min_event_id, max_event_id, min_timestamp, max_timestamp)
        select n, '{day} 09:00Z'::timestamptz + n * interval '50 minutes' / {segments}, {SEGMENT},
            events_day_start('{day}'), events_day_start(date '{day}' + 1), '{day} 08:00Z', '{day} 10:00Z'
        from generate_series(1, {segments}) as n;
        insert into events
        select
            n,
            (lpad(to_hex((extract(epoch from ts) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || 'a'
                || substr(md5('b' || n), 1, 15))::uuid,
            (array['pageview', 'click', 'click', 'scroll_depth', 'page_visibility', 'click', 'page_exit'])[1 + n % 7],
            (array['shop.example', 'shop.example', 'www.example', 'blog.example'])[1 + visit % 4],
            md5('v' || visit / 3)::uuid, md5('s' || visit)::uuid, 1 + visit % 5, ts - interval '90 seconds',
            md5('p' || n / 6)::uuid, n % 6, (n % 6) * 1234 + n % 997, ts, ts + interval '1 second' * (6 - n % 6),
            ts + interval '1 second' * (6 - n % 6) + interval '53 milliseconds',
            'https://shop.example/products/' || n / 6 % 500 || '?utm_source=newsletter&variant=' || n / 6 % 7,
            '/products/' || n / 6 % 500, 'Product ' || n / 6 % 500 || ' for every day',
            (array['https://www.google.com/', '', 'https://shop.example/'])[1 + visit % 3],
            (array['search', 'direct', 'internal'])[1 + visit % 3], (array['google', '', ''])[1 + visit % 3],
            case when visit % 3 = 0 then 'newsletter' end, case when visit % 3 = 0 then 'email' end,
            case when visit % 3 = 0 then 'campaign-' || visit % 40 end, null, null, null,
            (array['DE', 'AT', 'CH', 'US'])[1 + visit % 4], (array['Berlin', 'Wien', null, 'Texas'])[1 + visit % 4],
            'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/' || 120 + visit % 36
                || '.0.0.0 Safari/537.36',
            'Chrome', (array['Linux', 'Windows', 'macOS'])[1 + visit % 3], 'desktop', null,
            '203.0.' || visit % 200 || '.0', 'granted', '0.1.0', '{{}}',
            ('{{"tag":"a","id":"buy-' || n % 6 || '","classes":"button primary","text":"Add to basket","href":"/basket?item='
                || n / 6 || '","selector":"main > ul:nth-of-type(1) > li:nth-of-type(' || n % 30 || ')","x":'
                || n * 31 % 1280 || ',"y":' || n * 77 % 4000 || ',"link":"internal"}}')::json,
            1 + (n - 1) / {SEGMENT}
        from (
            select n, n / 20 * 7919 % 1000003 as visit,
                '{day} 09:00Z'::timestamptz + interval '1 millisecond' * (n * 3000000.0 / {rows})::bigint as ts
            from generate_series(1, {rows}::bigint) as n
        ) as made;
        update segments set rows = counted.rows
        from (select segment_id, count(*) as rows from events group by segment_id) as counted
        where id = segment_id and segments.rows <> counted.rows;
        analyze events"#
    );
    pool.execute(AssertSqlSafe(sql)).await.context("cannot make rows")?;
    pool.execute("vacuum events").await?;
    pool.execute("checkpoint").await?;
    Ok(())
}
