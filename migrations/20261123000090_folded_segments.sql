-- Segments are not kept one by one for ever: when all rows of an export batch were dropped, one of its segments stands for all.

alter table segments add column stands_for int8multirange;
comment on column segments.stands_for is 'The ids of all segments of its export batch, when all of their rows were dropped and this one was left to stand for them, with their sums and bounds. Null for a segment that stands for itself.';
comment on table segments is 'What one ingest transaction stored. Written in that transaction, so a segment is visible exactly when its events are. Export claims whole segments; events themselves are never updated. Once all rows of an export batch were dropped, its segments become one.';

create function segment_ids(id bigint, stands_for int8multirange) returns setof bigint
    language sql immutable
begin atomic
    select generate_series(lower(ids), upper(ids) - 1)
    from unnest(coalesce(stands_for, int8multirange(int8range(id, id, '[]')))) as ids;
end;
comment on function segment_ids is 'The ids of the segments that a row of segments stands for.';
