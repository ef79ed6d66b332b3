//! What is exported, read back by readers that are not ours (see `tests/readers.py`), beside what Postgres holds.

use std::path::Path;
use std::process::Command;

use exporter::config::Format;
use exporter::export::Exporter;
use exporter::export::objects::row::{COLUMNS, Kind, WIDTH};
use exporter::store::Pools;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::with_database;
use crate::samples::{NOW_MS, id};
use crate::storage::Storage;

/// What has broken exports elsewhere.
const TEXTS: [&str; 26] = [
    "",
    " ",
    "plain",
    "say \"hi\"",
    "\"",
    "a,b;c\td",
    "line\nline",
    "line\r\nline",
    "\n",
    "\r",
    "\tindented",
    "'quoted'",
    "'=1",
    "=cmd()",
    "=HYPERLINK(\"http://x\")",
    "+1",
    "-5",
    "-",
    "@sum",
    "\u{ff1d}1",
    "NULL",
    "null",
    "\\N",
    "Grüße, 世界 🌍 e\u{301} \u{202e}\u{200b}\u{feff}",
    "\u{1}\u{7f}\u{85}\u{2028}",
    "1e400",
];
const TYPES: [&str; 16] = [
    "pageview",
    "click",
    "scroll_depth",
    "form_start",
    "form_submit",
    "form_abandon",
    "text_select",
    "text_copy",
    "page_visibility",
    "web_vitals",
    "page_exit",
    "product_view",
    "purchase",
    "refund",
    "lead",
    "my_own_event",
];
const DATA: [&str; 6] = [
    "{}",
    r#"{"n":9007199254740993,"m":-9007199254740993,"big":123456789012345678901234567890}"#,
    r#"{"price":9007199254740993.10,  "x": 1.50, "e": 1E+2}"#,
    "{\n  \"two\": \"lines\\n\",\r\n  \"nested\": [1, [2, {\"a\": null}]]\n}",
    r#"{"time":"2016-12-31T23:59:60Z","text":"=cmd() \ud83c\udf0d \\ \/","":""}"#,
    r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}"#,
];

/// A time in milliseconds: among others the seconds around the leap second of 2016, the epoch, and far years.
fn time(n: usize) -> Value {
    let times = [
        "2016-12-31T23:59:59.999Z",
        "2017-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2024-02-29T12:00:00.001Z",
        "2038-01-19T03:14:08Z",
        "2026-11-22T09:00:00.123456Z",
        "1999-12-31T23:59:59.999999Z",
        "2199-12-31T00:00:00Z",
    ];
    times[n % times.len()].into()
}

/// A row of `events`, as JSON with the data to the letter.
fn row(n: usize) -> String {
    let text = |by: usize| TEXTS[(n * by + by) % TEXTS.len()];
    let optional = |by: usize| if (n + by).is_multiple_of(3) { Value::Null } else { text(by).into() };
    let long = if n == 5 { "långe \"text\" ".repeat(100_000) } else { text(7).to_owned() };
    let number = u32::try_from(n).expect("few");
    let sites = ["shop.example", "a.example", "=site", "münchen.example"];
    let row = json!({
        "id": n, "event_id": id(number, NOW_MS + i64::from(number)), "event_type": TYPES[n % TYPES.len()],
        "site_id": sites[n % sites.len()],
        "visitor_id": Uuid::from_u128(n as u128 % 7), "session_id": Uuid::from_u128(n as u128 % 11),
        "session_number": n, "session_start": time(n + 1), "stream_id": Uuid::from_u128(u128::MAX - n as u128),
        "seq": u32::MAX, "t": n * 1000, "timestamp": time(n), "sent_at": time(n + 2), "received_at": time(n + 3),
        "url": long, "path": text(3), "title": text(1), "referrer": text(5), "channel": "direct", "platform": text(11),
        "utm_source": optional(1), "utm_medium": optional(2), "utm_campaign": optional(3), "utm_term": optional(4),
        "utm_content": optional(5), "utm_id": optional(6), "country": optional(7), "region": optional(8),
        "user_agent": text(9), "browser": text(13), "os": text(15), "device": text(17), "bot": optional(9),
        "ip_address": optional(10), "consent": "granted", "edge_version": "0.1.0", "redactions": { "email": n },
        "segment_id": n % 3 + 1,
    });
    let row = row.to_string();
    let without_end = row.strip_suffix('}').expect("an object");
    format!("{without_end},\"data\":{}}}", DATA[n % DATA.len()])
}

async fn store(pools: &Pools, rows: usize) {
    for segment in 1..=3 {
        sqlx::query(
            "insert into segments (id, rows, min_event_id, max_event_id, min_timestamp, max_timestamp)
            values ($1, $2, $3, $4, '1970-01-01', '2200-01-01')",
        )
        .bind(segment)
        .bind(
            i32::try_from((0..rows).filter(|n| n % 3 + 1 == usize::try_from(segment).expect("small")).count())
                .expect("few"),
        )
        .bind(id(0, NOW_MS))
        .bind(id(u32::MAX, NOW_MS + i64::from(u16::MAX)))
        .execute(&pools.export)
        .await
        .expect("a segment");
    }
    for n in 0..rows {
        sqlx::query("insert into events select * from json_populate_record(null::events, $1::json)")
            .bind(row(n))
            .execute(&pools.export)
            .await
            .unwrap_or_else(|error| panic!("row {n}: {error}"));
    }
}

/// Every row as the database has it, a JSON line each; times as texts, JSON columns as the texts that they are. The whole event
/// is that of the view.
async fn expected(pools: &Pools, with_raw: bool) -> String {
    let time = |column: &str| format!("to_char({column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    let columns = COLUMNS.iter().take(if with_raw { COLUMNS.len() } else { WIDTH });
    let columns: Vec<_> = columns
        .map(|(name, kind)| match kind {
            _ if *name == "raw_event_data" => {
                "(select raw_event_data::text from events_log where events_log.id = events.id) as raw_event_data"
                    .to_owned()
            }
            Kind::Time => format!("{} as {name}", time(name)),
            Kind::Json => format!("{name}::text as {name}"),
            _ => (*name).to_owned(),
        })
        .collect();
    let sql = format!(
        "select row_to_json(line)::text
        from (select {} from events join segments on segments.id = segment_id) as line",
        columns.join(", ")
    );
    let lines: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&pools.export).await.expect("the rows");
    lines.join("\n")
}

#[tokio::test]
async fn other_readers_find_what_was_stored() {
    ensure_readable(false).await;
}

#[tokio::test]
async fn other_readers_find_the_whole_event_where_it_is_exported_too() {
    ensure_readable(true).await;
}

async fn ensure_readable(with_raw: bool) {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = storage.config();
        config.export.formats = Format::ALL.to_vec();
        config.export.raw_event_data = with_raw;
        store(&pools, 700).await;
        let report = Exporter::new(pools.export.clone(), &config, "test".to_owned()).run().await.expect("run");
        assert_eq!((report.objects.len(), report.failures.len()), (6, 0), "{report:?}");

        let folder = tempfile::tempdir().expect("a folder");
        for key in storage.keys("example-events/") {
            let path = folder.path().join("bucket").join(key.trim_start_matches("example-events/"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, storage.get(&key).expect("there")).expect("written");
        }
        std::fs::write(folder.path().join("expected.jsonl"), expected(&pools, with_raw).await).expect("written");
        let bucket = folder.path().join("bucket");
        python(&["tests/readers.py".as_ref(), folder.path()]);
        python(&["tests/recipes.py".as_ref(), "../docs/reading-your-data.md".as_ref(), &bucket]);
    })
    .await;
}

/// Runs a program of the tests with Python and its packages.
fn python(arguments: &[&Path]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../target/tools/readers.sh");
    assert!(python.is_file(), "no Python for the tests: run `cargo xtask setup`");
    let output = Command::new(python).current_dir(root).args(arguments).output().expect("started");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(4000).collect::<String>();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}
