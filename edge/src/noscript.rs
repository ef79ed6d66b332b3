//! `GET /pixel.gif`: a page view of a browser without scripts, told by an image.
//!
//! ```html
//! <noscript><img src="https://EDGE/pixel.gif?path=%2Fproducts%3Fpage%3D2&amp;title=Products" alt=""></noscript>
//! ```
//!
//! The site is what `Referer` says. Browsers tell other origins no more than the origin, so a template on the server may
//! fill `path`, `title` and `referrer` (where the visitor came from), percent-encoded. Nothing is kept on the device and
//! nobody waits for an answer: the image always comes.

use edge_settings::{Settings, Sites};
use serde_json::json;
use uuid::Uuid;
use worker::{Env, Headers, Request, Response, Result, console_log};

use crate::address::Address;
use crate::attribution::Cut;
use crate::{assets, collect, site};

/// A transparent image of one pixel.
const IMAGE: &[u8; 43] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Randomness for the ids of batch, page load and event, in this order.
pub type Random = [[u8; 10]; 3];

/// What a request for the image says.
#[derive(Clone, Copy, Debug, Default)]
struct Asked<'a> {
    /// The header.
    referer: Option<&'a str>,
    /// `Sec-GPC` or `DNT` is 1.
    objects: bool,
    /// The image's own query.
    query: &'a str,
}

/// Why no page view is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum LeftOut {
    #[error("the visitor objects")]
    Objection,
    #[error("no referer")]
    NoReferer,
    #[error("the referer names no site")]
    OddReferer,
    #[error("the referer names a site that is not taken")]
    OtherSite,
}

/// Records the page view and answers with the image, also where nothing was recorded.
pub async fn get(request: &Request, env: &Env, settings: &Settings, now: i64, random: Random) -> Result<Response> {
    let header = |name| request.headers().get(name).ok().flatten();
    let is_on = |name| header(name).is_some_and(|value: String| value.trim() == "1");
    let referer = header("referer");
    let address = request.inner().url();
    let asked = Asked {
        referer: referer.as_deref(),
        objects: is_on("sec-gpc") || is_on("dnt"),
        query: address.split_once('?').map_or("", |(_, query)| query),
    };
    match page_view(asked, &settings.sites, now, random) {
        // whatever became of it is in the log; nobody would try again
        Ok((site, body)) => drop(collect::take(&body, &site, request, env, settings, now).await),
        Err(why) => console_log!("{}", json!({ "message": "noscript", "left_out": why.to_string() })),
    }
    Ok(Response::from_bytes(IMAGE.to_vec())?.with_headers(Headers::from_iter([
        ("content-type", assets::content_type(".gif")),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("timing-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    ])))
}

/// The site, and a batch of one page view as a pixel would send it.
fn page_view(
    asked: Asked<'_>,
    sites: &Sites,
    now: i64,
    random: Random,
) -> std::result::Result<(String, Vec<u8>), LeftOut> {
    if asked.objects {
        return Err(LeftOut::Objection);
    }
    let referer = asked.referer.filter(|referer| !referer.is_empty()).ok_or(LeftOut::NoReferer)?;
    let address = Address::web(referer).ok_or(LeftOut::OddReferer)?;
    let origin = address.origin();
    let host = site::host(&origin).ok_or(LeftOut::OddReferer)?;
    let site = sites.site(&host).ok_or(LeftOut::OtherSite)?.to_owned();
    let told = |name: &str| {
        let mut parameters = form_urlencoded::parse(asked.query.as_bytes());
        parameters.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    };
    let target = told("path").filter(|path| path.starts_with('/')).unwrap_or_else(|| address.target());
    let [batch_id, stream_id, id] =
        random.map(|random| Uuid::from_bytes(wire::ids::v7(u64::try_from(now).unwrap_or_default(), random)));
    let page = json!({
        "url": Cut::Value.apply(&format!("{origin}{target}")),
        "path": "",
        "title": told("title").unwrap_or_default(),
        "referrer": Cut::Value.apply(&told("referrer").unwrap_or_default()),
    });
    let event = json!({
        "id": id, "seq": 0, "type": "pageview", "ts": now, "t": 0, "page": 0, "data": { "navigation": "noscript" },
    });
    let batch = json!({
        "v": wire::version::WIRE, "batch_id": batch_id, "stream_id": stream_id, "sent_at": now, "cookieless": true,
        "pages": [page], "events": [event],
    });
    Ok((site, batch.to_string().into_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::Outcome;

    use super::*;
    use crate::pipeline::{Arrival, Processed};
    use crate::tests::{process, settings};

    const NOW: i64 = 1_800_000_000_000;
    const RANDOM: Random = [[1; 10], [2; 10], [3; 10]];

    fn recorded(asked: Asked<'_>) -> std::result::Result<(String, Processed), LeftOut> {
        let (site, body) = page_view(asked, &Sites::default(), NOW, RANDOM)?;
        let arrival = Arrival {
            body: &body,
            site: &site,
            user_agent: "Lynx/2.9",
            address: None,
            country: None,
            region: None,
            now: NOW,
        };
        let processed = process(&arrival, &settings(&[]));
        Ok((site, processed))
    }

    fn referred(referer: &str, query: &str) -> (String, Processed) {
        recorded(Asked { referer: Some(referer), query, objects: false }).expect("a site")
    }

    #[test]
    fn a_page_view_goes_through_the_pipeline() {
        let query =
            "path=%2Fa%2Fb%3Futm_source%3Dbing%26gclid%3Dabc&title=Our+shop&referrer=https%3A%2F%2Fwww.bing.com%2F";
        let (site, Processed { batch, token, tally, .. }) = referred("https://www.shop.example/", query);
        assert_eq!((site.as_str(), token.as_str()), ("shop.example", ""));
        assert_eq!(tally.of(Outcome::Accepted), 1);
        let page = &batch.pages[0];
        assert_eq!(page.url, "https://www.shop.example/a/b?utm_source=bing&gclid=");
        assert_eq!((page.path.as_str(), page.title.as_str()), ("/a/b", "Our shop"));
        assert_eq!((page.channel.as_str(), page.platform.as_str()), ("paid", "google"));
        assert_eq!(page.attribution.utm_source.as_deref(), Some("bing"));
        let event = &batch.events[0].event;
        assert_eq!((event.kind.as_str(), event.ts, event.seq), ("pageview", NOW, 0));
        assert_eq!(event.data.get(), "{\"navigation\":\"noscript\"}");
        let ids = [batch.batch_id, event.id];
        assert!(ids.iter().all(|id| wire::ids::is_v7(id.as_bytes()) && wire::ids::time_ms(id.as_bytes()) == NOW));
        assert!(ids[0] != ids[1] && batch.stream_id.get_version_num() == 8);
    }

    #[test]
    fn without_parameters_the_referer_is_the_page() {
        let (_, processed) = referred("https://shop.example/a?fbclid=IwAR0x&mail=jane@example.com", "");
        let page = &processed.batch.pages[0];
        assert_eq!((page.path.as_str(), page.channel.as_str()), ("/a", "social"));
        assert!(!page.url.contains("IwAR0x") && !page.url.contains("jane"), "{}", page.url);
    }

    #[test]
    fn no_path_leads_to_another_site() {
        for (path, url) in [
            ("//evil.example/x", "https://shop.example//evil.example/x"),
            ("https://evil.example/x", "https://shop.example/here"),
            ("@evil.example/x", "https://shop.example/here"),
            ("x", "https://shop.example/here"),
            ("", "https://shop.example/here"),
        ] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("path", path).finish();
            let (site, processed) = referred("https://shop.example/here", &query);
            assert_eq!(site, "shop.example");
            assert_eq!(processed.batch.pages[0].url, url, "{path}");
        }
    }

    #[test]
    fn who_objects_or_names_no_site_is_left_out() {
        let page = Some("https://shop.example/");
        for (asked, why) in [
            (Asked { referer: page, objects: true, query: "" }, LeftOut::Objection),
            (Asked::default(), LeftOut::NoReferer),
            (Asked { referer: Some(""), ..Asked::default() }, LeftOut::NoReferer),
            (Asked { referer: Some("about:client"), ..Asked::default() }, LeftOut::OddReferer),
            (Asked { referer: Some("file:///home"), ..Asked::default() }, LeftOut::OddReferer),
            (Asked { referer: Some("https://[::1]/"), ..Asked::default() }, LeftOut::OddReferer),
        ] {
            assert_eq!(recorded(asked).err(), Some(why), "{asked:?}");
        }
    }

    #[test]
    fn only_the_sites_on_the_list_are_taken() {
        let sites = Sites::read(Some("*.bank.example")).expect("a list");
        let site = |referer| {
            let asked = Asked { referer: Some(referer), ..Asked::default() };
            page_view(asked, &sites, NOW, RANDOM).map(|(site, _)| site)
        };
        assert_eq!(site("https://www.bank.example/a").as_deref(), Ok("bank.example"));
        assert_eq!(site("https://bank.example/a"), Err(LeftOut::OtherSite));
    }

    #[test]
    fn the_image_is_one() {
        assert!(IMAGE.starts_with(b"GIF89a") && IMAGE.ends_with(b";"));
    }

    proptest! {
        #[test]
        fn no_request_is_too_odd(referer in "(https?://[a-z.]{0,12})?\\PC{0,20}", query in "(path|title|referrer)=\\PC{0,30}") {
            let asked = Asked { referer: Some(&referer), query: &query, objects: false };
            if let Ok((_, processed)) = recorded(asked) {
                prop_assert_eq!(processed.tally.of(Outcome::Accepted), 1);
            }
        }
    }
}
