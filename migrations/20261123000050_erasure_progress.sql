-- Erasures that die, or meet a bucket that does not tell, keep no other waiting.

create table rewritten_objects (
    export_batch_id uuid not null,
    destination text not null,
    format text not null,
    number integer not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    primary key (export_batch_id, destination, format, number, sha256),
    foreign key (export_batch_id, destination) references deliveries (export_batch_id, destination)
);
comment on table rewritten_objects is 'What an erasure is about to put in the place of objects. Until the bucket was checked to hold it, each object is this or what it was.';
comment on column rewritten_objects.export_batch_id is 'As in objects.';
comment on column rewritten_objects.destination is 'As in objects.';
comment on column rewritten_objects.format is 'As in objects.';
comment on column rewritten_objects.number is 'As in objects.';
comment on column rewritten_objects.sha256 is 'SHA-256 of the bytes that are put, lower-case hexadecimal.';

create table unsearched_batches (
    erasure_id uuid not null references erasures (id),
    export_batch_id uuid not null references export_batches (id),
    tried_at timestamptz not null default now(),
    reason text not null,
    primary key (erasure_id, export_batch_id)
);
comment on table unsearched_batches is 'Export batches that an erasure went past, since no bucket told what it has of them. It comes back to them, and is not finished before.';
comment on column unsearched_batches.erasure_id is 'The erasure.';
comment on column unsearched_batches.export_batch_id is 'The batch.';
comment on column unsearched_batches.tried_at is 'When it was last tried.';
comment on column unsearched_batches.reason is 'What each destination said.';
comment on column erasures.searched_number is 'Export batches up to this number were searched in a bucket, where rows of them are no longer here, but for unsearched_batches.';

-- A bucket that is behind may hold one object of the new generation and one of the old, whose rows are not divided alike: only
-- with all rows here can that be mended.
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
        ) as missing
        group by 1, 2
        order by 1, 2
    $query$, events_day_table(day)) using required;
end
$$;
comment on function events_day_held is 'Why a day must be kept: segments with rows in it that are not exported, or that a required destination was not verified to hold as a whole and without what was erased. No row when nothing speaks against dropping it.';
