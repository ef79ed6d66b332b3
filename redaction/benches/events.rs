//! Redaction of realistic events, beside a copy of the same bytes and a round trip of them through `serde_json`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use redaction::{Policy, json, text};

const PAGE: &str = r#"{"url":"https://shop.example/de/produkte/jacken?utm_source=google&utm_medium=cpc&utm_campaign=spring-2024&page=2","path":"/de/produkte/jacken","title":"Jacken für Damen | Example Shop","referrer":"https://www.google.com/"}"#;
const CLICK: &str = r##"{"element":{"tag":"a","id":"product-4711","classes":["btn","btn-primary","md:w-1/2"],"role":"button","text":"In den Warenkorb","href":"https://shop.example/de/p/nike-air-max-90?color=red&size=42","selector":"#main > div:nth-child(2) > a.btn"},"position":{"viewport_x":512.5,"viewport_y":233,"page_x":512.5,"page_y":1833,"percent":43.2},"link":"internal","rage":false,"dead":false}"##;
const FORM: &str = r#"{"form":"checkout","name":"checkout-form","action":"/checkout","method":"post","fields":[{"name":"email","type":"email","position":1,"filled":true,"changes":2,"ms":4211,"sensitive":false},{"name":"password","type":"password","position":2,"filled":true,"changes":1,"ms":2311,"sensitive":true},{"name":"newsletter","type":"checkbox","position":3,"filled":false,"changes":0,"ms":0,"sensitive":false}]}"#;
const PURCHASE: &str = r#"{"order_id":"ORD-2024-118273","currency":"EUR","value":129.95,"tax":20.75,"items":[{"sku":"WH-1000XM5","name":"Kopfhörer","price":99.95,"quantity":1,"category":"Audio"},{"sku":"B07XYZ1234","name":"Kabel 2 m","price":15.0,"quantity":2,"category":"Zubehör"}],"email":"jane.doe@example.com","shipping":{"first_name":"Jane","last_name":"Doe","street":"Hauptstraße 5","zip":"10115","city":"Berlin"},"note":"Bitte klingeln, Tel. 030 12345678"}"#;

fn events(criterion: &mut Criterion) {
    let policy = Policy::default();
    let mixed = format!("[{PAGE},{CLICK},{FORM},{CLICK},{PURCHASE}]");
    for (name, input) in [("page", PAGE), ("click", CLICK), ("form", FORM), ("purchase", PURCHASE), ("2 kB", &mixed)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function("redact", |bencher| bencher.iter(|| json(&policy, black_box(input))));
        group.bench_function("serde_json there and back", |bencher| {
            bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(input)).map(|value| value.to_string()));
        });
        group.bench_function("copy", |bencher| bencher.iter(|| black_box(input).to_owned()));
        group.finish();
    }
}

/// 100 kB of what costs a scanner most; each must stay under 10 ms.
fn hostile(criterion: &mut Criterion) {
    let policy = Policy::default();
    let mut group = criterion.benchmark_group("100 kB of");
    group.throughput(Throughput::Bytes(100_000));
    for pattern in
        ["a@a@", "1 1 ", "%25", "12-34-", "password:", "電話1", "1°", "4111 ", "a=b&", "T: 0", "0 0", "key=", "a-1-"]
    {
        let input = pattern.repeat(100_000 / pattern.len());
        group.bench_function(pattern, |bencher| bencher.iter(|| text(&policy, black_box(&input))));
    }
    group.finish();
}

criterion_group!(benches, events, hostile);
criterion_main!(benches);
