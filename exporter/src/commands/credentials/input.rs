//! Access keys as they are typed or piped in.

use std::io::{self, IsTerminal, Read};

use anyhow::Context;
use zeroize::Zeroizing;

use crate::credentials::Keys;
use crate::secret::Secret;

/// More than any access keys are.
const LONGEST: u64 = 64 << 10;

/// The access keys that stdin has, asked for when somebody sits there.
///
/// # Errors
/// Names what is wrong with them, and quotes nothing.
pub(super) fn read(destination: &str) -> anyhow::Result<Keys> {
    if io::stdin().is_terminal() {
        return ask(destination);
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or_default()));
    let read = io::stdin().take(LONGEST).read_to_string(&mut text);
    read.context("cannot read the credentials from stdin")?;
    Ok(Keys::from_text(&text)?)
}

fn ask(destination: &str) -> anyhow::Result<Keys> {
    eprintln!("The credentials of {destination}. What you type is not shown.");
    let next = |what: &str| -> io::Result<Secret> {
        let typed = Zeroizing::new(rpassword::prompt_password(what)?);
        Ok(Secret::from(typed.trim()))
    };
    let access_key = next("access key: ")?;
    let secret_key = next("secret key: ")?;
    let session_token = next("session token (empty for none): ")?;
    let session_token = Some(session_token).filter(|token| !token.expose().is_empty());
    Ok(Keys::new(access_key, secret_key, session_token)?)
}
