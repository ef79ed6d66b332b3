//! Access key, secret key and session token, as they are typed in, sealed and handed to the SDK.

use aws_sdk_s3::config::Credentials;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Longer than any that is given out; session tokens have about 2 kB.
const LONGEST: usize = 16 << 10;
/// What samples hold where a secret belongs.
const PLACEHOLDER: &str = "change-me";

/// What a bucket is asked with. Shows nothing of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The access key's id.
    pub access_key: Secret,
    /// The access key's secret.
    pub secret_key: Secret,
    /// Beside keys that are temporary.
    pub session_token: Option<Secret>,
}

/// What was typed in and is no access key. Quotes nothing of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Too few lines, or empty ones.
    #[error("{0}: must not be empty")]
    Empty(&'static str),
    /// No access key has such characters.
    #[error("{0}: must be letters, digits and signs, without spaces")]
    NotGraphic(&'static str),
    /// Nobody gives out such long ones.
    #[error("{0}: is longer than any that is given out")]
    TooLong(&'static str),
    /// Copied from a sample.
    #[error("{0}: is the placeholder of a sample")]
    Placeholder(&'static str),
    /// More than there should be.
    #[error("there is more than an access key, a secret key and a session token, each on a line")]
    TooMany,
    /// JSON of something else.
    #[error("the JSON must have AccessKeyId, SecretAccessKey and perhaps SessionToken, as `aws sts` prints them")]
    NotSts,
}

/// As it is sealed.
#[derive(Serialize)]
struct Plain<'a> {
    access_key: &'a str,
    secret_key: &'a str,
    session_token: Option<&'a str>,
}

/// As `aws sts assume-role` and `aws configure export-credentials` print them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sts {
    access_key_id: Secret,
    secret_access_key: Secret,
    session_token: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    Role {
        #[serde(rename = "Credentials")]
        credentials: Sts,
    },
    Alone(Sts),
}

impl Keys {
    /// # Errors
    /// Names what is no access key, secret key or session token.
    pub fn new(access_key: Secret, secret_key: Secret, session_token: Option<Secret>) -> Result<Self, KeysError> {
        check("access key", &access_key)?;
        check("secret key", &secret_key)?;
        if let Some(token) = &session_token {
            check("session token", token)?;
        }
        Ok(Self { access_key, secret_key, session_token })
    }

    /// From a text: each on a line, the session token if there is one, or the JSON of `aws sts`.
    ///
    /// # Errors
    /// Names what is missing or wrong, and quotes nothing.
    pub fn from_text(text: &str) -> Result<Self, KeysError> {
        if text.trim_start().starts_with('{') {
            // serde_json's own error may quote a value.
            return match serde_json::from_str(text).map_err(|_| KeysError::NotSts)? {
                Printed::Role { credentials: it } | Printed::Alone(it) => {
                    Self::new(it.access_key_id, it.secret_access_key, it.session_token)
                }
            };
        }
        let mut lines = text.lines().map(str::trim);
        let mut next = || lines.next().map(Secret::from);
        let nothing = || Secret::from("");
        let (access_key, secret_key) = (next().unwrap_or_else(nothing), next().unwrap_or_else(nothing));
        let session_token = next().filter(|token| !token.expose().is_empty());
        if lines.any(|line| !line.is_empty()) {
            return Err(KeysError::TooMany);
        }
        Self::new(access_key, secret_key, session_token)
    }

    /// What is sealed.
    #[must_use]
    pub fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        let plain = Plain {
            access_key: self.access_key.expose(),
            secret_key: self.secret_key.expose(),
            session_token: self.session_token.as_ref().map(Secret::expose),
        };
        // Room enough that nothing is copied about while it is written: an escape has two bytes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * 3 * LONGEST));
        // Writing into memory does not fail.
        let _ = serde_json::to_writer(&mut *bytes, &plain);
        bytes
    }

    /// What was sealed; `None` when it is something else.
    #[must_use]
    pub fn from_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }

    /// For the SDK; `source` names where they come from in its errors.
    #[must_use]
    pub fn for_sdk(&self, source: &'static str) -> Credentials {
        let token = self.session_token.as_ref().map(|it| it.expose().to_owned());
        Credentials::new(self.access_key.expose(), self.secret_key.expose(), token, None, source)
    }
}

fn check(what: &'static str, secret: &Secret) -> Result<(), KeysError> {
    let text = secret.expose();
    match () {
        () if text.is_empty() => Err(KeysError::Empty(what)),
        () if text.starts_with(PLACEHOLDER) => Err(KeysError::Placeholder(what)),
        () if text.len() > LONGEST => Err(KeysError::TooLong(what)),
        () if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeysError::NotGraphic(what)),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(keys: &Keys) -> (&str, &str, Option<&str>) {
        (keys.access_key.expose(), keys.secret_key.expose(), keys.session_token.as_ref().map(Secret::expose))
    }

    #[test]
    fn lines_and_what_aws_sts_prints_are_read() {
        let flat =
            r#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s/+=", "SessionToken": "t", "Expiration": "x"}"#;
        let role = format!(r#"{{"Credentials": {flat}, "AssumedRoleUser": {{"Arn": "arn"}}}}"#);
        for (text, token) in [
            ("A\ns/+=\n", None),
            ("A\r\ns/+=\r\n\r\n", None),
            (" A \n s/+= \nt", Some("t")),
            (flat, Some("t")),
            (&role, Some("t")),
        ] {
            assert_eq!(exposed(&Keys::from_text(text).expect(text)), ("A", "s/+=", token), "{text}");
        }
    }

    #[test]
    fn what_is_no_access_key_is_named_and_not_quoted() {
        for (text, error) in [
            ("", KeysError::Empty("access key")),
            ("hunter2", KeysError::Empty("secret key")),
            ("hunter2\n\nhunter3", KeysError::Empty("secret key")),
            ("hunter2 hunter3\nx", KeysError::NotGraphic("access key")),
            ("A\nhünter2", KeysError::NotGraphic("secret key")),
            ("A\nchange-me", KeysError::Placeholder("secret key")),
            ("hunter1\nhunter2\nhunter3\nhunter4", KeysError::TooMany),
            (r#"{"AccessKeyId": "hunter2", "SecretAccessKey": 42}"#, KeysError::NotSts),
            (r#"{"AccessKeyId": "hunter2""#, KeysError::NotSts),
        ] {
            let found = Keys::from_text(text).expect_err(text);
            assert!(!format!("{found} {found:?}").contains("hunter"));
            assert_eq!(found, error, "{text}");
        }
        assert_eq!(
            Keys::from_text(&format!("A\n{}", "s".repeat(LONGEST + 1))).expect_err("long"),
            KeysError::TooLong("secret key")
        );
    }

    #[test]
    fn what_is_sealed_comes_back_and_nothing_is_shown() {
        for text in ["A\ns\"\\\n", "hunter1\nhunter2\nhunter3"] {
            let keys = Keys::from_text(text).expect(text);
            let again = Keys::from_plain(&keys.to_plain()).expect("the same");
            assert_eq!(exposed(&again), exposed(&keys));
            assert!(!format!("{again:?}").contains("hunter"));
        }
        let longest = Secret::from("\\".repeat(LONGEST).as_str());
        let keys = Keys::new(longest.clone(), longest.clone(), Some(longest)).expect("allowed");
        let plain = keys.to_plain();
        assert!(plain.capacity() >= plain.len() && Keys::from_plain(&plain).is_some());
    }
}
