//! The tables of ways to a page, and that no address is too odd.

use proptest::prelude::*;

use super::*;

const SHOP: &str = "https://shop.example/";

fn completed(url: &str, referrer: &str) -> Page {
    let mut page = Page { url: url.to_owned(), referrer: referrer.to_owned(), ..Page::default() };
    complete(&mut page);
    page
}

fn of(query: &str, referrer: &str) -> (String, String) {
    let page = completed(&format!("{SHOP}?{query}"), referrer);
    (page.channel, page.platform)
}

fn check(rows: &[(&str, &str, &str, &str)]) {
    for (query, referrer, channel, platform) in rows {
        let expected = ((*channel).to_owned(), (*platform).to_owned());
        assert_eq!(of(query, referrer), expected, "{query} {referrer}");
    }
}

#[test]
fn the_referrer_is_known_by_its_host() {
    check(&[
        ("", "", "direct", ""),
        ("", "https://www.google.com/", "search", "google"),
        ("", "https://www.google.co.uk/", "search", "google"),
        ("", "https://google.com.br/", "search", "google"),
        ("", "https://news.google.de/", "search", "google"),
        ("", "https://WWW.GOOGLE.COM./", "search", "google"),
        ("", "https://yandex.com.tr/", "search", "yandex"),
        ("", "https://cn.bing.com/", "search", "bing"),
        ("", "https://duckduckgo.com/", "search", "duckduckgo"),
        ("", "https://www.sogou.com/link?url=x", "search", "sogou"),
        ("", "https://mail.google.com/", "email", "gmail"),
        ("", "https://mail.yahoo.com/", "email", "yahoo_mail"),
        ("", "https://de.search.yahoo.com/", "search", "yahoo"),
        ("", "https://eur01.safelinks.protection.outlook.com/", "email", "outlook"),
        ("", "https://deref-web.de/", "email", "web.de"),
        ("", "https://webmail.agency.example/", "email", ""),
        ("", "https://gemini.google.com/", "ai", "gemini"),
        ("", "https://chatgpt.com/", "ai", "chatgpt"),
        ("", "https://www.perplexity.ai/", "ai", "perplexity"),
        ("", "https://edgeservices.bing.com/", "ai", "copilot"),
        ("", "https://l.facebook.com/", "social", "facebook"),
        ("", "https://t.co/abc", "social", "x"),
        ("", "https://de.pinterest.com/", "social", "pinterest"),
        ("", "https://blog.naver.com/", "social", "naver"),
        ("", "https://search.naver.com/", "search", "naver"),
        ("", "https://accounts.google.co.uk/", "referral", "google"),
        ("", "https://docs.google.com/", "referral", "google"),
        ("", "https://googleads.g.doubleclick.net/", "paid", "google"),
        ("", "https://www.shop.example/other", "internal", ""),
        ("", "https://help.shop.example/", "internal", ""),
        ("", "http://shop.example:8080/", "internal", ""),
        ("", "https://blog.example/", "referral", ""),
    ]);
}

#[test]
fn an_app_is_known_by_its_package() {
    check(&[
        ("", "android-app://com.google.android.gm/", "email", "gmail"),
        ("", "android-app://com.google.android.googlequicksearchbox/", "search", "google"),
        ("", "android-app://com.google.android.googlequicksearchbox/https/www.google.com", "search", "google"),
        ("", "android-app://com.linkedin.android", "social", "linkedin"),
        ("", "android-app://com.Slack/", "referral", "slack"),
        ("", "android-app://com.example.reader/", "referral", ""),
        // a host of that name is no app
        ("", "https://com.google.android.gm/", "referral", ""),
    ]);
}

#[test]
fn a_host_that_contains_a_known_one_is_another_host() {
    for referrer in [
        "https://notgoogle.com/",
        "https://google.com.evil.example/",
        "https://google.evil.com/",
        "https://google.zip/",
        "https://ibing.com/",
        "https://cat.company/",
        "https://evil.example/google.com",
        "https://google.com@evil.example/",
        "https://evil.example/?q=https://www.google.com/",
        "https://myshop.example/",
        "https://xn--ggle-55da.com/",
        "https://gооgle.com/",
    ] {
        assert_eq!(of("", referrer), ("referral".to_owned(), String::new()), "{referrer}");
    }
}

#[test]
fn what_is_no_referrer_says_nothing() {
    for referrer in
        ["about:blank", "mailto:jane@example.org", "google.com", "https://", "chrome-extension://abc/", "//"]
    {
        assert_eq!(of("", referrer), ("direct".to_owned(), String::new()), "{referrer}");
    }
}

#[test]
fn what_the_link_is_marked_with_comes_first() {
    check(&[
        ("gclid=1", "", "paid", "google"),
        ("gclid=", "", "paid", "google"),
        ("GCLID", "", "paid", "google"),
        ("ScCid=", "", "paid", "snapchat"),
        ("msclkid=1", "https://www.bing.com/", "paid", "bing"),
        ("fbclid=&gclid=", "", "paid", "google"),
        ("utm_source=Google&utm_medium=CPC", "https://www.google.com/", "paid", "google"),
        ("utm_source=linkedin&utm_medium=paid_social", "", "paid", "linkedin"),
        ("utm_source=spring&utm_medium=email", "https://mail.google.com/", "email", ""),
        ("utm_source=chatgpt.com", "", "ai", "chatgpt"),
        ("utm_source=newsletter", "", "email", ""),
        ("utm_source=partner", "", "unknown", ""),
        ("utm_campaign=spring", "", "unknown", ""),
        ("utm_source=&utm_medium=", "", "direct", ""),
        ("utm_source=partner", "https://www.google.com/", "search", "google"),
        ("fbclid=1", "", "social", "facebook"),
        ("fbclid=", "https://www.instagram.com/", "social", "facebook"),
        ("utm_source=ig&fbclid=", "", "social", "instagram"),
        ("fbclid=1&utm_medium=cpc", "", "paid", ""),
        ("srsltid=", "https://www.google.com/", "search", "google"),
        ("mc_eid=", "", "email", "mailchimp"),
        ("awc=", "https://www.awin1.com/", "referral", "awin"),
        ("xgclid=1", "", "direct", ""),
    ]);
}

#[test]
fn a_medium_is_known_by_its_words() {
    let rows = [
        ("paid", "cpc ppc PaidSearch paid_social paid-media display retargeting non-brand/cpc social-ads ad"),
        ("email", "email e-mail e_mail e+mail mail newsletter email_newsletter transactional-email"),
        ("social", "social social-media social_network organic_social sm"),
        ("search", "organic search organic-search seo"),
        ("referral", "referral affiliate affiliates affiliate-network link"),
        ("ai", "ai ai-search llm chatbot"),
        ("unknown", "unpaid non-paid download sms qr print push cpcx"),
    ];
    for (channel, mediums) in rows {
        for medium in mediums.split(' ') {
            assert_eq!(of(&format!("utm_medium={medium}"), "").0, channel, "{medium}");
        }
    }
}

#[test]
fn a_source_is_a_host_or_a_name_and_what_it_was_used_for() {
    check(&[
        ("utm_source=www.facebook.com", "", "social", "facebook"),
        ("utm_source=fb", "", "social", "facebook"),
        ("utm_source=google_ads", "", "paid", "google"),
        ("utm_source=Instagram-Stories", "", "social", "instagram"),
        ("utm_source=google-my-business", "", "search", "google"),
        ("utm_source=meta&utm_medium=paid", "", "paid", "facebook"),
        ("utm_source=yahoo", "", "search", "yahoo"),
        ("utm_source=klaviyo", "", "email", "klaviyo"),
        ("utm_source=brave_new_world", "", "unknown", ""),
        ("utm_source=notgoogle.com", "", "unknown", ""),
        ("utm_source=you", "", "unknown", ""),
    ]);
}

#[test]
fn what_the_pixel_sent_is_kept() {
    let mut page = completed(&format!("{SHOP}a?utm_source=google&utm_medium=cpc#top"), "");
    assert_eq!(page.path, "/a");
    assert_eq!(page.attribution.utm_source.as_deref(), Some("google"));
    assert_eq!(page.attribution.utm_campaign, None);
    let (path, source, channel) = ("/other".to_owned(), Some("bing".to_owned()), "social".to_owned());
    page.path.clone_from(&path);
    page.attribution = Attribution { utm_source: source.clone(), ..Attribution::default() };
    page.channel.clone_from(&channel);
    page.platform.clear();
    complete(&mut page);
    assert_eq!(
        (page.path, page.attribution.utm_source, page.channel, page.platform),
        (path, source, channel, String::new())
    );
}

#[test]
fn a_campaign_that_the_pixel_sent_decides_on_the_channel() {
    let campaign = Attribution { utm_medium: Some("email".to_owned()), ..Attribution::default() };
    let mut page = Page { url: SHOP.to_owned(), attribution: campaign, ..Page::default() };
    complete(&mut page);
    assert_eq!(page.channel, "email");
}

#[test]
fn an_app_that_routes_behind_the_hash_is_read_there() {
    let page = completed("https://a.example/x#/cart?utm_source=bing&id=1", "");
    assert_eq!((page.path.as_str(), page.platform.as_str()), ("/x#/cart", "bing"));
    let page = completed("https://a.example/x#utm_medium=email", "");
    assert_eq!((page.path.as_str(), page.channel.as_str()), ("/x", "email"));
}

#[test]
fn a_page_without_an_address_has_no_path_and_is_not_direct() {
    for url in ["", "no address", "mailto:jane@example.org", "file:///home/jane", "https://"] {
        let page = completed(url, "");
        assert_eq!((page.path.as_str(), page.channel.as_str()), ("", "unknown"), "{url}");
    }
}

#[test]
fn of_a_click_id_only_the_name_is_left() {
    for (address, left) in [
        (
            "https://a.example/?gclid=Cj0abc&utm_source=google&fbclid=IwAR0x#/x?ScCid=7&li_fat_id=a-b",
            "https://a.example/?gclid=&utm_source=google&fbclid=#/x?ScCid=&li_fat_id=",
        ),
        ("https://a.example/?%67clid=1&_ga=2.1.3&gclid", "https://a.example/?%67clid=&_ga=&gclid"),
        ("https://a.example/gclid=1?ga=1&clid=2", "https://a.example/gclid=1?ga=1&clid=2"),
        ("", ""),
    ] {
        assert_eq!(Cut::Value.apply(address), left);
    }
}

#[test]
fn click_ids_can_go_altogether() {
    for (address, left) in [
        ("https://a.example/?gclid=1", "https://a.example/"),
        ("https://a.example/?gclid=1&x=2", "https://a.example/?x=2"),
        ("https://a.example/?x=2&gclid=1#top", "https://a.example/?x=2#top"),
        ("https://a.example/?x=2&%67clid=1&fbclid=3", "https://a.example/?x=2"),
        ("https://a.example/?q=a&#39;&gclid=1", "https://a.example/?q=a&#39;"),
        ("https://a.example/", "https://a.example/"),
    ] {
        assert_eq!(Cut::Whole.apply(address), left);
    }
}

#[test]
fn click_ids_go_from_addresses_within_addresses() {
    for (address, value, whole) in [
        ("/login?next=%2Fshop%3Fmc_eid%3D0a1b2c3d4e", "/login?next=%2Fshop%3Fmc_eid%3D", "/login?next=%2Fshop"),
        ("/login?next=/shop?mc_eid=0a1b", "/login?next=/shop?mc_eid=", "/login?next=/shop"),
        (
            "/l?u=%2Fs%3Fa%3D1%26gclid%3DCj0%26b%3D2&x=1",
            "/l?u=%2Fs%3Fa%3D1%26gclid%3D%26b%3D2&x=1",
            "/l?u=%2Fs%3Fa%3D1%26b%3D2&x=1",
        ),
        // twice and three times encoded, and in a path
        ("/l?u=%252Fs%253Fgclid%253DCj0", "/l?u=%252Fs%253Fgclid%253D", "/l?u=%252Fs"),
        ("/l?u=%25252Fs%25253F_gl%25253D1*ab", "/l?u=%25252Fs%25253F_gl%25253D", "/l?u=%25252Fs"),
        (
            "/to/https%3A%2F%2Fa.example%2F%3Ffbclid%3DIw",
            "/to/https%3A%2F%2Fa.example%2F%3Ffbclid%3D",
            "/to/https%3A%2F%2Fa.example%2F",
        ),
        // what is encoded in a value belongs to it, whatever it is
        ("/?gclid=Cj0%26x%3D1&y=2", "/?gclid=&y=2", "/?y=2"),
        ("gclid=Cj0&x=1", "gclid=&x=1", "x=1"),
        ("/?a=1&amp;gclid=Cj0&b=2", "/?a=1&amp;gclid=&b=2", "/?a=1&amp;&b=2"),
        (
            "see https://a.example/?gclid=Cj0 and \"/?x=1&fbclid=Iw\"",
            "see https://a.example/?gclid= and \"/?x=1&fbclid=\"",
            "see https://a.example/? and \"/?x=1&\"",
        ),
        ("100%25?q=%C3%A9%zz&gclid", "100%25?q=%C3%A9%zz&gclid", "100%25?q=%C3%A9%zz&gclid"),
    ] {
        assert_eq!(Cut::Value.apply(address), value);
        assert_eq!(Cut::Whole.apply(address), whole);
    }
}

proptest! {
    #[test]
    fn of_nested_ids_nothing_is_left(layers in 0..4_usize, before in "[a-z=&?#/%é]{0,6}", after in "([&#][a-z=é]{0,4})?") {
        let encode = |text: String| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let inner = (0..layers).fold(format!("{before}&gclid=SECRET{after}"), |text, _| encode(text));
        let address = format!("https://a.example/?to={inner}");
        prop_assert!(!Cut::Value.apply(&address).contains("SECRET"), "{address}");
        prop_assert!(!Cut::Whole.apply(&address).contains("SECRET"), "{address}");
    }

    #[test]
    fn no_text_is_too_odd_to_be_cut(text in "([?&#;%=a é\"]|%3[dDfF]|%26|%25|gclid|gclid=|%[0-9a-f]{2}){0,12}") {
        for cut in [Cut::Value, Cut::Whole] {
            let clean = cut.apply(&text);
            prop_assert!(clean.len() <= text.len());
        }
    }

    #[test]
    fn no_page_is_too_odd(url in any::<String>(), referrer in any::<String>()) {
        let page = completed(&url, &referrer);
        prop_assert!(!page.channel.is_empty());
    }

    #[test]
    fn no_address_is_too_odd(
        url in "(https?|ftp|android-app)?:?/{0,3}[a-z.@:\\[\\]0-9é]{0,20}/?[?#&=%a-z0-9é_+]{0,40}",
        referrer in "(https?|android-app)://[a-zé.:@-]{0,20}/?\\PC{0,10}",
    ) {
        let page = completed(&url, &referrer);
        prop_assert!(!page.channel.is_empty());
        let mut again = page.clone();
        complete(&mut again);
        prop_assert_eq!(again, page);
    }

    #[test]
    fn what_is_cut_out_leaves_no_trace_and_the_rest(before in "[a-z]{0,5}", after in "(&[ab]=[a-z&;%]{0,5}){0,2}(#[a-z]{0,5})?") {
        let address = |query: &str| format!("https://a.example/{before}?x=1{query}{after}");
        let (with, without) = (address("&gclid=abc&fbclid=d"), address(""));
        prop_assert_eq!(Cut::Whole.apply(&with), without.as_str());
        prop_assert_eq!(Cut::Whole.apply(&without), without.as_str());
    }

    #[test]
    fn emptying_is_stable_and_leaves_the_rest(url in "\\PC{0,60}", query in "(&(a|gclid|fbclid)=[a-z]{0,3}){0,4}") {
        let address = format!("{url}?x=1{query}");
        let once = Cut::Value.apply(&address).into_owned();
        prop_assert_eq!(Cut::Value.apply(&once), once.clone());
        prop_assert!(once.len() <= address.len());
    }

    #[test]
    fn what_only_ends_like_a_known_host_is_no_platform(start in "[a-z]{1,9}") {
        let host = format!("https://x{start}google.com/");
        let (channel, platform) = of("", &host);
        prop_assert_eq!((channel.as_str(), platform.as_str()), ("referral", ""));
    }
}
