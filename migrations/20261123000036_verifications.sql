-- What the last comparison of each bucket with the database came to.

create table verifications (
    destination text not null,
    kind text not null check (kind in ('head', 'full')),
    verified_at timestamptz not null default now(),
    export_batches bigint not null,
    objects bigint not null,
    rows bigint not null,
    discrepancies bigint not null,
    findings text[] not null,
    unreachable text,
    primary key (destination, kind)
);
comment on table verifications is 'The last comparison of each destination with the database, over all of its batches.';
comment on column verifications.destination is 'The destination''s name in the configuration.';
comment on column verifications.kind is 'head: by what the storage says of its objects; full: by reading all of them.';
comment on column verifications.verified_at is 'When it ended.';
comment on column verifications.export_batches is 'Batches that were compared.';
comment on column verifications.objects is 'Objects that were compared.';
comment on column verifications.rows is 'Rows that the database says they hold.';
comment on column verifications.discrepancies is 'How much was not as it should be.';
comment on column verifications.findings is 'The first of it, as people read it.';
comment on column verifications.unreachable is 'Why the comparison did not come to its end. Null when it did.';
