-- How a batch is written and where to, what a destination leaves out of it, and a third format.

alter table export_batches drop constraint export_batches_formats_check;
alter table export_batches add check (formats <@ array['parquet', 'jsonl', 'csv'] and cardinality(formats) > 0);
alter table export_batches add column rendering jsonb;
comment on column export_batches.rendering is 'Layout of its keys and how its objects are written, as set when its segments were claimed. Null for batches of the first version, whose keys begin with events/.';

alter table deliveries
    add column selection jsonb,
    add column is_partial boolean not null default false,
    add column rows_left_out bigint check (rows_left_out >= 0);
comment on column deliveries.selection is 'What the destination takes of the batch and under which names, as set when the delivery was made. Null when it takes all of it as it is.';
comment on column deliveries.is_partial is 'Whether the selection leaves out events or columns. Such a delivery never allows events to be deleted.';
comment on column deliveries.rows_left_out is 'Events of the batch that the selection left out. Null until exported, and for deliveries of the first version.';

alter table objects drop constraint objects_format_check;
alter table objects add check (format in ('parquet', 'jsonl', 'csv'));
alter table objects
    add column number integer not null default 0,
    add column min_event_id uuid,
    add column max_event_id uuid,
    add column min_timestamp timestamptz,
    add column max_timestamp timestamptz;
comment on column objects.format is 'parquet, jsonl or csv.';
comment on column objects.number is 'Position among the delivery''s objects of this format, from 0.';
comment on column objects.min_event_id is 'Smallest event id in the object. Null for deliveries of the first version, as are the next three.';
comment on column objects.max_event_id is 'Largest event id in the object.';
comment on column objects.min_timestamp is 'Earliest timestamp in the object.';
comment on column objects.max_timestamp is 'Latest timestamp in the object.';
