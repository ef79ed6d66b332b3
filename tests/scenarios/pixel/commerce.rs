//! Sales and leads: by the site's own call, and from a data layer that was made for another tool.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Events, ensure_says, with_scene};

const ITEM: &str = "item_id: 'SKU-1', item_name: 'Aloe', item_brand: 'Fernhill', item_category: 'Plants', \
    item_variant: 'small', price: 12.5, quantity: 2";

fn item() -> Value {
    json!([{ "id": "SKU-1", "name": "Aloe", "brand": "Fernhill", "category": "Plants", "variant": "small",
             "price": 12.5, "quantity": 2 }])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_layer_is_read_from_its_first_entry_on() -> Result<()> {
    with_scene(async |scene| {
        let before = format!(
            "<script>window.dataLayer = [
               {{ event: 'page_data', user: {{ email: 'jane@example.org' }} }},
               {{ ecommerce: null }},
               {{ event: 'view_item', ecommerce: {{ currency: 'EUR', value: 12.5, items: [{{ {ITEM} }}] }} }},
             ];
             function gtag() {{ dataLayer.push(arguments); }}
             gtag('js', new Date()); gtag('config', 'G-1');
             gtag('event', 'add_to_cart', {{ currency: 'EUR', value: 25, items: [{{ {ITEM} }}] }});</script>"
        );
        scene.page_with("/", &(before + &scene.tag("")), "shop");
        let tab = scene.visit("/").await?;
        tab.run(&format!(
            "window.lengths = [dataLayer.push({{ event: 'begin_checkout', ecommerce: {{ currency: 'EUR', value: 25, items: [] }} }})];
             dataLayer.push({{ event: 'purchase', ecommerce: {{ transaction_id: 'A-1001', currency: 'EUR', value: 25,
               tax: 2, shipping: 3, coupon: 'SPRING', items: [{{ {ITEM} }}] }} }}, {{ event: 'gtm.click' }});
             gtag('event', 'remove_from_cart', {{ currency: 'EUR', value: 25, items: [{{ {ITEM} }}] }});
             gtag('event', 'refund', {{ transaction_id: 'A-1001', currency: 'EUR', value: 25 }});
             gtag('event', 'generate_lead', {{ currency: 'EUR', value: 100 }});
             gtag('event', 'sign_up', {{ method: 'mail' }});
             gtag('event', 'add_payment_info', {{ currency: 'EUR', value: 25 }});"
        ))
        .await?;
        let length = tab.evaluate::<Vec<usize>>("lengths").await?;
        ensure!(length == [7], "push() answers the new length: {length:?}");
        let events = scene.leave(&tab).await?;
        for (kind, expected) in [
            ("product_view", json!({ "currency": "EUR", "value": 12.5, "items": item() })),
            ("add_to_cart", json!({ "currency": "EUR", "value": 25, "items": item() })),
            ("remove_from_cart", json!({ "value": 25, "items": item() })),
            ("begin_checkout", json!({ "currency": "EUR", "value": 25 })),
            ("purchase", json!({ "order_id": "A-1001", "currency": "EUR", "value": 25, "items": item() })),
            ("refund", json!({ "order_id": "A-1001", "value": 25 })),
            ("lead", json!({ "currency": "EUR", "value": 100 })),
            ("signup", json!({})),
            ("checkout_progress", json!({ "value": 25 })),
        ] {
            let found = events.data(kind);
            ensure!(found.len() == 1, "{} of {kind}: {:?}", found.len(), events.kinds());
            ensure_says(found[0], &expected)?;
        }
        for other in ["page_data", "js", "config", "gtm.click", "view_item"] {
            ensure!(!events.has(other), "{other} is another tool's");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_layer_that_is_made_later_or_replaced_is_read_too() -> Result<()> {
    with_scene(async |scene| {
        let sale = |id: &str| {
            format!("dataLayer.push({{ event: 'purchase', ecommerce: {{ transaction_id: '{id}', value: 1, currency: 'EUR' }} }});")
        };
        // made at the end of the page, which the pixel may have been faster than
        scene.page("/", &format!("shop<script>window.dataLayer = window.dataLayer || []; {}</script>", sale("made")));
        let tab = scene.visit("/").await?;
        tab.until("document.readyState === 'complete'").await?;
        // as tag managers do: they take the place of push, and call the one that was there
        tab.run(&format!(
            "await new Promise((done) => setTimeout(done, 50));
             const old = dataLayer.push; dataLayer.push = function () {{ return old.apply(dataLayer, arguments); }}; {}",
            sale("replaced"),
        ))
        .await?;
        let events = scene.leave(&tab).await?;
        let orders: Vec<_> = events.data("purchase").iter().map(|data| data["order_id"].clone()).collect();
        ensure!(orders == ["made", "replaced"], "{orders:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sites_own_events_arrive_as_they_are() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/", "shop");
        let tab = scene.visit("/").await?;
        let deep = "{a:{b:{c:{d:{e:{f:{g:{}}}}}}}}";
        tab.run(&format!(
            "const data = {{ order_id: 'A-1', currency: 'EUR', value: 0.1, items: [{{ id: 'SKU-1', price: 1e21 }}] }};
             evothesis('track', 'purchase', data); data.value = 2;
             evothesis('track', 'no_data'); evothesis('track', 'video_played', {{ list: [1, null, true, 'ä\"\\n'] }});
             evothesis('track', 'deep_enough', {deep});
             evothesis('track', 'UPPER', {{}}); evothesis('track', '1digit', {{}}); evothesis('track', {{}}, {{}});
             evothesis('track', 'too_deep', {{ x: {deep} }}); evothesis('track', 'too_big', {{ x: 'y'.repeat(5000) }});
             const round = {{}}; round.round = round; evothesis('track', 'round', round);"
        ))
        .await?;
        let events = scene.collector.until("the page view", |events| events.has("pageview")).await?;
        ensure!(!events.has("round"));
        tab.go("about:blank").await?;
        scene.collector.until("the exit", |events| events.has("page_exit")).await?;
        let events = scene.collector.events();
        ensure_says(events.data("purchase")[0], &json!({ "order_id": "A-1", "value": 0.1, "currency": "EUR" }))?;
        ensure!(events.data("purchase")[0]["items"] == json!([{ "id": "SKU-1", "price": 1e21 }]));
        ensure!(events.data("no_data") == [&json!({})], "{:?}", events.data("no_data"));
        ensure!(events.data("video_played") == [&json!({ "list": [1, null, true, "ä\"\n"] })]);
        ensure!(events.of("deep_enough").len() == 1);
        for refused in ["UPPER", "1digit", "too_deep", "too_big", "round"] {
            ensure!(!events.has(refused), "{refused} came through");
        }
        // six calls that cannot be sent are counted, not hidden
        ensure!(scene.collector.dropped() == 6, "{} dropped", scene.collector.dropped());
        scene.collector.ensure_whole()
    })
    .await
}
