//! Names that tell that a value is personal: `email`, `resetToken`. What they stand for stays on the page. The list is
//! short, since it is paid for by the byte; the edge has the full rules.

use crate::text::is_listed;

const TELLING: &str = "password passwd passwort passphrase pwd pass pin otp secret token jwt apikey auth email mail phone \
    tel mobile card cardnumber cvv cvc iban ssn birthday dob";

/// Whether a word of `name` tells. Words end at a change of case and at every sign of ASCII that is no letter or digit.
pub(crate) fn is_telling(name: &str) -> bool {
    let mut word = String::new();
    let mut after_lower = false;
    for character in name.chars().chain(['.']) {
        let is_sign = character.is_ascii() && !character.is_ascii_alphanumeric();
        if is_sign || (character.is_ascii_uppercase() && after_lower) {
            if is_listed(TELLING, &word) {
                return true;
            }
            word.clear();
        }
        after_lower = character.is_ascii_lowercase();
        if !is_sign {
            word.push(character.to_ascii_lowercase());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_and_substrings_do_not() {
        for name in ["email", "user[email]", "userEmail", "reset_token", "Password", "card-number", "PIN"] {
            assert!(is_telling(name), "{name}");
        }
        for name in ["", "compass", "pinterest", "tokens_used", "page", "keyword", "author", "emails"] {
            assert!(!is_telling(name), "{name}");
        }
    }
}
