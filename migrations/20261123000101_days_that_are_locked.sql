-- Somebody's lock on a detached day is waited out and told, not taken for a table that does not fit any more.

create or replace function events_add_partitions(first_day date, last_day date) returns integer
    language plpgsql as $$
declare
    day date := first_day;
    name text;
    is_new boolean;
    added integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('events_add_partitions'));
    while day <= last_day loop
        name := 'events_' || to_char(day, 'YYYYMMDD');
        if not events_is_attached(name) then
            is_new := to_regclass(name) is null;
            if is_new then
                execute format('create table %I (like events including all)', name);
            end if;
            begin
                execute format('alter table events attach partition %I for values from (%L) to (%L)',
                    name, events_day_start(day), events_day_start(day + 1));
                added := added + 1;
            exception
                -- It fits, and somebody is in the way. Without the day its events would be taken for too old.
                when lock_not_available or deadlock_detected then
                    raise;
                when others then
                    -- A table that was detached, and does not fit any more, must not keep the other days from being made.
                    if is_new then
                        raise;
                    end if;
                    raise warning 'cannot attach %: %', name, sqlerrm;
            end;
        end if;
        day := day + 1;
    end loop;
    return added;
end
$$;
