//! What is kept of a visitor. A preset says how much at most; each setting may ask for less, none for more.
//!
//! Whatever cannot be read is taken for the strictest there is: a slip of the pen must not store what nobody wanted.

use crate::choice::{Choice, choice};
use crate::{Complaint, Get};

choice! {
    /// A named bundle: how much may be kept at most.
    Preset = "PRIVACY" {
        Standard = "standard", "what a site may do in most countries";
        Gdpr = "gdpr", "what European visitors may expect";
        Hipaa = "hipaa", "what the pages of a clinic or an insurer may tell";
    }
}

choice! {
    /// What happens to a visitor's address.
    Ip = "IP_POLICY" {
        Keep = "keep", "the whole address";
        Truncate = "truncate", "its network: the first 24 bits, or 48 in IPv6";
        Drop = "drop", "nothing of it";
    }
}

choice! {
    /// How much of the platform's guess at a visitor's place is kept.
    Place = "PLACE" {
        Region = "region", "country and region";
        Country = "country", "the country";
        Drop = "drop", "neither country nor region";
    }
}

choice! {
    /// What is kept of the user agent header.
    UserAgent = "USER_AGENT" {
        Keep = "keep", "the header, and browser, system, kind of device and bot as read from it";
        Parsed = "parsed", "browser, system, kind of device and bot, not the header itself";
    }
}

choice! {
    /// What is kept of click ids such as `gclid` in addresses: of a page, of where the visitor came from, and in data.
    ClickIds = "CLICK_IDS" {
        Keep = "keep", "name and value, where the pixel was told to send the value";
        Name = "name", "the name, which tells the channel, without the value, which tells the visitor";
        Drop = "drop", "neither; the channel found by them stays";
    }
}

choice! {
    /// Whose events are taken.
    ConsentRule = "CONSENT" {
        Noted = "noted", "everybody's; what the visitor said is a column";
        Cookieless = "cookieless", "everybody's; without granted consent as in the cookieless mode, whatever the page asked for";
        Required = "required", "only with granted consent; other events are filtered, reason `no_consent`";
    }
}

choice! {
    /// Whether the first words of what a visitor copied are kept.
    Previews = "COPY_PREVIEWS" {
        Keep = "keep", "up to 100 characters, redacted";
        Drop = "drop", "only how much was copied";
    }
}

choice! {
    /// Which parameters stay in the address of a page, in where the visitor came from and in links.
    QueryKeys = "QUERY_KEYS" {
        All = "all", "all that no rule of the redaction takes out";
        Listed = "listed", "campaign parameters and those named in `ALLOWED_QUERY_KEYS`; of others the name, with `[unlisted]` for the value";
    }
}

/// How much is kept of each visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// The bundle that bounds the rest.
    pub preset: Preset,
    /// See [`Ip`].
    pub ip: Ip,
    /// See [`Place`].
    pub place: Place,
    /// See [`UserAgent`].
    pub user_agent: UserAgent,
    /// See [`ClickIds`].
    pub click_ids: ClickIds,
    /// See [`ConsentRule`].
    pub consent: ConsentRule,
    /// See [`Previews`].
    pub previews: Previews,
    /// See [`QueryKeys`].
    pub query_keys: QueryKeys,
    /// For how many days at most events may be kept in the client's buckets; `None` for no limit. The edge keeps
    /// nothing itself: it is told on `/health`, for whoever sets the buckets' rules.
    pub retention_days: Option<u32>,
}

/// [`wire::limits::WINDOW_DAYS`]: fewer would delete events that may still be on their way.
const FEWEST_DAYS: u32 = 30;

impl Preset {
    /// The most that this preset keeps.
    #[must_use]
    pub fn most(self) -> Privacy {
        let (ip, place, user_agent, click_ids, consent, previews, query_keys, retention_days) = match self {
            Self::Standard => (
                Ip::Keep,
                Place::Region,
                UserAgent::Keep,
                ClickIds::Keep,
                ConsentRule::Noted,
                Previews::Keep,
                QueryKeys::All,
                None,
            ),
            // thirteen months: what European authorities grant an identifier of audience measurement
            Self::Gdpr => (
                Ip::Truncate,
                Place::Country,
                UserAgent::Parsed,
                ClickIds::Name,
                ConsentRule::Required,
                Previews::Drop,
                QueryKeys::All,
                Some(395),
            ),
            Self::Hipaa => (
                Ip::Drop,
                Place::Country,
                UserAgent::Parsed,
                ClickIds::Drop,
                ConsentRule::Required,
                Previews::Drop,
                QueryKeys::Listed,
                Some(90),
            ),
        };
        Privacy { preset: self, ip, place, user_agent, click_ids, consent, previews, query_keys, retention_days }
    }

    /// What this preset keeps when nothing else is set: the most, but of addresses the network alone. Who wants whole ones
    /// has to say so.
    #[must_use]
    pub fn unless_said(self) -> Privacy {
        let most = self.most();
        Privacy { ip: most.ip.max(Ip::Truncate), ..most }
    }
}

impl Privacy {
    /// Reads preset and settings. What is wrong is among the complaints, and the strictest is taken in its place.
    pub fn read(get: &Get<'_>, complaints: &mut Vec<Complaint>) -> Self {
        let name = get(Preset::SETTING);
        let preset = name.as_deref().and_then(Preset::named).unwrap_or_else(|| {
            complaints.push(name.map_or(Complaint::Missing(Preset::SETTING), |_| unknown::<Preset>()));
            Preset::strictest(Preset::Hipaa)
        });
        let (most, unless_said) = (preset.most(), preset.unless_said());
        Self {
            preset,
            ip: bounded(get, most.ip, unless_said.ip, complaints),
            place: bounded(get, most.place, unless_said.place, complaints),
            user_agent: bounded(get, most.user_agent, unless_said.user_agent, complaints),
            click_ids: bounded(get, most.click_ids, unless_said.click_ids, complaints),
            consent: bounded(get, most.consent, unless_said.consent, complaints),
            previews: bounded(get, most.previews, unless_said.previews, complaints),
            query_keys: bounded(get, most.query_keys, unless_said.query_keys, complaints),
            retention_days: retention(get, most.retention_days, complaints),
        }
    }
}

fn unknown<T: Choice>() -> Complaint {
    Complaint::Unknown { setting: T::SETTING, known: T::ALL.iter().map(|(_, name, _)| *name).collect() }
}

/// What a setting asks for, or `most` where it asks for more.
fn bounded<T: Choice>(get: &Get<'_>, most: T, unless_said: T, complaints: &mut Vec<Complaint>) -> T {
    let Some(name) = get(T::SETTING) else { return unless_said };
    let Some(asked) = T::named(&name) else {
        complaints.push(unknown::<T>());
        return T::strictest(most);
    };
    if asked < most {
        complaints.push(Complaint::Looser { setting: T::SETTING, most: most.name().to_owned() });
    }
    asked.max(most)
}

fn retention(get: &Get<'_>, most: Option<u32>, complaints: &mut Vec<Complaint>) -> Option<u32> {
    const SETTING: &str = "RETENTION_DAYS";
    let Some(text) = get(SETTING) else { return most };
    let Some(asked) = text.parse::<u32>().ok().filter(|days| *days >= FEWEST_DAYS) else {
        complaints.push(Complaint::NoNumber { setting: SETTING, least: FEWEST_DAYS });
        return Some(FEWEST_DAYS);
    };
    let Some(most) = most.filter(|most| asked > *most) else { return Some(asked) };
    complaints.push(Complaint::Looser { setting: SETTING, most: most.to_string() });
    Some(most)
}
