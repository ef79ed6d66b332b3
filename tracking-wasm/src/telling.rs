//! Names that tell that a value is personal: `email`, `resetToken`, `mot_de_passe`. What they stand for stays on the page. The
//! lists are short, since they are paid for by the byte; the edge has the full rules.

use crate::text::{from, is_listed, until};

/// Words that tell of a secret or of a way to reach a person; in an address their values are dropped.
const TELLING: &[u8] =
    b"password passwd passwort passphrase pwd pass pin otp secret token jwt apikey auth email mail phone tel mobile \
card cardnumber cvv cvc iban ssn birthday dob sid session sig signature csrf xsrf nonce";
/// Whether a word of `name` tells. Words end at a change of case and at every sign of ASCII that is no letter or digit.
pub(crate) fn is_telling(name: &[u8]) -> bool {
    let mut rest = name;
    while !rest.is_empty() {
        let mut after_lower = false;
        let ends_word = |byte: &u8| {
            let ends = (byte.is_ascii() && !byte.is_ascii_alphanumeric()) || (byte.is_ascii_uppercase() && after_lower);
            after_lower = byte.is_ascii_lowercase();
            ends
        };
        let length = rest.iter().position(ends_word).unwrap_or(rest.len());
        if is_listed(TELLING, until(rest, length)) {
            return true;
        }
        // a sign is a word of no letters
        rest = from(rest, length.max(1));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_and_substrings_do_not() {
        for name in ["email", "user[email]", "userEmail", "reset_token", "Password", "card-number", "PIN"] {
            assert!(is_telling(name.as_bytes()), "{name}");
        }
        for name in ["", "compass", "pinterest", "tokens_used", "page", "keyword", "author", "emails"] {
            assert!(!is_telling(name.as_bytes()), "{name}");
        }
    }
}
