//! The table of a measurement.

use super::cost::{Acts, Harm, Time};
use super::trackers::{NONE, OURS};
use super::visit::{MEMORY_EVENTS, Visit};
use super::{Measured, THROTTLE};
use crate::commands::bench::{median, quantile};
use crate::commands::table;

/// What the pixel promises; larger is broken. Not every figure has one.
const START_MS: f64 = 15.0;
const MEDIAN_MS: f64 = 0.05;
const P99_MS: f64 = 0.5;

/// A row: what is measured, what is promised of it, how many digits tell it, and how to find it.
type Row = (String, Option<f64>, usize, Figure);
type Figure = Box<dyn Fn(&Measured) -> f64>;

/// Prints one column for each tracker. Behind each figure but ours stands how many times ours it is.
pub(super) fn print(measured: &[Measured], runs: u32, events: u32) {
    println!("\nMain-thread time in ms on a processor {THROTTLE} times slower than this machine's, in two ways:");
    println!("  slowed  the browser slows itself down; the time that passes");
    println!("  scaled  full speed; processor time of the main thread, times {THROTTLE}");
    println!("Medians of {runs} visits each; percentiles of all {} clicks or scrolls.", runs * events);
    println!(
        "none: what the method sees where there is nothing to see; empty listeners: what it takes to be called at all."
    );
    println!("×n: so many times ours, which says more than the figures of any one machine.\n");
    let none = measured.iter().find(|one| one.tracker.name == NONE);
    let ours = measured.iter().find(|one| one.tracker.name == OURS);
    let busy = |one: &Measured| median(one.slow.iter().map(|visit| visit.busy_ms));
    let idle = none.map_or(0.0, busy);
    let mut rows = start_rows();
    rows.push((
        "all main-thread time, more than without, slowed".into(),
        None,
        0,
        Box::new(move |one| busy(one) - idle),
    ));
    rows.extend(act_rows("click", |visit| &visit.clicks));
    rows.extend(act_rows("scroll", |visit| &visit.scrolls));
    rows.extend(harm_rows());
    rows.extend(memory_rows());
    rows.extend(traffic_rows());

    let mut head = vec!["", "promised"];
    head.extend(measured.iter().map(|one| one.tracker.name));
    let cells = rows.into_iter().map(|(what, promised, digits, figure)| {
        let base = ours.map(&figure).filter(|base| *base > 0.0);
        let cell = |one: &Measured| {
            let value = figure(one);
            let is_peer = ![NONE, OURS].contains(&one.tracker.name);
            let ratio = base.filter(|_| is_peer).map(|base| format!(" ×{:.2}", value / base)).unwrap_or_default();
            let broken = if one.tracker.name == OURS && promised.is_some_and(|most| value > most) { " !" } else { "" };
            if value.is_nan() { "-".to_owned() } else { format!("{value:.digits$}{ratio}{broken}") }
        };
        let promise = promised.map_or(String::new(), |most| format!("{most}"));
        [what, promise].into_iter().chain(measured.iter().map(cell)).collect()
    });
    table::print(&head, &cells.collect::<Vec<Vec<String>>>());
    println!("\n!: more than promised");
}

/// The two ways to measure, and the visits that each takes.
type Way = (&'static str, fn(&Measured) -> &Vec<Visit>, fn(&Time) -> f64);
const WAYS: [Way; 2] =
    [("slowed", |one| &one.slow, |time| time.wall), ("scaled", |one| &one.full_speed, |time| time.scaled_cpu)];

fn start_rows() -> Vec<Row> {
    let until_ready = WAYS.map(|(way, visits, ms)| -> Row {
        let figure = move |one: &Measured| {
            median(visits(one).iter().map(|visit| visit.start.until_ready.as_ref().map_or(f64::NAN, ms)))
        };
        (format!("its code until it is ready, {way}"), Some(START_MS), 1, Box::new(figure))
    });
    let in_all = WAYS.map(|(way, visits, ms)| -> Row {
        let figure = move |one: &Measured| median(visits(one).iter().map(|visit| ms(&visit.start.in_all)));
        (format!("its code until 3 s after loading, {way}"), None, 1, Box::new(figure))
    });
    until_ready.into_iter().chain(in_all).collect()
}

fn act_rows(name: &str, acts: fn(&Visit) -> &Acts) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (way, visits, ms) in WAYS {
        for (share, word, most) in [(0.5, "median", MEDIAN_MS), (0.99, "99 of 100", P99_MS)] {
            let figure = move |one: &Measured| {
                quantile(visits(one).iter().flat_map(|visit| &acts(visit).handlers).map(ms), share)
            };
            rows.push((format!("{name}: its listeners, {word}, {way}"), Some(most), 3, Box::new(figure)));
        }
        #[expect(clippy::cast_precision_loss, reason = "a few thousand events")]
        let put_off = move |one: &Measured| {
            let of_visit = |visit| ms(&acts(visit).deferred) / acts(visit).handlers.len() as f64;
            median(visits(one).iter().map(of_visit))
        };
        rows.push((format!("{name}: what it puts off, shared out, {way}"), None, 3, Box::new(put_off)));
    }
    rows
}

fn harm_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let layouts: fn(&Harm) -> usize = |harm| harm.forced_layouts;
    let long_tasks: fn(&Harm) -> usize = |harm| harm.long_tasks;
    for (what, count) in [("styles or layouts forced", layouts), ("tasks over 50 ms because of it", long_tasks)] {
        let mut row = |part: &str, harm: fn(&Visit) -> &Harm| {
            #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
            let figure = move |one: &Measured| median(one.slow.iter().map(|visit| count(harm(visit)) as f64));
            rows.push((format!("{what}, {part}, slowed"), Some(0.0), 0, Box::new(figure) as Figure));
        };
        row("at the start", |visit| &visit.start.harm);
        row("by all clicks", |visit| &visit.clicks.harm);
        row("by all scrolls", |visit| &visit.scrolls.harm);
    }
    rows
}

fn memory_rows() -> Vec<Row> {
    let growth = |what: &str, bytes: fn(&super::Growth) -> f64| -> Row {
        let figure = move |one: &Measured| median(one.growths.iter().map(bytes)) / 1024.0;
        (format!("{what} after {MEMORY_EVENTS} events by script, more KiB"), None, 0, Box::new(figure))
    };
    vec![growth("heap", |growth| growth.heap), growth("Wasm memory", |growth| growth.wasm)]
}

fn traffic_rows() -> Vec<Row> {
    let row = |what: &str, digits, count: fn(&Visit) -> f64| -> Row {
        (what.to_owned(), None, digits, Box::new(move |one| median(one.full_speed.iter().map(count))))
    };
    #[expect(clippy::cast_precision_loss, reason = "some thousand bytes")]
    let kib = |visit: &Visit| visit.at_start.loaded_bytes as f64 / 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "some thousand bytes")]
    let posted_kib = |visit: &Visit| visit.in_use.posted_bytes as f64 / 1024.0;
    vec![
        row("files loaded", 0, |visit| f64::from(visit.at_start.loads)),
        row("KiB loaded, gzip -9", 1, kib),
        row("requests to send, at the start", 0, |visit| f64::from(visit.at_start.posts)),
        row("requests to send, in use", 0, |visit| f64::from(visit.in_use.posts)),
        row("KiB sent, in use", 1, posted_kib),
    ]
}
