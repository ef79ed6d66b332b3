//! What a form is told as: its shape and how it was filled in, never with what.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Events, Scene, ensure_numbers, ensure_says, with_scene};

const FORM: &str = "<form id=order name=ordering action='/done?x=1' method=post>
    <input id=first name=first_name><input id=mail name=email type=email>
    <input id=word name=word type=password><input id=colour name=colour data-evothesis-keep>
    <input id=news name=news type=checkbox><select id=size name=size><option>S<option>M</select>
    <input type=hidden name=csrf value=hidden-secret><button id=send>Send</button></form>";

async fn fill(tab: &local_stack::browser::Tab) -> Result<()> {
    tab.put_into("#first", "Ada").await?;
    tab.put_into("#mail", "ada@example.org").await?;
    tab.put_into("#first", "Lovelace").await?;
    tab.put_into("#word", "engine-no-1").await?;
    tab.put_into("#colour", "green").await?;
    tab.click("#news").await
}

fn shape() -> Value {
    json!({ "form_id": "order", "form_name": "ordering", "method": "post" })
}

fn put(scene: &Scene) {
    scene.page("/order", FORM);
    scene.page("/done", "Thank you");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_told_from_its_first_change_to_its_submit() -> Result<()> {
    with_scene(async |scene| {
        put(scene);
        let tab = scene.visit("/order").await?;
        fill(&tab).await?;
        tab.follow("#send").await?;
        super::ready(&tab).await?;
        let events = scene.leave(&tab).await?;
        ensure!(scene.site.asked().iter().any(|asked| asked == "POST /done?x=1"), "the form was not sent");
        let (starts, submits) = (events.data("form_start"), events.data("form_submit"));
        ensure!(starts.len() == 1 && submits.len() == 1 && !events.has("form_abandon"), "{:?}", events.kinds());
        for data in [starts[0], submits[0]] {
            ensure_says(data, &shape())?;
            ensure!(data["action"].as_str().is_some_and(|action| action.contains("/done")), "{data}");
        }
        ensure_says(submits[0], &json!({ "field_count": 6 }))?;
        let fields = submits[0]["fields"].as_array().context("no fields")?;
        ensure!(fields.len() == 6, "{fields:?}");
        let field = |name: &str| {
            fields.iter().find(|field| field["name"] == *name).with_context(|| format!("no {name} in {fields:?}"))
        };
        ensure_says(field("first_name")?, &json!({ "type": "text", "position": 0, "filled": true }))?;
        ensure_numbers(field("first_name")?, &["changes", "ms"])?;
        ensure!(field("first_name")?["changes"].as_u64() >= Some(2), "it was changed twice: {fields:?}");
        ensure_says(field("word")?, &json!({ "type": "password", "filled": true, "sensitive": true }))?;
        ensure_says(field("colour")?, &json!({ "filled": true, "sensitive": false, "value": "green" }))?;
        ensure_says(field("news")?, &json!({ "type": "checkbox", "filled": true }))?;
        for name in ["first_name", "email", "word", "news", "size"] {
            ensure!(field(name)?.get("value").is_none(), "{name} has a value: {fields:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_left_is_abandoned_at_its_last_field() -> Result<()> {
    with_scene(async |scene| {
        put(scene);
        let tab = scene.visit("/order").await?;
        tab.put_into("#first", "Ada").await?;
        tab.put_into("#mail", "ada@example.org").await?;
        let events = scene.leave(&tab).await?;
        let abandoned = events.data("form_abandon");
        ensure!(abandoned.len() == 1 && !events.has("form_submit"), "{:?}", events.kinds());
        ensure_says(abandoned[0], &shape())?;
        ensure_says(abandoned[0], &json!({ "field": "email" }))?;
        ensure_numbers(abandoned[0], &["ms"])
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submit_by_script_is_one_submit() -> Result<()> {
    with_scene(async |scene| {
        scene.site.put("/done", &[], "Thank you");
        let forms = "<form id=a action=/done target=frame><input name=x></form><form id=b target=frame action=/done><input name=y>\
             <button id=go>Go</button></form><form id=c action=/done target=frame><input name=z required></form><iframe name=frame></iframe>\
             <script>document.getElementById('b').addEventListener('submit', (event) => {
               event.preventDefault(); setTimeout(() => event.target.submit(), 10); });</script>";
        scene.page("/forms", forms);
        let tab = scene.visit("/forms").await?;
        tab.run("document.getElementById('a').submit()").await?;
        tab.click("#go").await?;
        // not valid: nothing is submitted
        tab.run("document.getElementById('c').requestSubmit(); await new Promise((done) => setTimeout(done, 100))").await?;
        let events = scene.leave(&tab).await?;
        let ids: Vec<_> = events.data("form_submit").iter().map(|data| data["form_id"].clone()).collect();
        ensure!(ids == ["a", "b"], "{ids:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_form_is_also_an_event_when_it_is_submitted() -> Result<()> {
    with_scene(async |scene| {
        let form = "<form id=f action=/ data-evothesis-event=asked data-evothesis-topic=price onsubmit='return false'>\
             <input id=q name=q><button id=go>Go</button></form>";
        scene.page("/", form);
        let tab = scene.visit("/").await?;
        tab.click("#q").await?;
        tab.click("#go").await?;
        let events = scene.leave(&tab).await?;
        let asked = events.data("asked");
        ensure!(asked.len() == 1, "once, by its submit and not by clicks in it: {:?}", events.kinds());
        ensure!(*asked[0] == json!({ "topic": "price" }), "{}", asked[0]);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_used_again_without_losing_the_focus_is_begun_again() -> Result<()> {
    with_scene(async |scene| {
        let form = "<form id=f action=/ onsubmit='return false'><input id=q name=q><button>Go</button></form>";
        scene.page("/", form);
        let tab = scene.visit("/").await?;
        tab.put_into("#q", "one").await?;
        for word in ["two", "three"] {
            tab.press("#q", "Enter").await?;
            tab.run(&format!("document.execCommand('insertText', false, '{word}')")).await?;
        }
        let events = scene.leave(&tab).await?;
        let told: Vec<_> = events.kinds().into_iter().filter(|kind| kind.starts_with("form")).collect();
        let expected = ["form_start", "form_submit", "form_start", "form_submit", "form_start", "form_abandon"];
        ensure!(told == expected, "{told:?}");
        let submits = events.data("form_submit");
        let changes: Vec<_> = submits.iter().map(|submit| submit["fields"][0]["changes"].clone()).collect();
        ensure!(changes == [1, 1], "{changes:?}");
        let spent: Vec<_> = submits.iter().filter_map(|submit| submit["fields"][0]["ms"].as_u64()).collect();
        ensure!(spent.len() == 2, "{submits:?}");
        Ok(())
    })
    .await
}
