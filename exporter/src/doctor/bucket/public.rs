//! Whether strangers can read what is exported.

use aws_sdk_s3::Client;

use super::{Judgement, Probe};
use crate::bucket;

/// What is always there once the bucket was written to.
const NAME: &str = "doctor.txt";
const REMEDY: &str = "take away public access: at AWS, turn on \"Block all public access\"; elsewhere, remove the bucket's policy \
                      or website that allows it. Exports hold what visitors did";

impl Probe<'_> {
    /// Asks as a stranger, and asks the storage what it thinks.
    pub(super) async fn public(&self) -> Judgement {
        let bucket = &self.destination.bucket;
        let stranger = Client::from_conf(bucket::settings(self.destination).allow_no_auth().build());
        if stranger.get_object().bucket(bucket).key(self.key(NAME)).send().await.is_ok() {
            return Judgement::trouble("anybody can read objects without credentials", REMEDY);
        }
        if stranger.list_objects_v2().bucket(bucket).max_keys(1).send().await.is_ok() {
            return Judgement::trouble("anybody can list the bucket without credentials", REMEDY);
        }
        let status = self.client.get_bucket_policy_status().bucket(bucket).send().await;
        let is_public = status.is_ok_and(|it| it.policy_status().is_some_and(|it| it.is_public() == Some(true)));
        if is_public {
            return Judgement::trouble("the storage says that its policy makes the bucket public", REMEDY);
        }
        let blocked = self.client.get_public_access_block().bucket(bucket).send().await;
        let blocks = blocked.ok().and_then(|it| it.public_access_block_configuration);
        let all = |it: &aws_sdk_s3::types::PublicAccessBlockConfiguration| {
            [it.block_public_acls(), it.ignore_public_acls(), it.block_public_policy(), it.restrict_public_buckets()]
                .iter()
                .all(|it| *it == Some(true))
        };
        match blocks {
            Some(blocks) if !all(&blocks) => Judgement::advice(
                "a stranger can read nothing, and nothing keeps somebody from opening the bucket by mistake",
                "turn on \"Block all public access\" for the bucket",
            ),
            _ => Judgement::well("without credentials, nothing can be read or listed"),
        }
    }
}
