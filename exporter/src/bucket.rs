//! A bucket: what the rest of the program may ask of S3, with every wait bounded.
//!
//! Only the core of S3 is used (PUT of a body in memory, GET, LIST), since servers differ in all the rest. No retries of
//! consequence happen here: a failed delivery is tried again by the next run.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::causes;
use crate::config::Destination;

const CONNECT: Duration = Duration::from_secs(5);
/// One request, its body and its answer's head.
const ATTEMPT: Duration = Duration::from_mins(2);
/// One operation with its retries; for a GET, its body too.
const OPERATION: Duration = Duration::from_mins(5);
/// A second try inside one operation saves a whole run after a hiccup.
const TRIES: u32 = 2;

/// A destination's bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    bucket: String,
}

/// A request to the bucket that failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {key}: {reason}")]
pub struct BucketError {
    /// `put`, `get` or `list`.
    pub operation: &'static str,
    /// The key, or the prefix listed.
    pub key: String,
    /// The server's error code, such as `AccessDenied`; empty when there was no answer.
    pub code: String,
    /// Code and message, or what kept an answer from coming.
    pub reason: String,
}

impl Bucket {
    /// The bucket of a validated destination. Nothing is sent yet.
    #[must_use]
    pub fn new(destination: &Destination) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let keys = (destination.access_key.expose(), destination.secret_key.expose());
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .region(Region::new(destination.region.clone()))
            .credentials_provider(Credentials::new(keys.0, keys.1, None, None, "config"))
            .force_path_style(destination.path_style)
            // Not every server takes the checksums that the SDK would add by itself: ours are explicit.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            );
        if let Some(endpoint) = &destination.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { client: Client::from_conf(config.build()), bucket: destination.bucket.clone() }
    }

    /// Writes an object, whatever was there before.
    pub async fn put(&self, key: &str, content_type: &str, body: Bytes) -> Result<(), BucketError> {
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(&body));
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .checksum_sha256(sha256)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| failed("put", key, &error))?;
        Ok(())
    }

    /// The bytes of an object; `None` when there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, BucketError> {
        let whole = async {
            let answer = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
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
        tokio::time::timeout(OPERATION, whole)
            .await
            .unwrap_or_else(|_| Err(unanswered("get", key, "the body did not arrive in time".to_owned())))
    }

    /// Every key that begins with `prefix`.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("list", prefix, &error))?;
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(listed)
    }
}

/// SHA-256 of an object's bytes, lower-case hexadecimal.
#[must_use]
pub fn sha256(body: &[u8]) -> String {
    wire::signature::hex(&Sha256::digest(body))
}

fn failed<E>(operation: &'static str, key: &str, error: &SdkError<E>) -> BucketError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code).unwrap_or_default().to_owned();
    let reason = match service.and_then(ProvideErrorMetadata::message) {
        Some(message) => format!("{code}: {message}"),
        None if !code.is_empty() => code.clone(),
        // The SDK's own message is no more than "dispatch failure".
        None => causes::said_once(error),
    };
    BucketError { operation, key: key.to_owned(), code, reason: cut(reason) }
}

fn unanswered(operation: &'static str, key: &str, reason: String) -> BucketError {
    BucketError { operation, key: key.to_owned(), code: String::new(), reason: cut(reason) }
}

/// What a server says is untrusted: it ends up in logs and in the database, so it is kept short.
fn cut(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(500));
    reason
}
