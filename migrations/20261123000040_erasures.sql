-- Visitors who ask to be forgotten: what is still to be done for them, what buckets were told, and who asked.

-- Hashes of visitors are made with a key that never leaves the database, so that nobody who finds one elsewhere can try ids.
create table visitor_key (
    is_the_only boolean primary key default true check (is_the_only),
    key bytea not null check (octet_length(key) = 32)
);
comment on table visitor_key is 'The key that visitors are hashed with, one row, made here and never changed.';
comment on column visitor_key.is_the_only is 'Keeps it at one row.';
comment on column visitor_key.key is '32 bytes, of the server''s own randomness.';
insert into visitor_key (key)
values (sha256(convert_to(
    gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'
)));

create function hash_of_visitor(visitor uuid) returns bytea
    language sql stable
    return (select sha256(key || uuid_send(visitor)) from visitor_key);
comment on function hash_of_visitor is 'What stands for a visitor where the id must not: SHA-256 over the key and the id, both of fixed length.';

create table erased_visitors (
    visitor_hash bytea primary key check (octet_length(visitor_hash) = 32),
    erased_at timestamptz not null default now(),
    until timestamptz not null
);
comment on table erased_visitors is 'Visitors whose events are refused, so that nothing that is redelivered brings them back.';
comment on column erased_visitors.visitor_hash is 'hash_of_visitor.';
comment on column erased_visitors.erased_at is 'Since when.';
comment on column erased_visitors.until is 'Until when: no browser has the id any more, and no event of it is on its way.';

-- Neither is strict, so that statements take them in.
create function visitor_is_erased(visitor uuid) returns boolean
    language sql stable
    return exists (
        select from erased_visitors where visitor_hash = hash_of_visitor(visitor) and until > now()
    );
comment on function visitor_is_erased is 'Whether events of the visitor are refused.';

create table erasures (
    id uuid primary key default gen_random_uuid(),
    visitor_hash bytea not null check (octet_length(visitor_hash) = 32),
    visitor_id uuid,
    requested_at timestamptz not null default now(),
    taken_out_at timestamptz,
    searched_number bigint not null default 0,
    searched_at timestamptz,
    finished_at timestamptz,
    rows_database bigint not null default 0 check (rows_database >= 0),
    rows_buckets bigint not null default 0 check (rows_buckets >= 0),
    check ((visitor_id is null) = (taken_out_at is not null and searched_at is not null)),
    check (finished_at is null or visitor_id is null)
);
create unique index erasures_unfinished on erasures (visitor_hash) where finished_at is null;
comment on table erasures is 'Requests to forget a visitor, and how far each is. One that was interrupted is gone on with.';
comment on column erasures.id is 'What manifests call it by. Random: it says nothing of the visitor.';
comment on column erasures.visitor_hash is 'hash_of_visitor.';
comment on column erasures.visitor_id is 'Whom to look for. Null once there is nothing left to look for.';
comment on column erasures.requested_at is 'When it was asked for.';
comment on column erasures.taken_out_at is 'When the rows were deleted here. Null until then.';
comment on column erasures.searched_number is 'Export batches up to this number were searched in a bucket, where rows of them are no longer here.';
comment on column erasures.searched_at is 'When all of them were. Null until then.';
comment on column erasures.finished_at is 'When no bucket held anything of it any more. Null until then.';
comment on column erasures.rows_database is 'Rows that were deleted here.';
comment on column erasures.rows_buckets is 'Rows that only buckets had.';

create table erasure_events (
    erasure_id uuid not null references erasures (id),
    export_batch_id uuid not null references export_batches (id),
    event_ids uuid[] not null,
    primary key (erasure_id, export_batch_id)
);
create index erasure_events_by_batch on erasure_events (export_batch_id);
comment on table erasure_events is 'Events that some bucket may still have. Gone when the erasure is finished.';
comment on column erasure_events.erasure_id is 'The erasure.';
comment on column erasure_events.export_batch_id is 'The batch that they were exported with.';
comment on column erasure_events.event_ids is 'Their ids: what objects of this batch are cleaned by.';

create table rewrites (
    export_batch_id uuid not null references export_batches (id),
    generation integer not null check (generation > 1),
    erasure_id uuid not null references erasures (id),
    made_at timestamptz not null default now(),
    rows_removed bigint not null check (rows_removed >= 0),
    primary key (export_batch_id, generation),
    unique (export_batch_id, erasure_id)
);
comment on table rewrites is 'Generations of export batches after the first, and why there are any. Manifests tell of them.';
comment on column rewrites.export_batch_id is 'The batch.';
comment on column rewrites.generation is 'Counts from 2: the first is the export.';
comment on column rewrites.erasure_id is 'The erasure that it was made for.';
comment on column rewrites.made_at is 'When.';
comment on column rewrites.rows_removed is 'Rows that the batch has fewer.';

alter table export_batches add column generation integer not null default 1 check (generation > 0);
comment on column export_batches.generation is 'How often its content was decided on. Raised by an erasure, which takes rows out of it.';
comment on table export_batches is 'Sets of whole segments of one hour of arrival, exported together. Written once, and again only by an erasure: objects and manifest are a function of this row and its segments.';
alter table deliveries add column generation integer not null default 1 check (generation > 0);
comment on column deliveries.generation is 'The generation of the batch that the bucket was checked to hold. While it is behind the batch''s, the bucket still has what was erased.';

-- What an erasure takes out may be all there was.
alter table segments drop constraint segments_rows_check;
alter table segments add check (rows >= 0);
alter table export_batches drop constraint export_batches_rows_check;
alter table export_batches add check (rows >= 0);
comment on column segments.rows is 'Events in the segment. 0 when an erasure took out all that were exported.';
comment on column segments.min_event_id is 'Smallest event id: with max_event_id it tells which day partitions the segment touches. Where no row is left, the beginning of the day.';
comment on column export_batches.rows is 'Events in its segments. 0 when an erasure took out all.';

create table visitor_requests (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    action text not null check (action in ('access', 'forget', 'resume', 'finished')),
    visitor_hash bytea not null,
    erasure_id uuid,
    os_user text not null,
    reason text not null,
    rows_database bigint not null,
    rows_buckets bigint not null
);
create index visitor_requests_by_visitor on visitor_requests (visitor_hash, id);
comment on table visitor_requests is 'Who looked a visitor up or had one forgotten, when and why. Never an id. Rows are only added.';
comment on column visitor_requests.id is 'Counts them.';
comment on column visitor_requests.at is 'When.';
comment on column visitor_requests.action is 'access: told what is held. forget: asked for. resume: gone on with. finished: nothing is held any more.';
comment on column visitor_requests.visitor_hash is 'hash_of_visitor.';
comment on column visitor_requests.erasure_id is 'The erasure; null for access.';
comment on column visitor_requests.os_user is 'The user of the operating system who ran the command, and who became that user by sudo; serve for what went on by itself.';
comment on column visitor_requests.reason is 'What that user gave as --reason; may be empty.';
comment on column visitor_requests.rows_database is 'Rows found here, or deleted here so far.';
comment on column visitor_requests.rows_buckets is 'Rows that only buckets had.';

create function visitor_requests_are_final() returns trigger
    language plpgsql as $$
begin
    raise exception 'visitor_requests is only added to';
end
$$;
comment on function visitor_requests_are_final is 'Refuses to change or remove what was recorded.';
create trigger visitor_requests_are_final before update or delete or truncate on visitor_requests
    execute function visitor_requests_are_final();

create table copies (
    destination text not null,
    prefix text not null,
    made_at timestamptz not null default now(),
    primary key (destination, prefix)
);
comment on table copies is 'Sets that were exported below another prefix, which are nobody''s to keep in order: an erasure names them.';
comment on column copies.destination is 'The destination.';
comment on column copies.prefix is 'The prefix.';
comment on column copies.made_at is 'When it was last written to.';
