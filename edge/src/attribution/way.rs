//! Which way brought the visitor: what the link was marked with comes before where the visitor was.

use wire::Attribution;

use super::channel::{Channel, Way};
use super::{Parameters, click_ids, medium, platforms};
use crate::address::Address;

/// What is known of the way to a page.
#[derive(Clone, Copy)]
pub(super) struct Visit<'a> {
    /// The page's own; `None` when it cannot be read.
    pub(super) address: Option<Address<'a>>,
    pub(super) parameters: &'a Parameters<'a>,
    pub(super) campaign: &'a Attribution,
    pub(super) referrer: Option<Address<'a>>,
}

/// The way that brought the visitor.
pub(super) fn of(visit: &Visit<'_>) -> Way {
    let click = click_ids::of(visit.parameters);
    if let Some(paid) = click.filter(|(channel, _)| *channel == Channel::Paid) {
        return paid;
    }
    let plain = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_lowercase();
    let (source, medium) = (plain(&visit.campaign.utm_source), plain(&visit.campaign.utm_medium));
    let from_source = platforms::of_source(&source);
    // some name the kind of link where its sender belongs
    if let Some(channel) = medium::kind(&medium).or_else(|| medium::kind(&source)) {
        return (channel, from_source.map_or("", |(_, platform)| platform));
    }
    let is_bare = *visit.campaign == Attribution::default() && visit.address.is_some();
    let otherwise = if is_bare { Channel::Direct } else { Channel::Unknown };
    from_source.or(click).or_else(|| by_referrer(visit)).unwrap_or((otherwise, ""))
}

/// `None` when there is no referrer that says anything.
fn by_referrer(visit: &Visit<'_>) -> Option<Way> {
    let referrer = visit.referrer?;
    let host = referrer.plain_host();
    let known = if referrer.scheme == "android-app" {
        platforms::of_app(&host)
    } else if !referrer.is_web() {
        return None;
    } else if visit.address.is_some_and(|own| is_same_site(&own.plain_host(), &host)) {
        Some((Channel::Internal, ""))
    } else {
        platforms::of_host(&host).or_else(|| host.starts_with("webmail.").then_some((Channel::Email, "")))
    };
    known.or(Some((Channel::Referral, "")))
}

/// Whether one of the hosts is the other, or below it, `www.` aside.
fn is_same_site(one: &str, other: &str) -> bool {
    let (one, other) = (without_www(one), without_www(other));
    platforms::is_under(one, other) || platforms::is_under(other, one)
}

fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}
