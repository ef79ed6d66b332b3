//! Tabs, an edge that fails now and then, and an account of every event.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wire::ids::UuidBytes;

use super::*;

/// A request ends after this long.
const PATIENCE_MS: i64 = 30_000;

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Taken,
    /// Taken, and the answer is lost.
    Unheard,
    NeverArrived,
    NotNow,
    Refused,
}

#[derive(Clone, Debug)]
enum Step {
    Open,
    /// So many events of so many bytes.
    Track(usize, usize, usize),
    Route(usize, u8),
    Pass(i64),
    Online(usize),
    /// The page is gone if so.
    Leave(usize, bool, Fate),
    Answer(Fate),
}

#[derive(Default)]
struct World {
    site: Site,
    tabs: Vec<Tab>,
    /// The tab whose turn it is and what it sent.
    on_its_way: Option<(usize, Sent)>,
    /// How long its request may still take, milliseconds.
    patience: i64,
    /// What the edge was sent, by the name of the batch.
    bodies: BTreeMap<UuidBytes, String>,
    taken: BTreeSet<UuidBytes>,
    reported: i64,
    /// Numbered by tabs that are gone, and lost with them.
    numbered: i64,
    lost: i64,
}

impl World {
    fn arrive(&mut self, sent: &Sent, fate: Fate) {
        let body = self.bodies.entry(*sent.batch.batch_id.as_bytes()).or_insert_with(|| sent.body.clone());
        assert_eq!(*body, sent.body, "a retry is the same to the letter");
        if matches!(fate, Fate::Taken | Fate::Unheard) {
            let events = events(&sent.batch);
            // a batch counts once
            if !events.iter().all(|event| self.taken.contains(event.id.as_bytes())) {
                self.reported += i64::from(sent.batch.dropped);
            }
            self.taken.extend(events.iter().map(|event| *event.id.as_bytes()));
        }
    }

    fn answer(&mut self, fate: Fate) {
        let Some((tab, sent)) = self.on_its_way.take() else { return };
        self.patience = NEVER;
        self.arrive(&sent, fate);
        let tab = &mut self.tabs[tab];
        let reply = match fate {
            Fate::Taken => tab.ok(),
            Fate::Unheard | Fate::NeverArrived => failed(0),
            Fate::NotNow => Reply { retry_after: 7, ..failed(429) },
            Fate::Refused => failed(422),
        };
        tab.reply(&mut self.site, &sent, reply);
        tab.beat(&mut self.site);
        tab.is_turn = true;
    }

    /// Whose turn it is sends one, as long as nothing is on its way.
    fn take_turns(&mut self) {
        for (nth, tab) in self.tabs.iter_mut().enumerate() {
            if self.on_its_way.is_none() && std::mem::take(&mut tab.is_turn) {
                self.on_its_way = tab.next(&mut self.site, false).map(|sent| (nth, sent));
                self.patience = PATIENCE_MS;
                if self.on_its_way.is_none() {
                    tab.beat(&mut self.site);
                    self.patience = NEVER;
                }
            }
        }
        assert!(self.site.bytes() <= PIXEL_STORE_BYTES, "{}", self.site.bytes());
    }

    /// Time passes, and each tab does what is due when it is.
    fn pass(&mut self, mut ms: i64) {
        for beats in 0.. {
            assert!(beats < 1_000, "it does not come to rest");
            let due = self.tabs.iter().map(|tab| tab.wait).filter(|wait| *wait >= 0).min().unwrap_or(NEVER);
            let step = due.min(self.patience.max(0)).min(ms);
            for tab in &mut self.tabs {
                tab.pass(step);
                tab.wait -= if tab.wait > 0 { step } else { 0 };
            }
            ms -= step;
            self.patience -= step;
            if self.patience == 0 {
                self.answer(Fate::NeverArrived);
            }
            for tab in self.tabs.iter_mut().filter(|tab| tab.wait == 0) {
                tab.beat(&mut self.site);
            }
            self.take_turns();
            if ms == 0 {
                break;
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let tabs = self.tabs.len();
        match *step {
            Step::Open if tabs < 4 => {
                let now = self.tabs.first().map_or(NOW, |tab| tab.now);
                self.tabs.push(self.site.open_at(now, "unknown", "storage"));
            }
            Step::Track(tab, count, bytes) => {
                for _ in 0..count {
                    self.tabs[tab % tabs].track(&mut self.site, "custom", &format!("\"a\":\"{}\"", "x".repeat(bytes)));
                }
            }
            Step::Route(tab, path) => {
                self.tabs[tab % tabs].show(&mut self.site, "pushstate", &format!("https://a.example/{path}"), "");
            }
            Step::Pass(ms) => self.pass(ms),
            Step::Online(tab) => self.tabs[tab % tabs].online(&mut self.site),
            Step::Leave(nth, gone, fate) => {
                let nth = nth % tabs;
                self.tabs[nth].leave(&mut self.site, gone);
                let all: Vec<_> = std::iter::from_fn(|| self.tabs[nth].next(&mut self.site, true)).collect();
                for sent in all {
                    self.arrive(&sent, fate);
                    if !gone {
                        self.tabs[nth].reply(&mut self.site, &sent, failed(0));
                    }
                }
                if gone && tabs > 1 && self.on_its_way.as_ref().is_none_or(|sent| sent.0 + 1 == tabs && sent.0 != nth) {
                    // the last tab may be the one that sends
                    if let Some(sent) = &mut self.on_its_way {
                        sent.0 = nth;
                    }
                    let tab = self.tabs.swap_remove(nth);
                    self.numbered += tab.tracker.m.numbers[SEQ];
                    self.lost += tab.tracker.lost;
                    let mut rest = tab.tracker.m.text(COMPLETE);
                    while !rest.is_empty() {
                        let mut record = take(&mut rest, RECORD);
                        take(&mut record, b'\n');
                        let batch = read_batch(record);
                        assert!(!batch[4].is_empty(), "a batch");
                        self.lost += lost(&batch);
                    }
                }
            }
            Step::Answer(fate) => self.answer(fate),
            Step::Open => {}
        }
        self.take_turns();
    }
}

fn fate(fates: &'static [Fate]) -> impl Strategy<Value = Fate> {
    prop::sample::select(fates)
}

fn steps(fates: &'static [Fate], left: &'static [Fate]) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(Step::Open),
        3 => (0..4_usize, 1..60_usize, 0..3_000_usize).prop_map(|(tab, count, bytes)| Step::Track(tab, count, bytes)),
        1 => (0..4_usize, 0..3_u8).prop_map(|(tab, path)| Step::Route(tab, path)),
        3 => prop::sample::select(vec![10, 1_000, 6_000, 61_000, 400_000]).prop_map(Step::Pass),
        1 => (0..4_usize).prop_map(Step::Online),
        1 => (0..4_usize, any::<bool>(), fate(left)).prop_map(|(tab, gone, fate)| Step::Leave(tab, gone, fate)),
        4 => fate(fates).prop_map(Step::Answer),
    ];
    prop::collection::vec(step, 1..40)
}

/// What was taken, what was reported or waits to be, and what was numbered.
fn run(steps: &[Step]) -> (i64, i64, i64) {
    let mut world = World { patience: NEVER, ..World::default() };
    world.step(&Step::Open);
    for step in steps {
        world.step(step);
    }
    for tab in 0..world.tabs.len() {
        world.step(&Step::Leave(tab, false, Fate::NeverArrived));
    }
    // all is well again
    for _ in 0..99 {
        world.step(&Step::Answer(Fate::Taken));
        if world.on_its_way.is_none() {
            world.pass(PATIENCE_MS - 1);
            let is_done = |tab: &Tab| tab.tracker.m.length(COMPLETE) == 0 && tab.tracker.m.numbers[COUNT] == 0;
            if world.on_its_way.is_none() && world.site.batches().is_empty() && world.tabs.iter().all(is_done) {
                break;
            }
        }
    }
    assert!(world.site.batches().is_empty() && world.on_its_way.is_none(), "everything was sent");
    let lost = world.tabs.iter().map(|tab| tab.tracker.lost).sum::<i64>() + world.lost;
    let numbered = world.tabs.iter().map(|tab| tab.tracker.m.numbers[SEQ]).sum::<i64>() + world.numbered;
    let taken = i64::try_from(world.taken.len()).expect("few");
    (taken, world.reported + world.site.state().dropped + lost, numbered)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn each_event_is_taken_or_counted_as_dropped(
        steps in steps(&[Fate::Taken, Fate::NeverArrived, Fate::NotNow, Fate::Refused], &[Fate::NeverArrived]),
    ) {
        let (taken, dropped, numbered) = run(&steps);
        prop_assert_eq!(taken + dropped, numbered);
    }

    #[test]
    fn where_answers_are_lost_too_none_goes_uncounted(
        steps in steps(&[Fate::Taken, Fate::Unheard, Fate::NeverArrived, Fate::NotNow], &[Fate::Taken, Fate::NeverArrived]),
    ) {
        let (taken, dropped, numbered) = run(&steps);
        prop_assert!(taken <= numbered && taken + dropped >= numbered, "{} {} {}", taken, dropped, numbered);
    }
}
