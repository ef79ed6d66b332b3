-- A bucket that was found to lack what was exported keeps the rows here.

alter table deliveries
    add column doubted_at timestamptz,
    add column doubted_by text check (doubted_by in ('head', 'full')),
    add check ((doubted_at is null) = (doubted_by is null));
create index deliveries_doubted on deliveries (destination) where doubted_at is not null;
comment on column deliveries.doubted_at is 'Since when comparisons have found that the bucket does not hold it as it was exported. Null when none did, and once it was found or made to be right again. Its rows are not dropped meanwhile.';
comment on column deliveries.doubted_by is 'The closest comparison that found so: head, by what the storage says of its objects; full, by reading them. A comparison less close cannot clear it.';

create or replace function events_day_held(day date, required text[])
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
        left join export_batches on export_batches.id = segments.export_batch_id
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
                    and not deliveries.is_partial
                    and deliveries.generation >= export_batches.generation
            )
            union all
            select 'doubted', deliveries.destination
            from deliveries
            where deliveries.export_batch_id = segments.export_batch_id
                and deliveries.destination = any ($1)
                and deliveries.doubted_at is not null
        ) as missing
        group by 1, 2
        order by 1, 2
    $query$, events_day_table(day)) using required;
end
$$;
comment on function events_day_held is 'Why a day must be kept: segments with rows in it that are not exported, or that a required destination was not verified to hold as a whole and without what was erased, or was found not to hold any more. No row when nothing speaks against dropping it.';
