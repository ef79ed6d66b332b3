-- What became of every event that came, and what redaction still found on arrival: counted where the events are stored.

create table outcomes (
    day date not null,
    site_id text not null,
    outcome text not null,
    slot smallint not null,
    events bigint not null check (events > 0),
    primary key (day, site_id, outcome, slot)
) with (fillfactor = 70);
comment on table outcomes is 'How many events had which outcome. Moved in the transaction that stores the events, so accepted is what is stored.';
comment on column outcomes.day is 'The UTC day they came.';
comment on column outcomes.site_id is 'As in events; (other) for sites beyond the first thousand of a day.';
comment on column outcomes.outcome is 'accepted, duplicate, the reason of a refusal, or beside these: late (accepted an hour or more after its own time), dropped_by_pixel (reported, never came).';
comment on column outcomes.slot is 'Transactions side by side add to different rows, so that none waits for another. Readers sum; of days that are over one row is made.';
comment on column outcomes.events is 'How many. A refusal counts as often as the batch is delivered.';

create table redaction_findings (
    day date not null,
    edge_version text not null,
    kind text not null,
    findings bigint not null check (findings > 0),
    found_at timestamptz not null default now(),
    primary key (day, edge_version, kind)
);
comment on table redaction_findings is 'Personal data that an edge let pass and that was taken out on arrival. Empty while all is well.';
comment on column redaction_findings.day is 'The UTC day it came.';
comment on column redaction_findings.edge_version is 'The version of the edge that let it pass; (other) beyond the first sixteen.';
comment on column redaction_findings.kind is 'The kind of personal data.';
comment on column redaction_findings.findings is 'How often.';
comment on column redaction_findings.found_at is 'When it was last found.';
