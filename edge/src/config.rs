//! The settings of this installation, read once an isolate: a deployment that changes them starts new ones.

use std::cell::RefCell;
use std::rc::Rc;

use edge_settings::{Complaint, Settings};
use worker::{Env, console_error};

/// Settings, or what is wrong with them.
type Read = Result<Rc<Settings>, Complaint>;

thread_local! {
    static SETTINGS: RefCell<Option<Read>> = const { RefCell::new(None) };
}

/// What `env` knows by name, variables and secrets.
pub fn named(env: &Env) -> impl Fn(&str) -> Option<String> {
    |name| env.var(name).ok().map(|value| value.to_string())
}

/// The settings. What is wrong with them is told in the log, once an isolate.
///
/// # Errors
/// Without a setting that has no safe substitute.
pub fn of(env: &Env) -> Read {
    if let Some(read) = SETTINGS.with_borrow(Clone::clone) {
        return read;
    }
    let read = Settings::read(&named(env)).map(Rc::new);
    let complaints = match &read {
        Ok(settings) => settings.complaints.as_slice(),
        Err(complaint) => std::slice::from_ref(complaint),
    };
    for complaint in complaints {
        console_error!("{}", serde_json::json!({ "message": "wrong settings", "error": complaint.to_string() }));
    }
    SETTINGS.set(Some(read.clone()));
    read
}
