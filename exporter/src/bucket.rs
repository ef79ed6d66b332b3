//! A bucket: what the rest of the program may ask of S3, with every wait bounded.
//!
//! Only the core of S3 is used (PUT of a body in memory, multipart uploads, GET, LIST), since servers differ in all the
//! rest. No retries of consequence happen here: a failed delivery is tried again by the next run.

use std::io::Write;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    self, BehaviorVersion, IdentityCache, ProvideCredentials, Region, RequestChecksumCalculation,
    ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use aws_smithy_http_client::tls;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::causes;
use crate::config::Destination;
use crate::export::objects::spool::{Spool, Spooled};
use crate::refusal;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest wait for the next piece of a body.
const PIECE: Duration = Duration::from_secs(30);
/// What a body may take beside what an operation may, for each MiB.
const MEBIBYTE: Duration = Duration::from_secs(2);
/// Parts that an upload may have (S3, "Multipart upload limits").
const PARTS: u64 = 10_000;
/// A second try inside one operation saves a whole run after a hiccup.
const TRIES: u32 = 2;

/// Below a destination's prefix. Written over each time, never deleted: a key that may not delete is a good one.
const PROBE_KEY: &str = "probe/export.txt";
const PROBE: &[u8] = b"written by `exporter` after a failure to see whether this bucket takes anything at all\n";

/// The metadata that holds an object's hash: of an object in parts, the server knows no hash of the whole.
const HASH: &str = "sha256";

/// Codes whose messages may quote what was sent to prove who we are.
const QUOTING: [&str; 5] =
    ["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired"];
/// What ids of access keys begin with, at AWS (long-lived, temporary) and Garage, which quotes them in errors.
const KEY_IDS: [&str; 3] = ["AKIA", "ASIA", "GK"];
/// How long ids of access keys are at least.
const KEY_ID_CHARS: usize = 16;

/// A destination's bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
    patience: Patience,
    part: u64,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// One request, its body and its answer's head.
    attempt: Duration,
    /// One operation with its tries; for a GET, its body too.
    operation: Duration,
    /// The next piece of a body.
    piece: Duration,
}

impl Patience {
    fn of(attempt: Duration) -> Self {
        Self { attempt, operation: attempt * TRIES + attempt / 2, piece: attempt.min(PIECE) }
    }
}

/// What a storage says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal, where the storage knows it: what came with it, and what it computed
    /// itself where it did.
    pub sha256: Option<String>,
}

/// A request to the bucket that failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {key}: {reason}")]
pub struct BucketError {
    /// `put`, `get`, `list`, or what is done for an upload in parts.
    pub operation: &'static str,
    /// The key, or the prefix listed.
    pub key: String,
    /// The server's error code, such as `AccessDenied`, or the one that its status stands for; empty when there was no
    /// answer.
    pub code: String,
    /// Code and message, or what kept an answer from coming.
    pub reason: String,
}

impl Bucket {
    /// The bucket of a validated destination, asked with `credentials`. Nothing is sent yet.
    #[must_use]
    pub fn new(destination: &Destination, credentials: impl ProvideCredentials + 'static) -> Self {
        let patience = Patience::of(destination.timeout.duration());
        let config = settings(destination)
            .credentials_provider(credentials)
            // The provider knows best for how long they are good.
            .identity_cache(IdentityCache::no_cache());
        let part = destination.part_size.bytes().unsigned_abs();
        Self { client: Client::from_conf(config.build()), name: destination.bucket.clone(), patience, part }
    }

    /// Writes an object, whatever was there before.
    pub async fn put(&self, key: &str, content_type: &str, body: Bytes) -> Result<(), BucketError> {
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(&body));
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .checksum_sha256(sha256)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| failed("put", key, &error))?;
        Ok(())
    }

    /// Writes an object from a file, whatever was there before, with its hash beside it as metadata.
    pub async fn put_file(&self, key: &str, content_type: &str, file: &Spooled) -> Result<(), BucketError> {
        if file.bytes > self.part {
            return self.put_in_parts(key, content_type, file).await;
        }
        let body = read_part(key, file, 0, file.bytes)?;
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(&body));
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .metadata(HASH, &file.sha256)
            .checksum_sha256(sha256)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| failed("put", key, &error))?;
        Ok(())
    }

    async fn put_in_parts(&self, key: &str, content_type: &str, file: &Spooled) -> Result<(), BucketError> {
        self.abort_stale(key).await;
        let created = self
            .client
            .create_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .metadata(HASH, &file.sha256)
            // Without it Garage refuses parts that have a checksum.
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await
            .map_err(|error| failed("create upload of", key, &error))?;
        let id = created.upload_id.unwrap_or_default();
        let done = self.upload_parts(key, &id, file).await;
        if done.is_err()
            && let Err(error) = self.abort(key, &id).await
        {
            tracing::warn!(key, reason = error.reason, "an upload is left behind");
        }
        done
    }

    async fn upload_parts(&self, key: &str, id: &str, file: &Spooled) -> Result<(), BucketError> {
        let length = part_length(self.part, file.bytes);
        let mut parts = Vec::new();
        let mut from = 0;
        for number in 1.. {
            let body = read_part(key, file, from, length.min(file.bytes - from))?;
            from += body.len() as u64;
            let sha256 = BASE64_STANDARD.encode(Sha256::digest(&body));
            let part = self
                .client
                .upload_part()
                .bucket(&self.name)
                .key(key)
                .upload_id(id)
                .part_number(number)
                .checksum_sha256(&sha256)
                .body(ByteStream::from(body))
                .send()
                .await
                .map_err(|error| failed("upload part of", key, &error))?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).checksum_sha256(sha256);
            parts.push(part.build());
            if from >= file.bytes {
                break;
            }
        }
        self.client
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .upload_id(id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
            .await
            .map_err(|error| failed("complete upload of", key, &error))?;
        Ok(())
    }

    /// Ends uploads of this very key that somebody of ours has left behind: their parts are paid for and in no listing.
    /// What a server cannot list, or a key may not, is left to the bucket's own rules.
    async fn abort_stale(&self, key: &str) {
        if let Err(error) = self.end_uploads(key, |it| it == key).await {
            tracing::warn!(key, reason = error.reason, "uploads may be left behind");
        }
    }

    async fn abort(&self, key: &str, id: &str) -> Result<(), BucketError> {
        let aborted = self.client.abort_multipart_upload().bucket(&self.name).key(key).upload_id(id).send().await;
        match aborted {
            Err(error) if error.as_service_error().is_none_or(|it| it.code() != Some("NoSuchUpload")) => {
                Err(failed("abort upload of", key, &error))
            }
            _ => Ok(()),
        }
    }

    /// Ends the uploads in parts that were left behind below `prefix`, of keys that are meant. A storage that has no list of
    /// them is taken to have none.
    pub async fn end_uploads(&self, prefix: &str, is_meant: impl Fn(&str) -> bool) -> Result<(), BucketError> {
        let (mut key_marker, mut upload_marker) = (None, None);
        loop {
            let asked = self.client.list_multipart_uploads().bucket(&self.name).prefix(prefix);
            let asked = asked.set_key_marker(key_marker).set_upload_id_marker(upload_marker).send().await;
            let page = match asked.map_err(|error| failed("list uploads below", prefix, &error)) {
                Ok(page) => page,
                Err(error) if ["NotImplemented", "MethodNotAllowed"].contains(&error.code.as_str()) => return Ok(()),
                Err(error) => return Err(error),
            };
            for upload in page.uploads.unwrap_or_default() {
                if let (Some(key), Some(id)) = (&upload.key, &upload.upload_id)
                    && is_meant(key)
                {
                    tracing::info!(key, "ending an upload that was left behind");
                    self.abort(key, id).await?;
                }
            }
            if page.is_truncated != Some(true) {
                return Ok(());
            }
            (key_marker, upload_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// An object's bytes, in a temporary file; `None` when there is none.
    pub async fn download(&self, key: &str) -> Result<Option<Spooled>, BucketError> {
        let on_disk = |error: std::io::Error| on_disk("get", key, &error);
        let mut spool = Spool::new().map_err(on_disk)?;
        if !self.read(key, |piece| spool.write_all(piece)).await? {
            return Ok(None);
        }
        spool.finish().map(Some).map_err(on_disk)
    }

    /// What an object is by all of its bytes, whatever the storage says of it; `None` when there is none.
    pub async fn examine(&self, key: &str) -> Result<Option<Described>, BucketError> {
        let (mut sha256, mut bytes) = (Sha256::new(), 0);
        let is_there = self.read(key, |piece| {
            sha256.update(piece);
            bytes += piece.len() as u64;
            Ok(())
        });
        let is_there = is_there.await?;
        Ok(is_there.then(|| Described { bytes, sha256: Some(wire::signature::hex(&sha256.finalize())) }))
    }

    /// Gives an object's bytes to `take` as they come; `false` when there is no such object.
    async fn read(&self, key: &str, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> Result<bool, BucketError> {
        let mut answer = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|it| it.code() == Some("NoSuchKey")) => {
                return Ok(false);
            }
            Err(error) => return Err(failed("get", key, &error)),
        };
        let mebibytes = u32::try_from(answer.content_length().unwrap_or_default() >> 20).unwrap_or_default();
        let whole = async {
            let late = |_| unanswered("get", key, "the body stopped coming".to_owned());
            while let Some(piece) = tokio::time::timeout(self.patience.piece, answer.body.next()).await.map_err(late)? {
                let piece = piece.map_err(|error| unanswered("get", key, error.to_string()))?;
                take(&piece).map_err(|error| on_disk("get", key, &error))?;
            }
            Ok(true)
        };
        tokio::time::timeout(self.patience.operation + MEBIBYTE * mebibytes, whole)
            .await
            .unwrap_or_else(|_| Err(unanswered("get", key, "the body did not arrive in time".to_owned())))
    }

    /// The bytes of a small object; `None` when there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, BucketError> {
        let whole = async {
            let answer = match self.client.get_object().bucket(&self.name).key(key).send().await {
                Ok(answer) => answer,
                Err(error) if error.as_service_error().is_some_and(|it| it.code() == Some("NoSuchKey")) => {
                    return Ok(None);
                }
                Err(error) => return Err(failed("get", key, &error)),
            };
            match answer.body.collect().await {
                Ok(body) => Ok(Some(body.into_bytes())),
                Err(error) => Err(unanswered("get", key, error.to_string())),
            }
        };
        tokio::time::timeout(self.patience.operation, whole)
            .await
            .unwrap_or_else(|_| Err(unanswered("get", key, "the body did not arrive in time".to_owned())))
    }

    /// What the storage says of an object without sending it; `None` when there is none.
    pub async fn describe(&self, key: &str) -> Result<Option<Described>, BucketError> {
        let asked = self.client.head_object().bucket(&self.name).key(key);
        let answer = match asked.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => return Err(failed("head", key, &error)),
        };
        let metadata = answer.metadata().and_then(|metadata| metadata.get(HASH)).cloned();
        // What the server has computed comes before what it was told. Of an object in parts it is no hash of the whole.
        let computed = answer.checksum_sha256().and_then(|sum| BASE64_STANDARD.decode(sum).ok());
        let computed = computed.filter(|sum| sum.len() == 32).map(|sum| wire::signature::hex(&sum));
        let bytes = answer.content_length().unwrap_or_default().unsigned_abs();
        Ok(Some(Described { bytes, sha256: computed.or(metadata) }))
    }

    /// Writes and reads a small object below `prefix`: whether the bucket takes and gives anything at all.
    pub async fn probe(&self, prefix: &str) -> Result<(), BucketError> {
        let key = format!("{prefix}{PROBE_KEY}");
        self.put(&key, "text/plain", Bytes::from_static(PROBE)).await?;
        match self.get(&key).await? {
            Some(found) if found == PROBE => Ok(()),
            _ => Err(unanswered("get", &key, "what was written is not read back".to_owned())),
        }
    }

    /// Every key that begins with `prefix`.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let mut pages = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("list", prefix, &error))?;
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(listed)
    }
}

/// How a bucket is reached, but for the credentials.
pub(crate) fn settings(destination: &Destination) -> config::Builder {
    let patience = Patience::of(destination.timeout.duration());
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let mut settings = config::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(Region::new(destination.region.clone()))
        .force_path_style(destination.path_style)
        // Not every server takes the checksums that the SDK would add by itself: ours are explicit.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT.min(patience.attempt))
                .operation_attempt_timeout(patience.attempt)
                .operation_timeout(patience.operation)
                .build(),
        );
    if let Some(endpoint) = &destination.endpoint {
        settings = settings.endpoint_url(endpoint);
    }
    settings
}

/// The length of the parts of an object, but for the last: a function of what is set and of the object's length.
fn part_length(part: u64, bytes: u64) -> u64 {
    let least = bytes.div_ceil(PARTS);
    if least <= part { part } else { least.div_ceil(1 << 20) << 20 }
}

fn read_part(key: &str, file: &Spooled, from: u64, length: u64) -> Result<Vec<u8>, BucketError> {
    let part = usize::try_from(length).map_err(std::io::Error::other).and_then(|length| file.part(from, length));
    part.map_err(|error| on_disk("put", key, &error))
}

/// What a status alone stands for: of HEAD there is no body, and a proxy on the way speaks no S3.
fn code_of_status(status: u16) -> &'static str {
    match status {
        301 | 307 | 308 => "PermanentRedirect",
        401 | 403 => "AccessDenied",
        429 | 503 => "SlowDown",
        500.. => "InternalError",
        _ => "",
    }
}

pub(crate) fn failed<E>(operation: &'static str, key: &str, error: &SdkError<E>) -> BucketError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let service = error.as_service_error();
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let code = service.and_then(ProvideErrorMetadata::code).filter(|code| !code.is_empty());
    let code = code.map_or_else(|| code_of_status(status).to_owned(), |code| cut(code.to_owned()));
    let message = service.and_then(ProvideErrorMetadata::message).filter(|_| !QUOTING.contains(&code.as_str()));
    let reason = match message {
        Some(message) => format!("{code}: {message}"),
        None if !code.is_empty() => code.clone(),
        // The SDK's own message is no more than "dispatch failure".
        None => causes::said_once(error),
    };
    BucketError { operation, key: key.to_owned(), code, reason: cut(reason) }
}

fn unanswered(operation: &'static str, key: &str, reason: String) -> BucketError {
    BucketError { operation, key: key.to_owned(), code: refusal::NO_ANSWER.to_owned(), reason: cut(reason) }
}

fn on_disk(operation: &'static str, key: &str, error: &std::io::Error) -> BucketError {
    let reason = format!("temporary file: {error}");
    BucketError { code: refusal::DISK.to_owned(), ..unanswered(operation, key, reason) }
}

/// What a server says is untrusted: it ends up in logs and in the database, so it is kept short, and without access keys.
fn cut(reason: String) -> String {
    let is_key = |word: &&str| word.len() >= KEY_ID_CHARS && KEY_IDS.iter().any(|it| word.starts_with(it));
    let words: Vec<String> =
        reason.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_key).map(str::to_owned).collect();
    let mut reason = words.iter().fold(reason, |reason, word| reason.replace(word, "[access key]"));
    reason.truncate(reason.floor_char_boundary(500));
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_enough_and_as_short_as_they_can_be() {
        const PART: u64 = 16 << 20;
        for bytes in [PART + 1, PART * PARTS - 1, PART * PARTS, PART * PARTS + 1, 5 << 40] {
            let length = part_length(PART, bytes);
            assert!(length >= PART && bytes.div_ceil(length) <= PARTS, "{bytes}: {length}");
        }
        assert_eq!(part_length(PART, PART * PARTS), PART);
    }
}

#[cfg(test)]
mod secrets {
    use super::cut;

    #[test]
    fn access_keys_that_a_server_quotes_are_left_out() {
        let said = "Forbidden: No such key: GK31c2f218a2e44f485b94239e, AKIAIOSFODNN7EXAMPLE/20261123";
        assert_eq!(cut(said.to_owned()), "Forbidden: No such key: [access key], [access key]/20261123");
        assert_eq!(cut("no GKtoken here".to_owned()), "no GKtoken here");
    }
}
