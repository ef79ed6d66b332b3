//! What the bucket itself does to objects later: delete them, move them where they cannot be read, keep versions.

use aws_sdk_s3::types::{
    BucketVersioningStatus, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    ObjectLockEnabled, TransitionStorageClass,
};

use super::{FOLDER, Judgement, Probe, refused};
use crate::bucket;
use crate::doctor::advice::Refusal;

impl Probe<'_> {
    pub(super) async fn lifecycle(&self) -> Judgement {
        let bucket = &self.destination.bucket;
        match self.client.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
            Ok(answer) => judge(answer.rules(), &self.destination.prefix),
            Err(error) => match refused(&error) {
                (code, _) if code == "NoSuchLifecycleConfiguration" => judge(&[], &self.destination.prefix),
                (_, Refusal::NotSupported) => Judgement::well("the storage has no lifecycle rules"),
                (_, Refusal::Denied) => Judgement::well(
                    "not known, since the key may not see the rules (s3:GetLifecycleConfiguration): see yourself that none \
                     deletes exports",
                ),
                _ => self.trouble(&bucket::failed("get the lifecycle rules of", bucket, &error)),
            },
        }
    }

    pub(super) async fn versions(&self) -> Judgement {
        let bucket = &self.destination.bucket;
        let locked = self.client.get_object_lock_configuration().bucket(bucket).send().await;
        let locked = locked.ok().and_then(|it| it.object_lock_configuration);
        if locked.is_some_and(|it| it.object_lock_enabled() == Some(&ObjectLockEnabled::Enabled)) {
            return Judgement::well(
                "object lock is on: earlier versions are kept. Erasing a visitor there waits until it ends",
            );
        }
        match self.client.get_bucket_versioning().bucket(bucket).send().await {
            Ok(answer) if answer.status() == Some(&BucketVersioningStatus::Enabled) => Judgement::well(
                "versioning is on: what is overwritten or deleted can be brought back, until a rule removes it",
            ),
            Ok(_) => Judgement::well(
                "versioning is off: what somebody else overwrites or deletes is gone. A second destination, or versioning, \
                 guards against that",
            ),
            Err(error) => match refused(&error) {
                (_, Refusal::NotSupported) => Judgement::well("the storage has no versions"),
                (_, Refusal::Denied) => {
                    Judgement::well("not known, since the key may not see (s3:GetBucketVersioning)")
                }
                _ => self.trouble(&bucket::failed("get the versioning of", bucket, &error)),
            },
        }
    }
}

/// What the rules do to objects below `prefix`.
fn judge(rules: &[LifecycleRule], prefix: &str) -> Judgement {
    let ours = || rules.iter().filter(|rule| *rule.status() == ExpirationStatus::Enabled && concerns(rule, prefix));
    if let Some(rule) =
        ours().find(|rule| rule.expiration().is_some_and(|it| it.days().is_some() || it.date().is_some()))
    {
        let when = match rule.expiration().and_then(LifecycleExpiration::days) {
            Some(days) => format!("after {days} day(s)"),
            None => "at a date".to_owned(),
        };
        return Judgement::trouble(
            format!("the lifecycle rule {} deletes exports {when}", named(rule)),
            "remove the rule, or narrow its prefix: `exporter verify` calls what it deletes missing, and events that are no \
             longer in Postgres are then nowhere",
        );
    }
    if let Some(rule) = ours().find(|rule| rule.transitions().iter().any(|it| is_archive(it.storage_class()))) {
        return Judgement::advice(
            format!("the lifecycle rule {} moves exports into an archive", named(rule)),
            "what is there has to be restored before it can be read: `exporter verify` and your own readers fail on it",
        );
    }
    if ours().any(|rule| rule.abort_incomplete_multipart_upload().is_some()) {
        return Judgement::well("no rule deletes exports, and one aborts stale uploads");
    }
    Judgement::advice(
        "no rule deletes exports, and none aborts stale uploads",
        "add a rule that aborts incomplete multipart uploads after 7 days: after a crash their parts are paid for and in no \
         listing. Exports abort their own when they write the same object again",
    )
}

fn is_archive(class: Option<&TransitionStorageClass>) -> bool {
    matches!(class, Some(TransitionStorageClass::Glacier | TransitionStorageClass::DeepArchive))
}

/// Whether a rule is about keys below `prefix`. Ours have no tags.
fn concerns(rule: &LifecycleRule, prefix: &str) -> bool {
    #[expect(deprecated, reason = "where older rules have it")]
    let older = rule.prefix();
    let filter = rule.filter();
    if filter.is_some_and(|it| it.tag().is_some() || it.and().is_some_and(|and| !and.tags().is_empty())) {
        return false;
    }
    let and = filter.and_then(LifecycleRuleFilter::and).and_then(|and| and.prefix());
    let theirs = filter.and_then(LifecycleRuleFilter::prefix).or(and).or(older).unwrap_or_default();
    let is_probe = theirs.starts_with(&format!("{prefix}{FOLDER}"));
    !is_probe && (theirs.starts_with(prefix) || prefix.starts_with(theirs))
}

fn named(rule: &LifecycleRule) -> String {
    let id: String = rule.id().unwrap_or("without a name").chars().filter(|c| !c.is_control()).take(100).collect();
    format!("\"{id}\"")
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{AbortIncompleteMultipartUpload, LifecycleRuleAndOperator, Tag, Transition};

    use super::*;

    fn told(judgement: &Judgement) -> &'static str {
        match judgement {
            Judgement::Well(_) => "well",
            Judgement::Advice(it) if it.what.contains("archive") => "archive",
            Judgement::Advice(_) => "stale",
            Judgement::Trouble(_) => "deletes",
        }
    }

    fn filter(prefix: &str) -> LifecycleRuleFilter {
        LifecycleRuleFilter::builder().prefix(prefix).build()
    }

    fn expiring(filter: LifecycleRuleFilter, status: ExpirationStatus) -> LifecycleRule {
        let days = LifecycleExpiration::builder().days(30).build();
        LifecycleRule::builder().id("tidy").filter(filter).expiration(days).status(status).build().expect("a rule")
    }

    #[test]
    fn a_rule_that_deletes_is_found_where_it_is_about_exports() {
        let tag = Tag::builder().key("temporary").value("1").build().expect("a tag");
        let tagged = LifecycleRuleFilter::builder().tag(tag.clone()).build();
        let and = |tags: Option<Vec<Tag>>| {
            let and = LifecycleRuleAndOperator::builder().prefix("a/").object_size_greater_than(1).set_tags(tags);
            LifecycleRuleFilter::builder().and(and.build()).build()
        };
        let enabled = ExpirationStatus::Enabled;
        for (rule, prefix, expected) in [
            (expiring(filter(""), enabled.clone()), "a/", "deletes"),
            (expiring(filter("a/"), enabled.clone()), "a/", "deletes"),
            (expiring(filter("a/events/"), enabled.clone()), "a/", "deletes"),
            (expiring(filter("x"), enabled.clone()), "", "deletes"),
            (expiring(and(None), enabled.clone()), "a/", "deletes"),
            (expiring(and(Some(vec![tag])), enabled.clone()), "a/", "stale"),
            (expiring(filter("b/"), enabled.clone()), "a/", "stale"),
            (expiring(filter("a/probe/"), enabled.clone()), "a/", "stale"),
            (expiring(tagged, enabled), "a/", "stale"),
            (expiring(filter("a/"), ExpirationStatus::Disabled), "a/", "stale"),
        ] {
            assert_eq!(told(&judge(std::slice::from_ref(&rule), prefix)), expected, "{rule:?} {prefix}");
        }
    }

    #[test]
    fn archives_and_stale_uploads_are_told() {
        let rule = || LifecycleRule::builder().status(ExpirationStatus::Enabled).filter(filter(""));
        let archive = Transition::builder().days(1).storage_class(TransitionStorageClass::DeepArchive).build();
        assert_eq!(told(&judge(&[rule().transitions(archive).build().expect("a rule")], "")), "archive");
        let cool = Transition::builder().days(1).storage_class(TransitionStorageClass::StandardIa).build();
        assert_eq!(told(&judge(&[rule().transitions(cool).build().expect("a rule")], "")), "stale");
        let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(7).build();
        let rules = [rule().abort_incomplete_multipart_upload(abort).build().expect("a rule")];
        assert_eq!(told(&judge(&rules, "")), "well");
    }
}
