//! Where a visitor came from: the campaign in the page's own address, and the channel that address and referrer show.
//!
//! The pixel sends addresses and leaves the judgement to the edge, where a table of hosts costs no visitor a byte.

mod channel;
mod click_ids;
mod medium;
mod platforms;
mod way;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use wire::{Attribution, Page};

use crate::address::Address;

pub(crate) use click_ids::{Cut, is_click_id};

/// Parameters of an address, decoded.
type Parameters<'a> = [(Cow<'a, str>, Cow<'a, str>)];

/// Fills what the pixel left empty: the path and the campaign, both from the address, and the channel with its platform.
pub(crate) fn complete(page: &mut Page) {
    let address = Address::web(&page.url);
    let parameters = address.map(|address| address.parameters()).unwrap_or_default();
    if let Some(address) = address.filter(|_| page.path.is_empty()) {
        page.path = address.path();
    }
    if page.attribution == Attribution::default() {
        page.attribution = campaign(&parameters);
    }
    if page.channel.is_empty() {
        let referrer = Address::parse(&page.referrer);
        let visit = way::Visit { address, parameters: &parameters, campaign: &page.attribution, referrer };
        let (channel, platform) = way::of(&visit);
        channel.name().clone_into(&mut page.channel);
        platform.clone_into(&mut page.platform);
    }
}

/// The campaign parameters as sent; an empty one is none.
fn campaign(parameters: &Parameters<'_>) -> Attribution {
    let value = |name: &str| {
        let mut named = parameters.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.find(|(_, value)| !value.is_empty()).map(|(_, value)| value.clone().into_owned())
    };
    Attribution {
        utm_source: value("utm_source"),
        utm_medium: value("utm_medium"),
        utm_campaign: value("utm_campaign"),
        utm_term: value("utm_term"),
        utm_content: value("utm_content"),
        utm_id: value("utm_id"),
    }
}
