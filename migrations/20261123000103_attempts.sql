-- Who stores events and loses the answer finds out what of them is stored.

alter table segments add column attempt bigint;
comment on column segments.attempt is 'A random number of whoever stored it. Should the connection break before the answer, its next attempt tells by it what it has stored from what others have. Null for older ones.';
