//! What a user agent header says. It is a tale more than a fact: the first name that only one of them uses decides.

/// Browser, system and device, each empty when unknown, and why the visitor is taken for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Says {
    pub(super) browser: &'static str,
    pub(super) os: &'static str,
    pub(super) device: &'static str,
    pub(super) bot: Option<&'static str>,
}

/// Every browser names those it wants to be taken for, so the order matters.
#[rustfmt::skip]
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Opera", "Opera"), ("OPiOS/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"), ("Vivaldi/", "Vivaldi"), ("DuckDuckGo/", "DuckDuckGo"), ("UCBrowser/", "UC Browser"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chromium/", "Chromium"), ("Chrome/", "Chrome"),
    ("Version/", "Safari"), ("MSIE ", "Internet Explorer"), ("Trident/", "Internet Explorer"), ("AppleWebKit/", "WebView"),
];

#[rustfmt::skip]
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows Phone", "Windows Phone"), ("Windows", "Windows"), ("iPhone", "iOS"), ("iPad", "iOS"), ("iPod", "iOS"),
    ("Android", "Android"), ("CrOS", "ChromeOS"), ("Macintosh", "macOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"), ("X11", "Linux"),
];

/// Lower-case signs of a machine, and the reason given.
#[rustfmt::skip]
const MACHINES: &[(&str, &str)] = &[
    ("headless", "headless"), ("phantomjs", "headless"), ("puppeteer", "automation"), ("playwright", "automation"),
    ("selenium", "automation"), ("cypress", "automation"), ("lighthouse", "monitor"), ("pingdom", "monitor"),
    ("uptime", "monitor"), ("gtmetrix", "monitor"), ("facebookexternalhit", "preview"), ("whatsapp/", "preview"),
    ("bot", "declared"), ("crawl", "declared"), ("spider", "declared"), ("slurp", "declared"), ("archiver", "declared"),
    ("curl/", "http_client"), ("wget/", "http_client"), ("python", "http_client"), ("go-http-client", "http_client"),
    ("java/", "http_client"), ("okhttp", "http_client"), ("node-fetch", "http_client"), ("axios/", "http_client"),
    ("undici", "http_client"), ("libwww", "http_client"), ("scrapy", "http_client"),
];

/// Names that hold a sign of a machine and are none.
const PEOPLE: &[&str] = &["cubot"];

pub(super) fn says(user_agent: &str) -> Says {
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name).unwrap_or_default()
    };
    let os = named(SYSTEMS);
    let device = if user_agent.contains("iPad") || user_agent.contains("Tablet") {
        "tablet"
    } else if user_agent.contains("Mobi") || user_agent.contains("iPhone") || user_agent.contains("iPod") {
        "mobile"
    } else if os == "Android" {
        "tablet"
    } else if os.is_empty() {
        ""
    } else {
        "desktop"
    };
    let lower = PEOPLE.iter().fold(user_agent.to_ascii_lowercase(), |text, name| text.replace(name, ""));
    let machine = MACHINES.iter().find(|(sign, _)| lower.contains(sign)).map(|(_, reason)| *reason);
    let bot = if lower.trim().is_empty() { Some("no_user_agent") } else { machine };
    Says { browser: named(BROWSERS), os, device, bot }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_machines_are_told_apart() {
        for (user_agent, browser, os, device, bot) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge",
                "Windows",
                "desktop",
                None,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox",
                "Linux",
                "desktop",
                None,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari",
                "iOS",
                "mobile",
                None,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                "Safari",
                "macOS",
                "desktop",
                None,
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome",
                "Android",
                "tablet",
                None,
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
                "Chrome",
                "Android",
                "mobile",
                None,
            ),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", "", "", Some("declared")),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
                "Chrome",
                "Linux",
                "desktop",
                Some("headless"),
            ),
            ("curl/8.5.0", "", "", "", Some("http_client")),
            ("", "", "", "", Some("no_user_agent")),
        ] {
            assert_eq!(says(user_agent), Says { browser, os, device, bot }, "{user_agent}");
        }
    }
}
