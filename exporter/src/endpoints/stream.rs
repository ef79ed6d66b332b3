//! `GET /events/stream`: what is stored, as it is stored, by any exporter on the database.
//!
//! Each reader follows the segments with a position of its own and asks for the next events only once it has taken the ones
//! before. So a slow reader costs nothing but its place, and one that comes back misses nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use futures::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;
use uuid::Uuid;

use super::Services;
use super::error::ApiError;
use super::events::event_type;
use super::parameters::Parameters;
use super::problem::{Problem, Refusals};
use crate::listener::{Endless, stopped};
use crate::store::event_search::{self, StoredEvent};
use crate::store::{kind, tail};

/// Readers at once. Others are asked to come back.
pub(super) const READERS: usize = 16;
/// How long to wait when there is nothing new.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait when the database does not answer.
const TROUBLE: Duration = Duration::from_secs(2);
/// A reader is sent away after so long, and comes back where it was.
const LIFE: Duration = Duration::from_hours(1);
/// Between two signs of life.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Segments, and events of one, that are read at once.
const SEGMENTS: i64 = 20;
const EVENTS: i64 = 100;
/// The name of the header in lower case.
const LAST_EVENT_ID: &str = "last-event-id";

/// Which events are followed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `stream` reads")]
pub(super) struct StreamParameters {
    /// Of this site.
    #[param(
        min_length = 1,
        max_length = 512,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f\ufffd]+$",
        example = "shop.example.com"
    )]
    site: Option<String>,
    /// Of this type.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "pageview")]
    r#type: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/events/stream", get(stream))
}

/// Events as they are stored: server-sent events, each with a `StoredEvent` as its data.
///
/// The header `Last-Event-ID` goes on after an event, without it the stream begins now. A comment comes every 15 seconds. After
/// an hour the stream ends: come back with the last id.
#[utoipa::path(
    get,
    path = "/events/stream",
    tag = "events",
    params(
        StreamParameters,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was taken.",
            pattern = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many readers."),
        Refusals,
    )
)]
pub(super) async fn stream(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    mut parameters: Parameters,
) -> Result<impl IntoResponse, ApiError> {
    let (site, event_type) = (parameters.text("site")?, event_type(&mut parameters)?);
    parameters.finish()?;
    let from = match headers.get(LAST_EVENT_ID) {
        None => None,
        Some(id) => Some(id.to_str().ok().and_then(Position::read).ok_or_else(|| ApiError::Invalid {
            field: "Last-Event-ID".to_owned(),
            reason: "must be the id of an event of this stream".to_owned(),
        })?),
    };
    let place =
        services.readers.clone().try_acquire_owned().map_err(|_| ApiError::Busy("too many readers of the stream"))?;
    let position = match from {
        Some(position) => position,
        None => Position::at(tail::horizon(&mut *services.pools.operator.acquire().await?).await?),
    };
    let ends = Instant::now() + LIFE;
    let reader = Reader { services, site, event_type, position, waiting: VecDeque::new(), ends, _place: place };
    let events = Sse::new(unfold(reader, next)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("still here"));
    Ok((Extension(Endless), events))
}

/// Someone who follows.
struct Reader {
    services: Arc<Services>,
    site: Option<String>,
    event_type: Option<String>,
    position: Position,
    waiting: VecDeque<StoredEvent>,
    ends: Instant,
    _place: OwnedSemaphorePermit,
}

/// The next event, as soon as there is one; none when the service stops or the reader was here long enough.
async fn next(mut reader: Reader) -> Option<(Result<Event, Infallible>, Reader)> {
    let stop = reader.services.stop.clone();
    if *stop.borrow() {
        return None;
    }
    let ends = reader.ends;
    tokio::select! {
        event = reader.event() => Some((Ok(event), reader)),
        () = stopped(stop) => None,
        () = tokio::time::sleep_until(ends) => None,
    }
}

impl Reader {
    async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                // What is sent is counted by the id that is sent with it.
                let position = Position { event_id: event.event_id, ..self.position };
                if let Some(shown) = show(&event, position) {
                    return shown;
                }
            }
            match self.look().await {
                Ok(true) => {}
                Ok(false) => sleep(PAUSE).await,
                Err(error) => {
                    tracing::warn!(kind = kind(&error), "the stream of events cannot go on now");
                    sleep(TROUBLE).await;
                }
            }
        }
    }

    /// Reads on, and says whether there may be more at once.
    async fn look(&mut self) -> sqlx::Result<bool> {
        if !self.waiting.is_empty() {
            return Ok(true);
        }
        let mut connection = self.services.pools.operator.acquire().await?;
        let horizon = tail::horizon(&mut connection).await?;
        let from = (self.position.ingested_at, self.position.segment);
        let segments = tail::segments(&mut connection, from, horizon, SEGMENTS).await?;
        for segment in &segments {
            if (segment.ingested_at, segment.id) != (self.position.ingested_at, self.position.segment) {
                self.position =
                    Position { ingested_at: segment.ingested_at, segment: segment.id, event_id: Uuid::nil() };
            }
            if self.position.event_id == Uuid::max() {
                continue;
            }
            let (site, event_type) = (self.site.as_deref(), self.event_type.as_deref());
            let after = self.position.event_id;
            let events = event_search::of_segment(&mut connection, segment.id, after, site, event_type, EVENTS).await?;
            // A full page may have another behind it.
            let is_done = events.len() < usize::try_from(EVENTS).unwrap_or(usize::MAX);
            self.position.event_id =
                if is_done { Uuid::max() } else { events.last().map_or(Uuid::max(), |event| event.event_id) };
            self.waiting.extend(events);
            if !self.waiting.is_empty() {
                return Ok(true);
            }
        }
        // The first may be the one that was read before.
        Ok(segments.len() > 1)
    }
}

fn show(event: &StoredEvent, position: Position) -> Option<Event> {
    // A line feed can stand between the parts of `data`, never within a text of it.
    let json = serde_json::to_string(event).ok()?.replace(['\r', '\n'], " ");
    Some(Event::default().id(position.write()).data(json))
}

/// How far a reader is: a segment, in the order in which they are followed, and an event of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    ingested_at: DateTime<Utc>,
    segment: i64,
    event_id: Uuid,
}

impl Position {
    /// Before everything that comes from `time` on.
    fn at(time: DateTime<Utc>) -> Self {
        Self { ingested_at: time, segment: 0, event_id: Uuid::nil() }
    }

    fn write(self) -> String {
        let parts = [
            &self.ingested_at.timestamp_micros().to_be_bytes(),
            &self.segment.to_be_bytes(),
            &self.event_id.as_bytes()[..],
        ];
        URL_SAFE_NO_PAD.encode(parts.concat())
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (micros, rest) = bytes.split_first_chunk::<8>()?;
        let (segment, event_id) = rest.split_first_chunk::<8>()?;
        let micros = i64::from_be_bytes(*micros);
        // Within the years 1970 to 9999, which Postgres knows.
        let ingested_at =
            DateTime::from_timestamp_micros(micros).filter(|_| (0..253_402_300_800_000_000).contains(&micros))?;
        Some(Self { ingested_at, segment: i64::from_be_bytes(*segment), event_id: Uuid::from_slice(event_id).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_position_is_read_as_it_was_written(micros in 0..253_402_300_799_999_999_i64, segment: i64, id: u128) {
            let ingested_at = DateTime::from_timestamp_micros(micros).expect("in range");
            let position = Position { ingested_at, segment, event_id: Uuid::from_u128(id) };
            prop_assert_eq!(position.write().len(), 43);
            prop_assert_eq!(Position::read(&position.write()), Some(position));
        }

        #[test]
        fn whatever_else_is_read_is_refused_or_a_time_that_postgres_knows(text in "[A-Za-z0-9_-]{43}|.{0,60}") {
            if let Some(position) = Position::read(&text) {
                prop_assert!(position.ingested_at.timestamp() >= 0);
            }
        }
    }
}
