//! The price list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the HIPAA terms cost a month, in cents.
pub const HIPAA_CENTS: u64 = 150_000;
/// What page views beyond the plan cost: so many cents for each [`OVERAGE_PAGE_VIEWS`], pro rata.
const OVERAGE_CENTS: u64 = 1_000;
const OVERAGE_PAGE_VIEWS: u64 = 100_000;
/// The same for one page view, in dollars.
pub const OVERAGE_UNIT_PRICE: &str = "0.0001";

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// 1 million page views a month for 199 USD.
    Small,
    /// 10 million for 499 USD.
    Growth,
    /// 100 million for 999 USD.
    Enterprise,
}

impl Plan {
    /// Every plan.
    pub const ALL: [Self; 3] = [Self::Small, Self::Growth, Self::Enterprise];

    /// The name in settings and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Growth => "growth",
            Self::Enterprise => "enterprise",
        }
    }

    /// The plan of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }

    /// Page views a month that are included.
    #[must_use]
    pub fn included(self) -> u64 {
        match self {
            Self::Small => 1_000_000,
            Self::Growth => 10_000_000,
            Self::Enterprise => 100_000_000,
        }
    }

    /// What a month costs, in cents.
    #[must_use]
    pub fn base_cents(self) -> u64 {
        match self {
            Self::Small => 19_900,
            Self::Growth => 49_900,
            Self::Enterprise => 99_900,
        }
    }

    /// Page views beyond what is included.
    #[must_use]
    pub fn beyond(self, page_views: u64) -> u64 {
        page_views.saturating_sub(self.included())
    }
}

/// What page views beyond a plan cost, in cents. A cent is due once its hundred page views are complete: rounded down, once
/// for the whole month.
#[must_use]
pub fn overage_cents(beyond: u64) -> u64 {
    // One of the two divides the other, so that nothing can overflow.
    beyond / (OVERAGE_PAGE_VIEWS / OVERAGE_CENTS)
}
