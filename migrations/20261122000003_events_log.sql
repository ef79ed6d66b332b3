-- The classic columns, for those who query the database itself.

create view events_log as
select
    events.id,
    events.event_id,
    events.event_type,
    events.session_id,
    events.visitor_id,
    events.site_id,
    events.timestamp,
    events.url,
    events.path,
    events.user_agent,
    events.ip_address,
    json_build_object(
        'event_id', events.event_id,
        'event_type', events.event_type,
        'site_id', events.site_id,
        'visitor_id', events.visitor_id,
        'session_id', events.session_id,
        'session_number', events.session_number,
        'session_start', events.session_start,
        'stream_id', events.stream_id,
        'seq', events.seq,
        't', events.t,
        'timestamp', events.timestamp,
        'sent_at', events.sent_at,
        'received_at', events.received_at,
        'url', events.url,
        'path', events.path,
        'title', events.title,
        'referrer', events.referrer,
        'channel', events.channel,
        'platform', events.platform,
        'utm_source', events.utm_source,
        'utm_medium', events.utm_medium,
        'utm_campaign', events.utm_campaign,
        'utm_term', events.utm_term,
        'utm_content', events.utm_content,
        'utm_id', events.utm_id,
        'country', events.country,
        'region', events.region,
        'user_agent', events.user_agent,
        'browser', events.browser,
        'os', events.os,
        'device', events.device,
        'bot', events.bot,
        'ip_address', events.ip_address,
        'consent', events.consent,
        'edge_version', events.edge_version,
        'redactions', events.redactions,
        'data', events.data
    ) as raw_event_data,
    segments.ingested_at as created_at,
    segments.exported_at
from events
join segments on segments.id = events.segment_id;

comment on view events_log is 'Events under the names of the classic table. Columns and data together are the whole event, so nothing is stored twice for it.';
comment on column events_log.id is 'events.id';
comment on column events_log.event_id is 'events.event_id';
comment on column events_log.event_type is 'events.event_type';
comment on column events_log.session_id is 'events.session_id';
comment on column events_log.visitor_id is 'events.visitor_id';
comment on column events_log.site_id is 'events.site_id';
comment on column events_log.timestamp is 'events.timestamp';
comment on column events_log.url is 'events.url';
comment on column events_log.path is 'events.path';
comment on column events_log.user_agent is 'events.user_agent';
comment on column events_log.ip_address is 'events.ip_address';
comment on column events_log.raw_event_data is 'The whole event as one JSON object, rebuilt; numbers to the letter.';
comment on column events_log.created_at is 'When the event was stored: segments.ingested_at.';
comment on column events_log.exported_at is 'When every required destination was verified to hold it: segments.exported_at.';
