//! What is aimed for, and whether it was met.

use crate::commands::table;

/// A figure that should not be on the other side of a limit.
pub(super) struct Target {
    what: &'static str,
    limit: String,
    measured: f64,
    is_met: bool,
}

impl Target {
    pub(super) fn at_least(what: &'static str, limit: f64, measured: f64) -> Self {
        Self { what, limit: format!(">= {limit}"), measured, is_met: measured >= limit }
    }

    pub(super) fn at_most(what: &'static str, limit: f64, measured: f64) -> Self {
        Self { what, limit: format!("<= {limit}"), measured, is_met: measured <= limit }
    }
}

/// Prints them. One of which something is missing was not measured.
pub(super) fn print(targets: &[Target]) {
    println!();
    let line = |it: &Target| {
        let verdict = match it.is_met {
            _ if it.measured.is_nan() => "not measured",
            true => "met",
            false => "missed",
        };
        let measured = if it.measured.is_nan() { String::new() } else { format!("{:.2}", it.measured) };
        vec![it.what.to_owned(), it.limit.clone(), measured, verdict.to_owned()]
    };
    table::print(&["target", "limit", "measured", ""], &targets.iter().map(line).collect::<Vec<_>>());
}
