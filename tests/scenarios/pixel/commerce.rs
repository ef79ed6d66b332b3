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
             evothesis('track', 'lead', {{ user_type: 'b2b', users: 3, event: 'fair', gtm: 1 }});
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
        let own = json!({ "user_type": "b2b", "users": 3, "event": "fair", "gtm": 1 });
        ensure!(events.data("lead") == [&own], "{:?}", events.data("lead"));
        for refused in ["UPPER", "1digit", "too_deep", "too_big", "round"] {
            ensure!(!events.has(refused), "{refused} came through");
        }
        // six calls that cannot be sent are counted, not hidden
        ensure!(scene.collector.dropped() == 6, "{} dropped", scene.collector.dropped());
        scene.collector.ensure_whole()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_lies_in_a_data_layer_the_sales_in_it_are_read() -> Result<()> {
    with_scene(async |scene| {
        let odd = "<script>window.dataLayer = [null, 'text', 7, undefined, () => {}, { length: 3 },
            { event: 'purchase', ecommerce: { transaction_id: 'A-1', value: null, tax: ' ', shipping: '4.90', currency: null } },
            { event: 'generate_lead', currency: 'chf', value: '5', 'gtm.uniqueEventId': 7, user_id: 'planted-id',
              user_data: { phone_number: '+41790000001', address: { first_name: 'planted-name' } } }]</script>";
        scene.page("/", odd);
        let tab = scene.visit("/").await?;
        let events = scene.leave(&tab).await?;
        let sold = json!({ "order_id": "A-1", "value": null, "tax": " ", "shipping": 4.9, "currency": null });
        ensure!(events.data("purchase") == [&sold], "{:?}", events.data("purchase"));
        ensure!(events.data("lead") == [&json!({ "currency": "CHF", "value": 5 })], "{:?}", events.data("lead"));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_layer_that_comes_long_after_the_page_is_read() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/", "<button id=b>Agree</button>");
        let tab = scene.visit("/").await?;
        tab.until("document.readyState === 'complete'").await?;
        tab.run("window.dataLayer = []; dataLayer.push({ event: 'purchase', ecommerce: { transaction_id: 'late', value: 1 } })")
            .await?;
        // a tag manager that waited for consent; the visitor goes on
        tab.run("await new Promise((done) => setTimeout(done, 1100)); dispatchEvent(new Event('x'));
                 document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab', bubbles: true }));
                 await new Promise((done) => setTimeout(done, 300))")
            .await?;
        let events = scene.leave(&tab).await?;
        let orders: Vec<_> = events.data("purchase").iter().map(|data| data["order_id"].clone()).collect();
        ensure!(orders == ["late"], "{orders:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_of_too_many_things_still_says_what_was_paid() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/", "shop");
        let tab = scene.visit("/").await?;
        tab.run(
            "const items = Array.from({ length: 60 }, (_, n) => ({ item_id: 'SKU-' + n, item_name: 'A thing of number ' + n,
               item_category: 'Things', price: 10 + n, quantity: 1 }));
             evothesis('track', 'purchase', { order_id: 'A-2', currency: 'EUR', value: 2370, items });
             evothesis('track', 'pageview', {}); evothesis('track', 'kept')",
        )
        .await?;
        let events = scene.leave(&tab).await?;
        let paid = json!({ "order_id": "A-2", "currency": "EUR", "value": 2370, "item_count": 60 });
        ensure!(events.data("purchase") == [&paid], "{:?}", events.data("purchase"));
        ensure!(events.of("pageview").len() == 1 && events.has("kept"), "a page is seen once: {:?}", events.kinds());
        Ok(())
    })
    .await
}
