-- A new site is told of under an id that it keeps through a restore, and one that is listed keeps its name at the cap.

create or replace function site_discover(site text, most integer) returns text
    language plpgsql volatile as $$
declare
    today date := (now() at time zone 'utc')::date;
    so_far integer;
begin
    -- Listed since whoever asks has looked.
    if exists (select from sites where site_id = site) then
        return site;
    end if;
    select discovered into so_far from site_days where day = today;
    if site = '*' or coalesce(so_far, 0) >= most then
        return '*';
    end if;
    insert into site_days (day) values (today) on conflict do nothing;
    select discovered into so_far from site_days where day = today for update;
    if exists (select from sites where site_id = site) then
        return site;
    end if;
    if so_far >= most then
        return '*';
    end if;
    insert into sites (site_id) values (site) on conflict do nothing;
    if found then
        update site_days set discovered = discovered + 1 where day = today;
        perform webhook_add(
            'site.discovered',
            json_build_object('site_id', site),
            webhook_id('site.discovered', concat_ws(' ', site, today))
        );
    end if;
    return site;
end
$$;
