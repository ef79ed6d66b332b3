//! Messages from the outbox to the receiver, signed as Standard Webhooks has it (<https://www.standardwebhooks.com>), at least
//! once. A message that failed comes back later and later, and is put aside in the end until somebody replays it.

pub mod address;
pub mod send;
pub mod sign;
pub mod target;

use std::sync::Arc;

use sqlx::PgPool;

pub use self::send::{SendError, Sender};
pub use self::sign::{Keys, key};
pub use self::target::Target;
use crate::clock::Clock;
use crate::config;
use crate::store::webhooks::{self, Leased};

/// Seconds until the next attempt, after each that failed; about three days in all. After the last there is none.
const DELAYS: [u32; 11] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 43_200, 64_800, 86_400];
/// Longer than an attempt may take.
const LEASE_SECONDS: u32 = 60;

/// What sends messages. Nothing is sent without a url.
#[derive(Debug)]
pub struct Webhooks {
    pool: PgPool,
    sender: Option<Sender>,
    keys: Keys,
    clock: Clock,
}

impl Webhooks {
    /// Sends what is in the outbox of `pool` to where validated `settings` say.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(pool: PgPool, settings: &config::Webhooks, clock: Clock) -> Result<Self, SendError> {
        let target = (!settings.url.is_empty()).then(|| Target::parse(&settings.url, settings.loopback).ok()).flatten();
        let sender = target.map(|target| Sender::new(Arc::new(target))).transpose()?;
        Ok(Self { pool, sender, keys: Keys::new(&settings.keys), clock })
    }

    /// Sends what is due, and returns how many messages were delivered.
    pub async fn send_due(&self) -> sqlx::Result<u32> {
        let Some(sender) = &self.sender else { return Ok(0) };
        let mut delivered = 0;
        while let Some(leased) = self.lease().await? {
            let id = sign::message_id(leased.id);
            let result = sender.send(&self.keys, &id, leased.body.clone(), self.clock.now().timestamp()).await;
            let is_ours = match &result {
                Ok(()) => webhooks::finish(&mut *self.pool.acquire().await?, &leased).await?,
                Err(error) => self.put_back(&leased, error).await?,
            };
            delivered += u32::from(is_ours && result.is_ok());
        }
        Ok(delivered)
    }

    async fn lease(&self) -> sqlx::Result<Option<Leased>> {
        webhooks::lease(&mut *self.pool.acquire().await?, LEASE_SECONDS).await
    }

    async fn put_back(&self, leased: &Leased, error: &SendError) -> sqlx::Result<bool> {
        let delay = delay_after(leased.attempts);
        let (attempts, reason) = (leased.attempts, error.to_string());
        if delay.is_some() {
            tracing::warn!(id = %leased.id, attempts, reason, "webhook not delivered yet");
        } else {
            tracing::error!(id = %leased.id, attempts, reason, "webhook given up: see `exporter webhooks`");
        }
        webhooks::fail(&mut *self.pool.acquire().await?, leased, &reason, delay).await
    }
}

fn delay_after(attempts: i32) -> Option<u32> {
    DELAYS.get(usize::try_from(attempts.saturating_sub(1)).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_bounded_and_come_later_and_later() {
        let delays: Vec<_> = (1..20).map_while(delay_after).collect();
        assert_eq!(delays, DELAYS);
        assert!(delays.is_sorted());
        assert_eq!(delay_after(i32::MAX), None);
    }
}
