//! The hosts that are known, and what they are. `google.*` stands for `google.com`, `google.de`, `google.co.uk` and
//! whatever is below them; every other entry for itself and what is below it.

use super::channel::Channel::{self, Ai, Email, Search, Social};
use crate::address::is_under;
use crate::text::{cut, cut_last, take};

/// `host=platform` by channel. The first entry that matches counts, so what is below a host of another kind comes first.
const HOSTS: [(Channel, &str); 4] = [
    (
        Email,
        "mail.google.com=gmail com.google.android.gm=gmail outlook.live.com=outlook outlook.office.com=outlook \
        mail.yahoo.com=yahoo mail.proton.me=proton",
    ),
    (
        Ai,
        "chatgpt.com=chatgpt chat.openai.com=chatgpt perplexity.ai=perplexity claude.ai=claude gemini.google.com=gemini \
        copilot.microsoft.com=copilot chat.mistral.ai=mistral chat.deepseek.com=deepseek grok.com=grok meta.ai=meta \
        you.com=you",
    ),
    (
        Search,
        "com.google.android.googlequicksearchbox=google google.*=google bing.com=bing yahoo.*=yahoo \
        duckduckgo.com=duckduckgo ecosia.org=ecosia qwant.com=qwant startpage.com=startpage search.brave.com=brave \
        kagi.com=kagi baidu.com=baidu yandex.*=yandex naver.com=naver seznam.cz=seznam",
    ),
    (
        Social,
        "facebook.com=facebook fb.com=facebook instagram.com=instagram threads.net=threads threads.com=threads \
        linkedin.com=linkedin lnkd.in=linkedin com.linkedin.android=linkedin twitter.com=x t.co=x x.com=x \
        youtube.com=youtube youtu.be=youtube tiktok.com=tiktok reddit.com=reddit pinterest.*=pinterest \
        snapchat.com=snapchat whatsapp.com=whatsapp t.me=telegram bsky.app=bluesky mastodon.social=mastodon \
        xing.com=xing vk.com=vk",
    ),
];

/// What is known of `name`: a host, or a `utm_source`, which may also be a platform's name.
pub(super) fn known(name: &str, is_source: bool) -> Option<(Channel, &'static str)> {
    for &(channel, entries) in &HOSTS {
        let mut rest = entries;
        while !rest.is_empty() {
            let (host, platform) = cut(take(&mut rest, b' '), b'=').unwrap_or_default();
            let is_host = match host.strip_suffix(".*") {
                Some(label) => is_under(without_ending(name), label),
                None => is_under(name, host),
            };
            if is_host || (is_source && name == platform) {
                return Some((channel, platform));
            }
        }
    }
    None
}

/// The host without the ending that countries share out: `.com`, `.de`, `.co.uk`, `.com.br`. Empty for other endings, so
/// that nobody passes for a platform by buying its name under one of them.
fn without_ending(host: &str) -> &str {
    match cut_last(host, b'.') {
        Some((rest, "com")) => rest,
        Some((rest, country)) if country.len() == 2 => {
            rest.strip_suffix(".co").or_else(|| rest.strip_suffix(".com")).unwrap_or(rest)
        }
        _ => "",
    }
}
