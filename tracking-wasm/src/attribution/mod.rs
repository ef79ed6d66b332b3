//! Where a visitor came from: the campaign in the page's own address, and the channel that address and referrer show.

mod channel;
mod hosts;

pub(crate) use channel::classify;

use crate::json::Object;
use crate::text::{cut, take};

const CAMPAIGN: &str = "utm_source utm_medium utm_campaign utm_term utm_content utm_id";

/// The query of a page, decoded by the browser: a line a parameter, name and value separated by a tab.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl<'a> Query<'a> {
    /// The value of a parameter; a parameter without one has an empty one.
    fn get(self, name: &str) -> Option<&'a str> {
        let mut rest = self.0;
        while !rest.is_empty() {
            let line = take(&mut rest, b'\n');
            match cut(line, b'\t') {
                Some((key, value)) if key == name => return Some(value),
                _ => {}
            }
        }
        None
    }
}

/// The campaign parameters as sent, a JSON object; those that are not there are not in it.
pub(crate) fn campaign(query: Query<'_>) -> String {
    let mut object = Object::new();
    let mut names = CAMPAIGN;
    while !names.is_empty() {
        let name = take(&mut names, b' ');
        let value = query.get(name).unwrap_or_default();
        // an address of a person is no campaign
        if cut(value, b'@').is_none() {
            object.text(name, value, wire::limits::CAMPAIGN_BYTES);
        }
    }
    object.done()
}
