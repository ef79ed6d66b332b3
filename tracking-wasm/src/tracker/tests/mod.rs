//! A browser of values: clock, storage and network are at hand, the pixel is told of them as page.js does it, and what it
//! writes is read with the wire's types.

mod delivery;
mod events;
mod limits;
mod model;

use std::collections::BTreeMap;

use serde_json::Value;
use wire::limits::PIXEL_STORE_BYTES;
use wire::{Event, EventBatch};

use super::*;

const NOW: i64 = 1_800_000_000_000;
const DAY: i64 = 86_400_000;
const TOKEN: &str = "v1.signed";

/// What all tabs share.
#[derive(Default)]
struct Site {
    storage: BTreeMap<String, String>,
    /// So that all random digits differ.
    counter: u64,
}

/// What all tabs know.
struct EdgeState {
    dropped: i64,
    token: &'static [u8],
}

/// One page load.
struct Tab {
    tracker: Box<Tracker>,
    now: i64,
    t: i64,
    /// Until `beat` is due, as it was said last.
    wait: i64,
    /// It is time to send.
    is_turn: bool,
    /// It was left, and will not come back.
    is_gone: bool,
    /// A page is open, and its end not told.
    is_open: bool,
}

/// A batch that is sent.
#[derive(Debug)]
struct Sent {
    key: String,
    body: String,
    batch: EventBatch,
}

/// What page.js reads of an answer.
#[derive(Clone, Copy, Debug)]
struct Reply {
    status: i64,
    retry_after: i64,
    /// 0 when the answer is not the edge's.
    now: i64,
    token: &'static str,
    /// Of the events whose ids are refused for their time.
    refused: &'static [i64],
}

const fn failed(status: i64) -> Reply {
    Reply { status, retry_after: 0, now: 0, token: "", refused: &[] }
}

impl Site {
    fn open(&mut self) -> Tab {
        self.open_at(NOW, "unknown", "storage")
    }

    fn open_at(&mut self, now: i64, consent: &str, mode: &str) -> Tab {
        let mut tab = Tab {
            tracker: Box::new(Tracker::NEW),
            now,
            t: 0,
            wait: -1,
            is_turn: false,
            is_gone: false,
            is_open: false,
        };
        tab.mode(self, consent, mode);
        tab.show(self, "navigate", "https://a.example/", "");
        tab
    }

    /// What all tabs share: the state and the token.
    fn shared(&self) -> String {
        ["evothesis:state", "evothesis:token"].map(|key| self.storage.get(key).map_or("", String::as_str)).join(" ")
    }

    fn dump(&self) -> String {
        let batches = self.storage.iter().filter(|(key, _)| key.as_bytes().starts_with(BATCH_KEY));
        batches.fold(self.shared() + "\u{1e}", |text, (key, value)| text + key + "\n" + value + "\u{1e}")
    }

    fn batches(&self) -> Vec<&str> {
        let is_batch = |key: &str| key.as_bytes().starts_with(BATCH_KEY);
        self.storage.iter().filter(|(key, _)| is_batch(key)).map(|(_, value)| value.as_str()).collect()
    }

    fn bytes(&self) -> usize {
        self.storage.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    fn state(&self) -> EdgeState {
        let mut m = Box::new(Memory::NEW);
        m.read_state(self.shared().as_bytes());
        let token = m.text(crate::text::TOKEN).to_vec().leak();
        EdgeState { dropped: m.numbers[DROPPED], token }
    }
}

impl Tab {
    /// Says something as documented on [`Tracker::tell`], and does what the answer says. Gives its records.
    fn tell(&mut self, site: &mut Site, what: &str, lines: &[&str], sections: &[&str]) -> Vec<(String, String)> {
        site.counter += 1;
        let digits = site.counter.wrapping_mul(0x9E37_79B9_7F4A_7C15) << 4 >> 4;
        let mut input = format!("{what} {} {} {digits:015x}", self.now, self.t);
        for line in lines {
            input = input + "\n" + line;
        }
        for section in sections {
            input = input + "\u{1f}" + section;
        }
        let answer = str::from_utf8(self.tracker.tell(input.as_bytes())).expect("UTF-8").to_owned();
        let (records, wait) = answer.rsplit_once('\u{1e}').unwrap_or(("", &answer));
        self.wait = wait.parse().expect("a number");
        let split = |record: &str| record.split_once('\n').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let records: Vec<_> = records.split_terminator('\u{1e}').map(|record| split(record).expect("a key")).collect();
        for (key, value) in &records {
            match key.as_str() {
                "turn" => self.is_turn = true,
                _ if value.is_empty() => drop(site.storage.remove(key)),
                _ => drop(site.storage.insert(key.clone(), value.clone())),
            }
        }
        records
    }

    fn mode(&mut self, site: &mut Site, consent: &str, mode: &str) {
        let storage = site.dump();
        let cookieless = if mode == "cookieless" { "\"cookieless\":true," } else { "" };
        self.tell(site, "mode", &[&format!("{cookieless}\"consent\":\"{consent}\"")], &[&storage]);
    }

    fn show(&mut self, site: &mut Site, navigation: &str, url: &str, referrer: &str) {
        self.exit(site);
        self.is_open = true;
        let [url, referrer] = [url, referrer].map(Value::from);
        let page = format!("\"url\":{url},\"path\":\"/\",\"referrer\":{referrer},\"title\":\"Title\"");
        self.tell(site, "page", &["pageview", &format!("\"navigation\":\"{navigation}\""), &page], &[]);
    }

    /// The page is left, as page.js tells it.
    fn exit(&mut self, site: &mut Site) {
        if std::mem::take(&mut self.is_open) {
            self.track(site, "page_exit", "\"ms\":0,\"engaged_ms\":0,\"depth\":0");
        }
    }

    fn track(&mut self, site: &mut Site, name: &str, facts: &str) {
        self.tell(site, "track", &[name, facts], &[]);
    }

    fn click(&mut self, site: &mut Site, should_react: bool) {
        self.click_with(site, should_react, "\"x\":3");
    }

    /// As page.js tells it: with room for the mark.
    fn click_with(&mut self, site: &mut Site, should_react: bool, facts: &str) {
        let what = if should_react { "click" } else { "track" };
        let room = if should_react { " ".repeat(DEAD.len()) } else { String::new() };
        self.tell(site, what, &["click", &(facts.to_owned() + &room)], &[]);
    }

    fn pass(&mut self, ms: i64) {
        self.t += ms;
        self.now += ms;
    }

    fn beat(&mut self, site: &mut Site) {
        let storage = site.dump();
        self.tell(site, "beat", &[], &[&storage]);
    }

    fn leave(&mut self, site: &mut Site, gone: bool) {
        self.is_gone = gone;
        self.exit(site);
        let storage = site.dump();
        self.tell(site, "leave", &[&gone.to_string()], &[&storage]);
    }

    fn online(&mut self, site: &mut Site) {
        self.tell(site, "online", &[], &[]);
    }

    fn next(&mut self, site: &mut Site, leaving: bool) -> Option<Sent> {
        let storage = site.dump();
        let records = self.tell(site, "next", &[&leaving.to_string(), &self.is_gone.to_string()], &[&storage]);
        records.last().map(|(key, value)| Sent::new(key, value))
    }

    fn reply(&mut self, site: &mut Site, sent: &Sent, reply: Reply) {
        let Reply { status, retry_after, now, token, refused } = reply;
        let [status, retry_after, now] = [status, retry_after, now].map(|number| number.to_string());
        let mended = sent.mended(refused, reply.now);
        let storage = site.dump();
        self.tell(site, "reply", &[&sent.key, &status, &retry_after, &now, token], &[&storage, &mended]);
    }

    fn ok(&self) -> Reply {
        Reply { status: 200, retry_after: 0, now: self.now, token: TOKEN, refused: &[] }
    }

    /// What the edge answers: it gives no token to who is not to be known.
    fn ok_to(&self, batch: &EventBatch) -> Reply {
        Reply { token: if batch.cookieless { "" } else { TOKEN }, ..self.ok() }
    }

    /// Does what is due, and sends all there is to an edge that takes it.
    fn deliver(&mut self, site: &mut Site) -> Vec<EventBatch> {
        let mut batches = Vec::new();
        self.beat(site);
        while std::mem::take(&mut self.is_turn) {
            while let Some(sent) = self.next(site, false) {
                self.reply(site, &sent, self.ok_to(&sent.batch));
                self.beat(site);
                batches.push(sent.batch);
            }
            self.beat(site);
        }
        batches
    }

    /// What has happened since, as it comes out when the page is hidden.
    fn events(&mut self, site: &mut Site) -> Vec<(String, Value)> {
        self.leave(site, false);
        let batches = self.deliver(site);
        batches.iter().flat_map(events).map(|event| (event.kind.clone(), data(&event))).collect()
    }
}

impl Sent {
    /// Of a batch in storage, as sending.js does it.
    fn new(key: &str, value: &str) -> Self {
        let (head, body) = value.split_once('\n').expect("a body");
        let [_, lost, _] = head.split(' ').collect::<Vec<_>>().try_into().expect("three parts");
        assert!(body.len() <= BATCH_BYTES, "{} bytes", body.len());
        let mut batch: EventBatch = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        // both say that there is none
        batch.token = batch.token.filter(|token| !token.is_empty());
        assert_eq!(lost, (batch.events.len() + batch.dropped as usize).to_string());
        assert!(key.ends_with(&batch.batch_id.to_string()));
        Self { key: key.to_owned(), body: body.to_owned(), batch }
    }

    /// A record with these of its events, under other ids: see `mend.js`, where they are told apart.
    fn mended(&self, refused: &[i64], now: i64) -> String {
        let id = |id: &str| format!("{:08x}-{:04x}{}", now >> 16, now & 0xffff, &id[13..]);
        let lines: Vec<_> = self.body.lines().collect();
        let mut events = Vec::new();
        for line in &lines[1..lines.len() - 1] {
            let event: Value = serde_json::from_str(line.trim_end_matches(',')).expect("an event");
            if event["seq"].as_i64().is_some_and(|seq| refused.contains(&seq)) {
                let old = event["id"].as_str().expect("an id");
                events.push(line.trim_end_matches(',').replace(old, &id(old)));
            }
        }
        if events.is_empty() {
            return String::new();
        }
        let old = self.batch.batch_id.to_string();
        let (_, head) = lines[0].split_once(&old).expect("its id");
        let (new, count, events) = (id(&old), events.len(), events.join(",\n"));
        format!("evothesis:b:{new}\n0 {count} 1\n\"batch_id\":\"{new}{head}\n{events}\n]}}\x1e")
    }
}

/// The inside of the JSON string.
fn inside(text: &str) -> String {
    let json = Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

fn events(batch: &EventBatch) -> Vec<Event> {
    batch.events.iter().map(|event| serde_json::from_str(event.get()).expect("an event")).collect()
}

fn data(event: &Event) -> Value {
    serde_json::from_str(event.data.get()).expect("JSON")
}

fn seqs(batches: &[EventBatch]) -> Vec<u32> {
    batches.iter().flat_map(events).map(|event| event.seq).collect()
}

fn number_of(batches: &[EventBatch]) -> (usize, u32) {
    (batches.iter().map(|batch| batch.events.len()).sum(), batches.iter().map(|batch| batch.dropped).sum())
}
