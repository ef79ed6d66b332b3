//! Whom a visitor's request is about: the id as it is in the events, or the token that a browser keeps, which has it inside.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

/// A visitor, as the edge numbers them. Shown to nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Visitor(pub Uuid);

/// A token of the edge (`edge/src/token.rs`): its version, its length, and where the visitor is in it. Its signature is
/// not looked at: whoever may run this program may name any visitor.
const VERSION: u8 = 2;
const BYTES: usize = 101;
const ID: std::ops::Range<usize> = 9..25;

impl FromStr for Visitor {
    type Err = String;

    /// The message quotes nothing: what was typed may be somebody's id.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_matches(['"', '\'']);
        if let Ok(id) = text.parse() {
            return Ok(Self(id));
        }
        let token = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let token = token.filter(|it| it.len() == BYTES && it.first() == Some(&VERSION));
        let id = token.and_then(|it| Uuid::from_slice(it.get(ID)?).ok());
        id.map(Self)
            .ok_or_else(|| "must be a visitor_id (a UUID), or the token that the visitor's browser keeps".to_owned())
    }
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Visitor(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_a_token_name_the_same_visitor() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef);
        let mut token = vec![0; BYTES];
        token[0] = VERSION;
        token[ID].copy_from_slice(id.as_bytes());
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        for text in
            [id.to_string(), id.simple().to_string(), token.clone(), format!(" \"{token}\"\n"), format!("'{token}'")]
        {
            assert_eq!(text.parse(), Ok(Visitor(id)), "{text}");
        }
        for text in ["", "jane@example.org", &token[1..], &"A".repeat(135)] {
            let error = text.parse::<Visitor>().expect_err("refused");
            assert!(error.contains("must be") && (text.is_empty() || !error.contains(&text[1..])), "{error}");
        }
        assert_eq!(format!("{:?}", Visitor(id)), "Visitor(..)");
    }
}
