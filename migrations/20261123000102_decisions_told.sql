-- The end of a site's billing is told as its beginning is.

comment on column webhooks.kind is 'site.discovered, site.confirmed, site.ignored, month.closed or plan.threshold_passed.';
comment on column sites.decided_at is 'When it left the state unconfirmed, or was last decided on. What is told of the decision has its id by this time.';
