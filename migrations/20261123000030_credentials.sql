-- Access keys of destinations, sealed: nothing here opens without a master key, which is kept elsewhere.

create table credentials (
    destination text not null check (destination ~ '^[a-z0-9_-]+$'),
    version integer not null check (version > 0),
    created_at timestamptz not null default now(),
    proven_at timestamptz,
    revoked_at timestamptz,
    master_key_id text not null,
    wrap_nonce bytea check (octet_length(wrap_nonce) = 24),
    wrapped_key bytea check (octet_length(wrapped_key) = 48),
    nonce bytea check (octet_length(nonce) = 24),
    ciphertext bytea check (octet_length(ciphertext) between 17 and 65536),
    primary key (destination, version),
    -- What is revoked cannot be opened any more, by nobody.
    check (num_nulls(wrap_nonce, wrapped_key, nonce, ciphertext) = case when revoked_at is null then 0 else 4 end)
);
create unique index credentials_in_use on credentials (destination) where revoked_at is null;
comment on table credentials is 'Access keys of destinations, sealed with XChaCha20-Poly1305. At most one of a destination is in use.';
comment on column credentials.destination is 'The destination, as in the settings. The seal is bound to it.';
comment on column credentials.version is 'Counts the credentials of a destination from 1. The seal is bound to it.';
comment on column credentials.created_at is 'When they were stored.';
comment on column credentials.proven_at is 'When the bucket was first seen to accept them. Null: nobody tried.';
comment on column credentials.revoked_at is 'When they went out of use and were erased. Null while they are in use.';
comment on column credentials.master_key_id is 'Which master key wraps the data key: a fingerprint of it.';
comment on column credentials.wrap_nonce is 'The nonce of wrapped_key.';
comment on column credentials.wrapped_key is 'The data key of this record, sealed with the master key.';
comment on column credentials.nonce is 'The nonce of ciphertext.';
comment on column credentials.ciphertext is 'Access key, secret key and session token, sealed with the data key.';

create table credential_changes (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    destination text not null,
    version integer,
    action text not null check (action in ('set', 'rotate', 'refused', 'revoke', 'rewrap')),
    os_user text not null,
    reason text not null
);
create index credential_changes_by_destination on credential_changes (destination, id);
comment on table credential_changes is 'Who changed which credentials, when and why. Never a value. Rows are only added.';
comment on column credential_changes.id is 'Counts the changes.';
comment on column credential_changes.at is 'When.';
comment on column credential_changes.destination is 'Whose credentials.';
comment on column credential_changes.version is 'Which of them; null when none were stored.';
comment on column credential_changes.action is 'set and rotate: stored, and those before revoked. refused: a rotation whose credentials the bucket did not take. revoke: erased. rewrap: sealed with another master key.';
comment on column credential_changes.os_user is 'The user of the operating system who ran the command, and who became that user by sudo.';
comment on column credential_changes.reason is 'What that user gave as --reason; may be empty.';

-- Even the database''s owner has to go out of the way to rewrite what was done.
create function credential_changes_are_final() returns trigger
    language plpgsql as $$
begin
    raise exception 'credential_changes is only added to';
end
$$;
comment on function credential_changes_are_final is 'Refuses to change or remove what was recorded.';
create trigger credential_changes_are_final before update or delete or truncate on credential_changes
    execute function credential_changes_are_final();
