//! Names that tell that a value is personal: `email`, `resetToken`, `mot_de_passe`. What they stand for stays on the page. The
//! lists are short, since they are paid for by the byte; the edge has the full rules.

use crate::text::{from, is_listed, until};

/// Words that tell of a secret or of a way to reach a person; in an address their values are dropped.
const TELLING: &[u8] =
    b"password passwd passwort passphrase pwd pass pin otp secret token jwt apikey auth email mail phone tel mobile \
card cardnumber cvv cvc iban ssn birthday dob sid session sig signature csrf xsrf nonce";
/// Beginnings of words that tell the same of a form field, and more: there a value is kept only on request, so that a word too
/// many costs nothing.
const STEMS: &[u8] = b"pass pwd pin otp secret token jwt api auth code csrf xsrf nonce mail email correo courriel phon fon tel mobil \
handy card cart tarj karte kaart cc cvv cvc iban bic konto account cuenta compte ssn nif nie dni cpf cnpj pesel bsn nino steuer tax fisc \
birth geb naiss nac nasc dob nom nam vorn surn firs last stra street rue calle via add adr ind dir zip plz post senha clave contras \
has hes wacht los ident user login soc voor achter apel cogn pren ender";

/// Whether a word of `name` tells. Words end at a change of case and at every sign of ASCII that is no letter or digit.
pub(crate) fn is_telling(name: &[u8]) -> bool {
    any_word(name, TELLING, false)
}

/// Whether a word of `name`, a form field's, begins with a stem that tells.
pub(crate) fn is_telling_field(name: &[u8]) -> bool {
    any_word(name, STEMS, true)
}

#[inline(never)]
fn any_word(name: &[u8], list: &[u8], is_of_stems: bool) -> bool {
    let mut rest = name;
    while !rest.is_empty() {
        let mut after_lower = false;
        let ends_word = |byte: &u8| {
            let ends = (byte.is_ascii() && !byte.is_ascii_alphanumeric()) || (byte.is_ascii_uppercase() && after_lower);
            after_lower = byte.is_ascii_lowercase();
            ends
        };
        let length = rest.iter().position(ends_word).unwrap_or(rest.len());
        if is_listed(list, until(rest, length), is_of_stems) {
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
