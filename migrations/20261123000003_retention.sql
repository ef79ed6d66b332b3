-- Days that are dropped once every required destination holds them.

alter table segments add column dropped_rows integer not null default 0
    check (dropped_rows between 0 and rows);
create index segments_dropped on segments (export_batch_id) where dropped_rows > 0;
comment on column segments.dropped_rows is 'How many of its rows were dropped with their day: the buckets hold them alone.';

create table dropped_days (
    day date primary key,
    began_at timestamptz not null default now(),
    dropped_at timestamptz,
    rows bigint
);
comment on table dropped_days is 'Days that retention took out of events.';
comment on column dropped_days.day is 'The UTC day.';
comment on column dropped_days.began_at is 'When its partition began to be detached.';
comment on column dropped_days.dropped_at is 'When it was dropped. Null between the two: the next run goes on with it.';
comment on column dropped_days.rows is 'Rows that it had.';

create function events_day_table(day date) returns text
    language sql immutable strict
    return 'events_' || to_char(day, 'YYYYMMDD');
comment on function events_day_table is 'The name of a day''s partition.';

-- Asked of the day's own table, so that it answers the same whether that is a partition or detached.
create function events_day_held(day date, required text[])
    returns table (reason text, destination text, segments bigint, rows bigint)
    language plpgsql as $$
begin
    if cardinality(required) = 0 then
        raise exception 'no destination is required';
    end if;
    return query execute format($query$
        with of_day as (select segment_id, count(*) as rows from %I group by segment_id)
        select missing.reason, missing.destination, count(*), sum(of_day.rows)::bigint
        from of_day
        left join segments on segments.id = of_day.segment_id
        cross join lateral (
            select 'not exported' as reason, '' as destination where segments.exported_at is null
            union all
            select 'not measured', '' where segments.measured_at is null
            union all
            select 'not verified', required.destination
            from unnest($1) as required (destination)
            where not exists (
                select from deliveries
                where deliveries.export_batch_id = segments.export_batch_id
                    and deliveries.destination = required.destination
                    and deliveries.exported_at is not null
            )
        ) as missing
        group by 1, 2
        order by 1, 2
    $query$, events_day_table(day)) using required;
end
$$;
comment on function events_day_held is 'Why a day must be kept: segments with rows in it that are not exported, or that a required destination was not verified to hold. No row when nothing speaks against dropping it.';

-- The day is detached, so nothing can be added to it any more but by who is not done yet: the lock waits for those.
create function events_drop_day(day date, required text[]) returns bigint
    language plpgsql as $$
declare
    name text := events_day_table(day);
    dropped bigint;
begin
    if events_is_attached(name) then
        raise exception '% is not detached', name;
    end if;
    execute format('lock table %I in access exclusive mode', name);
    if exists (select from events_day_held(day, required)) then
        return null;
    end if;
    execute format($query$
        update segments set dropped_rows = segments.dropped_rows + of_day.rows
        from (select segment_id, count(*) as rows from %I group by segment_id) as of_day
        where segments.id = of_day.segment_id
    $query$, name);
    execute format('select count(*) from %I', name) into dropped;
    execute format('drop table %I', name);
    update dropped_days set dropped_at = now(), rows = dropped where dropped_days.day = events_drop_day.day;
    return dropped;
end
$$;
comment on function events_drop_day is 'Drops a detached day and says how many rows it had; null, and nothing is dropped, when something speaks against it after all.';
