-- What a destination took a part of, it does not hold: a day is kept for it.

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
            )
        ) as missing
        group by 1, 2
        order by 1, 2
    $query$, events_day_table(day)) using required;
end
$$;
comment on function events_day_held is 'Why a day must be kept: segments with rows in it that are not exported, or that a required destination was not verified to hold as a whole. No row when nothing speaks against dropping it.';
