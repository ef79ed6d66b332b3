//! The rules for personal data, once more. The edge has applied the same ones, so they must find nothing; what they do
//! find is taken out all the same, and said aloud, since it means that an edge is older than its rules or broken.

use std::net::{IpAddr, Ipv6Addr};

use redaction::{Policy, Report};
use serde::{Deserialize, Serialize};

use super::decode::Batch;
use crate::billing::site_name;

/// What an edge may let pass.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// In texts.
    pub policy: Policy,
    /// As the visitor's address.
    pub addresses: Addresses,
}

/// What an edge may send of a visitor's address: its `IP_POLICY`, which batches do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Addresses {
    /// Nothing.
    Drop,
    /// Its network, as every preset does unless it is told otherwise.
    #[default]
    Truncate,
    /// All of it.
    Keep,
}

impl Addresses {
    /// What may stay of `address`.
    fn allowed(self, address: IpAddr) -> Option<IpAddr> {
        match self {
            Self::Drop => None,
            Self::Truncate => Some(redaction::ip::truncate(address)),
            Self::Keep => Some(address),
        }
    }
}

/// Takes out of `batch` what the edge missed, adds it to the counts of the events concerned, and says what it was.
pub fn redact(rules: &Rules, batch: &mut Batch) -> Report {
    let policy = &rules.policy;
    let mut found = Report::default();
    let mut of_pages = Vec::new();
    for page in &mut batch.pages {
        let (redacted, report) = redaction::page(policy, std::mem::take(page));
        *page = redacted.into_inner();
        found.add(&report);
        of_pages.push(report);
    }
    for forwarded in &mut batch.events {
        let Some(event) = forwarded.event.take() else { continue };
        let (redacted, mut report) = redaction::event(policy, event);
        let event = redacted.into_inner();
        found.add(&report);
        if let Some(page) = of_pages.get(usize::from(event.page)) {
            report.add(page);
        }
        for (kind, count) in report.counts() {
            *forwarded.redactions.entry(kind).or_default() += count;
        }
        forwarded.event = Some(event);
    }
    let texts = [&mut batch.user_agent, &mut batch.browser, &mut batch.os, &mut batch.device, &mut batch.edge_version];
    let optional = [&mut batch.country, &mut batch.region, &mut batch.bot].into_iter().flatten();
    // A site may be at an address of its own, which is nobody's.
    let site = Some(&mut batch.site_id).filter(|site| !is_host(site));
    for text in texts.into_iter().chain(optional).chain(site) {
        let (redacted, report) = redaction::text(policy, text);
        if !report.is_empty() {
            *text = redacted;
            found.add(&report);
        }
    }
    if let Some(report) = address(rules, &mut batch.ip) {
        found.add(&report);
    }
    found
}

/// Leaves of `given` what may stay, and says what it was where it was more.
fn address(rules: &Rules, given: &mut Option<String>) -> Option<Report> {
    let address: Option<IpAddr> = given.as_ref()?.parse().ok();
    let allowed = address.and_then(|address| rules.addresses.allowed(address));
    if allowed.is_some() && allowed == address {
        return None;
    }
    *given = allowed.map(|address| address.to_string());
    // Counted as any address, whatever stood there.
    Some(redaction::text(&rules.policy, "203.0.113.7").1)
}

/// Whether `site` is the host of an origin.
fn is_host(site: &str) -> bool {
    let in_brackets = site.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    site_name(site).is_ok() || in_brackets.is_some_and(|it| it.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::decode::decode;
    use super::*;

    fn batch(url: &str, data: &Value) -> Batch {
        let id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        let body = json!({
            "v": 1, "edge_version": "1", "batch_id": id, "stream_id": id, "site_id": "example.com", "visitor_id": id,
            "sent_at": 0, "received_at": 0, "consent": "unknown", "country": null, "region": null, "ip": null,
            "user_agent": "", "browser": "", "os": "", "device": "", "bot": null, "dropped": 0,
            "pages": [{ "url": url, "path": "/" }],
            "events": [{
                "session_id": id, "session_number": 1, "session_start": 0, "redactions": { "email": 1 },
                "event": { "id": id, "seq": 0, "type": "click", "ts": 0, "t": 0, "page": 0, "data": data },
            }],
        });
        decode(body.to_string().as_bytes()).expect("a batch")
    }

    #[test]
    fn what_the_edge_redacted_is_left_alone() {
        let clean = || batch("https://example.com/?email=[email]", &json!({ "note": "to [email]", "n": 1.50 }));
        let mut again = clean();
        assert!(redact(&Rules::default(), &mut again).is_empty());
        assert_eq!(again, clean());
    }

    #[test]
    fn what_the_edge_missed_is_taken_out_and_counted() {
        let mut batch = batch("https://example.com/?q=jane%40example.org", &json!({ "note": "to joe@example.org" }));
        assert_eq!(redact(&Rules::default(), &mut batch).counts(), [("email".to_owned(), 2)].into());
        let forwarded = &batch.events[0];
        assert_eq!(batch.pages[0].url, "https://example.com/?q=[email]");
        assert_eq!(forwarded.event.as_ref().expect("read").data.get(), r#"{"note":"to [email]"}"#);
        assert_eq!(forwarded.redactions, [("email".to_owned(), 3)].into());
    }

    #[test]
    fn of_an_address_no_more_is_left_than_the_edge_may_send() {
        let (whole, network) = ("203.0.113.77", "203.0.113.0");
        for (addresses, sent, kept, is_found) in [
            (Addresses::Truncate, whole, Some(network), true),
            (Addresses::Truncate, network, Some(network), false),
            (Addresses::Truncate, "2001:db8:1:2::3", Some("2001:db8:1::"), true),
            (Addresses::Truncate, "2001:db8:1::", Some("2001:db8:1::"), false),
            (Addresses::Truncate, "::ffff:203.0.113.77", Some(network), true),
            (Addresses::Truncate, "203.0.113.77, 10.0.0.1", None, true),
            (Addresses::Keep, whole, Some(whole), false),
            (Addresses::Keep, "jane@example.org", None, true),
            (Addresses::Drop, network, None, true),
        ] {
            let mut batch = Batch { ip: Some(sent.to_owned()), ..batch("https://example.com/", &json!({})) };
            let found = redact(&Rules { addresses, ..Rules::default() }, &mut batch);
            assert_eq!((batch.ip.as_deref(), !found.is_empty()), (kept, is_found), "{addresses:?} {sent}");
            if is_found {
                assert_eq!(found.counts(), [("ip".to_owned(), 1)].into());
            }
            assert!(redact(&Rules { addresses, ..Rules::default() }, &mut batch).is_empty(), "{addresses:?} {sent}");
        }
        assert_eq!(address(&Rules::default(), &mut None), None);
    }

    #[test]
    fn no_text_of_a_batch_is_left_out() {
        let clean = || batch("https://example.com/", &json!({}));
        let texts: [fn(&mut Batch) -> &mut String; 9] = [
            |batch| &mut batch.user_agent,
            |batch| &mut batch.browser,
            |batch| &mut batch.os,
            |batch| &mut batch.device,
            |batch| &mut batch.edge_version,
            |batch| &mut batch.site_id,
            |batch| batch.country.get_or_insert_default(),
            |batch| batch.region.get_or_insert_default(),
            |batch| batch.bot.get_or_insert_default(),
        ];
        for (at, text) in texts.iter().enumerate() {
            let mut batch = clean();
            "to jane@example.org".clone_into(text(&mut batch));
            assert_eq!(redact(&Rules::default(), &mut batch).counts(), [("email".to_owned(), 1)].into(), "{at}");
            assert_eq!(text(&mut batch), "to [email]", "{at}");
        }
    }

    #[test]
    fn what_edges_say_of_a_visit_is_nobodys() {
        for site in [
            "shop.example.com",
            "localhost",
            "127.0.0.1",
            "[2001:db8::1]",
            "xn--bcher-kva.example",
            "4915123456789.example",
        ] {
            let mut batch = Batch { site_id: site.to_owned(), ..batch("https://example.com/", &json!({})) };
            assert!(redact(&Rules::default(), &mut batch).is_empty(), "{site}");
        }
        for region in [
            "Baden-W\u{fc}rttemberg",
            "North Rhine-Westphalia",
            "\u{CE}le-de-France",
            "S\u{e3}o Paulo",
            "England",
            "Gangwon-do",
        ] {
            let mut batch = Batch {
                country: Some("DE".to_owned()),
                region: Some(region.to_owned()),
                browser: "Samsung Internet".to_owned(),
                os: "Chrome OS".to_owned(),
                device: "desktop".to_owned(),
                bot: Some("user agent".to_owned()),
                edge_version: "0.1.0-rc.1+20261123".to_owned(),
                ..batch("https://example.com/", &json!({}))
            };
            assert!(redact(&Rules::default(), &mut batch).is_empty(), "{region}");
        }
    }
}
