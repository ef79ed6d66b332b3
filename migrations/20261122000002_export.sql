-- What leaves: export batches of whole segments, and the delivery of each to every destination.

create table export_batches (
    id uuid primary key default gen_random_uuid(),
    number bigint generated always as identity unique,
    previous uuid unique references export_batches (id),
    created_at timestamptz not null default now(),
    hour timestamptz not null,
    rows bigint not null check (rows > 0),
    min_event_id uuid not null,
    max_event_id uuid not null,
    min_timestamp timestamptz not null,
    max_timestamp timestamptz not null,
    formats text[] not null check (formats <@ array['parquet', 'jsonl'] and cardinality(formats) > 0)
);
alter table segments add foreign key (export_batch_id) references export_batches (id);

comment on table export_batches is 'Sets of whole segments of one hour of arrival, exported together. Written once: objects and manifest are a function of this row and its segments.';
comment on column export_batches.id is 'Part of every key. Random, so that a restored older database never overwrites what a bucket has.';
comment on column export_batches.number is 'Order of creation.';
comment on column export_batches.previous is 'The batch made before this one; null for the first. Unique: the chain never forks.';
comment on column export_batches.created_at is 'When its segments were claimed.';
comment on column export_batches.hour is 'The hour of arrival of all its segments, UTC.';
comment on column export_batches.rows is 'Events in its segments.';
comment on column export_batches.min_event_id is 'Smallest event id.';
comment on column export_batches.max_event_id is 'Largest event id.';
comment on column export_batches.min_timestamp is 'Earliest events.timestamp.';
comment on column export_batches.max_timestamp is 'Latest events.timestamp.';
comment on column export_batches.formats is 'What it is written as, in the order of the manifest. Kept here, so that no later setting changes the batch.';

create table deliveries (
    export_batch_id uuid not null references export_batches (id),
    destination text not null,
    lease_owner text,
    lease_until timestamptz,
    epoch bigint not null default 0,
    attempts integer not null default 0,
    last_error text,
    last_error_at timestamptz,
    exported_at timestamptz,
    primary key (export_batch_id, destination)
);
create index deliveries_pending on deliveries (destination, attempts, export_batch_id) where exported_at is null;

comment on table deliveries is 'The work of bringing one export batch to one destination. Pending until exported_at is set; leased while lease_until lies ahead.';
comment on column deliveries.export_batch_id is 'What is delivered.';
comment on column deliveries.destination is 'The destination''s name in the configuration.';
comment on column deliveries.lease_owner is 'Who works on it, for people to read.';
comment on column deliveries.lease_until is 'When another worker may take over, by the database clock. Null when nobody works on it.';
comment on column deliveries.epoch is 'Raised by every lease. A worker changes the row only while the epoch is its own, so one that slept past its lease changes nothing.';
comment on column deliveries.attempts is 'Leases taken so far. Those with the fewest go first: a batch that keeps failing holds up no other.';
comment on column deliveries.last_error is 'Why the last attempt failed. Null after a success.';
comment on column deliveries.last_error_at is 'When it failed.';
comment on column deliveries.exported_at is 'When the bucket was checked to hold every object and the manifest. Null until then.';

create table objects (
    export_batch_id uuid not null,
    destination text not null,
    key text not null,
    format text not null check (format in ('parquet', 'jsonl')),
    rows bigint not null,
    bytes bigint not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    primary key (export_batch_id, destination, key),
    foreign key (export_batch_id, destination) references deliveries (export_batch_id, destination)
);
comment on table objects is 'What the bucket was checked to hold when a delivery was marked exported: the database''s side of verify.';
comment on column objects.export_batch_id is 'As in deliveries.';
comment on column objects.destination is 'As in deliveries.';
comment on column objects.key is 'The key in the destination''s bucket.';
comment on column objects.format is 'parquet or jsonl.';
comment on column objects.rows is 'Rows in the object.';
comment on column objects.bytes is 'Length of the object.';
comment on column objects.sha256 is 'SHA-256 of its bytes, lower-case hexadecimal.';
