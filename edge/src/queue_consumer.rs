//! The second way to the exporter: batches that it could not take at once, each tried again on its own until it can.
//!
//! A message that never gets through ends in the dead-letter queue. To replay that queue is to make this Worker its consumer
//! for a while: its messages are no others, and are signed afresh like all of them.

use worker::{Env, MessageBatch, MessageExt, QueueRetryOptionsBuilder, Result, console_error, console_log};

use crate::config;
use crate::forwarder::{self, Parcel, QUEUE_CONSUMER_TIME};
use crate::health;

/// How long a message rests that is `age` seconds old: half as long as it has waited already, so that a short failure is
/// over quickly and a long one is not hammered.
fn delay_seconds(age: i64) -> u32 {
    const SHORTEST: i64 = 1;
    const LONGEST: i64 = 60 * 60;
    u32::try_from((age / 2).clamp(SHORTEST, LONGEST)).unwrap_or(1)
}

/// Forwards each message; it is acknowledged when the exporter has committed it.
///
/// Each is signed by the time at which its turn comes: those before it may have waited for the exporter, and a signature is
/// good for minutes only.
///
/// # Errors
/// When the settings are wrong; the platform then delivers the messages again.
pub async fn consume(messages: &MessageBatch<String>, env: &Env, clock: fn() -> i64) -> Result<()> {
    let settings = config::of(env).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let (mut forwarded, mut retried) = (0_u32, 0_u32);
    for message in messages.raw_iter() {
        let text = message.body().as_string().unwrap_or_default();
        if text == health::PROBE {
            message.ack();
            continue;
        }
        let parcel = Parcel::from_message(&text);
        let error = match &parcel {
            Some(parcel) => forwarder::post(parcel, &settings, clock(), QUEUE_CONSUMER_TIME)
                .await
                .err()
                .map(|error| error.to_string()),
            None => Some("the message is no batch".to_owned()),
        };
        if let Some(error) = error {
            let now = clock();
            let age = now.saturating_sub(i64::try_from(message.timestamp().as_millis()).unwrap_or(now)) / 1000;
            let delay = delay_seconds(age);
            console_error!(
                "{}",
                serde_json::json!({ "message": "forward failed", "error": error, "age": age, "delay": delay })
            );
            message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(delay).build());
            retried += 1;
        } else {
            message.ack();
            forwarded += 1;
        }
    }
    console_log!("{}", serde_json::json!({ "message": "queue consumed", "forwarded": forwarded, "retried": retried }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::delay_seconds;

    #[test]
    fn the_delay_grows_with_the_age() {
        let delays: Vec<u32> = [-5, 0, 3, 10, 600, 3_600, 86_400].into_iter().map(delay_seconds).collect();
        assert_eq!(delays, [1, 1, 1, 5, 300, 1800, 3600]);
    }

    /// `max_retries` in `wrangler.toml` is 100, the most there is.
    #[test]
    fn a_hundred_tries_outlast_a_weekend_without_hands() {
        const FRIDAY_EVENING_TO_MONDAY_MORNING: i64 = 64 * 3600;
        let waited = (0..100).fold(0, |age, _| age + i64::from(delay_seconds(age)));
        assert!(waited > FRIDAY_EVENING_TO_MONDAY_MORNING, "{waited}");
    }
}
