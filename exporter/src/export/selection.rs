//! What a destination takes of an export batch: decided row by row from the values of a few columns, without a clock or
//! a coin, so that every run and every destination decides alike.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::Selection;

use super::objects::row::{self, COLUMNS, RAW};

/// By which verify and readers count events.
const KEPT: &str = "event_id";
/// What a sample is told in.
const SAMPLE: u32 = 10_000;

/// Whether `selection` makes sense; `with_raw`: where there is `raw_event_data`.
///
/// # Errors
/// The field, and what is wrong with it.
pub fn check(selection: &Selection, with_raw: bool) -> Result<(), (&'static str, String)> {
    let is_raw = |name: &String| COLUMNS.get(RAW).is_some_and(|column| column.0 == name);
    let known = |name: &String| COLUMNS.iter().any(|column| column.0 == name) && (with_raw || !is_raw(name));
    let lists = [("columns", &selection.columns), ("without_columns", &selection.without_columns)];
    for (field, names) in lists {
        if let Some(name) = names.iter().find(|name| !known(name)) {
            if is_raw(name) {
                return Err((field, format!("{name} is a column only with export.raw_event_data = true")));
            }
            return Err((field, format!("{name} is no column")));
        }
    }
    if !selection.columns.is_empty() && !selection.without_columns.is_empty() {
        return Err(("columns", "cannot be set beside without_columns".to_owned()));
    }
    if (!selection.columns.is_empty() && !selection.columns.iter().any(|name| name == KEPT))
        || selection.without_columns.iter().any(|name| name == KEPT)
    {
        return Err(("columns", format!("{KEPT} must stay: events are counted by it")));
    }
    if let Some(name) = selection.rename.keys().find(|name| !known(name) || *name == KEPT) {
        return Err(("rename", format!("{name} is no column that may have another name")));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if let Some(name) = selection.rename.values().find(|name| name.is_empty() || !name.bytes().all(allowed)) {
        return Err(("rename", format!("{name} must be of letters, digits and _")));
    }
    let names: Vec<_> = row::columns(selection, with_raw).into_iter().map(|(_, name)| name.to_lowercase()).collect();
    if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
        return Err(("rename", "gives two columns one name".to_owned()));
    }
    match selection.visitors_per_10000 {
        Some(visitors) if !(1..=SAMPLE).contains(&visitors) => {
            Err(("visitors_per_10000", format!("must be from 1 to {SAMPLE}")))
        }
        _ => Ok(()),
    }
}

/// Whether an event of `site` and `event_type` by `visitor` is taken.
#[must_use]
pub fn takes(selection: &Selection, site: &str, event_type: &str, visitor: Uuid) -> bool {
    let among = |list: &[String], value: &str| list.is_empty() || list.iter().any(|it| it == value);
    among(&selection.sites, site)
        && among(&selection.event_types, event_type)
        && selection.visitors_per_10000.is_none_or(|visitors| place(visitor) < visitors)
}

/// A visitor's place among 10,000, evenly spread.
fn place(visitor: Uuid) -> u32 {
    let hash = Sha256::digest(visitor.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    let first = hash.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    u32::try_from(first % u64::from(SAMPLE)).unwrap_or(SAMPLE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sample_is_of_visitors_and_even() {
        let sample = |visitors| Selection { visitors_per_10000: Some(visitors), ..Selection::default() };
        let (small, large) = (sample(1000), sample(3000));
        let visitors = (0..20_000u128).map(|n| Uuid::from_u128(n << 64 | 7));
        let taken = |selection: &Selection| visitors.clone().filter(|it| takes(selection, "a", "b", *it)).count();
        assert!((1800..2200).contains(&taken(&small)), "{}", taken(&small));
        assert!((5700..6300).contains(&taken(&large)), "{}", taken(&large));
        assert!(visitors.clone().all(|it| !takes(&small, "a", "b", it) || takes(&large, "a", "b", it)));
        // told to clients, who may choose the same visitors elsewhere: it must never change
        assert_eq!(place(Uuid::from_u128(0)), 8868);
    }

    #[test]
    fn sites_and_types_are_taken_together() {
        let selection = Selection { sites: names(&["a"]), event_types: names(&["click"]), ..Selection::default() };
        let taken = |site, kind| takes(&selection, site, kind, Uuid::nil());
        assert!(taken("a", "click") && !taken("a", "pageview") && !taken("b", "click"));
        assert!(takes(&Selection::default(), "b", "pageview", Uuid::nil()));
    }

    #[test]
    fn columns_keep_their_order() {
        let selection = Selection {
            columns: names(&["url", "event_id"]),
            rename: BTreeMap::from([("url".to_owned(), "address".to_owned())]),
            ..Selection::default()
        };
        for with_raw in [false, true] {
            assert_eq!(row::columns(&selection, with_raw), [(0, "event_id".to_owned()), (10, "address".to_owned())]);
        }
        assert_eq!(row::columns(&Selection::default(), false).len(), COLUMNS.len() - 1);
    }

    /// It holds all columns: whoever leaves one out must not get it back by way of the whole.
    #[test]
    fn the_raw_event_is_there_where_nothing_is_left_out_or_where_it_is_named() {
        let is_there = |selection: &Selection| {
            let has = row::columns(selection, true).iter().any(|(at, _)| *at == RAW);
            assert!(row::columns(selection, false).iter().all(|(at, _)| *at != RAW), "{selection:?}");
            assert_eq!(row::schema_id(selection, true) == wire::version::ROW_SCHEMA_WITH_RAW_ID, has);
            assert_eq!(row::schema_id(selection, false), wire::version::ROW_SCHEMA_ID);
            has
        };
        let rename = BTreeMap::from([("raw_event_data".to_owned(), "event".to_owned())]);
        let of = |columns: &[&str], without: &[&str]| Selection {
            columns: names(columns),
            without_columns: names(without),
            ..Selection::default()
        };
        assert!(is_there(&Selection::default()) && is_there(&Selection { rename, ..Selection::default() }));
        assert!(is_there(&Selection { sites: names(&["a"]), ..Selection::default() }));
        assert!(is_there(&of(&["event_id", "raw_event_data"], &[])) && !is_there(&of(&["event_id", "url"], &[])));
        assert!(!is_there(&of(&[], &["ip_address"])) && !is_there(&of(&[], &["raw_event_data"])));
        let named = of(&["event_id", "raw_event_data"], &[]);
        assert_eq!(check(&named, true), Ok(()));
        assert_eq!(check(&named, false).map_err(|error| error.0), Err("columns"));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let rename = |from: &str, to: &str| Selection {
            rename: BTreeMap::from([(from.to_owned(), to.to_owned())]),
            ..Selection::default()
        };
        for (selection, field) in [
            (Selection { columns: names(&["event_id", "nonsense"]), ..Selection::default() }, "columns"),
            (Selection { columns: names(&["url"]), ..Selection::default() }, "columns"),
            (Selection { without_columns: names(&["event_id"]), ..Selection::default() }, "columns"),
            (rename("event_id", "id"), "rename"),
            (rename("nonsense", "id"), "rename"),
            (rename("url", "a b"), "rename"),
            (rename("url", "Path"), "rename"),
            (Selection { visitors_per_10000: Some(0), ..Selection::default() }, "visitors_per_10000"),
            (Selection { visitors_per_10000: Some(10_001), ..Selection::default() }, "visitors_per_10000"),
        ] {
            assert_eq!(check(&selection, false).map_err(|error| error.0), Err(field), "{selection:?}");
        }
        assert_eq!(check(&rename("url", "address"), false), Ok(()));
    }
}
