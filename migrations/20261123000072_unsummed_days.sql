-- Days are summed up once for all that was measured at a time; what is still to be summed up outlives whoever was to.

create table unsummed_days (
    day date primary key
);
comment on table unsummed_days is 'Days whose rows of stream_days are others since losses was made of them. Noted in the transaction that changes them.';
comment on column unsummed_days.day is 'The UTC day inside the event ids.';

comment on column losses.site_id is 'As in sites; * for all sites that are not in it.';
