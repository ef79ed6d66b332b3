//! Nothing personal leaves the page: what a visitor types, what stands in addresses, what a site marks as private.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Collector, Events, ensure_says, with_scene};

/// Fields that hold what is nobody's business: how they are written, and what is put in. A site may even mark them.
const SENSITIVE: &[(&str, &str)] = &[
    ("type=password name=x1", "correct-horse"),
    ("autocomplete=one-time-code name=x2", "482917-otp"),
    ("autocomplete=cc-number name=x3", "5500 0000 0000 0004"),
    ("autocomplete='section-a billing cc-csc' name=x4", "cvc-731"),
    ("type=tel name=x5", "+41 79 123 45 67"),
    ("type=email name=x6", "jane.doe@example.org"),
    ("name=creditCardNumber", "planted-card"),
    ("name=user[password_confirmation]", "planted-ruby"),
    ("name=PASSWORT", "planted-german"),
    ("name=mot_de_passe", "planted-french"),
    ("name='contraseña'", "planted-spanish"),
    ("name=geburtsdatum", "planted-birth"),
    ("name=socialSecurityNo", "planted-social"),
    ("name=iban", "DE89 3704 0044 0532 0130 00"),
    ("name=kontonummer", "planted-account"),
    ("name=api-key", "planted-key"),
    ("name=session_token", "planted-token"),
    ("name=vorname", "planted-forename"),
    ("name=lastName", "planted-surname"),
    ("name=streetAddress", "planted-street"),
    ("name=x7 aria-label='Your password'", "planted-label"),
    ("name=x8 placeholder='Card number'", "planted-placeholder"),
    ("name=x9 style='-webkit-text-security:disc'", "planted-disc"),
    ("name=otp inputmode=numeric maxlength=1", "7"),
];

fn sent(collector: &Collector) -> String {
    collector.deliveries().into_iter().map(|delivery| delivery.body).collect::<Vec<_>>().join("\n")
}

fn ensure_nowhere(collector: &Collector, planted: &str) -> Result<()> {
    let sent = sent(collector);
    let escaped = serde_json::to_string(planted)?;
    let at = sent.find(planted).or_else(|| sent.find(escaped.trim_matches('"')));
    let around = at.map(|at| sent.get(at.saturating_sub(200)..(at + 100).min(sent.len())).unwrap_or_default());
    ensure!(at.is_none(), "{planted:?} was sent: …{}…", around.unwrap_or_default());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_stays_in_the_page_even_where_a_site_marks_it() -> Result<()> {
    with_scene(async |scene| {
        for mark in ["", "data-evothesis-keep"] {
            let fields = SENSITIVE
                .iter()
                .enumerate()
                .map(|(index, (attributes, _))| format!("<input id=s{index} {attributes} {mark}>"))
                .collect::<Vec<_>>()
                .concat();
            let rest = "<input type=hidden name=csrf_token value=planted-hidden data-evothesis-keep>
                <textarea id=area name=about></textarea><div id=editable contenteditable>&nbsp;</div>
                <input id=free name=anything>";
            let form =
                format!("<form id=f action=/ onsubmit='return false'>{fields}{rest}<button id=go>Go</button></form>");
            scene.page("/", &form);
            let tab = scene.visit("/").await?;
            for (index, (_, value)) in SENSITIVE.iter().enumerate() {
                tab.put_into(&format!("#s{index}"), value).await?;
            }
            for (id, value) in [("#area", "planted-area"), ("#editable", "planted-editable"), ("#free", "planted-free")]
            {
                tab.put_into(id, value).await?;
                tab.click(id).await?;
                tab.run(
                    "document.execCommand('selectAll'); document.execCommand('copy');
                         await new Promise((done) => setTimeout(done, 20))",
                )
                .await?;
            }
            tab.click("#go").await?;
            scene.leave(&tab).await?;
        }
        let events = scene.collector.events();
        let submits = events.data("form_submit");
        ensure!(submits.len() == 2, "{:?}", events.kinds());
        let fields = submits[1]["fields"].as_array().context("no fields")?;
        ensure!(fields.len() == SENSITIVE.len() + 2, "{} fields", fields.len());
        let open: Vec<_> = fields.iter().zip(SENSITIVE).filter(|(field, _)| field["sensitive"] != true).collect();
        ensure!(open.is_empty(), "not taken for sensitive: {open:?}");
        for (field, (attributes, value)) in fields.iter().zip(SENSITIVE) {
            ensure!(field.get("value").is_none(), "<input {attributes}> is told with its value: {field}");
            if value.len() > 3 {
                ensure_nowhere(&scene.collector, value)?;
            }
        }
        for planted in ["planted-hidden", "planted-area", "planted-editable", "planted-free"] {
            ensure_nowhere(&scene.collector, planted)?;
        }
        ensure!(
            !events.has("text_copy") && !events.has("text_select"),
            "what is written is nobody's to copy: {:?}",
            events.kinds()
        );
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_a_site_marks_is_kept_without_what_is_personal_in_it() -> Result<()> {
    with_scene(async |scene| {
        let form = "<form id=f action=/ onsubmit='return false'><input id=a name=colour data-evothesis-keep>
            <textarea id=b name=wish data-evothesis-keep></textarea>
            <select name=size data-evothesis-keep><option selected>M<option>L</select><button id=go>Go</button></form>";
        scene.page("/", form);
        let tab = scene.visit("/").await?;
        tab.put_into("#a", "dark green").await?;
        tab.put_into("#b", "call me: kim@example.net").await?;
        tab.click("#go").await?;
        let events = scene.leave(&tab).await?;
        let fields = events.data("form_submit").first().context("no submit")?["fields"].clone();
        ensure_says(&fields[0], &json!({ "name": "colour", "value": "dark green" }))?;
        ensure_says(&fields[2], &json!({ "name": "size", "value": "M" }))?;
        ensure!(fields[1]["value"].as_str().is_some_and(|value| value.contains("call me")), "{fields}");
        ensure_nowhere(&scene.collector, "kim@example.net")
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_site_wants_ignored_never_happened() -> Result<()> {
    with_scene(async |scene| {
        let body = "<section data-evothesis-ignore><button id=b data-evothesis-event=declared>Secret</button>
            <form id=f action=/ onsubmit='return false'><input id=i name=q><button id=go>Go</button></form>
            <p id=text>A long enough secret that is not to be told</p></section>
            <form id=g action=/ onsubmit='return false'><input id=j name=open><input id=k name=closed data-evothesis-ignore>
            <button id=open>Open</button></form>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        tab.click("#b").await?;
        tab.put_into("#i", "abc").await?;
        tab.click("#go").await?;
        tab.run("getSelection().selectAllChildren(document.getElementById('text'));
                 await new Promise((done) => setTimeout(done, 1200)); document.execCommand('copy')").await?;
        tab.put_into("#k", "abc").await?;
        tab.click("#open").await?;
        let events = scene.leave(&tab).await?;
        for kind in ["declared", "text_select", "text_copy"] {
            ensure!(!events.has(kind), "{kind} was told: {:?}", events.kinds());
        }
        let clicked: Vec<_> = events.data("click").iter().map(|click| click["element"]["id"].clone()).collect();
        ensure!(clicked == ["open"], "{clicked:?}");
        let submits = events.data("form_submit");
        ensure!(submits.len() == 1 && submits[0]["form_id"] == "g", "{submits:?}");
        ensure!(!submits[0]["fields"].to_string().contains("closed"), "{}", submits[0]);
        ensure!(events.data("form_start").iter().all(|start| start["form_id"] != "f"), "{:?}", events.kinds());
        ensure_nowhere(&scene.collector, "ecret")
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_and_names_lose_what_is_personal() -> Result<()> {
    with_scene(async |scene| {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huIn0.c2lnbmF0dXJlLXBhcnQ";
        let body = format!(
            "<title>Hello mia@example.org</title><script>addEventListener('click', (e) => e.preventDefault())</script>
             <a id=a href='/reset?token=planted-reset&amp;plan=pro'>Reset</a>
             <a id=b href='/x?session={token}#access_token={token}'>Away</a>
             <a id=c href='https://jo:planted-userinfo@other.example/'>Other</a>
             <a id=d href='mailto:planted-mail@example.org?subject=planted-subject'>Mail planted-text@example.org</a>
             <button id=e aria-label='Log out planted-label@example.org'>Out</button>
             <button id='user-planted-id@example.org'>Id</button>
             <form id=f action='/go?apikey=planted-action' onsubmit='return false'><button id=go>Go</button></form>"
        );
        scene.page("/in", &body);
        let query = "?utm_source=news&email=planted-query%40example.org&password=planted-word&code=4%2F0AX4XfWhtokenshaped0123456789\
             &gclid=planted-gclid&q=shoes";
        let path = format!("/in{query}&state={token}#id_token={token}");
        let tab = scene.visit(&path).await?;
        for id in ["#a", "#b", "#c", "#d", "#e", "[id^=user]", "#go"] {
            tab.click(id).await?;
        }
        tab.run("evothesis('track', 'said', { note: 'write to planted-custom@example.org' })").await?;
        // the next page is told where it came from
        tab.run("setTimeout(() => { location.href = '/in?ref=1' }, 10)").await?;
        scene.collector.until("the next page", |events| events.of("pageview").len() == 2).await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.data("click").len() == 7, "{:?}", events.kinds());
        // what is harmless is still there
        let first = events.of("pageview")[0].page.clone();
        ensure!(first["path"] == "/in", "{first}");
        let url = first["url"].as_str().unwrap_or_default();
        ensure!(url.contains("q=shoes") && url.contains("utm_source=news"), "{url}");
        ensure!(sent(&scene.collector).contains("plan=pro"), "a harmless parameter of a link is gone");
        for planted in [token, &token[..30], "planted-", "0AX4XfWhtokenshaped", "mia@example.org"] {
            ensure_nowhere(&scene.collector, planted)?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_inside_an_address_loses_the_same() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/in", "<a id=a href='/go?next=%2Fb%3Fpassword%3Dplanted-link' onclick='return false'>Go</a>");
        let path = "/in?next=%2Fa%3Ftoken%3Dplanted-nested%26plan%3Dpro&mail=x%26reset_token%3Dplanted-twice";
        let tab = scene.visit(path).await?;
        tab.click("#a").await?;
        scene.leave(&tab).await?;
        for planted in ["planted-nested", "planted-twice", "planted-link"] {
            ensure_nowhere(&scene.collector, planted)?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_text_within_what_is_clicked_or_copied_is_not_told() -> Result<()> {
    with_scene(async |scene| {
        let body = "<p id=open>An introduction that everybody may read</p><div contenteditable>planted-diary</div>
            <p data-evothesis-ignore>planted-customer</p><p>The end</p>
            <a id=a href='#x'>Hello <b data-evothesis-ignore>planted-name</b></a>
            <button id=l aria-labelledby=who>Go</button><div id=who>For <i data-evothesis-ignore>planted-label</i></div>
            <x-field></x-field><script>customElements.define('x-field', class extends HTMLElement { connectedCallback() {
              this.attachShadow({ mode: 'open' }).innerHTML = '<input value=planted-within>'; } });</script>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        tab.click("#a").await?;
        tab.click("#l").await?;
        let copy = "await new Promise((done) => setTimeout(done, 700)); document.execCommand('copy');";
        tab.run(&format!("getSelection().selectAllChildren(document.body); {copy}")).await?;
        tab.run(&format!(
            "getSelection().removeAllRanges(); const field = document.querySelector('x-field').shadowRoot.firstChild;
             field.focus(); field.select(); {copy} field.blur();"
        ))
        .await?;
        let none = scene.collector.events();
        ensure!(!none.has("text_copy") && !none.has("text_select"), "{:?}", none.kinds());
        tab.run(&format!("getSelection().selectAllChildren(document.getElementById('open')); {copy}")).await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.of("click").len() == 2, "{:?}", events.kinds());
        let copied = events.data("text_copy");
        ensure!(copied.len() == 1 && copied[0]["preview"] == "An introduction that everybody may read", "{copied:?}");
        ensure_nowhere(&scene.collector, "planted-")
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_image_shows_is_private_where_its_place_is() -> Result<()> {
    with_scene(async |scene| {
        let image = |alt: &str| format!("<img alt={alt} width=40 height=40 src='data:,'>");
        let body = format!(
            "<button id=a><span data-evothesis-ignore>{}</span></button>
             <a id=b href='#x'><span contenteditable>{}</span></a><div contenteditable>{}</div>
             <button id=d>{}</button>",
            image("planted-ignored"),
            image("planted-within"),
            image("planted-edited").replace("<img", "<img id=c"),
            image("Basket"),
        );
        scene.page("/", &body);
        let tab = scene.visit("/").await?;
        // on the button, beside the image that is ignored
        tab.run("document.getElementById('a').click(); document.getElementById('b').click()").await?;
        tab.click("#c").await?;
        tab.click("#d").await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.of("click").len() == 4, "{:?}", events.kinds());
        ensure!(events.data("click")[3]["element"]["text"] == "Basket", "{}", events.data("click")[3]);
        ensure_nowhere(&scene.collector, "planted-")
    })
    .await
}
