-- What is told of bills keeps its id through a restore, and shares of a plan are told anew when the plan includes more.

create table installation (
    only_one boolean primary key default true check (only_one),
    id uuid not null default gen_random_uuid()
);
insert into installation default values;
comment on table installation is 'One row: which installation this is. A backup has it too, so that a restored database is the same one.';
comment on column installation.only_one is 'True: there is no second row.';
comment on column installation.id is 'A random id.';

create function webhook_id(kind text, name text) returns uuid
    language sql stable
    begin atomic
        select overlay(overlay(hash placing '8' from 13) placing '8' from 17)::uuid
        from installation
        cross join lateral left(
            encode(sha256(convert_to(concat_ws(' ', installation.id, kind, name), 'UTF8')), 'hex'), 32
        ) as hash;
    end;
comment on function webhook_id is 'The id of the message that tells of what is named so: of version 8 (RFC 9562, 5.8), and the same whenever this installation tells of it.';

-- A default for what is told under a random id, as exporters do that are not updated yet.
drop function webhook_add (text, json);
create function webhook_add(kind text, data json, id uuid default gen_random_uuid()) returns void
    language sql
    begin atomic
        insert into webhooks (id, kind, body)
        values (
            id,
            kind,
            json_build_object(
                'type', kind,
                'timestamp', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'data', data
            )::text
        )
        on conflict on constraint webhooks_pkey do nothing;
    end;
comment on function webhook_add is 'Puts a message into the outbox, in the caller''s transaction, unless one of this id is there.';

-- What was told already is known by its message. Where that is gone, the month is long over.
alter table billing_thresholds add column included bigint not null default 0;
update billing_thresholds
set included = told.included
from (
    select body::json -> 'data' as data, (body::json -> 'data' ->> 'included')::bigint as included
    from webhooks
    where kind = 'plan.threshold_passed'
) as told
where told.data ->> 'month' = to_char(billing_thresholds.month, 'YYYY-MM')
    and told.data ->> 'percent' = billing_thresholds.percent::text;
alter table billing_thresholds alter column included drop default;
alter table billing_thresholds drop constraint billing_thresholds_pkey;
alter table billing_thresholds add primary key (month, percent, included);
comment on table billing_thresholds is 'Shares of the plan that a month has passed, so that each is told once; again when another plan includes more or less.';
comment on column billing_thresholds.included is 'Page views that the plan included then.';
