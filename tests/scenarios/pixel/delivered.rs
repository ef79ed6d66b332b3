//! What arrived: a request, its batch, its events.

use std::collections::BTreeSet;

use serde_json::Value;

/// One request that carried a batch, or should have.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// When it arrived, Unix milliseconds.
    pub(crate) at: i64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) content_type: String,
    /// To the letter.
    pub(crate) body: String,
    /// `Null` when the body is no JSON.
    pub(crate) batch: Value,
    /// Whether the collector kept it, whatever it answered.
    pub(crate) is_taken: bool,
    /// Ids of the events that were taken and not refused.
    pub(crate) accepted: BTreeSet<String>,
}

impl Delivery {
    pub(crate) fn new(at: i64, method: &str, path: &str, content_type: &str, body: String) -> Self {
        let batch = serde_json::from_str(&body).unwrap_or_default();
        let (method, path, content_type) = (method.to_owned(), path.to_owned(), content_type.to_owned());
        Self { at, method, path, content_type, body, batch, is_taken: false, accepted: BTreeSet::new() }
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.batch["events"].as_array().into_iter().flatten().map(|event| Event {
            stream: self.stream(),
            consent: text(&self.batch, "consent"),
            visitor: self.visitor(),
            id: text(event, "id"),
            seq: event["seq"].as_u64().unwrap_or(u64::MAX),
            kind: text(event, "type"),
            ts: event["ts"].as_i64().unwrap_or_default(),
            t: event["t"].as_u64().unwrap_or_default(),
            page: self.page(&event["page"]),
            data: event["data"].clone(),
        })
    }

    /// Where its events are counted: the edge gives a batch without cookies another stream.
    fn stream(&self) -> String {
        let stream = text(&self.batch, "stream_id");
        if self.is_cookieless() { format!("{stream} without cookies") } else { stream }
    }

    pub(crate) fn is_cookieless(&self) -> bool {
        self.batch["cookieless"] == true
    }

    pub(crate) fn is_granted(&self) -> bool {
        self.batch["consent"] == "granted"
    }

    /// The page that `index` names.
    fn page(&self, index: &Value) -> Value {
        let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
        index.map(|index| self.batch["pages"][index].clone()).unwrap_or_default()
    }

    /// Whose it is: the token's first part, or the visitor that the edge names after the page load.
    pub(crate) fn visitor(&self) -> String {
        let token = self.batch["token"].as_str().and_then(|token| token.split('.').next()).filter(|it| !it.is_empty());
        token.map_or_else(|| format!("visitor-{}", text(&self.batch, "stream_id")), str::to_owned)
    }
}

/// One event with what its batch says of it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) stream: String,
    pub(crate) consent: String,
    pub(crate) visitor: String,
    pub(crate) id: String,
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) ts: i64,
    pub(crate) t: u64,
    pub(crate) page: Value,
    pub(crate) data: Value,
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// What can be asked of events.
pub(crate) trait Events {
    /// Those of one type.
    fn of(&self, kind: &str) -> Vec<&Event>;
    /// The data of those of one type.
    fn data(&self, kind: &str) -> Vec<&Value>;
    /// The paths of the page views, with how they came about.
    fn views(&self) -> Vec<String>;
    /// All types, for messages.
    fn kinds(&self) -> Vec<&str>;
    /// Whether there is one of the type.
    fn has(&self, kind: &str) -> bool {
        !self.of(kind).is_empty()
    }
}

impl Events for [Event] {
    fn of(&self, kind: &str) -> Vec<&Event> {
        self.iter().filter(|event| event.kind == kind).collect()
    }

    fn data(&self, kind: &str) -> Vec<&Value> {
        self.of(kind).into_iter().map(|event| &event.data).collect()
    }

    fn views(&self) -> Vec<String> {
        let mut views = self.of("pageview");
        views.sort_by_key(|event| event.ts);
        views.iter().map(|event| format!("{} {}", text(&event.data, "navigation"), text(&event.page, "path"))).collect()
    }

    fn kinds(&self) -> Vec<&str> {
        self.iter().map(|event| event.kind.as_str()).collect()
    }
}
