-- What fails waits longer each time. What concerns a whole destination makes the destination wait; what concerns one batch
-- alone uses up its tries, and at the last one the delivery is left to people.

alter table deliveries
    add column failures integer not null default 0 check (failures >= 0),
    add column retry_at timestamptz,
    add column dead_since timestamptz,
    add column last_error_code text;
comment on column deliveries.failures is 'Failures of this delivery alone, at a destination that took other objects. Those of the whole destination do not count.';
comment on column deliveries.retry_at is 'When it is tried again by itself. Null for at once.';
comment on column deliveries.dead_since is 'When its last try was used up: it is a dead letter, tried again only when somebody says so. Null otherwise.';
comment on column deliveries.last_error_code is 'What kind of failure the last one was: a code of S3, or a word of ours.';

create table destination_waits (
    destination text primary key,
    since timestamptz not null default now(),
    failures integer not null check (failures > 0),
    retry_at timestamptz not null,
    failed_at timestamptz not null default now(),
    code text not null,
    reason text not null
);
comment on table destination_waits is 'Destinations that take nothing now, whatever the batch. The row is gone with the first delivery that succeeds.';
comment on column destination_waits.destination is 'The destination''s name in the configuration.';
comment on column destination_waits.since is 'When it failed first.';
comment on column destination_waits.failures is 'How often in a row.';
comment on column destination_waits.retry_at is 'When it is tried again by itself.';
comment on column destination_waits.failed_at is 'When it failed last.';
comment on column destination_waits.code is 'As deliveries.last_error_code.';
comment on column destination_waits.reason is 'Why, as the storage said it.';
