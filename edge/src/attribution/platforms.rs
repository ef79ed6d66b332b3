//! The platforms that are known by their hosts, their apps and their names.

use super::channel::Channel::{self, Ai, Email, Paid, Referral, Search, Social};
use super::channel::Way;
use super::medium::is_separator;

/// A platform may have several rows: its mail is not its search. Of the hosts that fit, the longest counts. `google.*`
/// stands for `google.com`, `google.de`, `google.co.uk` and whatever is below them, every other host for itself and what is
/// below it, `app:…` for that Android app.
#[rustfmt::skip]
const PLATFORMS: &[(Channel, &str, &[&str])] = &[
    (Search, "google", &["google.*", "app:com.google.android.googlequicksearchbox"]),
    (Search, "bing", &["bing.com", "app:com.microsoft.bing"]),
    (Search, "yahoo", &["yahoo.*"]),
    (Search, "duckduckgo", &["duckduckgo.com", "app:com.duckduckgo.mobile.android"]),
    (Search, "ecosia", &["ecosia.org", "app:com.ecosia.android"]),
    (Search, "qwant", &["qwant.com", "app:com.qwant.liberty"]),
    (Search, "startpage", &["startpage.com"]),
    (Search, "brave", &["search.brave.com"]),
    (Search, "kagi", &["kagi.com"]),
    (Search, "mojeek", &["mojeek.com"]),
    (Search, "swisscows", &["swisscows.com"]),
    (Search, "metager", &["metager.de", "metager.org"]),
    (Search, "lilo.org", &["search.lilo.org"]),
    (Search, "presearch", &["presearch.com"]),
    (Search, "ask.com", &["ask.com"]),
    (Search, "aol", &["aol.*"]),
    (Search, "lycos", &["lycos.com"]),
    (Search, "dogpile", &["dogpile.com"]),
    (Search, "t-online", &["suche.t-online.de"]),
    (Search, "web.de", &["suche.web.de"]),
    (Search, "gmx", &["suche.gmx.net", "suche.gmx.de"]),
    (Search, "orange.fr", &["lemoteur.orange.fr"]),
    (Search, "sapo", &["pesquisa.sapo.pt"]),
    (Search, "uol", &["busca.uol.com.br"]),
    (Search, "onet", &["szukaj.onet.pl"]),
    (Search, "wp.pl", &["szukaj.wp.pl"]),
    (Search, "seznam", &["seznam.cz"]),
    (Search, "yandex", &["yandex.*", "ya.ru", "app:ru.yandex.searchplugin"]),
    (Search, "mail.ru", &["go.mail.ru"]),
    (Search, "rambler", &["nova.rambler.ru"]),
    (Search, "baidu", &["baidu.com", "app:com.baidu.searchbox"]),
    (Search, "sogou", &["sogou.com"]),
    (Search, "360", &["so.com"]),
    (Search, "shenma", &["sm.cn"]),
    (Search, "petal", &["petalsearch.com"]),
    (Search, "naver", &["naver.com", "app:com.nhn.android.search"]),
    (Search, "daum", &["daum.net"]),
    (Search, "goo.ne.jp", &["search.goo.ne.jp"]),
    (Search, "coccoc", &["coccoc.com"]),

    (Ai, "chatgpt", &["chatgpt.com", "chat.openai.com", "app:com.openai.chatgpt"]),
    (Ai, "perplexity", &["perplexity.ai", "app:ai.perplexity.app.android"]),
    (Ai, "claude", &["claude.ai", "app:com.anthropic.claude"]),
    (Ai, "gemini", &["gemini.google.com", "bard.google.com", "app:com.google.android.apps.bard"]),
    (Ai, "notebooklm", &["notebooklm.google.com"]),
    (Ai, "copilot", &["copilot.microsoft.com", "copilot.cloud.microsoft", "m365.cloud.microsoft", "edgeservices.bing.com", "app:com.microsoft.copilot"]),
    (Ai, "mistral", &["chat.mistral.ai"]),
    (Ai, "deepseek", &["chat.deepseek.com", "app:com.deepseek.chat"]),
    (Ai, "grok", &["grok.com", "grok.x.ai", "app:ai.x.grok"]),
    (Ai, "meta_ai", &["meta.ai"]),
    (Ai, "you.com", &["you.com"]),
    (Ai, "poe.com", &["poe.com"]),
    (Ai, "phind", &["phind.com"]),
    (Ai, "duck.ai", &["duck.ai"]),
    (Ai, "iask", &["iask.ai"]),
    (Ai, "felo", &["felo.ai"]),
    (Ai, "genspark", &["genspark.ai"]),
    (Ai, "andisearch", &["andisearch.com"]),
    (Ai, "manus.im", &["manus.im"]),
    (Ai, "qwen", &["chat.qwen.ai", "tongyi.aliyun.com"]),
    (Ai, "kimi", &["kimi.com", "kimi.moonshot.cn"]),
    (Ai, "doubao", &["doubao.com"]),
    (Ai, "ernie", &["yiyan.baidu.com", "ernie.baidu.com"]),
    (Ai, "yuanbao", &["yuanbao.tencent.com"]),
    (Ai, "clova", &["clova-x.naver.com"]),
    (Ai, "yandex_alice", &["alice.yandex.ru"]),
    (Ai, "gigachat", &["giga.chat"]),

    (Social, "facebook", &["facebook.com", "fb.com", "fb.me", "fb.watch", "app:com.facebook.katana", "app:com.facebook.lite"]),
    (Social, "messenger", &["messenger.com", "m.me", "app:com.facebook.orca"]),
    (Social, "instagram", &["instagram.com", "ig.me", "app:com.instagram.android"]),
    (Social, "threads", &["threads.net", "threads.com", "app:com.instagram.barcelona"]),
    (Social, "whatsapp", &["whatsapp.com", "wa.me", "app:com.whatsapp", "app:com.whatsapp.w4b"]),
    (Social, "linkedin", &["linkedin.com", "lnkd.in", "app:com.linkedin.android"]),
    (Social, "x", &["twitter.com", "x.com", "t.co", "app:com.twitter.android"]),
    (Social, "youtube", &["youtube.com", "youtu.be", "app:com.google.android.youtube"]),
    (Social, "tiktok", &["tiktok.com", "app:com.zhiliaoapp.musically", "app:com.ss.android.ugc.trill"]),
    (Social, "reddit", &["reddit.com", "redd.it", "app:com.reddit.frontpage"]),
    (Social, "pinterest", &["pinterest.*", "pin.it", "app:com.pinterest"]),
    (Social, "snapchat", &["snapchat.com", "app:com.snapchat.android"]),
    (Social, "telegram", &["t.me", "telegram.me", "telegram.org", "app:org.telegram.messenger"]),
    (Social, "discord", &["discord.com", "discordapp.com", "discord.gg", "app:com.discord"]),
    (Social, "bluesky", &["bsky.app", "app:xyz.blueskyweb.app"]),
    (Social, "mastodon", &["mastodon.social", "mastodon.online", "mastodon.world", "mstdn.social", "mstdn.jp", "mas.to", "fosstodon.org", "hachyderm.io", "infosec.exchange", "chaos.social", "troet.cafe", "app:org.joinmastodon.android"]),
    (Social, "quora", &["quora.com", "app:com.quora.android"]),
    (Social, "tumblr", &["tumblr.com", "umblr.com", "app:com.tumblr"]),
    (Social, "flickr", &["flickr.com"]),
    (Social, "vimeo", &["vimeo.com"]),
    (Social, "dailymotion", &["dailymotion.com"]),
    (Social, "rumble", &["rumble.com"]),
    (Social, "twitch", &["twitch.tv", "app:tv.twitch.android.app"]),
    (Social, "kick.com", &["kick.com"]),
    (Social, "truthsocial", &["truthsocial.com"]),
    (Social, "nextdoor", &["nextdoor.*"]),
    (Social, "hacker_news", &["news.ycombinator.com"]),
    (Social, "producthunt", &["producthunt.com"]),
    (Social, "xing", &["xing.com", "app:com.xing.android"]),
    (Social, "viadeo", &["viadeo.com"]),
    (Social, "wykop", &["wykop.pl"]),
    (Social, "vk", &["vk.com", "vk.ru", "app:com.vkontakte.android"]),
    (Social, "ok.ru", &["ok.ru", "odnoklassniki.ru"]),
    (Social, "line", &["line.me", "app:jp.naver.line.android"]),
    (Social, "kakao", &["kakao.com", "app:com.kakao.talk"]),
    (Social, "naver", &["blog.naver.com", "cafe.naver.com"]),
    (Social, "band.us", &["band.us"]),
    (Social, "hatena", &["b.hatena.ne.jp"]),
    (Social, "mixi", &["mixi.jp"]),
    (Social, "weibo", &["weibo.com", "weibo.cn", "t.cn"]),
    (Social, "wechat", &["wechat.com", "weixin.qq.com", "wx.qq.com", "app:com.tencent.mm"]),
    (Social, "qzone", &["qzone.qq.com"]),
    (Social, "xiaohongshu", &["xiaohongshu.com", "xhslink.com"]),
    (Social, "douyin", &["douyin.com"]),
    (Social, "bilibili", &["bilibili.com", "b23.tv"]),
    (Social, "zhihu", &["zhihu.com"]),
    (Social, "douban", &["douban.com"]),

    (Email, "gmail", &["mail.google.com", "inbox.google.com", "app:com.google.android.gm"]),
    (Email, "outlook", &["outlook.live.com", "outlook.office.com", "outlook.office365.com", "outlook.cloud.microsoft", "safelinks.protection.outlook.com", "app:com.microsoft.office.outlook"]),
    (Email, "yahoo_mail", &["mail.yahoo.com", "mail.yahoo.co.jp", "app:com.yahoo.mobile.client.android.mail"]),
    (Email, "aol_mail", &["mail.aol.com"]),
    (Email, "proton", &["mail.proton.me", "mail.protonmail.com", "app:ch.protonmail.android"]),
    (Email, "tuta", &["app.tuta.com", "mail.tutanota.com"]),
    (Email, "fastmail", &["fastmail.com"]),
    (Email, "zoho", &["mail.zoho.com", "mail.zoho.eu"]),
    (Email, "hey.com", &["app.hey.com"]),
    (Email, "superhuman", &["mail.superhuman.com"]),
    (Email, "gmx", &["deref-gmx.net", "navigator.gmx.net"]),
    (Email, "web.de", &["deref-web.de", "navigator.web.de"]),
    (Email, "t-online", &["email.t-online.de"]),
    (Email, "orange.fr", &["messagerie.orange.fr"]),
    (Email, "laposte", &["webmail.laposte.net"]),
    (Email, "libero.it", &["mail.libero.it"]),
    (Email, "onet", &["poczta.onet.pl"]),
    (Email, "wp.pl", &["poczta.wp.pl"]),
    (Email, "seznam", &["email.seznam.cz"]),
    (Email, "yandex", &["mail.yandex.*"]),
    (Email, "mail.ru", &["e.mail.ru", "touch.mail.ru"]),
    (Email, "qq", &["mail.qq.com"]),
    (Email, "163", &["mail.163.com"]),
    (Email, "naver", &["mail.naver.com"]),
    (Email, "daum", &["mail.daum.net"]),
    (Email, "mailchimp", &["mailchimp.com", "list-manage.com", "mailchi.mp", "campaign-archive.com"]),
    (Email, "campaign_monitor", &["createsend.com"]),
    (Email, "constant_contact", &["rs6.net"]),
    (Email, "sendgrid", &["sendgrid.net"]),
    (Email, "klaviyo", &["klclick.com"]),
    (Email, "hubspot", &["hubspotlinks.com"]),
    (Email, "brevo", &[]),
    (Email, "cleverreach", &["cleverreach.com"]),
    (Email, "mailerlite", &[]),
    (Email, "activecampaign", &[]),
    (Email, "marketo", &[]),

    (Paid, "google", &["doubleclick.net", "googleadservices.com", "googlesyndication.com", "adservice.google.*"]),
    (Paid, "amazon_ads", &["amazon-adsystem.com"]),
    (Paid, "criteo", &["criteo.com"]),
    (Paid, "taboola", &["taboola.com"]),
    (Paid, "outbrain", &["outbrain.com"]),
    (Paid, "xandr", &["adnxs.com"]),

    // not everything that a search engine's owner offers is its search
    (Referral, "google", &[
        "accounts.google.*", "calendar.google.com", "chat.google.com", "classroom.google.com", "docs.google.com", "drive.google.com",
        "groups.google.*", "keep.google.com", "meet.google.com", "play.google.com", "sites.google.com", "support.google.com",
    ]),
    (Referral, "yahoo", &["login.yahoo.com", "finance.yahoo.com", "news.yahoo.com", "news.yahoo.co.jp"]),
    (Referral, "slack", &["slack.com", "app:com.slack"]),
    (Referral, "teams", &["teams.microsoft.com", "teams.live.com", "teams.cloud.microsoft", "statics.teams.cdn.office.net", "app:com.microsoft.teams"]),
];

/// Other names that a `utm_source` uses.
#[rustfmt::skip]
const ALIASES: &[(&str, &str)] = &[
    ("fb", "facebook"), ("meta", "facebook"), ("facebookads", "facebook"), ("fbads", "facebook"), ("ig", "instagram"),
    ("insta", "instagram"), ("twitter", "x"), ("tw", "x"), ("li", "linkedin"), ("yt", "youtube"), ("wa", "whatsapp"),
    ("tg", "telegram"), ("bsky", "bluesky"), ("vkontakte", "vk"), ("hackernews", "hacker_news"), ("hn", "hacker_news"),
    ("adwords", "google"), ("googleads", "google"), ("gads", "google"), ("gmb", "google"), ("gbp", "google"),
    ("bingads", "bing"), ("ddg", "duckduckgo"), ("openai", "chatgpt"), ("gpt", "chatgpt"), ("sendinblue", "brevo"),
];

/// Words that may follow the name of a platform in a `utm_source`: `google_ads`, `instagram-stories`.
#[rustfmt::skip]
const AFTER_A_NAME: &[&str] = &[
    "ad", "ads", "app", "bio", "business", "cpc", "display", "feed", "group", "groups", "jobs", "lead", "leads", "link", "messenger",
    "my", "organic", "page", "paid", "pmax", "post", "posts", "ppc", "profile", "reel", "reels", "remarketing", "retargeting",
    "search", "shop", "shopping", "social", "sponsored", "stories", "story", "video",
];

/// What is known of a host as [`crate::address::Address::plain_host`] gives it.
pub(super) fn of_host(host: &str) -> Option<Way> {
    let shared = without_ending(host);
    let fits = |known: &str| match known.strip_suffix(".*") {
        Some(label) => is_under(shared, label),
        None => is_under(host, known),
    };
    let known = PLATFORMS.iter().flat_map(|(channel, name, hosts)| hosts.iter().map(|host| (*host, (*channel, *name))));
    known.filter(|(known, _)| fits(known)).max_by_key(|(known, _)| known.len()).map(|(_, way)| way)
}

/// What is known of the Android app of that package, in lower case.
pub(super) fn of_app(package: &str) -> Option<Way> {
    let is_it = |host: &str| host.strip_prefix("app:") == Some(package);
    PLATFORMS
        .iter()
        .find(|(.., hosts)| hosts.iter().any(|host| is_it(host)))
        .map(|(channel, name, _)| (*channel, *name))
}

/// What is known of a `utm_source`, in lower case: a host, a platform's name, or one with what it was used for.
pub(super) fn of_source(source: &str) -> Option<Way> {
    of_host(source.strip_suffix('.').unwrap_or(source)).or_else(|| named(source)).or_else(|| {
        let mut words = source.split(is_separator).filter(|word| !word.is_empty());
        let name = words.next()?;
        words.all(|word| AFTER_A_NAME.contains(&word)).then(|| named(name))?
    })
}

/// The platform of that name. Where it has several rows, the name stands for the first.
fn named(name: &str) -> Option<Way> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, platform)| platform);
    PLATFORMS.iter().find(|(_, platform, _)| *platform == name).map(|(channel, platform, _)| (*channel, *platform))
}

/// Whether `host` is `suffix` or ends in `.suffix`; `notgoogle.com` is not under `google.com`.
pub(super) fn is_under(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The host without the ending that countries share out: `.com`, `.de`, `.co.uk`, `.com.br`. Empty for other endings, so
/// that nobody passes for a platform by buying its name under one of them.
fn without_ending(host: &str) -> &str {
    match host.rsplit_once('.') {
        Some((rest, "com")) => rest,
        Some((rest, country)) if country.len() == 2 && country.bytes().all(|b| b.is_ascii_lowercase()) => {
            rest.strip_suffix(".co").or_else(|| rest.strip_suffix(".com")).unwrap_or(rest)
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_known_as_what_its_row_says() {
        for (channel, name, hosts) in PLATFORMS {
            for host in *hosts {
                let way = match host.strip_prefix("app:") {
                    Some(package) => of_app(package),
                    None => of_host(&host.replace(".*", ".co.uk")),
                };
                assert_eq!(way, Some((*channel, *name)), "{host}");
                assert_eq!(*host, host.to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn no_host_is_there_twice() {
        let mut hosts: Vec<_> = PLATFORMS.iter().flat_map(|(.., hosts)| *hosts).collect();
        let count = hosts.len();
        hosts.sort_unstable();
        hosts.dedup();
        assert_eq!(hosts.len(), count);
    }

    #[test]
    fn an_alias_is_of_a_platform_and_hides_none() {
        for (alias, name) in ALIASES {
            assert!(PLATFORMS.iter().any(|(_, platform, _)| platform == name), "{name}");
            assert!(PLATFORMS.iter().all(|(_, platform, _)| platform != alias), "{alias}");
        }
    }
}
