-- A destination gets every batch, with the rows that are still here.

create function export_batch_dropped_rows(batch uuid) returns bigint
    language sql stable
    return (select coalesce(sum(dropped_rows), 0) from segments where export_batch_id = batch and dropped_rows > 0);
comment on function export_batch_dropped_rows is 'How many rows of an export batch retention has dropped.';

alter table deliveries
    add column rows_dropped bigint not null default 0 check (rows_dropped >= 0);
create index deliveries_dropped on deliveries (destination) where rows_dropped > 0;
comment on column deliveries.rows_dropped is 'Events of the batch that retention had dropped before the destination got it: part of rows_left_out. 0 until exported.';
comment on column deliveries.rows_left_out is 'Events of the batch that the destination did not get: what the selection left out, and rows_dropped. Null until exported, and for deliveries of the first version.';

comment on function events_day_held is 'Why a day must be kept: segments with rows in it that are not exported, or that a required destination was not verified to hold without what was erased, or was found not to hold any more. A destination that got a batch holds all rows of it that are still here. No row when nothing speaks against dropping it.';
