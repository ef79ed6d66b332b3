//! A batch in storage: one line that says what may be done with it, then the body of its request, in lines.
//!
//! ```text
//! 1800000000000 0                        others leave it alone until then; 1 when its ids were mended
//! {"token":"…",                          `{` alone before the first attempt
//! "batch_id":"…","dropped":0,
//! "v":1,"stream_id":"…",…"events":[
//! {"id":"…","seq":0,…},
//! {"id":"…","seq":1,…}
//! ]}
//! ```
//!
//! So the few things that change stand in lines of their own. JSON text holds no raw line feed: no visitor's string can look
//! like a line.

use wire::ids;
use wire::limits::WINDOW_MS;

use crate::json::{push_number, push_text};
use crate::moment::Moment;
use crate::text::{cut, number, push_all, take};

/// Ends a batch.
pub(crate) const END: &str = "\n]}";
const ID: &str = "\"batch_id\":\"";
const DROPPED: &str = "\",\"dropped\":";
const UUID_CHARS: usize = 36;
/// Of them those that hold the time, with their hyphen.
const TIME_CHARS: usize = 13;
const EVENT_ID: &str = "{\"id\":\"";
const SEQ: &str = "\",\"seq\":";

/// The lines before the head, for a batch that was never sent.
pub(crate) fn begin(hold: i64, mended: bool, id: &str, dropped: i64) -> String {
    let mut out = String::new();
    push_number(&mut out, hold);
    push_all(&mut out, &[if mended { " 1\n{\n" } else { " 0\n{\n" }, ID, id, DROPPED]);
    push_number(&mut out, dropped);
    out.push_str(",\n");
    out
}

/// Whether `value` is a batch: other scripts may write to the same storage.
pub(crate) fn is_batch(value: &str) -> bool {
    let mut rest = value;
    take(&mut rest, b'\n');
    take(&mut rest, b'\n');
    rest.starts_with(ID) && value.ends_with(END)
}

/// Others leave the batch alone until then, Unix milliseconds.
pub(crate) fn hold(value: &str) -> i64 {
    number(value)
}

/// Whether it was sent, or is about to be.
pub(crate) fn is_attempted(value: &str) -> bool {
    let mut rest = value;
    take(&mut rest, b'\n');
    take(&mut rest, b'\n').len() > 1
}

/// The events that are lost when this batch is.
pub(crate) fn events_lost(value: &str) -> i64 {
    let mut rest = value;
    take(&mut rest, b'\n');
    take(&mut rest, b'\n');
    let dropped = take(&mut rest, b'\n').get(ID.len() + UUID_CHARS + DROPPED.len()..).map_or(0, number);
    take(&mut rest, b'\n');
    let mut lost = dropped;
    while !take(&mut rest, b'\n').is_empty() && !rest.is_empty() {
        lost += 1;
    }
    lost
}

/// The same batch, held until `hold`.
pub(crate) fn with_hold(value: &str, hold: i64) -> String {
    let mut out = String::new();
    push_number(&mut out, hold);
    push_all(&mut out, &[" ", cut(value, b' ').unwrap_or_default().1]);
    out
}

/// The same batch on its way. The first attempt decides about the token, so that a retry is the same to the letter.
pub(crate) fn attempt(value: &str, token: &str, hold: i64) -> String {
    let mut out = with_hold(value, hold);
    if !is_attempted(value) {
        let mut rest = out.as_str();
        take(&mut rest, b'\n');
        let mut with_token = String::from(out.strip_suffix(rest).unwrap_or_default());
        with_token.push_str("{\"token\":");
        if token.is_empty() {
            with_token.push_str("null");
        } else {
            push_text(&mut with_token, token, usize::MAX);
        }
        push_all(&mut with_token, &[",", rest.strip_prefix('{').unwrap_or_default()]);
        out = with_token;
    }
    out
}

/// A new batch of the events in `seqs`, whose ids were refused for their time: moved by `skew`, and to `edge_now` where
/// that does not bring them near it. `None` when there is nothing to move, or moving has not helped before.
pub(crate) fn mend(value: &str, seqs: &[i64], skew: i64, edge_now: i64, moment: &Moment) -> Option<(String, String)> {
    let mut rest = value;
    if seqs.is_empty() || take(&mut rest, b'\n').ends_with('1') {
        return None;
    }
    take(&mut rest, b'\n');
    take(&mut rest, b'\n');
    let id = ids::to_text(&ids::v7(edge_now.unsigned_abs(), moment.more_random()));
    let mut out = begin(0, true, &id, 0);
    out.push_str(take(&mut rest, b'\n'));
    let mut separator = "\n";
    while !rest.is_empty() {
        let line = take(&mut rest, b'\n');
        let Some(event) = line.strip_prefix(EVENT_ID) else { continue };
        let (id, tail) = event.split_at_checked(UUID_CHARS)?;
        if !seqs.contains(&number(tail.strip_prefix(SEQ)?)) {
            continue;
        }
        let shifted = time_of(id).saturating_add(skew);
        let near = (edge_now - WINDOW_MS / 2..=edge_now).contains(&shifted);
        push_all(&mut out, &[separator, EVENT_ID]);
        push_time(&mut out, if near { shifted } else { edge_now });
        push_all(&mut out, &[id.get(TIME_CHARS..)?, tail.strip_suffix(',').unwrap_or(tail)]);
        separator = ",\n";
    }
    out.push_str(END);
    Some((id, out))
}

/// The time inside a UUIDv7 (RFC 9562, 5.7): the first 48 bits, Unix milliseconds.
fn time_of(id: &str) -> i64 {
    let mut time = 0;
    for digit in id.bytes().take(TIME_CHARS) {
        if let Some(digit) = char::from(digit).to_digit(16) {
            time = time << 4 | i64::from(digit);
        }
    }
    time
}

/// Writes a time as [`time_of`] reads it.
fn push_time(out: &mut String, time: i64) {
    for place in (0..12).rev() {
        #[expect(clippy::cast_sign_loss, reason = "a digit has no sign")]
        out.extend(char::from_digit((time >> (place * 4) & 15) as u32, 16));
        if place == 4 {
            out.push('-');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { now: 0, t: 0, random: [7; 20] };

    fn event(time: u64, seq: u32) -> String {
        format!("{{\"id\":\"{}\",\"seq\":{seq},\"type\":\"click\"}}", ids::to_text(&ids::v7(time, [3; 10])))
    }

    fn batch(events: &[String]) -> String {
        let id = ids::to_text(&ids::v7(1, [9; 10]));
        format!("{}\"events\":[\n{}{END}", begin(5, false, &id, 2), events.join(",\n"))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = batch(&[event(1, 0), event(2, 1)]);
        assert!(is_batch(&value));
        assert_eq!((hold(&value), events_lost(&value), is_attempted(&value)), (5, 4, false));
        assert_eq!(hold(&with_hold(&value, 9)), 9);
        for other in ["", "what another script left here", "1 0\n{\n\"batch_id\":"] {
            assert!(!is_batch(other));
        }
    }

    #[test]
    fn a_retry_is_the_same_to_the_letter() {
        let first = attempt(&batch(&[event(1, 0)]), "", 0);
        assert!(is_attempted(&first) && is_batch(&first));
        assert!(first.contains("{\"token\":null,"));
        assert_eq!(attempt(&first, "a newer token", 0), first);
        assert!(
            attempt(&batch(&[event(1, 0)]), "a token", 7).starts_with("7 0\n{\"token\":\"a token\",\n\"batch_id\"")
        );
    }

    #[test]
    fn refused_ids_move_by_the_clock_error_and_keep_their_random_part() {
        const NOW: i64 = 1_800_000_000_000;
        let year = 365 * 86_400_000;
        let ahead = u64::try_from(NOW + year).expect("positive");
        let value = batch(&[event(ahead, 4), event(ahead + 1, 5), event(ahead + 9, 6)]);
        let now = u64::try_from(NOW).expect("positive");
        let (_, mended) = mend(&value, &[5, 6], -year - 20, NOW, &MOMENT).expect("mended");
        assert!(mended.ends_with(&format!("[\n{},\n{}{END}", event(now - 19, 5), event(now - 11, 6))), "{mended}");
        assert_eq!((hold(&mended), events_lost(&mended)), (0, 2));
        assert!(mend(&mended, &[5, 6], 0, NOW, &MOMENT).is_none(), "moved once only");
        // the clock was put right since
        let (_, mended) = mend(&value, &[4], 0, NOW, &MOMENT).expect("mended");
        assert!(mended.ends_with(&format!("[\n{}{END}", event(now, 4))));
        assert!(mend(&value, &[], -year, NOW, &MOMENT).is_none());
    }
}
