//! What an operator wants to know when something is wrong: each part tried for real, in plain words, with what to do.

mod advice;
mod bucket;
mod database;
mod finding;
mod policy;

use aws_sdk_s3::config::ProvideCredentials;
use serde::Serialize;

pub use self::advice::{Refusal, refusal};
pub use self::finding::{Finding, Judgement, Trouble};
pub use self::policy::Policy;
use crate::clock::Clock;
use crate::config::{Config, Destination};
use crate::credentials::{Source, Sources};
use crate::store::{Pools, credentials};

/// All that was found, and what keys should be allowed.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The results of all checks.
    pub findings: Vec<Finding>,
    /// The least that each destination's access key has to be allowed.
    pub policies: Vec<Policy>,
}

impl Report {
    /// Whether nothing is wrong. What could be better is not wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        !self.findings.iter().any(Finding::is_trouble)
    }
}

/// The least that the access keys of all destinations have to be allowed.
#[must_use]
pub fn policies(config: &Config) -> Vec<Policy> {
    config.destinations.iter().map(Policy::of).collect()
}

/// Checks everything that the configuration names.
pub async fn examine(config: &Config, clock: Clock) -> Report {
    let (mut findings, pools) = database::examine(config, clock).await;
    let sources = match &pools {
        Some(pools) => Sources::new(pools.operator.clone(), &config.credentials),
        None => Sources::without_database(),
    };
    for destination in &config.destinations {
        findings.extend(of_destination(destination, &sources.clone().at(clock), pools.as_ref(), clock).await);
    }
    Report { findings, policies: policies(config) }
}

async fn of_destination(
    destination: &Destination,
    sources: &Sources,
    pools: Option<&Pools>,
    clock: Clock,
) -> Vec<Finding> {
    let subject = format!("destination {} (bucket {})", destination.name, destination.bucket);
    let provider = sources.of(destination);
    let source = match provider.find().await {
        Ok(found) => found.source,
        Err(error) => {
            let remedy = "see [credentials] in exporter/config/default.toml for the order in which they are looked for";
            let judgement = Judgement::Trouble(Trouble::new(error.to_string(), remedy));
            return vec![Finding { subject, check: "credentials", judgement }];
        }
    };
    let probe = bucket::Probe::new(destination, provider, clock);
    let mut findings = probe.all().await;
    let accepted = findings.iter().any(|(check, judgement)| *check == bucket::REACH && !judgement.is_trouble());
    if let (true, Some(pools), Source::Stored { version }) = (accepted, pools, &source) {
        // Only a note for `credentials list`: without it, nothing is amiss.
        let marked = async {
            credentials::mark_proven(&mut *pools.operator.acquire().await?, &destination.name, *version).await
        };
        let _ = marked.await;
    }
    findings.insert(0, ("credentials", Judgement::Well(format!("from {source}"))));
    let finding = |(check, judgement)| Finding { subject: subject.clone(), check, judgement };
    findings.into_iter().map(finding).collect()
}

/// Whether a bucket can be written, read and listed with `credentials`.
///
/// # Errors
/// What is wrong, and what to do.
pub async fn prove(
    destination: &Destination,
    credentials: impl ProvideCredentials + 'static,
    clock: Clock,
) -> Result<(), Trouble> {
    bucket::Probe::new(destination, credentials, clock).essentials().await
}
