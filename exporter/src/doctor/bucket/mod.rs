//! A bucket, tried for real: every function of S3 that exports rest on, and what could go wrong with them later.
//!
//! All objects are below `probe/` in the destination's prefix, and nothing else is written, read or deleted.

mod objects;
mod parts;
mod public;
mod rules;
mod seen;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{IdentityCache, ProvideCredentials};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use chrono::TimeDelta;

use self::seen::Seen;
use super::Trouble;
use super::advice::{self, Circumstances, Refusal, refusal};
use super::finding::Judgement;
use crate::bucket::{self, BucketError};
use crate::clock::Clock;
use crate::config::Destination;

/// The check that says whether the bucket lets us in.
pub(super) const REACH: &str = "reach";
/// Below a destination's prefix.
const FOLDER: &str = "probe/";
/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// S3 refuses what is signed more than 15 minutes off.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// Worth a word.
const SKEWED: TimeDelta = TimeDelta::seconds(60);

/// The result of a check, by its name.
pub(super) type Checked = (&'static str, Judgement);

/// A bucket under examination.
pub(super) struct Probe<'a> {
    destination: &'a Destination,
    client: Client,
    seen: Seen,
}

impl<'a> Probe<'a> {
    pub(super) fn new(
        destination: &'a Destination,
        credentials: impl ProvideCredentials + 'static,
        clock: Clock,
    ) -> Self {
        let seen = Seen::new(clock);
        let settings = bucket::settings(destination)
            .credentials_provider(credentials)
            .identity_cache(IdentityCache::no_cache())
            .interceptor(seen.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(PATIENCE / 4).operation_timeout(PATIENCE).build());
        Self { destination, client: Client::from_conf(settings.build()), seen }
    }

    /// Every check; the later ones only once the bucket lets us in.
    pub(super) async fn all(&self) -> Vec<Checked> {
        let reach = self.reach().await;
        let is_open = !reach.is_trouble();
        let mut checked = vec![(REACH, reach)];
        checked.extend(self.clock());
        if is_open {
            let written = self.written().await;
            let works = !written.is_trouble();
            checked.push(("write and read", written));
            if works {
                checked.push(("checksums", self.checksums().await));
                checked.push(("conditional writes", self.conditional().await));
                checked.push(("large objects", self.parts().await));
                checked.push(("deleting", self.deleting().await));
                checked.push(("public access", self.public().await));
            }
            checked.push(("lifecycle", self.lifecycle().await));
            checked.push(("versions", self.versions().await));
        }
        checked
    }

    /// What every export needs.
    pub(super) async fn essentials(&self) -> Result<(), Trouble> {
        for judgement in [self.reach().await, self.written().await] {
            if let Judgement::Trouble(trouble) = judgement {
                return Err(trouble);
            }
        }
        Ok(())
    }

    fn key(&self, name: &str) -> String {
        format!("{}{FOLDER}{name}", self.destination.prefix)
    }

    /// The first request: address, TLS, credentials, region and bucket are right when it is answered.
    async fn reach(&self) -> Judgement {
        let folder = self.key("");
        let listed = self.client.list_objects_v2().bucket(&self.destination.bucket).prefix(&folder).max_keys(1).send();
        match listed.await {
            Ok(_) => match self.seen.region().filter(|it| *it != self.destination.region) {
                Some(region) if self.destination.endpoint.is_none() => Judgement::advice(
                    format!("it answers, and is in region {region}"),
                    format!(
                        "set region = \"{region}\" (now \"{}\"): each request goes a longer way",
                        self.destination.region
                    ),
                ),
                _ => Judgement::well("the bucket answers, and takes the credentials"),
            },
            Err(error) => {
                let error = bucket::failed("list", &folder, &error);
                // A key that may write and read and not list is known to the storage all the same.
                self.trouble(&error)
            }
        }
    }

    fn clock(&self) -> Option<Checked> {
        let ahead = self.seen.ahead()?;
        let told = advice::skew(ahead.num_seconds());
        let judgement = match ahead.abs() {
            off if off > SKEW => Judgement::trouble(
                told,
                "set this machine's clock, and keep it right with chrony or systemd-timesyncd: storages refuse requests that \
                 are signed 15 minutes off",
            ),
            off if off > SKEWED => {
                Judgement::advice(told, "keep this machine's clock right with chrony or systemd-timesyncd")
            }
            _ => Judgement::well("it agrees with the storage's"),
        };
        Some(("clock", judgement))
    }

    fn trouble(&self, error: &BucketError) -> Judgement {
        let circumstances = Circumstances {
            region: self.seen.region(),
            configured_region: self.destination.region.clone(),
            ahead: self.seen.ahead().map(|it| it.num_seconds()),
            status: self.seen.status(),
        };
        Judgement::Trouble(advice::advise(error, &circumstances))
    }
}

/// The error's code, and what kind of thing it says. A server that lacks a function may say so by status alone.
fn refused<E>(error: &SdkError<E>) -> (String, Refusal)
where
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default().to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let kind = match (refusal(&code), status) {
        (Refusal::Other | Refusal::NoAnswer, Some(405 | 501)) => Refusal::NotSupported,
        (Refusal::Other | Refusal::NoAnswer, Some(403)) => Refusal::Denied,
        (kind, _) => kind,
    };
    let code =
        if code.is_empty() { status.map_or_else(|| "no answer".to_owned(), |it| format!("status {it}")) } else { code };
    (code, kind)
}
