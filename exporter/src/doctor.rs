//! What an operator wants to know when something is wrong: each part tried for real, in plain words, with what to do.

use std::fmt;

use bytes::Bytes;
use sqlx::PgConnection;

use crate::bucket::{Bucket, BucketError};
use crate::clock::Clock;
use crate::config::{Config, Destination};
use crate::store::{Pools, operator, partitions, schema};

/// Below a destination's prefix. Written over each time, never deleted: a key that may not delete is a good one.
const PROBE_FOLDER: &str = "probe/";
const PROBE: &[u8] = b"written by `exporter doctor` to see whether this bucket can be written, read and listed\n";

/// The result of one check.
#[derive(Debug)]
pub struct Finding {
    /// What was checked.
    pub subject: String,
    /// What is wrong and what to do; absent when all is well.
    pub trouble: Option<Trouble>,
}

/// Something that is wrong.
#[derive(Debug)]
pub struct Trouble {
    /// What.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Trouble {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trouble {
            None => write!(formatter, "ok    {}", self.subject),
            Some(Trouble { what, remedy }) => {
                write!(formatter, "FAIL  {}: {what}\n      what to do: {remedy}", self.subject)
            }
        }
    }
}

fn finding(subject: impl Into<String>, result: Result<(), Trouble>) -> Finding {
    Finding { subject: subject.into(), trouble: result.err() }
}

/// Checks everything that the configuration names.
pub async fn examine(config: &Config, clock: Clock) -> Vec<Finding> {
    let mut findings = database(config, clock).await;
    for destination in &config.destinations {
        let subject = format!("bucket {} of destination {}", destination.bucket, destination.name);
        findings.push(finding(subject, bucket(destination).await));
    }
    findings
}

async fn database(config: &Config, clock: Clock) -> Vec<Finding> {
    let connected = async {
        let mut connection = Pools::new(&config.database)?.export.acquire().await?;
        operator::ping(&mut connection).await?;
        Ok::<_, sqlx::Error>(connection)
    };
    let mut connection = match connected.await {
        Ok(connection) => connection,
        Err(error) => {
            let remedy = "see that Postgres runs, and that database.url names its host, user, password and database";
            return vec![finding("database", Err(Trouble::new(error.to_string(), remedy)))];
        }
    };
    let migrated = schema::check(&mut connection).await.map_err(|error| {
        Trouble::new(error.to_string(), "run `exporter migrate` with the version of the exporter that you serve with")
    });
    let mut findings = vec![finding("database", Ok(()))];
    let is_migrated = migrated.is_ok();
    findings.push(finding("migrations", migrated));
    if is_migrated {
        findings.push(finding("partitions", days(&mut connection, clock).await));
    }
    findings
}

async fn days(connection: &mut PgConnection, clock: Clock) -> Result<(), Trouble> {
    let missing = partitions::missing(connection, clock.now())
        .await
        .map_err(|error| Trouble::new(error.to_string(), "see the log of Postgres"))?;
    match &missing[..] {
        [] => Ok(()),
        [first, ..] => Err(Trouble::new(
            format!("{} day(s) have no partition or a detached one, the first is {first}", missing.len()),
            "run `exporter migrate`; a detached table that it cannot attach has to be renamed or dropped: see the log of \
             Postgres",
        )),
    }
}

async fn bucket(destination: &Destination) -> Result<(), Trouble> {
    let bucket = Bucket::new(destination);
    let folder = format!("{}{PROBE_FOLDER}", destination.prefix);
    let key = format!("{folder}doctor.txt");
    let failed = |error: BucketError| Trouble::new(format!("cannot {error}"), remedy(&error));
    bucket.put(&key, "text/plain", Bytes::from_static(PROBE)).await.map_err(failed)?;
    if bucket.get(&key).await.map_err(failed)?.as_deref() != Some(PROBE) {
        return Err(Trouble::new(
            format!("{key} reads back otherwise than it was written"),
            "the storage is not to be trusted: ask its operator, or use another",
        ));
    }
    if !bucket.list(&folder).await.map_err(failed)?.contains(&key) {
        return Err(Trouble::new(
            format!("{key} was written and is not listed"),
            "the storage must list objects at once after they were written: ask its operator, or use another",
        ));
    }
    Ok(())
}

fn remedy(error: &BucketError) -> String {
    match error.code.as_str() {
        "" => "see that endpoint is right and can be reached from here".to_owned(),
        "NoSuchBucket" => "create the bucket, or correct bucket, region or path_style".to_owned(),
        "AccessDenied" | "AllAccessDisabled" => format!(
            "allow the access key to {} (s3:PutObject, s3:GetObject on the prefix, s3:ListBucket on the bucket)",
            error.operation
        ),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" => "correct access_key and secret_key".to_owned(),
        "RequestTimeTooSkewed" => "set this machine's clock: it must agree with the storage's".to_owned(),
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            "correct region (and endpoint, if one is set)".to_owned()
        }
        code => format!("look up {code} in the storage's manual"),
    }
}
