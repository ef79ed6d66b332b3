//! Visitors who carry no token: whose events a batch holds is known for a day, and then by nobody.
//!
//! Each site and day has objects of its own, which share its visitors out. An object makes a random salt when it is first
//! asked. Under the HMAC of what a request shows it keeps a *random* visitor id and the last activity. An hour after its
//! day it deletes everything: ids of two days are random numbers without anything in common.
//!
//! The answer to a batch is kept too, so that the same batch gets the same visitor and sessions however late it comes again.

use edge_settings::Key;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use wire::signature::{hex, unhex};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object, wasm_bindgen};

use super::{Storage, ask, reply};
use crate::config;
use crate::pipeline::{Arrival, Day, Moment};
use crate::token::{Claims, truncated};

/// The binding in `wrangler.toml`.
const BINDING: &str = "COOKIELESS_DAYS";
/// How long after its day an object still answers: long enough for a batch that had to be sent again.
const AFTER_MS: i64 = 60 * 60 * 1000;
/// Objects that share the visitors of a site and day: one alone answers about a thousand requests a second.
const SHARDS: u8 = 16;

/// Sixteen random bytes.
type Random = fn() -> [u8; 16];

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    site: String,
    /// Days since 1970 in UTC.
    day: i64,
    /// What the request shows of its sender, as a MAC by the edge's key.
    sender: String,
    batch_id: Uuid,
    /// `at` and `ts` of each event.
    moments: Vec<(i64, i64)>,
    now: i64,
}

/// What an object keeps of a visitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    visitor: Uuid,
    session: Uuid,
    number: u32,
    start: i64,
    last: i64,
    first: i64,
}

impl From<Claims> for Kept {
    fn from(claims: Claims) -> Self {
        Self {
            visitor: claims.visitor_id,
            session: claims.session_id,
            number: claims.session_number,
            start: claims.session_start,
            last: claims.last_activity,
            first: claims.first_activity,
        }
    }
}

impl From<Kept> for Claims {
    fn from(kept: Kept) -> Self {
        Self {
            visitor_id: kept.visitor,
            session_id: kept.session,
            session_number: kept.number,
            session_start: kept.start,
            last_activity: kept.last,
            first_activity: kept.first,
        }
    }
}

/// What is known of the sender of a batch; `None` when its day is over, or nothing can be found out.
pub(crate) async fn find(
    env: &Env,
    arrival: &Arrival<'_>,
    (batch_id, moments): (Uuid, Vec<Moment>),
    key: &Key,
) -> Option<Claims> {
    let Day(day) = Day::of(moments.first()?.at);
    if is_over(day, arrival.now) {
        return None;
    }
    // without an address all visitors of one browser would be one
    let address = arrival.address?.to_string();
    let parts = [b"sender".as_slice(), &day.to_be_bytes(), address.as_bytes(), arrival.user_agent.as_bytes()];
    let sender: [u8; 32] = truncated(key, &parts);
    let shard = sender.first().copied().unwrap_or_default() % SHARDS;
    let question = Question {
        site: arrival.site.to_owned(),
        day,
        sender: hex(&sender),
        batch_id,
        moments: moments.into_iter().map(|moment| (moment.at, moment.ts)).collect(),
        now: arrival.now,
    };
    let name = format!("{} {day} {shard}", arrival.site);
    ask::<Kept>(env, BINDING, &name, &question).await.map(Claims::from)
}

fn is_over(day: i64, now: i64) -> bool {
    now >= end(day)
}

fn end(day: i64) -> i64 {
    Day(day).end().saturating_add(AFTER_MS)
}

/// The visitors of one site and day, or a part of them.
#[durable_object(alarm)]
pub(crate) struct CookielessDay {
    state: State,
    env: Env,
}

impl DurableObject for CookielessDay {
    fn new(state: State, env: Env) -> Self {
        Self { state, env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let question: Question = request.json().await?;
        let answer = match config::of(&self.env) {
            Ok(settings) => answer(&self.state, &question, &settings.token_keys.current, crate::random_bytes).await?,
            Err(_) => None,
        };
        reply(&answer)
    }

    async fn alarm(&self) -> Result<Response> {
        self.state.clear().await?;
        Response::empty()
    }
}

/// What was known of the visitor before this batch, or is since it first came.
async fn answer(storage: &impl Storage, question: &Question, key: &Key, random: Random) -> Result<Option<Kept>> {
    let Some((at, ts)) = question.moments.first().copied() else { return Ok(None) };
    if is_over(question.day, question.now) {
        return Ok(None);
    }
    let batch = format!("batch {}", question.batch_id);
    if let Some(kept) = read(storage, &batch).await? {
        return Ok(Some(kept));
    }
    let visitor = format!("visitor {}", hashed(&salt(storage, question.day, random).await?, &question.sender));
    let id = || Uuid::from_bytes(wire::ids::v8(random()));
    let known = read(storage, &visitor).await?;
    let before = known.unwrap_or_else(|| Claims::fresh(id(), id(), Moment { at, ts }).into());
    let mut after = Claims::from(before.clone());
    for (at, ts) in &question.moments {
        after.advance(Moment { at: *at, ts: *ts }, &question.site, key);
    }
    write(storage, &visitor, &Kept::from(after)).await?;
    write(storage, &batch, &before).await?;
    Ok(Some(before))
}

/// The day's salt; a new one, with the hour of its end, when there is none.
async fn salt(storage: &impl Storage, day: i64, random: Random) -> Result<Vec<u8>> {
    const SALT: &str = "salt";
    if let Some(salt) = storage.get(SALT).await?.as_deref().and_then(unhex) {
        return Ok(salt);
    }
    // the end is set first: a salt that nobody destroys must never be
    storage.wake_at(end(day)).await?;
    let salt = [random(), random()].concat();
    storage.put(SALT, &hex(&salt)).await?;
    Ok(salt)
}

fn hashed(salt: &[u8], sender: &str) -> String {
    let mut block = [0_u8; 64];
    block.iter_mut().zip(salt).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(sender.as_bytes());
    hex(&mac.finalize().into_bytes())
}

async fn read(storage: &impl Storage, name: &str) -> Result<Option<Kept>> {
    Ok(storage.get(name).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn write(storage: &impl Storage, name: &str, kept: &Kept) -> Result<()> {
    storage.put(name, &serde_json::to_string(kept)?).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt;

    use super::*;
    use crate::objects::storage::memory::Memory;

    const MIDNIGHT: i64 = 20_000 * DAY_MS;
    const DAY_MS: i64 = 24 * 60 * MINUTE;
    const MINUTE: i64 = 60_000;
    const SENDER: &str = "0a0b0c";

    /// Never the same twice.
    fn random() -> [u8; 16] {
        thread_local! { static NEXT: Cell<u128> = const { Cell::new(0x1234_5678_9abc_def0 << 64) }; }
        NEXT.set(NEXT.get().wrapping_mul(0x2545_F491_4F6C_DD1D_9E37_79B9_7F4A_7C15).wrapping_add(1));
        NEXT.get().to_be_bytes()
    }

    /// Asks an object of the day of the first event.
    fn asked(storage: &Memory, batch: u128, ats: &[i64], now: i64, sender: &str) -> Option<Kept> {
        let question = Question {
            site: "shop.example".to_owned(),
            day: ats[0].div_euclid(DAY_MS),
            sender: sender.to_owned(),
            batch_id: Uuid::from_u128(batch),
            moments: ats.iter().map(|at| (*at, *at)).collect(),
            now,
        };
        let key = Key::from([7; 32]);
        answer(storage, &question, &key, random).now_or_never().expect("at once").expect("memory never fails")
    }

    #[test]
    fn a_visitor_is_known_for_the_day_and_sessions_go_on() {
        let day = Memory::default();
        let first = asked(&day, 1, &[MIDNIGHT, MIDNIGHT + MINUTE], MIDNIGHT, SENDER).expect("known");
        let second = asked(&day, 2, &[MIDNIGHT + 20 * MINUTE], MIDNIGHT, SENDER).expect("known");
        assert_eq!((second.visitor, second.session, second.number), (first.visitor, first.session, 1));
        assert_eq!(second.last, MIDNIGHT + MINUTE);
        asked(&day, 3, &[MIDNIGHT + 90 * MINUTE], MIDNIGHT, SENDER).expect("known");
        let fourth = asked(&day, 4, &[MIDNIGHT + 91 * MINUTE], MIDNIGHT, SENDER).expect("known");
        assert_eq!((fourth.visitor, fourth.number), (first.visitor, 2));
        let other = asked(&day, 5, &[MIDNIGHT], MIDNIGHT, "0a0b0d").expect("known");
        assert_ne!(other.visitor, first.visitor);
    }

    #[test]
    fn the_same_batch_gets_the_same_answer_also_after_midnight() {
        let day = Memory::default();
        let late = MIDNIGHT - MINUTE;
        let first = asked(&day, 1, &[late], late, SENDER);
        asked(&day, 2, &[MIDNIGHT - 1], late, SENDER);
        assert_eq!(asked(&day, 1, &[late], MIDNIGHT + AFTER_MS - 1, SENDER), first);
        assert!(first.is_some());
    }

    #[test]
    fn nobody_can_link_two_days() {
        let (monday, tuesday) = (Memory::default(), Memory::default());
        let before = asked(&monday, 1, &[MIDNIGHT - MINUTE], MIDNIGHT - MINUTE, SENDER).expect("known");
        let after = asked(&tuesday, 2, &[MIDNIGHT + MINUTE], MIDNIGHT + MINUTE, SENDER).expect("known");
        assert!(before.visitor != after.visitor && before.session != after.session);
        // the same visitor is kept under another name, by another salt
        let names = |day: &Memory| day.kept.borrow().keys().cloned().collect::<Vec<_>>();
        assert!(names(&monday).iter().all(|name| name == "salt" || !names(&tuesday).contains(name)));
        assert_ne!(monday.kept.borrow()["salt"], tuesday.kept.borrow()["salt"]);

        // what the platform wakes the object for
        let end = monday.alarm.borrow().expect("an end");
        assert_eq!(end, MIDNIGHT + AFTER_MS);
        monday.clear().now_or_never().expect("at once").expect("memory never fails");
        assert!(monday.kept.borrow().is_empty());
        // nothing of Monday is in what Tuesday keeps or was told, not even a part of the salt
        let tuesdays = format!("{:?}", tuesday.ever.borrow());
        for kept in monday.ever.borrow().iter().flat_map(|(name, text)| [name.clone(), text.clone()]) {
            for part in kept.split(['"', ' ', ':', ',', '{', '}']).filter(|part| part.len() >= 16) {
                assert!(!tuesdays.contains(part), "{part} of Monday is kept on Tuesday");
            }
        }
    }

    #[test]
    fn a_day_that_is_over_makes_no_new_salt() {
        let day = Memory::default();
        assert_eq!(asked(&day, 1, &[MIDNIGHT - MINUTE], MIDNIGHT + AFTER_MS, SENDER), None);
        assert!(day.ever.borrow().is_empty());
    }

    #[test]
    fn an_id_follows_from_nothing_that_is_kept() {
        let (one, other) = (Memory::default(), Memory::default());
        let first = asked(&one, 1, &[MIDNIGHT], MIDNIGHT, SENDER).expect("known");
        // the same salt and sender, and still another id
        other.put("salt", &one.kept.borrow()["salt"]).now_or_never().expect("at once").expect("memory never fails");
        let second = asked(&other, 1, &[MIDNIGHT], MIDNIGHT, SENDER).expect("known");
        assert_ne!(first.visitor, second.visitor);
        assert!(one.ever.borrow().iter().all(|(name, text)| !name.contains(SENDER) && !text.contains(SENDER)));
    }
}
