//! Which events of a batch may be inserted, and as what rows. Decides from values alone.

use chrono::{DateTime, Utc};
use wire::signature::WINDOW_SECONDS;
use wire::{Reason, Refused, check};

use super::decode::Batch;
use crate::store::events::EventRow;
use crate::store::pixel_drops::PixelDrop;

/// A batch, told apart: rows and refusals add up to its events.
#[derive(Debug, Default)]
pub struct Admitted<'a> {
    /// What to insert. An id may occur twice: that is found where it is found across batches.
    pub rows: Vec<EventRow<'a>>,
    /// Events that cannot be stored.
    pub refused: Vec<Refused>,
}

/// Tells a batch apart at `now`.
#[must_use]
pub fn admit(batch: &Batch, now: DateTime<Utc>) -> Admitted<'_> {
    let mut admitted = Admitted::default();
    for (index, forwarded) in batch.events.iter().enumerate() {
        match row(batch, index, now) {
            Ok(row) => admitted.rows.push(row),
            Err(reason) => {
                let seq = forwarded.event.as_ref().map(|event| event.seq);
                admitted.refused.push(Refused { seq, reason });
            }
        }
    }
    admitted
}

/// The pixel's report of events it dropped, where the batch carries one.
#[must_use]
pub fn pixel_drop(batch: &Batch) -> Option<PixelDrop<'_>> {
    (batch.dropped > 0).then(|| PixelDrop {
        batch_id: batch.batch_id,
        site_id: &batch.site_id,
        stream_id: batch.stream_id,
        visitor_id: batch.visitor_id,
        dropped: batch.dropped,
        received_at: time(batch.received_at).unwrap_or_default(),
    })
}

fn row(batch: &Batch, index: usize, now: DateTime<Utc>) -> Result<EventRow<'_>, Reason> {
    let forwarded = batch.events.get(index).ok_or(Reason::Malformed)?;
    let event = forwarded.event.as_ref().ok_or(Reason::Malformed)?;
    let check = |now| check::event(event, batch.pages.len(), now);
    // What the edge has accepted by its clock may lie further ahead of this one, by as much as signatures may.
    check(now.timestamp_millis()).or_else(|reason| match reason {
        Reason::FromTheFuture => check(now.timestamp_millis().saturating_add(WINDOW_SECONDS * 1000)),
        _ => Err(reason),
    })?;
    Ok(EventRow {
        event_id: event.id,
        event_type: &event.kind,
        site_id: &batch.site_id,
        visitor_id: batch.visitor_id,
        session_id: forwarded.session_id,
        session_number: i64::from(forwarded.session_number),
        session_start: time(forwarded.session_start)?,
        stream_id: batch.stream_id,
        seq: i64::from(event.seq),
        t: i64::from(event.t),
        timestamp: time(event.ts)?,
        sent_at: time(batch.sent_at)?,
        received_at: time(batch.received_at)?,
        page: batch.pages.get(usize::from(event.page)).ok_or(Reason::UnknownPage)?,
        country: batch.country.as_deref(),
        region: batch.region.as_deref(),
        user_agent: &batch.user_agent,
        browser: &batch.browser,
        os: &batch.os,
        device: &batch.device,
        bot: batch.bot.as_deref(),
        ip_address: batch.ip.as_deref(),
        consent: batch.consent.name(),
        edge_version: &batch.edge_version,
        redactions: serde_json::to_string(&forwarded.redactions).map_err(|_| Reason::Malformed)?,
        data: event.data.get(),
    })
}

/// Unix milliseconds as a time that Postgres, RFC 3339 and Parquet can all write.
fn time(milliseconds: i64) -> Result<DateTime<Utc>, Reason> {
    use chrono::Datelike;
    DateTime::from_timestamp_millis(milliseconds)
        .filter(|time| (1970..=9999).contains(&time.year()))
        .ok_or(Reason::BadTime)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::decode::decode;
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(NOW).expect("in range")
    }

    fn event(n: u8, change: &Value) -> Value {
        let id = wire::ids::to_text(&wire::ids::v7(NOW.unsigned_abs(), [n; 10]));
        let mut event = json!({"id": id, "seq": n, "type": "click", "ts": NOW, "t": 5, "page": 0, "data": {}});
        event.as_object_mut().expect("object").extend(change.as_object().expect("object").clone());
        json!({
            "session_id": "00000000-0000-8000-8000-000000000001", "session_number": 1, "session_start": NOW,
            "redactions": {}, "event": event,
        })
    }

    fn batch(events: &[Value]) -> Batch {
        let id = "00000000-0000-8000-8000-000000000002";
        let body = json!({
            "v": 1, "edge_version": "1", "batch_id": id, "stream_id": id, "site_id": "example.com", "visitor_id": id,
            "sent_at": NOW, "received_at": NOW, "consent": "unknown", "country": null, "region": null, "ip": null,
            "user_agent": "", "browser": "", "os": "", "device": "", "bot": null, "dropped": 3,
            "pages": [{"url": "https://example.com/a\u{0}", "path": "/a"}], "events": events,
        });
        decode(body.to_string().as_bytes()).expect("a batch")
    }

    #[test]
    fn every_event_is_a_row_or_refused() {
        let batch = batch(&[
            event(1, &json!({})),
            event(2, &json!({"type": "Not A Type"})),
            event(3, &json!({"page": 9})),
            event(4, &json!({"t": "not a number"})),
            event(5, &json!({"ts": 0, "data": {"n": 1.50}})),
        ]);
        let admitted = admit(&batch, now());
        assert_eq!(admitted.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(
            admitted.refused,
            [
                Refused { seq: Some(2), reason: Reason::BadType },
                Refused { seq: Some(3), reason: Reason::UnknownPage },
                Refused { seq: None, reason: Reason::Malformed },
            ]
        );
        assert_eq!(admitted.rows[0].page.url, "https://example.com/a\u{FFFD}");
        assert_eq!(pixel_drop(&batch).expect("reported").dropped, 3);
    }

    #[test]
    fn what_an_edge_whose_clock_is_ahead_accepts_is_admitted() {
        let ahead = |ms: i64| {
            let id = wire::ids::to_text(&wire::ids::v7((NOW + ms).unsigned_abs(), [1; 10]));
            admit(&batch(&[event(1, &json!({ "id": id }))]), now()).refused.first().map(|it| it.reason)
        };
        let latest = wire::limits::FUTURE_MS + WINDOW_SECONDS * 1000;
        assert_eq!([ahead(wire::limits::FUTURE_MS + 1), ahead(latest)], [None, None]);
        assert_eq!(ahead(latest + 1), Some(Reason::FromTheFuture));
        // Nothing else is let through by it.
        assert_eq!(ahead(-wire::limits::WINDOW_MS - 1), Some(Reason::Expired));
    }

    #[test]
    fn a_time_that_cannot_be_written_is_refused() {
        for (milliseconds, good) in [(-1, false), (0, true), (253_402_300_799_999, true), (253_402_300_800_000, false)]
        {
            assert_eq!(time(milliseconds).is_ok(), good, "{milliseconds}");
        }
        assert!(time(i64::MAX).is_err());
    }
}
