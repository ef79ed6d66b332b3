//! The least that an access key has to be allowed, to paste where keys are made.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Destination;

/// The least that the access key of a destination has to be allowed.
#[derive(Debug, Serialize)]
pub struct Policy {
    /// The destination.
    pub destination: String,
    /// A policy of AWS IAM, which `MinIO` and Ceph take, too.
    pub policy: Value,
    /// What does the same at storages without policies.
    pub otherwise: Option<String>,
}

impl Policy {
    /// For exactly the bucket and the prefix of `destination`.
    #[must_use]
    pub fn of(destination: &Destination) -> Self {
        let Destination { name, bucket, prefix, region, endpoint, .. } = destination;
        let partition = match region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let arn = format!("arn:{partition}:s3:::{bucket}");
        let statement = |sid: &str, actions: &[&str], resource: &str| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource });
        let mut list = statement("ListExports", &["s3:ListBucket"], &arn);
        if !prefix.is_empty()
            && let Value::Object(list) = &mut list
        {
            list.insert("Condition".to_owned(), json!({ "StringLike": { "s3:prefix": format!("{prefix}*") } }));
        }
        let mut statements = vec![
            statement(
                "WriteAndReadBack",
                &["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
                &format!("{arn}/{prefix}*"),
            ),
            list,
            statement("EndOwnStaleUploads", &["s3:ListBucketMultipartUploads"], &arn),
        ];
        let mut rules = vec!["s3:GetLifecycleConfiguration", "s3:GetBucketVersioning"];
        if endpoint.is_none() {
            rules.extend([
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketPolicyStatus",
            ]);
        }
        statements.push(statement("LetDoctorLook", &rules, &arn));
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let otherwise = endpoint.is_some().then(|| {
            format!(
                "Garage: garage bucket allow --read --write {bucket} --key KEY   (its keys cannot be kept from deleting, or to a \
                 prefix: a bucket and a key for this alone)\nR2, B2 and others with tokens: one that may read and write \
                 objects of {bucket} alone; without delete, where that can be chosen"
            )
        });
        Self { destination: name.clone(), policy, otherwise }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "The least that the access key of destination {} has to be allowed:", self.destination)?;
        write!(formatter, "{:#}", self.policy)?;
        match &self.otherwise {
            Some(otherwise) => write!(formatter, "\n{otherwise}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(prefix: &str, region: &str, endpoint: Option<&str>) -> Policy {
        let destination: Destination = serde_json::from_value(
            json!({ "name": "client", "bucket": "b", "region": region, "prefix": prefix, "endpoint": endpoint }),
        )
        .expect("valid");
        Policy::of(&destination)
    }

    #[test]
    fn it_allows_this_bucket_and_prefix_alone_and_no_deleting() {
        let Policy { policy, otherwise, .. } = policy("evothesis/", "eu-central-1", None);
        let text = policy.to_string();
        assert!(!text.contains("Delete") && !text.contains("s3:*") && otherwise.is_none(), "{text}");
        assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::b/evothesis/*");
        assert_eq!(policy["Statement"][1]["Condition"]["StringLike"]["s3:prefix"], "evothesis/*");
        for statement in policy["Statement"].as_array().expect("statements") {
            let resource = statement["Resource"].as_str().expect("a resource");
            assert!(resource == "arn:aws:s3:::b" || resource.starts_with("arn:aws:s3:::b/"), "{resource}");
        }
    }

    #[test]
    fn without_a_prefix_there_is_no_condition_and_partitions_are_known() {
        let it = policy("", "cn-north-1", None).policy;
        assert_eq!(it["Statement"][0]["Resource"], "arn:aws-cn:s3:::b/*");
        assert!(it["Statement"][1].get("Condition").is_none());
        let garage = policy("", "garage", Some("https://s3.example.com"));
        assert!(garage.to_string().contains("garage bucket allow --read --write b"));
        assert!(!garage.policy.to_string().contains("PublicAccessBlock"));
    }
}
