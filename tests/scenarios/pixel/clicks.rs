//! What a click is told as: on what, where, and where to.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Events, HOST, ensure_numbers, ensure_says, lapse, with_scene};
use crate::fixture::now_ms;

/// What is clicked, and what has to be said of it.
fn clickable() -> Vec<(&'static str, Value, Value)> {
    let link = |kind: &str| json!({ "link": kind });
    vec![
        ("<a id=c0 href='/next'>Read on</a>", json!({ "tag": "a", "text": "Read on" }), link("internal")),
        ("<a id=c1 href='https://other.example/x'><span>Away</span></a>", json!({ "text": "Away" }), link("outbound")),
        ("<a id=c2 href='/f/report.pdf'>Report</a>", json!({}), json!({ "link": "download", "file_type": "pdf" })),
        ("<a id=c3 download='a.zip' href='/get'>Get</a>", json!({}), link("download")),
        ("<a id=c4 href='mailto:jane@example.org'>Write</a>", json!({ "href": "mailto:" }), link("mailto")),
        ("<a id=c5 href='tel:+41791234567'>Call</a>", json!({ "href": "tel:" }), link("tel")),
        ("<a id=c6 href='#part'>Down</a>", json!({}), link("anchor")),
        (
            "<button id=c7 class='big red' aria-label='Close it'>x</button>",
            json!({ "tag": "button", "text": "Close it", "classes": "big red" }),
            json!({}),
        ),
        (
            "<span id=l8>Named elsewhere</span><button id=c8 aria-labelledby=l8>y</button>",
            json!({ "text": "Named elsewhere" }),
            json!({}),
        ),
        (
            "<a id=c9 href='/n'><img alt='A leaf' width=9 height=9></a>",
            json!({ "tag": "a", "text": "A leaf" }),
            link("internal"),
        ),
        (
            "<div id=c10 role=button>Pressed</div>",
            json!({ "tag": "div", "role": "button", "text": "Pressed" }),
            json!({}),
        ),
        (
            "<button id=c11><svg width=9 height=9><title>Basket</title><rect width=9 height=9 /></svg></button>",
            json!({ "tag": "button", "text": "Basket" }),
            json!({}),
        ),
        ("<input id=c12 type=submit value='Send it'>", json!({ "tag": "input", "text": null }), json!({})),
    ]
}

const KEEP_HERE: &str = "<script>addEventListener('click', (event) => event.preventDefault())</script>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_says_on_what_and_where_to() -> Result<()> {
    with_scene(async |scene| {
        let body: String = clickable().iter().map(|(html, ..)| *html).collect::<Vec<_>>().join("<p>");
        scene.page("/", &format!("{KEEP_HERE}{body}<div id=part></div>"));
        let tab = scene.visit("/").await?;
        for index in 0..clickable().len() {
            tab.click(&format!("#c{index}")).await?;
        }
        let events = scene.leave(&tab).await?;
        let clicks = events.data("click");
        ensure!(clicks.len() == clickable().len(), "{} clicks: {clicks:?}", clicks.len());
        let mut failures = Vec::new();
        for (index, (html, element, data)) in clickable().into_iter().enumerate() {
            let id = format!("c{index}");
            let click = clicks.iter().find(|click| click["element"]["id"] == *id);
            let click = click.with_context(|| format!("no click on {html}: {clicks:?}"))?;
            for said in [ensure_says(&click["element"], &element), ensure_says(click, &data)] {
                failures.extend(said.err().map(|error| format!("{html}: {error}")));
            }
            ensure_numbers(click, &["x", "y", "page_x", "page_y", "percent_x", "percent_y"])?;
            ensure!(click["element"]["selector"] == format!("#{id}"), "{click}");
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        let link = &clicks[0]["element"]["href"];
        ensure!(link == &json!("/next") || *link == scene.site.address(HOST, "/next"), "{link}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_says_where_on_the_page_it_was() -> Result<()> {
    with_scene(async |scene| {
        let body = "<div style='height:3000px;position:relative'>\
                    <button id=b style='position:absolute;top:2000px;left:100px;width:200px;height:100px'>B</button></div>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        tab.run("addEventListener('click', (e) => { window.seen = [e.clientX, e.clientY, e.pageX, e.pageY, \
                 e.pageX / document.documentElement.scrollWidth * 100, e.pageY / document.documentElement.scrollHeight * 100]; })")
            .await?;
        tab.click_on("document.getElementById('b')").await?;
        let seen = tab.evaluate::<Vec<f64>>("seen").await?;
        let events = scene.leave(&tab).await?;
        let click = events.data("click").first().copied().context("no click")?;
        for (key, seen) in ["x", "y", "page_x", "page_y", "percent_x", "percent_y"].into_iter().zip(seen) {
            let told = click[key].as_f64().with_context(|| format!("{key} is {}", click[key]))?;
            ensure!((told - seen).abs() <= 1.0, "{key} is {told}, the page saw {seen}");
        }
        Ok(())
    })
    .await
}

/// Clicks as soon as the pixel runs, on a page whose layout is not told.
const EARLY: &str = "window.ResizeObserver = class { observe() {} };
    const wait = setInterval(() => {
      if (!window.evothesis?.ready) return;
      clearInterval(wait);
      document.body.dispatchEvent(new MouseEvent('click', { clientX: innerWidth / 4 }));
      window.isClicked = true;
    });";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_before_the_first_layout_says_where_it_was() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/", "A page");
        let tab = scene.visit_prepared(EARLY, "/").await?;
        tab.until("window.isClicked").await?;
        let events = scene.leave(&tab).await?;
        let click = events.data("click").first().copied().context("no click")?;
        ensure!(click["percent_x"].as_f64().is_some_and(|percent| (24.0..=26.0).contains(&percent)), "{click}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyboard_clicks_too_and_a_declared_event_comes_with_it() -> Result<()> {
    with_scene(async |scene| {
        let body = format!(
            "{KEEP_HERE}<button id=plain>Plain</button>\
             <div data-evothesis-event=plan_chosen data-evothesis-plan=pro data-evothesis-plan-size=10>\
             <button id=inner>Choose</button></div>\
             <a id=bad href=/x data-evothesis-event='No Name'>Bad</a>"
        );
        scene.page("/", &body);
        let tab = scene.visit("/").await?;
        tab.press("#plain", "Enter").await?;
        tab.click("#inner").await?;
        tab.click("#bad").await?;
        let events = scene.leave(&tab).await?;
        let clicked: Vec<_> = events.data("click").iter().map(|click| click["element"]["id"].clone()).collect();
        ensure!(clicked == ["plain", "inner", "bad"], "{clicked:?}");
        let chosen = events.data("plan_chosen");
        ensure!(chosen.len() == 1, "{:?}", events.kinds());
        let (long, short) = (json!({ "plan": "pro", "plan_size": "10" }), json!({ "plan": "pro", "planSize": "10" }));
        let dashed = json!({ "plan": "pro", "plan-size": "10" });
        ensure!([&long, &short, &dashed].contains(&chosen[0]), "{}", chosen[0]);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_in_anger_and_clicks_in_vain_are_marked() -> Result<()> {
    with_scene(async |scene| {
        let body = "<button id=dead>Nothing happens</button>\
             <button id=live onclick=\"document.body.append(document.createElement('hr'))\">Adds</button>\
             <div style='height:50px'></div><button id=rage>Nothing either</button><p id=host></p>\
             <script>const tree = host.attachShadow({ mode: 'open' }); tree.innerHTML = '<button id=inner>0</button>';\
             tree.firstChild.onclick = ({ target }) => { target.textContent = 1 }</script>";
        scene.page("/", body);
        let tab = scene.visit_prepared(&lapse(now_ms(), 10), "/").await?;
        let pause = "await new Promise((done) => setTimeout(done, 8000))";
        for id in ["#dead", "#live"] {
            tab.click(id).await?;
            tab.run(pause).await?;
        }
        tab.click_on("document.getElementById('host').shadowRoot.firstChild").await?;
        tab.run(pause).await?;
        // four within one of the page's seconds
        tab.run(
            "for (let i = 0; i < 4; i++) document.getElementById('rage').dispatchEvent(\
                 new MouseEvent('click', { bubbles: true, composed: true, detail: i + 1, clientX: 20, clientY: 120 }))",
        )
        .await?;
        tab.run(pause).await?;
        let events = scene.leave(&tab).await?;
        let clicks = events.data("click");
        let of = |id: &str| clicks.iter().filter(|click| click["element"]["id"] == *id).collect::<Vec<_>>();
        ensure!(of("dead").iter().all(|click| click["dead"] == true) && of("dead").len() == 1, "{:?}", of("dead"));
        ensure!(
            of("live").iter().all(|click| click.get("dead").is_none()) && of("live").len() == 1,
            "{:?}",
            of("live")
        );
        ensure!(of("inner").len() == 1 && of("inner")[0].get("dead").is_none(), "{:?}", of("inner"));
        ensure!(of("rage").len() == 4 && of("rage").iter().any(|click| click["rage"] == true), "{:?}", of("rage"));
        ensure!(clicks.iter().filter(|click| click["rage"] == true).count() < 5, "{clicks:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_leads_nowhere_is_still_clicked() -> Result<()> {
    with_scene(async |scene| {
        let addresses = ["http://", "//", "http://["];
        let links: String = addresses
            .iter()
            .enumerate()
            .map(|(nth, href)| format!("<a id=c{nth} href='{href}' data-evothesis-event=went>Go</a><br>"))
            .collect::<Vec<_>>()
            .concat();
        scene.page("/", &format!("{KEEP_HERE}{links}"));
        let tab = scene.visit("/").await?;
        for nth in 0..addresses.len() {
            tab.click_on(&format!("document.getElementById('c{nth}')")).await?;
        }
        let events = scene.leave(&tab).await?;
        ensure!(events.of("click").len() == 3 && events.of("went").len() == 3, "{:?}", events.kinds());
        ensure!(events.data("click").iter().all(|click| click.get("link").is_none()), "{:?}", events.data("click"));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_a_label_is_one_click() -> Result<()> {
    with_scene(async |scene| {
        let body = "<label id=l1><span id=s1>Agree</span> <input id=i1 type=checkbox></label>
            <label id=l2 for=i2>Pro</label><input id=i2 type=radio name=plan data-evothesis-event=plan_chosen>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        for id in ["#s1", "#i1", "#l2"] {
            tab.click_on(&format!("document.querySelector('{id}')")).await?;
            tab.run("await new Promise((done) => setTimeout(done, 200))").await?;
        }
        ensure!(tab.evaluate::<bool>("!i1.checked && i2.checked").await?, "the site's own clicks went wrong");
        let events = scene.leave(&tab).await?;
        let clicked: Vec<_> = events.data("click").iter().map(|click| click["element"]["id"].clone()).collect();
        // what the site declares of a field is told with a click on it, whoever made it
        ensure!(clicked == ["l1", "i1", "l2", "i2"], "{clicked:?}");
        ensure!(events.of("plan_chosen").len() == 1, "{:?}", events.kinds());
        Ok(())
    })
    .await
}
