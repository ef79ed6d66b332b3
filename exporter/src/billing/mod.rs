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
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("must be a hostname in lower case, without www. and port, such as shop.example.com");
    }
    // It leaves `www.com` as it is.
    if name.strip_prefix("www.").is_some_and(|rest| rest.contains('.')) {
        return Err("must be named without www., as its events are: shop.example.com for www.shop.example.com");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_named_as_the_edge_names_it() {
        for name in ["shop.example.com", "localhost", "www.com", "www", "www1.example.com", "my_shop.example"] {
            assert_eq!(site_name(name), Ok(()), "{name}");
        }
        for name in ["", "Shop.example.com", "a..b", "shop.example.com:443", "www.shop.example.com", "www.example.com"]
        {
            assert!(site_name(name).is_err(), "{name}");
        }
    }
}
