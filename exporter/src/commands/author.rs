//! Who runs the command, for the record of changes.

use crate::store::credentials::Author;

/// Longer reasons are stories.
const LONGEST: usize = 500;

/// The user of this process, and who became that user by sudo.
pub(crate) fn author(reason: &str) -> Author {
    let id = rustix::process::getuid().as_raw();
    let user = std::fs::read_to_string("/etc/passwd").ok().and_then(|users| name(&users, id)).unwrap_or_default();
    let user = if user.is_empty() { format!("user {id}") } else { user };
    let os_user = match std::env::var("SUDO_USER") {
        Ok(before) if !before.is_empty() => format!("{user} ({} by sudo)", line(&before)),
        _ => user,
    };
    Author { os_user, reason: line(reason) }
}

/// The name of a user in the format of passwd(5).
fn name(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// One line without what a terminal would obey.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_and_reasons_are_one_line() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\njane:x:1000:1000::/:/bin/sh\n";
        assert_eq!(name(users, 1000).as_deref(), Some("jane"));
        assert_eq!(name(users, 1001), None);
        assert_eq!(author("a\nb\u{1b}[2J").reason, "a b [2J");
    }
}
