//! The rules for personal data, once more. The edge has applied the same ones, so they must find nothing; what they do
//! find is taken out all the same, and said aloud, since it means that an edge is older than its rules or broken.

use redaction::{Policy, Report};

use super::decode::Batch;

/// Takes out of `batch` what the edge missed, adds it to the counts of the events concerned, and says what it was.
pub fn redact(policy: &Policy, batch: &mut Batch) -> Report {
    let mut found = Report::default();
    let mut of_pages = Vec::new();
    for page in &mut batch.pages {
        let (redacted, report) = redaction::page(policy, std::mem::take(page));
        *page = redacted.into_inner();
        found.add(&report);
        of_pages.push(report);
    }
    for forwarded in &mut batch.events {
        let Some(event) = forwarded.event.take() else { continue };
        let (redacted, mut report) = redaction::event(policy, event);
        let event = redacted.into_inner();
        found.add(&report);
        if let Some(page) = of_pages.get(usize::from(event.page)) {
            report.add(page);
        }
        for (kind, count) in report.counts() {
            *forwarded.redactions.entry(kind).or_default() += count;
        }
        forwarded.event = Some(event);
    }
    let (redacted, report) = redaction::text(policy, &batch.user_agent);
    batch.user_agent = redacted;
    found.add(&report);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::decode::decode;
    use super::*;

    fn batch(url: &str, data: &Value) -> Batch {
        let id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        let body = json!({
            "v": 1, "edge_version": "1", "batch_id": id, "stream_id": id, "site_id": "example.com", "visitor_id": id,
            "sent_at": 0, "received_at": 0, "consent": "unknown", "country": null, "region": null, "ip": null,
            "user_agent": "", "browser": "", "os": "", "device": "", "bot": null, "dropped": 0,
            "pages": [{ "url": url, "path": "/" }],
            "events": [{
                "session_id": id, "session_number": 1, "session_start": 0, "redactions": { "email": 1 },
                "event": { "id": id, "seq": 0, "type": "click", "ts": 0, "t": 0, "page": 0, "data": data },
            }],
        });
        decode(body.to_string().as_bytes()).expect("a batch")
    }

    #[test]
    fn what_the_edge_redacted_is_left_alone() {
        let clean = || batch("https://example.com/?email=[email]", &json!({ "note": "to [email]", "n": 1.50 }));
        let mut again = clean();
        assert!(redact(&Policy::default(), &mut again).is_empty());
        assert_eq!(again, clean());
    }

    #[test]
    fn what_the_edge_missed_is_taken_out_and_counted() {
        let mut batch = batch("https://example.com/?q=jane%40example.org", &json!({ "note": "to joe@example.org" }));
        assert_eq!(redact(&Policy::default(), &mut batch).counts(), [("email".to_owned(), 2)].into());
        let forwarded = &batch.events[0];
        assert_eq!(batch.pages[0].url, "https://example.com/?q=[email]");
        assert_eq!(forwarded.event.as_ref().expect("read").data.get(), r#"{"note":"to [email]"}"#);
        assert_eq!(forwarded.redactions, [("email".to_owned(), 3)].into());
    }
}
