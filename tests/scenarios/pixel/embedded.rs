//! Shadow trees and frames: what is the site's own is seen, what is another's is left alone.

use anyhow::{Result, ensure};

use super::{Event, Events, LISTEN_FOR_ERRORS, ensure_no_errors, html, with_scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_and_a_submit_inside_a_shadow_tree_are_seen() -> Result<()> {
    with_scene(async |scene| {
        let body = "<my-box id=host></my-box><script>
            customElements.define('my-box', class extends HTMLElement {
              connectedCallback() {
                this.attachShadow({ mode: 'open' }).innerHTML =
                  '<button id=deep>Deep down</button><form id=inner onsubmit=\"return false\"><input name=q id=q><button id=go>Go</button></form>';
              }
            })</script>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        let inside = |id: &str| format!("document.getElementById('host').shadowRoot.getElementById('{id}')");
        tab.click_on(&inside("deep")).await?;
        tab.click_on(&inside("q")).await?;
        tab.run(&format!("{}.focus()", inside("q"))).await?;
        tab.run("document.execCommand('insertText', false, 'typed-in-the-shade')").await?;
        tab.click_on(&inside("go")).await?;
        let events = scene.leave(&tab).await?;
        let clicks = events.data("click");
        let deep = clicks.iter().find(|click| click["element"]["id"] == "deep");
        ensure!(deep.is_some_and(|click| click["element"]["text"] == "Deep down"), "{clicks:?}");
        let submits = events.data("form_submit");
        ensure!(submits.len() == 1 && submits[0]["form_id"] == "inner", "{:?}", events.kinds());
        ensure!(events.has("form_start"), "{:?}", events.kinds());
        let sent: String = scene.collector.deliveries().iter().map(|delivery| delivery.body.clone()).collect();
        ensure!(!sent.contains("typed-in-the-shade"), "what was typed was sent");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_the_same_site_is_part_of_the_page() -> Result<()> {
    with_scene(async |scene| {
        let inner = "<button id=deep>In a frame</button><form id=inner onsubmit='return false'><input name=q>\
             <button id=go>Go</button></form>";
        scene.site.put("/frame", &[], &html("", inner));
        scene.page("/", "<iframe id=frame src=/frame width=400 height=200></iframe>");
        let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/").await?;
        let inside = |id: &str| format!("document.getElementById('frame').contentDocument.getElementById('{id}')");
        tab.click_on(&inside("deep")).await?;
        tab.click_on(&inside("go")).await?;
        // a frame that comes later, and one that is filled anew
        tab.run("const f = document.createElement('iframe'); f.id = 'late'; f.src = '/frame'; document.body.prepend(f);
                 await new Promise((done) => { f.onload = done; }); await new Promise((done) => setTimeout(done, 1200))")
            .await?;
        tab.click_on("document.getElementById('late').contentDocument.getElementById('deep')").await?;
        ensure_no_errors(&tab).await?;
        let events = scene.leave(&tab).await?;
        let deep = events.data("click").iter().filter(|click| click["element"]["text"] == "In a frame").count();
        ensure!(deep == 2, "{deep} clicks in frames: {:?}", events.data("click"));
        ensure!(events.data("form_submit").len() == 1, "{:?}", events.kinds());
        ensure!(events.views() == ["navigate /"], "a frame is no page view: {:?}", events.views());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_another_site_is_left_alone() -> Result<()> {
    with_scene(async |scene| {
        scene.site.put("/other", &[], &html("", "<button id=b style='width:300px;height:100px'>Not ours</button>"));
        let other = scene.site.address("other.localhost", "/other");
        let body = format!(
            "<iframe id=frame src='{other}' width=400 height=200></iframe><iframe id=sealed sandbox src='/other'></iframe>
             <iframe srcdoc='<p>x' sandbox='allow-scripts'></iframe><button id=own>Ours</button>"
        );
        scene.page("/", &body);
        let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/").await?;
        tab.click_on("document.getElementById('frame')").await?;
        tab.click_on("document.getElementById('sealed')").await?;
        tab.click("#own").await?;
        ensure_no_errors(&tab).await?;
        let events = scene.leave(&tab).await?;
        let texts: Vec<_> = events.data("click").iter().map(|click| click["element"]["text"].clone()).collect();
        ensure!(texts == ["Ours"], "{texts:?}");
        let sent: String = scene.collector.deliveries().iter().map(|delivery| delivery.body.clone()).collect();
        ensure!(!sent.contains("other.localhost"), "the other site's address was sent");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_a_site_wants_ignored_is_left_alone() -> Result<()> {
    with_scene(async |scene| {
        scene.site.put("/frame", &[], &html("", "<button id=deep style='width:200px;height:50px'>planted</button>"));
        let body = "<div data-evothesis-ignore><iframe id=frame src=/frame></iframe></div><button id=own>Ours</button>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        tab.click_on("document.getElementById('frame').contentDocument.getElementById('deep')").await?;
        tab.click("#own").await?;
        let events = scene.leave(&tab).await?;
        let clicked: Vec<_> = events.data("click").iter().map(|click| click["element"]["id"].clone()).collect();
        ensure!(clicked == ["own"], "{clicked:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_with_a_pixel_of_its_own_is_counted_by_that_alone() -> Result<()> {
    with_scene(async |scene| {
        let (edge, glue) = (scene.collector.address(), scene.collector.built("glue")?);
        let glue = glue.as_str().unwrap_or_default();
        // as the npm package does it, without a global: before the page around it looks into the frame, and after
        for delay in [0, 1500] {
            let path = format!("/{delay}");
            let own = format!(
                "<script>setTimeout(async () => {{
                   const {{ start }} = await import('{edge}/{glue}');
                   await start({{ to: '{edge}/collect', mode: 'memory', isRefused: () => false }});
                   window.isReady = true;
                 }}, {delay})</script>"
            );
            let button = "<button id=deep style='width:200px;height:50px'>Deep</button>";
            scene.site.put(&format!("{path}/frame"), &[], &html(&own, button));
            scene.page(&path, &format!("<iframe id=frame src={path}/frame></iframe>"));
            let tab = scene.visit(&path).await?;
            tab.until("document.getElementById('frame').contentWindow.isReady").await?;
            tab.run("await new Promise((done) => setTimeout(done, 300))").await?;
            tab.click_on("document.getElementById('frame').contentDocument.getElementById('deep')").await?;
            tab.go("about:blank").await?;
            // the page and the frame send each for itself, in either order
            let inside = format!("{path}/frame");
            let is_there = |events: &[Event]| events.of("click").iter().any(|click| click.page["path"] == inside);
            scene.collector.until("the click in the frame", is_there).await?;
            let events = scene.arrived().await?;
            ensure!(events.of("click").iter().all(|click| click.page["path"] != path), "the page around it counted");
            tab.close().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_in_a_frame_leads_where_the_frame_says_and_a_name_is_looked_up_where_it_stands() -> Result<()> {
    with_scene(async |scene| {
        let inner = "<a id=next href=next>Next</a> <a id=part href='#part'>Part</a><i id=part></i>
             <span id=name>In the frame</span><button id=named aria-labelledby=name>x</button>
             <script>addEventListener('click', (event) => event.preventDefault())</script>";
        scene.site.put("/deep/frame", &[], &html("", inner));
        let body = "<span id=name>On the page</span><iframe id=frame src=/deep/frame width=400></iframe>
             <iframe id=written srcdoc='<a id=home href=/home onclick=\"return false\">Home</a>'></iframe>";
        scene.page("/", body);
        let tab = scene.visit("/").await?;
        for (frame, id) in [("frame", "next"), ("frame", "part"), ("frame", "named"), ("written", "home")] {
            tab.run(&format!("document.getElementById('{frame}').contentDocument.getElementById('{id}').click()"))
                .await?;
        }
        let events = scene.leave(&tab).await?;
        let clicks = events.data("click");
        ensure!(clicks.len() == 4, "{clicks:?}");
        let address = |path: &str| scene.address(path);
        for (click, (link, href)) in clicks.iter().zip([
            ("internal", address("/deep/next")),
            ("anchor", address("/deep/frame#part")),
            ("", String::new()),
            ("internal", address("/home")),
        ]) {
            let told = [&click["link"], &click["element"]["href"]].map(|said| said.as_str().unwrap_or_default());
            ensure!(told == [link, &href], "{click}, not {link} {href}");
        }
        ensure!(clicks[2]["element"]["text"] == "In the frame", "{}", clicks[2]);
        Ok(())
    })
    .await
}
