//! Uploads in parts, as large objects are sent.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::{Judgement, Probe, refused};
use crate::bucket::{self, BucketError};
use crate::doctor::advice::Refusal;

const NAME: &str = "doctor-parts.txt";
const PROBE: &[u8] = b"written by `exporter doctor` in one part to see whether large objects can be\n";

impl Probe<'_> {
    pub(super) async fn parts(&self) -> Judgement {
        let key = self.key(NAME);
        match self.try_parts(&key).await {
            Ok(true) => {}
            Ok(false) => {
                return Judgement::trouble(
                    format!("{key}, sent in parts, reads back otherwise than it was sent"),
                    "the storage is not to be trusted: ask its operator, or use another",
                );
            }
            Err(error) => return self.trouble(&error),
        }
        let stale = self.client.list_multipart_uploads().bucket(&self.destination.bucket).prefix(&key).send().await;
        match stale {
            Ok(_) => Judgement::well("uploads in parts can be begun, completed, aborted and listed"),
            Err(error) => match refused(&error) {
                (code, Refusal::Denied | Refusal::NotSupported) => Judgement::advice(
                    format!("uploads in parts work, and those that a crash left behind cannot be listed ({code})"),
                    "allow s3:ListBucketMultipartUploads, or have a lifecycle rule abort incomplete uploads after a week: \
                     their parts are paid for and in no listing",
                ),
                _ => self.trouble(&bucket::failed("list uploads of", &key, &error)),
            },
        }
    }

    /// One upload that is completed and read back, and one that is aborted.
    async fn try_parts(&self, key: &str) -> Result<bool, BucketError> {
        let bucket = &self.destination.bucket;
        let id = self.begin(key).await?;
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(PROBE));
        let part = self.client.upload_part().bucket(bucket).key(key).upload_id(&id).part_number(1);
        let part = part.checksum_sha256(&sha256).body(ByteStream::from_static(PROBE)).send().await;
        let part = match part {
            Ok(part) => part,
            Err(error) => {
                // What cannot be aborted either is told by the error that came first.
                let _ = self.abort(key, &id).await;
                return Err(bucket::failed("upload a part of", key, &error));
            }
        };
        let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).checksum_sha256(sha256).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete = self.client.complete_multipart_upload().bucket(bucket).key(key).upload_id(&id);
        if let Err(error) = complete.multipart_upload(parts).send().await {
            let _ = self.abort(key, &id).await;
            return Err(bucket::failed("complete the upload of", key, &error));
        }
        let second = self.begin(key).await?;
        self.abort(key, &second).await?;
        let read = self.client.get_object().bucket(bucket).key(key).send().await;
        let read = read.map_err(|error| bucket::failed("get", key, &error))?;
        Ok(read.body.collect().await.is_ok_and(|body| body.into_bytes() == PROBE))
    }

    async fn begin(&self, key: &str) -> Result<String, BucketError> {
        let created = self.client.create_multipart_upload().bucket(&self.destination.bucket).key(key);
        let created = created.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
        let created = created.map_err(|error| bucket::failed("begin an upload in parts of", key, &error))?;
        Ok(created.upload_id.unwrap_or_default())
    }

    async fn abort(&self, key: &str, id: &str) -> Result<(), BucketError> {
        let aborted =
            self.client.abort_multipart_upload().bucket(&self.destination.bucket).key(key).upload_id(id).send();
        aborted.await.map_err(|error| bucket::failed("abort the upload of", key, &error))?;
        Ok(())
    }
}
