-- Which sites there are, what of them is billed, and what others are told about it.

create table sites (
    site_id text primary key,
    state text not null default 'unconfirmed' check (state in ('unconfirmed', 'confirmed', 'ignored')),
    discovered_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text check (decided_by in ('threshold', 'operator')),
    counts_visitors boolean not null default true,
    check ((state = 'unconfirmed') = (decided_at is null) and (decided_at is null) = (decided_by is null))
);
comment on table sites is 'Sites that events came from. Anyone can name any site, so a new one is stored, and billed only once it is confirmed. Bounded: so many new ones a day, and those that stay unconfirmed and silent are forgotten.';
comment on column sites.site_id is 'As in events.';
comment on column sites.state is 'unconfirmed: seen, not billed; confirmed: billed; ignored: not billed, whatever comes.';
comment on column sites.discovered_at is 'When its first event was stored, or the operator named it.';
comment on column sites.decided_at is 'When it left the state unconfirmed.';
comment on column sites.decided_by is 'threshold: it had enough events, visitors and days; operator: somebody said so.';
comment on column sites.counts_visitors is 'Whether site_visitors still takes in visitors of it. False once they are enough.';

create table site_visitors (
    site_id text not null,
    visitor_id uuid not null,
    primary key (site_id, visitor_id)
);
comment on table site_visitors is 'Visitors of unconfirmed sites, until they are enough for the threshold. Empty of all others.';
comment on column site_visitors.site_id is 'As in sites.';
comment on column site_visitors.visitor_id is 'As in events.';

create table site_days (
    day date primary key,
    discovered integer not null default 0 check (discovered >= 0)
);
comment on table site_days is 'How many sites were discovered on a day: what the daily cap is held against.';
comment on column site_days.day is 'The UTC day.';
comment on column site_days.discovered is 'New rows of sites.';

create table usage_counts (
    day date not null,
    site_id text not null,
    billed boolean not null,
    slot smallint not null,
    rows bigint not null check (rows > 0),
    page_views bigint not null check (page_views between 0 and rows),
    primary key (site_id, day, billed, slot)
) with (fillfactor = 50);
create index usage_counts_by_day on usage_counts (day);
comment on table usage_counts is 'How many rows were inserted. Written by the statement that inserts them, so it counts what is stored and nothing else. Read it by the view usage.';
comment on column usage_counts.day is 'The UTC day of arrival, by the database clock.';
comment on column usage_counts.site_id is 'As in sites; * for all sites that the daily cap kept out of it.';
comment on column usage_counts.billed is 'Whether the site was confirmed when they arrived. Never changed afterwards.';
comment on column usage_counts.slot is 'Several connections count side by side, each in a row of its own, so that none waits for the commit of another.';
comment on column usage_counts.rows is 'Events inserted.';
comment on column usage_counts.page_views is 'Those of the type pageview.';

create view usage as
select day, site_id, billed, sum(rows)::bigint as rows, sum(page_views)::bigint as page_views
from usage_counts
group by day, site_id, billed;
comment on view usage is 'What arrived and was stored, per UTC day and site.';
comment on column usage.day is 'usage_counts.day';
comment on column usage.site_id is 'usage_counts.site_id';
comment on column usage.billed is 'usage_counts.billed';
comment on column usage.rows is 'Events.';
comment on column usage.page_views is 'Page views.';

create table billing_months (
    month date primary key check (extract(day from month) = 1),
    plan text not null,
    hipaa boolean not null,
    rows bigint not null,
    page_views bigint not null,
    total_cents bigint not null,
    closed_at timestamptz not null default now()
);
comment on table billing_months is 'Months that are over, as they were billed. Written once: later settings do not change an old invoice.';
comment on column billing_months.month is 'Its first day, UTC.';
comment on column billing_months.plan is 'The plan when the month was closed.';
comment on column billing_months.hipaa is 'Whether the HIPAA terms were in force then.';
comment on column billing_months.rows is 'Events of confirmed sites.';
comment on column billing_months.page_views is 'Page views of confirmed sites.';
comment on column billing_months.total_cents is 'What is due, in cents of a US dollar.';
comment on column billing_months.closed_at is 'When it was closed.';

create table billing_thresholds (
    month date not null,
    percent integer not null,
    passed_at timestamptz not null default now(),
    primary key (month, percent)
);
comment on table billing_thresholds is 'Shares of the plan that a month has passed, so that each is told once.';
comment on column billing_thresholds.month is 'Its first day, UTC.';
comment on column billing_thresholds.percent is 'Of the page views that the plan includes.';
comment on column billing_thresholds.passed_at is 'When it was noticed.';

create table webhooks (
    id uuid primary key default gen_random_uuid(),
    number bigint generated always as identity unique,
    kind text not null,
    created_at timestamptz not null default now(),
    body text not null,
    attempts integer not null default 0,
    next_at timestamptz not null default now(),
    lease_until timestamptz,
    epoch bigint not null default 0,
    last_error text,
    delivered_at timestamptz,
    dead_at timestamptz,
    check (delivered_at is null or dead_at is null)
);
create index webhooks_pending on webhooks (next_at) where delivered_at is null and dead_at is null;
comment on table webhooks is 'The outbox: written in the transaction that did what it tells, delivered afterwards, at least once.';
comment on column webhooks.id is 'The idempotency key, the same on every attempt and replay.';
comment on column webhooks.number is 'Order of creation.';
comment on column webhooks.kind is 'site.discovered, site.confirmed, month.closed or plan.threshold_passed.';
comment on column webhooks.created_at is 'When it happened.';
comment on column webhooks.body is 'The JSON text that is signed and sent, to the byte.';
comment on column webhooks.attempts is 'Attempts so far, since the last replay.';
comment on column webhooks.next_at is 'Not before.';
comment on column webhooks.lease_until is 'When another worker may take over. Null when nobody delivers it.';
comment on column webhooks.epoch is 'Raised by every lease and replay. A worker changes the row only while the epoch is its own.';
comment on column webhooks.last_error is 'Why the last attempt failed.';
comment on column webhooks.delivered_at is 'When it was acknowledged.';
comment on column webhooks.dead_at is 'When it was given up.';

create function webhook_add(kind text, data json) returns void
    language sql
    begin atomic
        insert into webhooks (kind, body)
        values (
            kind,
            json_build_object(
                'type', kind,
                'timestamp', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'data', data
            )::text
        );
    end;
comment on function webhook_add is 'Puts a message into the outbox, in the caller''s transaction.';

-- In the order of its locks: the day's row, then the site's. What is committed meanwhile is seen, since each statement of a
-- volatile function looks anew; so the cap is exact.
create function site_discover(site text, most integer) returns text
    language plpgsql volatile as $$
declare
    today date := (now() at time zone 'utc')::date;
    so_far integer;
begin
    select discovered into so_far from site_days where day = today;
    if site = '*' or coalesce(so_far, 0) >= most then
        return '*';
    end if;
    insert into site_days (day) values (today) on conflict do nothing;
    select discovered into so_far from site_days where day = today for update;
    if exists (select from sites where site_id = site) then
        return site;
    end if;
    if so_far >= most then
        return '*';
    end if;
    insert into sites (site_id) values (site) on conflict do nothing;
    if found then
        update site_days set discovered = discovered + 1 where day = today;
        perform webhook_add('site.discovered', json_build_object('site_id', site));
    end if;
    return site;
end
$$;
comment on function site_discover is 'Lists a site that is new, while fewer than so many are new today, and says under what name its events are counted: its own, or *.';

-- For those that follow what arrives.
create index segments_by_arrival on segments (ingested_at, id);
