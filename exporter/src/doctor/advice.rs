//! What the error of a storage means, and what to do: values in, words out.

use super::Trouble;
use crate::bucket::BucketError;

/// What kind of thing an error code says (Amazon S3, "Error responses"; other servers have the same).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The access key is unknown, or its secret is another.
    Credentials,
    /// The session token has run out or is none.
    Expired,
    /// The access key is known, and may not do this.
    Denied,
    /// There is no such bucket.
    NoBucket,
    /// The bucket is in another region, or at another address.
    Elsewhere,
    /// The clocks differ too much.
    Clock,
    /// Come back later.
    Busy,
    /// The storage does not have this function.
    NotSupported,
    /// There was no answer.
    NoAnswer,
    /// Something else.
    Other,
}

/// What kind of thing `code` says; an empty one stands for no answer.
#[must_use]
pub fn refusal(code: &str) -> Refusal {
    match code {
        "" => Refusal::NoAnswer,
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "NotSignedUp" | "AccountProblem" => Refusal::Credentials,
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => Refusal::Expired,
        "AccessDenied" | "AllAccessDisabled" | "Forbidden" | "UnauthorizedAccess" | "InvalidPayer" => Refusal::Denied,
        "NoSuchBucket" | "InvalidBucketName" => Refusal::NoBucket,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "IncorrectEndpoint"
        | "MovedPermanently" => Refusal::Elsewhere,
        "RequestTimeTooSkewed" | "RequestExpired" => Refusal::Clock,
        "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "OperationAborted" => Refusal::Busy,
        "NotImplemented" | "MethodNotAllowed" | "XNotImplemented" => Refusal::NotSupported,
        _ => Refusal::Other,
    }
}

/// What else is known when an error comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Circumstances {
    /// Where the storage says that the bucket is.
    pub(super) region: Option<String>,
    /// The region of the settings.
    pub(super) configured_region: String,
    /// How much the storage's clock is ahead of ours, in seconds.
    pub(super) ahead: Option<i64>,
    /// The HTTP status.
    pub(super) status: Option<u16>,
}

/// The error of what should have worked.
pub(super) fn advise(error: &BucketError, circumstances: &Circumstances) -> Trouble {
    let Circumstances { region, configured_region, ahead, status } = circumstances;
    let BucketError { operation, code, reason, .. } = error;
    let remedy = match refusal(code) {
        Refusal::NoAnswer => unanswered(reason, *status).to_owned(),
        Refusal::NoBucket => "create the bucket, or correct bucket (its name), endpoint or path_style".to_owned(),
        Refusal::Denied => format!("allow the access key to {operation}: the policy that it needs is below"),
        Refusal::Credentials => "the storage does not know these credentials, or the secret key belongs to another access key: \
             store the right ones with `exporter credentials set`, or correct access_key and secret_key. Nothing is lost: \
             events wait here, and exports go on by themselves once they are right"
            .to_owned(),
        Refusal::Expired => "the session token has run out or is wrong: store fresh credentials with `exporter credentials \
             set`, better ones that do not run out, or let a role of this machine give them"
            .to_owned(),
        Refusal::Clock => match ahead {
            Some(ahead) => {
                format!("{}: set this machine's clock, and keep it right with chrony or systemd-timesyncd", skew(*ahead))
            }
            None => "set this machine's clock: it must agree with the storage's".to_owned(),
        },
        Refusal::Elsewhere => match region {
            Some(region) if region != configured_region => {
                format!("the bucket is in region {region}: set region = \"{region}\", now it is \"{configured_region}\"")
            }
            _ => format!("correct region (now \"{configured_region}\"), or endpoint, if one is set"),
        },
        Refusal::Busy => "the storage has trouble of its own: try again later".to_owned(),
        Refusal::NotSupported => {
            format!("the storage cannot {operation}, which exports need: ask its operator, or use another")
        }
        Refusal::Other => format!("look up {code} in the storage's manual"),
    };
    Trouble::new(format!("cannot {error}"), remedy)
}

/// How the clocks differ.
pub(super) fn skew(ahead: i64) -> String {
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    format!("this machine's clock is {} s {direction} the storage's", ahead.abs())
}

fn unanswered(reason: &str, status: Option<u16>) -> &'static str {
    let reason = reason.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| reason.contains(it));
    match () {
        () if says(&["no credentials", "loading credentials"]) => "store some with `exporter credentials set`",
        () if says(&["certificate", "unknownissuer", "notvalidforname"]) => {
            "the storage's certificate is not trusted: see that endpoint has the name that is in it, that it is in date, and \
             that its authority is among this machine's (ca-certificates)"
        }
        () if says(&["tls", "handshake", "invalidcontenttype", "corrupt message"]) => {
            "what answers there does not speak TLS as it should: see that endpoint has the right port"
        }
        () if says(&["dns", "lookup", "name or service not known"]) => {
            "the name of the storage is not known here: correct endpoint or region; with a storage of your own, path_style = \
             true keeps the bucket's name out of the host name"
        }
        () if says(&["refused"]) => "nothing listens there: see that the storage runs, and that endpoint has its port",
        () if says(&["timed out", "timeout", "did not arrive"]) => {
            "there is no answer in time: see that a firewall lets this machine out, and that endpoint is right"
        }
        () if status.is_some() => {
            "what answers there is no S3 storage, or a proxy before it: see that endpoint is right"
        }
        () => "see that endpoint is right and can be reached from here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str, reason: &str, circumstances: &Circumstances) -> String {
        let (code, reason, key) = (code.to_owned(), reason.to_owned(), "probe/".to_owned());
        advise(&BucketError { operation: "list", key, code, reason }, circumstances).remedy
    }

    #[test]
    fn each_error_has_a_remedy_of_its_own() {
        let at = |region: Option<&str>, ahead| Circumstances {
            region: region.map(str::to_owned),
            configured_region: "us-east-1".to_owned(),
            ahead,
            status: None,
        };
        for (code, reason, circumstances, remedy) in [
            (
                "PermanentRedirect",
                "",
                at(Some("eu-central-1"), None),
                "set region = \"eu-central-1\", now it is \"us-east-1\"",
            ),
            ("AuthorizationHeaderMalformed", "", at(None, None), "correct region (now \"us-east-1\")"),
            ("RequestTimeTooSkewed", "", at(None, Some(1200)), "is 1200 s behind the storage's"),
            ("RequestTimeTooSkewed", "", at(None, Some(-1200)), "is 1200 s ahead of the storage's"),
            ("InvalidAccessKeyId", "", at(None, None), "exporter credentials set"),
            ("ExpiredToken", "", at(None, None), "has run out"),
            ("AccessDenied", "", at(None, None), "policy"),
            ("NoSuchBucket", "", at(None, None), "create the bucket"),
            ("SlowDown", "", at(None, None), "try again later"),
            ("Strange", "", at(None, None), "look up Strange"),
            ("", "invalid peer certificate: UnknownIssuer", at(None, None), "ca-certificates"),
            ("", "dns error: failed to lookup", at(None, None), "path_style"),
            ("", "tcp connect error: Connection refused", at(None, None), "nothing listens"),
            ("", "operation timed out", at(None, None), "firewall"),
        ] {
            let found = told(code, reason, &circumstances);
            assert!(found.contains(remedy), "{code} {reason}: {found}");
        }
    }
}
