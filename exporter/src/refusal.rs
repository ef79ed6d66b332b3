//! What a failure at a destination means, in plain words, and what to do about it. One table, for exports, for
//! `exporter status` and for `exporter doctor`.

/// Code of a failure without an answer of the storage.
pub const NO_ANSWER: &str = "";
/// Code of an object that is not what was sent although the storage acknowledged it.
pub const NOT_HELD: &str = "NotHeld";
/// Code of rows that are other than the segments promise, or cannot be written.
pub const ROWS: &str = "Rows";
/// Code of objects that this version of the program writes otherwise than they were exported.
pub const OTHER_BYTES: &str = "OtherBytes";
/// Code of objects that an erasure is still to clean.
pub const ERASING: &str = "Erasing";
/// Code of objects that have rows which are nowhere else, and are not what was exported.
pub const LOST: &str = "Lost";
/// Code of objects that are not written again, since the database has fewer rows by now.
pub const DROPPED: &str = "Dropped";
/// Code of uploads in parts that an erasure is to end and that the access key may not list.
pub const UPLOADS: &str = "Uploads";
/// Code of a database that failed.
pub const DATABASE: &str = "Database";
/// Code of a disk of this machine that takes no more.
pub const DISK: &str = "Disk";

/// Whom a failure concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerns {
    /// Every export batch alike: the destination waits.
    Destination,
    /// This machine or the database, and no destination.
    Here,
    /// This export batch alone.
    Batch,
    /// The code does not tell: a try with another object does.
    Unclear,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In plain words.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Whom it concerns.
    pub concerns: Concerns,
}

/// What the failure `code` means: an error code of S3, or one of the above.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one table")]
pub fn of(code: &str) -> Refusal {
    use Concerns::{Batch, Destination, Here, Unclear};
    let (meaning, remedy, concerns) = match code {
        NO_ANSWER => (
            "the storage did not answer in time, or the connection broke",
            "see that endpoint and region are right, that the storage runs, and that name service, firewall and proxy let \
             this machine reach it; on a slow line raise the destination's timeout",
            Unclear,
        ),
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "Forbidden" => (
            "the access key is not allowed to do this",
            "allow it s3:PutObject, s3:GetObject and s3:AbortMultipartUpload below the prefix and s3:ListBucket on the bucket; \
             see that no policy of the bucket denies it",
            Destination,
        ),
        "InvalidAccessKeyId" | "UnrecognizedClientException" => (
            "the storage does not know the access key",
            "correct access_key: it may have been deleted or belong to another account",
            Destination,
        ),
        "SignatureDoesNotMatch" => (
            "the secret key does not belong to the access key",
            "correct secret_key: it must be whole, without blanks around it",
            Destination,
        ),
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "RequestExpired" => (
            "the temporary credentials have run out",
            "renew them, or see why the role of this machine gives no new ones",
            Destination,
        ),
        "NoSuchBucket" => (
            "there is no bucket of this name",
            "create the bucket, or correct bucket, region, endpoint or path_style",
            Destination,
        ),
        ERASING => (
            "a visitor is being erased, and this is not done here yet",
            "see that every destination is in the settings and takes objects, then `exporter forget --resume`; `serve` goes on by \
             itself, too",
            Batch,
        ),
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "InvalidRegion" => (
            "the bucket is in another region, or at another endpoint",
            "correct region, and endpoint if one is set",
            Destination,
        ),
        "RequestTimeTooSkewed" => (
            "the clock of this machine is wrong",
            "set the clock and let it be kept by NTP: it must agree with the storage's to a few minutes",
            Destination,
        ),
        "SlowDown"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "Busy" => (
            "the storage is busy and asks to come back later",
            "nothing, when it goes by; otherwise ask the storage's operator for its limits",
            Destination,
        ),
        "QuotaExceeded" | "InsufficientStorage" | "XMinioStorageFull" | "EntityTooLargeForQuota" => {
            ("the storage is full", "give the bucket more room, or raise its quota", Destination)
        }
        "NotImplemented" | "MethodNotAllowed" => (
            "the storage cannot do what exports need",
            "run `exporter doctor`, which says what is missing; update the storage, or use another",
            Destination,
        ),
        "InternalError" | "RequestTimeout" | "OperationAborted" | "ConditionalRequestConflict" => (
            "the storage has a problem of its own",
            "nothing, when it goes by; otherwise show its operator the reason",
            Unclear,
        ),
        NOT_HELD => (
            "the storage acknowledged an object and does not hold what was sent",
            "run `exporter doctor`; when it happens again, the storage is not to be trusted: show its operator the reason",
            Unclear,
        ),
        ROWS => (
            "the rows of the batch cannot be read or written as they were promised",
            "see that the database is whole (its log, a restore, somebody who deleted rows), then `exporter export retry`",
            Batch,
        ),
        OTHER_BYTES => (
            "this version of the program writes other bytes than were exported",
            "repair with the version that exported the batch, or export the range with --to-prefix",
            Batch,
        ),
        LOST => (
            "an object is missing or changed whose rows are no longer in the database",
            "put it back: copy it from a destination that has it, or from a version that the bucket keeps; then `exporter \
             forget --resume`",
            Batch,
        ),
        DROPPED => (
            "retention has dropped rows of the batch since it was exported",
            "where the bucket lost some, copy them from a destination that has them, or from a version that the bucket keeps; \
             `--to-prefix` exports what is still here",
            Batch,
        ),
        UPLOADS => (
            "an export that died may have left parts of an upload with rows of a visitor who is to be forgotten, and the access key is \
             not allowed to list them",
            "allow it s3:ListBucketMultipartUploads on the bucket: `exporter doctor` prints the whole policy; then `exporter forget \
             --resume`",
            Batch,
        ),
        DATABASE => ("the database failed", "see that Postgres runs and has room, and its log", Here),
        DISK => (
            "a temporary file cannot be written",
            "make room on the disk of /var/tmp, or set TMPDIR to a folder that has some",
            Here,
        ),
        _ => (
            "the storage refused the request",
            "look the code up in the storage's manual; run `exporter doctor`",
            Unclear,
        ),
    };
    Refusal { meaning, remedy, concerns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_all_batches_never_counts_against_one() {
        for code in [
            "AccessDenied",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "NoSuchBucket",
            "PermanentRedirect",
            "RequestTimeTooSkewed",
            "SlowDown",
        ] {
            assert_eq!(of(code).concerns, Concerns::Destination, "{code}");
        }
        assert_eq!(of(NO_ANSWER).concerns, Concerns::Unclear);
        assert_eq!(of("BadDigest").concerns, Concerns::Unclear);
        assert_eq!(of(ROWS).concerns, Concerns::Batch);
    }
}
