//! What is due: the price list, months, and the bill of one. Pure but for `report`, which reads what was counted.
//!
//! What counts is page views of confirmed sites, as they were stored. Money is integer cents.

pub mod bill;
pub mod month;
pub mod plan;
pub mod report;

pub use self::bill::{Bill, Line, bill};
pub use self::month::Month;
pub use self::plan::Plan;
pub use self::report::{ReportError, UsageReport, report};

/// Whether `name` is a site's: the hostname of an origin in lower case, as the edge makes one.
///
/// # Errors
/// Why it is not.
pub fn site_name(name: &str) -> Result<(), &'static str> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    };
    if name.len() <= 253 && name.split('.').all(is_label) {
        return Ok(());
    }
    Err("must be a hostname in lower case, without www. and port, such as shop.example.com")
}
