//! What the edge knows of a visit and the page cannot: where from, with what, and whether by a machine; as much of it as is
//! kept.

use edge_settings::{Ip, Place, Settings, UserAgent};
use wire::limits;

use super::Arrival;
use super::user_agent::{self, Says};

/// What is added to a batch.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) country: Option<String>,
    pub(super) region: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) user_agent: String,
    pub(super) says: Says,
}

pub(super) fn visit(arrival: &Arrival<'_>, settings: &Settings, is_cookieless: bool) -> Visit {
    let privacy = &settings.privacy;
    // a whole address would tell the next day who this was
    let least = if is_cookieless { Ip::Truncate } else { Ip::Keep };
    let ip = match privacy.ip.max(least) {
        Ip::Keep => arrival.address.map(|address| address.to_canonical()),
        Ip::Truncate => arrival.address.map(redaction::ip::truncate),
        Ip::Drop => None,
    };
    // Some crawlers name a mailbox in their user agent.
    let (mut user_agent, _) = redaction::text(&settings.redaction, arrival.user_agent);
    wire::check::tidy(&mut user_agent, limits::USER_AGENT_BYTES);
    let says = user_agent::says(&user_agent);
    if privacy.user_agent == UserAgent::Parsed {
        user_agent.clear();
    }
    // `XX` and `T1` are the platform's names for an unknown country and for Tor.
    let is_country = |code: &&str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) && *code != "XX";
    let region = arrival.region.filter(|_| privacy.place == Place::Region).map(|region| {
        let mut region = region.to_owned();
        wire::check::tidy(&mut region, limits::CAMPAIGN_BYTES);
        region
    });
    Visit {
        country: arrival.country.filter(is_country).filter(|_| privacy.place < Place::Drop).map(str::to_owned),
        region,
        ip: ip.map(|address| address.to_string()),
        user_agent,
        says,
    }
}
