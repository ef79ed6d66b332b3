-- Measured loss: every page load numbers its events from 0, so a number that is missing is an event that is.

-- The UTC day inside a UUIDv7: the partition that holds it.
create function events_day(event_id uuid) returns date
    language sql immutable strict parallel safe
    return (to_timestamp(
        ('x0000' || left(replace(event_id::text, '-', ''), 12))::bit(64)::bigint / 1000.0
    ) at time zone 'UTC')::date;
comment on function events_day is 'The UTC day inside a UUIDv7: the partition that holds it.';

alter table segments add column measured_at timestamptz;
create index segments_unmeasured on segments (id) where measured_at is null;
comment on column segments.measured_at is 'When its events were added to stream_days, once. Null until then.';

create table stream_days (
    stream_id uuid not null,
    site_id text not null,
    day date not null,
    first_seq bigint not null,
    last_seq bigint not null,
    events bigint not null check (events > 0),
    primary key (stream_id, site_id, day)
);
create index stream_days_by_day on stream_days (day);
comment on table stream_days is 'What came of each page load on each day. Kept as long as more may come.';
comment on column stream_days.stream_id is 'The page load.';
comment on column stream_days.site_id is 'As in events.';
comment on column stream_days.day is 'The UTC day inside the event ids.';
comment on column stream_days.first_seq is 'The lowest number that came.';
comment on column stream_days.last_seq is 'The highest number that came.';
comment on column stream_days.events is 'How many came.';

create table losses (
    day date not null,
    site_id text not null,
    streams bigint not null,
    incomplete_streams bigint not null,
    implausible_streams bigint not null,
    events bigint not null,
    missing bigint not null,
    measured_at timestamptz not null default now(),
    primary key (day, site_id)
);
comment on table losses is 'Gaps in the numbers of page loads. What is missing at the end of one cannot be seen.';
comment on column losses.day is 'The UTC day inside the event ids.';
comment on column losses.site_id is 'As in events.';
comment on column losses.streams is 'Page loads that events came of.';
comment on column losses.incomplete_streams is 'Those of them with a gap.';
comment on column losses.implausible_streams is 'Those of them with a gap that no page can make. It is not in missing.';
comment on column losses.events is 'Events that came.';
comment on column losses.missing is 'Numbers that did not come. One that comes late is taken off again.';
comment on column losses.measured_at is 'When this row was last made.';
