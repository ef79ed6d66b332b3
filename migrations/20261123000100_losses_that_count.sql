-- Anyone can name any site, so the loss of sites that are not confirmed is told apart from the one that is judged.

create view losses_that_count as
select
    losses.day,
    losses.site_id,
    losses.streams,
    losses.incomplete_streams,
    losses.implausible_streams,
    losses.events,
    losses.missing,
    case
        when exists (select from sites where state = 'confirmed') then coalesce(sites.state = 'confirmed', false)
        else sites.state is distinct from 'ignored'
    end as counts
from losses
left join sites using (site_id);
comment on view losses_that_count is 'The rows of losses, and which of them are judged.';
comment on column losses_that_count.day is 'losses.day';
comment on column losses_that_count.site_id is 'losses.site_id';
comment on column losses_that_count.streams is 'losses.streams';
comment on column losses_that_count.incomplete_streams is 'losses.incomplete_streams';
comment on column losses_that_count.implausible_streams is 'losses.implausible_streams';
comment on column losses_that_count.events is 'losses.events';
comment on column losses_that_count.missing is 'losses.missing';
comment on column losses_that_count.counts is 'Whether it is judged: of confirmed sites alone, once there is one. Until then of all that nobody has ignored, so that a new installation sees its own.';

comment on column losses.implausible_streams is 'Those of them with a gap that no page can make, or one far larger than what came of them. It is not in missing.';

-- A page load that goes on for longer than its days are kept.
comment on column stream_days.day is 'The UTC day inside the event ids. -infinity for all days of a page load that were forgotten, while later ones are kept.';

comment on column outcomes.outcome is 'accepted, duplicate, the reason of a refusal, or beside these: late (accepted an hour or more after its own time), dropped_by_pixel (reported, never came), implausible_drops (reports of more than a pixel drops, one each).';
comment on column pixel_drops.dropped is 'How many, as it was reported. Nobody has to believe it: see outcomes.';

-- What is kept of page loads is summed up anew, since what is plausible of them is judged otherwise now.
insert into unsummed_days (day) select distinct day from stream_days on conflict (day) do nothing;
