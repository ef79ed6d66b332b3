//! The page that events happen on, and the page views that begin one.

use wire::limits;

use crate::address::Address;
use crate::attribution::{self, Query};
use crate::json::Object;

/// What the browser says of itself; sent with the first page view of a page load.
#[derive(Debug, Default)]
pub struct Device<'a> {
    /// `navigator.language`
    pub language: &'a str,
    /// IANA name of the time zone.
    pub timezone: &'a str,
    /// Width and height of the screen in CSS pixels.
    pub screen: (i32, i32),
    /// Width and height of the viewport in CSS pixels.
    pub viewport: (i32, i32),
    /// Device pixels to a hundred CSS pixels.
    pub pixel_percent: i32,
}

/// What the browser says of a page.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `location.href`
    pub url: &'a str,
    /// `document.title`
    pub title: &'a str,
    /// `document.referrer`
    pub referrer: &'a str,
    /// The parameters in `url`, decoded: a line each, name and value separated by a tab.
    pub query: &'a str,
}

/// The page that is open.
pub(crate) struct Page {
    /// As the browser gave it: clicks compare themselves with it.
    pub(crate) url: String,
    pub(crate) path: String,
    /// The entry in a batch's `pages`.
    pub(crate) json: String,
}

impl Page {
    /// On a route change `before` is the page that was open: it is where the visitor comes from, and the campaign of the
    /// page load is not counted again.
    pub(crate) fn new(place: &Place<'_>, before: Option<&Page>) -> Self {
        let address = Address::parse(place.url);
        let referrer = Address::parse(before.map_or(place.referrer, |before| &before.url));
        let query = Query(place.query);
        let (channel, platform) = attribution::classify(query, &address, &referrer);
        let path = address.path();
        let mut json = Object::new();
        json.required_text("url", &address.cleaned(), limits::URL_BYTES);
        json.required_text("path", &path, limits::URL_BYTES);
        json.text("title", place.title, limits::TITLE_BYTES);
        json.text("referrer", &referrer.cleaned(), limits::URL_BYTES);
        json.json("attribution", &attribution::campaign(query));
        json.text("channel", channel.name(), limits::CAMPAIGN_BYTES);
        json.text("platform", platform, limits::CAMPAIGN_BYTES);
        Self { url: place.url.to_owned(), path, json: json.done() }
    }
}

/// The `data` of a page view.
pub(crate) fn page_view(navigation: &str, before: Option<&Page>, device: Option<&Device<'_>>) -> String {
    let mut data = Object::new();
    data.text("navigation", navigation, 32);
    if let Some(before) = before {
        data.text("previous_path", &before.path, 1024);
    }
    if let Some(device) = device {
        data.text("language", device.language, 64);
        data.text("timezone", device.timezone, 64);
        data.number("screen_width", device.screen.0.into());
        data.number("screen_height", device.screen.1.into());
        data.number("viewport_width", device.viewport.0.into());
        data.number("viewport_height", device.viewport.1.into());
        data.json("device_pixel_ratio", &hundredths(device.pixel_percent));
    }
    data.done()
}

/// `125` as `1.25`
fn hundredths(value: i32) -> String {
    let value = value.max(0);
    let mut text = String::new();
    crate::json::push_number(&mut text, (value / 100).into());
    text.push('.');
    crate::json::push_number(&mut text, (value / 10 % 10).into());
    crate::json::push_number(&mut text, (value % 10).into());
    text
}
