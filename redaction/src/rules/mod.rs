//! The rules as data: what each one is for, what it takes and what it leaves. The tests run every example, and the
//! documentation is made of them.

mod list;

pub use list::RULES;

/// The names of all rules. Apart, so that the Worker, which needs no more, does not carry the examples.
pub(crate) static NAMES: [&str; RULES.len()] = names();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn names() -> [&'static str; RULES.len()] {
    let (mut names, mut at) = ([""; RULES.len()], 0);
    while at < names.len() {
        names[at] = RULES[at].name;
        at += 1;
    }
    names
}

/// One rule, with examples of its work. An example that is a JSON object stands for an event's `data`, any other for a
/// text.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// A short stable name.
    pub name: &'static str,
    /// What the rule takes, and how it tells it from what it must leave.
    pub explanation: &'static str,
    /// Before and after.
    pub redacted: &'static [(&'static str, &'static str)],
    /// What comes out as it went in.
    pub kept: &'static [&'static str],
}

pub(crate) const EMAIL: &str = "email";
pub(crate) const CARD: &str = "card";
pub(crate) const TOKEN: &str = "token";
pub(crate) const PATH: &str = "path";
pub(crate) const SERVICE_KEY: &str = "service_key";
pub(crate) const TELLING_KEY: &str = "telling_key";
pub(crate) const GREETING: &str = "greeting";
pub(crate) const PASSWORD: &str = "password";
pub(crate) const PHONE: &str = "phone";
pub(crate) const IBAN: &str = "iban";
pub(crate) const NATIONAL_ID: &str = "national_id";
pub(crate) const BIRTH_DATE: &str = "birth_date";
pub(crate) const COORDINATES: &str = "coordinates";
pub(crate) const IP: &str = "ip";
pub(crate) const MAC: &str = "mac";
pub(crate) const UNLISTED: &str = "unlisted";
