//! The bill of a month, line by line.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::Month;
use super::plan::{HIPAA_CENTS, OVERAGE_UNIT_PRICE, Plan, overage_cents};

/// What is due for a month. The lines add up to the total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bill {
    /// The month, such as `2026-10`.
    pub month: String,
    /// Its first day.
    pub period_start: NaiveDate,
    /// Its last day.
    pub period_end: NaiveDate,
    /// The plan it is billed by.
    pub plan: Plan,
    /// Page views that the plan includes.
    pub included: u64,
    /// Page views of confirmed sites.
    pub page_views: u64,
    /// What is billed.
    pub lines: Vec<Line>,
    /// The sum, in cents.
    pub total_cents: u64,
    /// The same as a decimal number.
    pub total: String,
    /// `USD`.
    pub currency: &'static str,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// `plan`, `overage` or `hipaa`.
    pub item: &'static str,
    /// The same for people.
    pub description: String,
    /// How many units.
    pub quantity: u64,
    /// `month` or `page view`.
    pub unit: &'static str,
    /// The price of one, in dollars.
    pub unit_price: String,
    /// What is due, in cents: quantity by price, rounded down.
    pub amount_cents: u64,
    /// The same as a decimal number.
    pub amount: String,
}

/// The bill of a `month` in which confirmed sites had so many `page_views`.
#[must_use]
pub fn bill(month: Month, plan: Plan, hipaa: bool, page_views: u64) -> Bill {
    let monthly = |item, description: String, cents| Line {
        item,
        description,
        quantity: 1,
        unit: "month",
        unit_price: dollars(cents),
        amount_cents: cents,
        amount: dollars(cents),
    };
    let name = plan.name();
    let mut lines =
        vec![monthly("plan", format!("plan {name}, {} page views included", plan.included()), plan.base_cents())];
    let beyond = plan.beyond(page_views);
    if beyond > 0 {
        let cents = overage_cents(beyond);
        lines.push(Line {
            item: "overage",
            description: format!("page views beyond plan {name}, 10 USD per 100000 pro rata"),
            quantity: beyond,
            unit: "page view",
            unit_price: OVERAGE_UNIT_PRICE.to_owned(),
            amount_cents: cents,
            amount: dollars(cents),
        });
    }
    if hipaa {
        lines.push(monthly("hipaa", "HIPAA terms".to_owned(), HIPAA_CENTS));
    }
    let total_cents = lines.iter().map(|line| line.amount_cents).sum();
    Bill {
        month: month.to_string(),
        period_start: month.first(),
        period_end: month.last(),
        plan,
        included: plan.included(),
        page_views,
        lines,
        total_cents,
        total: dollars(total_cents),
        currency: "USD",
    }
}

/// Cents as a decimal number of dollars.
#[must_use]
pub fn dollars(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn october() -> Month {
        "2026-10".parse().expect("a month")
    }

    fn cents(plan: Plan, hipaa: bool, page_views: u64) -> u64 {
        bill(october(), plan, hipaa, page_views).total_cents
    }

    #[test]
    fn the_price_list() {
        for (plan, hipaa, page_views, total) in [
            (Plan::Small, false, 0, "199.00"),
            (Plan::Small, false, 1_000_000, "199.00"),
            // 99 page views beyond are not a cent yet.
            (Plan::Small, false, 1_000_099, "199.00"),
            (Plan::Small, false, 1_000_100, "199.01"),
            (Plan::Small, false, 1_050_000, "204.00"),
            (Plan::Small, false, 1_100_000, "209.00"),
            (Plan::Small, false, 1_234_567, "222.45"),
            (Plan::Small, true, 0, "1699.00"),
            (Plan::Small, false, 4_000_000, "499.00"),
            (Plan::Growth, false, 10_000_000, "499.00"),
            (Plan::Growth, false, 10_100_000, "509.00"),
            (Plan::Growth, true, 15_000_000, "2499.00"),
            (Plan::Enterprise, false, 100_000_000, "999.00"),
            (Plan::Enterprise, false, 250_000_000, "15999.00"),
            (Plan::Enterprise, true, 100_000_001, "2499.00"),
        ] {
            let bill = bill(october(), plan, hipaa, page_views);
            assert_eq!(bill.total, total, "{plan:?} {hipaa} {page_views}");
        }
    }

    #[test]
    fn a_line_says_what_it_is_for() {
        let bill = bill(october(), Plan::Small, true, 1_000_150);
        let lines: Vec<_> =
            bill.lines.iter().map(|it| (it.item, it.quantity, it.unit, &*it.unit_price, &*it.amount)).collect();
        assert_eq!(
            lines,
            [
                ("plan", 1, "month", "199.00", "199.00"),
                ("overage", 150, "page view", "0.0001", "0.01"),
                ("hipaa", 1, "month", "1500.00", "1500.00"),
            ]
        );
        assert_eq!(
            (bill.period_start.to_string().as_str(), bill.period_end.to_string().as_str()),
            ("2026-10-01", "2026-10-31")
        );
    }

    proptest! {
        #[test]
        fn more_page_views_never_cost_less(a in any::<u64>(), more in any::<u64>(), plan in 0..3_usize, hipaa: bool) {
            let plan = Plan::ALL[plan];
            let b = a.saturating_add(more);
            prop_assert!(cents(plan, hipaa, a) <= cents(plan, hipaa, b));
            prop_assert!(cents(plan, hipaa, a) >= plan.base_cents());
        }

        #[test]
        fn the_lines_add_up_and_overage_is_exact_to_the_cent(page_views in any::<u64>(), plan in 0..3_usize, hipaa: bool) {
            let bill = bill(october(), Plan::ALL[plan], hipaa, page_views);
            prop_assert_eq!(bill.lines.iter().map(|it| it.amount_cents).sum::<u64>(), bill.total_cents);
            let beyond = u128::from(bill.plan.beyond(page_views));
            let overage = bill.lines.iter().find(|it| it.item == "overage").map_or(0, |it| u128::from(it.amount_cents));
            // At 1,000 cents for each 100,000: never more than used, and less than a cent below it.
            prop_assert!(overage * 100_000 <= beyond * 1_000 && (overage + 1) * 100_000 > beyond * 1_000);
        }

        #[test]
        fn decimal_text_is_the_same_amount(cents in any::<u64>()) {
            let text = dollars(cents);
            let (whole, rest) = text.split_once('.').expect("a point");
            prop_assert_eq!(rest.len(), 2);
            prop_assert_eq!(format!("{whole}{rest}").parse::<u64>().expect("digits"), cents);
        }
    }
}
