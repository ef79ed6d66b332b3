//! Single objects: written, read back, listed, checked on arrival, kept from being overwritten or deleted.

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::{Judgement, Probe, refused};
use crate::bucket::{self, BucketError};
use crate::doctor::advice::Refusal;

/// Written over each time, never deleted: a key that may not delete is a good one.
const NAME: &str = "doctor.txt";
const PROBE: &[u8] = b"written by `exporter doctor` to see whether this bucket can be written, read and listed\n";
/// What is sent with a wrong checksum. A server that takes it has lost nothing.
const DAMAGED: &str = "doctor-checksum.txt";
/// The one object that it is tried to delete.
const DELETED: &str = "doctor-delete.txt";

impl Probe<'_> {
    pub(super) async fn written(&self) -> Judgement {
        let key = self.key(NAME);
        if let Err(error) = self.put(&key, Some(&checksum(PROBE))).await {
            // Exports send checksums with everything: is it these that it does not take?
            return match self.put(&key, None).await {
                Ok(()) => Judgement::trouble(
                    format!("objects with a checksum (x-amz-checksum-sha256) are refused: {}", error.reason),
                    "the storage is too old for this exporter, or a proxy before it drops or changes headers: update it, or \
                     use another",
                ),
                Err(_) => self.trouble(&error),
            };
        }
        let read = self.client.get_object().bucket(&self.destination.bucket).key(&key).send().await;
        let body = match read {
            Ok(read) => read.body.collect().await.map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes),
            Err(error) => return self.trouble(&bucket::failed("get", &key, &error)),
        };
        if body.ok().as_deref() != Some(PROBE) {
            return Judgement::trouble(
                format!("{key} reads back otherwise than it was written"),
                "the storage is not to be trusted: ask its operator, or use another",
            );
        }
        let listed = self.client.list_objects_v2().bucket(&self.destination.bucket).prefix(&key).send().await;
        match listed {
            Err(error) => self.trouble(&bucket::failed("list", &key, &error)),
            Ok(listed) if listed.contents().iter().any(|it| it.key() == Some(&key)) => {
                Judgement::well(format!("{key} was written, reads back the same, and is listed"))
            }
            Ok(_) => Judgement::trouble(
                format!("{key} was written and is not listed"),
                "the storage must list objects at once after they were written: ask its operator, or use another",
            ),
        }
    }

    /// Whether what was damaged on the way is refused.
    pub(super) async fn checksums(&self) -> Judgement {
        match self.put(&self.key(DAMAGED), Some(&checksum(b"something else"))).await {
            Err(error) if !error.code.is_empty() => {
                Judgement::well(format!("an object with a wrong checksum is refused ({})", error.code))
            }
            Err(error) => self.trouble(&error),
            Ok(()) => Judgement::advice(
                "an object with a wrong checksum was taken: the storage does not look at x-amz-checksum-sha256",
                "nothing has to be done, since exports read back and hash what they wrote; a storage that checks is better",
            ),
        }
    }

    /// Whether an object can be written only where there is none. Exports do not rest on it.
    pub(super) async fn conditional(&self) -> Judgement {
        let key = self.key(NAME);
        let put =
            self.client.put_object().bucket(&self.destination.bucket).key(&key).body(ByteStream::from_static(PROBE));
        match put.checksum_sha256(checksum(PROBE)).if_none_match("*").send().await {
            Ok(_) => {
                Judgement::well("If-None-Match is ignored: an object can be written over. Exports do not rest on it")
            }
            Err(error) => match refused(&error) {
                (code, _) if code == "PreconditionFailed" || code == "status 412" => {
                    Judgement::well("If-None-Match is honoured: what is there is not written over")
                }
                (code, Refusal::NotSupported | Refusal::Other | Refusal::Denied) => {
                    Judgement::well(format!("If-None-Match is refused ({code}). Exports do not rest on it"))
                }
                _ => self.trouble(&bucket::failed("put if none is there", &key, &error)),
            },
        }
    }

    /// Whether the key may delete, which exports never do.
    pub(super) async fn deleting(&self) -> Judgement {
        let key = self.key(DELETED);
        if let Err(error) = self.put(&key, Some(&checksum(PROBE))).await {
            return self.trouble(&error);
        }
        match self.client.delete_object().bucket(&self.destination.bucket).key(&key).send().await {
            Ok(_) => Judgement::advice(
                "the access key may delete objects, and exports never do",
                "a key that may not is better: whoever steals it cannot destroy what is there. The policy is what \
                 `exporter doctor --policy` prints",
            ),
            Err(error) => match refused(&error) {
                (_, Refusal::Denied) => {
                    Judgement::well("the access key may not delete: whoever steals it destroys nothing")
                }
                (code, Refusal::NotSupported | Refusal::Other) => {
                    Judgement::well(format!("deleting is refused ({code})"))
                }
                _ => self.trouble(&bucket::failed("delete", &key, &error)),
            },
        }
    }

    async fn put(&self, key: &str, checksum: Option<&str>) -> Result<(), BucketError> {
        let put = self.client.put_object().bucket(&self.destination.bucket).key(key).content_type("text/plain");
        let put = put.set_checksum_sha256(checksum.map(str::to_owned)).body(ByteStream::from_static(PROBE));
        put.send().await.map_err(|error| bucket::failed("put", key, &error))?;
        Ok(())
    }
}

fn checksum(body: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(body))
}
